// SPDX-License-Identifier: GPL-2.0
#include "acts.h"

#include <linux/types.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/wire.h"

#define NS_PER_S	1000000000LL
#define DAY	86400
/* 1 January 1970 as a modified Julian day. */
#define MJD_1970	40587

/* Do the characters have this shape? 9: a digit, ?: anything, else themselves. */
static bool has_shape(const char *s, const char *shape)
{
	for (; *shape; s++, shape++) {
		if (*shape == '9' ? *s < '0' || *s > '9' :
		    *shape == '?' ? !*s : *s != *shape)
			return false;
	}
	return true;
}

static int number(const char *s, int n)
{
	int value = 0;

	while (n--)
		value = 10 * value + *s++ - '0';
	return value;
}

/* Services say it for all of the month; here it is of this day's end. */
static uint8_t leap_of(char said, int64_t day, int month)
{
	time_t tomorrow = (day + 1) * DAY;
	struct tm tm;

	if (!gmtime_r(&tomorrow, &tm) || tm.tm_mon + 1 == month)
		return NTP_LEAP_NONE;
	return said == '1' ? NTP_LEAP_INSERT :
	       said == '2' ? NTP_LEAP_DELETE : NTP_LEAP_NONE;
}

struct code {
	int mjd, year, month, day, hour, minute, second;
	char leap;
};

/* The day stands there twice: that is all the sum that these codes have. */
static enum acts_kind finish(const struct code *c, struct acts_time *t,
			     char *why)
{
	struct tm tm = {
		.tm_year = c->year - 1900, .tm_mon = c->month - 1,
		.tm_mday = c->day,
	};
	int64_t days;

	if (c->year < 1970 || c->month < 1 || c->month > 12 || c->day < 1 || c->day > 31 ||
	    c->hour > 23 || c->minute > 59 || c->second > 60) {
		snprintf(why, ACTS_WHY, "%04d-%02d-%02d %02d:%02d:%02d is no time",
			 c->year, c->month, c->day, c->hour, c->minute,
			 c->second);
		return ACTS_WRONG;
	}
	days = timegm(&tm) / DAY;
	if (days + MJD_1970 != c->mjd) {
		snprintf(why, ACTS_WHY, "%04d-%02d-%02d is not day %05d",
			 c->year, c->month, c->day, c->mjd);
		return ACTS_WRONG;
	}
	t->utc = (days * DAY + c->hour * 3600 + c->minute * 60 + c->second) *
		 NS_PER_S;
	t->leap = leap_of(c->leap, days, c->month);
	return ACTS_TIME;
}

/**
 * acts_nist() - a line of NIST's service
 * @line: up to its on-time marker
 * @t: where to
 * @why: what contradicts itself
 *
 * "JJJJJ YR-MO-DA HH:MM:SS TT L DUT1 msADV UTC(NIST) OTM". Return: its kind.
 */
enum acts_kind acts_nist(const char *line, struct acts_time *t, char *why)
{
	const char *end = strstr(line, " UTC(NIST) ");
	struct code c;

	if (!end || !has_shape(line, "99999 99-99-99 99:99:99 99 9 ") ||
	    (strcmp(end + 11, "*") && strcmp(end + 11, "#")))
		return ACTS_OTHER;
	c = (struct code){
		.mjd = number(line, 5),
		.year = 2000 + number(line + 6, 2),
		.month = number(line + 9, 2),
		.day = number(line + 12, 2),
		.hour = number(line + 15, 2),
		.minute = number(line + 18, 2),
		.second = number(line + 21, 2),
		.leap = line[27],
	};
	t->measured = end[11] == '#';
	return finish(&c, t, why);
}

/**
 * acts_european() - a line of the services of Europe (ITU-R TF.583)
 * @line: without its end
 * @t: where to
 * @why: what contradicts itself
 *
 * Local time, then UTC without its seconds, which are the same. Return: its
 * kind.
 */
enum acts_kind acts_european(const char *line, struct acts_time *t, char *why)
{
	struct code c;
	int local;

	if (strlen(line) != 79 ||
	    !has_shape(line, "9999-99-99 99?99:99 ???? 999999999999"
			     "99999999999999999?9?99999"))
		return ACTS_OTHER;
	c = (struct code){
		.year = number(line + 37, 4),
		.month = number(line + 41, 2),
		.day = number(line + 43, 2),
		.hour = number(line + 45, 2),
		.minute = number(line + 47, 2),
		.second = number(line + 17, 2),
		.mjd = number(line + 49, 5),
		.leap = '0',
	};
	/* It says in which month. */
	if (number(line + 57, 2) == c.month)
		c.leap = line[56] == '+' ? '1' : line[56] == '-' ? '2' : '0';
	local = number(line + 14, 2);
	/* All zones of Europe are whole hours off. */
	if (local != c.minute) {
		snprintf(why, ACTS_WHY, "minute %02d here is %02d in UTC", local,
			 c.minute);
		return ACTS_WRONG;
	}
	t->measured = line[78] == '#';
	return finish(&c, t, why);
}
