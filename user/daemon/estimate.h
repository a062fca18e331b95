/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a source's samples say of the local oscillator: true time and frequency
 * as functions of CLOCK_MONOTONIC_RAW, with their uncertainty.
 */
#ifndef KNTPD_ESTIMATE_H
#define KNTPD_ESTIMATE_H

#include "sample.h"

#include <stdbool.h>

enum { ESTIMATE_SAMPLES = 128 };

/**
 * struct fit - time as a source tells it
 * @raw: the moment all of it is said for, CLOCK_MONOTONIC_RAW, ns
 * @utc: true time then, ns since 1970
 * @frequency: rate of true time against RAW, less one
 * @time_error: standard deviation of @utc, s
 * @frequency_error: of @frequency
 * @covariance: of both, s
 * @wander: of the oscillator, (s/s)^2 per second
 * @noise: standard deviation of one usual sample, s
 */
struct fit {
	int64_t raw;
	int64_t utc;
	double frequency;
	double time_error;
	double frequency_error;
	double covariance;
	double wander;
	double noise;
};

struct estimate {
	struct sample sample[ESTIMATE_SAMPLES];	/* a ring */
	unsigned int first, n;
	unsigned int max;			/* keep no more than this */
	struct fit fit;
	double skew;				/* bound of the frequency error */
	bool valid;
	/* What is known of the frequency before the oldest sample, s/s. */
	double prior_frequency, prior_frequency_error;
	bool confirmed;				/* by the samples */
};

void estimate_init(struct estimate *e, unsigned int max_samples);
/* Adds a sample (later than all before) and fits anew. */
void estimate_add(struct estimate *e, const struct sample *s);
/* Its samples were put there, in order from the first place: fits them. */
void estimate_restored(struct estimate *e);
/* UTC is counted otherwise from now on: all of it is moved by NS. */
void estimate_shift(struct estimate *e, int64_t ns);
/* From RAW on the oscillator's frequency error is DF more, s/s: all is rewritten. */
void estimate_turn(struct estimate *e, int64_t raw, double df);
void fit_turn(struct fit *f, int64_t raw, double df);
void estimate_reset(struct estimate *e);
/* All samples but the newest are dropped; KNOWN says the frequency. */
void estimate_restart(struct estimate *e, const struct fit *known);
/* What its bound is more than half the delay, s; GROWTH: of the clock's, s/s. */
double estimate_excess(const struct estimate *e, double growth);
/* The fit carried to another moment: errors grow. */
struct fit fit_at(const struct fit *f, int64_t raw);
const struct sample *estimate_last(const struct estimate *e);
/* Lowest delay among the samples kept, s. */
double estimate_min_delay(const struct estimate *e);

#endif
