/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_TIMEKEEPING_H
#define _KNTP_TIMEKEEPING_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <asm/barrier.h>

extern atomic64_t kntp_timekeeping;
extern atomic_t kntp_timekeeping_suspended;
extern atomic64_t kntp_timekeeping_stepped_to;

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

/**
 * kntp_timekeeping_slept() - whether the machine was suspended since
 * @steps: kntp_timekeeping_steps() from then
 *
 * Any context. Steps by less than 2^31 are told apart.
 */
static inline bool kntp_timekeeping_slept(u32 steps)
{
	u32 at = atomic_read(&kntp_timekeeping_suspended);

	return (s32)(steps - at) < 0;
}

/**
 * kntp_timekeeping_since() - Read where the last step led to
 *
 * Read it after the epoch: the notifier writes it before the epoch changes, so
 * it is then of the step that began that epoch, or of a later one. Any context.
 * Return: CLOCK_REALTIME just behind that step, ns; 0 before the first one.
 */
static inline s64 kntp_timekeeping_since(void)
{
	smp_rmb();	/* pairs with timekeeper_updated() */
	return atomic64_read(&kntp_timekeeping_stepped_to);
}

/**
 * kntp_timekeeping_spans() - whether a step lies between a time and now
 * @stamp: a time of CLOCK_REALTIME, ns, read before now
 *
 * A stamp from before a step forward is always earlier than the time that the
 * step led to. A stamp from before a step back may be later than that: then it is
 * in the future, or lies between the true arrival and now. Any context.
 */
static inline bool kntp_timekeeping_spans(s64 stamp)
{
	smp_rmb();	/* as for the epoch */
	return stamp < atomic64_read(&kntp_timekeeping_stepped_to);
}

s8 kntp_timekeeping_precision(void);
int kntp_timekeeping_init(void);
void kntp_timekeeping_exit(void);

#endif /* _KNTP_TIMEKEEPING_H */
