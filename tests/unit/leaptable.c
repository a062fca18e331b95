// SPDX-License-Identifier: GPL-2.0
/* Tables of leap seconds: what is taken, and what is refused and why. */
#include "harness.h"
#include "../../user/daemon/leap.h"

#include <stdbool.h>

enum { FILE_MAX = 65536 };

static void good(const char *text, unsigned int n, s64 last, int tai, s64 until)
{
	char why[LEAP_WHY] = "";
	struct leap_table t;

	CHECK(!leap_parse_list(text, strlen(text), &t, why), "%s", why);
	CHECK(t.n == n && t.at[t.n - 1] == last && t.tai[t.n - 1] == tai &&
	      t.expires == until, "%u, the last %lld %d, until %lld", t.n,
	      (long long)t.at[t.n - 1], t.tai[t.n - 1], (long long)t.expires);
}

static void bad(const char *text, const char *wanted)
{
	char why[LEAP_WHY] = "";
	struct leap_table t;

	CHECK(leap_parse_list(text, strlen(text), &t, why) &&
	      !strcmp(why, wanted), "says '%s', not '%s'", why, wanted);
}

static void test_list(void)
{
	good("2272060800 10 # 1 Jan 1972\n", 1, 63072000, 10, 0);
	good("# comment\n#@ 3960057600\n2272060800\t10\n\n2287785600 11",
	     2, 78796800, 11, 1751068800);
	bad("", "line 1: no leap second at all");
	bad("#\n2272060800\n", "line 2: not a time and TAI - UTC");
	bad("100 10\n", "line 1: not a time and TAI - UTC");
	bad("2272060801 10\n", "line 1: not a midnight and TAI - UTC");
	bad("2272060800 10\n2287785600 12\n",
	    "line 2: not one second after the one before");
	bad("2287785600 11\n2272060800 10\n",
	    "line 2: not one second after the one before");
}

static size_t read_file(const char *name, u8 *data)
{
	FILE *f = fopen(name, "r");
	size_t len = f ? fread(data, 1, FILE_MAX, f) : 0;

	if (f)
		fclose(f);
	return len;
}

/* The machine's own, where it has both, say the same. */
static void test_zone(void)
{
	static u8 data[FILE_MAX];
	struct leap_table list, zone;
	char why[LEAP_WHY];
	size_t len, i;

	len = read_file("/usr/share/zoneinfo/leap-seconds.list", data);
	if (!len)
		return;
	CHECK(!leap_parse_list((char *)data, len, &list, why), "%s", why);
	len = read_file("/usr/share/zoneinfo/right/UTC", data);
	if (!len)
		return;
	CHECK(!leap_parse_tzif(data, len, &zone, why), "%s", why);
	/* A list begins with what was there before the first. */
	CHECK(list.n == zone.n + 1, "%u and %u", list.n, zone.n);
	for (i = 0; i < zone.n && i + 1 < list.n; i++)
		CHECK(zone.at[i] == list.at[i + 1] &&
		      zone.tai[i] == list.tai[i + 1], "%zu: %lld %d", i,
		      (long long)zone.at[i], zone.tai[i]);
	for (i = 0; i < len; i++)
		leap_parse_tzif(data, i, &zone, why);
	len = read_file("/usr/share/zoneinfo/UTC", data);
	CHECK(!len || leap_parse_tzif(data, len, &zone, why),
	      "a zone without leap seconds is taken");
}

static const struct test_case cases[] = {
	{ "leap seconds: a list", test_list },
	{ "leap seconds: a time zone", test_zone },
};

TEST_MAIN(cases)
