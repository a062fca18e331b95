/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_TIMEKEEPING_H
#define _KNTP_TIMEKEEPING_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <asm/barrier.h>

extern atomic_t kntp_steps;
extern atomic_t kntp_leaps;

/**
 * kntp_timekeeping_steps() - how often the system clock was stepped so far
 *
 * To be read after the clock: a time that is read from the clock after a step
 * never comes with the count from before it. Any context.
 */
static inline u32 kntp_timekeeping_steps(void)
{
	smp_rmb();	/* pairs with the clock's own write side */
	return atomic_read(&kntp_steps);
}

/**
 * kntp_timekeeping_leaps() - how many leap seconds it has taken so far
 *
 * Any context.
 */
static inline u32 kntp_timekeeping_leaps(void)
{
	return atomic_read(&kntp_leaps);
}

int kntp_timekeeping_init(void);
void kntp_timekeeping_exit(void);

#endif /* _KNTP_TIMEKEEPING_H */
