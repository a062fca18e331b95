// SPDX-License-Identifier: GPL-2.0
/* Time codes of telephone services. */
#include "../../user/daemon/acts.h"
#include "harness.h"

#include <inttypes.h>

#define NS	1000000000LL
/* 2027-12-31 23:59:58, which is day 61770. */
#define EVE	1830297598LL

typedef enum acts_kind (*parser)(const char *, struct acts_time *, char *);

static void right(parser parse, const char *line, int64_t s, int leap,
		  bool measured)
{
	struct acts_time t = { 0 };
	char why[ACTS_WHY] = "";

	CHECK(parse(line, &t, why) == ACTS_TIME, "'%s': %s", line, why);
	CHECK(t.utc == s * NS, "'%s': %" PRId64, line, t.utc);
	CHECK(t.leap == leap && t.measured == measured,
	      "'%s': leap %d, measured %d", line, t.leap, t.measured);
}

static void wrong(parser parse, const char *line, enum acts_kind kind,
		  const char *because)
{
	char why[ACTS_WHY] = "";
	struct acts_time t;
	enum acts_kind got = parse(line, &t, why);

	CHECK(got == kind && !strcmp(why, because), "'%s': %d, '%s'", line, got,
	      why);
}

static void nist(void)
{
	right(acts_nist, "61770 27-12-31 23:59:58 00 0 -.4 045.0 UTC(NIST) *",
	      EVE, 0, false);
	right(acts_nist, "61770 27-12-31 23:59:58 00 1 -.4 078.5 UTC(NIST) #",
	      EVE, 1, true);
	right(acts_nist, "61770 27-12-31 23:59:58 00 2 +.1 045.0 UTC(NIST) *",
	      EVE, 2, false);
	right(acts_nist, "61770 27-12-31 23:59:60 00 1 -.4 045.0 UTC(NIST) *",
	      EVE + 2, 1, false);
	/* It is announced for the month, and is at its end. */
	right(acts_nist, "61769 27-12-30 23:59:58 00 1 -.4 045.0 UTC(NIST) *",
	      EVE - 86400, 0, false);
}

static void not_nist(void)
{
	wrong(acts_nist, "National Institute of Standards and Technology",
	      ACTS_OTHER, "");
	wrong(acts_nist, "*", ACTS_OTHER, "");
	wrong(acts_nist, "", ACTS_OTHER, "");
	wrong(acts_nist, "61770 27-12-31 23:59:58 00 0 -.4 045.0 UTC(NIST) ",
	      ACTS_OTHER, "");
	wrong(acts_nist, "1770 27-12-31 23:59:58 00 0 -.4 045.0 UTC(NIST) *",
	      ACTS_OTHER, "");
	wrong(acts_nist, "61771 27-12-31 23:59:58 00 0 -.4 045.0 UTC(NIST) *",
	      ACTS_WRONG, "2027-12-31 is not day 61771");
	wrong(acts_nist, "61770 27-12-30 23:59:58 00 0 -.4 045.0 UTC(NIST) *",
	      ACTS_WRONG, "2027-12-30 is not day 61770");
	wrong(acts_nist, "61770 27-12-31 24:59:58 00 0 -.4 045.0 UTC(NIST) *",
	      ACTS_WRONG, "2027-12-31 24:59:58 is no time");
	wrong(acts_nist, "61770 27-13-31 23:59:58 00 0 -.4 045.0 UTC(NIST) *",
	      ACTS_WRONG, "2027-13-31 23:59:58 is no time");
}

/* The example of the services, and others of its shape. */
static const char example[] =
	"1995-01-23 20:58:51 MEZ  10402303260219950123195849740+40000500               *";

static void european(void)
{
	char line[sizeof(example)];

	right(acts_european, example, 790891131, 0, false);
	memcpy(line, example, sizeof(line));
	line[78] = '#';
	right(acts_european, line, 790891131, 0, true);
}

static void european_leap(void)
{
	right(acts_european,
	      "2028-01-01 00:59:58 MEZ  65200103260220271231235961770+4+120500               *",
	      EVE, 1, false);
	right(acts_european,
	      "2028-01-01 00:59:58 MEZ  65200103260220271231235961770+4-120500               *",
	      EVE, 2, false);
	right(acts_european,
	      "2028-01-01 00:59:58 MEZ  65200103260220271231235961770+4+060500               *",
	      EVE, 0, false);
}

static void not_european(void)
{
	char line[sizeof(example)];

	wrong(acts_european, "", ACTS_OTHER, "");
	wrong(acts_european, "PTB Braunschweig", ACTS_OTHER, "");
	memcpy(line, example, sizeof(line));
	line[77] = '\0';
	wrong(acts_european, line, ACTS_OTHER, "");
	memcpy(line, example, sizeof(line));
	line[53] = '1';
	wrong(acts_european, line, ACTS_WRONG, "1995-01-23 is not day 49741");
	memcpy(line, example, sizeof(line));
	line[15] = '9';
	wrong(acts_european, line, ACTS_WRONG,
	      "minute 59 here is 58 in UTC");
}

/* Whatever comes, and however long it is. */
static void noise(void)
{
	char line[ACTS_LINE + 1], why[ACTS_WHY];
	struct acts_time t;
	size_t i, len;

	for (i = 0; i < 20000; i++) {
		len = random_below(sizeof(line));
		memset(line, 0, sizeof(line));
		memcpy(line, example, sizeof(example));
		random_bytes(line + len, random_below(sizeof(line) - len));
		line[ACTS_LINE] = '\0';
		acts_european(line, &t, why);
		acts_nist(line, &t, why);
	}
}

static const struct test_case cases[] = {
	{ "NIST", nist },
	{ "what is none of NIST's", not_nist },
	{ "European", european },
	{ "a leap second in a European code", european_leap },
	{ "what is no European code", not_european },
	{ "noise", noise },
};

TEST_MAIN(cases)
