/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How often who may ask: each client, all of a prefix together, and everybody
 * together. Chrony's terms.
 */
#ifndef _KNTP_LIMIT_H
#define _KNTP_LIMIT_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/kntp.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include "core/bucket.h"

struct kntp_asker;
struct kntp_net;

/**
 * struct kntp_limit - how often one may ask
 * @rate: of its tokens; cost 0: as often as it likes
 * @interval: between requests in the long run, log2 s
 * @burst: requests at once
 * @leak: of those that are too many one in 2^leak is answered all the same,
 *	as somebody may ask in another's name so that this one is refused
 * @kod: of the others, one in 2^kod is told so; 0: none
 */
struct kntp_limit {
	struct bucket_rate rate;
	s8 interval;
	u8 burst;
	u8 leak;
	u8 kod;
};

/**
 * struct kntp_budget - how many replies there may be, whoever asks
 * @in_window: in a window of time; 0: no limit
 * @window: the one that is counted
 * @known: requests in it of those who were answered before
 * @fresh: of others
 * @left: replies that there may be, less what the window before had too much
 * @share: of these, what the others may have
 */
struct kntp_budget {
	u32 in_window;
	atomic_t window;
	atomic_t known;
	atomic_t fresh;
	u32 left;
	u32 share;
};

/**
 * struct kntp_limits - the limits of a network namespace
 * @rcu: frees it
 * @client: each client's
 * @prefix: that of all of a prefix together
 * @prefix4: its length, IPv4; 0: there is none
 * @prefix6: IPv6, likewise
 * @deny: of those who are denied, one in 2^deny is told so; 0: none
 * @replies: a second, to everybody; 0: no limit
 * @secret: what chance is drawn by
 * @denial: how often kiss codes DENY may be sent, to everybody together
 * @denials: the bucket of those: when it was taken from, jiffies, and its tokens
 * @budget: by that
 */
struct kntp_limits {
	struct rcu_head rcu;
	struct kntp_limit client;
	struct kntp_limit prefix;
	u8 prefix4;
	u8 prefix6;
	u8 deny;
	u32 replies;
	u64 secret[4];
	struct bucket_rate denial;
	atomic64_t denials;
	struct kntp_budget budget ____cacheline_aligned_in_smp;
};

/**
 * kntp_limit_needs_table() - Check for a limit that is kept in the client table
 * @limits: the limits
 *
 * Any context.
 */
static inline bool kntp_limit_needs_table(const struct kntp_limits *limits)
{
	return limits->client.rate.cost || limits->prefix.rate.cost;
}

bool kntp_limit_refuses(const struct kntp_limits *limits,
			const struct kntp_limit *limit, bool *kiss);
bool kntp_limit_denied(struct kntp_limits *limits, struct kntp_asker *who);
bool kntp_limit_kiss(struct kntp_limits *limits);
bool kntp_limit_spends(struct kntp_limits *limits, bool known);

int kntp_limit_set(struct kntp_net *kn, const struct kntp_limits *limits);
void kntp_limit_exit(struct kntp_net *kn);

#endif /* _KNTP_LIMIT_H */
