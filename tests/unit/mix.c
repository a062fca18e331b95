// SPDX-License-Identifier: GPL-2.0
/*
 * kmod/core/mix.h as a source of chance: a limit answers one in 2^k of what is
 * beyond it, by the mix of a counter.
 */
#include "harness.h"
#include "../../kmod/core/mix.h"

#include <math.h>

enum { DRAWS = 1 << 15, SECRETS = 16 };

static bool is_one_in(const u64 secret[4], u64 n, u64 cpu, unsigned int k)
{
	return !(mix(secret, n, cpu) >> 32 & ((1U << k) - 1));
}

static void new_secret(u64 secret[4])
{
	int i;

	for (i = 0; i < 4; i++)
		secret[i] = random64();
}

/* Six standard deviations: among some thousand counts none is beyond by chance. */
static bool is_likely(unsigned int count, double n, double p)
{
	return fabs(count - n * p) <= 6 * sqrt(n * p * (1 - p));
}

/*
 * A sender who knows how many draws there are between two requests of its victim
 * meets every STRIDE-th draw: those must be as fair as all.
 */
static void fair(void)
{
	unsigned int stride, k, i, s, count;
	u64 secret[4], start;

	for (s = 0; s < SECRETS; s++) {
		new_secret(secret);
		start = random64();
		for (stride = 1; stride <= 64; stride += 1 + stride / 4)
			for (k = 1; k <= 4; k++) {
				for (i = count = 0; i < DRAWS; i++)
					count += is_one_in(secret, start + (u64)i * stride, 0, k);
				CHECK(is_likely(count, DRAWS, ldexp(1, -(int)k)),
				      "one in %u, each %uth: %u of %u", 1U << k,
				      stride, count, DRAWS);
			}
	}
}

/* What a draw was says nothing of a later one, nor of one on another CPU. */
static void independent(void)
{
	unsigned int lag, k, i, s, both, other;
	u64 secret[4], start;

	for (s = 0; s < SECRETS; s++) {
		new_secret(secret);
		start = random64();
		for (lag = 1; lag <= 64; lag += 1 + lag / 2)
			for (k = 1; k <= 4; k++) {
				for (i = both = other = 0; i < DRAWS; i++) {
					if (!is_one_in(secret, start + i, 0, k))
						continue;
					both += is_one_in(secret, start + i + lag, 0, k);
					other += is_one_in(secret, start + i, lag, k);
				}
				CHECK(is_likely(both, DRAWS, ldexp(1, -2 * (int)k)),
				      "one in %u and %u later: %u", 1U << k, lag, both);
				CHECK(is_likely(other, DRAWS, ldexp(1, -2 * (int)k)),
				      "one in %u and on CPU %u: %u", 1U << k, lag, other);
			}
	}
}

/* The longest time without one: what a flood can gain is what chance gives. */
static void runs(void)
{
	unsigned int i, s, run, longest = 0;
	u64 secret[4];

	for (s = 0; s < SECRETS; s++) {
		new_secret(secret);
		for (i = run = 0; i < DRAWS; i++) {
			run = is_one_in(secret, i, 0, 4) ? 0 : run + 1;
			longest = run > longest ? run : longest;
		}
	}
	/* (15/16)^500 = 10^-14 for each of half a million beginnings */
	CHECK(longest < 500, "%u in a row without one in 16", longest);
}

static const struct test_case cases[] = {
	{ "one in 2^k is as often as that, at any stride", fair },
	{ "draws are independent, also across CPUs", independent },
	{ "no draw stays away for long", runs },
};

TEST_MAIN(cases)
