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

struct kntp_key;
struct kntp_limits;
struct kntp_net;
struct sk_buff;

enum kntp_client_flags {
	KNTP_CLIENT_INTERLEAVES = 1,	/* asks in interleaved mode */
	KNTP_CLIENT_LIMITED = 2,	/* has asked too often */
	KNTP_CLIENT_PREFIX = 4,		/* is a prefix, for its limit */
};

/**
 * struct kntp_client - one client, in one cache line
 * @key: from kntp_client_key6(), or an IPv4-mapped address
 * @receive: the receive time of the last reply, as on the wire
 * @transmit: when that reply was sent, ns since 1970 as served; awaited from
 *	the device: negative, see kntp_stamp_awaited(); 0: not known
 * @era: of both, from kntp_clock_reply()
 * @first: when it asked first, jiffies
 * @last: when it asked last
 * @requests: how often, of those that were let in
 * @refused: how often beside, by a limit
 * @interleaved: how many replies were in interleaved mode
 * @tokens: what it may ask at once, see bucket_take()
 * @li_vn_mode: the first octet of the last request
 * @poll: of it, log2 s
 * @flags: enum kntp_client_flags
 * @len: length of a prefix
 * @tx_error: of a client: kntp_stamp_code() of the device that was asked to stamp
 *	the last reply
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
	u32 refused;
	u32 interleaved;
	u32 tokens;
	u8 li_vn_mode;
	s8 poll;
	u8 flags;
	union {
		u8 len;
		u8 tx_error;
	};
} __aligned(64);

static_assert(sizeof(struct kntp_client) == 64);

/*
 * The lock is held for a look-up, a reading of the clock and some stores, so it
 * is a raw one, which spins with PREEMPT_RT as well. Nothing under it may take a
 * lock that sleeps there: no spinlock_t, no local_lock, no allocation, and so no
 * get_random_u32().
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

/**
 * struct kntp_asker - who sent a request that is limited or authenticated
 * @table: NULL: nobody is kept in mind
 * @client: its entry; may be another one's by the time of the reply
 * @address: the key of that
 * @kiss: the reply is this kiss code; 0: it is the time
 * @stat: what the request is counted as although it is replied to; 0: answered
 * @poll: of a kiss code: what is asked for, log2 s
 * @key: what the reply is signed with
 * @mac_len: octets of its MAC; 0: it has none
 */
struct kntp_asker {
	struct kntp_clients *table;
	struct kntp_client *client;
	u64 address[2];
	u32 kiss;
	enum kntp_stat stat;
	s8 poll;
	const struct kntp_key *key;
	u8 mac_len;
};

#define KNTP_LINK_LOCAL		0xfe80000000000000ULL
#define KNTP_LINK_LOCAL_MASK	0xffc0000000000000ULL

/**
 * kntp_client_link() - Read the link of a link-local client (RFC 4007 section 6)
 * @hi: the upper half of its key
 *
 * Any context. Return: the ifindex, or 0: it is not a link-local address.
 */
static inline int kntp_client_link(u64 hi)
{
	return (hi & KNTP_LINK_LOCAL_MASK) == KNTP_LINK_LOCAL ? (int)hi : 0;
}

/* By value: an array on the stack would cost each reply a stack protector. */
struct kntp_client_key {
	u64 hi;
	u64 lo;
};

/**
 * kntp_client_key6() - Make the key of an IPv6 client
 * @table: the client table
 * @hi: the upper half of the source address
 * @lo: the lower half
 * @ifindex: of the device that received the request; in a VRF, behind the local
 *	hook, that of the VRF
 *
 * One prefix is one client, but fe80::/10 is a prefix of every link: there, link
 * and address are the client. The upper half has room for the ifindex, for
 * RFC 4291 section 2.5.6 has those 54 bits 0. Softirq, RCU read side.
 */
static inline struct kntp_client_key
kntp_client_key6(const struct kntp_clients *table, u64 hi, u64 lo, int ifindex)
{
	struct kntp_client_key key = {
		.hi = hi & table->mask6[0],
		.lo = lo & table->mask6[1],
	};

	if (unlikely((hi & KNTP_LINK_LOCAL_MASK) == KNTP_LINK_LOCAL)) {
		key.hi = KNTP_LINK_LOCAL | (u32)ifindex;
		key.lo = lo;
	}
	return key;
}

void kntp_client_reply(struct kntp_clients *table, u64 hi, u64 lo,
		       struct sk_buff *skb, ktime_t received,
		       enum kntp_hook hook);
enum kntp_stat kntp_client_limit(struct kntp_net *kn, struct kntp_asker *who,
				 struct kntp_limits *limits, u64 hi, u64 lo,
				 int ifindex, const struct ntp_header *ntp);
void kntp_client_tell(const struct kntp_asker *who, struct sk_buff *skb,
		      ktime_t received, enum kntp_hook hook);

void kntp_client_init(struct kntp_net *kn);
int kntp_client_start(struct kntp_net *kn);
void kntp_client_exit(struct kntp_client_set *set);
int kntp_client_resize(struct kntp_net *kn, u32 entries, u8 prefix6);
void kntp_client_flush(struct kntp_client_set *set);
unsigned int kntp_client_copy(struct kntp_clients *table, u32 bucket,
			      struct kntp_client copies[SLOTS]);

#endif /* _KNTP_CLIENT_H */
