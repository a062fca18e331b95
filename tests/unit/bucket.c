// SPDX-License-Identifier: GPL-2.0
/* kmod/core/bucket.h: against a bucket of real numbers. */
#include "harness.h"
#include "../../kmod/core/bucket.h"

#include <math.h>

/* One of a kind, asked at random moments; by it and by real numbers. */
static bool agrees(int interval, unsigned int burst, u32 hz)
{
	double real = burst, every = ldexp(1, interval);
	struct bucket_rate rate;
	u32 level = BUCKET_FULL;
	int i;

	bucket_rate_init(&rate, interval, burst, hz);
	for (i = 0; i < 2000; i++) {
		/* from none to some intervals, and now and then very long */
		u64 most = (u64)(2 * every * hz) + 2;
		u32 elapsed = (u32)(i % 97 ? random64() % most :
				    random64() % (1ULL << 32));
		bool given = bucket_take(&level, elapsed, &rate);

		real = fmin(burst, real + elapsed / (every * hz));
		/* All these numbers are exact: powers of two, but for 1/hz. */
		if (fabs(real - 1) < 1e-6) {
			real = given ? 0 : real;
			continue;
		}
		if (given != (real >= 1))
			return false;
		real -= given;
	}
	return true;
}

static void all(void)
{
	static const u32 ticks[] = { 100, 250, 300, 1000, 1024 };
	int interval;
	size_t i;

	for (interval = -19; interval <= 12; interval++)
		for (i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++)
			if (!agrees(interval, 1 + (unsigned int)
				    (random64() % 255), ticks[i])) {
				CHECK(false, "interval %d, %u ticks", interval,
				      ticks[i]);
				return;
			}
}

static void largest(void)
{
	struct bucket_rate rate;
	u32 level = BUCKET_FULL;
	int n = 0;

	bucket_rate_init(&rate, 12, 255, 1024);
	CHECK(rate.full == 255U * 1024U * 4096U, "full: %u", rate.full);
	while (bucket_take(&level, 0, &rate))
		n++;
	CHECK(n == 255, "%d at once", n);
	CHECK(bucket_take(&level, ~0U, &rate) &&
	      level == rate.full - rate.cost, "full again: %u", level);
}

static const struct test_case cases[] = {
	{ "tokens come back as they should", all },
	{ "the largest bucket does not overflow", largest },
};

TEST_MAIN(cases)
