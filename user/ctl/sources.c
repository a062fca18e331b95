// SPDX-License-Identifier: GPL-2.0
/* kntpd's sources: how they are heard, what they say, why they are followed. */
#include "columns.h"
#include "print.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef void (*row_fn)(struct json_object *o, const char *name, int width);

/* One of the tables: each source is a row of it, as text or CSV. */
struct table {
	const char *cmd;
	struct col_heading heading;
	const char *explained;
	row_fn text, csv;
};

static int show(struct ctl *ctl, const struct table *t, int argc, char **argv)
{
	struct json_object *answer, *list, *o;
	bool csv = pr_format() == PR_CSV;
	struct daemon_flags flags;
	int status, width = 0;
	size_t i;

	status = daemon_options(ctl, "vn", &flags, &argc, &argv);
	if (!status)
		status = words_none(ctl, argc, argv);
	if (!status)
		status = daemon_ask(ctl, daemon_request(t->cmd), &answer);
	if (status)
		return status;
	if (!json_object_object_get_ex(answer, "sources", &list) ||
	    !json_object_is_type(list, json_type_array)) {
		json_object_put(answer);
		return ctl_failed(ctl, "kntpd's answer has no sources");
	}
	if (!daemon_printed(ctl, answer)) {
		if (!csv && flags.explain)
			fputs(t->explained, stdout);
		if (!csv)
			width = col_header(&t->heading, list, &flags);
		for (i = 0; i < json_object_array_length(list); i++) {
			o = json_object_array_get_idx(list, i);
			(csv ? t->csv : t->text)(o, daemon_name(o, &flags),
						 width);
			if (flags.explain && *member_str(o, "problem"))
				printf("   %s\n", member_str(o, "problem"));
		}
	}
	json_object_put(answer);
	return 0;
}

static char mode_mark(struct json_object *o)
{
	const char *mode = member_str(o, "mode");

	return !strcmp(mode, "server") ? '^' : !strcmp(mode, "peer") ? '=' : '#';
}

static char *age_text(struct json_object *o, char buf[COLUMN])
{
	return col_age(member_has(o, "last_sample_age_ns"),
		       member_i64(o, "last_sample_age_ns"), buf);
}

static void source_text(struct json_object *o, const char *name, int width)
{
	char age[COLUMN], offset[COLUMN], measured[COLUMN], error[COLUMN];

	printf("%c%s %-*s  %2" PRId64 "  %2" PRId64 "   %3o  %s  %s[%s] +/- %s\n",
	       mode_mark(o), member_str(o, "mark"), width, name,
	       member_i64(o, "stratum"), member_i64(o, "poll"),
	       (unsigned int)member_i64(o, "reach"), age_text(o, age),
	       col_signed_ns(member_i64(o, "offset_ns"), offset),
	       col_signed_ns(member_i64(o, "measured_offset_ns"), measured),
	       col_ns(member_i64(o, "error_ns"), error));
}

static void source_csv(struct json_object *o, const char *name, int width)
{
	(void)width;
	printf("%c,%s,%s,%" PRId64 ",%" PRId64 ",%o,%" PRIu32 ",%.9f,%.9f,%.9f\n",
	       mode_mark(o), member_str(o, "mark"), name,
	       member_i64(o, "stratum"), member_i64(o, "poll"),
	       (unsigned int)member_i64(o, "reach"), csv_age(o),
	       seconds_of(o, "offset_ns"), seconds_of(o, "measured_offset_ns"),
	       seconds_of(o, "error_ns"));
}

int cmd_sources(struct ctl *ctl, int argc, char **argv)
{
	static const struct table table = {
		"sources",
		{ "MS ", "Name/IP address", 27, 3,
		  "Stratum Poll Reach LastRx Last sample               " },
		"M        ^ server, = peer, # reference clock\n"
		"S        * selected, + combined with it, - not combined,\n"
		"         x falseticker, ~ too jittery, ? unusable: see selectdata\n"
		"Poll     interval between requests, as a power of two of seconds\n"
		"Reach    the last eight requests in octal, the latest in the last bit:\n"
		"         1 is an answer, so 377 is an answer to each\n"
		"LastRx   age of the last sample, s unless a unit is given\n"
		"Last     offset of the last sample against the clock as it is now\n"
		"sample   [as it was measured] +/- the largest error it may have;\n"
		"         positive where the local clock is ahead\n"
		"Below a reference clock stands what is wrong with it.\n\n",
		source_text, source_csv,
	};

	return show(ctl, &table, argc, argv);
}

static void stats_text(struct json_object *o, const char *name, int width)
{
	char span[COLUMN], offset[COLUMN], deviation[COLUMN];

	printf("%-*s %3" PRId64 " %3" PRId64 "  %s %+10.3f %10.3f  %s  %s\n",
	       width, name, member_i64(o, "samples"), member_i64(o, "runs"),
	       col_age(true, member_i64(o, "span_ns"), span),
	       ppm_of(o, "frequency_ppb"), ppm_of(o, "skew_ppb"),
	       col_signed_ns(member_i64(o, "offset_ns"), offset),
	       col_ns(member_i64(o, "deviation_ns"), deviation));
}

static void stats_csv(struct json_object *o, const char *name, int width)
{
	(void)width;
	printf("%s,%" PRId64 ",%" PRId64 ",%" PRId64 ",%.3f,%.3f,%.9f,%.9f\n",
	       name, member_i64(o, "samples"), member_i64(o, "runs"),
	       member_i64(o, "span_ns") / 1000000000, ppm_of(o, "frequency_ppb"),
	       ppm_of(o, "skew_ppb"), seconds_of(o, "offset_ns"),
	       seconds_of(o, "deviation_ns"));
}

int cmd_sourcestats(struct ctl *ctl, int argc, char **argv)
{
	static const struct table table = {
		"sourcestats",
		{ "", "Name/IP Address", 25, 0,
		  "  NP  NR  Span  Frequency  Freq Skew  Offset  Std Dev" },
		"NP         samples that are kept\n"
		"NR         runs of them on one side of what is estimated; few: a poor fit\n"
		"Span       from the oldest to the newest, s unless a unit is given\n"
		"Frequency  by which the corrected clock gains on the source, ppm\n"
		"Freq Skew  bound of its error, ppm\n"
		"Offset     estimated; positive where the local clock is ahead\n"
		"Std Dev    of a sample\n\n",
		stats_text, stats_csv,
	};

	return show(ctl, &table, argc, argv);
}

/* The options in the order of chronyc's columns; the fifth is none yet. */
static void print_options(struct json_object *o, const char *between)
{
	static const struct {
		const char *key;
		char letter;
	} options[] = {
		{ "noselect", 'N' }, { "prefer", 'P' }, { "trust", 'T' },
		{ "require", 'R' },
	};
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		printf("%c%s", member_bool(o, options[i].key) ?
		       options[i].letter : '-', between);
	putchar('-');
}

static void select_text(struct json_object *o, const char *name, int width)
{
	char age[COLUMN], low[COLUMN], high[COLUMN];
	int twice;

	printf("%s %-*s %c ", member_str(o, "mark"), width, name,
	       member_bool(o, "authenticated") ? 'Y' : 'N');
	for (twice = 0; twice < 2; twice++) {
		print_options(o, "");
		putchar(' ');
	}
	printf("%s %5.1f %s %s  %c\n", age_text(o, age),
	       member_double(o, "score"),
	       col_signed_ns(member_i64(o, "low_ns"), low),
	       col_signed_ns(member_i64(o, "high_ns"), high), leap_short(o));
}

static void select_csv(struct json_object *o, const char *name, int width)
{
	int twice;

	(void)width;
	printf("%s,%s,%c,", member_str(o, "mark"), name,
	       member_bool(o, "authenticated") ? 'Y' : 'N');
	for (twice = 0; twice < 2; twice++) {
		print_options(o, ",");
		putchar(',');
	}
	printf("%" PRIu32 ",%.1f,%.9f,%.9f,%s\n", csv_age(o),
	       member_double(o, "score"), seconds_of(o, "low_ns"),
	       seconds_of(o, "high_ns"), leap_long(o));
}

int cmd_selectdata(struct ctl *ctl, int argc, char **argv)
{
	static const struct table table = {
		"selectdata",
		{ "S ", "Name/IP Address", 25, 2,
		  "Auth COpts EOpts Last Score     Interval  Leap" },
		"S         unusable:  N by its noselect option, M too few samples,\n"
		"                     s not synchronised, r its stratum, d too distant,\n"
		"                     ~ too jittery, w others are waited for, S stale,\n"
		"                     O orphan, T not agreeing with those to trust,\n"
		"                     x falseticker\n"
		"          not used:  W more sources are wanted first, P another is\n"
		"                     preferred, U waits for its next sample,\n"
		"                     D too distant to be combined\n"
		"          used:      + combined, * selected\n"
		"COpts     its options noselect, prefer, trust, require\n"
		"EOpts     those that hold\n"
		"Last      age of the last sample, s unless a unit is given\n"
		"Score     against the selected source\n"
		"Interval  that the offset of the local clock is in, by it\n\n",
		select_text, select_csv,
	};

	return show(ctl, &table, argc, argv);
}
