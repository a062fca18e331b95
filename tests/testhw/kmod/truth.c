// SPDX-License-Identifier: GPL-2.0
#include "testhw.h"

#include <linux/math64.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/spinlock.h>

static DEFINE_SPINLOCK(lock);
static s64 truth_raw, truth_at;		/* both at one moment; under lock */
static s64 truth_ppb;
static struct rnd_state rnd;
static bool seeded;
static unsigned int seed = 1;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "of all that is random");

static s64 gain(s64 span, s64 ppb)
{
	/* Spans of days, and some hundred ppm: neither product overflows. */
	return div_s64(span, 1000000) * ppb / 1000 +
	       div_s64((span % 1000000) * ppb, 1000000000);
}

/**
 * testhw_truth() - true time
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 *
 * Context: any. Return: ns since 1970.
 */
s64 testhw_truth(s64 raw)
{
	unsigned long flags;
	s64 span, at;

	spin_lock_irqsave(&lock, flags);
	span = raw - truth_raw;
	at = truth_at + span + gain(span, truth_ppb);
	spin_unlock_irqrestore(&lock, flags);
	return at;
}

/**
 * testhw_raw_span() - how long a span of true time takes
 * @truth_span: it, ns
 *
 * Return: ns of CLOCK_MONOTONIC_RAW.
 */
s64 testhw_raw_span(s64 truth_span)
{
	return truth_span - gain(truth_span, truth_ppb);
}

/**
 * testhw_now() - one moment by all clocks
 * @now: is filled
 *
 * Context: any.
 */
void testhw_now(struct testhw_now *now)
{
	struct system_time_snapshot snap;

#ifdef TESTHW_SNAPSHOT_ID
	ktime_get_snapshot_id(CLOCK_REALTIME, &snap);
	now->raw = ktime_to_ns(snap.monoraw);
	now->real = ktime_to_ns(snap.systime);
#else
	ktime_get_snapshot(&snap);
	now->raw = ktime_to_ns(snap.raw);
	now->real = ktime_to_ns(snap.real);
#endif
	now->truth = testhw_truth(now->raw);
}

/* The line goes on from here. */
static void bend(s64 step, s64 ppb)
{
	unsigned long flags;
	s64 raw = ktime_get_raw_ns(), at = testhw_truth(raw);

	spin_lock_irqsave(&lock, flags);
	truth_raw = raw;
	truth_at = at + step;
	truth_ppb = ppb;
	spin_unlock_irqrestore(&lock, flags);
}

void testhw_step(s64 ns)
{
	bend(ns, truth_ppb);
}

static u32 random_u32(void)
{
	unsigned long flags;
	u32 r;

	spin_lock_irqsave(&lock, flags);
	if (!seeded)
		prandom_seed_state(&rnd, seed);
	seeded = true;
	r = prandom_u32_state(&rnd);
	spin_unlock_irqrestore(&lock, flags);
	return r;
}

s64 testhw_random(s64 limit)
{
	s64 r = random_u32();

	return limit ? (r * (2 * limit) >> 32) - limit : 0;
}

bool testhw_chance(unsigned int percent)
{
	return (u64)random_u32() * 100 >> 32 < percent;
}

/* "RAW REAL TRUTH", ns: one moment. Written to, it is set: truth is that now. */
static int get_truth(char *buf, const struct kernel_param *kp)
{
	struct testhw_now now;

	testhw_now(&now);
	return scnprintf(buf, PAGE_SIZE, "%lld %lld %lld\n", now.raw, now.real,
			 now.truth);
}

static int set_truth(const char *val, const struct kernel_param *kp)
{
	s64 at, raw = ktime_get_raw_ns();
	int err = kstrtos64(val, 0, &at);

	if (!err)
		testhw_step(at - testhw_truth(raw));
	return err;
}

static const struct kernel_param_ops truth_ops = {
	.get = get_truth,
	.set = set_truth,
};
module_param_cb(truth, &truth_ops, NULL, 0600);

static int get_ppb(char *buf, const struct kernel_param *kp)
{
	return scnprintf(buf, PAGE_SIZE, "%lld\n", truth_ppb);
}

static int set_ppb(const char *val, const struct kernel_param *kp)
{
	s64 ppb;
	int err = kstrtos64(val, 0, &ppb);

	if (!err)
		bend(0, ppb);
	return err;
}

static const struct kernel_param_ops ppb_ops = {
	.get = get_ppb,
	.set = set_ppb,
};
module_param_cb(ppb, &ppb_ops, NULL, 0600);
