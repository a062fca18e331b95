// SPDX-License-Identifier: GPL-2.0
/* From what a device says to a sample of it, and whether that is believed. */
#include "refclock.h"
#include "clk.h"
#include "log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The part of the readings that is left out, on each side. */
#define OUTER	0.2
/*
 * Oscillators do not change their rate by more, beside what it is not known by;
 * beyond that a device contradicts itself, s/s.
 */
#define DRIFT_MAX	10e-6
/* Deviations that chance explains. */
#define USUAL	8.0
/* Than it used to be a device may become without a word. */
#define NOISIER	10
/* Samples before there is testimony that can be contradicted. */
#define TESTIMONY	4
/* Of another testimony, before it is taken for what it says. */
#define CONVINCED	8

struct residual {
	double x;			/* s, where all rates are equal */
	const struct reading *from;
};

/**
 * refclock_keep() - a reading more
 * @rc: whose
 * @r: it
 *
 * Of more than there is room for the latest ones count.
 */
void refclock_keep(struct refclock *rc, const struct reading *r)
{
	rc->kept[rc->n_kept++ % rc->room] = *r;
}

static int compare(const void *a, const void *b)
{
	const struct residual *p = a, *q = b;

	return (p->x > q->x) - (p->x < q->x);
}

/* Sorted, and cut down to those in the middle. */
static size_t middle(const struct refclock *rc, struct residual *res)
{
	size_t n = rc->n_kept < rc->room ? rc->n_kept : rc->room, i, outer;
	const struct reading *first = &rc->kept[0], *r;

	for (i = 0; i < n; i++) {
		r = &rc->kept[i];
		res[i].from = r;
		res[i].x = sample_gain(r->raw - first->raw,
				       r->utc - first->utc, rc->frequency);
	}
	qsort(res, n, sizeof(*res), compare);
	/* The mean of two is as good as either. */
	if (n < 3)
		return n;
	outer = (size_t)ceil((double)n * OUTER);
	memmove(res, res + outer, (n - 2 * outer) * sizeof(*res));
	return n - 2 * outer;
}

/* Their mean, at the mean of their times: where their rate matters least. */
static void average(const struct refclock *rc, const struct residual *res,
		    size_t n, struct sample *s)
{
	double x = 0, t = 0, dispersion = 0, squares = 0;
	const struct reading *first = &rc->kept[0];
	size_t i;

	for (i = 0; i < n; i++) {
		x += res[i].x / (double)n;
		t += (double)(res[i].from->raw - first->raw) / (double)n;
		dispersion += res[i].from->dispersion / (double)n;
	}
	for (i = 0; i < n; i++)
		squares += (res[i].x - x) * (res[i].x - x);
	*s = (struct sample){
		.raw = first->raw + llround(t),
		.utc = first->utc + llround(t) +
		       llround(t * rc->frequency + x * 1e9),
		.delay = rc->conf->delay,
		.dispersion = dispersion +
			      sqrt(squares / (n > 1 ? (double)(n - 1) : 1)),
	};
}

/**
 * refclock_sample() - make one of the readings
 * @rc: whose; it has none any more
 * @s: where to
 *
 * As in chrony the readings in the middle are averaged. Return: whether there
 * were enough, and they agreed.
 */
bool refclock_sample(struct refclock *rc, struct sample *s)
{
	struct residual *res;
	size_t n;

	if (!rc->n_kept || rc->n_kept < rc->least) {
		rc->n_kept = 0;
		return false;
	}
	res = calloc(rc->room, sizeof(*res));
	if (!res)
		return false;
	n = middle(rc, res);
	average(rc, res, n, s);
	free(res);
	rc->n_kept = 0;
	if (rc->conf->maxdispersion > 0 &&
	    s->dispersion > rc->conf->maxdispersion) {
		refclock_failed(rc, "its readings are %.9f s apart",
				s->dispersion);
		return false;
	}
	return true;
}

/* Whether two samples can be of one time. */
static bool agree(const struct sample *a, const struct sample *b,
		  double frequency, double usual)
{
	double off = sample_gain(b->raw - a->raw, b->utc - a->utc, frequency);
	double span = (double)(b->raw - a->raw) * 1e-9;

	return fabs(off) <= fabs(span) * DRIFT_MAX + USUAL * usual +
			    b->delay / 2;
}

/* The next of those that were refused: of one mind with them? */
static bool refuse(struct refclock *rc, const struct sample *s, double usual)
{
	struct refclock_phase *p = &rc->phase;

	if (!agree(&p->last, s, rc->frequency, usual))
		p->refused = 0;
	p->last = *s;
	return ++p->refused < CONVINCED;
}

static void convinced(struct refclock *rc, const struct sample *s, double off)
{
	struct refclock_phase *p = &rc->phase;

	log_msg(LOG_WARNING, "%s: it is %.9f s from where it was: that is taken for its time",
		rc->source.name, off);
	p->lasted = s->raw - p->since;
	p->since = s->raw;
	p->doubt = off;
	p->refused = 0;
	estimate_reset(&rc->source.est);
}

/**
 * refclock_believes() - whether a sample is taken for true
 * @rc: whose
 * @s: it; its dispersion grows by the doubt that is left
 *
 * No oscillator does what a pulse that is suddenly elsewhere would ask of it.
 * A while later that is taken for the time, as there is no other; but two
 * testimonies of one witness are both doubted until the later one has lasted as
 * long as the one it contradicts.
 */
bool refclock_believes(struct refclock *rc, struct sample *s)
{
	const struct estimate *e = &rc->source.est;
	struct refclock_phase *p = &rc->phase;
	double usual, may, off;
	struct fit now;

	if (!p->since)
		p->since = s->raw;
	if (e->valid && e->n >= TESTIMONY) {
		now = fit_at(&e->fit, s->raw);
		/* Readings that are apart are no excuse for being elsewhere. */
		usual = hypot(now.noise, fmin(s->dispersion,
					      NOISIER * now.noise));
		may = (double)(s->raw - estimate_last(e)->raw) * 1e-9 * DRIFT_MAX +
		      USUAL * hypot(usual, now.time_error) + s->delay / 2;
		off = (double)(s->utc - now.utc) * 1e-9;
		if (fabs(off) > may) {
			refclock_failed(rc, "it says %.9f s more than it did",
					off);
			if (refuse(rc, s, usual))
				return false;
			convinced(rc, s, fabs(off));
		} else {
			p->refused = 0;
		}
	}
	if (p->doubt > 0 && s->raw - p->since > p->lasted) {
		log_msg(LOG_INFO, "%s: the time that it had before is forgotten",
			rc->source.name);
		p->doubt = 0;
	}
	s->dispersion += p->doubt;
	return true;
}
