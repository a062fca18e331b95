// SPDX-License-Identifier: GPL-2.0
/* How often a server is asked, and which of its answers are believed. */
#include "ntp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	STEADY_POLLS = 4,	/* before the interval grows */
	SAMPLES_MIN = 3,	/* before a delay is unusual */
};

static double seconds(int64_t ns)
{
	return (double)ns * 1e-9;
}

/* At this span the oscillator has wandered as far as one sample is noisy. */
static double balance(const struct fit *f)
{
	if (!(f->wander > 0))
		return INFINITY;
	return cbrt(f->noise * f->noise / f->wander);
}

/**
 * ntp_poll_adapt() - choose the interval anew
 * @src: has just got a sample
 *
 * Samples are to be so dense that the noise is averaged out before the
 * oscillator has wandered, and not denser. The interval grows with patience
 * and shrinks at once. Return: whether it is another one now.
 */
bool ntp_poll_adapt(struct ntp_source *src)
{
	const struct ntp_options *opt = &src->opt;
	int8_t poll = src->source.poll;
	double span, samples;

	if (src->source.est.valid && src->source.est.n >= SAMPLES_MIN) {
		span = balance(&src->source.est.fit);
		samples = ldexp(opt->polltarget, poll);
		src->steady = 4 * samples < span ? src->steady + 1 : 0;
		if (samples > span) {
			poll--;
		} else if (src->steady >= STEADY_POLLS) {
			poll++;
			src->steady = 0;
		}
	}
	if (poll > opt->maxpoll)
		poll = opt->maxpoll;
	if (poll < opt->minpoll)
		poll = opt->minpoll;
	if (poll < src->floor)
		poll = src->floor;
	if (poll == src->source.poll)
		return false;
	src->source.poll = poll;
	return true;
}

/**
 * ntp_min_delay() - the shortest round trip
 * @src: has a sample
 *
 * Return: as the operator says, or as it was measured, s.
 */
double ntp_min_delay(const struct ntp_source *src)
{
	return src->opt.mindelay > 0 ? src->opt.mindelay :
				       estimate_min_delay(&src->source.est);
}

/*
 * A long delay is no harm where noise is expected, nor when the offset differs
 * by more than that delay can explain: then the time itself has changed.
 */
static bool usual_delay(const struct ntp_source *src, const struct sample *s)
{
	const struct estimate *e = &src->source.est;
	double allowed, longer, off;
	struct fit now;

	if (!e->valid || e->n < SAMPLES_MIN)
		return true;
	if (!(src->opt.maxdelaydevratio > 0))
		return true;
	allowed = e->fit.noise * src->opt.maxdelaydevratio;
	longer = (s->delay - ntp_min_delay(src)) / 2;
	if (longer <= allowed)
		return true;
	now = fit_at(&e->fit, s->raw);
	off = fabs(seconds(s->utc - now.utc));
	return off - longer > allowed + 3 * now.time_error;
}

static int by_size(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/*
 * Whether a delay is among the shortest, up to the quantile that is configured,
 * of the last replies. Refused replies count too: otherwise each refusal would
 * lower the quantile.
 */
static bool short_delay(struct ntp_source *src, double delay)
{
	float sorted[NTP_DELAYS];
	unsigned int n;

	src->delay[src->n_delays++ % NTP_DELAYS] = (float)delay;
	n = src->n_delays < NTP_DELAYS ? src->n_delays : NTP_DELAYS;
	memcpy(sorted, src->delay, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_size);
	return (float)delay <=
	       sorted[(unsigned int)(src->opt.maxdelayquant * (n - 1))];
}

/**
 * ntp_delay_tests() - what the delay of a sample says of it
 * @src: whose it is
 * @s: not added yet
 *
 * Return: those of NTP_TEST_DELAY, RATIO and DEVIATION that it passes.
 */
unsigned int ntp_delay_tests(struct ntp_source *src,
			     const struct sample *s)
{
	const struct ntp_options *opt = &src->opt;
	const struct estimate *e = &src->source.est;
	unsigned int tests = 0;

	if (s->delay <= opt->maxdelay && s->dispersion <= opt->maxdelay)
		tests |= NTP_TEST_DELAY;
	if (!(opt->maxdelayratio > 0) || !e->n ||
	    s->delay <= opt->maxdelayratio * ntp_min_delay(src))
		tests |= NTP_TEST_RATIO;
	/* As chronyd: the one takes the place of the other. */
	if (src->opt.maxdelayquant > 0 ? short_delay(src, s->delay) :
					 usual_delay(src, s))
		tests |= NTP_TEST_DEVIATION;
	return tests;
}

static int by_delay(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return (x->delay > y->delay) - (x->delay < y->delay);
}

/* Where true time is against RAW by a sample, once all rates are equal. */
static double residual(const struct ntp_source *src, const struct sample *s,
		       const struct sample *origin)
{
	double frequency = src->source.est.valid ?
			   src->source.est.fit.frequency : 0;

	return sample_gain(s->raw - origin->raw, s->utc - origin->utc,
			   frequency);
}

/**
 * ntp_filter() - the best of some samples (`filter`)
 * @src: whose they are
 * @s: the newest
 *
 * Of the half with the shorter delays the one whose offset is in the middle.
 * Return: the sample to be used, or NULL while more are to come.
 */
const struct sample *ntp_filter(struct ntp_source *src, const struct sample *s)
{
	double x[NTP_FILTER_MAX], swap;
	unsigned int order[NTP_FILTER_MAX] = { 0 };
	unsigned int i, j, n, which;

	if (src->opt.filter <= 1)
		return s;
	src->kept[src->n_kept++] = *s;
	if (src->n_kept < src->opt.filter && src->n_kept < NTP_FILTER_MAX)
		return NULL;
	qsort(src->kept, src->n_kept, sizeof(src->kept[0]), by_delay);
	n = (src->n_kept + 1) / 2;
	src->n_kept = 0;
	for (i = 0; i < n; i++) {
		x[i] = residual(src, &src->kept[i], &src->kept[0]);
		order[i] = i;
		for (j = i; j && x[j - 1] > x[j]; j--) {
			swap = x[j];
			x[j] = x[j - 1];
			x[j - 1] = swap;
			which = order[j];
			order[j] = order[j - 1];
			order[j - 1] = which;
		}
	}
	return &src->kept[order[n / 2]];
}
