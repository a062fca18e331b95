// SPDX-License-Identifier: GPL-2.0
/* Time arithmetic against the same in 128 bits with a division. */
#include "harness.h"
#include "../../kmod/core/ntptime.h"

typedef unsigned __int128 u128;

enum {
	ROUNDS = 2000000,
	TIME_SLACK = 4,		/* units above the exact value: a signed time */
	SPAN_SLACK = 8,		/* an unsigned span */
	DISPERSE_SLACK = 4,
};

#define SECOND		1000000000ULL
#define DISPERSE_SCALE	((u128)SECOND * SECOND)

static const u64 edges[] = {
	0, 1, 2, SECOND - 1, SECOND, SECOND + 1,
	2085978495ULL * SECOND,		/* 2036-02-07 06:28:15 */
	2085978496ULL * SECOND - 1,
	2085978496ULL * SECOND,		/* era 1 begins */
	2085978496ULL * SECOND + 1,
	4294967295ULL * SECOND,		/* 2106-02-07 06:28:15 */
	4294967296ULL * SECOND - 1,
	4294967296ULL * SECOND,
	(1ULL << 61) - 1, 1ULL << 61, (1ULL << 62) - 1, 1ULL << 62,
	(1ULL << 63) - 1,		/* 2262-04-11 23:47:16.854775807 */
	1ULL << 63, ~0ULL - 1, ~0ULL,
};

#define EDGES (sizeof(edges) / sizeof(edges[0]))

static u64 value(unsigned int i)
{
	if (i < EDGES)
		return edges[i];
	return i & 1 ? random64() : random_magnitude();
}

static void check_from_ns(u64 ns)
{
	u128 exact = ((u128)ns << 32) / SECOND;
	u64 above = ntp_from_ns(ns) - (u64)exact;

	CHECK(above <= (ns >> 63 ? SPAN_SLACK : TIME_SLACK), "%llu ns: %llu units off",
	      (unsigned long long)ns, (unsigned long long)above);
}

static void from_ns_exact(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		check_from_ns(value(i));
}

/* The fraction says the nanosecond, so that no two of them are alike. */
static void from_ns_monotonic(void)
{
	unsigned int i;
	u64 ns;

	for (i = 0; i < ROUNDS; i++) {
		ns = value(i) >> 2;	/* below the wrap at 2^32 s */
		CHECK(ntp_from_ns(ns + 1) > ntp_from_ns(ns), "at %llu ns",
		      (unsigned long long)ns);
	}
}

static void from_ns_whole_seconds(void)
{
	unsigned int i;
	u64 s;

	for (i = 0; i < ROUNDS; i++) {
		s = (u32)value(i) % 2305843009;		/* 2^61 ns */
		CHECK(ntp_from_ns(s * SECOND) == s << 32, "%llu s",
		      (unsigned long long)s);
	}
	for (s = 2305843009; s < 18446744073; s += 999983)
		CHECK((u32)(ntp_from_ns(s * SECOND) >> 32) == (u32)s, "%llu s",
		      (unsigned long long)s);
}

static void from_unix_dates(void)
{
	static const struct {
		u64 unix_seconds;
		u32 ntp_seconds;
	} dates[] = {
		{ 0, 0x83aa7e80 },			/* 1970-01-01 */
		{ 63072000, 2272060800U },		/* 1972-01-01 */
		{ 2085978495, 0xffffffff },
		{ 2085978496, 0 },			/* 2036-02-07 06:28:16 */
		{ 2085978497, 1 },
		{ 4294967296ULL, 0x83aa7e80 },		/* 2106-02-07 */
		{ 9223372036ULL, 2842426244U },		/* 2262-04-11 */
	};
	size_t i;
	u64 ntp;

	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		ntp = ntp_from_unix((s64)(dates[i].unix_seconds * SECOND));
		CHECK(ntp >> 32 == dates[i].ntp_seconds && (u32)ntp <= 4,
		      "unix %llu is %016llx",
		      (unsigned long long)dates[i].unix_seconds,
		      (unsigned long long)ntp);
	}
}

/* An interval is right even when an era ends within it. */
static void from_unix_intervals(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		s64 a = (s64)(value(i) >> 2);
		s64 b = a + (s64)random_below(SECOND * 100);
		u64 exact, got;

		exact = (u64)(((u128)(u64)(b - a) << 32) / SECOND);
		got = ntp_from_unix(b) - ntp_from_unix(a);
		CHECK(got - exact + 4 <= 9, "from %lld to %lld ns",
		      (long long)a, (long long)b);
	}
}

static void short_rounds_up(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u64 frac = value(i);
		u128 exact = ((u128)frac + 65535) / 65536;
		u32 want = exact > 0xffffffff ? 0xffffffff : (u32)exact;

		CHECK(ntp_short(frac) == want, "%016llx is %08x",
		      (unsigned long long)frac, ntp_short(frac));
	}
	CHECK(ntp_short(0) == 0, "nothing");
	CHECK(ntp_short(1) == 1, "the least");
	CHECK(ntp_short(0xffffffff0000ULL) == ~0U, "the most");
	CHECK(ntp_short(0xfffffffeffffULL) == ~0U, "below the most");
	CHECK(ntp_short(0xfffffffe0000ULL) == ~0U - 1, "the last but one");
}

/* 2^96 / 10^18 per ppb, which is 2^96 = rate · 10^18 / ppb or a bit more. */
static void rate_rounds_up(void)
{
	u128 lo = ((u128)1 << 96) / DISPERSE_SCALE;
	unsigned int i;

	CHECK(NTP_PPB_TO_RATE == lo + 1, "constant");
	for (i = 0; i < ROUNDS; i++) {
		u32 ppb = (u32)(value(i) % 100000001);

		CHECK(ntp_rate(ppb) == (u128)ppb * (lo + 1), "%u ppb", ppb);
	}
}

/*
 * Exactly, the growth is age · ppb · 2^32 / 10^18 units: compared multiplied
 * out, so that no rounding of the test's own hides one of the core's.
 */
static void check_disperse(u64 dispersion, u32 ppb, s64 age)
{
	u64 got = ntp_disperse(dispersion, ntp_rate(ppb), age);
	u128 growth = age > 0 ? ((u128)(u64)age * ppb) << 32 : 0;
	u128 exact = (u128)dispersion * DISPERSE_SCALE + growth;
	u128 max = (u128)NTP_MAX_DISPERSION * DISPERSE_SCALE;

	CHECK(got <= NTP_MAX_DISPERSION, "%016llx is over the maximum",
	      (unsigned long long)got);
	if (exact >= max) {
		CHECK(got == NTP_MAX_DISPERSION,
		      "dispersion %016llx, %u ppb, %lld ns: %016llx, not the maximum",
		      (unsigned long long)dispersion, ppb, (long long)age,
		      (unsigned long long)got);
		return;
	}
	CHECK((u128)got * DISPERSE_SCALE >= exact,
	      "dispersion %016llx, %u ppb, %lld ns: %016llx is too little",
	      (unsigned long long)dispersion, ppb, (long long)age,
	      (unsigned long long)got);
	CHECK((u128)got * DISPERSE_SCALE <=
	      exact + DISPERSE_SLACK * DISPERSE_SCALE,
	      "dispersion %016llx, %u ppb, %lld ns: %016llx is too much",
	      (unsigned long long)dispersion, ppb, (long long)age,
	      (unsigned long long)got);
}

static void disperse_bounds(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		check_disperse(random_magnitude() >> 28,
			       (u32)(random_magnitude() % 100000001),
			       (s64)(random_magnitude() >> 1));
}

static void disperse_ages(void)
{
	static const u32 rates[] = { 0, 1, 15000, 500000, 100000000 };
	unsigned int i, r;

	for (i = 0; i < EDGES; i++)
		for (r = 0; r < 5; r++) {
			check_disperse(0, rates[r], (s64)edges[i]);
			check_disperse(1ULL << 22, rates[r], (s64)edges[i]);
		}
	CHECK(ntp_disperse(5, ntp_rate(15000), -1) == 5, "negative age");
	CHECK(ntp_disperse(5, ntp_rate(15000), (s64)(1ULL << 63)) == 5,
	      "most negative age");
	CHECK(ntp_disperse(5, ntp_rate(0), 1LL << 62) == 5, "no growth");
}

static void disperse_saturates(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++)
		check_disperse(NTP_MAX_DISPERSION - 2 + random_magnitude() / 2,
			       (u32)(random_magnitude() % 100000001),
			       (s64)(random_magnitude() >> 1));
	check_disperse(~0ULL, 100000000, (s64)(~0ULL >> 1));
	check_disperse(~0ULL, 15000, (s64)SECOND);
	check_disperse(NTP_MAX_DISPERSION - 1, 0, 1);
}

static void disperse_grows(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		u64 rate = ntp_rate((u32)(random_magnitude() % 100000001));
		u64 dispersion = random_magnitude() >> 28;
		s64 age = (s64)(random_magnitude() >> 2);
		s64 later = age + (s64)(random_magnitude() >> 2);

		CHECK(ntp_disperse(dispersion, rate, age) <=
		      ntp_disperse(dispersion, rate, later),
		      "less at %lld ns than at %lld ns", (long long)later,
		      (long long)age);
	}
}

static void check_map(const struct ntp_map *map, s64 raw)
{
	__int128 age = (__int128)raw - map->raw;
	__int128 gain = age * map->rate;
	s64 got = ntp_map_utc(map, raw);

	gain = gain < 0 ? -(-gain >> 64) : gain >> 64;
	CHECK((__int128)got == map->utc + age + gain, "%lld at %lld: %lld",
	      (long long)map->rate, (long long)raw, (long long)got);
	CHECK(ntp_map_utc(map, raw + 1) >= got, "back at %lld", (long long)raw);
}

/* A rate of 1000 ppm either way, at the ages of 146 years and less. */
static void map_exact(void)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		struct ntp_map map = {
			.raw = (s64)(random_magnitude() >> 3),
			.utc = (s64)(random64() >> 2),
			.rate = (s64)(random_magnitude() % 18446744073709553ULL),
		};

		if (i & 1)
			map.rate = -map.rate;
		check_map(&map, (s64)(random_magnitude() >> 3));
		check_map(&map, map.raw);
		check_map(&map, map.raw - 1);
		check_map(&map, map.raw + (s64)(random_magnitude() >> 24));
	}
}

static const struct test_case cases[] = {
	{ "nanoseconds to 32.32, exact within its bound", from_ns_exact },
	{ "nanoseconds to 32.32, monotonic", from_ns_monotonic },
	{ "whole seconds stay whole", from_ns_whole_seconds },
	{ "dates of 1970, 2036, 2106 and 2262", from_unix_dates },
	{ "intervals across an era", from_unix_intervals },
	{ "16.16 is rounded up and saturates", short_rounds_up },
	{ "rate is rounded up", rate_rounds_up },
	{ "dispersion is a bound, and a close one", disperse_bounds },
	{ "dispersion at edges of age", disperse_ages },
	{ "dispersion saturates", disperse_saturates },
	{ "dispersion never shrinks", disperse_grows },
	{ "a map is exact and never runs back", map_exact },
};

TEST_MAIN(cases)
