// SPDX-License-Identifier: GPL-2.0
#include "source.h"
#include "log.h"

#include <math.h>

/* No oscillator drifts by more between two samples, s/s. */
#define DRIFT_MAX	100e-6
/* Deviations of a fit that are taken for a bound. */
#define DEVIATIONS	4.0

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
		s->suspect = false;
		s->reach = 0;
		s->status = SOURCE_NEW;
	}
}

/**
 * source_turn_all() - the oscillator runs at another rate from now on
 * @raw: CLOCK_MONOTONIC_RAW, ns
 * @df: what the frequency is more by, s/s
 */
void source_turn_all(int64_t raw, double df)
{
	struct source *s;

	for (s = sources; s; s = s->next) {
		estimate_turn(&s->est, raw, df);
		fit_turn(&s->clean, raw, df);
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

/* What one sample may be off by, s. */
static double sample_bound(const struct sample *s)
{
	return s->delay / 2 + s->dispersion;
}

/* Whether no drift and no delay explains the sample by the fit. */
static bool is_disjoint(const struct source *src, const struct fit *f,
			const struct sample *s, double growth)
{
	const struct estimate *e = &src->est;
	struct fit at = fit_at(f, s->raw);
	double age = (double)(s->raw - f->raw) * 1e-9;
	double off = fabs((double)(at.utc - s->utc)) * 1e-9;

	return off > sample_bound(s) + estimate_min_delay(e) / 2 +
		     DEVIATIONS * at.time_error +
		     age * (growth + e->skew + DRIFT_MAX);
}

/* Whether two samples can be of one clock that drifts as clocks do. */
static bool agree(const struct sample *a, const struct sample *b,
		  double frequency)
{
	double age = (double)(b->raw - a->raw) * 1e-9;
	double apart = (double)((b->utc - a->utc) - (b->raw - a->raw)) * 1e-9 -
		       age * frequency;

	return fabs(apart) <= sample_bound(a) + sample_bound(b) +
			      age * DRIFT_MAX;
}

/**
 * source_take() - add a sample to a source's estimate
 * @src: the source
 * @s: the sample
 * @growth: what the clock may drift away by, s/s
 *
 * Where this host was paused, or the server jumped, the samples of before say
 * nothing of now. One sample shows that something jumped. A second one that
 * agrees with the first shows what is true now: the older ones are dropped,
 * and the frequency that they gave stays. A broadcast shows neither, for it may
 * only be late: the broadcast client asks the server then.
 */
void source_take(struct source *src, const struct sample *s, double growth)
{
	struct estimate *e = &src->est;
	bool was_suspect = src->suspect;
	struct sample last;

	if (!e->valid || s->one_way || s->raw <= estimate_last(e)->raw) {
		src->suspect = false;
		estimate_add(e, s);
		return;
	}
	if (!was_suspect)
		src->clean = e->fit;
	last = *estimate_last(e);
	src->suspect = is_disjoint(src, &src->clean, s, growth);
	if (!was_suspect || !src->suspect ||
	    !agree(&last, s, src->clean.frequency)) {
		estimate_add(e, s);
		return;
	}
	log_msg(LOG_WARNING, "%s: two samples agree that time has jumped by %.3f s: older samples are dropped",
		src->name,
		(double)(s->utc - fit_at(&src->clean, s->raw).utc) * 1e-9);
	estimate_restart(e, &src->clean);
	estimate_add(e, s);
	src->suspect = false;
}
