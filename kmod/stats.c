// SPDX-License-Identifier: GPL-2.0
#include "stats.h"

#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

/**
 * kntp_stats_start() - set up the counters of a network namespace, once
 * @set: the counters
 *
 * Namespaces are many and those that serve time few, so this waits for the
 * first listener. Process context, rtnl held. Return: 0 or -ENOMEM.
 */
int kntp_stats_start(struct kntp_stats_set *set)
{
	struct kntp_stats __percpu *cpu;

	ASSERT_RTNL();
	if (set->cpu)
		return 0;
	set->zero = kzalloc(sizeof(*set->zero), GFP_KERNEL_ACCOUNT);
	if (!set->zero)
		return -ENOMEM;
	cpu = netdev_alloc_pcpu_stats(struct kntp_stats);
	if (!cpu) {
		kfree(set->zero);
		set->zero = NULL;
		return -ENOMEM;
	}
	/* pairs with is_counting(): @zero is there as well */
	smp_store_release(&set->cpu, cpu);
	return 0;
}

static bool is_counting(const struct kntp_stats_set *set)
{
	/* pairs with kntp_stats_start(): @zero is there as well */
	return smp_load_acquire(&set->cpu);
}

/**
 * kntp_stats_exit() - free them; nobody counts any more
 * @set: the counters
 *
 * Process context.
 */
void kntp_stats_exit(struct kntp_stats_set *set)
{
	kfree(set->zero);
	free_percpu(set->cpu);
}

static void add_one_cpu(const struct kntp_stats_set *set, unsigned int cpu,
			struct kntp_counts *counts)
{
	const struct kntp_stats *stats = per_cpu_ptr(set->cpu, cpu);
	unsigned int start, hook, stat;
	u64 count;

	for (hook = 0; hook < KNTP_HOOK_MAX; hook++)
		for (stat = 1; stat <= KNTP_COUNTS; stat++) {
			do {
				start = u64_stats_fetch_begin(&stats->syncp);
				count = u64_stats_read(&stats->count[hook][stat]);
			} while (u64_stats_fetch_retry(&stats->syncp, start));
			counts->count[hook][stat] += count;
		}
}

static void sum(const struct kntp_stats_set *set, struct kntp_counts *counts)
{
	int cpu;

	memset(counts, 0, sizeof(*counts));
	for_each_possible_cpu(cpu)
		add_one_cpu(set, cpu, counts);
}

/**
 * kntp_stats_read_cpu() - the counters of one CPU, since there are any
 * @set: the counters
 * @cpu: below nr_cpu_ids
 * @counts: where to
 *
 * Whatever was set to zero. Process context. Return: whether anything ever came
 * to a hook there.
 */
bool kntp_stats_read_cpu(const struct kntp_stats_set *set, unsigned int cpu,
			 struct kntp_counts *counts)
{
	unsigned int hook;
	bool any = false;

	if (!is_counting(set) || !cpu_possible(cpu))
		return false;
	memset(counts, 0, sizeof(*counts));
	add_one_cpu(set, cpu, counts);
	for (hook = 0; hook < KNTP_HOOK_MAX; hook++)
		any |= counts->count[hook][KNTP_STAT_IN];
	return any;
}

/**
 * kntp_stats_read() - the counters since they were last set to zero
 * @set: the counters
 * @counts: where to
 *
 * Packets go on being counted meanwhile, so that IN may be ahead of the sum of
 * the others by those in flight. Process context; the caller keeps
 * kntp_stats_reset() out (genl_mutex).
 */
void kntp_stats_read(const struct kntp_stats_set *set,
		     struct kntp_counts *counts)
{
	unsigned int hook, stat;

	if (!is_counting(set)) {
		memset(counts, 0, sizeof(*counts));
		return;
	}
	sum(set, counts);
	for (hook = 0; hook < KNTP_HOOK_MAX; hook++)
		for (stat = 1; stat <= KNTP_COUNTS; stat++)
			counts->count[hook][stat] -= set->zero->count[hook][stat];
}

/**
 * kntp_stats_reset() - count from zero again
 * @set: the counters
 *
 * The CPUs' own counts are left alone, since writing them here would race with
 * their increments. Process context, genl_mutex held.
 */
void kntp_stats_reset(struct kntp_stats_set *set)
{
	if (is_counting(set))
		sum(set, set->zero);
}
