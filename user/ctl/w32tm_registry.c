// SPDX-License-Identifier: GPL-2.0
/*
 * w32tm /query /configuration and /dumpreg: what is in force, by the names that
 * Windows has for it. What there is nothing of here is said to be undefined.
 */
#include "daemon.h"
#include "w32tm.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define NO_LIMIT	UINT32_C(0xffffffff)

/* What is looked at to say it. */
struct registry {
	struct json_object *conf, *status;
	char value[4096];	/* of the last value asked for */
};

/* The value, or NULL where there is none of it. */
typedef const char *(*value_fn)(struct registry *r);

static const char *say(struct registry *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static const char *say(struct registry *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->value, sizeof(r->value), fmt, ap);
	va_end(ap);
	return r->value;
}

static struct json_object *sources(struct registry *r)
{
	struct json_object *list = NULL;

	json_object_object_get_ex(r->conf, "sources", &list);
	return list;
}

/* The least or largest of what the sources have. */
static const char *poll_of(struct registry *r, const char *key, bool least)
{
	struct json_object *list = sources(r);
	size_t n = json_object_array_length(list), i;
	int64_t found = 0, poll;

	for (i = 0; i < n; i++) {
		poll = member_i64(json_object_array_get_idx(list, i), key);
		if (!i || (least ? poll < found : poll > found))
			found = poll;
	}
	return n ? say(r, "%" PRId64, found) : NULL;
}

static const char *undefined(struct registry *r)
{
	(void)r;
	return NULL;
}

static const char *zero(struct registry *r)
{
	(void)r;
	return "0";
}

static const char *one(struct registry *r)
{
	(void)r;
	return "1";
}

static const char *announce_flags(struct registry *r)
{
	return member_bool(r->conf, "local") ? "5" : "10";
}

static const char *min_poll(struct registry *r)
{
	return poll_of(r, "minpoll", true);
}

static const char *max_poll(struct registry *r)
{
	return poll_of(r, "maxpoll", false);
}

/* Whole seconds, or that there is no limit. */
static const char *max_correction(struct registry *r)
{
	int64_t ns = member_i64(r->conf, "maxchange_ns");

	return ns ? say(r, "%" PRId64, (ns + 999999999) / 1000000000) :
		    say(r, "%" PRIu32, NO_LIMIT);
}

static const char *max_allowed(struct registry *r)
{
	int64_t ns = member_i64(r->conf, "makestep_ns");

	if (!member_i64(r->conf, "makestep_limit"))
		return NULL;
	return say(r, "%" PRId64, (ns + 999999999) / 1000000000);
}

static const char *large_phase(struct registry *r)
{
	int64_t ns = member_i64(r->conf, "spike_ns");

	return ns ? say(r, "%" PRId64, ns / 100) : NULL;
}

static const char *spike_watch(struct registry *r)
{
	return member_i64(r->conf, "spike_ns") ?
	       say(r, "%" PRId64, member_i64(r->conf, "spike_watch_ns") /
				  1000000000) : NULL;
}

static const char *dispersion(struct registry *r)
{
	return member_bool(r->conf, "local") ?
	       say(r, "%" PRId64, member_i64(r->conf, "local_dispersion_ns") /
				  1000000000) : NULL;
}

static const char *log_name(struct registry *r)
{
	const char *name = member_str(r->conf, "logfile");

	return *name ? name : NULL;
}

static const char *log_size(struct registry *r)
{
	return log_name(r) ? say(r, "%" PRId64,
				 member_i64(r->conf, "logfile_size")) : NULL;
}

static const char *log_entries(struct registry *r)
{
	return log_name(r) ? w32_entries(r->value, sizeof(r->value)) : NULL;
}

static const char *program(struct registry *r)
{
	(void)r;
	return "kntpd";
}

static const char *server(struct registry *r)
{
	return member_bool(r->status, "module") ? "kntp.ko" : "kntpd";
}

static const char *serves(struct registry *r)
{
	return member_bool(r->status, "module") ||
	       member_bool(r->status, "answers") ? "1" : "0";
}

static const char *asks(struct registry *r)
{
	return json_object_array_length(sources(r)) ? "1" : "0";
}

static const char *type(struct registry *r)
{
	return json_object_array_length(sources(r)) ? "NTP" : "NoSync";
}

static bool is_fixed(struct json_object *s)
{
	return member_i64(s, "minpoll") == member_i64(s, "maxpoll");
}

static const char *special_poll(struct registry *r)
{
	struct json_object *list = sources(r), *s;
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		s = json_object_array_get_idx(list, i);
		if (is_fixed(s) && member_i64(s, "minpoll") >= 0)
			return say(r, "%d", 1 << member_i64(s, "minpoll"));
	}
	return NULL;
}

static bool any_prefers(struct json_object *list)
{
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++)
		if (member_bool(json_object_array_get_idx(list, i), "prefer"))
			return true;
	return false;
}

static const char *ntp_server(struct registry *r)
{
	struct json_object *list = sources(r), *s;
	bool prefer = any_prefers(list);
	unsigned int flags;
	size_t i, len = 0;

	*r->value = '\0';
	for (i = 0; i < json_object_array_length(list); i++) {
		s = json_object_array_get_idx(list, i);
		flags = strcmp(member_str(s, "type"), "peer") ? 8 : 4;
		flags |= is_fixed(s) ? 1 : 0;
		flags |= prefer && !member_bool(s, "prefer") ? 2 : 0;
		if (len < sizeof(r->value))
			len += (size_t)snprintf(r->value + len,
						sizeof(r->value) - len,
						"%s%s,0x%x", len ? " " : "",
						member_str(s, "name"), flags);
	}
	return len ? r->value : NULL;
}

/* A value of a KEY of the registry; a name of NULL is an empty line. */
static const struct {
	const char *key, *name;
	value_fn value;
	bool text, verbose;
} values[] = {
	{ "Config", "EventLogFlags", undefined, false, false },
	{ "Config", "AnnounceFlags", announce_flags, false, false },
	{ "Config", "TimeJumpAuditOffset", undefined, false, false },
	{ "Config", "MinPollInterval", min_poll, false, false },
	{ "Config", "MaxPollInterval", max_poll, false, false },
	{ "Config", "MaxNegPhaseCorrection", max_correction, false, false },
	{ "Config", "MaxPosPhaseCorrection", max_correction, false, false },
	{ "Config", "MaxAllowedPhaseOffset", max_allowed, false, false },
	{ "Config", NULL, NULL, false, false },
	{ "Config", "FrequencyCorrectRate", undefined, false, false },
	{ "Config", "PollAdjustFactor", undefined, false, false },
	{ "Config", "LargePhaseOffset", large_phase, false, false },
	{ "Config", "SpikeWatchPeriod", spike_watch, false, false },
	{ "Config", "LocalClockDispersion", dispersion, false, false },
	{ "Config", "HoldPeriod", undefined, false, false },
	{ "Config", "PhaseCorrectRate", undefined, false, false },
	{ "Config", "UpdateInterval", undefined, false, false },
	{ "Config", NULL, NULL, false, true },
	{ "Config", "FileLogName", log_name, true, true },
	{ "Config", "FileLogEntries", log_entries, true, true },
	{ "Config", "FileLogSize", log_size, false, true },
	{ "Config", "FileLogFlags", undefined, false, true },
	{ "NtpClient", "DllName", program, true, false },
	{ "NtpClient", "Enabled", asks, false, false },
	{ "NtpClient", "InputProvider", one, false, false },
	{ "NtpClient", "AllowNonstandardModeCombinations", one, false, false },
	{ "NtpClient", "ResolvePeerBackoffMinutes", undefined, false, false },
	{ "NtpClient", "ResolvePeerBackoffMaxTimes", undefined, false, false },
	{ "NtpClient", "CompatibilityFlags", undefined, false, false },
	{ "NtpClient", "EventLogFlags", undefined, false, false },
	{ "NtpClient", "LargeSampleSkew", undefined, false, false },
	{ "NtpClient", "SpecialPollInterval", special_poll, false, false },
	{ "NtpClient", "Type", type, true, false },
	{ "NtpClient", "NtpServer", ntp_server, true, false },
	{ "NtpServer", "DllName", server, true, false },
	{ "NtpServer", "Enabled", serves, false, false },
	{ "NtpServer", "InputProvider", zero, false, false },
	{ "NtpServer", "AllowNonstandardModeCombinations", one, false, false },
	{ "VMICTimeProvider", "DllName", undefined, true, false },
	{ "VMICTimeProvider", "Enabled", zero, false, false },
	{ "VMICTimeProvider", "InputProvider", one, false, false },
};

#define VALUES	(sizeof(values) / sizeof(values[0]))

static int look(struct registry *r)
{
	r->status = w32_ask("status");
	if (!r->status)
		return EXIT_NOT_RUNNING;
	r->conf = daemon_peek("configuration");
	if (sources(r))
		return 0;
	json_object_put(r->conf);
	json_object_put(r->status);
	puts("The following error occurred: kntpd does not say its configuration.");
	return EXIT_REFUSED;
}

static void forget(struct registry *r)
{
	json_object_put(r->conf);
	json_object_put(r->status);
}

int w32_configuration(bool verbose)
{
	struct registry r = { 0 };
	const char *key = "Config", *value;
	int status = look(&r);
	size_t i;

	if (status)
		return status;
	printf("[Configuration]\n\n");
	for (i = 0; i < VALUES; i++) {
		if (strcmp(values[i].key, key)) {
			printf("\n%s%s (Local)\n", strcmp(key, "Config") ? "" :
			       "\n[TimeProviders]\n\n", values[i].key);
			key = values[i].key;
		}
		/* Those of the log are there as well once there is one. */
		if (values[i].verbose && !verbose && !log_name(&r))
			continue;
		if (!values[i].name) {
			putchar('\n');
			continue;
		}
		value = values[i].value(&r);
		printf("%s: %s (%s)\n", values[i].name, value ? value : "",
		       value ? "Local" : "Undefined or NotUsed");
	}
	forget(&r);
	return 0;
}

/* By Windows's names of the keys; NULL: no such key. */
static const char *key_of(const char *subkey)
{
	static const struct {
		const char *subkey, *key;
	} keys[] = {
		{ "Config", "Config" },
		{ "TimeProviders\\NtpClient", "NtpClient" },
		{ "TimeProviders\\NtpServer", "NtpServer" },
		{ "TimeProviders\\VMICTimeProvider", "VMICTimeProvider" },
		{ "Parameters", "Parameters" },
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!strcasecmp(subkey, keys[i].subkey))
			return keys[i].key;
	return NULL;
}

static bool is_parameter(const char *name)
{
	return !strcmp(name, "Type") || !strcmp(name, "NtpServer");
}

int w32_dumpreg(struct w32 *w)
{
	const char *subkey = "Parameters", *key, *value;
	struct registry r = { 0 };
	bool parameters;
	size_t i;
	int status;

	if (w32_has(w, "subkey", &subkey) && !subkey)
		return ctl_usage(w->ctl, "/subkey: a value is missing");
	status = w32_local(w) ?: w32_rest(w);
	if (status)
		return status;
	key = key_of(subkey);
	if (!key)
		return ctl_usage(w->ctl, "/subkey: '%s' is not Parameters, Config or a provider below TimeProviders",
				 subkey);
	status = look(&r);
	if (status)
		return status;
	parameters = !strcmp(key, "Parameters");
	printf("\n%-32s  %-10s  %s\n", "Value Name", "Value Type", "Value Data");
	puts("----------------------------------------------------------------");
	for (i = 0; i < VALUES; i++) {
		if (!values[i].name || (parameters ? !is_parameter(values[i].name) :
					strcmp(values[i].key, key)))
			continue;
		value = values[i].value(&r);
		if (value)
			printf("%-32s  %-10s  %s\n", values[i].name,
			       values[i].text ? "REG_SZ" : "REG_DWORD", value);
	}
	forget(&r);
	return 0;
}
