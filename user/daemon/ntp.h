/* SPDX-License-Identifier: GPL-2.0 */
/* NTP servers and peers as sources of time: RFC 5905, 8633, 9109 and 9769. */
#ifndef KNTPD_NTP_H
#define KNTPD_NTP_H

#include "loop.h"
#include "ntp_packet.h"
#include "ntp_stamp.h"
#include "source.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	NTP_POLL_LOWEST = -7,
	NTP_POLL_HIGHEST = 24,
	NTP_FILTER_MAX = 32,
	NTP_DELAYS = 128,
};

/**
 * struct ntp_options - of a `server`, `pool` or `peer` line
 * @peer: symmetric active, else client
 * @version: of the requests
 * @minpoll: log2 s
 * @maxpoll: log2 s
 * @iburst: begins with a burst, and when it comes online
 * @burst: asks up to four times for each measurement
 * @interleaved: RFC 9769
 * @offline: is not asked before it is set online
 * @auto_offline: is set offline when the network cannot be reached
 * @key: authenticates its packets; 0: none does
 * @noselect: for struct source, the same for the next three
 * @presend: sends a request ahead from this poll on, log2 s
 * @filter: samples of which the best one counts
 * @minstratum: the least it is taken for
 * @samples_min: before it may be selected
 * @samples_max: are remembered; 0 no limit of its own
 * @polltarget: samples within the time that noise and wander balance at
 * @offset: is added to what it says of the time, s
 * @asymmetry: of its delay, -0.5 (requests) to 0.5 (replies)
 * @has_asymmetry: it is known
 * @copy: its stratum and reference id become this host's own
 * @maxunreach: polls without a reply that its time is taken for good
 * @mindelay: shortest round trip that is possible, s; 0 what was measured
 * @maxdelay: round trip, s
 * @maxdelayratio: of the shortest one; 0 no limit
 * @maxdelaydevratio: of the noise
 * @maxdelayquant: quantile of the delays, instead of @maxdelaydevratio; 0 no limit
 */
struct ntp_options {
	bool peer;
	uint8_t version;
	int8_t minpoll, maxpoll;
	bool iburst, burst;
	bool interleaved;
	bool offline, auto_offline;
	uint32_t key;
	bool noselect, prefer, trust, require;
	int presend;
	unsigned int filter;
	uint8_t minstratum;
	unsigned int samples_min, samples_max;
	unsigned int polltarget;
	double offset;
	double asymmetry;
	bool has_asymmetry;
	bool copy;
	unsigned int maxunreach;
	double mindelay;
	double maxdelay, maxdelayratio, maxdelaydevratio, maxdelayquant;
};

enum ntp_state {
	NTP_OFFLINE,	/* by the operator */
	NTP_ONLINE,
	NTP_DENIED,	/* by a kiss-o'-death: asked again after a long time */
};

/**
 * struct ntp_report - of the last packet that was our reply, for `ntpdata`
 * @answer: it
 * @tests: enum ntp_test, of those it passed
 * @offset: of the source against CLOCK_REALTIME, s
 * @sample: it gave
 * @response: time the server took, s
 * @transmit: who stamped the request
 * @receive: who stamped the reply
 * @local: our address
 * @sent: packets, the next seven likewise
 * @received: on its socket, whatever they were
 * @kernel_sent: stamped by the kernel
 * @kernel_received: likewise
 * @hw_sent: stamped by a device
 * @hw_received: likewise
 * @valid: that were replies to our requests
 * @good: that gave a sample
 */
struct ntp_report {
	struct ntp_answer answer;
	unsigned int tests;
	double offset;
	struct sample sample;
	double response;
	enum ntp_stamp transmit, receive;
	struct sockaddr_storage local;
	uint32_t sent, received, kernel_sent, kernel_received;
	uint32_t hw_sent, hw_received, valid, good;
};

/**
 * struct ntp_source - an association
 * @source: what selection sees of it; the first member
 * @next: in ntp_sources
 * @group: the line it comes from, NULL when it has none; pool.c's
 * @broadcast: it was heard first; NULL: it was not; broadcast_client.c's
 * @opt: its options
 * @state: whether it is asked
 * @fd: socket of the request that waits for a reply, or -1
 * @poll_timer: next request
 * @reply_timer: end of the wait for a reply
 * @request: last one
 * @waiting: its reply may come
 * @held: a reply that has come before the device has told when it was asked for,
 *	with the tests it passed and when it came
 * @hold_timer: armed while there is one
 * @ahead: it only opens the path (presend)
 * @sent: when it left
 * @sent_len: octets of it, with its MAC
 * @last_receive: server's stamps of the last accepted reply, 32.32, 0 none
 * @last_transmit: likewise
 * @last_sent: when the request of that reply left
 * @last_arrived: when that reply arrived
 * @peer_transmit: stamp of the last packet of a peer, 32.32, 0 none
 * @peer_receive: when it arrived, CLOCK_REALTIME, 32.32
 * @peer_origin: what it said of when our packet arrived there, 32.32
 * @missed: requests without a reply since the last one
 * @burst_good: replies the burst still wants
 * @burst_left: requests it still has
 * @denials: since it last answered, to choose how long it is left alone
 * @restarts_until: restarts after changes of the network are paid for until then,
 *	CLOCK_MONOTONIC, ns
 * @floor: lowest poll since the server asked for less (RATE)
 * @steady: polls in a row that a longer interval would have done for
 * @kept: samples that wait for the filter
 * @n_kept: how many
 * @delay: of the last replies, whether they gave a sample or not, s; a ring
 * @n_delays: replies so far
 * @report: for people
 */
struct ntp_source {
	struct source source;
	struct ntp_source *next;
	struct ntp_group *group;
	struct ntp_broadcast *broadcast;
	struct ntp_options opt;
	enum ntp_state state;
	int fd;
	struct timer poll_timer;
	struct timer reply_timer;
	struct ntp_request request;
	bool waiting;
	struct {
		struct ntp_answer answer;
		unsigned int tests;
		struct ntp_when when;
	} held;
	struct timer hold_timer;
	bool ahead;
	struct ntp_when sent;
	size_t sent_len;
	uint64_t last_receive, last_transmit;
	struct ntp_when last_sent, last_arrived;
	uint64_t peer_transmit, peer_receive, peer_origin;
	unsigned int missed;
	unsigned int burst_good, burst_left;
	unsigned int denials;
	int64_t restarts_until;
	int8_t floor;
	unsigned int steady;
	struct sample kept[NTP_FILTER_MAX];
	unsigned int n_kept;
	float delay[NTP_DELAYS];
	unsigned int n_delays;
	bool told_forged;
	struct ntp_report report;
};

extern struct ntp_source *ntp_sources;

/* Of one address; names and pools are pool.c's. NULL: ERRNO says why. */
void ntp_options_default(struct ntp_options *opt);
struct ntp_source *ntp_add(const char *name, const struct sockaddr *address,
			   const struct ntp_options *opt);
void ntp_del(struct ntp_source *src);
struct ntp_source *ntp_find(const struct sockaddr *address);
void ntp_burst(struct ntp_source *src, unsigned int good, unsigned int total);
void ntp_set_online(struct ntp_source *src, bool online);
void ntp_restart(struct ntp_source *src);
/* The machine has slept: what was under way is void, and all are asked now. */
void ntp_forget_all(void);
void ntp_set_polls(struct ntp_source *src, int minpoll, int maxpoll);

/* ntp_client.c: what the timers call, and what ends the wait for a reply. */
void ntp_poll(void *arg);
void ntp_no_reply(void *arg);
/* It has not said in time what it was to say; or what it was not asked for. */
void ntp_missed(struct ntp_source *src);
void ntp_use_broadcast(struct ntp_source *src, const struct ntp_answer *a,
		       const struct sample *s, const struct ntp_when *when);
void ntp_stop_waiting(struct ntp_source *src);
double ntp_random_part(void);
double ntp_precision(int8_t log2);
void ntp_kissed(struct ntp_source *src, uint32_t code);
void ntp_accept(struct ntp_source *src, const struct ntp_answer *a,
		unsigned int tests, const struct ntp_when *when);

/*
 * ntp_auth.c: the MAC behind the header, at TO with room for AUTH_MAC_MAX octets
 * more: octets of both, or -ENOKEY; and whether a packet has it. KEY, or that of the
 * source, is 0 where there is none to be had.
 */
int ntp_sign_by(uint32_t key, uint8_t *to);
bool ntp_is_by(uint32_t key, const void *data, size_t len);
int ntp_sign(const struct ntp_source *src, uint8_t *to);
bool ntp_is_authentic(struct ntp_source *src, const void *data, size_t len);

/* ntp_peer.c: the latter two are for the server's server_set_peer_handler(). */
struct server_packet;
int ntp_peer_send(struct ntp_source *src);
bool ntp_peer_receive(const struct server_packet *p);
void ntp_peer_sent(const struct server_packet *p);

/* Between ntp_client.c, ntp_reply.c and ntp_io.c. */
void ntp_receive(struct ntp_source *src, const void *data, size_t len,
		 const struct ntp_when *when);
void ntp_transmitted(struct ntp_source *src, const void *data, size_t len,
		     const struct ntp_when *when);
void ntp_take_held(void *arg);
int ntp_io_open(struct ntp_source *src);
void ntp_io_close(struct ntp_source *src);
int ntp_io_send(struct ntp_source *src, const void *data, size_t len);
uint64_t ntp_io_random(void);

/**
 * struct ntp_network - how requests are sent
 * @port: from which, host order; 0 another one each time (RFC 9109)
 * @address4: from which, or family AF_UNSPEC for whatever fits
 * @address6: likewise
 * @device: a link's name, or empty
 * @dscp: of all packets, 0 to 63
 * @stamp_wait: for a device to tell when a request left, s
 * @family: AF_INET or AF_INET6 when the other one is not used, else AF_UNSPEC
 */
struct ntp_network {
	uint16_t port;
	struct sockaddr_storage address4, address6;
	char device[IF_NAMESIZE];
	int dscp;
	double stamp_wait;
	int family;
};

extern struct ntp_network ntp_network;

/* ntp_poll.c: the interval, and which of some samples counts. */
bool ntp_poll_adapt(struct ntp_source *src);
const struct sample *ntp_filter(struct ntp_source *src,
				const struct sample *s);
double ntp_min_delay(const struct ntp_source *src);
unsigned int ntp_delay_tests(struct ntp_source *src,
			     const struct sample *s);

#endif
