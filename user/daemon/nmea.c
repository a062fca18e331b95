// SPDX-License-Identifier: GPL-2.0
#include "nmea.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S	1000000000LL
/* 2026-01-01, s since 1970: no true date is earlier. */
#define WRITTEN		1767225600LL
#define ERA		(1024 * 7 * 86400LL)

enum { FIELDS = 24 };

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The sum stands behind the star; without one it may as well be noise. */
static bool sum_is_right(const char *line, const char *star)
{
	unsigned int sum = 0;

	for (line++; line < star; line++)
		sum ^= (unsigned char)*line;
	return hex(star[1]) >= 0 && hex(star[2]) >= 0 && !star[3] &&
	       sum == (unsigned int)(hex(star[1]) << 4 | hex(star[2]));
}

static size_t split(char *text, char **field)
{
	size_t n = 0;

	while (text && n < FIELDS) {
		field[n++] = text;
		text = strchr(text, ',');
		if (text)
			*text++ = '\0';
	}
	return n;
}

/* N digits, or -1. */
static int digits(const char *s, int n)
{
	int value = 0;

	while (n--) {
		if (*s < '0' || *s > '9')
			return -1;
		value = 10 * value + *s++ - '0';
	}
	return value;
}

/* "hhmmss" and a fraction: into TM, and NS. */
static bool read_time(const char *s, struct tm *tm, int64_t *ns)
{
	int64_t unit = NS_PER_S / 10;

	tm->tm_hour = digits(s, 2);
	tm->tm_min = tm->tm_hour < 0 ? -1 : digits(s + 2, 2);
	tm->tm_sec = tm->tm_min < 0 ? -1 : digits(s + 4, 2);
	if (tm->tm_sec < 0 || tm->tm_hour > 23 || tm->tm_min > 59 ||
	    tm->tm_sec > 60)
		return false;
	*ns = 0;
	s += 6;
	if (*s && *s++ != '.')
		return false;
	for (; *s; s++, unit /= 10) {
		if (*s < '0' || *s > '9')
			return false;
		*ns += (*s - '0') * unit;
	}
	return true;
}

static bool read_date(int year, int month, int day, struct tm *tm)
{
	if (year < 1980 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	tm->tm_year = year - 1900;
	tm->tm_mon = month - 1;
	tm->tm_mday = day;
	return true;
}

/*
 * GPS counts weeks modulo 1024. A receiver whose firmware takes the wrong 1024
 * weeks names a date from before this program was written.
 */
static void finish(struct tm *tm, int64_t ns, int64_t *utc)
{
	int64_t s = timegm(tm);

	while (s < WRITTEN)
		s += ERA;
	*utc = s * NS_PER_S + ns;
}

/* $--RMC,hhmmss.ss,A,lat,N,lon,E,speed,course,ddmmyy,... */
static enum nmea_kind read_rmc(char *const *f, size_t n, int64_t *utc)
{
	struct tm tm = { 0 };
	int64_t ns;
	int year;

	if (n < 10)
		return NMEA_GARBLED;
	if (strcmp(f[2], "A") || !*f[1] || !*f[9])
		return NMEA_VOID;
	if (strlen(f[9]) != 6 || !read_time(f[1], &tm, &ns))
		return NMEA_GARBLED;
	year = digits(f[9] + 4, 2);
	if (year < 0 || !read_date(year + (year < 80 ? 2000 : 1900),
				   digits(f[9] + 2, 2), digits(f[9], 2), &tm))
		return NMEA_GARBLED;
	finish(&tm, ns, utc);
	return NMEA_TIME;
}

/* $--GGA,hhmmss.ss,lat,N,lon,E,quality,...: 0 is no fix */
static enum nmea_kind read_gga(char *const *f, size_t n)
{
	if (n < 7 || !*f[6])
		return NMEA_OTHER;
	return strcmp(f[6], "0") ? NMEA_FIX : NMEA_VOID;
}

/* $--ZDA,hhmmss.ss,dd,mm,yyyy,... */
static enum nmea_kind read_zda(char *const *f, size_t n, int64_t *utc)
{
	struct tm tm = { 0 };
	int64_t ns;

	if (n < 5)
		return NMEA_GARBLED;
	if (!*f[1] || !*f[2] || !*f[3] || !*f[4])
		return NMEA_VOID;
	if (strlen(f[2]) != 2 || strlen(f[3]) != 2 || strlen(f[4]) != 4 ||
	    !read_time(f[1], &tm, &ns) ||
	    !read_date(digits(f[4], 4), digits(f[3], 2), digits(f[2], 2), &tm))
		return NMEA_GARBLED;
	finish(&tm, ns, utc);
	return NMEA_CLOCK;
}

/**
 * nmea_parse() - what a sentence says of the time
 * @line: from its '$' on, without what ends the line
 * @utc: ns since 1970, where it says so; a second 60 is the one after
 *
 * Return: what kind it is.
 */
enum nmea_kind nmea_parse(const char *line, int64_t *utc)
{
	char text[NMEA_LINE], *field[FIELDS], *star;
	size_t n, len = strlen(line);

	if (len >= sizeof(text) || *line != '$')
		return NMEA_GARBLED;
	memcpy(text, line, len + 1);
	star = strrchr(text, '*');
	if (!star || !sum_is_right(text, star))
		return NMEA_GARBLED;
	*star = '\0';
	n = split(text + 1, field);
	len = strlen(field[0]);
	if (len >= 5 && !strcmp(field[0] + len - 3, "RMC"))
		return read_rmc(field, n, utc);
	if (len >= 5 && !strcmp(field[0] + len - 3, "GGA"))
		return read_gga(field, n);
	if (len >= 5 && !strcmp(field[0] + len - 3, "ZDA"))
		return read_zda(field, n, utc);
	return NMEA_OTHER;
}
