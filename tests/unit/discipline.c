// SPDX-License-Identifier: GPL-2.0
/*
 * The system clock and the programs that set it: the real discipline.c, clk.c and
 * sanity.c, on a machine whose clocks and kernel are simulated here.
 */
#include "../../user/daemon/discipline.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/conf.h"
#include "../../user/daemon/drift.h"
#include "../../user/daemon/fallback.h"
#include "../../user/daemon/log.h"
#include "../../user/daemon/loop.h"
#include "../../user/daemon/mail.h"
#include "../../user/daemon/reference.h"
#include "../../user/daemon/select.h"
#include "../../user/daemon/source.h"
#include "../../user/daemon/tempcomp.h"
#include "harness.h"
#include "quiet.h"

#include <errno.h>
#include <math.h>
#include <sys/timex.h>

#define UTC	(1893456000 * NS_PER_S)
#define TICK	10000

/*
 * CLOCK_MONOTONIC_RAW runs true here, and each reading of a clock takes 20 ns.
 * The kernel's frequency is in units of 2^-16 ppm.
 */
static struct {
	int64_t raw;
	double real;
	long freq, tick;
	int status;
	bool forbidden;
} machine;

static struct timer *slew;
static unsigned int warnings, stops, tells, drifts;
static char warned[512];

static void pass(int64_t ns)
{
	double rate = (double)machine.tick / TICK - 1 +
		      (double)machine.freq / 65536e6;

	machine.raw += ns;
	machine.real += (double)ns * (1 + rate);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int64_t t = id == CLOCK_REALTIME ? UTC + (int64_t)machine.real :
					   machine.raw;

	pass(20);
	ts->tv_sec = t / NS_PER_S;
	ts->tv_nsec = t % NS_PER_S;
	return 0;
}

int clock_adjtime(clockid_t id, struct timex *tx)
{
	(void)id;
	if (machine.forbidden) {
		errno = EPERM;
		return -1;
	}
	if (tx->modes & ADJ_FREQUENCY)
		machine.freq = tx->freq;
	if (tx->modes & ADJ_TICK)
		machine.tick = tx->tick;
	if (tx->modes & ADJ_STATUS)
		machine.status = tx->status;
	if (tx->modes & ADJ_SETOFFSET)
		machine.real += (double)(tx->time.tv_sec * NS_PER_S +
					 tx->time.tv_usec);
	tx->freq = machine.freq;
	tx->tick = machine.tick;
	tx->status = machine.status;
	return TIME_OK;
}

void log_msg(int priority, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (priority <= LOG_WARNING) {
		vsnprintf(warned, sizeof(warned), fmt, args);
		warnings++;
	}
	va_end(args);
}

void timer_set(struct timer *t, double delay)
{
	t->when = machine.raw + (int64_t)(delay * 1e9);
	t->armed = true;
	slew = t;
}

void timer_cancel(struct timer *t)
{
	t->armed = false;
}

void loop_stop(void)
{
	stops++;
}

bool drift_init(const struct config *c, double *frequency, double *skew)
{
	(void)c, (void)frequency, (void)skew;
	return false;
}

void drift_update(double frequency, double skew)
{
	(void)frequency, (void)skew;
	drifts++;
}

void drift_write(double frequency, double skew)
{
	(void)frequency, (void)skew;
	drifts++;
}

void source_leapt_all(int64_t ns)
{
	(void)ns;
}

void source_turn_all(int64_t raw, double df)
{
	(void)raw, (void)df;
}

void fallback_init(const struct config *c, void (*use)(double frequency))
{
	(void)c, (void)use;
}

void fallback_update(double frequency, double interval)
{
	(void)frequency, (void)interval;
}

void fallback_turn(double df)
{
	(void)df;
}

void fallback_stop(void)
{
}

void mail_change(const struct config *c, double offset)
{
	(void)c, (void)offset;
}

int tempcomp_start(const struct tempcomp_conf *conf, void (*turn)(double df))
{
	(void)conf, (void)turn;
	return 0;
}

void tempcomp_stop(void)
{
}

static void told(void)
{
	tells++;
}

/* The estimate: the oscillator is right, and UTC is OFF s from where it was. */
static void update(double off)
{
	static const struct source source = { .stratum = 1, .poll = 6 };
	struct selection sel = {
		.source = &source, .root_delay = 1e-4, .root_dispersion = 1e-5,
		.fit = {
			.raw = machine.raw,
			.utc = UTC + machine.raw + llround(off * 1e9),
			.time_error = 1e-6, .frequency_error = 1e-9,
		},
	};

	discipline_update(&sel);
}

/* Seconds pass; another program does what it does first in each. */
static void run(unsigned int seconds, void (*other)(void))
{
	unsigned int i;

	for (i = 0; i < 1000 * seconds; i++) {
		if (other && !(i % 1000))
			other();
		pass(NS_PER_S / 1000);
		if (slew && slew->armed && slew->when <= machine.raw) {
			slew->armed = false;
			slew->fn(slew->arg);
		}
		if (i % 1000 == 999)
			discipline_look();
	}
}

static void begin(struct config *c)
{
	static bool registered;

	memset(c, 0, sizeof(*c));
	c->maxslewrate = 83333;
	c->maxdrift = 500000;
	c->maxupdateskew = 1000;
	c->corrtimeratio = 3;
	c->maxclockerror = 1;
	c->logchange = 1;
	/* So long that what is logged once a minute is logged again. */
	machine.raw += 100 * NS_PER_S;
	machine.tick = TICK;
	machine.freq = 0;
	machine.real = (double)machine.raw;
	slew = NULL;
	clk_init(true);
	discipline_init(c);
	if (!registered)
		reference_on_change(told);
	registered = true;
	discipline_forget();
	update(0);
	run(3, NULL);
	warnings = stops = tells = drifts = 0;
}

static double off(void)
{
	return fabs(reference_correction());
}

static void nobody(void)
{
	struct config c;

	begin(&c);
	run(300, NULL);
	CHECK(!warnings && !tells, "%u warnings: %s", warnings, warned);
	CHECK(off() < 2e-6, "off by %g s", off());
	/* A slew of one's own is no other program's doing. */
	update(0.3);
	run(30, NULL);
	CHECK(!warnings && tells == 1, "its own slew: %u: %s", tells, warned);
	CHECK(off() < 2e-6, "it ends: off by %g s", off());
}

static void set_frequency(void)
{
	machine.freq = 6553600;	/* +100 ppm, each 2 s */
}

static void each_2_s(void)
{
	static unsigned int n;

	if (n++ % 2)
		set_frequency();
}

/*
 * phc2sys or a second daemon beside: before, 1.0 ms off after 10 s, and 0.17 ms
 * claimed. Now at most one look's worth, and that is in the growth.
 */
static void frequency(void)
{
	struct config c;
	double most = 0;
	int i;

	begin(&c);
	for (i = 0; i < 100; i++) {
		run(1, each_2_s);
		most = fmax(most, off());
	}
	CHECK(most < 250e-6, "off by %g s", most);
	CHECK(warnings == 1 && strstr(warned, "sets the frequency"),
	      "%u warnings: %s", warnings, warned);
	CHECK(fabs(reference.foreign - 100e-6) < 1e-6, "growth %g",
	      reference.foreign);
	CHECK(tells >= 50, "told %u times", tells);
	tells = 0;
	run(70, NULL);
	CHECK(reference.foreign == 0 && tells, "it is over");
	CHECK(off() < 10e-6, "and corrected: %g s", off());
	CHECK(labs(machine.freq) < 65536, "frequency %ld", machine.freq);
}

/* The kernel's own loop, started by adjtimex or ntpdate, changes the rate, too. */
static void loop_of_kernel(void)
{
	struct config c;

	begin(&c);
	machine.status |= STA_PLL;
	run(1, NULL);
	CHECK(!(machine.status & STA_PLL), "it is on");
	CHECK(warnings == 1, "and nothing is said");
}

/* Before: 10 ms off until the next poll, which was 45 s. */
static void step(void)
{
	struct config c;

	begin(&c);
	machine.real -= 10e6;
	run(1, NULL);
	CHECK(tells == 1, "told %u times", tells);
	CHECK(warnings == 1 && strstr(warned, "moved"), "%s", warned);
	run(3, NULL);
	CHECK(off() < 10e-6, "off by %g s", off());
	CHECK(warnings == 1, "%u warnings", warnings);
	machine.real -= 10e6;
	run(4, NULL);
	CHECK(warnings == 1 && off() < 10e-6, "again: off by %g s", off());
	/* As makestep allows. */
	c.makestep = 0.1;
	c.makestep_limit = -1;
	machine.real += 5e9;
	run(1, NULL);
	CHECK(off() < 10e-6, "off by %g s", off());
}

/*
 * Before, the end of a slew corrected whatever there was: with maxchange 0.1 a
 * step of 1 s by another program was slewed away.
 */
static void maxchange(void)
{
	struct config c;

	begin(&c);
	c.maxchange = 0.1;
	c.maxchange_start = 0;
	c.maxchange_ignore = 2;
	update(5e-3);
	machine.real += 1e9;
	run(20, NULL);
	CHECK(off() > 0.99 && off() < 1.01, "moved to %g s", off());
	CHECK(!stops, "it ends too early");
	/* As chronyd: ignored twice, then it gives up. */
	update(5e-3);
	update(5e-3);
	CHECK(!stops, "it ends too early");
	CHECK(off() > 0.99, "moved to %g s", off());
	update(5e-3);
	CHECK(stops == 1, "it goes on");
	/* One that is taken back is none. */
	begin(&c);
	c.maxchange = 0.1;
	machine.real += 1e9;
	run(2, NULL);
	machine.real -= 1e9;
	run(2, NULL);
	update(1e-3);
	run(20, NULL);
	CHECK(!stops && off() < 1e-5, "off by %g s", off());
}

/* What is left of an allowed slew is no offset that was measured. */
static void rest(void)
{
	struct config c;

	begin(&c);
	c.maxslewrate = 1000;
	update(10);
	c.maxchange = 0.1;
	c.maxchange_ignore = 0;
	run(16, NULL);
	update(10);
	CHECK(!stops, "the rest of a slew is more than maxchange");
	CHECK(off() > 9, "off by %g s", off());
}

static void spike(void)
{
	struct config c;

	begin(&c);
	c.spike = 0.128;
	c.spike_watch = 900;
	machine.real += 1e9;
	run(20, NULL);
	CHECK(off() > 0.99, "moved to %g s", off());
}

/* Without a reference the other program may be right. */
static void lost(void)
{
	struct config c;

	begin(&c);
	discipline_lost();
	machine.real += 1e9;
	set_frequency();
	run(5, NULL);
	CHECK(machine.freq == 6553600, "frequency %ld", machine.freq);
	CHECK(off() > 0.99, "moved to %g s", off());
}

/* 8 s of samples: 1.16 ppm stayed in a clock that had none. */
static void once(void)
{
	struct config c;

	begin(&c);
	set_frequency();
	clk_init(true);
	discipline_init(&c);
	discipline_once();
	update(0.1);
	run(3, NULL);
	CHECK(off() < 1e-2, "off by %g s", off());
	discipline_stop();
	CHECK(machine.freq == 6553600, "frequency %ld", machine.freq);
	CHECK(!drifts, "the drift file is written");
}

/* -x touches nothing, and starts where the call is forbidden. */
static void sandbox(void)
{
	machine.forbidden = true;
	CHECK(clk_init(true) == -EPERM, "it controls the clock");
	CHECK(!clk_init(false), "-x needs clock_adjtime(2)");
	machine.forbidden = false;
}

static const struct test_case cases[] = {
	{ "nobody else sets the clock", nobody },
	{ "another program's frequency is undone and claimed", frequency },
	{ "the kernel's own loop is ended", loop_of_kernel },
	{ "another program's step is corrected at once", step },
	{ "maxchange holds for it", maxchange },
	{ "the rest of a slew is within maxchange", rest },
	{ "spike holds for it", spike },
	{ "without a reference nothing is done", lost },
	{ "-q leaves no frequency", once },
	{ "a sandbox without clock_adjtime(2)", sandbox },
};

TEST_MAIN(cases)
