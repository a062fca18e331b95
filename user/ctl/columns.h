/* SPDX-License-Identifier: GPL-2.0 */
/* Columns of the width that chronyc's have, for people and their scripts. */
#ifndef KNTP_CTL_COLUMNS_H
#define KNTP_CTL_COLUMNS_H

#include "daemon.h"

#define COLUMN	32

/* "  34", "  46m": four characters or more. "   -" for an unknown age. */
char *col_age(bool known, int64_t ns, char buf[COLUMN]);
/* " 134ns", "+479us": six characters, and seven with a sign. */
char *col_ns(int64_t ns, char buf[COLUMN]);
char *col_signed_ns(int64_t ns, char buf[COLUMN]);
/* "134 ns", "1.5 ms": three digits or so; MICRO is the unit's name there. */
char *col_seconds(double s, const char *micro, char buf[COLUMN]);
/* "Fri Jan 27 09:49:17 2017", UTC. */
char *col_date(int64_t ns, char buf[COLUMN]);
/* "1485510557.123456789": seconds since 1970. */
char *col_epoch(int64_t ns, char buf[COLUMN]);

double seconds_of(struct json_object *o, const char *key);
double ppm_of(struct json_object *o, const char *key);
/* A reference id as chronyc has it: "CB00710F". */
char *hex_of(struct json_object *o, const char *key, char buf[COLUMN]);

/* "Yes" or "No": a boolean member. */
const char *yes_no(struct json_object *o, const char *key);

/* "Normal", "N": the leap status in chronyc's words. */
const char *leap_long(struct json_object *o);
char leap_short(struct json_object *o);

/* Seconds of an age as chronyc's CSV has it: 2^32 - 1 is an unknown one. */
uint32_t csv_age(struct json_object *o);

/* What stands above a table: MARKS, NAMES, COLUMNS. */
struct col_heading {
	const char *marks;	/* of the columns before the names */
	const char *names;
	int width;		/* of the names at least, in the rows */
	int reaches;		/* as far into them do the columns' titles */
	const char *columns;
};

/*
 * Prints the heading, as wide as the longest name in LIST wants it, and the
 * line below it. Returns the width of the names.
 */
int col_header(const struct col_heading *heading, struct json_object *list,
	       const struct daemon_flags *flags);

#endif
