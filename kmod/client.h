/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The client table: what is known of those who ask. One look-up a packet, one
 * lock a bucket; full, it forgets who is worth least.
 */
#ifndef _KNTP_CLIENT_H
#define _KNTP_CLIENT_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/kntp.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include "core/slots.h"
#include "core/wire.h"

struct kntp_net;
struct sk_buff;

enum kntp_client_flags {
	KNTP_CLIENT_INTERLEAVES = 1,	/* asks in interleaved mode */
};

/**
 * struct kntp_client - one client, in one cache line
 * @key: its prefix: IPv6, or IPv4 as a mapped address
 * @receive: the receive time of the last reply, as on the wire
 * @transmit: when that reply was sent, ns since 1970 as served; awaited from
 *	the device: negative, see kntp_stamp_awaited(); 0: not known
 * @era: of both, from kntp_clock_reply()
 * @first: when it asked first, jiffies
 * @last: when it asked last
 * @requests: how often
 * @interleaved: how many replies were in interleaved mode
 * @asked: the first four octets of the last request
 * @flags: enum kntp_client_flags
 *
 * All but @transmit under the bucket's lock.
 */
struct kntp_client {
	u64 key[2];
	__be64 receive;
	atomic64_t transmit;
	u32 era;
	u32 first;
	u32 last;
	u32 requests;
	u32 interleaved;
	u8 asked[4];
	u32 flags;
} __aligned(64);

static_assert(sizeof(struct kntp_client) == 64);

/*
 * The lock is held for a look-up, a reading of the clock and some stores, so
 * it may be one that nobody sleeps on with PREEMPT_RT.
 */
struct kntp_bucket {
	struct slots slots;
	raw_spinlock_t lock;
};

/**
 * struct kntp_clients - the table of a network namespace
 * @kn: that
 * @buckets: what of each is looked at first
 * @clients: SLOTS of each
 * @count: how many buckets there are
 * @used: slots that are taken
 * @prefix6: length of prefix by which IPv6 is told apart
 * @mask6: as masks
 * @secret: what places are hashed with
 * @generation: tells tables apart
 */
struct kntp_clients {
	struct kntp_net *kn;
	struct kntp_bucket *buckets;
	struct kntp_client *clients;
	u32 count;
	atomic_t used;
	u8 prefix6;
	u64 mask6[2];
	u64 secret[4];
	u32 generation;
};

/**
 * struct kntp_client_set - the client table of a network namespace
 * @table: NULL: there is none, or nobody listens yet
 * @entries: how many there shall be; under rtnl, as is writing to @table
 * @prefix6: likewise
 */
struct kntp_client_set {
	struct kntp_clients __rcu *table;
	u32 entries;
	u8 prefix6;
};

void kntp_client_reply(struct kntp_clients *table, u64 hi, u64 lo,
		       struct sk_buff *skb, ktime_t received,
		       enum kntp_hook hook);

void kntp_client_init(struct kntp_net *kn);
int kntp_client_start(struct kntp_net *kn);
void kntp_client_exit(struct kntp_client_set *set);
int kntp_client_resize(struct kntp_net *kn, u32 entries, u8 prefix6);
void kntp_client_flush(struct kntp_client_set *set);
unsigned int kntp_client_copy(struct kntp_clients *table, u32 bucket,
			      struct kntp_client copies[SLOTS]);

#endif /* _KNTP_CLIENT_H */
