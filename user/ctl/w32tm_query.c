// SPDX-License-Identifier: GPL-2.0
/* w32tm /query and /resync: what kntpd says, as Windows has it. */
#include "columns.h"
#include "w32tm.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOT_SYNCHRONISED	"Local CMOS Clock"
#define NO_DATA \
	"The computer did not resync because no time data was available."
/* Windows's clock ticks so often, s; where there are no ticks nothing else fits. */
#define CLOCK_RATE	"0.0156250s"

struct json_object *w32_ask(const char *what)
{
	struct json_object *answer = daemon_peek(what);

	if (!answer)
		puts("The following error occurred: The service has not been started. (0x80070426)");
	return answer;
}

static void print_seconds(const char *label, double s)
{
	printf("%s: %.7fs\n", label, s);
}

static void print_poll(const char *label, int64_t poll)
{
	if (!poll)
		printf("%s: 0 (unspecified)\n", label);
	else if (poll < 0 || poll > 16)
		printf("%s: %" PRId64 " (out of valid range)\n", label, poll);
	else
		printf("%s: %" PRId64 " (%ds)\n", label, poll, 1 << poll);
}

static void print_stratum(int64_t stratum)
{
	printf("Stratum: %" PRId64 " (%s)\n", stratum, !stratum ? "unspecified" :
	       stratum == 1 ? "primary reference - syncd by radio clock" :
	       "secondary reference - syncd by (S)NTP");
}

static void print_leap(int64_t leap)
{
	static const char *const words[] = {
		"no warning", "last minute has 61 seconds",
		"last minute has 59 seconds", "not synchronized",
	};

	printf("Leap Indicator: %" PRId64 "(%s)\n", leap & 3, words[leap & 3]);
}

/* The smallest step that is seen in the clock, s. */
static double precision(void)
{
	int64_t before, now, least = INT64_MAX;
	int i;

	for (i = 0; i < 100; i++) {
		before = w32_now();
		do {
			now = w32_now();
		} while (now == before);
		if (now > before && now - before < least)
			least = now - before;
	}
	return (double)least * 1e-9;
}

static void print_precision(void)
{
	int log2_s = (int)lround(log2(precision()));
	double s = ldexp(1, log2_s);

	if (s < 1e-6)
		printf("Precision: %d (%.3fns per tick)\n", log2_s, s * 1e9);
	else
		printf("Precision: %d (%.3fms per tick)\n", log2_s, s * 1e3);
}

static void print_refid(struct json_object *o)
{
	uint32_t id = (uint32_t)strtoul(member_str(o, "refid_hex"), NULL, 16);
	char text[5] = { (char)(id >> 24), (char)(id >> 16), (char)(id >> 8),
			 (char)id, '\0' };

	printf("ReferenceId: 0x%08X ", id);
	if (!id)
		puts("(unspecified)");
	else if (member_i64(o, "stratum") == 1)
		printf("(source name:  \"%s\")\n", text);
	else if (strchr(member_str(o, "address"), ':'))
		printf("(MD5 hash fraction of the IPv6 address: %s)\n",
		       member_str(o, "address"));
	else
		printf("(source IP:  %u.%u.%u.%u)\n", id >> 24, id >> 16 & 255,
		       id >> 8 & 255, id & 255);
}

static const char *source_name(struct json_object *tracking)
{
	const char *name = member_str(tracking, "name");

	return member_bool(tracking, "synchronised") && *name ?
	       name : NOT_SYNCHRONISED;
}

static void print_sync_time(const char *never, int64_t ns)
{
	char date[W32_DATE];

	printf("Last Successful Sync Time: %s\n", ns ? w32_date(ns, date) : never);
}

/* Whose KEY is VALUE, of an answer's sources, which keeps it; or NULL. */
static struct json_object *source_by(struct json_object *answer,
				     const char *key, const char *value)
{
	struct json_object *list, *o;
	size_t i;

	if (!answer || !json_object_object_get_ex(answer, "sources", &list))
		return NULL;
	for (i = 0; i < json_object_array_length(list); i++) {
		o = json_object_array_get_idx(list, i);
		if (!strcmp(member_str(o, key), value))
			return o;
	}
	return NULL;
}

static struct json_object *selected(struct json_object *answer)
{
	return source_by(answer, "mark", "*");
}

static void print_verbose(struct json_object *o)
{
	bool synced = member_bool(o, "synchronised");
	struct json_object *select = daemon_peek("selectdata");
	struct json_object *sources = daemon_peek("sources"), *s, *data;
	unsigned int flags = 0;

	s = selected(sources);
	data = selected(select);
	if (s && !strcmp(member_str(s, "mode"), "refclock"))
		flags |= 1;
	if (data && member_bool(data, "authenticated"))
		flags |= 2;
	putchar('\n');
	print_seconds("Phase Offset", seconds_of(o, "correction_ns"));
	puts("ClockRate: " CLOCK_RATE);
	printf("State Machine: %s\n", synced ? "2 (Sync)" : "0 (Unset)");
	if (!flags)
		puts("Time Source Flags: 0 (None)");
	else
		printf("Time Source Flags: %u (%s%s)\n", flags,
		       flags & 2 ? "Authenticated " : "",
		       flags & 1 ? "Hardware " : "");
	puts(flags & 1 ? "Server Role: 576 (Reliable Time Service)" :
			 "Server Role: 0 (None)");
	printf("Last Sync Error: %s\n", synced ? "0 (" W32_DONE ")" :
						"1 (" NO_DATA ")");
	print_seconds("Time since Last Good Sync Time",
		      member_i64(o, "reference_time_ns") ?
		      (double)(w32_now() - member_i64(o, "reference_time_ns")) *
		      1e-9 : 0);
	json_object_put(sources);
	json_object_put(select);
}

static int status(bool verbose)
{
	struct json_object *o = w32_ask("tracking"), *sources, *s;

	if (!o)
		return EXIT_NOT_RUNNING;
	sources = daemon_peek("sources");
	s = selected(sources);
	print_leap(member_bool(o, "synchronised") ?
		   member_i64(o, "leap_indicator") : 3);
	print_stratum(member_i64(o, "stratum"));
	print_precision();
	print_seconds("Root Delay", seconds_of(o, "root_delay_ns"));
	print_seconds("Root Dispersion", seconds_of(o, "root_dispersion_ns"));
	print_refid(o);
	print_sync_time("unspecified", member_i64(o, "reference_time_ns"));
	printf("Source: %s\n", source_name(o));
	print_poll("Poll Interval", s ? member_i64(s, "poll") : 0);
	if (verbose)
		print_verbose(o);
	json_object_put(sources);
	json_object_put(o);
	return 0;
}

static int source(void)
{
	struct json_object *o = w32_ask("tracking");

	if (!o)
		return EXIT_NOT_RUNNING;
	puts(source_name(o));
	json_object_put(o);
	return 0;
}

static void peer_verbose(struct json_object *s, struct json_object *data)
{
	int64_t reach = member_i64(s, "reach"), age;
	bool known = member_has(s, "last_sample_age_ns");

	age = member_i64(s, "last_sample_age_ns");
	print_sync_time("(null)", known ? w32_now() - age : 0);
	puts(reach ? "LastSyncError: 0x00000000 (Succeeded)" :
		     "LastSyncError: 0x800705B4 (Timeout)");
	puts(reach ? "LastSyncErrorMsgId: 0x00000000 (Succeeded)" :
		     "LastSyncErrorMsgId: 0x0000005C (Unreachable)");
	puts(data && member_bool(data, "authenticated") ?
	     "AuthTypeMsgId: 0x00000000 (Key )" :
	     "AuthTypeMsgId: 0x0000005A (NoAuth )");
	puts("Resolve Attempts: 0");
	printf("ValidDataCounter: %d\n",
	       __builtin_popcountll((unsigned long long)reach & 255));
	printf("Reachability: %" PRId64 "\n", reach);
}

static void print_peer(struct json_object *s, struct json_object *data,
		       bool verbose)
{
	int64_t poll = member_i64(s, "poll"), reach = member_i64(s, "reach");
	double left = ldexp(1, (int)poll) -
		      (double)member_i64(s, "last_sample_age_ns") * 1e-9;
	const char *mode = member_str(s, "mode");

	printf("\nPeer: %s\n", member_str(s, "name"));
	printf("State: %s\n", reach ? "Active" : "Pending");
	print_seconds("Time Remaining", reach && left > 0 ? left : 0);
	printf("Mode: %s\n", !strcmp(mode, "peer") ? "1 (Symmetric Active)" :
	       !strcmp(mode, "refclock") ? "0 (reserved)" : "3 (Client)");
	print_stratum(member_i64(s, "stratum"));
	print_poll("PeerPoll Interval", data ? member_i64(data, "poll") : 0);
	print_poll("HostPoll Interval", poll);
	if (verbose)
		peer_verbose(s, data);
}

static int peers(bool verbose)
{
	struct json_object *answer = w32_ask("sources"), *list, *data, *s;
	size_t i, n = 0;

	if (!answer)
		return EXIT_NOT_RUNNING;
	data = daemon_peek("ntpdata");
	if (json_object_object_get_ex(answer, "sources", &list))
		n = json_object_array_length(list);
	printf("#Peers: %zu\n", n);
	for (i = 0; i < n; i++) {
		s = json_object_array_get_idx(list, i);
		print_peer(s, source_by(data, "name", member_str(s, "name")),
			   verbose);
	}
	json_object_put(data);
	json_object_put(answer);
	return 0;
}

int w32_query(struct w32 *w)
{
	bool verbose = w32_has(w, "verbose", NULL);
	bool asks_source = w32_has(w, "source", NULL);
	bool asks_status = w32_has(w, "status", NULL);
	bool asks_peers = w32_has(w, "peers", NULL);
	bool asks_conf = w32_has(w, "configuration", NULL);
	int bad = w32_local(w) ?: w32_rest(w);

	if (bad)
		return bad;
	if (asks_source + asks_status + asks_peers + asks_conf != 1)
		return ctl_usage(w->ctl, "/query: one of /source, /status, /peers and /configuration is wanted");
	if (asks_conf)
		return w32_configuration(verbose);
	if (asks_source)
		return source();
	return asks_status ? status(verbose) : peers(verbose);
}

/* Until kntpd has corrected the clock anew, some seconds. */
static bool wait_for_update(int64_t before)
{
	struct json_object *o;
	bool done = false;
	int i;

	for (i = 0; i < 100 && !done; i++) {
		o = daemon_peek("tracking");
		done = o && member_bool(o, "synchronised") &&
		       member_i64(o, "reference_time_ns") != before;
		json_object_put(o);
		if (!done)
			usleep(100000);
	}
	return done;
}

/* Whether kntpd has done it; else Windows's line says that it has not. */
static bool order(const char *cmd)
{
	struct json_object *request = daemon_request(cmd), *answer;
	int fd = request ? kntpd_connect() : -1, err;
	char why[KNTPD_WHY] = "";

	if (fd < 0) {
		json_object_put(request);
		puts("The following error occurred: The service has not been started. (0x80070426)");
		return false;
	}
	if (!strcmp(cmd, "burst")) {
		json_object_object_add(request, "good", json_object_new_int(2));
		json_object_object_add(request, "total",
				       json_object_new_int(4));
	}
	err = kntpd_request(fd, request, &answer, why);
	if (!err)
		json_object_put(answer);
	close(fd);
	if (err == -EPERM)
		puts("The following error occurred: Access is denied. (0x80070005)");
	else if (err)
		printf("The following error occurred: %s (0x80004005)\n", why);
	return !err;
}

int w32_resync(struct w32 *w)
{
	bool no_wait = w32_has(w, "nowait", NULL);
	bool rediscover = w32_has(w, "rediscover", NULL);
	bool soft = w32_has(w, "soft", NULL), force = w32_has(w, "force", NULL);
	struct json_object *o;
	int64_t before;
	bool good;
	int bad = w32_local(w) ?: w32_rest(w);

	if (bad)
		return bad;
	puts("Sending resync command to local computer");
	o = w32_ask("tracking");
	if (!o)
		return EXIT_NOT_RUNNING;
	before = member_i64(o, "reference_time_ns");
	json_object_put(o);
	if ((rediscover && !order("reload")) || (!soft && !order("burst")) ||
	    (force && !order("makestep")))
		return w->compat ? 0 : EXIT_REFUSED;
	good = no_wait || wait_for_update(before);
	puts(good ? W32_DONE : NO_DATA);
	if (!good)
		puts("Restarting the service may help: systemctl restart kntpd");
	return good || w->compat ? 0 : EXIT_REFUSED;
}
