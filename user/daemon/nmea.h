/* SPDX-License-Identifier: GPL-2.0 */
/* The time in sentences of NMEA 0183. */
#ifndef KNTPD_NMEA_H
#define KNTPD_NMEA_H

#include <stddef.h>
#include <stdint.h>

enum { NMEA_LINE = 128 };	/* longest sentence, with its NUL; 82 by the norm */

enum nmea_kind {
	NMEA_OTHER,	/* a sentence without time and date */
	NMEA_TIME,	/* and there is a fix: RMC */
	NMEA_CLOCK,	/* time, from a sentence that tells of no fix: ZDA */
	NMEA_FIX,	/* no time, but there is a fix: GGA */
	NMEA_VOID,	/* the receiver does not know the time, or has no fix */
	NMEA_GARBLED,	/* no sentence, or its sum is wrong */
};

/*
 * LINE runs from '$' to before its end. NMEA_TIME and NMEA_CLOCK set UTC, ns
 * since 1970; the other kinds leave it.
 */
enum nmea_kind nmea_parse(const char *line, int64_t *utc);

#endif
