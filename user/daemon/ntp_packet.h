/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NTP packets as a client sees them, without sockets, clocks or state: what is
 * sent, whether what comes back is its reply, and what that says of the time.
 */
#ifndef KNTPD_NTP_PACKET_H
#define KNTPD_NTP_PACKET_H

#include "core/wire.h"
#include "sample.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MAXDISP of RFC 5905 section 7.2, s, and PHI, s/s. */
#define NTP_DISTANCE_MAX	16.0
#define NTP_PHI			15e-6

/* In the order chronyc shows them: 111 111 1111. */
enum ntp_test {
	NTP_TEST_DUPLICATE = 1 << 0,	/* 1: not the last one again */
	NTP_TEST_ORIGIN = 1 << 1,	/* 2: answers our request */
	NTP_TEST_STAMPS = 1 << 2,	/* 3: its times make sense */
	NTP_TEST_AUTH = 1 << 3,		/* 5: authentic, where that is asked */
	NTP_TEST_SYNCED = 1 << 4,	/* 6: leap and stratum are a server's */
	NTP_TEST_ROOT = 1 << 5,		/* 7: root distance, reference time */
	NTP_TEST_DELAY = 1 << 6,	/* A: under maxdelay, not negative */
	NTP_TEST_RATIO = 1 << 7,	/* B: under maxdelayratio */
	NTP_TEST_DEVIATION = 1 << 8,	/* C: under maxdelaydevratio */
	NTP_TEST_LOOP = 1 << 9,		/* D: does not follow this host */

	NTP_TESTS_VALID = NTP_TEST_DUPLICATE | NTP_TEST_ORIGIN |
			  NTP_TEST_STAMPS | NTP_TEST_AUTH,
	NTP_TESTS_SYNCED = NTP_TESTS_VALID | NTP_TEST_SYNCED | NTP_TEST_ROOT,
	NTP_TESTS_GOOD = (1 << 10) - 1,
};

/**
 * struct ntp_request - what is kept of a request until its reply has come
 * @mode: it was sent in
 * @version: likewise
 * @poll: log2 s
 * @transmit: random, or in symmetric modes the time; host order, as the next
 * @receive: random, not zero when an interleaved reply is asked for (RFC 9769)
 * @origin: the server's last receive time then, which it knows us by
 */
struct ntp_request {
	uint8_t mode;
	uint8_t version;
	int8_t poll;
	uint64_t transmit;
	uint64_t receive;
	uint64_t origin;
};

/**
 * struct ntp_answer - a packet of a server or peer in this host's terms
 * @leap: enum ntp_leap
 * @version: as it stands there, the same for the next five
 * @mode: it was sent in
 * @stratum: 0 for a kiss code or none
 * @poll: log2 s
 * @precision: log2 s
 * @refid: host order
 * @root_delay: s
 * @root_dispersion: s
 * @reference: 32.32, host order, the same for the next three
 * @origin: which of our stamps came back
 * @receive: when our request arrived
 * @transmit: when it left; of the reply before this one when @interleaved
 * @interleaved: RFC 9769 section 2
 * @kiss: the code when it is a kiss-o'-death packet, else 0
 */
struct ntp_answer {
	uint8_t leap;
	uint8_t version;
	uint8_t mode;
	uint8_t stratum;
	int8_t poll;
	int8_t precision;
	uint32_t refid;
	double root_delay;
	double root_dispersion;
	uint64_t reference;
	uint64_t origin;
	uint64_t receive;
	uint64_t transmit;
	bool interleaved;
	uint32_t kiss;
};

/**
 * struct ntp_exchange - the four times of RFC 5905 section 8
 * @t1: our request left, CLOCK_MONOTONIC_RAW, ns
 * @t2: it arrived there, ns since 1970
 * @t3: the reply left there, ns since 1970
 * @t4: it arrived here, CLOCK_MONOTONIC_RAW, ns
 * @precision: of this host's clock, s
 * @remote_precision: of the other one, s
 * @frequency: rate of true time against RAW, less one
 * @skew: bound of its error
 */
struct ntp_exchange {
	int64_t t1, t2, t3, t4;
	double precision;
	double remote_precision;
	double frequency;
	double skew;
};

int64_t ntp_to_unix(uint64_t stamp, int64_t near);
/* What a server says of itself, in a packet that answers nothing yet. */
struct ntp_server;
void ntp_packet_says(struct ntp_header *h, const struct ntp_server *says,
		     uint8_t version, uint8_t mode, int8_t poll);
/* Whether it is the time of somebody who has it, sent to many. */
bool ntp_packet_is_broadcast(const struct ntp_answer *a);
void ntp_packet_request(const struct ntp_request *r, uint8_t *to);
bool ntp_packet_parse(const void *data, size_t len, struct ntp_answer *a);
unsigned int ntp_packet_check(const struct ntp_request *r,
			      struct ntp_answer *a);
bool ntp_packet_sample(const struct ntp_exchange *x, struct sample *s);

#endif
