/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers, durations, points in time and reference ids, parsed exactly. */
#ifndef KNTP_USER_UNITS_H
#define KNTP_USER_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Each parser takes a whole word and returns NULL, or why the word will not
 * do: the reason goes after "'WORD' ".
 */

/* An integer from MIN to MAX; WHY (UNITS_WHY bytes) holds the reason. */
#define UNITS_WHY	64
const char *uint_parse(const char *word, uint64_t min, uint64_t max,
		       uint64_t *value, char *why);

/* "1.5", "1500ms", "20us", "7ns", "2s": no suffix means seconds. */
const char *duration_parse(const char *word, uint64_t *ns);

/* "15", "0.001": into thousandths, as of parts per million in parts per billion. */
const char *milli_parse(const char *word, uint32_t *milli);

/* "-12.000000000001": signed parts per million into units of 2^-64. */
const char *rate_parse(const char *word, int64_t *rate);

/* "now", seconds since 1970, or 2026-01-31T23:59:59.5Z. */
const char *time_parse(const char *word, int64_t now, int64_t *ns);

/* 1 to 4 characters, a dotted IPv4 address, or 0x and up to 8 digits. */
const char *refid_parse(const char *word, uint32_t *refid);

#define TIME_TEXT	48
#define DURATION_TEXT	40
#define REFID_TEXT	16
#define RATE_TEXT	40

/*
 * VALUE with so many digits at least (20 at most), and NUL; returns where that
 * is. printf() takes ten times as long, which a million lines are held up by.
 */
char *decimal_append(char *to, uint64_t value, unsigned int digits);

/* "2026-01-31T23:59:59.500000000Z", "1.500000000". Return BUF. */
char *time_format(int64_t ns, char buf[TIME_TEXT]);
char *duration_format(uint64_t ns, char buf[DURATION_TEXT]);

/* "-12.000000000001", in parts per million. Returns BUF. */
char *rate_format(int64_t rate, char buf[RATE_TEXT]);

/* The id's characters, or an empty string where it has no such form. */
char *refid_ascii(uint32_t refid, char buf[REFID_TEXT]);
char *refid_dotted(uint32_t refid, char buf[REFID_TEXT]);

#endif
