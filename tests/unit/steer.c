// SPDX-License-Identifier: GPL-2.0
/*
 * What is done to the clock: corrtimeratio, maxupdateskew, fallbackdrift,
 * tempcomp and the drift file, by the real discipline.c and what it stands on,
 * over a clock that the test has.
 */
#include "../../user/daemon/clk.h"
#include "../../user/daemon/conf.h"
#include "../../user/daemon/discipline.h"
#include "../../user/daemon/log.h"
#include "../../user/daemon/mail.h"
#include "../../user/daemon/reference.h"
#include "../../user/daemon/select.h"
#include "../../user/daemon/source.h"
#include "harness.h"
#include "quiet.h"
#include "timers.h"

#include <errno.h>
#include <linux/types.h>
#include <math.h>
#include <unistd.h>

#include "core/wire.h"

#define UTC	(1893456000 * NS_PER_S)

struct source *sources;

static double ahead;		/* of the system clock, s */
static double frequency;	/* of the system clock, s/s */
static double records[2];	/* temperature, compensation */
static unsigned int mails;
static struct source source = { .poll = 6, .stratum = 1 };
static struct config conf;
static char dir[] = "/tmp/kntp-steer-XXXXXX";

int64_t clk_raw(void)
{
	return now;
}

void clk_pair(int64_t *raw, int64_t *real)
{
	*raw = now;
	*real = UTC + now + llround(ahead * 1e9);
}

bool clk_controlled(void)
{
	return true;
}

/* No other program sets this clock. */
double clk_moved(void)
{
	return 0;
}

bool clk_foreign(double *freq)
{
	*freq = 0;
	return false;
}

int clk_take_back(void)
{
	return 0;
}

int clk_set_frequency(double freq)
{
	frequency = freq;
	return 0;
}

double clk_frequency(void)
{
	return frequency;
}

double clk_max_frequency(void)
{
	return 0.09;
}

int clk_step(int64_t ns)
{
	ahead += (double)ns * 1e-9;
	return 0;
}

void clk_set_error(bool synced, double est, double max, bool rtc)
{
	(void)synced, (void)est, (void)max, (void)rtc;
}

void clk_set_leap(int leap)
{
	(void)leap;
}

void clk_set_tai(int offset)
{
	(void)offset;
}

void record_tempcomp(double temperature, double compensation)
{
	records[0] = temperature;
	records[1] = compensation;
}

void log_msg(int priority, const char *fmt, ...)
{
	(void)priority, (void)fmt;
}

void mail_change(const struct config *c, double offset)
{
	mails += c->mailonchange && fabs(offset) > c->mailonchange_limit;
}

void loop_stop(void)
{
}

static void put(const char *name, const char *text, char *path)
{
	FILE *f;

	snprintf(path, 64, "%s/%s", dir, name);
	f = fopen(path, "w");
	fputs(text, f);
	fclose(f);
}

static void begin(void)
{
	memset(&conf, 0, sizeof(conf));
	conf.maxslewrate = 83333.333;
	conf.maxdrift = 100000;
	conf.maxclockerror = 1;
	conf.maxupdateskew = 1000;
	conf.corrtimeratio = 3;
	conf.logchange = 1;
	memset(&reference, 0, sizeof(reference));
	reference.leap = NTP_LEAP_UNSYNC;
	sources = NULL;
	now = 1000 * NS_PER_S;
	ahead = frequency = 0;
}

/* The clock is OFFSET s behind, and has to be F faster, give or take ERROR. */
static void update(double offset, double f, double error)
{
	struct selection sel = {
		.source = &source,
		.fit = {
			.raw = now, .utc = UTC + now + llround(offset * 1e9),
			.frequency = f, .frequency_error = error,
			.time_error = 1e-3,
		},
	};

	discipline_update(&sel);
}

static void end(void)
{
	discipline_stop();
	discipline_forget();
	CHECK(!timers, "a timer is left");
}

/*
 * chrony.conf(5): the ratio of the duration in which the clock is slewed for an
 * average correction to the interval of the corrections: three times the ratio
 * is a third of the rate.
 */
static void time_of_a_correction(void)
{
	double rate;

	begin();
	discipline_init(&conf);
	update(1e-3, 0, 1e-9);
	rate = frequency;
	CHECK(fabs(rate - 1e-3 / 64) < 1e-9, "%g", rate);
	end();
	begin();
	conf.corrtimeratio = 9;
	discipline_init(&conf);
	update(1e-3, 0, 1e-9);
	CHECK(fabs(frequency - rate / 3) < 1e-9, "%g", frequency);
	end();
}

/* chrony reference.c, get_clock_estimates(): the gain of such a frequency is 0. */
static void uncertain_frequency(void)
{
	begin();
	conf.maxupdateskew = 10;
	discipline_init(&conf);
	update(0, 2e-6, 1e-6);
	CHECK(fabs(frequency - 2e-6) < 1e-12, "%g", frequency);
	now += 64 * NS_PER_S;
	update(0, 70e-6, 6e-6);
	CHECK(fabs(frequency - 2e-6) < 1e-12 &&
	      fabs(reference.frequency - 2e-6) < 1e-12, "12 ppm: %g", frequency);
	CHECK(reference.skew > 11e-6 && reference.synced, "still claimed: %g",
	      reference.skew);
	now += 64 * NS_PER_S;
	update(0, 70e-6, 4e-6);
	CHECK(fabs(frequency - 70e-6) < 1e-12, "8 ppm: %g", frequency);
	end();
}

/*
 * chrony.conf(5), fallbackdrift: from 2^MIN s after the last update on the clock
 * has the first average, and is not synchronised; then the next.
 */
static void fallbacks(void)
{
	int i;

	begin();
	conf.fallbackdrift_min = 10;
	conf.fallbackdrift_max = 11;
	discipline_init(&conf);
	/* 5 ppm for two hours, and then some minutes of 30 ppm. */
	for (i = 0; i < 7200 / 64; i++) {
		update(0, 5e-6, 1e-9);
		now += 64 * NS_PER_S;
	}
	for (i = 0; i < 4; i++) {
		update(0, 30e-6, 1e-9);
		now += 64 * NS_PER_S;
	}
	now -= 64 * NS_PER_S;
	advance(1020);
	CHECK(fabs(frequency - 30e-6) < 1e-9 && reference.synced,
	      "17 minutes: %g", frequency);
	advance(8);
	/* 4 x 64 s of 1024 s in an exponential average: 5 + 25 (1 - exp(-1/4)) */
	CHECK(fabs(frequency - 10.5e-6) < 0.1e-6, "2^10 s: %g", frequency);
	CHECK(!reference.synced && reference.leap == NTP_LEAP_UNSYNC,
	      "is synchronised");
	advance(1024);
	CHECK(fabs(frequency - 7.94e-6) < 0.1e-6, "2^11 s: %g", frequency);
	/* The next update counts, but nothing is averaged over the gap. */
	update(0, 5e-6, 1e-9);
	CHECK(fabs(frequency - 5e-6) < 1e-9 && reference.synced, "%g", frequency);
	advance(1030);
	CHECK(fabs(frequency - 10.5e-6) < 0.1e-6, "again: %g", frequency);
	end();
	/* Too short a history falls back to nothing. */
	begin();
	conf.fallbackdrift_min = 10;
	conf.fallbackdrift_max = 11;
	discipline_init(&conf);
	update(0, 5e-6, 1e-9);
	now += 64 * NS_PER_S;
	update(0, 6e-6, 1e-9);
	advance(5000);
	CHECK(fabs(frequency - 6e-6) < 1e-12 && reference.synced, "%g",
	      frequency);
	end();
}

/*
 * chrony.conf(5), initstepslew: more than the threshold is stepped, less is
 * slewed; and makestep counts from the first usual update on.
 */
static void first_step(void)
{
	begin();
	conf.makestep = 0.1;
	conf.makestep_limit = 1;
	conf.mailonchange = (char *)"root";
	conf.mailonchange_limit = 0.5;
	mails = 0;
	discipline_init(&conf);
	discipline_step_first(30);
	update(29, 0, 1e-9);
	CHECK(!(fabs(ahead) > 0) && frequency > 0.01, "29 s: slewed");
	now += 2 * NS_PER_S;
	update(31, 0, 1e-9);
	CHECK(fabs(ahead - 31) < 1e-6, "31 s: stepped by %g", ahead);
	discipline_step_first(-1);
	now += 2 * NS_PER_S;
	update(31.2, 0, 1e-9);
	CHECK(fabs(ahead - 31.2) < 1e-6, "makestep, its first update: %g", ahead);
	now += 2 * NS_PER_S;
	update(31.4, 0, 1e-9);
	CHECK(fabs(ahead - 31.2) < 1e-6, "its second: %g", ahead);
	CHECK(mails == 2, "%u mails", mails);
	end();
}

/* chrony.conf(5)'s own example: 27000 is 0.183 ppm faster than 26000. */
static struct source other;

static void two_samples(void)
{
	memset(&other, 0, sizeof(other));
	sources = &other;
	estimate_init(&other.est, 0);
	estimate_add(&other.est, &(struct sample){
		.raw = now, .utc = UTC + now, .dispersion = 1e-6 });
	now += 64 * NS_PER_S;
	estimate_add(&other.est, &(struct sample){
		.raw = now, .utc = UTC + now, .dispersion = 1e-6 });
}

static void temperature(void)
{
	char file[64], drift[64];
	double gains, skew;
	struct fit before, at;
	int64_t then;
	FILE *f;

	begin();
	put("temp", "26000\n", file);
	put("drift", "            1.500000             0.100000\n", drift);
	conf.driftfile = drift;
	conf.tempcomp = (struct tempcomp_conf){
		.file = file, .interval = 30, .t0 = 26000, .k0 = 0.5,
		.k1 = 0.000183,
	};
	CHECK(!discipline_init(&conf), "begins");
	/* What the file has is without the 0.5 ppm. */
	CHECK(fabs(reference.frequency + 1e-6) < 1e-12, "%g",
	      reference.frequency);
	two_samples();
	update(0, -1e-6, 1e-9);
	put("temp", "27000\n", file);
	then = now + 100 * NS_PER_S;
	before = fit_at(&other.est.fit, then);
	advance(30);
	CHECK(fabs(frequency + 1e-6 - 0.183e-6) < 1e-12, "%g", frequency);
	CHECK(fabs(reference.frequency + 1e-6 - 0.183e-6) < 1e-12, "%g",
	      reference.frequency);
	CHECK(fabs(records[0] - 27000) < 1e-9 && fabs(records[1] - 0.683) < 1e-9,
	      "%g %g", records[0], records[1]);
	/* It says the same of then, and 0.183 ppm more of each second to come. */
	at = fit_at(&other.est.fit, then);
	CHECK(llabs(at.utc - before.utc - 18300) < 3, "%lld",
	      (long long)(at.utc - before.utc));
	/* 64 s before: as if it had been 0.183 ppm slow already. */
	CHECK(llabs(other.est.sample[0].utc - UTC - 1000 * NS_PER_S +
		    11712) < 3, "first sample: %lld", (long long)
	      (other.est.sample[0].utc - UTC - 1000 * NS_PER_S));
	/* More than 10 ppm, no number, no file: it stays. */
	put("temp", "99000\n", file);
	advance(30);
	put("temp", "hot\n", file);
	advance(30);
	unlink(file);
	advance(30);
	CHECK(fabs(frequency + 1e-6 - 0.183e-6) < 1e-12, "%g", frequency);
	sources = NULL;
	end();
	f = fopen(drift, "r");
	CHECK(fscanf(f, "%lf %lf", &gains, &skew) == 2 &&
	      fabs(gains - 1.5) < 1e-3, "%g", gains);
	fclose(f);
	unlink(drift);
}

static void points(void)
{
	static const struct {
		double temperature, compensation;
	} cases[] = {
		{ 20000, 1 }, { 21500, 0.5 }, { 25000, 0 }, { 24000, 0.04 },
		{ 30000, 1.0 }, { 31000, 1.36 }, { 19000, 1.36 },
	};
	char file[64], list[64], text[32];
	size_t i;

	begin();
	put("points", "20000 1.0\n21000 0.64\n22000 0.36\n23000 0.16\n"
		      "24000 0.04\n25000 0.0\n26000 0.04\n27000 0.16\n"
		      "28000 0.36\n29000 0.64\n30000 1.0\n", list);
	conf.tempcomp = (struct tempcomp_conf){
		.file = file, .interval = 1, .points = list,
	};
	put("temp", "25000", file);
	CHECK(!discipline_init(&conf), "begins");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "%g", cases[i].temperature);
		put("temp", text, file);
		advance(1);
		CHECK(fabs(records[1] - cases[i].compensation) < 1e-9 &&
		      fabs(frequency - cases[i].compensation * 1e-6) < 1e-12,
		      "%g: %g", cases[i].temperature, records[1]);
	}
	end();
	put("points", "20000 1.0\n", list);
	CHECK(discipline_init(&conf) == -EINVAL, "one point");
	put("points", "20000 1.0\n20000 2\n", list);
	CHECK(discipline_init(&conf) == -EINVAL, "twice the same");
	put("points", "20000 1.0\nx\n", list);
	CHECK(discipline_init(&conf) == -EINVAL, "no point");
	unlink(list);
	CHECK(discipline_init(&conf) == -EINVAL, "no file");
	unlink(file);
	CHECK(!timers, "a timer is left");
	rmdir(dir);
}

static const struct test_case cases[] = {
	{ "corrtimeratio", time_of_a_correction },
	{ "maxupdateskew", uncertain_frequency },
	{ "fallbackdrift", fallbacks },
	{ "initstepslew and mailonchange", first_step },
	{ "tempcomp, and the drift file", temperature },
	{ "tempcomp by points", points },
};

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
