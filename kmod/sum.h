/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_SUM_H
#define _KNTP_SUM_H

#include <linux/bitops.h>
#include <linux/types.h>

/* Eight octets of a packet, in their order, wherever they lie. */
struct kntp_octets {
	u64 word;
} __packed;

/**
 * kntp_sum_add() - add to an Internet checksum that is kept in 64 bits
 * @sum: the sum so far
 * @more: eight octets in their order, or less
 *
 * The carry comes round. Any context.
 */
static __always_inline u64 kntp_sum_add(u64 sum, u64 more)
{
	sum += more;
	return sum + (sum < more);
}

/**
 * kntp_sum_fold() - the checksum of a sum; 0 where that had its checksum in it
 * @sum: the sum
 *
 * Any context.
 */
static __always_inline __sum16 kntp_sum_fold(u64 sum)
{
	u32 half = (sum + ror64(sum, 32)) >> 32;

	return (__force __sum16)(~(half + ror32(half, 16)) >> 16);
}

#endif /* _KNTP_SUM_H */
