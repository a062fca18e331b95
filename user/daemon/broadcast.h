/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time that is sent to many at once (RFC 5905 section 3.1, broadcast): `broadcast`
 * sends it, `broadcastclient` and `multicastclient` listen.
 */
#ifndef KNTPD_BROADCAST_H
#define KNTPD_BROADCAST_H

#include "conf.h"
#include "ntp.h"

enum { BROADCAST_WAYS = 4 };

/**
 * struct ntp_broadcast - of a source that was heard before it was asked
 * @listens: its way is known, and it is not asked any more
 * @last: transmit time of the last packet that was believed, 32.32
 * @poll: how often it is to be heard, log2 s
 * @ways: from there to here, s, by what it said when it was asked
 * @n_ways: so many are known
 * @way: of these, what is reckoned with
 * @spread: how far they differ, s
 * @doubts: packets in a row that were not
 * @silent: times in a row that it was not heard when it was to be
 * @timer: it is to be heard before
 */
struct ntp_broadcast {
	bool listens;
	uint64_t last;
	int8_t poll;
	double ways[BROADCAST_WAYS];
	unsigned int n_ways;
	double way, spread;
	unsigned int doubts;
	unsigned int silent;
	struct timer timer;
};

/* The lines of C, whatever there was before; C stays. */
void broadcast_send_set(const struct config *c);
void broadcast_listen_set(const struct config *c);
/* Neither any more. */
void broadcast_stop(void);

#endif
