/* SPDX-License-Identifier: GPL-2.0 */
/* Leap seconds: when they are, and how time goes on over them. */
#ifndef KNTPD_LEAP_H
#define KNTPD_LEAP_H

#include "sample.h"

#include <stdbool.h>
#include <stddef.h>

enum { LEAP_TABLE = 128, LEAP_WHY = 96 };

/**
 * struct leap_table - the leap seconds there have been, and those to come
 * @at: the midnight after each of them, s since 1970
 * @tai: TAI - UTC from then on, s
 * @n: how many
 * @expires: nobody knows what is later, s since 1970; 0 when it is not said
 */
struct leap_table {
	int64_t at[LEAP_TABLE];
	int tai[LEAP_TABLE];
	unsigned int n;
	int64_t expires;
};

/* leap_table.c. 0, or -EINVAL and WHY (LEAP_WHY bytes). */
int leap_parse_list(const char *text, size_t len, struct leap_table *t,
		    char *why);
int leap_parse_tzif(const uint8_t *data, size_t len, struct leap_table *t,
		    char *why);

struct config;

/* Called when a leap second has just been: all that is held of UTC moves by NS. */
void leap_init(const struct config *c, void (*leapt)(int64_t ns));
void leap_stop(void);

/*
 * What is to be announced at UTC, in ns, where the sources say SAID: enum
 * ntp_leap, and only on the day that may end with one. It is waited for then.
 */
uint8_t leap_announce(uint8_t said, int64_t utc);
/* TAI - UTC as the table has it, s; 0 without one. */
int leap_tai(int64_t utc);

/* A line of UTC that runs on is made to leap. */
int64_t leap_line(int64_t utc);
/* Until the line has to leap, s. */
double leap_left(int64_t raw);
/* Clocks may not all have leapt yet. */
bool leap_just_was(int64_t utc);
/* What is between our UTC and the kernel's while only one of both has leapt. */
int64_t leap_excuse(int64_t ns, int64_t utc);
/* False when it is too near to one to say of which side of it it is. */
bool leap_sample(struct sample *s);

#endif
