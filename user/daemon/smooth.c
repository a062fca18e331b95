// SPDX-License-Identifier: GPL-2.0
/*
 * The difference between what is served and what is estimated is a double
 * integrator whose input, the change of frequency, is bounded, and so is its
 * frequency. It is brought to rest at zero in the shortest time: full change of
 * frequency one way, the fastest that may be for a while, full change the other
 * way (bang-off-bang control; Athans and Falb, Optimal Control, chapter 7).
 */
#include "smooth.h"
#include "conf.h"
#include "log.h"

#include <errno.h>
#include <math.h>

#include "core/ntptime.h"

enum {
	STAGES = 3,
	/* The module takes 1000 ppm, and the oscillator has its part, ppm. */
	FREQUENCY_MAX = 500,
};

/* An estimate better than this part of the frequency that may be is followed. */
#define SKEW_RATIO	0.05
/* A chord is off by no more than this, s. */
#define STRAIGHT	1e-7
/* What goes on without being told is off by no more than this, s. */
#define ASTRAY		1e-3
/* Nobody is told more often, s. */
#define SPAN_MIN	0.1

static struct {
	double max_frequency, max_wander;
	bool leap_only;
	bool active;
	int64_t raw;		/* the plan's beginning */
	double offset;		/* then */
	double frequency;
	struct stage {
		double wander, length;
	} stage[STAGES];
} smooth;

/* Moves a state by a constant wander. */
static void advance(double *offset, double *frequency, double wander, double t)
{
	*offset += *frequency * t + wander * t * t / 2;
	*frequency += wander * t;
}

/* State and wander at some moment of the plan. */
static double at(int64_t raw, double *offset, double *frequency)
{
	double t = fmax((double)(raw - smooth.raw) * 1e-9, 0), part;
	unsigned int i;

	*offset = smooth.offset;
	*frequency = smooth.frequency;
	for (i = 0; i < STAGES; i++) {
		part = fmin(t, smooth.stage[i].length);
		advance(offset, frequency, smooth.stage[i].wander, part);
		if (part < smooth.stage[i].length)
			return smooth.stage[i].wander;
		t -= part;
	}
	/* What rounding has left is no more than that. */
	*offset = 0;
	*frequency = 0;
	return 0;
}

/* Until it is at rest, s; negative thereafter. */
static double left(int64_t raw)
{
	return smooth.stage[0].length + smooth.stage[1].length +
	       smooth.stage[2].length - (double)(raw - smooth.raw) * 1e-9;
}

/*
 * From OFFSET and FREQUENCY to rest at zero. Where full braking would leave it on
 * the positive side it has to go down; all else is that in a mirror.
 */
static void plan(int64_t raw, double offset, double frequency)
{
	double w = smooth.max_wander, v = smooth.max_frequency, up, peak, part;
	double side = offset + frequency * fabs(frequency) / (2 * w) < 0 ? -1 : 1;
	double o = side * offset, f = side * frequency;

	smooth.raw = raw;
	smooth.offset = offset;
	smooth.frequency = frequency;
	/* Of the velocity downwards: without a limit, and with it. */
	peak = fmin(sqrt(fmax(w * o + f * f / 2, 0)), v);
	/* One that is faster already has to slow down to it. */
	up = f < -peak ? 1 : -1;
	smooth.stage[0].wander = side * up * w;
	smooth.stage[0].length = fabs(f + peak) / w;
	part = (peak * peak - f * f) / (2 * up * w);
	smooth.stage[1].wander = 0;
	smooth.stage[1].length = peak > 0 ?
		fmax((o + part - peak * peak / (2 * w)) / peak, 0) : 0;
	smooth.stage[2].wander = side * w;
	smooth.stage[2].length = peak / w;
}

/**
 * smooth_init() - begin
 * @c: the configuration
 */
void smooth_init(const struct config *c)
{
	if (c->smoothtime_freq > FREQUENCY_MAX)
		log_msg(LOG_WARNING, "smoothtime: no more than %d ppm can be served",
			FREQUENCY_MAX);
	smooth.max_frequency = fmin(c->smoothtime_freq, FREQUENCY_MAX) * 1e-6;
	smooth.max_wander = c->smoothtime_wander * 1e-6;
	smooth.leap_only = c->smoothtime_leaponly;
}

/**
 * smooth_enabled() - what is served may be something else than the estimate
 */
bool smooth_enabled(void)
{
	return smooth.max_frequency > 0 && smooth.max_wander > 0;
}

/**
 * smooth_offset() - of what is served from what is estimated
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 *
 * Return: s.
 */
double smooth_offset(int64_t raw)
{
	double offset, frequency;

	at(raw, &offset, &frequency);
	return offset;
}

/**
 * smooth_update() - the estimate has changed, but what is served must not
 * @raw: when
 * @offset: new estimate less the one before, then, s
 * @frequency: likewise, s/s
 * @skew: of the new one, s/s
 *
 * A first estimate that is still poor is not worth being followed smoothly.
 */
void smooth_update(int64_t raw, double offset, double frequency, double skew)
{
	double o, f;

	if (!smooth_enabled() || (smooth.leap_only && smooth.active))
		return;
	if (!smooth.active) {
		if (skew < SKEW_RATIO * smooth.max_frequency)
			smooth_activate();
		return;
	}
	at(raw, &o, &f);
	plan(raw, o - offset, f - frequency);
}

/**
 * smooth_leapt() - the estimate has leapt, but what is served must not
 * @raw: when
 * @offset: what the estimate was moved by, s
 */
void smooth_leapt(int64_t raw, double offset)
{
	double o, f;

	if (!smooth_enabled())
		return;
	smooth.active = true;
	at(raw, &o, &f);
	plan(raw, o - offset, f);
}

/* For how long a parabola stays within so much of a line. */
static double span(double wander, double off)
{
	return fmax(sqrt(off / wander), SPAN_MIN);
}

/**
 * smooth_straight() - how soon what is served has to be told anew
 * @raw: now
 *
 * Return: s, infinite at rest; a chord over it is off by 0.1 µs at the most,
 * unless it is 0.1 s already.
 */
double smooth_straight(int64_t raw)
{
	/* It may bend within the span, though it does not now. */
	return left(raw) > 0 ? span(smooth.max_wander, 8 * STRAIGHT) : HUGE_VAL;
}

/**
 * smooth_lasts() - how soon what was told is not what should be served any more
 * @raw: now
 *
 * Return: s; infinite when it is the estimate.
 */
double smooth_lasts(int64_t raw)
{
	if (!(left(raw) > 0))
		return HUGE_VAL;
	return fmax(span(smooth.max_wander, 2 * ASTRAY),
		    4 * smooth_straight(raw));
}

/**
 * smooth_reset() - serve the estimate, by a step
 * @raw: now
 *
 * Return: 0, or -EINVAL where there is no `smoothtime`.
 */
int smooth_reset(int64_t raw)
{
	if (!smooth_enabled())
		return -EINVAL;
	plan(raw, 0, 0);
	return 0;
}

/**
 * smooth_activate() - from now on jumps are smoothed, however poor the estimate
 *
 * Return: 0, or -EINVAL where there is no `smoothtime`.
 */
int smooth_activate(void)
{
	if (!smooth_enabled())
		return -EINVAL;
	if (!smooth.active)
		log_msg(LOG_INFO, "what is served is smoothed from now on%s",
			smooth.leap_only ? ", over leap seconds" : "");
	smooth.active = true;
	return 0;
}

/**
 * smooth_report() - how far it has got
 * @raw: now
 * @state: where to
 */
void smooth_report(int64_t raw, struct smooth_state *state)
{
	*state = (struct smooth_state){
		.configured = smooth_enabled(),
		.active = smooth.active,
		.leap_only = smooth.leap_only,
		.age = smooth.raw ? (double)(raw - smooth.raw) * 1e-9 : 0,
		.left = fmax(left(raw), 0),
	};
	state->wander = at(raw, &state->offset, &state->frequency);
}
