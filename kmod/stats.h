/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_STATS_H
#define _KNTP_STATS_H

#include <linux/kntp.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

/* enum kntp_stat, and behind it the buckets of the times that replies took. */
#define KNTP_COUNTS	(KNTP_STAT_MAX + KNTP_TIME_MAX)

struct kntp_stats {
	u64_stats_t count[KNTP_HOOK_MAX][KNTP_COUNTS + 1];
	struct u64_stats_sync syncp;
};

struct kntp_counts {
	u64 count[KNTP_HOOK_MAX][KNTP_COUNTS + 1];
};

/**
 * struct kntp_stats_set - the counters of a network namespace
 * @cpu: counts of each CPU, since there was something to count; else NULL
 * @zero: what they were when an operator last set them to zero
 */
struct kntp_stats_set {
	struct kntp_stats __percpu *cpu;
	struct kntp_counts *zero;
};

/**
 * kntp_count() - count a packet
 * @set: the counters of its network namespace
 * @hook: where it was seen
 * @stat: what became of it, or KNTP_STAT_MAX and a bucket of the times
 *
 * Softirq or BH disabled.
 */
static inline void kntp_count(const struct kntp_stats_set *set,
			      enum kntp_hook hook, unsigned int stat)
{
	struct kntp_stats *stats = this_cpu_ptr(set->cpu);

	u64_stats_update_begin(&stats->syncp);
	u64_stats_inc(&stats->count[hook - 1][stat]);
	u64_stats_update_end(&stats->syncp);
}

int kntp_stats_start(struct kntp_stats_set *set);
void kntp_stats_exit(struct kntp_stats_set *set);
void kntp_stats_read(const struct kntp_stats_set *set,
		     struct kntp_counts *counts);
bool kntp_stats_read_cpu(const struct kntp_stats_set *set, unsigned int cpu,
			 struct kntp_counts *counts);
void kntp_stats_reset(struct kntp_stats_set *set);

#endif /* _KNTP_STATS_H */
