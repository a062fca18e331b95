// SPDX-License-Identifier: GPL-2.0
/*
 * The estimate of time and frequency against an oscillator that is known: its
 * frequency takes a random walk, and delays are exponential both ways.
 */
#include "../../user/daemon/estimate.h"
#include "harness.h"

#include <math.h>

#define NS		1000000000LL
#define START_RAW	(1000 * NS)
#define START_UTC	(1893456000 * NS)

enum {
	POLL = 64,		/* s */
	SAMPLES = 300,
	SETTLE = 20,		/* samples before what is judged */
	WORLDS = 3,
};

/* The part of the seconds in which the error is within four deviations. */
#define HONEST		0.95

/* The oscillator: true time as a function of RAW, second by second. */
struct world {
	int64_t raw;
	double offset;		/* true time less (START_UTC + raw - START_RAW), s */
	double frequency;
	double wander;		/* of the frequency, by the second */
	double delay, noise;	/* of one way: the least, and the mean above it */
};

/* Within (0, 1]. */
static double uniform(void)
{
	return ((double)(random64() >> 11) + 1) / 9007199254740992.0;
}

static double normal(void)
{
	return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

static double exponential(void)
{
	return -log(uniform());
}

static struct world wan(void)
{
	return (struct world){
		.raw = START_RAW, .frequency = 5e-6, .wander = 1e-9,
		.delay = 10e-3, .noise = 1e-3,
	};
}

static void second(struct world *w)
{
	w->raw += NS;
	w->offset += w->frequency;
	w->frequency += w->wander * normal();
}

static int64_t utc(const struct world *w)
{
	return START_UTC + (w->raw - START_RAW) + llround(w->offset * 1e9);
}

static struct sample measure(const struct world *w)
{
	double there = w->delay + w->noise * exponential();
	double back = w->delay + w->noise * exponential();

	return (struct sample){
		.raw = w->raw,
		.utc = utc(w) + llround((there - back) / 2 * 1e9),
		.delay = there + back,
		.dispersion = 1e-6,
	};
}

/* The estimate's error now, s. */
static double error_of(const struct fit *at, const struct world *w)
{
	return (double)(at->utc - utc(w)) * 1e-9;
}

struct judgement {
	double squares;
	unsigned int n, honest, finite;
};

static void judge(struct judgement *j, const struct estimate *e,
		  const struct world *w)
{
	struct fit at = fit_at(&e->fit, w->raw);
	double error = error_of(&at, w);

	j->squares += error * error;
	j->honest += fabs(error) <= 4 * at.time_error + 1e-9;
	j->finite += isfinite(at.time_error) && isfinite(at.frequency) &&
		     isfinite(at.frequency_error) && at.time_error > 0;
	j->n++;
}

/* Follows @w, by samples of which so many in a hundred get lost. */
static void follow(struct estimate *e, struct world *w, unsigned int samples,
		   unsigned int lost, struct judgement *j)
{
	struct sample s;
	unsigned int i, k;

	for (i = 0; i < samples; i++) {
		s = measure(w);
		if (random_below(100) >= lost || !i)
			estimate_add(e, &s);
		for (k = 0; k < POLL; k++) {
			second(w);
			if (j && i >= SETTLE)
				judge(j, e, w);
		}
	}
}

/*
 * Errors of neighbouring seconds are nearly the same one, so several worlds are
 * followed. The deviation is that of a mixture and has longer tails than the
 * normal distribution's.
 */
static void follow_worlds(double wander, unsigned int lost, double bound)
{
	struct judgement j = { .n = 0 };
	struct estimate e;
	struct world w;
	double error;
	int i;

	for (i = 0; i < WORLDS; i++) {
		w = wan();
		w.wander = wander;
		estimate_init(&e, 0);
		follow(&e, &w, SAMPLES, lost, &j);
		CHECK(fabs(e.fit.frequency - w.frequency) <
		      8 * e.fit.frequency_error + 1e-9,
		      "frequency off by %g of +- %g",
		      e.fit.frequency - w.frequency, e.fit.frequency_error);
	}
	error = sqrt(j.squares / j.n);
	printf("# RMS error %.1f us, honest %.2f %%\n", error * 1e6,
	       100.0 * j.honest / j.n);
	CHECK(j.finite == j.n, "%u of %u are not finite", j.n - j.finite, j.n);
	CHECK(error < bound, "RMS error %g s, bound %g s", error, bound);
	CHECK(j.honest >= HONEST * j.n, "beyond four deviations in %u of %u s",
	      j.n - j.honest, j.n);
}

/* One sample's noise is noise / sqrt(2), 707 us. */
static void wide_area(void)
{
	follow_worlds(1e-9, 0, 200e-6);
}

static void quiet_oscillator(void)
{
	follow_worlds(1e-11, 0, 200e-6);
}

static void lost_samples(void)
{
	follow_worlds(1e-9, 50, 300e-6);
}

static void outlier(void)
{
	struct world w = wan();
	struct estimate e;
	struct fit before, after;
	struct sample s;
	double moved;

	estimate_init(&e, 0);
	follow(&e, &w, 60, 0, NULL);
	before = fit_at(&e.fit, w.raw);
	s = measure(&w);
	s.utc += 10 * NS;
	estimate_add(&e, &s);
	after = fit_at(&e.fit, w.raw);
	moved = (double)(after.utc - before.utc) * 1e-9;
	printf("# moved by %.1f us, deviation %.1f us\n", moved * 1e6,
	       before.time_error * 1e6);
	CHECK(fabs(moved) < 10 * before.time_error, "moved by %g s of +- %g s",
	      moved, before.time_error);
}

static void out_of_order(void)
{
	struct world w = wan();
	struct estimate e, copy;
	struct sample s;

	estimate_init(&e, 0);
	follow(&e, &w, 10, 0, NULL);
	memcpy(&copy, &e, sizeof(e));
	s = *estimate_last(&e);
	s.utc += NS;
	estimate_add(&e, &s);
	s.raw--;
	estimate_add(&e, &s);
	CHECK(!memcmp(&copy, &e, sizeof(e)), "an old sample changed it");
	CHECK(e.n == 10, "%u samples", e.n);
}

static void ring(void)
{
	static const unsigned int max[] = { 0, 1, 2, 6, ESTIMATE_SAMPLES };
	struct world w = wan();
	struct estimate e;
	unsigned int i, want;

	for (i = 0; i < sizeof(max) / sizeof(max[0]); i++) {
		want = max[i] ? max[i] : ESTIMATE_SAMPLES;
		estimate_init(&e, max[i]);
		CHECK(!estimate_last(&e), "has a sample before any");
		follow(&e, &w, want + 10, 0, NULL);
		CHECK(e.n == want, "%u samples, not %u", e.n, want);
		CHECK(estimate_last(&e)->raw == w.raw - POLL * NS,
		      "the last is not the last");
		CHECK(e.valid && isfinite(e.fit.time_error), "of %u: no fit",
		      want);
	}
}

static void shortest_delay(void)
{
	struct sample s = { .raw = NS, .utc = START_UTC };
	struct estimate e;
	int i;

	estimate_init(&e, 4);
	CHECK(estimate_min_delay(&e) == 0, "a delay of no samples");
	/* 1, 2, 3...: the shortest falls out of the ring as time goes by. */
	for (i = 1; i <= 10; i++) {
		s.raw += NS;
		s.utc += NS;
		s.delay = i * 1e-3;
		estimate_add(&e, &s);
	}
	CHECK(estimate_min_delay(&e) == 7 * 1e-3, "%g s",
	      estimate_min_delay(&e));
}

static void round_trip(void)
{
	struct fit f = {
		.raw = START_RAW, .utc = START_UTC, .frequency = 12.5e-6,
		.time_error = 1e-5, .frequency_error = 1e-8, .wander = 1e-18,
	};
	struct fit at, back;
	int64_t span;
	int i;

	for (i = 0; i < 1000; i++) {
		span = (int64_t)random_below(2 * 86400 * NS) - 86400 * NS;
		at = fit_at(&f, f.raw + span);
		back = fit_at(&at, f.raw);
		CHECK(at.raw == f.raw + span && back.raw == f.raw,
		      "not the moment asked for");
		CHECK(llabs(back.utc - f.utc) <= 1, "%lld ns off",
		      (long long)(back.utc - f.utc));
		CHECK(back.frequency == f.frequency, "another frequency");
		CHECK(at.time_error >= f.time_error &&
		      at.frequency_error >= f.frequency_error,
		      "errors shrink over %lld ns", (long long)span);
	}
	at = fit_at(&f, f.raw);
	CHECK(at.utc == f.utc && fabs(at.time_error - f.time_error) < 1e-15,
	      "changes over no time");
}

static void reset(void)
{
	struct world w = wan();
	struct estimate e;

	estimate_init(&e, 0);
	follow(&e, &w, 60, 0, NULL);
	estimate_reset(&e);
	CHECK(!e.n && !e.valid && !estimate_last(&e), "samples stay");
	CHECK(fabs(e.prior_frequency - w.frequency) < 1e-6,
	      "the frequency is forgotten: %g", e.prior_frequency);
}

/*
 * What is claimed holds with the drift file of another machine: finding A4.
 * FILE_ERROR is the file's skew, OFF what the oscillator is off by in truth.
 */
static void wrong_file(double file_error, double off, double delay, int poll)
{
	struct estimate e;
	double error, bound, worst = 0;
	int i, k, t = 0;

	estimate_init(&e, 0);
	e.prior_frequency_error = file_error;
	for (i = 0; i < 8; i++) {
		struct sample s = {
			.raw = START_RAW + t * NS,
			.utc = START_UTC + t * NS + llround(off * t * 1e9) +
			       (int64_t)random_below(2000) - 1000,
			.delay = delay, .dispersion = 1e-6,
		};
		int gap = i < 3 ? 2 : poll;

		estimate_add(&e, &s);
		for (k = 1; k <= gap; k++) {
			struct fit at = fit_at(&e.fit, s.raw + k * NS);

			error = fabs((double)(at.utc - START_UTC -
					      (t + k) * NS) * 1e-9 -
				     off * (t + k));
			bound = delay / 2 + s.dispersion +
				estimate_excess(&e, 1e-6) +
				k * (1e-6 + e.skew) + at.time_error;
			worst = fmax(worst, error / bound);
		}
		t += gap;
	}
	printf("# file +-%g ppm, %g ppm off, poll %d: error / bound %.2f\n",
	       file_error * 1e6, off * 1e6, poll, worst);
	CHECK(worst <= 1, "the bound is exceeded: %.2f", worst);
}

static void wrong_files(void)
{
	wrong_file(2e-8, 3e-6, 1e-4, 64);
	wrong_file(2e-8, 5e-6, 1e-4, 64);
	wrong_file(5e-8, 50e-6, 2e-3, 64);
	wrong_file(5e-8, 30e-6, 2e-3, 1024);
	wrong_file(1e-8, -100e-6, 1e-4, 64);
}

static const struct test_case cases[] = {
	{ "a wide-area server", wide_area },
	{ "a quiet oscillator", quiet_oscillator },
	{ "half of the samples lost", lost_samples },
	{ "an outlier of 10 s", outlier },
	{ "samples out of order", out_of_order },
	{ "the ring overflows", ring },
	{ "the shortest delay", shortest_delay },
	{ "there and back", round_trip },
	{ "reset", reset },
	{ "a drift file of another machine", wrong_files },
};

TEST_MAIN(cases)
