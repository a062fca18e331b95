/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the daemon says of itself to people, and what they may make it do: the
 * contract between its parts and the control socket.
 *
 * Signs are chronyc's: an offset is local time less true time, so positive is
 * a clock that is ahead, and a frequency is positive where the clock gains.
 * The exceptions (system time, ntpdata's offset) say so.
 */
#ifndef KNTPD_REPORT_H
#define KNTPD_REPORT_H

#include "smooth.h"
#include "source.h"

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;

enum {
	REPORT_SOURCES_MAX = 1100,	/* no report is longer */
	REPORT_NAME = 256,
	REPORT_ADDRESS = INET6_ADDRSTRLEN + IF_NAMESIZE,	/* with its scope */
	REPORT_WHY = 160,		/* longest reason, with its NUL */
};

/**
 * struct report_status - the daemon itself; its parts keep it up to date
 * @started: ns since 1970
 * @follow: "sources", "chronyd" or "kernel": where its time is from
 * @controls_clock: it disciplines the system clock (not so under -x)
 * @module: the module is loaded and takes what is published
 * @answers: it answers on UDP/123 itself
 */
struct report_status {
	int64_t started;
	const char *follow;
	bool controls_clock;
	bool module;
	bool answers;
};

/* Zeroed but for follow, which is "sources". */
extern struct report_status daemon_status;

/**
 * struct report_tracking - chronyc's tracking
 * @synced: else leap is 3
 * @refid: host order
 * @name: of the source it belongs to, empty when there is none
 * @address: its address as text, empty for a reference clock
 * @stratum: 0 when not @synced, as chronyc says it
 * @leap: enum ntp_leap
 * @ref_time: last update, ns since 1970
 * @correction: what the system clock is still behind (positive) NTP time, s
 * @last_offset: at the last update, s
 * @rms_offset: s
 * @frequency: by which the uncorrected clock gains, s/s
 * @residual: s/s
 * @skew: error bound of the frequency, s/s
 * @root_delay: s
 * @root_dispersion: as a reply now would carry it, s
 * @interval: between the last two updates, s
 */
struct report_tracking {
	bool synced;
	uint32_t refid;
	char name[REPORT_NAME];
	char address[REPORT_ADDRESS];
	uint8_t stratum;
	uint8_t leap;
	int64_t ref_time;
	double correction;
	double last_offset;
	double rms_offset;
	double frequency;
	double residual;
	double skew;
	double root_delay;
	double root_dispersion;
	double interval;
};

/**
 * struct report_source - a line of chronyc's sources
 * @type: server, peer or reference clock
 * @mark: '*' selected, '+' combined, '-' not combined, 'x' falseticker,
 *	'~' too jittery, '?' unusable
 * @name: as configured
 * @address: as text, empty for a reference clock
 * @stratum: it claims
 * @poll: log2 s
 * @reach: register of the last eight polls
 * @sampled: there is a sample; the rest is 0 without
 * @since_sample: age of the last one, s
 * @offset: of the last sample against the clock as it is corrected now, s
 * @measured: the same as it was measured, s
 * @error: bound of it, root distance included, s
 * @problem: of a reference clock; NULL or empty: none
 */
struct report_source {
	enum source_type type;
	char mark;
	char name[REPORT_NAME];
	char address[REPORT_ADDRESS];
	uint8_t stratum;
	int8_t poll;
	uint8_t reach;
	bool sampled;
	double since_sample;
	double offset;
	double measured;
	double error;
	const char *problem;
};

/**
 * struct report_sourcestats - a line of chronyc's sourcestats
 * @name: as configured
 * @address: as text, empty for a reference clock
 * @samples: kept
 * @runs: of residuals with the same sign
 * @span: from the oldest sample to the newest, s
 * @frequency: by which the corrected clock gains on it, s/s
 * @skew: error bound of @frequency, s/s
 * @offset: estimated for now, s
 * @deviation: standard deviation of a sample, s
 */
struct report_sourcestats {
	char name[REPORT_NAME];
	char address[REPORT_ADDRESS];
	unsigned int samples;
	unsigned int runs;
	double span;
	double frequency;
	double skew;
	double offset;
	double deviation;
};

/**
 * struct report_select - a line of chronyc's selectdata
 * @mark: one of N M s r d ~ w S O T x P W U D + *
 * @name: as configured
 * @address: as text, empty for a reference clock
 * @authenticated: by a key or NTS
 * @noselect: by its options, and so the next three
 * @sampled: there is a sample
 * @since_sample: age of the last one, s
 * @score: against the selected source
 * @lo: end of the interval its time says the offset is in, s
 * @hi: likewise
 * @leap: enum ntp_leap it claims, 3 without a sample
 */
struct report_select {
	char mark;
	char name[REPORT_NAME];
	char address[REPORT_ADDRESS];
	bool authenticated;
	bool noselect, prefer, trust, require;
	bool sampled;
	double since_sample;
	double score;
	double lo, hi;
	uint8_t leap;
};

/**
 * struct report_ntpdata - chronyc's ntpdata: the last valid response, counters
 * @name: as configured
 * @remote: its address
 * @local: that which the response came to; family AF_UNSPEC before the first
 * @remote_refid: what @remote is as a reference id, host order
 * @local_refid: likewise
 * @remote_port: host order
 * @leap: enum ntp_leap; this and the next eleven are the response's own
 * @version: 1 to 4
 * @mode: 4 server, 1 symmetric active, 2 passive; 0 before the first
 * @stratum: as on the wire
 * @poll: log2 s
 * @precision: log2 s
 * @root_delay: s
 * @root_dispersion: s
 * @refid: host order
 * @ref_time: ns since 1970; 0 is none
 * @offset: true time less local time (RFC 5905's theta), s
 * @delay: s
 * @dispersion: s
 * @response_time: that the server kept the request, s
 * @asymmetry: of the jitter, -0.5 to 0.5
 * @tests: bits 9 to 0: RFC 5905 tests 1 2 3, 5 6 7, then maxdelay,
 *	maxdelayratio, maxdelaydevratio, synchronisation loop; 1 is passed
 * @interleaved: the response was
 * @authenticated: likewise
 * @tx_stamp: 'D' daemon, 'K' kernel, 'H' hardware; 0 before the first
 * @rx_stamp: likewise
 * @total_tx: packets; and so the next seven, as chronyc has them
 */
struct report_ntpdata {
	char name[REPORT_NAME];
	struct sockaddr_storage remote, local;
	uint32_t remote_refid, local_refid;
	uint16_t remote_port;
	uint8_t leap, version, mode, stratum;
	int8_t poll, precision;
	double root_delay, root_dispersion;
	uint32_t refid;
	int64_t ref_time;
	double offset, delay, dispersion, response_time, asymmetry;
	uint16_t tests;
	bool interleaved, authenticated;
	char tx_stamp, rx_stamp;
	uint64_t total_tx, total_rx, total_valid_rx, total_good_rx;
	uint64_t total_kernel_tx, total_kernel_rx, total_hw_tx, total_hw_rx;
};

/* Servers and peers by what is done with them: chronyc's activity. */
struct report_activity {
	unsigned int online, offline;
	unsigned int burst_online, burst_offline;	/* what they return to */
	unsigned int unresolved;			/* no address yet */
};

/**
 * struct report_serverstats - chronyc's serverstats, of what the daemon itself
 *	answered; the module's own counters are not in here
 * @ntp_hits: requests received
 * @ntp_drops: of them, dropped by the limits
 * @log_drops: clients forgotten for want of memory
 * @authenticated: requests
 * @interleaved: requests
 * @stamps_held: pairs of them kept for interleaved clients
 * @stamps_span: that these cover, s
 * @rx_daemon: replies by where their stamps are from; and so the next five
 * @domain_signed: replies that a domain controller signed (MS-SNTP)
 * @domain_unsigned: requests for such that got none, for want of a signature
 */
struct report_serverstats {
	uint64_t ntp_hits, ntp_drops;
	uint64_t log_drops;
	uint64_t authenticated, interleaved;
	uint64_t stamps_held, stamps_span;
	uint64_t rx_daemon, tx_daemon;
	uint64_t rx_kernel, tx_kernel;
	uint64_t rx_hardware, tx_hardware;
	uint64_t domain_signed, domain_unsigned;
};

/* report.c: fill one, or up to MAX in the order of the list; their number. */
void report_tracking(struct report_tracking *t);
size_t report_sources(struct report_source *s, size_t max);
size_t report_sourcestats(struct report_sourcestats *s, size_t max);
size_t report_select(struct report_select *s, size_t max);

/* How often the samples cross the line that is fitted to them, and once. */
unsigned int report_runs(const struct estimate *e);
/* The mark of selectdata. */
char report_mark(const struct source *s);

/* The owner of the server and peer associations fills these. */
struct ntp_source;
void report_ntpdata_of(const struct ntp_source *src, struct report_ntpdata *n);
size_t report_ntpdata(struct report_ntpdata *n, size_t max);
void report_activity(struct report_activity *a);
void report_smoothing(struct smooth_state *state);
/* The owner of the daemon's own server fills this; zeros where there is none. */
void report_serverstats(struct report_serverstats *s);
/* What was read, as it is in force; NULL while nothing is. */
const struct config *report_config(void);

/* Numeric, BUF has REPORT_ADDRESS bytes; empty for anything but IP. */
void report_address(const struct sockaddr_storage *ss, char *buf);

/*
 * Does WHICH mean this source: NULL means all, else its name, its address, or
 * a PREFIX that holds the address.
 */
bool report_matches(const struct source *src, const char *which);

/*
 * What an administrator asks for, permission checked. 0, or -errno with the
 * reason in WHY (REPORT_WHY bytes, empty on entry): -EINVAL for what makes no
 * sense, -ENOENT for a WHICH that means no source. WHICH is as above.
 */
int act_makestep(char *why);		/* what is left to correct, at once */
int act_smoothing(bool reset, char *why);	/* or activate */
int act_burst(unsigned int good, unsigned int total, const char *which,
	      char *why);
int act_online(const char *which, char *why);
int act_offline(const char *which, char *why);
/* A server, pool or peer line in the configuration's grammar. */
int act_add(const char *line, char *why);
int act_delete(const char *which, char *why);
/* Reads the configuration anew and applies what has changed. */
int act_reload(char *why);

#endif
