/* SPDX-License-Identifier: GPL-2.0 */
/* The counters, their names and what they mean. */
#ifndef KNTP_CTL_STATS_H
#define KNTP_CTL_STATS_H

#include "ctl.h"

#include <linux/kntp.h>

struct hook_stats {
	uint32_t hook;
	uint64_t count[KNTP_STAT_MAX + 1];
	uint64_t passed, dropped;	/* sums */
};

struct stats {
	size_t n;
	struct hook_stats hook[KNTP_HOOK_MAX];
};

/* 0, or an exit status once the reason is printed. */
int stats_fetch(struct ctl *ctl, struct stats *s);

#endif
