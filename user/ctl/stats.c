// SPDX-License-Identifier: GPL-2.0
#include "stats.h"
#include "names.h"
#include "print.h"

#include <stdio.h>
#include <string.h>

int stats_fetch(struct ctl *ctl, struct stats *s)
{
	s->n = 0;
	nl_begin(&ctl->nl, KNTP_CMD_STATS_GET, NULL);
	return ctl_result(ctl, nl_do(&ctl->nl, counters_collect, s), NULL);
}

static void print_counter(const struct hook_stats *h, int i, bool zeroes,
			  bool explain)
{
	bool text = zeroes || explain || h->count[i] ||
		    counters[i].group == COUNTER_TOTAL;

	pr_u64(counters[i].name, text ? counters[i].name : NULL, h->count[i]);
	if (explain)
		pr_note(counters[i].sentence);
}

static void print_group(const struct hook_stats *h, enum counter_group group,
			const char *name, uint64_t sum, bool zeroes,
			bool explain)
{
	char total[32];
	int i;

	snprintf(total, sizeof(total), "%s_total", name);
	pr_u64(total, name, sum);
	pr_object(name, "");
	FOR_EACH_COUNTER(i, group)
		print_counter(h, i, zeroes, explain);
	pr_object_end();
}

static void print_within(const struct hook_stats *h, double part, const char *label)
{
	double us = time_bucket(time_quantile(h, part)) * 1e6;
	char text[40];

	snprintf(text, sizeof(text), us < 1000 ? "%.3g us" : "%.0f us", us);
	pr_text(NULL, NULL, label, text);
}

/* The text has it in a few words. */
static void print_times(const struct hook_stats *h, bool explain)
{
	int i;

	pr_object("response_time", h->timed || explain ? "response time" : NULL);
	if (explain)
		pr_note("From arrival to reply, of requests whose arrival the device, its driver or the stack had stamped.");
	if (h->timed) {
		print_within(h, 0.5, "half within");
		print_within(h, 0.99, "99 % within");
		print_within(h, 1, "all within");
	}
	if (pr_format() == PR_JSON) {
		pr_list("buckets", NULL);
		for (i = 1; i <= KNTP_TIME_MAX; i++) {
			pr_row();
			pr_i64("below_log2_s", NULL, i - KNTP_TIME_MAX);
			pr_u64("count", NULL, h->times[i]);
			pr_row_end();
		}
		pr_list_end();
	}
	pr_object_end();
}

static void print_hook(const struct hook_stats *h, bool zeroes, bool explain)
{
	int i;

	pr_object(NULL, hook_name(h->hook));
	pr_str("hook", NULL, hook_name(h->hook));
	FOR_EACH_COUNTER(i, COUNTER_TOTAL)
		print_counter(h, i, true, explain);
	print_group(h, COUNTER_PASS, "passed", h->passed, zeroes, explain);
	print_group(h, COUNTER_DROP, "dropped", h->dropped, zeroes, explain);
	pr_object("of_answered", "of these");
	FOR_EACH_COUNTER(i, COUNTER_OF)
		print_counter(h, i, zeroes, explain);
	pr_object_end();
	print_times(h, explain);
	pr_object_end();
}

static void print_csv_row(const struct hook_stats *h, const char *name,
			  uint64_t count)
{
	pr_row();
	pr_str(NULL, "", hook_name(h->hook));
	pr_str(NULL, "", name);
	pr_u64(NULL, "", count);
	pr_row_end();
}

/* HOOK,COUNTER,COUNT: every counter, for scripts. */
static void print_csv(const struct stats *s)
{
	static const char *const prefix[] = { "", "pass_", "drop_", "of_" };
	char name[32];
	size_t n;
	int i;

	for (n = 0; n < s->n; n++) {
		for (i = 1; i <= KNTP_STAT_MAX; i++) {
			snprintf(name, sizeof(name), "%s%s",
				 prefix[counters[i].group], counters[i].name);
			print_csv_row(&s->hook[n], name, s->hook[n].count[i]);
		}
		for (i = 1; i <= KNTP_TIME_MAX; i++) {
			snprintf(name, sizeof(name), "time_%d", i - KNTP_TIME_MAX);
			print_csv_row(&s->hook[n], name, s->hook[n].times[i]);
		}
	}
}

static void print_sentences(void)
{
	static const char *const groups[] = {
		NULL, "passed", "dropped", "of_answered"
	};
	int i, g;

	pr_object("explain", NULL);
	for (g = COUNTER_TOTAL; g <= COUNTER_OF; g++) {
		if (groups[g])
			pr_object(groups[g], NULL);
		FOR_EACH_COUNTER(i, (enum counter_group)g)
			pr_str(counters[i].name, NULL, counters[i].sentence);
		if (groups[g])
			pr_object_end();
	}
	pr_object_end();
}

int cmd_stats_show(struct ctl *ctl, int argc, char **argv)
{
	bool explain = argc && !strcmp(argv[0], "--explain");
	struct stats s;
	size_t i;
	int status;

	status = words_none(ctl, argc - explain, argv + explain);
	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = stats_fetch(ctl, &s);
	if (status)
		return status;

	pr_begin();
	if (pr_format() == PR_CSV) {
		print_csv(&s);
	} else {
		pr_list("hooks", NULL);
		for (i = 0; i < s.n; i++)
			print_hook(&s.hook[i], ctl->verbose, explain);
		pr_list_end();
		if (explain && pr_format() == PR_JSON)
			print_sentences();
	}
	pr_end();
	return 0;
}

int cmd_stats_reset(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nl_begin(&ctl->nl, KNTP_CMD_STATS_RESET, NULL);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}
