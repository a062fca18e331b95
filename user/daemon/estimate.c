// SPDX-License-Identifier: GPL-2.0
/*
 * A free oscillator's time error is modelled as the integral of a frequency
 * that takes a random walk, a sample as that time error plus noise: a Kalman
 * filter of two states is the best estimator of both, once it knows how much
 * the frequency wanders against the noise, and which samples are noisier. It
 * is not told either. So a filter runs for each of a grid of suppositions over
 * all samples that are kept, the likelihood of the samples under each is what
 * that supposition is worth (the noise itself is integrated out), and what is
 * estimated is the mean of all by that worth: Bayesian model averaging, as in
 * Hoeting et al., Statistical Science 14 (1999).
 *
 * Noisier are samples whose round trip took longer: the error of a sample lies
 * within half of what its delay exceeds the shortest by (RFC 5905 section 10,
 * figure of merit of the clock filter); how much that says depends on the
 * network, so it is a dimension of the grid, and so is the side that waits.
 */
#include "estimate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	WANDERS = 18,		/* suppositions of the wander */
	WEIGHTS = 5,		/* and of what the delay says of the noise */
	PRIORS = 2,		/* and of how far off an unknown oscillator is */
	SIDES = 3,		/* and of which way it is that takes longer */
	MODELS = WANDERS * WEIGHTS * SIDES * PRIORS,
};

/* Wander over noise, (s/s)^2/s / s^2: each ten times the one before. */
#define WANDER_FIRST	1e-15
/* Of the usual excess delay: what noise a sample with no excess has; 0: all. */
static const double floors[WEIGHTS] = { 0.03, 0.12, 0.4, 1.5, 0 };

/* What is known of the noise before any sample counts as much as so many. */
#define PRIOR_WEIGHT	2.0
/* Of the delay of a first sample: what its noise may be. */
#define DELAY_NOISE	0.05
/* An innovation larger than this many of its deviations is an outlier. */
#define OUTLIER		4.0
/* Oscillators wander less, (s/s)^2/s: more has to be shown by the samples. */
#define USUAL_WANDER	1e-15
/* Of an oscillator nothing is known of; and of most, as a part of that. */
#define PRIOR_FREQUENCY_ERROR	100e-6
#define PRIOR_USUAL	0.05
/* What samples show the frequency to before it counts as confirmed, s/s. */
#define CONFIRMED		1e-6
/* Or so many samples, which outweigh any file. */
#define CONFIRMED_SAMPLES	16
/* Log of how seldom one is further off than that. */
#define PRIOR_SELDOM	-3

/* A sample in the filters' units: seconds since the last one, less its time. */
struct point {
	double t, y, excess, weight;
};

/* One supposition's filter; the matrix is in units of the noise's variance. */
struct model {
	double x, f;
	double xx, xf, ff;
	double log_det;		/* Σ log of the innovations' variance */
	double squares;		/* Σ of their squares by that variance */
	double noise;		/* variance */
	double worth;
};

/* What is supposed of all models alike. */
struct prior {
	double frequency;
	double variance;	/* of it */
	double noise;		/* variance: from the last fit, or a guess */
	double guess;		/* of it, before any sample */
};

static void fit(struct estimate *e);

static const struct sample *nth(const struct estimate *e, unsigned int i)
{
	return &e->sample[(e->first + i) % ESTIMATE_SAMPLES];
}

/**
 * estimate_init() - begin without samples
 * @e: the estimate
 * @max_samples: keep no more than so many; 0 for all that there is room for
 */
void estimate_init(struct estimate *e, unsigned int max_samples)
{
	memset(e, 0, sizeof(*e));
	e->max = max_samples && max_samples < ESTIMATE_SAMPLES ?
		 max_samples : ESTIMATE_SAMPLES;
	e->prior_frequency_error = PRIOR_FREQUENCY_ERROR;
}

/**
 * estimate_reset() - forget all samples
 * @e: the estimate; what it knows of the frequency stays
 */
void estimate_reset(struct estimate *e)
{
	if (e->valid) {
		e->prior_frequency = e->fit.frequency;
		e->prior_frequency_error = fmax(10 * e->fit.frequency_error,
						1e-8);
	}
	e->n = 0;
	e->valid = false;
}

/**
 * estimate_restart() - drop all samples but the newest
 * @e: the estimate; has one at least
 * @known: a fit from before something jumped, which says the frequency
 */
void estimate_restart(struct estimate *e, const struct fit *known)
{
	struct sample last = *nth(e, e->n - 1);

	e->prior_frequency = known->frequency;
	e->prior_frequency_error = fmax(10 * known->frequency_error, 1e-7);
	e->first = 0;
	e->n = 1;
	e->sample[0] = last;
	e->valid = false;
	fit(e);
}

/**
 * estimate_last() - the newest sample
 * @e: the estimate
 *
 * Return: it, or NULL where there is none.
 */
const struct sample *estimate_last(const struct estimate *e)
{
	return e->n ? nth(e, e->n - 1) : NULL;
}

/**
 * estimate_min_delay() - the shortest round trip among the samples
 * @e: the estimate
 *
 * Return: s; 0 without samples.
 */
double estimate_min_delay(const struct estimate *e)
{
	double min = e->n ? nth(e, 0)->delay : 0;
	unsigned int i;

	for (i = 1; i < e->n; i++)
		min = fmin(min, nth(e, i)->delay);
	return min;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* The points of all samples; returns the usual excess delay (the median). */
static double points(const struct estimate *e, struct point *p)
{
	const struct sample *s, *last = nth(e, e->n - 1);
	double sorted[ESTIMATE_SAMPLES], min = estimate_min_delay(e);
	unsigned int i;

	for (i = 0; i < e->n; i++) {
		s = nth(e, i);
		p[i].t = (double)(s->raw - last->raw) * 1e-9;
		p[i].y = (double)((s->utc - s->raw) - (last->utc - last->raw)) *
			 1e-9;
		p[i].excess = s->delay - min;
		sorted[i] = p[i].excess;
	}
	qsort(sorted, e->n, sizeof(sorted[0]), compare);
	return sorted[e->n / 2];
}

/* Variance of a sample's noise, in units of that of a usual one. */
static void weigh(struct point *p, unsigned int n, double usual, double least)
{
	double relative;
	unsigned int i;

	for (i = 0; i < n; i++) {
		relative = usual > 0 ? p[i].excess / usual : 0;
		p[i].weight = least > 0 ? (least * least + relative * relative) /
					  (least * least + 1) : 1;
	}
}

/*
 * Where one way alone waits in queues, all that the delay exceeds the shortest
 * by is on that side: -1 is the way back, 1 the way there, 0 neither.
 */
static void lean(struct point *to, const struct point *p, unsigned int n,
		 double side)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		to[i] = p[i];
		to[i].y -= side * p[i].excess / 2;
	}
}

static void predict(struct model *m, double dt, double wander)
{
	m->x += m->f * dt;
	m->xx += dt * (2 * m->xf + dt * m->ff) + wander * dt * dt * dt / 3;
	m->xf += dt * m->ff + wander * dt * dt / 2;
	m->ff += wander * dt;
}

static void correct(struct model *m, const struct point *p, double noise)
{
	double v = p->y - m->x, s = m->xx + p->weight, kx, kf;

	/* What cannot be noise moves the estimate no further than what can. */
	if (v * v > OUTLIER * OUTLIER * s * noise)
		s = v * v / (OUTLIER * OUTLIER * noise);
	kx = m->xx / s;
	kf = m->xf / s;
	m->x += kx * v;
	m->f += kf * v;
	m->ff -= kf * m->xf;
	m->xx -= kx * m->xx;
	m->xf -= kx * m->xf;
	m->log_det += log(s);
	m->squares += v * v / s;
}

static void run_model(struct model *m, const struct point *p, unsigned int n,
		      double wander, const struct prior *prior)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->x = p[0].y;
	m->f = prior->frequency;
	m->xx = p[0].weight;
	m->ff = prior->variance / prior->noise;
	for (i = 1; i < n; i++) {
		predict(m, p[i].t - p[i - 1].t, wander);
		correct(m, &p[i], prior->noise);
	}
	m->noise = (PRIOR_WEIGHT * prior->guess + m->squares) /
		   (PRIOR_WEIGHT + n - 1);
	m->worth = -(PRIOR_WEIGHT + n - 1) / 2 * log(m->noise) -
		   m->log_det / 2 -
		   log1p(wander * m->noise / USUAL_WANDER);
}

static void run_priors(struct model *m, const struct point *p, unsigned int n,
		       double wander, const struct prior *prior)
{
	struct prior usual = *prior;

	run_model(&m[0], p, n, wander, prior);
	m[0].worth += PRIOR_SELDOM;
	usual.variance *= PRIOR_USUAL * PRIOR_USUAL;
	run_model(&m[1], p, n, wander, &usual);
}

/* Makes the worths add up to one. */
static void normalise(struct model *m, unsigned int n)
{
	double best = -HUGE_VAL, sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		best = fmax(best, m[i].worth);
	for (i = 0; i < n; i++)
		sum += m[i].worth = exp(m[i].worth - best);
	for (i = 0; i < n; i++)
		m[i].worth /= sum;
}

static void average(struct estimate *e, const struct model *m)
{
	double x = 0, f = 0, xx = 0, xf = 0, ff = 0, wander = 0, noise = 0;
	const struct sample *last = estimate_last(e);
	double ratio = WANDER_FIRST;
	unsigned int i;

	for (i = 0; i < MODELS; i++) {
		x += m[i].worth * m[i].x;
		f += m[i].worth * m[i].f;
		noise += m[i].worth * m[i].noise;
	}
	for (i = 0; i < MODELS; i++) {
		double dx = m[i].x - x, df = m[i].f - f;

		xx += m[i].worth * (m[i].xx * m[i].noise + dx * dx);
		xf += m[i].worth * (m[i].xf * m[i].noise + dx * df);
		ff += m[i].worth * (m[i].ff * m[i].noise + df * df);
		wander += m[i].worth * ratio * m[i].noise;
		if (i % (MODELS / WANDERS) == MODELS / WANDERS - 1)
			ratio *= 10;
	}
	e->fit = (struct fit){
		.raw = last->raw,
		.utc = last->utc + llround(x * 1e9),
		.frequency = f,
		.time_error = sqrt(fmax(xx, 0)),
		.frequency_error = sqrt(fmax(ff, 0)),
		.covariance = xf,
		.wander = wander,
		.noise = sqrt(noise),
	};
}

/*
 * The file's frequency may be another machine's, or of another temperature: a
 * prior that is too narrow keeps the fit near it against the samples. Until
 * the samples alone show the frequency as well as a clock may drift anyway,
 * the error is what they leave open, and what they differ from the fit by.
 */
static void confirm(struct estimate *e, const struct point *p)
{
	double span = p[e->n - 1].t - p[0].t;
	double open = PRIOR_FREQUENCY_ERROR, slope;

	if (span > 0) {
		slope = (p[e->n - 1].y - p[0].y) / span;
		open = fabs(slope - e->fit.frequency) +
		       ((p[0].excess + p[e->n - 1].excess) / 2 +
			nth(e, 0)->dispersion + estimate_last(e)->dispersion +
			OUTLIER * e->fit.noise) / span;
	}
	if (open <= CONFIRMED || e->n >= CONFIRMED_SAMPLES) {
		e->confirmed = true;
		return;
	}
	/* Half, as the bound is two deviations. */
	open = fmin(open, PRIOR_FREQUENCY_ERROR) / 2;
	e->fit.frequency_error = fmax(e->fit.frequency_error, open);
}

static double guess_noise(const struct estimate *e, double usual)
{
	double guess = fmax(estimate_last(e)->dispersion, usual / 4);

	/* Few samples do not show how much of the delay is noise. */
	guess = fmax(guess, DELAY_NOISE * estimate_min_delay(e) / e->n);
	guess = fmax(guess, 1e-9);
	return guess * guess;
}

static void fit(struct estimate *e)
{
	static struct model models[MODELS];
	struct point p[ESTIMATE_SAMPLES], leant[ESTIMATE_SAMPLES];
	double usual = points(e, p), wander = WANDER_FIRST;
	struct prior prior = {
		.frequency = e->prior_frequency,
		.variance = e->prior_frequency_error *
			    e->prior_frequency_error,
		.guess = guess_noise(e, usual),
	};
	unsigned int w, f;

	prior.noise = e->valid ? e->fit.noise * e->fit.noise : prior.guess;
	for (f = 0; f < WEIGHTS * SIDES; f++) {
		weigh(p, e->n, usual, floors[f / SIDES]);
		lean(leant, p, e->n, (double)(f % SIDES) - 1);
		wander = WANDER_FIRST;
		for (w = 0; w < WANDERS; w++, wander *= 10)
			run_priors(&models[(w * WEIGHTS * SIDES + f) * PRIORS],
				   leant, e->n, wander, &prior);
	}
	normalise(models, MODELS);
	average(e, models);
	if (!e->confirmed)
		confirm(e, p);
	e->skew = 2 * e->fit.frequency_error;
	e->valid = true;
}

/**
 * estimate_add() - take a sample into account
 * @e: the estimate
 * @s: the sample; one that is not later than those before is ignored
 */
void estimate_add(struct estimate *e, const struct sample *s)
{
	if (e->n && s->raw <= estimate_last(e)->raw)
		return;
	if (e->n == e->max) {
		e->first = (e->first + 1) % ESTIMATE_SAMPLES;
		e->n--;
	}
	e->sample[(e->first + e->n++) % ESTIMATE_SAMPLES] = *s;
	fit(e);
}

/**
 * estimate_restored() - fit samples that were not added one by one
 * @e: the estimate; has one at least
 */
void estimate_restored(struct estimate *e)
{
	fit(e);
	/* Once more, with the noise that is known now. */
	fit(e);
}

/**
 * estimate_shift() - count UTC otherwise
 * @e: the estimate
 * @ns: all of its samples, and what was made of them, are moved by
 */
void estimate_shift(struct estimate *e, int64_t ns)
{
	unsigned int i;

	for (i = 0; i < e->n; i++)
		e->sample[(e->first + i) % ESTIMATE_SAMPLES].utc += ns;
	e->fit.utc += ns;
}

/* The shift of a time THEN by which the new rate leads from it to the time at RAW. */
static int64_t turned(int64_t then, int64_t raw, double df)
{
	return -llround((double)(raw - then) * df);
}

/**
 * fit_turn() - Change the rate of a fit about one moment
 * @f: the fit
 * @raw: when the oscillator's frequency changed, CLOCK_MONOTONIC_RAW, ns
 * @df: the change, s/s
 *
 * What the fit says of the moment @raw does not change.
 */
void fit_turn(struct fit *f, int64_t raw, double df)
{
	f->utc += turned(f->raw, raw, df);
	f->frequency += df;
}

/**
 * estimate_turn() - Apply a change of the oscillator's frequency
 * @e: the estimate
 * @raw: when the frequency changed, CLOCK_MONOTONIC_RAW, ns
 * @df: the change, s/s
 *
 * Moves the samples to where the new frequency would have put them, so that they
 * lie on one line again. What they say of the time at @raw stays.
 */
void estimate_turn(struct estimate *e, int64_t raw, double df)
{
	struct sample *s;
	unsigned int i;

	for (i = 0; i < e->n; i++) {
		s = &e->sample[(e->first + i) % ESTIMATE_SAMPLES];
		s->utc += turned(s->raw, raw, df);
	}
	fit_turn(&e->fit, raw, df);
	e->prior_frequency += df;
}

/**
 * fit_at() - a fit, carried to another moment
 * @f: the fit
 * @raw: the moment, CLOCK_MONOTONIC_RAW, ns
 *
 * Return: what it says then; the errors have grown by what the oscillator may
 * have wandered meanwhile.
 */
struct fit fit_at(const struct fit *f, int64_t raw)
{
	double dt = (double)(raw - f->raw) * 1e-9, span = fabs(dt);
	double ff = f->frequency_error * f->frequency_error;
	double xx = f->time_error * f->time_error;
	struct fit at = *f;

	at.raw = raw;
	at.utc = f->utc + (raw - f->raw) + llround(f->frequency * dt * 1e9);
	xx += dt * (2 * f->covariance + dt * ff) +
	      f->wander * span * span * span / 3;
	at.covariance += dt * ff + f->wander * dt * span / 2;
	at.time_error = sqrt(fmax(xx, 0));
	at.frequency_error = sqrt(ff + f->wander * span);
	return at;
}

/**
 * estimate_excess() - what the estimate's bound is more than half a delay
 * @e: the estimate; is valid
 * @growth: of what the fit may be off by, away from a sample, s/s
 *
 * True time was within half the delay of each sample's, whatever the noise is
 * like: so far, what the fit is off that sample, and what it may have gone
 * astray since, is the most that it can be wrong by. The least of these bounds,
 * less half of the shortest delay, which counts as root delay, is dispersion.
 *
 * Where the fit is not within that of the newest sample, the clock has gone
 * further astray than clocks do, and what is older says nothing of now.
 *
 * Return: s, at the fit's moment.
 */
double estimate_excess(const struct estimate *e, double growth)
{
	double off = 0, age, may = 0, bound = 0, least = HUGE_VAL;
	const struct sample *s;
	unsigned int i;

	for (i = 0; i < e->n; i++) {
		s = nth(e, i);
		off = fabs((double)(fit_at(&e->fit, s->raw).utc - s->utc)) *
		      1e-9;
		age = (double)(e->fit.raw - s->raw) * 1e-9;
		may = s->delay / 2 + s->dispersion;
		bound = s->delay / 2 + off + age * (growth + e->skew);
		least = fmin(least, bound);
	}
	if (off > may)
		least = bound;
	return least - estimate_min_delay(e) / 2;
}
