// SPDX-License-Identifier: GPL-2.0
/*
 * By the rules of Prometheus: seconds and ratios, counters end in _total, and each
 * name has its HELP and TYPE once, before its samples.
 */
#include "metrics.h"
#include "clientrow.h"
#include "counters.h"
#include "names.h"
#include "nl.h"
#include "publish.h"
#include "report.h"

#include <inttypes.h>
#include <linux/kntp.h>
#include <math.h>

static void head(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(FILE *to, const char *name, const char *help, double value)
{
	head(to, name, "gauge", help);
	fprintf(to, "%s %.12g\n", name, value);
}

static void count(FILE *to, const char *name, const char *help, uint64_t value)
{
	head(to, name, "counter", help);
	fprintf(to, "%s %" PRIu64 "\n", name, value);
}

/* A name of a source is nearly whatever its line says. */
static void put_label(FILE *to, const char *text)
{
	for (; *text; text++)
		if (*text == '\n')
			fputs("\\n", to);
		else if (*text == '"' || *text == '\\')
			fprintf(to, "\\%c", *text);
		else
			fputc(*text, to);
}

static void put_outcome(FILE *to, const struct hook_stats *h, const char *outcome,
			enum counter_group group)
{
	int i;

	FOR_EACH_COUNTER(i, group)
		fprintf(to, "kntp_requests_total{hook=\"%s\",outcome=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
			hook_name(h->hook), outcome, counters[i].name,
			h->count[i]);
}

/*
 * Buckets of powers of two are what the module counts; the sum is made of their
 * middles, as it does not add up times.
 */
static void put_times(FILE *to, const struct stats *s)
{
	const struct hook_stats *h;
	uint64_t below;
	double sum;
	int i;

	head(to, "kntp_response_time_seconds", "histogram",
	     "From arrival to reply, where the arrival was stamped; its sum is estimated.");
	for (h = s->hook; h < s->hook + s->n; h++) {
		below = 0;
		sum = 0;
		for (i = 1; i <= KNTP_TIME_MAX; i++) {
			below += h->times[i];
			sum += (double)h->times[i] * time_bucket(i) * 0.75;
			fprintf(to, "kntp_response_time_seconds_bucket{hook=\"%s\",le=\"%.9g\"} %" PRIu64 "\n",
				hook_name(h->hook), time_bucket(i), below);
		}
		fprintf(to, "kntp_response_time_seconds_bucket{hook=\"%s\",le=\"+Inf\"} %" PRIu64 "\n"
			"kntp_response_time_seconds_sum{hook=\"%s\"} %.9g\n"
			"kntp_response_time_seconds_count{hook=\"%s\"} %" PRIu64 "\n",
			hook_name(h->hook), h->timed, hook_name(h->hook), sum,
			hook_name(h->hook), h->timed);
	}
}

static void put_hooks(FILE *to, const struct stats *s)
{
	const struct hook_stats *h;
	int i;

	head(to, "kntp_datagrams_total", "counter",
	     "Datagrams to UDP port 123 that a hook of the module saw.");
	for (h = s->hook; h < s->hook + s->n; h++)
		fprintf(to, "kntp_datagrams_total{hook=\"%s\"} %" PRIu64 "\n",
			hook_name(h->hook), h->count[KNTP_STAT_IN]);
	head(to, "kntp_requests_total", "counter",
	     "What became of each of them, and why.");
	for (h = s->hook; h < s->hook + s->n; h++) {
		fprintf(to, "kntp_requests_total{hook=\"%s\",outcome=\"answered\",reason=\"\"} %" PRIu64 "\n",
			hook_name(h->hook), h->count[KNTP_STAT_ANSWERED]);
		put_outcome(to, h, "passed", COUNTER_PASS);
		put_outcome(to, h, "dropped", COUNTER_DROP);
	}
	head(to, "kntp_requests_special_total", "counter",
	     "Those that were special, counted above, too.");
	for (h = s->hook; h < s->hook + s->n; h++)
		FOR_EACH_COUNTER(i, COUNTER_OF)
			fprintf(to, "kntp_requests_special_total{hook=\"%s\",kind=\"%s\"} %" PRIu64 "\n",
				hook_name(h->hook), counters[i].name,
				h->count[i]);
	put_times(to, s);
}

static void put_module(FILE *to)
{
	struct nl *nl = publish_nl();
	struct stats stats = { 0 };
	struct client_table table = { 0 };

	gauge(to, "kntp_module_loaded", "Whether the module takes what kntpd says.",
	      nl != NULL);
	if (!nl)
		return;
	nl_begin(nl, KNTP_CMD_STATS_GET, NULL);
	if (!nl_do(nl, counters_collect, &stats))
		put_hooks(to, &stats);
	nl_begin(nl, KNTP_CMD_CLIENT_GET, NULL);
	if (nl_do(nl, client_table_told, &table))
		return;
	gauge(to, "kntp_clients", "Clients in the module's table.", table.used);
	gauge(to, "kntp_clients_limit", "Clients that it has room for.",
	      table.entries);
	gauge(to, "kntp_clients_size_bytes", "Memory that it takes.",
	      (double)table.memory);
}

static void put_clock(FILE *to)
{
	struct report_tracking t = { .synced = false };

	report_tracking(&t);
	gauge(to, "kntp_synchronised", "Whether kntpd has the time.", t.synced);
	gauge(to, "kntp_stratum", "Of this host; 16 while it does not have the time.",
	      t.synced ? t.stratum : 16);
	gauge(to, "kntp_leap_status",
	      "0 none, 1 a second more, 2 one less, 3 not synchronised.", t.leap);
	gauge(to, "kntp_system_time_offset_seconds",
	      "By which the system clock is ahead of the time that is kept.",
	      -t.correction);
	gauge(to, "kntp_last_offset_seconds", "Offset at the last update.",
	      t.last_offset);
	gauge(to, "kntp_rms_offset_seconds", "Of the updates, in the long run.",
	      t.rms_offset);
	gauge(to, "kntp_frequency_ratio",
	      "By which the uncorrected clock gains, of its rate.", t.frequency);
	gauge(to, "kntp_skew_ratio", "Bound of the error of that.", t.skew);
	gauge(to, "kntp_root_delay_seconds", "Round trip to the primary source.",
	      t.root_delay);
	gauge(to, "kntp_root_dispersion_seconds", "As a reply would say it now.",
	      t.root_dispersion);
	gauge(to, "kntp_reference_timestamp_seconds", "Last update of the clock.",
	      (double)t.ref_time * 1e-9);
}

static void put_one(FILE *to, const char *name, const struct report_source *s,
		    double value)
{
	fprintf(to, "%s{source=\"", name);
	put_label(to, s->name);
	fputs("\",address=\"", to);
	put_label(to, s->address);
	fprintf(to, "\"} %.12g\n", value);
}

static double is_reached(const struct report_source *s)
{
	return __builtin_popcount(s->reach) / 8.0;
}

static double is_selected(const struct report_source *s)
{
	return s->mark == '*';
}

static double is_used(const struct report_source *s)
{
	return s->mark == '*' || s->mark == '+';
}

static double is_false(const struct report_source *s)
{
	return s->mark == 'x';
}

static double stratum(const struct report_source *s)
{
	return s->stratum;
}

static double interval(const struct report_source *s)
{
	return ldexp(1, s->poll);
}

static double offset(const struct report_source *s)
{
	return s->sampled ? s->offset : NAN;
}

static double error(const struct report_source *s)
{
	return s->sampled ? s->error : NAN;
}

static double age(const struct report_source *s)
{
	return s->sampled ? s->since_sample : NAN;
}

static void put_sources(FILE *to)
{
	static const struct {
		const char *name, *help;
		double (*value)(const struct report_source *s);
	} gauges[] = {
		{ "kntp_source_reach_ratio", "Of the last eight polls, answered.",
		  is_reached },
		{ "kntp_source_selected", "The clock follows it.", is_selected },
		{ "kntp_source_combined", "It is part of the time that is kept.",
		  is_used },
		{ "kntp_source_falseticker", "It does not agree with the others.",
		  is_false },
		{ "kntp_source_stratum", "That it claims.", stratum },
		{ "kntp_source_poll_interval_seconds", "How often it is asked.",
		  interval },
		{ "kntp_source_offset_seconds",
		  "Of the clock against its last sample: positive is ahead.",
		  offset },
		{ "kntp_source_error_bound_seconds", "Of that.", error },
		{ "kntp_source_sample_age_seconds", "Of that sample.", age },
	};
	static struct report_source all[REPORT_SOURCES_MAX];
	size_t n = report_sources(all, REPORT_SOURCES_MAX), i, g;

	for (g = 0; g < sizeof(gauges) / sizeof(gauges[0]); g++) {
		head(to, gauges[g].name, "gauge", gauges[g].help);
		for (i = 0; i < n; i++)
			put_one(to, gauges[g].name, &all[i],
				gauges[g].value(&all[i]));
	}
}

static void put_daemon(FILE *to)
{
	struct report_serverstats s = { 0 };

	report_serverstats(&s);
	head(to, "kntpd_info", "gauge", "Of the daemon.");
	fprintf(to, "kntpd_info{version=\"%s\"} 1\n", KNTP_VERSION);
	gauge(to, "kntpd_start_time_seconds", "When it was started.",
	      (double)daemon_status.started * 1e-9);
	count(to, "kntpd_requests_total", "Requests that it answered itself, or was to.",
	      s.ntp_hits);
	count(to, "kntpd_requests_dropped_total", "Of these, by limits.",
	      s.ntp_drops);
	count(to, "kntpd_requests_authenticated_total", "Of these, by a key.",
	      s.authenticated);
	count(to, "kntpd_domain_signed_total", "Replies that a domain controller signed.",
	      s.domain_signed);
	count(to, "kntpd_domain_unsigned_total", "Requests for such without one.",
	      s.domain_unsigned);
}

void metrics_write(FILE *to)
{
	put_module(to);
	put_clock(to);
	put_sources(to);
	put_daemon(to);
}
