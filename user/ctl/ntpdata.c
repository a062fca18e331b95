// SPDX-License-Identifier: GPL-2.0
/* What kntpd hears from each server, whom it asks, and what it answered. */
#include "columns.h"
#include "print.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *mode_long(struct json_object *o)
{
	const char *mode = member_str(o, "mode");

	return !strcmp(mode, "server") ? "Server" :
	       !strcmp(mode, "symmetric_active") ? "Symmetric active" :
	       !strcmp(mode, "symmetric_passive") ? "Symmetric passive" :
	       "Invalid";
}

static const char *stamp_long(struct json_object *o, const char *key)
{
	const char *stamp = member_str(o, key);

	return !strcmp(stamp, "daemon") ? "Daemon" :
	       !strcmp(stamp, "kernel") ? "Kernel" :
	       !strcmp(stamp, "hardware") ? "Hardware" : "Invalid";
}

static const char *address_or(struct json_object *o, const char *key)
{
	return member_has(o, key) ? member_str(o, key) : "[UNSPEC]";
}

/* Only a primary source's id has characters. */
static const char *refid_name(struct json_object *o)
{
	return member_i64(o, "stratum") > 1 ? "" : member_str(o, "refid_text");
}

static double power_of_two(struct json_object *o, const char *key)
{
	return ldexp(1, (int)member_i64(o, key));
}

static const struct {
	const char *key;
	const char *label;
} totals[] = {
	{ "total_tx", "Total TX        " },
	{ "total_rx", "Total RX        " },
	{ "total_valid_rx", "Total valid RX  " },
	{ "total_good_rx", "Total good RX   " },
	{ "total_kernel_tx", "Total kernel TX " },
	{ "total_kernel_rx", "Total kernel RX " },
	{ "total_hardware_tx", "Total HW TX     " },
	{ "total_hardware_rx", "Total HW RX     " },
};

#define TOTALS (sizeof(totals) / sizeof(totals[0]))

/* What the response itself said. */
static void response_text(struct json_object *o)
{
	char date[COLUMN], hex[COLUMN];

	printf("Leap status     : %s\n", leap_long(o));
	printf("Version         : %" PRId64 "\n", member_i64(o, "version"));
	printf("Mode            : %s\n", mode_long(o));
	printf("Stratum         : %" PRId64 "\n", member_i64(o, "stratum"));
	printf("Poll interval   : %" PRId64 " (%.0f seconds)\n",
	       member_i64(o, "poll"), power_of_two(o, "poll"));
	printf("Precision       : %" PRId64 " (%.9f seconds)\n",
	       member_i64(o, "precision"), power_of_two(o, "precision"));
	printf("Root delay      : %.6f seconds\n",
	       seconds_of(o, "root_delay_ns"));
	printf("Root dispersion : %.6f seconds\n",
	       seconds_of(o, "root_dispersion_ns"));
	printf("Reference ID    : %s (%s)\n", hex_of(o, "refid_hex", hex),
	       refid_name(o));
	printf("Reference time  : %s\n",
	       col_date(member_i64(o, "reference_time_ns"), date));
}

static void ntpdata_text(struct json_object *o)
{
	const char *tests = member_str(o, "tests");
	char hex[COLUMN], local[COLUMN];
	size_t i;

	printf("Remote address  : %s (%s)\n", address_or(o, "address"),
	       hex_of(o, "address_refid_hex", hex));
	printf("Remote port     : %" PRId64 "\n", member_i64(o, "port"));
	printf("Local address   : %s (%s)\n", address_or(o, "local_address"),
	       hex_of(o, "local_address_refid_hex", local));
	response_text(o);
	printf("Offset          : %+.9f seconds\n", seconds_of(o, "theta_ns"));
	printf("Peer delay      : %.9f seconds\n", seconds_of(o, "delay_ns"));
	printf("Peer dispersion : %.9f seconds\n",
	       seconds_of(o, "dispersion_ns"));
	printf("Response time   : %.9f seconds\n",
	       seconds_of(o, "response_time_ns"));
	printf("Jitter asymmetry: %+.2f\n", member_double(o, "jitter_asymmetry"));
	printf("NTP tests       : %.3s %.3s %s\n", tests,
	       strlen(tests) == 10 ? tests + 3 : "",
	       strlen(tests) == 10 ? tests + 6 : "");
	printf("Interleaved     : %s\n", yes_no(o, "interleaved"));
	printf("Authenticated   : %s\n", yes_no(o, "authenticated"));
	printf("TX timestamping : %s\n", stamp_long(o, "tx_timestamping"));
	printf("RX timestamping : %s\n", stamp_long(o, "rx_timestamping"));
	for (i = 0; i < TOTALS; i++)
		printf("%s: %" PRId64 "\n", totals[i].label,
		       member_i64(o, totals[i].key));
}

static void ntpdata_csv(struct json_object *o)
{
	const char *tests = member_str(o, "tests");
	char epoch[COLUMN], hex[COLUMN], local[COLUMN];
	size_t i;

	printf("%s,%s,%" PRId64 ",%s,%s,%s,%" PRId64 ",%s,%" PRId64 ",",
	       address_or(o, "address"), hex_of(o, "address_refid_hex", hex),
	       member_i64(o, "port"), address_or(o, "local_address"),
	       hex_of(o, "local_address_refid_hex", local), leap_long(o),
	       member_i64(o, "version"), mode_long(o),
	       member_i64(o, "stratum"));
	printf("%" PRId64 ",%.0f,%" PRId64 ",%.9f,%.6f,%.6f,%s,%s,%s,",
	       member_i64(o, "poll"), power_of_two(o, "poll"),
	       member_i64(o, "precision"), power_of_two(o, "precision"),
	       seconds_of(o, "root_delay_ns"),
	       seconds_of(o, "root_dispersion_ns"), hex_of(o, "refid_hex", hex),
	       refid_name(o),
	       col_epoch(member_i64(o, "reference_time_ns"), epoch));
	printf("%.9f,%.9f,%.9f,%.9f,%.2f,%.3s,%.3s,%s,%s,%s,%s,%s",
	       seconds_of(o, "theta_ns"), seconds_of(o, "delay_ns"),
	       seconds_of(o, "dispersion_ns"),
	       seconds_of(o, "response_time_ns"),
	       member_double(o, "jitter_asymmetry"), tests,
	       strlen(tests) == 10 ? tests + 3 : "",
	       strlen(tests) == 10 ? tests + 6 : "", yes_no(o, "interleaved"),
	       yes_no(o, "authenticated"), stamp_long(o, "tx_timestamping"),
	       stamp_long(o, "rx_timestamping"));
	for (i = 0; i < TOTALS; i++)
		printf(",%" PRId64, member_i64(o, totals[i].key));
	putchar('\n');
}

int cmd_ntpdata(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *request, *answer, *list, *o;
	int status = words_none(ctl, argc ? argc - 1 : 0, argv + 1);
	size_t i, n = 0;

	if (status)
		return status;
	request = daemon_request("ntpdata");
	if (argc)
		daemon_add_str(request, "source", argv[0]);
	status = daemon_ask(ctl, request, &answer);
	if (status)
		return status;
	if (!daemon_printed(ctl, answer)) {
		if (json_object_object_get_ex(answer, "sources", &list))
			n = json_object_array_length(list);
		for (i = 0; i < n; i++) {
			o = json_object_array_get_idx(list, i);
			if (pr_format() == PR_CSV) {
				ntpdata_csv(o);
			} else {
				if (!argc)
					putchar('\n');
				ntpdata_text(o);
			}
		}
	}
	json_object_put(answer);
	return 0;
}

struct count {
	const char *key;
	const char *label;
	bool after;		/* the number goes before its label */
};

/* A key of NULL is what chronyc counts and kntpd has none of. */
static int show_counts(struct ctl *ctl, const char *cmd,
		       const struct count *counts, size_t n, int argc,
		       char **argv)
{
	struct json_object *answer;
	int status = words_none(ctl, argc, argv);
	int64_t value;
	size_t i;

	if (!status)
		status = daemon_ask(ctl, daemon_request(cmd), &answer);
	if (status)
		return status;
	for (i = 0; pr_format() != PR_JSON && i < n; i++) {
		value = counts[i].key ? member_i64(answer, counts[i].key) : 0;
		if (pr_format() == PR_CSV)
			printf("%s%" PRId64, i ? "," : "", value);
		else if (counts[i].after)
			printf("%" PRId64 " %s\n", value, counts[i].label);
		else if (counts[i].key)
			printf("%-27s: %" PRId64 "\n", counts[i].label, value);
	}
	if (!daemon_printed(ctl, answer) && pr_format() == PR_CSV)
		putchar('\n');
	json_object_put(answer);
	return 0;
}

int cmd_activity(struct ctl *ctl, int argc, char **argv)
{
	static const struct count counts[] = {
		{ "online", "sources online", true },
		{ "offline", "sources offline", true },
		{ "burst_online", "sources doing burst (return to online)",
		  true },
		{ "burst_offline", "sources doing burst (return to offline)",
		  true },
		{ "unresolved", "sources with unknown address", true },
	};

	return show_counts(ctl, "activity", counts,
			   sizeof(counts) / sizeof(counts[0]), argc, argv);
}

int cmd_serverstats(struct ctl *ctl, int argc, char **argv)
{
	static const struct count counts[] = {
		{ "ntp_received", "NTP packets received", false },
		{ "ntp_dropped", "NTP packets dropped", false },
		{ NULL, "Command packets received", false },
		{ NULL, "Command packets dropped", false },
		{ "clients_dropped", "Client log records dropped", false },
		{ NULL, "NTS-KE connections accepted", false },
		{ NULL, "NTS-KE connections dropped", false },
		{ "authenticated", "Authenticated NTP packets", false },
		{ "interleaved", "Interleaved NTP packets", false },
		{ "timestamps_held", "NTP timestamps held", false },
		{ "timestamp_span_s", "NTP timestamp span", false },
		{ "rx_daemon", "NTP daemon RX timestamps", false },
		{ "tx_daemon", "NTP daemon TX timestamps", false },
		{ "rx_kernel", "NTP kernel RX timestamps", false },
		{ "tx_kernel", "NTP kernel TX timestamps", false },
		{ "rx_hardware", "NTP hardware RX timestamps", false },
		{ "tx_hardware", "NTP hardware TX timestamps", false },
		{ "domain_signed", "MS-SNTP replies signed", false },
		{ "domain_unsigned", "MS-SNTP requests unsigned", false },
	};

	return show_counts(ctl, "serverstats", counts,
			   sizeof(counts) / sizeof(counts[0]), argc, argv);
}
