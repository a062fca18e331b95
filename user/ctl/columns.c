// SPDX-License-Identifier: GPL-2.0
#include "columns.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NSEC_PER_SEC	((int64_t)1000000000)

char *col_age(bool known, int64_t ns, char buf[COLUMN])
{
	int64_t s = ns / NSEC_PER_SEC;

	if (!known || s < 0)
		snprintf(buf, COLUMN, "   -");
	else if (s < 20 * 60)
		snprintf(buf, COLUMN, "%4" PRId64, s);
	else if (s < 10 * 3600)
		snprintf(buf, COLUMN, "%3" PRId64 "m", s / 60);
	else if (s < 4 * 86400)
		snprintf(buf, COLUMN, "%3" PRId64 "h", s / 3600);
	else if (s < 1000 * 86400)
		snprintf(buf, COLUMN, "%3" PRId64 "d", s / 86400);
	else
		snprintf(buf, COLUMN, "%3" PRId64 "y", s / (365 * 86400));
	return buf;
}

/* At most four digits, of the smallest unit that they do for. */
static char *scaled(int64_t ns, bool sign, char buf[COLUMN])
{
	double value = (double)ns, size = value < 0 ? -value : value;

	if (size < 9999.5)
		snprintf(buf, COLUMN, sign ? "%+5.0fns" : "%4.0fns", value);
	else if (size < 9999.5e3)
		snprintf(buf, COLUMN, sign ? "%+5.0fus" : "%4.0fus",
			 value / 1e3);
	else if (size < 9999.5e6)
		snprintf(buf, COLUMN, sign ? "%+5.0fms" : "%4.0fms",
			 value / 1e6);
	else if (size < 999.5e9)
		snprintf(buf, COLUMN, sign ? "%+6.1fs" : "%5.1fs", value / 1e9);
	else
		snprintf(buf, COLUMN, sign ? "%+6.0fs" : "%5.0fs", value / 1e9);
	return buf;
}

char *col_ns(int64_t ns, char buf[COLUMN])
{
	return scaled(ns < 0 ? -ns : ns, false, buf);
}

char *col_signed_ns(int64_t ns, char buf[COLUMN])
{
	return scaled(ns, true, buf);
}

char *col_seconds(double s, const char *micro, char buf[COLUMN])
{
	double abs = fabs(s);

	if (abs < 1e-6)
		snprintf(buf, COLUMN, "%.0f ns", s * 1e9);
	else if (abs < 1e-3)
		snprintf(buf, COLUMN, "%.3g %s", s * 1e6, micro);
	else if (abs < 1)
		snprintf(buf, COLUMN, "%.3g ms", s * 1e3);
	else
		snprintf(buf, COLUMN, "%.6g s", s);
	return buf;
}

char *col_date(int64_t ns, char buf[COLUMN])
{
	time_t t = ns / NSEC_PER_SEC;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, COLUMN, "%a %b %d %H:%M:%S %Y", &tm);
	return buf;
}

char *col_epoch(int64_t ns, char buf[COLUMN])
{
	snprintf(buf, COLUMN, "%" PRId64 ".%09" PRId64, ns / NSEC_PER_SEC,
		 ns % NSEC_PER_SEC);
	return buf;
}

double seconds_of(struct json_object *o, const char *key)
{
	return (double)member_i64(o, key) / NSEC_PER_SEC;
}

double ppm_of(struct json_object *o, const char *key)
{
	return member_double(o, key) / 1000;
}

char *hex_of(struct json_object *o, const char *key, char buf[COLUMN])
{
	snprintf(buf, COLUMN, "%08lX",
		 strtoul(member_str(o, key), NULL, 16) & UINT32_MAX);
	return buf;
}

const char *leap_long(struct json_object *o)
{
	static const char *const words[] = {
		"Normal", "Insert second", "Delete second", "Not synchronised",
	};

	return words[member_i64(o, "leap_indicator") & 3];
}

const char *yes_no(struct json_object *o, const char *key)
{
	return member_bool(o, key) ? "Yes" : "No";
}

char leap_short(struct json_object *o)
{
	return "N+-?"[member_i64(o, "leap_indicator") & 3];
}

uint32_t csv_age(struct json_object *o)
{
	if (!member_has(o, "last_sample_age_ns"))
		return UINT32_MAX;
	return (uint32_t)(member_i64(o, "last_sample_age_ns") / NSEC_PER_SEC);
}

int col_header(const struct col_heading *h, struct json_object *list,
	       const struct daemon_flags *flags)
{
	size_t i, n = json_object_array_length(list);
	int len, width = h->width;

	for (i = 0; i < n; i++) {
		len = (int)strlen(daemon_name(
				json_object_array_get_idx(list, i), flags));
		width = len > width ? len : width;
	}
	len = printf("%s%-*s%s", h->marks, width - h->reaches, h->names,
		     h->columns);
	putchar('\n');
	for (; len > 0; len--)
		putchar('=');
	putchar('\n');
	return width;
}
