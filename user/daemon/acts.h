/* SPDX-License-Identifier: GPL-2.0 */
/* What telephone time services say once a second. */
#ifndef KNTPD_ACTS_H
#define KNTPD_ACTS_H

#include <stdbool.h>
#include <stdint.h>

enum { ACTS_LINE = 128, ACTS_WHY = 96 };

enum acts_kind {
	ACTS_OTHER,	/* no time code: a greeting, or half a line */
	ACTS_TIME,
	ACTS_WRONG,	/* a time code that contradicts itself */
};

/**
 * struct acts_time - a line
 * @utc: of its on-time marker, ns since 1970
 * @leap: enum ntp_leap, of this day's end
 * @measured: the service has measured the way to here, and sends ahead by it
 */
struct acts_time {
	int64_t utc;
	uint8_t leap;
	bool measured;
};

/* LINE ends with the marker. WHY has ACTS_WHY bytes; set with ACTS_WRONG. */
enum acts_kind acts_nist(const char *line, struct acts_time *t, char *why);
/* Without the end of the line, which is the marker. As above. */
enum acts_kind acts_european(const char *line, struct acts_time *t, char *why);

#endif
