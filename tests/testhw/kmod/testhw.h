/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hardware that keeps true time, for tests: a hardware clock (PHC), a pulse, and
 * network devices that stamp by the clock.
 * True time is a line on CLOCK_MONOTONIC_RAW, which nobody disciplines; only
 * who checks reads it, exactly.
 */
#ifndef _KNTP_TESTHW_H
#define _KNTP_TESTHW_H

#include <linux/ktime.h>
#include <linux/types.h>

/* The same moment by three clocks, ns. */
struct testhw_now {
	s64 raw, real, truth;
};

void testhw_now(struct testhw_now *now);
s64 testhw_truth(s64 raw);
/* What RAW passes while truth does, ns. */
s64 testhw_raw_span(s64 truth_span);
void testhw_step(s64 ns);

/* From -LIMIT to LIMIT, ns; and whether that comes in PERCENT of all cases. */
s64 testhw_random(s64 limit);
bool testhw_chance(unsigned int percent);

/* Another pulse at truth's second: stamps it where that is asked for. */
void testhw_phc_pulse(s64 truth);
/* How a packet of that time is stamped; and the number of the clock. */
ktime_t testhw_phc_stamp(s64 truth);
int testhw_phc_number(void);

int testhw_phc_init(void);
void testhw_phc_exit(void);
int testhw_pps_init(void);
void testhw_pps_exit(void);
int testhw_netdev_init(void);
void testhw_netdev_exit(void);

#endif
