// SPDX-License-Identifier: GPL-2.0
/* What kntpd follows, how well, and waiting until it does. */
#include "columns.h"
#include "print.h"
#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void print_text(struct json_object *o, const char *name)
{
	double correction = seconds_of(o, "correction_ns");
	double frequency = ppm_of(o, "frequency_ppb");
	char date[COLUMN], hex[COLUMN];

	printf("Reference ID    : %s (%s)\n", hex_of(o, "refid_hex", hex), name);
	printf("Stratum         : %" PRId64 "\n", member_i64(o, "stratum"));
	printf("Ref time (UTC)  : %s\n",
	       col_date(member_i64(o, "reference_time_ns"), date));
	printf("System time     : %.9f seconds %s of NTP time\n",
	       fabs(correction),
	       correction > 0 ? "slow" : "fast");
	printf("Last offset     : %+.9f seconds\n",
	       seconds_of(o, "last_offset_ns"));
	printf("RMS offset      : %.9f seconds\n",
	       seconds_of(o, "rms_offset_ns"));
	printf("Frequency       : %.3f ppm %s\n",
	       fabs(frequency),
	       frequency > 0 ? "fast" : "slow");
	printf("Residual freq   : %+.3f ppm\n",
	       ppm_of(o, "residual_frequency_ppb"));
	printf("Skew            : %.3f ppm\n", ppm_of(o, "skew_ppb"));
	printf("Root delay      : %.9f seconds\n",
	       seconds_of(o, "root_delay_ns"));
	printf("Root dispersion : %.9f seconds\n",
	       seconds_of(o, "root_dispersion_ns"));
	printf("Update interval : %.1f seconds\n",
	       seconds_of(o, "update_interval_ns"));
	printf("Leap status     : %s\n", leap_long(o));
}

static void print_csv(struct json_object *o, const char *name)
{
	char epoch[COLUMN], hex[COLUMN];

	printf("%s,%s,%" PRId64 ",%s,%.9f,%.9f,%.9f,%.3f,%.3f,%.3f,%.9f,%.9f,%.1f,%s\n",
	       hex_of(o, "refid_hex", hex), name, member_i64(o, "stratum"),
	       col_epoch(member_i64(o, "reference_time_ns"), epoch),
	       seconds_of(o, "correction_ns"), seconds_of(o, "last_offset_ns"),
	       seconds_of(o, "rms_offset_ns"), ppm_of(o, "frequency_ppb"),
	       ppm_of(o, "residual_frequency_ppb"), ppm_of(o, "skew_ppb"),
	       seconds_of(o, "root_delay_ns"),
	       seconds_of(o, "root_dispersion_ns"),
	       seconds_of(o, "update_interval_ns"), leap_long(o));
}

int cmd_tracking(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *answer;
	struct daemon_flags flags;
	int status;

	status = daemon_options(ctl, "n", &flags, &argc, &argv);
	if (!status)
		status = words_none(ctl, argc, argv);
	if (!status)
		status = daemon_ask(ctl, daemon_request("tracking"), &answer);
	if (status)
		return status;
	if (pr_format() == PR_CSV)
		print_csv(answer, daemon_name(answer, &flags));
	else if (!daemon_printed(ctl, answer))
		print_text(answer, daemon_name(answer, &flags));
	json_object_put(answer);
	return 0;
}

struct wait {
	uint64_t tries;		/* 0: no end */
	uint64_t correction;	/* ns; 0: any */
	uint32_t skew;		/* ppb; 0: any */
	uint64_t interval;	/* ns */
};

/* MAX-TRIES [MAX-CORRECTION [MAX-SKEW [INTERVAL]]] */
static int wait_words(const struct ctl *ctl, struct wait *w, int argc,
		      char **argv)
{
	static const char *const names[] = {
		"MAX-TRIES", "MAX-CORRECTION", "MAX-SKEW", "INTERVAL",
	};
	const char *bad = NULL;
	char why[UNITS_WHY];
	int i;

	for (i = 0; i < argc && i < 4; i++) {
		if (i == 0)
			bad = uint_parse(argv[i], 0, UINT32_MAX, &w->tries, why);
		else if (i == 1)
			bad = duration_parse(argv[i], &w->correction);
		else if (i == 2)
			bad = milli_parse(argv[i], &w->skew);
		else
			bad = duration_parse(argv[i], &w->interval);
		if (bad)
			return ctl_usage(ctl, "%s: '%s' %s", names[i], argv[i],
					 bad);
	}
	return words_none(ctl, argc - i, argv + i);
}

/* Followed is a source: not what the operator vouches for with `local`. */
static bool good_enough(struct json_object *o, const struct wait *w)
{
	int64_t correction = member_i64(o, "correction_ns");

	if (!member_bool(o, "synchronised") || !*member_str(o, "name"))
		return false;
	if (correction < 0)
		correction = -correction;
	return (!w->correction || (uint64_t)correction <= w->correction) &&
	       (!w->skew || member_double(o, "skew_ppb") <= w->skew);
}

static void print_try(const struct ctl *ctl, struct json_object *o,
		      uint64_t try)
{
	bool csv = pr_format() == PR_CSV;
	double correction = seconds_of(o, "correction_ns");
	char hex[COLUMN];

	if (correction < 0)
		correction = -correction;
	if (!daemon_printed(ctl, o))
		printf(csv ? "%" PRIu64 ",%s,%.9f,%.3f\n" :
		       "try: %" PRIu64 ", refid: %s, correction: %.9f, skew: %.3f\n",
		       try, hex_of(o, "refid_hex", hex), correction,
		       ppm_of(o, "skew_ppb"));
	fflush(stdout);
}

/*
 * A daemon that is not there yet is waited for as well. It is said once, and
 * again when it is the reason in the end.
 */
int cmd_waitsync(struct ctl *ctl, int argc, char **argv)
{
	struct wait w = { .interval = 10000000000ULL };
	struct json_object *answer;
	bool said = false, done;
	struct timespec ts;
	uint64_t try;
	int status;

	status = wait_words(ctl, &w, argc, argv);
	if (status)
		return status;
	if (w.interval < 100000000)
		w.interval = 100000000;
	ts.tv_sec = (time_t)(w.interval / 1000000000);
	ts.tv_nsec = (long)(w.interval % 1000000000);
	for (try = 1; ; try++) {
		answer = said ? daemon_peek("tracking") : NULL;
		if (!said)
			status = daemon_ask(ctl, daemon_request("tracking"),
					    &answer);
		said |= status;
		if (answer) {
			status = EXIT_REFUSED;
			print_try(ctl, answer, try);
			done = good_enough(answer, &w);
			json_object_put(answer);
			if (done)
				return 0;
		}
		if (try == w.tries)
			break;
		nanosleep(&ts, NULL);
	}
	if (status == EXIT_REFUSED)
		ctl_failed(ctl, "not synchronised after %" PRIu64 " tries", try);
	return status;
}
