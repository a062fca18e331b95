// SPDX-License-Identifier: GPL-2.0
/* Sentences of receivers: right ones, and each way in which they are wrong. */
#include "../../user/daemon/nmea.h"
#include "harness.h"

#include <inttypes.h>

/* "BODY" as "$BODY*SUM". */
static const char *sentence(const char *body)
{
	static char text[2 * NMEA_LINE];
	unsigned int sum = 0;
	const char *c;

	for (c = body; *c; c++)
		sum ^= (unsigned char)*c;
	snprintf(text, sizeof(text), "$%s*%02X", body, sum);
	return text;
}

static void is(const char *line, enum nmea_kind kind, int64_t utc)
{
	int64_t got = utc;
	enum nmea_kind k = nmea_parse(line, &got);

	CHECK(k == kind, "'%s' is of kind %d, not %d", line, k, kind);
	CHECK(got == utc, "'%s': %" PRId64 ", not %" PRId64, line, got, utc);
}

static void times(void)
{
	const int64_t utc = 1830297600LL * 1000000000;	/* 2028-01-01 */

	is(sentence("GPRMC,000000.00,A,4916.45,N,12311.12,W,0.5,54.7,010128,20.3,E"),
	   NMEA_TIME, utc);
	is(sentence("GNRMC,000000,A,,,,,,,010128,,,A"), NMEA_TIME, utc);
	is(sentence("GPRMC,000000.125,A,,,,,,,010128"), NMEA_TIME,
	   utc + 125000000);
	is(sentence("GPZDA,000000.25,01,01,2028,00,00"), NMEA_CLOCK,
	   utc + 250000000);
	is(sentence("GPZDA,000000,01,01,2028"), NMEA_CLOCK, utc);
	/* A leap second is the second after. */
	is(sentence("GPRMC,235960.00,A,,,,,,,311227"), NMEA_TIME, utc);
	/* As receivers have sent it: with the sum of another hand. */
	is("$GPRMC,092751.000,A,5321.6802,N,00630.3371,W,0.06,31.66,280511,,,A*45",
	   NMEA_TIME, (1306574871LL + 619315200) * 1000000000);
	/* 2019-04-07, of a receiver that counts from 1999 (captured). */
	is("$GPRMC,000231.42,A,4829.0005,N,00022.0016,E,0.16,212.28,220899,,,A*59",
	   NMEA_TIME, (935280151LL + 2 * 619315200) * 1000000000 + 420000000);
	is(sentence("GPGGA,000000,4916.45,N,12311.12,W,1,08"), NMEA_FIX, 1);
	is(sentence("GPGGA,000000,4916.45,N,12311.12,W,0,00"), NMEA_VOID, 1);
}

static void unknown(void)
{
	is(sentence("GPRMC,000000.00,V,,,,,,,010128"), NMEA_VOID, 1);
	is(sentence("GPRMC,,V,,,,,,,,,,N"), NMEA_VOID, 1);
	is(sentence("GPZDA,,,,,,"), NMEA_VOID, 1);
	is(sentence("GPGGA,000000,4916.45,N"), NMEA_OTHER, 1);
	is(sentence(""), NMEA_OTHER, 1);
	is(sentence(",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"), NMEA_OTHER, 1);
}

static void garbled(void)
{
	static const char *const bodies[] = {
		"GPRMC,240000,A,,,,,,,010128", "GPRMC,006000,A,,,,,,,010128",
		"GPRMC,000061,A,,,,,,,010128", "GPRMC,0000,A,,,,,,,010128",
		"GPRMC,000000.x,A,,,,,,,010128", "GPRMC,000000x,A,,,,,,,010128",
		"GPRMC,000000,A,,,,,,,320128", "GPRMC,000000,A,,,,,,,011328",
		"GPRMC,000000,A,,,,,,,0101", "GPRMC,000000,A,,,,,,,01012028",
		"GPRMC,000000,A,,,,,,,0101x8", "GPRMC,000000,A",
		"GPZDA,000000,1,01,2028", "GPZDA,000000,01,01,28",
		"GPZDA,000000,01,01,1979", "GPZDA,000000,01,01,2201",
		"GPZDA,000000,01",
	};
	size_t i;

	for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		is(sentence(bodies[i]), NMEA_GARBLED, 1);
	is("$GPZDA,000000,01,01,2028", NMEA_GARBLED, 1);
	is("$GPZDA,000000,01,01,2028*", NMEA_GARBLED, 1);
	is("$GPZDA,000000,01,01,2028*0", NMEA_GARBLED, 1);
	is("$GPZDA,000000,01,01,2028*000", NMEA_GARBLED, 1);
	is("GPZDA,000000,01,01,2028*49", NMEA_GARBLED, 1);
	is("", NMEA_GARBLED, 1);
	is("$", NMEA_GARBLED, 1);
	is("*", NMEA_GARBLED, 1);
}

/* One wrong character is always noticed, and no length does any harm. */
static void noise(void)
{
	char line[300];
	int64_t utc;
	size_t i, at;
	int bit;

	for (i = 0; i < 10000; i++) {
		snprintf(line, sizeof(line), "%s",
			 sentence("GPRMC,000000.00,A,,,,,,,010128"));
		at = 1 + random_below(strlen(line) - 4);
		bit = 1 << random_below(7);
		line[at] = (char)(line[at] ^ bit);
		if (!line[at])
			continue;
		CHECK(nmea_parse(line, &utc) == NMEA_GARBLED,
		      "'%s' is taken", line);
	}
	for (i = 0; i < 10000; i++) {
		at = random_below(sizeof(line) - 1);
		random_bytes(line, at);
		line[0] = '$';
		line[at] = '\0';
		nmea_parse(line, &utc);
	}
}

static const struct test_case cases[] = {
	{ "times", times },
	{ "the receiver does not know, or speaks of other things", unknown },
	{ "garbled ones", garbled },
	{ "noise", noise },
};

TEST_MAIN(cases)
