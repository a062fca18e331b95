// SPDX-License-Identifier: GPL-2.0
#include "source.h"

/**
 * source_leapt_all() - a leap second has been
 * @ns: what UTC is moved by
 */
void source_leapt_all(int64_t ns)
{
	struct source *s;

	for (s = sources; s; s = s->next)
		estimate_shift(&s->est, ns);
}

/**
 * source_forget_all() - no sample is worth anything any more
 *
 * What is known of frequencies stays.
 */
void source_forget_all(void)
{
	struct source *s;

	for (s = sources; s; s = s->next) {
		estimate_reset(&s->est);
		s->updates = 0;
		s->reach = 0;
		s->status = SOURCE_NEW;
	}
}

/**
 * source_root_delay() - to the primary source behind this one
 * @s: has an estimate
 *
 * RFC 5905 section 11.2.1. Return: s.
 */
double source_root_delay(const struct source *s)
{
	return estimate_last(&s->est)->root_delay +
	       estimate_min_delay(&s->est);
}

/**
 * source_root_dispersion() - what time by this source may be off by, beside
 * half the root delay
 * @s: has an estimate
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 * @growth: what the clock may drift away by, though the fit is right, s/s
 *
 * RFC 5905 section 11.2.1, where the peer's own part is what the estimate knows
 * instead of a sum of differences, and the skew grows beside PHI.
 *
 * Return: s.
 */
double source_root_dispersion(const struct source *s, int64_t raw,
			      double growth)
{
	const struct sample *last = estimate_last(&s->est);
	double age = (double)(raw - last->raw) * 1e-9;

	return last->root_dispersion + last->dispersion +
	       estimate_excess(&s->est, growth) +
	       age * (growth + s->est.skew) +
	       fit_at(&s->est.fit, raw).time_error;
}
