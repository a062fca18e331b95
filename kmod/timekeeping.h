/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_TIMEKEEPING_H
#define _KNTP_TIMEKEEPING_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <asm/barrier.h>

extern atomic64_t kntp_timekeeping;

/**
 * kntp_timekeeping_epoch() - tells times apart between which the clock jumped
 *
 * To be read after the clock: a time that is read from the clock after a step
 * never comes with the epoch from before it. Any context.
 * Return: steps of the system clock so far in the upper half, leap seconds in
 * the lower.
 */
static inline u64 kntp_timekeeping_epoch(void)
{
	smp_rmb();	/* pairs with the clock's own write side */
	return atomic64_read(&kntp_timekeeping);
}

/**
 * kntp_timekeeping_steps() - how often the system clock was stepped so far
 *
 * As kntp_timekeeping_epoch().
 */
static inline u32 kntp_timekeeping_steps(void)
{
	return kntp_timekeeping_epoch() >> 32;
}

int kntp_timekeeping_init(void);
void kntp_timekeeping_exit(void);

#endif /* _KNTP_TIMEKEEPING_H */
