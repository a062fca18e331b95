// SPDX-License-Identifier: GPL-2.0
/*
 * Watches the kernel's timekeeper for what makes a published clock untrue: a
 * step of CLOCK_REALTIME by anyone, and suspend.
 */
#include "timekeeping.h"

#include <linux/bits.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/notifier.h>
#include <linux/pvclock_gtod.h>
#include <linux/suspend.h>
#include <linux/time64.h>
#include <linux/timekeeper_internal.h>
#include "event.h"

atomic64_t kntp_timekeeping = ATOMIC64_INIT(0);

/* Steps so far when the machine was suspended last. */
atomic_t kntp_timekeeping_suspended = ATOMIC_INIT(0);

/* CLOCK_REALTIME behind its last step, ns since 1970 UTC. */
atomic64_t kntp_timekeeping_stepped_to = ATOMIC64_INIT(0);

#define ONE_STEP	BIT_ULL(32)
#define ONE_LEAP	1

/* Written under the timekeeper's own lock only. */
static struct {
	ktime_t real;
	ktime_t tai;
	bool known;
} offsets;

/*
 * A CPU that slept through midnight takes its leap second when it wakes. No
 * tick is put off for this long.
 */
#define LEAP_WINDOW_S	3600

/*
 * The kernel's leap second moves CLOCK_REALTIME by one second at midnight UTC
 * and TAI - UTC by the opposite in the same update; no system call does both
 * in one update, so this cannot be mistaken.
 */
static bool is_leap(const struct timekeeper *tk)
{
	u32 second_of_day;

	if (tk->offs_tai != offsets.tai)
		return false;
	if (abs(ktime_sub(tk->offs_real, offsets.real)) != NSEC_PER_SEC)
		return false;
	div_u64_rem(tk->xtime_sec + 1, 86400, &second_of_day);
	return second_of_day < LEAP_WINDOW_S;
}

static s64 real_of(const struct timekeeper *tk)
{
	return ktime_add(tk->tkr_mono.base, tk->offs_real) +
	       (tk->tkr_mono.xtime_nsec >> tk->tkr_mono.shift);
}

static void step(s64 to, u64 kind)
{
	atomic64_set(&kntp_timekeeping_stepped_to, to);
	smp_wmb();	/* pairs with kntp_timekeeping_since() */
	atomic64_add(kind, &kntp_timekeeping);
}

/*
 * Runs on every update of the timekeeper, with its lock held, before readers
 * see the new time.
 */
static int timekeeper_updated(struct notifier_block *nb, unsigned long was_set,
			      void *data)
{
	const struct timekeeper *tk = data;

	if (likely(tk->offs_real == offsets.real) || !offsets.known) {
		/* nothing, or a change of TAI alone */
	} else if (is_leap(tk)) {
		step(real_of(tk), ONE_LEAP);
		kntp_event_raise(KNTP_EVENT_CLOCK_LEAP);
	} else {
		step(real_of(tk), ONE_STEP);
		kntp_event_raise(KNTP_EVENT_CLOCK_STEPPED);
	}
	offsets.real = tk->offs_real;
	offsets.tai = tk->offs_tai;
	offsets.known = true;
	return NOTIFY_DONE;
}

static struct notifier_block timekeeper_notifier = {
	.notifier_call = timekeeper_updated,
};

/*
 * What the clock did while the machine slept is the firmware's word only.
 * Before it sleeps, so that nothing is answered between waking and this; after
 * it woke, for what was published in between.
 */
static int power_changed(struct notifier_block *nb, unsigned long event,
			 void *data)
{
	switch (event) {
	case PM_SUSPEND_PREPARE:
	case PM_POST_SUSPEND:
	case PM_HIBERNATION_PREPARE:
	case PM_POST_HIBERNATION:
		atomic_set(&kntp_timekeeping_suspended,
			   atomic64_add_return(ONE_STEP, &kntp_timekeeping) >> 32);
		kntp_event_raise(KNTP_EVENT_CLOCK_STEPPED);
	}
	return NOTIFY_DONE;
}

static struct notifier_block power_notifier = {
	.notifier_call = power_changed,
};

/**
 * kntp_timekeeping_precision() - of the system clock
 *
 * The time it takes to read it, or its resolution where that is coarser: the
 * smallest step seen (RFC 5905 section 7.3). Process context.
 *
 * Return: log2 s.
 */
s8 __init kntp_timekeeping_precision(void)
{
	s64 smallest = NSEC_PER_SEC;
	s64 last, now;
	int i;

	for (i = 0; i < 100; i++) {
		last = ktime_get_real_ns();
		do {
			now = ktime_get_real_ns();
		} while (now == last);
		if (now > last)
			smallest = min(smallest, now - last);
	}
	/* 10^9 is 2^40 / 1100: log2 of seconds, rounded up */
	return ilog2((u64)smallest * 1100) - 40 + 1;
}

/**
 * kntp_timekeeping_init() - begin to watch
 *
 * Process context. Return: 0 or a negative error.
 */
int kntp_timekeeping_init(void)
{
	int err;

	err = pvclock_gtod_register_notifier(&timekeeper_notifier);
	if (err)
		return err;
	err = register_pm_notifier(&power_notifier);
	if (err)
		pvclock_gtod_unregister_notifier(&timekeeper_notifier);
	return err;
}

/**
 * kntp_timekeeping_exit() - watch no more
 *
 * Process context.
 */
void kntp_timekeeping_exit(void)
{
	unregister_pm_notifier(&power_notifier);
	pvclock_gtod_unregister_notifier(&timekeeper_notifier);
}
