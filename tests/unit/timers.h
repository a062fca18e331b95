/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The timers of loop.h, by a clock that a test moves on. Included once by a
 * program, which does not link loop.c.
 */
#ifndef _KNTP_TESTS_UNIT_TIMERS_H
#define _KNTP_TESTS_UNIT_TIMERS_H

#include "../../user/daemon/loop.h"

static int64_t now;		/* ns */
static struct timer *timers;	/* in the order in which they expire */

int64_t loop_now(void)
{
	return now;
}

void timer_cancel(struct timer *t)
{
	struct timer **p;

	for (p = &timers; *p && *p != t; p = &(*p)->next)
		;
	if (*p)
		*p = t->next;
	t->armed = false;
}

void timer_set(struct timer *t, double delay)
{
	struct timer **p;

	timer_cancel(t);
	t->when = now + (int64_t)(delay * 1e9);
	for (p = &timers; *p && (*p)->when <= t->when; p = &(*p)->next)
		;
	t->next = *p;
	*p = t;
	t->armed = true;
}

/* S seconds pass, and the timers that expire in them run. */
static inline void advance(double s)
{
	int64_t until = now + (int64_t)(s * 1e9);
	struct timer *t;

	while (timers && timers->when <= until) {
		t = timers;
		now = t->when > now ? t->when : now;
		timers = t->next;
		t->armed = false;
		t->fn(t->arg);
	}
	now = until;
}

#endif
