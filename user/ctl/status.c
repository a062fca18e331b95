// SPDX-License-Identifier: GPL-2.0
#include "clock.h"
#include "names.h"
#include "print.h"
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The version of the module that is loaded, not of this program. */
static void module_version(char *buf, size_t size)
{
	FILE *file = fopen("/sys/module/kntp/version", "re");

	if (!file || !fgets(buf, (int)size, file))
		snprintf(buf, size, "unknown");
	buf[strcspn(buf, "\n")] = '\0';
	if (file)
		fclose(file);
}

static void print_clock(const struct clock_info *c)
{
	pr_object("clock", NULL);
	clock_print_state(c);
	if (c->was_published) {
		pr_str("base", "base", base_name(c->base));
		clock_print_source(c);
		pr_ns("root_distance_ns", "root distance",
		      clock_root_distance(c));
		clock_print_lease_left(c);
	}
	pr_object_end();
}

static void print_totals(const struct hook_stats *h)
{
	char words[128];

	pr_object(NULL, NULL);
	pr_str("hook", NULL, hook_name(h->hook));
	pr_u64("in", NULL, h->count[KNTP_STAT_IN]);
	pr_u64("answered", NULL, h->count[KNTP_STAT_ANSWERED]);
	pr_u64("passed_total", NULL, h->passed);
	pr_u64("dropped_total", NULL, h->dropped);
	snprintf(words, sizeof(words),
		 "in %" PRIu64 ", answered %" PRIu64 ", passed %" PRIu64
		 ", dropped %" PRIu64,
		 h->count[KNTP_STAT_IN], h->count[KNTP_STAT_ANSWERED],
		 h->passed, h->dropped);
	pr_text(NULL, NULL, hook_name(h->hook), words);
	pr_object_end();
}

int cmd_status(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);
	struct clock_info c;
	uint64_t prefixes;
	struct stats s;
	char version[64];
	size_t i;

	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = clock_fetch(ctl, &c);
	if (!status)
		status = acl_count(ctl, &prefixes);
	if (!status)
		status = stats_fetch(ctl, &s);
	if (!status)
		status = listen_fetch(ctl);
	if (status)
		return status;

	module_version(version, sizeof(version));
	pr_begin();
	pr_str("module_version", "module", version);
	print_clock(&c);
	listen_print("listeners");
	pr_u64("acl_prefixes", "prefixes", prefixes);
	pr_list("hooks", NULL);
	for (i = 0; i < s.n; i++)
		print_totals(&s.hook[i]);
	pr_list_end();
	pr_end();
	return 0;
}
