/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The configuration: the grammar of chrony.conf, and what kntp has besides.
 * kntp.conf(5) says what each directive means; here is what came of them.
 */
#ifndef KNTPD_CONF_H
#define KNTPD_CONF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

enum {
	CONF_NAME = 256,	/* of a source, with its NUL */
	CONF_FILE = 256,	/* of a file in messages, with its NUL */
	CONF_ERROR = 768,	/* longest message, with its NUL */
	CONF_EXTFIELDS = 4,
	CONF_SOURCES_MAX = 1024,
	CONF_REFCLOCKS_MAX = 32,
	CONF_WORD_MAX = 64,	/* of a driver's option, with its NUL */
	CONF_PHONES = 8,
	CONF_ACCESS_MAX = 65536,
	CONF_LISTEN_MAX = 64,
	CONF_BIND_MAX = 32,
	CONF_GROUPS_MAX = 32,
	CONF_HWTIMESTAMP_MAX = 64,
	CONF_SOURCEDIRS_MAX = 32,
	CONF_WARNINGS_MAX = 64,
	CONF_INITSTEP_MAX = 64,
	CONF_ACCESS_NAMES = 256,
	CONF_SAMPLES_MAX = 128,	/* ESTIMATE_SAMPLES */
};

/* "FILE:LINE: DIRECTIVE: what is wrong". */
struct conf_error {
	char text[CONF_ERROR];
};

/**
 * struct source_conf - a `server`, `pool` or `peer`
 * @file: where it is written, for messages
 * @line: likewise
 * @name: host name or literal address
 * @port: host order
 * @is_pool: it is a name of many servers
 * @is_peer: symmetric
 * @manycast: of servers that answer at a multicast address, which @name is
 * @ttl: of what is sent there at the most, 0 the default
 * @dev: where it is sent, or empty
 * @unauthenticated: they need no key
 * @ipv4: only such addresses; not with @ipv6
 * @ipv6: likewise
 * @minpoll: log2 s
 * @maxpoll: log2 s, not below @minpoll
 * @iburst: begins with a burst
 * @burst: asks in bursts when it gets nothing good
 * @prefer: of those that can be selected
 * @noselect: only watched
 * @trust: is always true
 * @require: one of these has to be selectable
 * @xleave: interleaved mode
 * @offline: is not asked before it is told to
 * @auto_offline: goes offline with the network
 * @copy: its stratum and reference id are taken as they are
 * @key: of `keyfile`, 0 none; who cannot use it must refuse the source
 * @version: of the protocol; 0 the default
 * @presend: from this poll on, log2 s; 100 never
 * @filter: samples made one of; 0 and 1 none
 * @minsamples: -1 what the directive of that name says
 * @maxsamples: likewise
 * @polltarget: samples
 * @minstratum: the least it is taken for
 * @maxsources: wanted of a pool
 * @maxunreach: polls without an answer that it stays selected for
 * @maxdelay: s
 * @maxdelayratio: 0 no limit
 * @maxdelaydevratio: 0 no limit
 * @maxdelayquant: 0 no limit
 * @mindelay: s, 0 is not said
 * @offset: s
 * @has_asymmetry: @asymmetry is said
 * @asymmetry: -0.5 to 0.5
 * @extfield: types of extension fields
 * @n_extfield: how many
 */
struct source_conf {
	char file[CONF_FILE];
	unsigned int line;
	char name[CONF_NAME];
	uint16_t port;
	bool is_pool, is_peer, manycast, unauthenticated;
	int ttl;
	char dev[IF_NAMESIZE];
	bool ipv4, ipv6;
	int minpoll, maxpoll;
	bool iburst, burst;
	bool prefer, noselect, trust, require;
	bool xleave, offline, auto_offline, copy;
	uint32_t key;
	int version;
	int presend;
	int filter;
	int minsamples, maxsamples;
	int polltarget;
	int minstratum;
	int maxsources;
	int maxunreach;
	double maxdelay, maxdelayratio, maxdelaydevratio, maxdelayquant;
	double mindelay;
	double offset;
	bool has_asymmetry;
	double asymmetry;
	uint16_t extfield[CONF_EXTFIELDS];
	unsigned int n_extfield;
};

enum conf_driver {
	CONF_PPS, CONF_SOCK, CONF_SHM, CONF_PHC, CONF_RTC, CONF_NMEA,
	CONF_GPSD, CONF_ACTS,
};

/**
 * struct refclock_conf - a `refclock`
 * @file: where it is written, for messages
 * @line: likewise
 * @driver: what reads it
 * @parameter: its device, socket, unit or interface
 * @clear: PPS, PHC: the falling edge counts
 * @nocrossts: PHC: no cross time stamps
 * @extpps: PHC: stamps an external pulse
 * @utc: RTC: is not in local time
 * @pin: PHC
 * @channel: PHC
 * @perm: SHM: mode of the segment
 * @baud: NMEA, ACTS: speed of the line, bits a second
 * @gpsd_pps: GPSD: its pulses, else its sentences
 * @port: GPSD: host order; 0 its usual one
 * @device: GPSD: only this receiver, or empty
 * @init: ACTS: what sets the modem up, or empty
 * @dial: ACTS: what comes before the number, or empty
 * @phone: ACTS: numbers, in the order they are dialled
 * @n_phones: how many
 * @poll: log2 s
 * @dpoll: log2 s, of the driver
 * @filter: samples kept between polls
 * @refid: host order
 * @lock: refid of the refclock that completes its pulses; 0 none
 * @rate: pulses, Hz
 * @maxlockage: pulses
 * @width: of pulses, s; 0 is not said
 * @pps: only says where the second begins
 * @tai: keeps TAI
 * @local: is a stable frequency, not time
 * @optional: may be missing; each of them may
 * @prefer: see struct source_conf, the next three too
 * @offset: s
 * @delay: s
 * @precision: s; 0 that of the system clock
 * @maxdispersion: s; 0 no limit
 * @stratum: of it
 * @minsamples: -1 what the directive of that name says
 * @maxsamples: likewise
 * @maxunreach: polls without a sample that it stays selected for
 */
struct refclock_conf {
	char file[CONF_FILE];
	unsigned int line;
	enum conf_driver driver;
	char parameter[CONF_NAME];
	bool clear, nocrossts, extpps, utc;
	int pin, channel;
	int perm;
	int baud;
	bool gpsd_pps;
	int port;
	char device[CONF_WORD_MAX], init[CONF_WORD_MAX], dial[CONF_WORD_MAX];
	char phone[CONF_PHONES][CONF_WORD_MAX];
	unsigned int n_phones;
	int poll, dpoll;
	int filter;
	uint32_t refid, lock;
	int rate;
	int maxlockage;
	double width;
	bool pps, tai, local, optional;
	bool prefer, noselect, trust, require;
	double offset, delay, precision, maxdispersion;
	int stratum;
	int minsamples, maxsamples;
	int maxunreach;
};

/**
 * struct access_conf - an `allow` or `deny`
 * @family: AF_INET or AF_INET6; a rule for both is written as two
 * @addr: 4 or 16 octets in network order, none set beyond @len
 * @len: bits
 * @allow: else it denies
 * @auth: allows what is authenticated
 * @all: what was said before of parts of the prefix is forgotten
 * @name: it is for the addresses of a host, by the index in @names of struct
 *	config and from 1 on; 0: for the prefix
 */
struct access_conf {
	int family;
	uint8_t addr[16];
	uint8_t len;
	bool allow, auth, all;
	unsigned int name;
};

enum conf_group {
	CONF_BROADCAST,
	CONF_BROADCAST_CLIENT,
	CONF_MANYCAST_SERVER,
};

/**
 * struct group_conf - of a line about an address that many listen to
 * @file: where it is written, for messages
 * @line: likewise
 * @what: directive
 * @address: it, with its port; family AF_UNSPEC: what is sent to a whole subnet
 * @dev: its link, or empty
 * @port: host order
 * @interval: BROADCAST: s
 * @ttl: BROADCAST: 1 to 255
 * @version: BROADCAST: of the protocol
 * @key: of what is sent or believed; 0 none
 * @unauthenticated: BROADCAST_CLIENT: anybody is believed
 */
struct group_conf {
	char file[CONF_FILE];
	unsigned int line;
	enum conf_group what;
	struct sockaddr_storage address;
	char dev[IF_NAMESIZE];
	uint16_t port;
	int interval;
	int ttl;
	int version;
	uint32_t key;
	bool unauthenticated;
};

enum conf_hook { CONF_HOOK_LOCAL, CONF_HOOK_INGRESS };

/* A `listen`; DEV is of the ingress hook, else empty. */
struct listen_conf {
	enum conf_hook hook;
	char dev[IF_NAMESIZE];
};

enum conf_rxfilter {
	CONF_RX_BEST, CONF_RX_NONE, CONF_RX_NTP, CONF_RX_PTP, CONF_RX_ALL,
};

/* A `hwtimestamp`; DEV may be "*". Polls are log2 s, the doubles s. */
struct hwtimestamp_conf {
	char dev[IF_NAMESIZE];
	int minpoll, maxpoll;
	int minsamples, maxsamples;
	double precision, txcomp, rxcomp;
	int txrate;
	bool nocrossts;
	enum conf_rxfilter rxfilter;
};

/* `ratelimit`: powers of two as kntp.conf(5) says. */
struct ratelimit_conf {
	bool enabled;
	int interval, burst, leak, kod;
};

/* `local`: DISTANCE and ACTIVATE in s, DISPERSION and the waits in s. */
struct local_conf {
	bool enabled;
	int stratum;
	double distance, activate, dispersion;
	bool orphan;
	double waitsynced, waitunsynced;
};

enum conf_follow {
	CONF_FOLLOW_NOTHING, CONF_FOLLOW_CHRONYD, CONF_FOLLOW_KERNEL,
};

/* `follow`: SOCKET and PORT of chronyd (NULL, 0: its usual), or the rest. */
struct follow_conf {
	enum conf_follow what;
	char *socket;
	int port;
	int stratum;
	uint32_t refid;
};

/**
 * struct tempcomp_conf - `tempcomp`
 * @file: the sensor's; NULL: there is no compensation
 * @points: file of temperatures and compensations; NULL: the polynomial counts
 * @interval: between two readings, s
 * @t0: temperature at which the compensation is @k0
 * @k0: ppm; the next two are per unit of temperature, and of its square
 */
struct tempcomp_conf {
	char *file, *points;
	double interval;
	double t0, k0, k1, k2;
};

enum conf_authselect {
	CONF_AUTH_MIX, CONF_AUTH_REQUIRE, CONF_AUTH_PREFER, CONF_AUTH_IGNORE,
};

enum conf_leapsecmode {
	CONF_LEAP_SYSTEM, CONF_LEAP_STEP, CONF_LEAP_SLEW, CONF_LEAP_IGNORE,
};

enum conf_log {
	CONF_LOG_RAWMEASUREMENTS	= 1 << 0,
	CONF_LOG_MEASUREMENTS		= 1 << 1,
	CONF_LOG_SELECTION		= 1 << 2,
	CONF_LOG_STATISTICS		= 1 << 3,
	CONF_LOG_TRACKING		= 1 << 4,
	CONF_LOG_RTC			= 1 << 5,
	CONF_LOG_REFCLOCKS		= 1 << 6,
	CONF_LOG_TEMPCOMP		= 1 << 7,
	CONF_LOG_REQUESTS		= 1 << 8,
};

/* Growing arrays, each with a limit above. */
struct conf_sources {
	struct source_conf *at;
	size_t n, room;
};

struct conf_strings {
	char **at;
	size_t n, room;
};

/**
 * struct config - all of it; strings that were not given are NULL
 * @sources: of the files, then of the directories of `sourcedir`
 * @refclock: in the order they are written
 * @access: likewise: what comes later counts
 * @cmdaccess: `cmdallow` and `cmddeny`, likewise
 * @listen: likewise
 * @hwtimestamp: likewise
 * @group: likewise
 * @sourcesonly: the file whose sources are the only ones; empty: all are
 * @sourcedirs: a directive each: its directories, blanks between
 * @names: hosts of access rules, for @name of struct access_conf
 * @warnings: what was read but has no effect, for the log
 * @bind4: `bindaddress`, or family AF_UNSPEC; the next three likewise
 * @metrics: where they are served, with the port, or family AF_UNSPEC
 * @acquisitionport: -1 a random one each time
 * @initstep_threshold: s
 * @initstep: servers of `initstepslew`
 * @makestep_limit: updates; negative always, 0 never
 * @makestep: s
 * @maxchange: s; 0 no limit
 * @maxchange_start: updates
 * @maxchange_ignore: how often; negative always
 * @spike: s; 0 no limit
 * @spike_watch: s
 * @maxslewrate: ppm, as all frequencies here
 * @driftfile_interval: s
 * @log: of enum conf_log
 * @logfile: has all messages as well, or NULL
 * @logfile_size: octets after which it is begun anew; 0: never
 * @pidfile: empty when there is to be none
 * @clockprecision: s; 0 is measured
 * @logbanner: lines between two; 0 never, negative only at the beginning
 * @clientloglimit: octets; 0: as many as there are
 */
struct config {
	struct conf_sources sources;
	struct refclock_conf *refclock;
	size_t n_refclock, refclock_room;
	struct access_list {
		struct access_conf *at;
		size_t n, room;
	} access, cmdaccess;
	struct listen_conf *listen;
	size_t n_listen, listen_room;
	struct hwtimestamp_conf *hwtimestamp;
	size_t n_hwtimestamp, hwtimestamp_room;
	struct group_conf *group;
	size_t n_group, group_room;
	struct conf_strings sourcedirs, warnings, names;
	char sourcesonly[CONF_FILE];

	struct follow_conf follow;
	struct local_conf local;
	struct ratelimit_conf ratelimit;

	/* the network */
	int port;
	int acquisitionport;
	struct sockaddr_storage bind[CONF_BIND_MAX], bindacq4, bindacq6;
	size_t n_bind;
	struct sockaddr_storage metrics;
	char binddevice[IF_NAMESIZE], bindacqdevice[IF_NAMESIZE];
	int dscp;
	double hwtstimeout;
	double refresh;
	uint64_t clientloglimit;
	bool noclientlog;

	/* selection */
	enum conf_authselect authselectmode;
	double combinelimit, maxdistance, maxjitter, reselectdist;
	double stratumweight;
	int minsources, minsamples, maxsamples, minstratum, maxstratum;

	/* the clock */
	double initstep_threshold;
	struct conf_strings initstep;
	double makestep;
	int makestep_limit;
	double maxchange;
	int maxchange_start, maxchange_ignore;
	double spike, spike_watch;
	double maxslewrate, maxclockerror, maxdrift, maxupdateskew;
	double corrtimeratio, clockprecision;
	int fallbackdrift_min, fallbackdrift_max;
	char *driftfile;
	double driftfile_interval;
	enum conf_leapsecmode leapsecmode;
	char *leapsectz, *leapseclist;
	double smoothtime_freq, smoothtime_wander;
	bool smoothtime_leaponly;

	/* the RTC */
	bool rtcsync, rtconutc;
	char *rtcfile, *rtcdevice, *hwclockfile;
	double rtcautotrim;

	/* the log */
	unsigned int log;
	char *logdir, *logfile;
	double logfile_size;
	int logbanner;
	double logchange;
	char *mailonchange;
	double mailonchange_limit;

	/* the temperature of the oscillator */
	struct tempcomp_conf tempcomp;

	/* the process */
	char *dumpdir, *keyfile, *ntpsigndsocket;
	char *user, *pidfile, *controlsocket;
	bool lock_all;
	int sched_priority;
};

/*
 * Both read all of it, with the defaults of what it does not say, into C, which
 * holds nothing before; conf_free() it. What fails leaves C empty, and has said
 * why in ERR. LINES are those of a command line, instead of a file. Return 0,
 * -EINVAL for what is wrong, or another -errno.
 */
int conf_read(struct config *c, const char *file, struct conf_error *err);
int conf_parse_lines(struct config *c, const char *const *lines, size_t n,
		     struct conf_error *err);
void conf_free(struct config *c);

/* Only the directories of C's `sourcedir`, into LIST, which is empty. */
int conf_sources_read(const struct config *c, struct conf_sources *list,
		      struct conf_error *err);
void conf_sources_free(struct conf_sources *list);

/* One line: "server NAME [OPTION]...". The message has no FILE:LINE. */
int conf_source_parse(struct source_conf *s, const char *line,
		      struct conf_error *err);
/* Whether both say the same, wherever they are written. */
bool conf_source_equal(const struct source_conf *a,
		       const struct source_conf *b);

bool conf_is_multicast(const struct sockaddr_storage *a);

/* Where each line is printed as it is read; NULL, the default: nowhere. */
extern FILE *conf_echo;

/* Where each warning is printed as it is found, beside @warnings; NULL: nowhere. */
extern FILE *conf_complaints;

/* Names of all directives, in no order; NULL behind the last. */
const char *conf_directive(size_t i);

#endif
