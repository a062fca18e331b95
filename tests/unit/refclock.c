// SPDX-License-Identifier: GPL-2.0
/*
 * Between a driver and selection: readings become samples, pulses get their
 * seconds, and what contradicts itself is doubted.
 */
#include "../../user/daemon/refclock.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/figures.h"
#include "../../user/daemon/leap.h"
#include "../../user/daemon/records.h"
#include "../../user/daemon/reference.h"
#include "harness.h"

#include <inttypes.h>
#include <math.h>

#define UTC	((int64_t)(1830297600 * NS_PER_S))

struct reference reference;
static int64_t base;		/* RAW of UTC */
static double distance;
static int tai;
static struct sample taken;
static unsigned int samples, changes, recorded;

static int open_it(struct refclock *rc)
{
	(void)rc;
	return 0;
}

static void close_it(struct refclock *rc)
{
	(void)rc;
}

#define DRIVER(which)	const struct refclock_driver which = {	\
		.name = #which, .open = open_it, .close = close_it,	\
	}
DRIVER(refclock_shm);
DRIVER(refclock_sock);
DRIVER(refclock_pps);
DRIVER(refclock_phc);
DRIVER(refclock_nmea);
DRIVER(refclock_gpsd);
DRIVER(refclock_acts);
DRIVER(refclock_rtc);

void source_add(struct source *src)
{
	(void)src;
}

void source_del(struct source *src)
{
	(void)src;
}

void source_sample(struct source *src, const struct sample *s)
{
	estimate_add(&src->est, s);
	taken = *s;
	samples++;
}

void source_changed(struct source *src)
{
	(void)src;
	changes++;
}

void record_reading(const struct record_reading *r)
{
	CHECK(r->source && r->raw && r->utc, "an empty record");
	CHECK(r->number <= 64, "reading %u", r->number);
	recorded += !r->number;
}

void figures_set_hardware(bool has)
{
	(void)has;
}

int leap_tai(int64_t utc)
{
	(void)utc;
	return tai;
}

int64_t reference_time(int64_t raw)
{
	return UTC + raw - base;
}

double reference_distance(int64_t raw)
{
	(void)raw;
	return distance;
}

static struct refclock_conf lines[2];
static struct config conf;

static struct refclock *begin(const struct refclock_conf *line)
{
	static const struct refclock_conf usual = {
		.filter = 64, .rate = 1, .maxlockage = 2, .delay = 1e-6,
		.precision = 1e-9, .minsamples = -1, .maxsamples = -1,
		.maxunreach = 10, .poll = 4,
	};

	lines[0] = line ? *line : usual;
	lines[0].refid = 0x47505300;
	lines[1] = usual;
	lines[1].refid = 0x4e4d4541;
	conf = (struct config){ .refclock = lines, .n_refclock = 2 };
	reference = (struct reference){ .synced = true };
	distance = 0.01;
	tai = 37;
	samples = changes = recorded = 0;
	base = clk_raw();
	CHECK(!refclock_start(&conf), "it does not start");
	return refclocks;
}

static struct refclock_conf usual_line(void)
{
	struct refclock_conf line;

	begin(NULL);
	line = lines[0];
	refclock_stop();
	return line;
}

/* S seconds after it began, on a clock that is not in the future. */
static int64_t at(double s)
{
	return base - 3 * NS_PER_S + llround(s * 1e9);
}

static int64_t utc_at(double s)
{
	return UTC + at(s) - base;
}

static void say(struct refclock *rc, double s, double off)
{
	refclock_time(rc, at(s), utc_at(s) + llround(off * 1e9), 0, 0);
}

static void middle(void)
{
	struct refclock *rc = begin(NULL);
	int i;

	for (i = 0; i < 10; i++)
		say(rc, 0.1 * i, i < 2 ? 0.5 : i == 9 ? -0.5 : 1e-6 * (i % 2));
	refclock_flush(rc);
	CHECK(samples == 1 && recorded == 1, "%u samples", samples);
	CHECK(llabs(taken.utc - taken.raw - (UTC - base)) < 2000,
	      "off by %" PRId64, taken.utc - taken.raw - (UTC - base));
	CHECK(taken.dispersion < 2e-6 && taken.delay == 1e-6, "%g",
	      taken.dispersion);
	CHECK(rc->source.reach == 1 && !rc->why[0], "reach %o",
	      rc->source.reach);
	refclock_stop();
}

static void too_few(void)
{
	struct refclock *rc = begin(NULL);
	int i;

	for (i = 0; i < 3; i++)
		say(rc, 0.1 * i, 0);
	refclock_flush(rc);
	CHECK(!samples && changes == 1, "three are enough");
	for (i = 0; i < 3; i++)
		say(rc, 0.1 * i, 0);
	refclock_flush(rc);
	CHECK(!samples, "those of before count");
	for (i = 0; i < 4; i++)
		say(rc, 0.1 * i, 0);
	refclock_flush(rc);
	CHECK(samples == 1 && rc->source.reach == 1, "four are too few");
	refclock_stop();
}

static void apart(void)
{
	struct refclock_conf line = usual_line();
	struct refclock *rc;
	int i;

	line.maxdispersion = 0.01;
	rc = begin(&line);
	for (i = 0; i < 10; i++)
		say(rc, 0.1 * i, 0.02 * i);
	refclock_flush(rc);
	CHECK(!samples && strstr(rc->why, "apart"), "'%s'", rc->why);
	refclock_stop();
}

static void old_ones(void)
{
	struct refclock *rc = begin(NULL);

	say(rc, -10, 0);
	CHECK(strstr(rc->why, "old"), "'%s'", rc->why);
	say(rc, 10, 0);
	CHECK(!rc->n_kept && rc->bad == 2, "one of the future is kept");
	refclock_stop();
}

/*
 * A clock that has lost its fix says leap 3, in whatever integer its writer
 * has: none of its samples may be used, and 256 is not 0.
 */
static void unsynchronised(void)
{
	struct refclock *rc = begin(NULL);
	int leap;

	for (leap = -1000; leap <= 1000; leap++)
		CHECK(refclock_leap(leap) ==
		      (leap >= 0 && leap <= 2 ? leap : 3), "leap %d: %u", leap,
		      refclock_leap(leap));
	refclock_time(rc, base, utc_at(0), 0, 3);
	CHECK(!rc->last.raw && !rc->n_kept &&
	      strstr(rc->why, "not synchronised"), "'%s'", rc->why);
	refclock_time(rc, base, utc_at(0), 0, 1);
	CHECK(rc->last.raw && rc->source.leap == 1, "leap %u",
	      rc->source.leap);
	refclock_stop();
}

static void offset_and_tai(void)
{
	struct refclock_conf line = usual_line();
	struct refclock *rc;

	line.tai = true;
	line.offset = -0.25;
	rc = begin(&line);
	say(rc, 0, 37.25);
	CHECK(llabs(rc->last.utc - utc_at(0)) < 2, "off by %" PRId64,
	      rc->last.utc - utc_at(0));
	tai = 0;
	rc->last.raw = 0;
	say(rc, 1, 37.25);
	CHECK(!rc->last.raw && strstr(rc->why, "leap seconds"), "'%s'",
	      rc->why);
	refclock_stop();
}

/* A pulse OFF s from the second S after the first whole one. */
static int64_t pulse(struct refclock *rc, int s, double off)
{
	int64_t raw = base - 3 * NS_PER_S + s * NS_PER_S + llround(off * 1e9);

	rc->last.utc = 0;
	refclock_pulse(rc, raw, 0, 0);
	return rc->last.utc;
}

static void numbered(void)
{
	struct refclock *rc = begin(NULL);
	int i;

	for (i = 0; i < 3; i++) {
		double off = (double)random_below(900) / 1000 - 0.45;

		CHECK(pulse(rc, i, off) == UTC + (i - 3) * NS_PER_S,
		      "with %g it is %" PRId64, off, rc->last.utc - UTC);
	}
	distance = 0.6;
	CHECK(!pulse(rc, 1, 0) && strstr(rc->why, "which second"), "'%s'",
	      rc->why);
	distance = 0.1;
	reference.synced = false;
	CHECK(!pulse(rc, 1, 0), "by nobody");
	refclock_stop();
}

static void rates_and_edges(void)
{
	struct refclock_conf line = usual_line();
	struct refclock *rc;

	line.rate = 5;
	rc = begin(&line);
	CHECK(pulse(rc, 1, 0.21) == UTC - 2 * NS_PER_S + NS_PER_S / 5,
	      "five a second: %" PRId64, rc->last.utc - UTC);
	distance = 0.11;
	CHECK(!pulse(rc, 1, 0), "0.11 s is enough for a fifth");
	refclock_stop();
	line.rate = 1;
	line.width = 0.2;
	rc = begin(&line);
	CHECK(pulse(rc, 1, 0.05) == UTC - 2 * NS_PER_S, "the right edge");
	CHECK(!pulse(rc, 1, 0.2), "the other edge is taken");
	refclock_stop();
}

static void locked(void)
{
	struct refclock_conf line = usual_line();
	struct refclock *rc;

	line.lock = 0x4e4d4541;
	rc = begin(&line);
	CHECK(rc->lock && rc->lock == rc->next, "it is not locked");
	CHECK(!pulse(rc, 1, 0) && strstr(rc->why, "NMEA"), "'%s'", rc->why);
	/* Another second than this host's, and a while ago. */
	say(rc->next, 0.3, 7);
	CHECK(pulse(rc, 1, 0) == UTC + 5 * NS_PER_S, "%" PRId64,
	      rc->last.utc - UTC);
	rc->next->last.raw -= 2 * NS_PER_S;
	CHECK(!pulse(rc, 1, 0), "of what is three seconds old");
	refclock_stop();
}

/* A sample at S, on a scale without limits: straight to the filter. */
static bool witness(struct refclock *rc, double s, double off,
		    struct sample *smp)
{
	*smp = (struct sample){
		.raw = base + llround(s * 1e9),
		.utc = UTC + llround((s + off) * 1e9),
		.delay = 1e-6, .dispersion = 1e-6,
	};
	if (!refclock_believes(rc, smp))
		return false;
	estimate_add(&rc->source.est, smp);
	return true;
}

/* 100 ms off for a while: not believed, and long doubted when it stays. */
static void contradiction(void)
{
	struct refclock *rc = begin(NULL);
	unsigned int refused = 0;
	struct sample s;
	double t = 0;
	int i;

	for (i = 0; i < 50; i++, t += 16)
		CHECK(witness(rc, t, 0, &s), "refused without a reason");
	for (i = 0; i < 5; i++, t += 16)
		CHECK(!witness(rc, t, 0.1, &s), "taken at once");
	CHECK(witness(rc, t, 0, &s) && s.dispersion == 1e-6,
	      "what it was is doubted");
	for (i = 0; i < 20 && !witness(rc, t, 0.1, &s); i++, t += 16)
		refused++;
	CHECK(refused == 7, "%u are refused", refused);
	CHECK(fabs(s.dispersion - 0.1) < 1e-3, "no doubt: %g", s.dispersion);
	for (i = 0; i < 49; i++) {
		t += 16;
		CHECK(witness(rc, t, 0.1, &s) && s.dispersion > 0.09,
		      "after %d it is forgotten: %g", i, s.dispersion);
	}
	for (i = 0; i < 20; i++, t += 16)
		witness(rc, t, 0.1, &s);
	CHECK(s.dispersion == 1e-6, "never forgotten: %g", s.dispersion);
	refclock_stop();
}

/* Half of the pulses are astray: how far they are apart is no excuse. */
static void mixed(void)
{
	struct refclock *rc = begin(NULL);
	struct sample s;
	double t = 0;
	int i;

	for (i = 0; i < 10; i++, t += 16)
		witness(rc, t, 1e-6 * (i % 2), &s);
	s = (struct sample){
		.raw = base + llround(t * 1e9), .utc = UTC + llround((t + 0.05) * 1e9),
		.delay = 1e-6, .dispersion = 0.05,
	};
	CHECK(!refclock_believes(rc, &s), "it is taken");
	s.utc = UTC + llround((t + 20e-6) * 1e9);
	s.dispersion = 50e-6;
	CHECK(refclock_believes(rc, &s), "a little more noise is not");
	refclock_stop();
}

/* Noise that is everywhere else convinces nobody. */
static void noise(void)
{
	struct refclock *rc = begin(NULL);
	struct sample s;
	double t = 0;
	int i;

	for (i = 0; i < 20; i++, t += 16)
		witness(rc, t, 0, &s);
	for (i = 0; i < 200; i++, t += 16)
		CHECK(!witness(rc, t, 0.1 + (double)(i % 7) / 10, &s),
		      "after %d it is taken", i);
	refclock_stop();
}

/* Polls of four readings each, that are good. */
static void good(struct refclock *rc, int polls)
{
	int i;

	while (polls--) {
		for (i = 0; i < 4; i++)
			say(rc, 0.1 * i, 0);
		refclock_flush(rc);
	}
}

static void over(void)
{
	struct refclock *rc = begin(NULL);

	refclock_failed(rc, "it is on fire");
	good(rc, 7);
	CHECK(!rc->why[0] && rc->said[0], "it is over at once");
	refclock_failed(rc, "it is on fire");
	good(rc, 7);
	CHECK(rc->said[0], "what comes again is over");
	good(rc, 1);
	CHECK(!rc->said[0], "it is never over");
	refclock_stop();
}

static void said_once(void)
{
	struct refclock *rc = begin(NULL);

	refclock_failed(rc, "5 of 7");
	CHECK(!strcmp(rc->why, "5 of 7") && rc->bad == 1, "'%s'", rc->why);
	refclock_failed(rc, "15 of 17");
	CHECK(!strcmp(rc->why, "15 of 17"), "'%s'", rc->why);
	CHECK(rc->source.problem == rc->why, "nobody is told");
	refclock_stop();
	CHECK(!refclocks, "it is still there");
}

static const struct test_case cases[] = {
	{ "the readings in the middle count", middle },
	{ "too few of them", too_few },
	{ "readings that are apart", apart },
	{ "readings that are old, or of the future", old_ones },
	{ "a clock that is not synchronised", unsynchronised },
	{ "offset and TAI", offset_and_tai },
	{ "pulses are numbered by the time", numbered },
	{ "rates and edges of pulses", rates_and_edges },
	{ "pulses that are locked to a clock", locked },
	{ "testimony that is contradicted", contradiction },
	{ "readings that are apart", mixed },
	{ "noise is no testimony", noise },
	{ "what is wrong is said", said_once },
	{ "what was wrong is over after a while", over },
};

TEST_MAIN(cases)
