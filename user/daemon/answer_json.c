// SPDX-License-Identifier: GPL-2.0
/*
 * The reports as JSON. Times are integers of nanoseconds, frequencies decimals
 * of parts per billion, and what there is none of is null.
 */
#include "answer.h"
#include "conf.h"
#include "names.h"
#include "report.h"
#include "units.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Filled for one answer at a time; what is written is copied from it. */
static union {
	struct report_source source[REPORT_SOURCES_MAX];
	struct report_sourcestats stats[REPORT_SOURCES_MAX];
	struct report_select select[REPORT_SOURCES_MAX];
	struct report_ntpdata ntpdata[REPORT_SOURCES_MAX];
} report;

static void put(struct json_object *o, const char *key,
		struct json_object *value)
{
	if (!o)
		json_object_put(value);
	else
		json_object_object_add(o, key, value);
}

static void put_str(struct json_object *o, const char *key, const char *value)
{
	put(o, key, json_object_new_string(value));
}

static void put_bool(struct json_object *o, const char *key, bool value)
{
	put(o, key, json_object_new_boolean(value));
}

static void put_i64(struct json_object *o, const char *key, int64_t value)
{
	put(o, key, json_object_new_int64(value));
}

static void put_u64(struct json_object *o, const char *key, uint64_t value)
{
	put(o, key, json_object_new_uint64(value));
}

/* JSON has neither infinity nor NaN. */
static void put_decimal(struct json_object *o, const char *key, double value,
			int decimals)
{
	char text[400];

	if (!isfinite(value) || fabs(value) > 1e300) {
		put(o, key, NULL);
		return;
	}
	snprintf(text, sizeof(text), "%.*f", decimals, value);
	put(o, key, json_object_new_double_s(value, text));
}

/* Seconds as ns, as far as these go: some 292 years. */
static void put_ns(struct json_object *o, const char *key, double s)
{
	double ns = s * 1e9;

	if (isnan(ns))
		put(o, key, NULL);
	else if (fabs(ns) < 9.2e18)
		put_i64(o, key, (int64_t)llround(ns));
	else
		put_i64(o, key, ns < 0 ? INT64_MIN : INT64_MAX);
}

static void put_ppb(struct json_object *o, const char *key, double frequency)
{
	put_decimal(o, key, frequency * 1e9, 6);
}

static void put_age(struct json_object *o, bool sampled, double age)
{
	if (sampled)
		put_ns(o, "last_sample_age_ns", age);
	else
		put(o, "last_sample_age_ns", NULL);
}

static void put_leap(struct json_object *o, uint8_t leap)
{
	put_str(o, "leap", leap_name(leap));
	put_u64(o, "leap_indicator", leap);
}

static void put_hex(struct json_object *o, const char *key, uint32_t refid)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%08" PRIx32, refid);
	put_str(o, key, text);
}

/* A mark as a string of one character, and as a word. */
static void put_mark(struct json_object *o, char mark)
{
	static const struct {
		char mark;
		const char *word;
	} words[] = {
		{ '*', "selected" }, { '+', "combined" },
		{ '-', "not_combined" }, { 'x', "falseticker" },
		{ '~', "jittery" }, { '?', "unusable" },
		{ 'N', "noselect" }, { 'M', "too_few_samples" },
		{ 's', "unsynchronised" }, { 'r', "stratum" },
		{ 'd', "too_distant" }, { 'w', "waits_for_others" },
		{ 'S', "stale" }, { 'O', "orphan" }, { 'T', "untrusted" },
		{ 'W', "waits_for_sources" }, { 'P', "not_preferred" },
		{ 'U', "waits_for_update" }, { 'D', "too_distant_to_combine" },
	};
	char text[2] = { mark, '\0' };
	size_t i;

	put_str(o, "mark", text);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].mark == mark)
			put_str(o, "state", words[i].word);
}

/* Begins a line of a list; O is the list's. */
static struct json_object *row(struct json_object *list, const char *name,
			       const char *address)
{
	struct json_object *o = json_object_new_object();

	if (!o || !list || json_object_array_add(list, o)) {
		json_object_put(o);
		return NULL;
	}
	put_str(o, "name", name);
	if (*address)
		put_str(o, "address", address);
	else
		put(o, "address", NULL);
	return o;
}

static struct json_object *list_in(struct json_object *o, const char *key)
{
	struct json_object *list = json_object_new_array();

	put(o, key, list);
	return list;
}

void answer_status(struct json_object *o)
{
	struct report_tracking t;

	report_tracking(&t);
	put_str(o, "follow", daemon_status.follow);
	put_bool(o, "synchronised", t.synced);
	put_str(o, "source", t.name);
	put_u64(o, "stratum", t.stratum);
	put_ns(o, "correction_ns", t.correction);
	put_bool(o, "controls_clock", daemon_status.controls_clock);
	put_bool(o, "module", daemon_status.module);
	put_bool(o, "answers", daemon_status.answers);
	put_i64(o, "started_ns", daemon_status.started);
}

void answer_tracking(struct json_object *o)
{
	struct report_tracking t;

	report_tracking(&t);
	put_bool(o, "synchronised", t.synced);
	put_hex(o, "refid_hex", t.refid);
	put_str(o, "name", t.name);
	if (*t.address)
		put_str(o, "address", t.address);
	else
		put(o, "address", NULL);
	put_u64(o, "stratum", t.stratum);
	put_leap(o, t.leap);
	put_i64(o, "reference_time_ns", t.ref_time);
	put_ns(o, "correction_ns", t.correction);
	put_ns(o, "last_offset_ns", t.last_offset);
	put_ns(o, "rms_offset_ns", t.rms_offset);
	put_ppb(o, "frequency_ppb", t.frequency);
	put_ppb(o, "residual_frequency_ppb", t.residual);
	put_ppb(o, "skew_ppb", t.skew);
	put_ns(o, "root_delay_ns", t.root_delay);
	put_ns(o, "root_dispersion_ns", t.root_dispersion);
	put_ns(o, "update_interval_ns", t.interval);
}

void answer_sources(struct json_object *object)
{
	static const char *const types[] = {
		[SOURCE_SERVER] = "server",
		[SOURCE_PEER] = "peer",
		[SOURCE_REFCLOCK] = "refclock",
	};
	size_t i, n = report_sources(report.source, REPORT_SOURCES_MAX);
	struct json_object *list = list_in(object, "sources"), *o;
	const struct report_source *s;

	for (i = 0; i < n; i++) {
		s = &report.source[i];
		o = row(list, s->name, s->address);
		put_str(o, "mode", types[s->type]);
		put_mark(o, s->mark);
		put_u64(o, "stratum", s->stratum);
		put_i64(o, "poll", s->poll);
		put_u64(o, "reach", s->reach);
		put_age(o, s->sampled, s->since_sample);
		put_ns(o, "offset_ns", s->offset);
		put_ns(o, "measured_offset_ns", s->measured);
		put_ns(o, "error_ns", s->error);
		if (s->problem && *s->problem)
			put_str(o, "problem", s->problem);
	}
}

void answer_sourcestats(struct json_object *object)
{
	size_t i, n = report_sourcestats(report.stats, REPORT_SOURCES_MAX);
	struct json_object *list = list_in(object, "sources"), *o;
	const struct report_sourcestats *s;

	for (i = 0; i < n; i++) {
		s = &report.stats[i];
		o = row(list, s->name, s->address);
		put_u64(o, "samples", s->samples);
		put_u64(o, "runs", s->runs);
		put_ns(o, "span_ns", s->span);
		put_ppb(o, "frequency_ppb", s->frequency);
		put_ppb(o, "skew_ppb", s->skew);
		put_ns(o, "offset_ns", s->offset);
		put_ns(o, "deviation_ns", s->deviation);
	}
}

void answer_select(struct json_object *object)
{
	size_t i, n = report_select(report.select, REPORT_SOURCES_MAX);
	struct json_object *list = list_in(object, "sources"), *o;
	const struct report_select *s;

	for (i = 0; i < n; i++) {
		s = &report.select[i];
		o = row(list, s->name, s->address);
		put_mark(o, s->mark);
		put_bool(o, "authenticated", s->authenticated);
		put_bool(o, "noselect", s->noselect);
		put_bool(o, "prefer", s->prefer);
		put_bool(o, "trust", s->trust);
		put_bool(o, "require", s->require);
		put_age(o, s->sampled, s->since_sample);
		put_decimal(o, "score", s->score, 3);
		put_ns(o, "low_ns", s->lo);
		put_ns(o, "high_ns", s->hi);
		put_leap(o, s->leap);
	}
}

/* An address, and the reference id that it makes. */
static void put_address(struct json_object *o, const char *key,
			const struct sockaddr_storage *ss, const char *refid_key,
			uint32_t refid)
{
	char text[REPORT_ADDRESS];

	report_address(ss, text);
	if (*text)
		put_str(o, key, text);
	else
		put(o, key, NULL);
	put_hex(o, refid_key, refid);
}

static void put_refid(struct json_object *o, uint32_t refid, uint8_t stratum)
{
	char text[REFID_TEXT];

	put_hex(o, "refid_hex", refid);
	if (stratum <= 1)
		refid_ascii(refid, text);
	else
		refid_dotted(refid, text);
	put_str(o, "refid_text", text);
}

/* "1110": the last BITS of the tests, the first of them first. */
static void put_tests(struct json_object *o, uint16_t tests)
{
	char text[11];
	int i;

	for (i = 0; i < 10; i++)
		text[i] = tests >> (9 - i) & 1 ? '1' : '0';
	text[i] = '\0';
	put_str(o, "tests", text);
}

static void put_stamp(struct json_object *o, const char *key, char stamp)
{
	put(o, key, stamp == 'D' ? json_object_new_string("daemon") :
		    stamp == 'K' ? json_object_new_string("kernel") :
		    stamp == 'H' ? json_object_new_string("hardware") : NULL);
}

static void put_counts(struct json_object *o, const struct report_ntpdata *d)
{
	put_u64(o, "total_tx", d->total_tx);
	put_u64(o, "total_rx", d->total_rx);
	put_u64(o, "total_valid_rx", d->total_valid_rx);
	put_u64(o, "total_good_rx", d->total_good_rx);
	put_u64(o, "total_kernel_tx", d->total_kernel_tx);
	put_u64(o, "total_kernel_rx", d->total_kernel_rx);
	put_u64(o, "total_hardware_tx", d->total_hw_tx);
	put_u64(o, "total_hardware_rx", d->total_hw_rx);
}

static void put_ntpdata(struct json_object *o, const struct report_ntpdata *d)
{
	static const char *const modes[] = {
		[1] = "symmetric_active", [2] = "symmetric_passive",
		[4] = "server",
	};
	bool known = d->mode == 1 || d->mode == 2 || d->mode == 4;

	put_hex(o, "address_refid_hex", d->remote_refid);
	put_u64(o, "port", d->remote_port);
	put_address(o, "local_address", &d->local, "local_address_refid_hex",
		    d->local_refid);
	put_leap(o, d->leap);
	put_u64(o, "version", d->version);
	put(o, "mode", known ? json_object_new_string(modes[d->mode]) : NULL);
	put_u64(o, "stratum", d->stratum);
	put_i64(o, "poll", d->poll);
	put_i64(o, "precision", d->precision);
	put_ns(o, "root_delay_ns", d->root_delay);
	put_ns(o, "root_dispersion_ns", d->root_dispersion);
	put_refid(o, d->refid, d->stratum);
	put_i64(o, "reference_time_ns", d->ref_time);
	put_ns(o, "theta_ns", d->offset);
	put_ns(o, "delay_ns", d->delay);
	put_ns(o, "dispersion_ns", d->dispersion);
	put_ns(o, "response_time_ns", d->response_time);
	put_decimal(o, "jitter_asymmetry", d->asymmetry, 3);
	put_tests(o, d->tests);
	put_bool(o, "interleaved", d->interleaved);
	put_bool(o, "authenticated", d->authenticated);
	put_stamp(o, "tx_timestamping", d->tx_stamp);
	put_stamp(o, "rx_timestamping", d->rx_stamp);
	put_counts(o, d);
}

bool answer_ntpdata(struct json_object *object, const char *which)
{
	size_t i, n = report_ntpdata(report.ntpdata, REPORT_SOURCES_MAX);
	struct json_object *list = list_in(object, "sources");
	const struct report_ntpdata *d;
	char address[REPORT_ADDRESS];
	bool any = !which;

	for (i = 0; i < n; i++) {
		d = &report.ntpdata[i];
		report_address(&d->remote, address);
		if (which && strcasecmp(which, d->name) &&
		    strcasecmp(which, address))
			continue;
		put_ntpdata(row(list, d->name, address), d);
		any = true;
	}
	return any;
}

void answer_activity(struct json_object *o)
{
	struct report_activity a = { 0 };

	report_activity(&a);
	put_u64(o, "online", a.online);
	put_u64(o, "offline", a.offline);
	put_u64(o, "burst_online", a.burst_online);
	put_u64(o, "burst_offline", a.burst_offline);
	put_u64(o, "unresolved", a.unresolved);
}

void answer_smoothing(struct json_object *o)
{
	struct smooth_state s;

	report_smoothing(&s);
	put_bool(o, "configured", s.configured);
	put_bool(o, "active", s.active);
	put_bool(o, "leap_only", s.leap_only);
	put_ns(o, "offset_ns", s.offset);
	put_ppb(o, "frequency_ppb", s.frequency);
	put_ppb(o, "wander_ppb_s", s.wander);
	put_ns(o, "last_update_ns", s.age);
	put_ns(o, "remaining_ns", s.left);
}

void answer_serverstats(struct json_object *o)
{
	struct report_serverstats s = { 0 };

	report_serverstats(&s);
	put_u64(o, "ntp_received", s.ntp_hits);
	put_u64(o, "ntp_dropped", s.ntp_drops);
	put_u64(o, "clients_dropped", s.log_drops);
	put_u64(o, "authenticated", s.authenticated);
	put_u64(o, "interleaved", s.interleaved);
	put_u64(o, "timestamps_held", s.stamps_held);
	put_u64(o, "timestamp_span_s", s.stamps_span);
	put_u64(o, "rx_daemon", s.rx_daemon);
	put_u64(o, "tx_daemon", s.tx_daemon);
	put_u64(o, "rx_kernel", s.rx_kernel);
	put_u64(o, "tx_kernel", s.tx_kernel);
	put_u64(o, "rx_hardware", s.rx_hardware);
	put_u64(o, "tx_hardware", s.tx_hardware);
	put_u64(o, "domain_signed", s.domain_signed);
	put_u64(o, "domain_unsigned", s.domain_unsigned);
}

static struct json_object *source_line(const struct source_conf *s)
{
	struct json_object *o = json_object_new_object();

	put_str(o, "name", s->name);
	put_str(o, "type", s->is_peer ? "peer" : s->is_pool ? "pool" : "server");
	put_str(o, "file", s->file);
	put_i64(o, "minpoll", s->minpoll);
	put_i64(o, "maxpoll", s->maxpoll);
	put_bool(o, "prefer", s->prefer);
	return o;
}

/* What of the files in force others make something of. */
void answer_configuration(struct json_object *o)
{
	const struct config *c = report_config();
	struct json_object *list = json_object_new_array();
	size_t i;

	put(o, "sources", list);
	if (!c)
		return;
	for (i = 0; list && i < c->sources.n; i++)
		json_object_array_add(list, source_line(&c->sources.at[i]));
	put_bool(o, "local", c->local.enabled);
	put_u64(o, "local_stratum", (uint64_t)c->local.stratum);
	put_ns(o, "local_dispersion_ns", c->local.dispersion);
	put_ns(o, "makestep_ns", c->makestep);
	put_i64(o, "makestep_limit", c->makestep_limit);
	put_ns(o, "maxchange_ns", c->maxchange);
	put_ns(o, "spike_ns", c->spike);
	put_ns(o, "spike_watch_ns", c->spike_watch);
	put_str(o, "logfile", c->logfile ? c->logfile : "");
	put_u64(o, "logfile_size", (uint64_t)c->logfile_size);
	put_str(o, "logdir", c->logdir ? c->logdir : "");
}
