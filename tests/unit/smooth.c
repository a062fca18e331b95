// SPDX-License-Identifier: GPL-2.0
/*
 * What smoothtime serves, sampled: it never jumps, its rate and the change of
 * that keep to what is configured, and it comes to rest as soon as it can.
 */
#include "../../user/daemon/smooth.h"
#include "../../user/daemon/conf.h"
#include "harness.h"

#include <math.h>

#define NS	1e9

enum { PLANS = 300, POINTS = 2000 };

static double uniform(double lo, double hi)
{
	return lo + (hi - lo) * (double)(random64() >> 11) / 9007199254740992.0;
}

static void configure(double frequency, double wander, bool leap_only)
{
	struct config c = {
		.smoothtime_freq = frequency, .smoothtime_wander = wander,
		.smoothtime_leaponly = leap_only,
	};

	smooth_init(&c);
	smooth_reset(0);
}

static struct smooth_state now(int64_t raw)
{
	struct smooth_state s;

	smooth_report(raw, &s);
	return s;
}

/* From RAW to rest by small steps; returns where that is. */
static int64_t follow(int64_t raw, double max_frequency, double max_wander)
{
	struct smooth_state a = now(raw), b;
	double dt = a.left / POINTS, fastest, moved, wanted;
	int i;

	fastest = fmax(fabs(a.frequency), max_frequency);
	/* Also across the end: what would be left there would be a jump. */
	for (i = 0; i <= POINTS + 1; i++, a = b) {
		raw += llround(dt * NS);
		b = now(raw);
		moved = b.offset - a.offset;
		wanted = (a.frequency + b.frequency) / 2 * dt;
		CHECK(fabs(moved - wanted) <= max_wander * dt * dt + 1e-12,
		      "at %d: moved by %g, not %g", i, moved, wanted);
		CHECK(fabs(b.frequency) <= fastest * (1 + 1e-9) + 1e-15,
		      "at %d: frequency %g", i, b.frequency);
		CHECK(fabs(b.frequency - a.frequency) <=
		      max_wander * dt * (1 + 1e-6) + 1e-15,
		      "at %d: frequency changed by %g", i,
		      b.frequency - a.frequency);
	}
	CHECK(a.offset == 0 && a.frequency == 0, "in the end %g is left",
	      a.offset);
	return raw;
}

static void random_plans(void)
{
	double frequency, wander, offset, change, before;
	int64_t raw;
	int i, n;

	for (i = 0; i < PLANS; i++) {
		frequency = pow(10, uniform(-7, -3.31));
		wander = pow(10, uniform(-10, -6));
		configure(frequency * 1e6, wander * 1e6, false);
		smooth_activate();
		raw = 0;
		for (n = 0; n < 4; n++) {
			before = smooth_offset(raw);
			offset = uniform(-1, 1) * pow(10, uniform(-6, 0));
			change = uniform(-2, 2) * frequency;
			smooth_update(raw, offset, change, 1);
			CHECK(fabs(before - offset - smooth_offset(raw)) < 1e-12,
			      "what is served jumps");
			/* The next comes at any time. */
			if (n < 3)
				raw += llround(uniform(0, 1.2) *
					       now(raw).left * NS);
		}
		follow(raw, frequency, wander);
	}
}

/* By hand: 2 * sqrt(1 s / 1e-9) of which the speed limit costs nothing. */
static void leap(void)
{
	struct smooth_state s;
	int64_t raw = 77;

	configure(400, 0.001, true);
	smooth_activate();
	smooth_update(raw, 0.3, 1e-6, 1e-9);
	CHECK(now(raw).left == 0, "leaponly smooths what is no leap");
	smooth_leapt(raw, -1);
	s = now(raw);
	CHECK(fabs(s.offset - 1) < 1e-12, "offset %g", s.offset);
	CHECK(fabs(s.left - 63245.553) < 0.01, "takes %g s", s.left);
	CHECK(fabs(now(raw + llround(s.left / 2 * NS)).offset - 0.5) < 1e-6,
	      "half of it is not in the middle");
	follow(raw, 400e-6, 1e-9);

	/* 1 s at 100 ppm: 10,000 s and the ramps of 10 s, which are half as fast */
	configure(100, 10, true);
	smooth_activate();
	smooth_leapt(raw, 1);
	CHECK(fabs(now(raw).left - 10010) < 0.01, "takes %g s", now(raw).left);
	follow(raw, 100e-6, 10e-6);
}

/* A poor first estimate is not followed smoothly, by nobody it is asked for. */
static void begins(void)
{
	configure(0, 0, false);
	CHECK(!smooth_enabled() && smooth_activate() < 0 && smooth_reset(1) < 0,
	      "it is there without smoothtime");
	configure(100, 1, false);
	CHECK(smooth_enabled(), "it is not there");
}

/* What is served by who is told nothing, and by whom the next is told. */
static void chords(void)
{
	double t, part, line, worst = 0, astray = 0;
	int64_t raw = 0;
	int i;

	configure(400, 0.1, false);
	smooth_activate();
	CHECK(isinf(smooth_straight(raw)) && isinf(smooth_lasts(raw)),
	      "at rest it bends");
	smooth_leapt(raw, -1);
	t = smooth_straight(raw);
	for (i = 0; i <= 100; i++) {
		part = i / 100.0;
		line = (1 - part) * smooth_offset(raw) +
		       part * smooth_offset(raw + llround(t * NS));
		worst = fmax(worst, fabs(line - smooth_offset(
			raw + llround(part * t * NS))));
	}
	CHECK(worst > 0 && worst < 1.01e-7, "a chord is off by %g", worst);
	t = smooth_lasts(raw);
	astray = fabs(smooth_offset(raw) - smooth_offset(raw + llround(t * NS)));
	CHECK(astray < 1.01e-3, "who is not told is off by %g", astray);
}

static const struct test_case cases[] = {
	{ "without smoothtime", begins },
	{ "random jumps", random_plans },
	{ "a leap second", leap },
	{ "told as lines", chords },
};

TEST_MAIN(cases)
