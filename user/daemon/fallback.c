// SPDX-License-Identifier: GPL-2.0
#include "fallback.h"
#include "conf.h"
#include "log.h"
#include "loop.h"

#include <math.h>
#include <string.h>

enum { POWERS = 32 };

static struct {
	int min, max;		/* log2 s; both 0: there are no fallbacks */
	struct {
		double frequency;
		double seconds;	/* that it is the average of, so far */
	} average[POWERS];
	int next;		/* that the timer waits for */
	int64_t updated;	/* loop_now() */
	struct timer timer;
	void (*use)(double frequency);
} f;

/* Use an average only once it covers the whole of its time, 2^POWER s. */
static bool is_whole(int power)
{
	return f.average[power].seconds >= ldexp(1, power);
}

/* Start the timer of the next usable average, from POWER on. */
static void wait_for(int power)
{
	double elapsed = (double)(loop_now() - f.updated) * 1e-9;

	while (power <= f.max && !is_whole(power))
		power++;
	f.next = power;
	if (power <= f.max)
		timer_set(&f.timer, fmax(ldexp(1, power) - elapsed, 0));
}

static void fall_back(void *arg)
{
	(void)arg;
	log_msg(LOG_WARNING, "no update of the clock for %.0f s: the frequency is its average of that time, %.3f ppm slow",
		ldexp(1, f.next), f.average[f.next].frequency * 1e6);
	f.use(f.average[f.next].frequency);
	wait_for(f.next + 1);
}

/**
 * fallback_init() - Set up the averages, all empty
 * @c: the configuration, with the shortest and the longest average
 * @use: sets the frequency of the clock, s/s
 */
void fallback_init(const struct config *c, void (*use)(double frequency))
{
	memset(&f, 0, sizeof(f));
	f.timer.fn = fall_back;
	f.use = use;
	/* As chronyd: 0 of either of them means none. */
	if (c->fallbackdrift_min > 0 &&
	    c->fallbackdrift_max >= c->fallbackdrift_min) {
		f.min = c->fallbackdrift_min;
		f.max = c->fallbackdrift_max;
	}
}

/**
 * fallback_update() - Add the frequency of a clock update to the averages
 * @frequency: of the clock after the update, s/s
 * @interval: since the previous update, s; 0 for the first
 *
 * An average is the plain mean until it covers 2^power s. From then on the weight
 * of older frequencies decays exponentially.
 */
void fallback_update(double frequency, double interval)
{
	double seconds, part;
	int i;

	if (!f.max)
		return;
	timer_cancel(&f.timer);
	f.updated = loop_now();
	/* The frequency is not known for a time in which a fallback was used. */
	for (i = f.min; interval > 0 && interval < ldexp(1, f.min) &&
			i <= f.max; i++) {
		seconds = fmin(f.average[i].seconds, ldexp(1, i));
		part = seconds < ldexp(1, i) ? interval / (seconds + interval) :
					       1 - exp(-interval / seconds);
		f.average[i].frequency +=
			part * (frequency - f.average[i].frequency);
		f.average[i].seconds += interval;
	}
	wait_for(f.min);
}

/**
 * fallback_turn() - Apply a change of the oscillator's frequency to the averages
 * @df: the change, s/s
 */
void fallback_turn(double df)
{
	int i;

	for (i = 0; i < POWERS; i++)
		f.average[i].frequency += df;
}

/**
 * fallback_stop() - Cancel the timer
 */
void fallback_stop(void)
{
	timer_cancel(&f.timer);
}
