/* SPDX-License-Identifier: GPL-2.0 */
/* What the module says of its clock. */
#ifndef KNTP_CTL_CLOCK_H
#define KNTP_CTL_CLOCK_H

#include "ctl.h"

struct clock_info {
	bool was_published;
	uint32_t base, state, refid, growth, steps;
	uint8_t leap, stratum;
	int8_t precision;
	int32_t tai_offset;
	int64_t time, raw_time, ref_time, published;
	int64_t map_raw, map_utc, map_rate;
	uint64_t root_delay, root_dispersion, dispersion_now, lease, lease_left;
};

/* 0, or an exit status once the reason is printed. */
int clock_fetch(struct ctl *ctl, struct clock_info *c);

/* What the replies say now: half the root delay and the root dispersion. */
uint64_t clock_root_distance(const struct clock_info *c);

/* The values that `status` shares with `clock show`. */
void clock_print_state(const struct clock_info *c);
void clock_print_source(const struct clock_info *c);
void clock_print_lease_left(const struct clock_info *c);

#endif
