/* SPDX-License-Identifier: GPL-2.0 */
/* The module's counters: what they are called, what they mean, and their values. */
#ifndef KNTP_LIB_COUNTERS_H
#define KNTP_LIB_COUNTERS_H

#include <linux/kntp.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

/* OF counts some of the others again. */
enum counter_group { COUNTER_TOTAL, COUNTER_PASS, COUNTER_DROP, COUNTER_OF };

struct counter {
	enum counter_group group;
	const char *name;
	const char *sentence;	/* what an operator may do about it */
};

extern const struct counter counters[KNTP_STAT_MAX + 1];

#define FOR_EACH_COUNTER(i, g) \
	for (i = 1; i <= KNTP_STAT_MAX; i++) \
		if (counters[i].group == (g))

struct hook_stats {
	uint32_t hook;
	uint64_t count[KNTP_STAT_MAX + 1];
	uint64_t passed, dropped;	/* sums */
	uint64_t times[KNTP_TIME_MAX + 1], timed;	/* from 1; their sum */
};

struct stats {
	size_t n;
	struct hook_stats hook[KNTP_HOOK_MAX];
};

/* The end of a bucket of the times that replies took, s: they are shorter. */
double time_bucket(int bucket);
/* The one that PART of all replies, 0 to 1, did not take longer than; or 0. */
int time_quantile(const struct hook_stats *h, double part);

/* By how much a counter grew a second; one that was reset begins at nought. */
double counter_rate(uint64_t before, uint64_t now, double s);

/* What came to one CPU, and a list of such. */
struct cpu_stats {
	uint32_t cpu;
	struct stats stats;
};

struct cpu_stats_list {
	struct cpu_stats *at;
	size_t n, room;
};

/* An nl_fn, and what begins again: STATS_GET's dump. More than ROOM are left out. */
int counters_collect_cpu(const struct nlmsghdr *nlh, void *data);
void counters_restart_cpu(void *data);

/* An nl_fn: the answer to STATS_GET, into a struct stats that has none yet. */
int counters_collect(const struct nlmsghdr *nlh, void *data);

#endif
