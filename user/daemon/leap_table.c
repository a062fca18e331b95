// SPDX-License-Identifier: GPL-2.0
#include "leap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* 1 January 1970 in seconds of NTP, which begins with 1900. */
#define NTP_1970	2208988800LL
#define DAY		86400
#define TAI_MAX		200

static int refuse(char *why, unsigned int where, const char *what)
{
	snprintf(why, LEAP_WHY, "line %u: %s", where, what);
	return -EINVAL;
}

/* NULL or what is wrong. */
static const char *add(struct leap_table *t, int64_t at, int tai)
{
	unsigned int n = t->n;

	if (n == LEAP_TABLE)
		return "more leap seconds than there can be";
	if (at % DAY || tai < -TAI_MAX || tai > TAI_MAX)
		return "not a midnight and TAI - UTC";
	if (n && (at <= t->at[n - 1] || (tai - t->tai[n - 1] != 1 &&
					 tai - t->tai[n - 1] != -1)))
		return "not one second after the one before";
	t->at[n] = at;
	t->tai[n] = tai;
	t->n++;
	return NULL;
}

static const char *take_line(struct leap_table *t, const char *line)
{
	long long ntp;
	int tai;

	if (sscanf(line, "#@ %lld", &ntp) == 1 && ntp > NTP_1970)
		t->expires = ntp - NTP_1970;
	if (line[0] == '#' || line[strspn(line, " \t\r")] == '\0')
		return NULL;
	if (sscanf(line, "%lld %d", &ntp, &tai) != 2 || ntp < NTP_1970)
		return "not a time and TAI - UTC";
	return add(t, ntp - NTP_1970, tai);
}

/**
 * leap_parse_list() - a leap-seconds.list, as the IERS publishes it
 * @text: it
 * @len: its length
 * @t: where to
 * @why: what is wrong with it, LEAP_WHY bytes
 *
 * Return: 0 or -EINVAL.
 */
int leap_parse_list(const char *text, size_t len, struct leap_table *t,
		    char *why)
{
	const char *end = text + len, *eol, *wrong;
	unsigned int number = 1;
	char line[256];
	size_t n;

	memset(t, 0, sizeof(*t));
	for (; text < end; text = eol + (eol < end), number++) {
		eol = memchr(text, '\n', (size_t)(end - text));
		if (!eol)
			eol = end;
		/* Only comments are longer, and of those the begin does. */
		n = (size_t)(eol - text) < sizeof(line) - 1 ?
		    (size_t)(eol - text) : sizeof(line) - 1;
		memcpy(line, text, n);
		line[n] = '\0';
		wrong = take_line(t, line);
		if (wrong)
			return refuse(why, number, wrong);
	}
	return t->n ? 0 : refuse(why, number, "no leap second at all");
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
	return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* RFC 8536 section 3: a header's counts, and the body that comes after it. */
struct block {
	uint32_t isut, isstd, leaps, times, types, chars;
};

enum { TZIF_HEADER = 44, TZIF_COUNT_MAX = 100000 };

static bool read_block(const uint8_t *p, size_t left, struct block *b)
{
	if (left < TZIF_HEADER || memcmp(p, "TZif", 4))
		return false;
	*b = (struct block){
		be32(p + 20), be32(p + 24), be32(p + 28), be32(p + 32),
		be32(p + 36), be32(p + 40),
	};
	return b->isut <= TZIF_COUNT_MAX && b->isstd <= TZIF_COUNT_MAX &&
	       b->leaps <= TZIF_COUNT_MAX && b->times <= TZIF_COUNT_MAX &&
	       b->types <= TZIF_COUNT_MAX && b->chars <= TZIF_COUNT_MAX;
}

static size_t before_leaps(const struct block *b, size_t size)
{
	return TZIF_HEADER + b->times * (size + 1) + b->types * 6 + b->chars;
}

static int not_tzif(char *why)
{
	snprintf(why, LEAP_WHY, "not a time zone with leap seconds");
	return -EINVAL;
}

/**
 * leap_parse_tzif() - the leap seconds of a time zone, as right/UTC has them
 * @data: a file of RFC 8536, of version 2 or later
 * @len: its length
 * @t: where to
 * @why: what is wrong with it, LEAP_WHY bytes
 *
 * Return: 0 or -EINVAL.
 */
int leap_parse_tzif(const uint8_t *data, size_t len, struct leap_table *t,
		    char *why)
{
	const uint8_t *p = data, *end = data + len;
	int32_t correction, before = 0;
	const char *wrong = NULL;
	struct block b;
	size_t skip;
	uint32_t i;

	memset(t, 0, sizeof(*t));
	if (!read_block(p, len, &b) || p[4] < '2')
		return not_tzif(why);
	/* Times of four octets come first, for readers of version 1. */
	skip = before_leaps(&b, 4) + b.leaps * 8 + b.isstd + b.isut;
	if (skip > len || !read_block(p + skip, len - skip, &b))
		return not_tzif(why);
	p += skip;
	skip = before_leaps(&b, 8);
	if (!b.leaps || (size_t)(end - p) < skip ||
	    (size_t)(end - p) - skip < b.leaps * 12)
		return not_tzif(why);
	p += skip;
	for (i = 0; i < b.leaps && !wrong; i++, p += 12) {
		int64_t at = be64(p);

		correction = (int32_t)be32(p + 8);
		if (at <= before || at > INT64_MAX / 2)
			return not_tzif(why);
		/* It stands for its own second, which is the day's last. */
		at -= before;
		at += (DAY - at % DAY) % DAY;
		/* An entry that repeats the last is where the table expires. */
		if (i && correction == before) {
			t->expires = at;
			continue;
		}
		if (correction < -TAI_MAX || correction > TAI_MAX)
			return not_tzif(why);
		wrong = add(t, at, 10 + correction);
		before = correction;
	}
	return wrong ? not_tzif(why) : 0;
}
