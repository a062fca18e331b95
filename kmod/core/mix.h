/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A keyed mix of two words: places in the client table, and chance where
 * get_random_u32() is too slow, or not allowed because a raw lock is held.
 */
#ifndef _KNTP_CORE_MIX_H
#define _KNTP_CORE_MIX_H

#include "plat.h"

static inline u64 mix_fold(u64 a, u64 b)
{
	return mul_u64_u64_shr(a, b, 64) ^ a * b;
}

/**
 * mix() - Mix two words by a secret
 * @secret: four random words
 * @a: one word
 * @b: the other word
 *
 * No cipher: it holds against a sender who chooses the words and sees some bits
 * of what follows from the result, not against one who learns results. Two
 * multiplications by secrets stand between; a SipHash would cost a tenth of a
 * whole reply. Any context.
 *
 * Return: the mix; each bit depends on all bits of both words.
 */
static inline u64 mix(const u64 secret[4], u64 a, u64 b)
{
	return mix_fold(mix_fold(a ^ secret[0], b ^ secret[1]) ^ secret[2],
			secret[3]);
}

#endif /* _KNTP_CORE_MIX_H */
