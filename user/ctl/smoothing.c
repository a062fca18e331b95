// SPDX-License-Identifier: GPL-2.0
/* What kntpd serves beside what it estimates, under smoothtime. */
#include "columns.h"
#include "print.h"

#include <stdio.h>
#include <string.h>

static void print_text(struct json_object *o)
{
	printf("Active         : %s%s\n", yes_no(o, "active"),
	       member_bool(o, "leap_only") ? " (leap second only)" : "");
	printf("Offset         : %+.9f seconds\n", seconds_of(o, "offset_ns"));
	printf("Frequency      : %+.6f ppm\n", ppm_of(o, "frequency_ppb"));
	printf("Wander         : %+.6f ppm per second\n",
	       ppm_of(o, "wander_ppb_s"));
	printf("Last update    : %.1f seconds ago\n",
	       seconds_of(o, "last_update_ns"));
	printf("Remaining time : %.1f seconds\n",
	       seconds_of(o, "remaining_ns"));
}

static void print_csv(struct json_object *o)
{
	printf("%s,%s,%.9f,%.6f,%.6f,%.1f,%.1f\n", yes_no(o, "active"),
	       yes_no(o, "leap_only"), seconds_of(o, "offset_ns"),
	       ppm_of(o, "frequency_ppb"), ppm_of(o, "wander_ppb_s"),
	       seconds_of(o, "last_update_ns"),
	       seconds_of(o, "remaining_ns"));
}

static int show(struct ctl *ctl)
{
	struct json_object *answer;
	int status;

	status = daemon_ask(ctl, daemon_request("smoothing"), &answer);
	if (status)
		return status;
	if (pr_format() == PR_CSV)
		print_csv(answer);
	else if (!daemon_printed(ctl, answer))
		print_text(answer);
	json_object_put(answer);
	return 0;
}

int cmd_smoothing(struct ctl *ctl, int argc, char **argv)
{
	int status;

	if (!argc)
		return show(ctl);
	status = words_none(ctl, argc - 1, argv + 1);
	if (status)
		return status;
	if (!strcmp(argv[0], "reset"))
		return daemon_act(ctl, daemon_request("smoothing-reset"));
	if (!strcmp(argv[0], "activate"))
		return daemon_act(ctl, daemon_request("smoothing-activate"));
	return ctl_usage(ctl, "'%s' is neither reset nor activate", argv[0]);
}
