// SPDX-License-Identifier: GPL-2.0
#include "clk.h"
#include "log.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

/* struct timex's frequency: parts per 10^6 with 16 fractional bits. */
#define FREQ_SCALE	(65536.0 * 1e6)
/* The kernel takes ±500 ppm beside the tick, and a tick ±10 % of the usual. */
#define FREQ_MAX	500e-6
#define TICK_MAX	0.09
/* The kernel keeps another unit, and gives a frequency back rounded. */
#define FREQ_ROUNDING	1
/* Below this no second reading is worth its time, ns. */
#define MOVED_SURE	20000
#define READINGS	3
/* No stamp is older when it is read, ns. */
#define STAMP_AGE	(2 * NS_PER_S)

static struct {
	bool control;
	long base_tick;		/* µs in a tick of USER_HZ */
	double frequency;
	long freq, tick;	/* last set by this process, in units of struct timex */
	int status;		/* STA_* that are kept set */
	bool foreign;		/* another program has set the rate, and: */
	double foreign_frequency;
	/* CLOCK_REALTIME as it would be if only this process set it; ns */
	int64_t own_raw, own_real;
	double precision;
	int64_t stepped, step;	/* RAW of the last step, and by how much; ns */
} clk;

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/**
 * clk_raw() - the clock nobody disciplines
 *
 * Return: CLOCK_MONOTONIC_RAW, ns.
 */
int64_t clk_raw(void)
{
	return read_clock(CLOCK_MONOTONIC_RAW);
}

/**
 * clk_real() - the system clock
 *
 * Return: CLOCK_REALTIME, ns since 1970.
 */
int64_t clk_real(void)
{
	return read_clock(CLOCK_REALTIME);
}

/**
 * clk_pair() - both clocks at one moment
 * @raw: CLOCK_MONOTONIC_RAW, ns
 * @real: CLOCK_REALTIME, ns since 1970
 *
 * The best of some readings, each of which has the system clock between two of
 * the other; an interrupt in one of them does no harm.
 */
void clk_pair(int64_t *raw, int64_t *real)
{
	int64_t before, between, after, width, best = INT64_MAX;
	int i;

	for (i = 0; i < 4 && best; i++) {
		before = clk_raw();
		between = clk_real();
		after = clk_raw();
		width = after - before;
		if (width >= best)
			continue;
		best = width;
		*raw = before + width / 2;
		*real = between;
	}
}

/**
 * clk_raw_of_real() - when a stamp was taken, by the undisciplined clock
 * @real: CLOCK_REALTIME, ns since 1970, of a moment ago
 *
 * Return: CLOCK_MONOTONIC_RAW, ns.
 */
int64_t clk_raw_of_real(int64_t real)
{
	int64_t raw, now, then;

	clk_pair(&raw, &now);
	then = raw - llround((double)(now - real) / (1 + clk.frequency));
	/* A stamp may have waited in a queue while the clock was stepped. */
	if (clk.step && raw - clk.stepped < STAMP_AGE &&
	    (then > raw || then < clk.stepped) && then + clk.step <= clk.stepped)
		then += clk.step;
	return then;
}

/**
 * clk_real_of_raw() - a moment by the system clock as it goes now
 * @raw: CLOCK_MONOTONIC_RAW, ns, of a moment ago
 *
 * Return: CLOCK_REALTIME, ns since 1970.
 */
int64_t clk_real_of_raw(int64_t raw)
{
	int64_t now, real;

	clk_pair(&now, &real);
	return real + llround((double)(raw - now) * (1 + clk.frequency));
}

/**
 * clk_slept() - how long the machine has slept since it was booted
 *
 * Return: ns; -1 where the clock that counts it is not there.
 */
int64_t clk_slept(void)
{
	struct timespec boot, mono;

	/* The one that is read later is the one that may be ahead. */
	if (clock_gettime(CLOCK_MONOTONIC, &mono) ||
	    clock_gettime(CLOCK_BOOTTIME, &boot))
		return -1;
	return (boot.tv_sec - mono.tv_sec) * NS_PER_S + boot.tv_nsec -
	       mono.tv_nsec;
}

/**
 * clk_boot() - which boot of the machine this is
 * @name: its name, CLK_BOOT bytes, without spaces
 *
 * Return: whether it has one; without a /proc it has none.
 */
bool clk_boot(char name[CLK_BOOT])
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	bool found;

	if (!f)
		return false;
	found = fscanf(f, "%39s", name) == 1;
	fclose(f);
	return found;
}

static int adjust(struct timex *tx)
{
	int state;

	if (!clk.control)
		return 0;
	state = clock_adjtime(CLOCK_REALTIME, tx);
	if (state < 0) {
		log_msg(LOG_ERR, "clock_adjtime: %m");
		return -errno;
	}
	return 0;
}

/* Where CLOCK_REALTIME is now if only this process has set it. */
static void extrapolate(void)
{
	int64_t raw = clk_raw(), span = raw - clk.own_raw;

	clk.own_real += span + llround((double)span * clk.frequency);
	clk.own_raw = raw;
}

/**
 * clk_moved() - what other programs have moved the system clock by
 *
 * By steps, or by a rate that is not the one that was set. A leap second of the
 * kernel is such a step, too. Each call begins a new span.
 * Return: since the last call, s; positive: it is ahead.
 */
double clk_moved(void)
{
	int64_t raw, real, moved, least = INT64_MAX;
	int i;

	extrapolate();
	/* On a busy host a reading can be off; a clock that was moved stays so. */
	for (i = 0; i < READINGS && llabs(least) > MOVED_SURE; i++) {
		clk_pair(&raw, &real);
		/* The frequency makes no difference in the µs in between. */
		moved = real - (clk.own_real + (raw - clk.own_raw));
		if (llabs(moved) < llabs(least))
			least = moved;
	}
	clk.own_real += least;
	return (double)least * 1e-9;
}

static double frequency_of(long tick, long freq)
{
	return (double)tick / (double)clk.base_tick - 1 +
	       (double)freq / FREQ_SCALE;
}

/* Whether the rate is the one that was set; what it is, else. */
static void read_back(void)
{
	struct timex tx = { .modes = 0 };

	if (!clk.control || !clk.tick || clock_adjtime(CLOCK_REALTIME, &tx) < 0)
		return;
	if (tx.tick == clk.tick && labs(tx.freq - clk.freq) <= FREQ_ROUNDING &&
	    !(tx.status & (STA_PLL | STA_FLL)))
		return;
	clk.foreign = true;
	clk.foreign_frequency = frequency_of(tx.tick, tx.freq);
}

/**
 * clk_foreign() - whether another program has set the rate of the system clock
 * @freq: the rate that it has set, as of clk_set_frequency()
 *
 * Also where it has the kernel's own loop steer the clock (STA_PLL, STA_FLL).
 * Return: whether it has since the last call.
 */
bool clk_foreign(double *freq)
{
	bool found;

	read_back();
	found = clk.foreign;
	clk.foreign = false;
	*freq = clk.foreign_frequency;
	return found;
}

/**
 * clk_take_back() - set the rate again that clk_set_frequency() has set
 *
 * Return: 0 or -errno.
 */
int clk_take_back(void)
{
	return adjust(&(struct timex){
		.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_STATUS | ADJ_NANO,
		.freq = clk.freq,
		.tick = clk.tick,
		.status = clk.status,
	});
}

static void measure_precision(void)
{
	int64_t smallest = NS_PER_S / 1000, last, now;
	int i, reads;

	for (i = 0; i < 50; i++) {
		last = clk_real();
		now = last;
		/* A simulated clock may stand still while it is read. */
		for (reads = 0; now == last && reads < 1000; reads++)
			now = clk_real();
		if (now > last && now - last < smallest)
			smallest = now - last;
	}
	if (smallest == NS_PER_S / 1000)
		smallest = 100;
	clk.precision = (double)smallest * 1e-9;
}

/**
 * clk_init() - take over the system clock
 * @control: it may be set
 *
 * What frequency the kernel has is kept, so that a clock which another daemon
 * disciplined until now goes on as well. Return: 0 or -errno.
 */
int clk_init(bool control)
{
	struct timex tx = { .modes = 0 };
	long hz = sysconf(_SC_CLK_TCK);

	clk.base_tick = (1000000 + hz / 2) / hz;
	clk.control = control;
	/* A sandbox may forbid the call, which -x can do without. */
	if (clock_adjtime(CLOCK_REALTIME, &tx) >= 0)
		clk.frequency = frequency_of(tx.tick, tx.freq);
	else if (control)
		return -errno;
	clk_pair(&clk.own_raw, &clk.own_real);
	measure_precision();
	if (!control)
		return 0;

	/* The kernel's own loop and what is left of an adjtime(3) end here. */
	clk.status = STA_UNSYNC;
	tx = (struct timex){
		.modes = ADJ_STATUS | ADJ_NANO | ADJ_OFFSET,
		.status = STA_PLL | clk.status,
	};
	if (adjust(&tx))
		return -errno;
	tx = (struct timex){
		.modes = ADJ_STATUS | ADJ_NANO,
		.status = clk.status,
	};
	return adjust(&tx);
}

/**
 * clk_controlled() - whether the system clock is set by this process
 */
bool clk_controlled(void)
{
	return clk.control;
}

/**
 * clk_max_frequency() - the most that clk_set_frequency() can do
 *
 * Return: s/s.
 */
double clk_max_frequency(void)
{
	return TICK_MAX;
}

/**
 * clk_set_frequency() - the rate of the system clock
 * @freq: against CLOCK_MONOTONIC_RAW, less one; beyond the limit: the limit
 *
 * Return: 0 or -errno.
 */
int clk_set_frequency(double freq)
{
	struct timex tx = { .modes = ADJ_FREQUENCY | ADJ_TICK };
	double tick_part = 0;
	long scaled;
	int err;

	if (freq > TICK_MAX)
		freq = TICK_MAX;
	if (freq < -TICK_MAX)
		freq = -TICK_MAX;
	tx.tick = clk.base_tick;
	if (fabs(freq) > FREQ_MAX) {
		tx.tick += lround(freq * (double)clk.base_tick);
		tick_part = (double)tx.tick / (double)clk.base_tick - 1;
	}
	scaled = lround((freq - tick_part) * FREQ_SCALE);
	tx.freq = scaled;
	/* What another program has set must not go unnoticed. */
	read_back();
	extrapolate();
	err = adjust(&tx);
	if (err || !clk.control)
		return err;
	/* Not tx.freq, which the kernel has rounded. */
	clk.freq = scaled;
	clk.tick = tx.tick;
	clk.frequency = tick_part + (double)clk.freq / FREQ_SCALE;
	return 0;
}

/**
 * clk_frequency() - the rate of the system clock
 *
 * Return: against CLOCK_MONOTONIC_RAW, less one.
 */
double clk_frequency(void)
{
	return clk.frequency;
}

/**
 * clk_step() - set the system clock
 * @ns: is added to it
 *
 * Return: 0 or -errno.
 */
int clk_step(int64_t ns)
{
	int64_t s = ns / NS_PER_S;
	struct timex tx;
	int err;

	/* The fraction is to be positive. */
	if (s * NS_PER_S > ns)
		s--;
	tx = (struct timex){
		.modes = ADJ_SETOFFSET | ADJ_NANO,
		.time = {
			.tv_sec = s,
			.tv_usec = ns - s * NS_PER_S,
		},
	};
	err = adjust(&tx);
	if (!err && clk.control) {
		clk.own_real += ns;
		clk.step = ns;
		clk.stepped = clk_raw();
	}
	return err;
}

static long to_us(double s)
{
	return s < 16 ? lround(ceil(s * 1e6)) : 16000000;
}

/**
 * clk_set_error() - tell the kernel how good its time is
 * @synced: clears STA_UNSYNC
 * @est_error: s
 * @max_error: s
 * @rtc: the kernel shall keep the RTC by it
 */
void clk_set_error(bool synced, double est_error, double max_error, bool rtc)
{
	/* The kernel writes the RTC while STA_UNSYNC is clear (11 minute mode). */
	clk.status = (clk.status & (STA_INS | STA_DEL)) |
		     (synced && rtc ? 0 : STA_UNSYNC);
	adjust(&(struct timex){
		.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_NANO,
		.status = clk.status,
		.maxerror = synced ? to_us(max_error) : 16000000,
		.esterror = synced ? to_us(est_error) : 16000000,
	});
}

/**
 * clk_set_leap() - arm the kernel's leap second
 * @leap: at the end of this UTC day: 1 is inserted, -1 deleted, 0 none
 */
void clk_set_leap(int leap)
{
	int bits = leap > 0 ? STA_INS : leap < 0 ? STA_DEL : 0;

	if ((clk.status & (STA_INS | STA_DEL)) == bits)
		return;
	clk.status = (clk.status & ~(STA_INS | STA_DEL)) | bits;
	adjust(&(struct timex){
		.modes = ADJ_STATUS | ADJ_NANO,
		.status = clk.status,
	});
}

/**
 * clk_set_tai() - tell the kernel what TAI is
 * @offset: TAI - UTC, s
 */
void clk_set_tai(int offset)
{
	adjust(&(struct timex){ .modes = ADJ_TAI, .constant = offset });
}

/**
 * clk_set_precision() - what the operator knows of the system clock
 * @precision: stands in place of what was measured, s
 */
void clk_set_precision(double precision)
{
	clk.precision = precision;
}

/**
 * clk_precision() - what the system clock can be read to
 *
 * Return: s.
 */
double clk_precision(void)
{
	return clk.precision;
}
