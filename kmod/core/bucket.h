/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A token bucket by ticks of a clock, without division: a request costs a
 * token, and one comes back every interval, as long as there is room.
 */
#ifndef _KNTP_CORE_BUCKET_H
#define _KNTP_CORE_BUCKET_H

#include "plat.h"

/* As large as any bucket: what a newcomer has. */
#define BUCKET_FULL	0xffffffffU

/**
 * struct bucket_rate - how buckets are filled
 * @cost: of a request, in parts of a token
 * @full: what a bucket has room for, likewise
 * @shift: log2 of the parts that come back with a tick
 */
struct bucket_rate {
	u32 cost;
	u32 full;
	u8 shift;
};

/**
 * bucket_rate_init() - say how buckets are filled
 * @rate: filled in
 * @interval: between tokens, log2 s, -19 to 12
 * @burst: tokens in a full bucket, 1 to 255
 * @hz: ticks in a second, at most 1024
 *
 * Any context.
 */
static inline void bucket_rate_init(struct bucket_rate *rate, int interval,
				    unsigned int burst, u32 hz)
{
	rate->cost = interval > 0 ? hz << interval : hz;
	rate->full = rate->cost * burst;
	rate->shift = (u8)(interval < 0 ? -interval : 0);
}

/**
 * bucket_take() - take a token, if there is one
 * @level: what the bucket has, in parts of a token
 * @elapsed: ticks since it was last asked
 * @rate: how it is filled
 *
 * Any context, under the bucket's lock. Return: whether there was one.
 */
static inline bool bucket_take(u32 *level, u32 elapsed,
			       const struct bucket_rate *rate)
{
	u64 has = *level + ((u64)elapsed << rate->shift);

	if (has > rate->full)
		has = rate->full;
	*level = (u32)has;
	if (has < rate->cost)
		return false;
	*level -= rate->cost;
	return true;
}

#endif /* _KNTP_CORE_BUCKET_H */
