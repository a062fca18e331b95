// SPDX-License-Identifier: GPL-2.0
/*
 * The estimate says what true time is as a line over CLOCK_MONOTONIC_RAW; the
 * system clock is steered onto that line. An error that the estimate itself may
 * have is worked off over a whole poll interval, so that noise in time becomes
 * no noise in frequency; a larger one as much faster as it is larger.
 */
#include "discipline.h"
#include "clk.h"
#include "conf.h"
#include "drift.h"
#include "fallback.h"
#include "leap.h"
#include "sanity.h"
#include "local.h"
#include "log.h"
#include "mail.h"
#include "loop.h"
#include "records.h"
#include "reference.h"
#include "select.h"
#include "smooth.h"
#include "source.h"
#include "tempcomp.h"

#include <errno.h>
#include <linux/types.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"

/* Errors up to so many deviations of the estimate are worked off slowly. */
#define PATIENCE	6.0
/* The shortest time a correction is given, s. */
#define SLEW_MIN	2.0
/* `corrtimeratio` with which a usual error takes one poll interval. */
#define CORRTIMERATIO	3.0
/* Of the fastest slew that may be: what is used; the rate is an error too. */
#define HASTE		0.5
/* Weight of the newest in the average of offsets. */
#define RMS_WEIGHT	0.1
/* What another program moves the clock by: less is left to the next update, s. */
#define MOVED_MIN	100e-6
/* More is logged, s. */
#define MOVED_LOG	1e-3

enum {
	CALLBACKS = 4,
	FOREIGN_LOOKS = 64,	/* without another program's rate: it is gone */
};

struct reference reference = { .leap = 3, .stratum = 16 };

static struct {
	const struct config *conf;
	struct fit target;	/* true time, as estimated */
	bool known;
	unsigned int updates;
	bool once;		/* -q: no frequency is left behind */
	double first_frequency;	/* of the clock, before the first update */
	unsigned int foreign;	/* looks left before another program is gone */
	double refused;		/* moved by others, and too far to correct, s */
	double step_first;	/* errors that the first updates step, s; or -1 */
	struct timer timer;	/* the end of a slew */
	void (*changed[CALLBACKS])(void);
} d;

/**
 * reference_on_change() - be told of every change of the reference
 * @fn: called in the loop; at most four can be
 */
void reference_on_change(void (*fn)(void))
{
	unsigned int i;

	for (i = 0; i < CALLBACKS; i++) {
		if (!d.changed[i]) {
			d.changed[i] = fn;
			return;
		}
	}
}

static void tell(void)
{
	unsigned int i;

	for (i = 0; i < CALLBACKS && d.changed[i]; i++)
		d.changed[i]();
}

/**
 * reference_line() - true time as it is estimated, but for a leap second
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 *
 * Return: ns since 1970; the system clock's where nothing is known.
 */
int64_t reference_line(int64_t raw)
{
	int64_t now, real;

	if (d.known)
		return fit_at(&d.target, raw).utc;
	clk_pair(&now, &real);
	return real + (raw - now);
}

/**
 * reference_time() - true time as it is estimated
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 *
 * Return: ns since 1970; the system clock's where nothing is known.
 */
int64_t reference_time(int64_t raw)
{
	int64_t line = reference_line(raw);

	return d.known ? leap_line(line) : line;
}

/**
 * reference_off() - how far the system clock is from true time
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 * @real: what the system clock says then, ns since 1970
 *
 * Return: what it is behind by, ns; not a leap second that only one has had yet.
 */
int64_t reference_off(int64_t raw, int64_t real)
{
	int64_t utc = reference_time(raw);

	return leap_excuse((int64_t)((uint64_t)utc - (uint64_t)real), utc);
}

/**
 * reference_lasts() - how long true time runs on as a line
 * @raw: from when, CLOCK_MONOTONIC_RAW, ns
 *
 * Return: s, until a leap second.
 */
double reference_lasts(int64_t raw)
{
	return leap_left(raw);
}

/**
 * reference_correction() - what the system clock is behind true time
 *
 * Return: s.
 */
double reference_correction(void)
{
	int64_t raw, real;

	if (!d.known)
		return 0;
	clk_pair(&raw, &real);
	return (double)reference_off(raw, real) * 1e-9;
}

/**
 * reference_dispersion() - root dispersion as it has grown
 * @raw: until when, CLOCK_MONOTONIC_RAW, ns
 *
 * RFC 5905 section 11.3, with the growth that is known instead of PHI.
 * Return: s.
 */
double reference_dispersion(int64_t raw)
{
	double age = (double)(raw - reference.ref_raw) * 1e-9;

	return reference.root_dispersion + fmax(age, 0) * reference.growth;
}

/**
 * reference_distance() - the root distance as it has grown
 * @raw: until when, CLOCK_MONOTONIC_RAW, ns
 *
 * RFC 5905 section 11.2.1. Return: s.
 */
double reference_distance(int64_t raw)
{
	return reference.root_delay / 2 + reference_dispersion(raw);
}

static double slew_limit(void)
{
	return HASTE * fmin(d.conf->maxslewrate * 1e-6, clk_max_frequency());
}

/* The frequency that the clock is to have while nothing is left to correct. */
static double base_frequency(void)
{
	double max = fmin(d.conf->maxdrift * 1e-6, clk_max_frequency());

	if (d.once)
		return d.first_frequency;
	return fmax(-max, fmin(max, d.target.frequency));
}

/*
 * Works off ERROR s within SECONDS, or as fast as may be; the timer ends it.
 */
static void slew(double error, double seconds)
{
	double limit = slew_limit(), rate = error / seconds;

	if (fabs(rate) > limit) {
		rate = copysign(limit, rate);
		seconds = error / rate;
	}
	clk_set_frequency(base_frequency() + rate);
	timer_set(&d.timer, seconds);
}

/* Nothing is left to be worked off. */
static void settle(void)
{
	timer_cancel(&d.timer);
	clk_set_frequency(base_frequency());
}

/*
 * The slew is at its end; the timer may have come late. What another program
 * moved the clock by, beyond `maxchange` or `spike`, is left to the next update.
 */
static void slew_ends(void *arg)
{
	double left = reference_correction();

	(void)arg;
	if (fabs(left) > PATIENCE * d.target.time_error && !d.refused) {
		slew(left, SLEW_MIN);
		return;
	}
	settle();
}

static bool may_step(double error)
{
	const struct config *c = d.conf;

	if (d.step_first >= 0)
		return fabs(error) > d.step_first;
	if (!c->makestep_limit || !(fabs(error) > c->makestep))
		return false;
	return c->makestep_limit < 0 ||
	       d.updates <= (unsigned int)c->makestep_limit;
}

static int step(double error)
{
	int err = clk_step(llround(error * 1e9));

	if (!err)
		log_msg(LOG_WARNING, "the system clock was stepped by %.9f s",
			error);
	return err;
}

static void steer(double error, double interval)
{
	double span = interval * d.conf->corrtimeratio / CORRTIMERATIO;
	double usual = PATIENCE * d.target.time_error;

	if (!clk_controlled())
		return;
	if (may_step(error) && !step(error)) {
		settle();
		return;
	}
	if (fabs(error) > usual)
		span = fmax(SLEW_MIN, span * usual / fabs(error));
	slew(error, span);
}

/* What is served goes on from where it was, whatever is estimated now. */
static void smooth(const struct fit *before, const struct fit *now, bool known)
{
	struct fit was = known ? fit_at(before, now->raw) : *now;

	smooth_update(now->raw, (double)(now->utc - was.utc) * 1e-9,
		      now->frequency - was.frequency,
		      2 * now->frequency_error);
}

static void keep_reference(const struct selection *sel, double error)
{
	struct reference *r = &reference;
	int64_t raw = sel->fit.raw, was = r->ref_raw;
	double max = d.conf->maxclockerror * 1e-6;

	r->interval = was ? (double)(raw - was) * 1e-9 : 0;
	r->residual = sel->fit.frequency - r->frequency;
	r->frequency = sel->fit.frequency;
	r->skew = fmax(2 * sel->fit.frequency_error, 1e-12);
	r->growth = max + r->skew;
	/* The clock is ahead by a positive last offset. */
	r->last_offset = -error;
	r->rms_offset = r->rms_offset > 0 ?
		sqrt(r->rms_offset * r->rms_offset * (1 - RMS_WEIGHT) +
		     error * error * RMS_WEIGHT) : fabs(error);
	r->leap = leap_announce(sel->leap, reference_time(raw));
	r->stratum = (uint8_t)(sel->source->stratum + 1);
	r->synced = r->stratum < NTP_STRATUM_UNSYNC;
	if (!r->synced)
		r->leap = NTP_LEAP_UNSYNC;
	r->refid = sel->source->refid;
	r->ref_raw = raw;
	r->ref_time = sel->fit.utc;
	r->root_delay = sel->root_delay;
	r->root_dispersion = sel->root_dispersion;
	memcpy(r->name, sel->source->name, sizeof(r->name));
}

static void tell_tai(void)
{
	static int told;
	int tai = leap_tai(reference_time(clk_raw()));

	if (!tai || tai == told)
		return;
	clk_set_tai(tai);
	told = tai;
}

static void tell_kernel(void)
{
	const struct reference *r = &reference;
	int leap = r->leap == NTP_LEAP_INSERT ? 1 :
		   r->leap == NTP_LEAP_DELETE ? -1 : 0;

	if (!clk_controlled())
		return;
	clk_set_error(r->synced, d.target.time_error,
		      r->root_delay / 2 + r->root_dispersion,
		      d.conf->rtcsync);
	/*
	 * The kernel is late, by its clock's error and a tick: disarmed now it
	 * would not leap any more. Armed it leaps no second time.
	 */
	if (d.conf->leapsecmode == CONF_LEAP_SYSTEM &&
	    !leap_just_was(reference_time(clk_raw())))
		clk_set_leap(r->synced ? leap : 0);
	if (r->synced)
		tell_tai();
}

/*
 * The kernel's clock has leapt by itself, is stepped now, or is as wrong as it
 * says from here on, and is corrected.
 */
static void leapt(int64_t ns)
{
	source_leapt_all(ns);
	d.target.utc += ns;
	smooth_leapt(clk_raw(), (double)ns * 1e-9);
	reference.leap = reference.synced ? NTP_LEAP_NONE : NTP_LEAP_UNSYNC;
	if (clk_controlled() && d.conf->leapsecmode == CONF_LEAP_STEP)
		clk_step(ns);
	else if (clk_controlled() && d.conf->leapsecmode == CONF_LEAP_SLEW)
		slew(reference_correction(), SLEW_MIN);
	tell_kernel();
	tell();
}

/* Where some polls get no answer the next update is not one interval away. */
static double until_next(const struct source *s)
{
	double interval = ldexp(1, s->poll);

	return fmax(interval, fmin(reference.interval, 4 * interval));
}

/*
 * As chronyd: a frequency with a skew above `maxupdateskew` is not used, and the
 * clock goes on with the one before. What it may be off by is still claimed.
 */
static void limit_skew(struct fit *fit)
{
	if (2 * fit->frequency_error > d.conf->maxupdateskew * 1e-6)
		fit->frequency = reference.frequency;
}

/**
 * discipline_update() - the sources have something new to say
 * @sel: what
 */
void discipline_update(const struct selection *sel)
{
	struct fit before = d.target;
	struct selection limited = *sel;
	bool known = d.known;
	struct record_update u = {
		.source = sel->source,
		.deviation = sel->fit.time_error,
	};
	double error;

	limit_skew(&limited.fit);
	sel = &limited;
	discipline_look();
	u.left = reference_correction();
	d.target = sel->fit;
	d.known = true;
	error = reference_correction();
	d.updates++;
	/* The rest of a slew is allowed already; it is no news. */
	if (!sanity_allows(d.conf, error - u.left - d.refused, d.updates)) {
		d.target = before;
		d.known = known;
		return;
	}
	d.refused = 0;
	if (fabs(error) > d.conf->logchange)
		log_msg(LOG_WARNING, "the system clock is off by %.6f s", error);
	mail_change(d.conf, error);
	smooth(&before, &sel->fit, known);
	u.offset = u.left - error;
	u.max_error = fabs(u.offset) + fabs(u.left) +
		      reference_distance(sel->fit.raw);
	keep_reference(sel, error);
	record_update(&u);
	steer(error, until_next(sel->source));
	tell_kernel();
	if (!d.once) {
		drift_update(reference.frequency, reference.skew);
		fallback_update(reference.frequency, reference.interval);
	}
	tell();
	local_updated();
}

/* Its rate is undone, and counts as growth of the dispersion. */
static bool look_at_rate(void)
{
	double freq, rate;

	if (!clk_foreign(&freq)) {
		if (!d.foreign || --d.foreign)
			return false;
		reference.foreign = 0;
		log_msg(LOG_NOTICE, "no other program sets the frequency of the system clock any more");
		return true;
	}
	if (!d.foreign)
		log_msg(LOG_WARNING, "another program sets the frequency of the system clock (by %+.3f ppm): it is set back each second, and the clock is claimed to be so much worse",
			(freq - clk_frequency()) * 1e6);
	d.foreign = FOREIGN_LOOKS;
	/* Against true time, not against a slew of one's own. */
	rate = freq - base_frequency();
	reference.foreign = fmax(reference.foreign, fabs(rate));
	clk_take_back();
	return true;
}

/* What it moved the clock by is corrected as an error that was measured. */
static bool look_at_time(double moved)
{
	double left = reference_correction();

	moved = (double)leap_excuse(llround(moved * 1e9),
				    reference_time(clk_raw())) * 1e-9;
	if (fabs(moved) < MOVED_MIN)
		return false;
	d.refused += moved;
	if (fabs(left) < PATIENCE * d.target.time_error) {
		d.refused = 0;
		return false;
	}
	if (!sanity_is_usual(d.conf, d.refused, d.updates)) {
		log_msg(LOG_WARNING, "another program moved the system clock by %.6f s: that is left as it is until the next update",
			moved);
		return false;
	}
	d.refused = 0;
	if (fabs(moved) > MOVED_LOG)
		log_msg(LOG_WARNING, "another program moved the system clock by %.6f s: it is corrected",
			moved);
	steer(left, SLEW_MIN);
	return true;
}

/**
 * discipline_look() - whether another program has set the system clock
 *
 * Called each second. CLOCK_MONOTONIC_RAW, which no program sets, says at any
 * time what the system clock should show. Without a reference nothing is done:
 * then the other one may be right.
 */
void discipline_look(void)
{
	double moved;
	bool news;

	if (!clk_controlled())
		return;
	moved = clk_moved();
	if (!d.known || !reference.synced)
		return;
	news = look_at_rate();
	news |= look_at_time(moved);
	if (news)
		tell();
}

/**
 * discipline_once() - leave no frequency behind
 *
 * The samples of `-q` span a few seconds. They say what time it is, not how
 * fast the clock goes: as chronyd, it goes on as before, and no drift file is
 * written.
 */
void discipline_once(void)
{
	d.once = true;
}

/**
 * discipline_lost() - nobody can be believed any more
 */
void discipline_lost(void)
{
	if (!reference.synced || local_active())
		return;
	reference.synced = false;
	reference.leap = NTP_LEAP_UNSYNC;
	reference.stratum = NTP_STRATUM_UNSYNC;
	tell_kernel();
	tell();
	local_updated();
}

/* The oscillator runs at another rate, as its temperature says (`tempcomp`). */
static void turn(double df)
{
	int64_t raw = clk_raw();

	source_turn_all(raw, df);
	fit_turn(&d.target, raw, df);
	fallback_turn(df);
	reference.frequency += df;
	/* A slew that is under way goes on. */
	if (clk_controlled())
		clk_set_frequency(clk_frequency() + df);
	tell();
}

/* Nobody has updated the clock for long (`fallbackdrift`). */
static void fall_back(double frequency)
{
	d.target = fit_at(&d.target, clk_raw());
	d.target.frequency = frequency;
	reference.frequency = frequency;
	if (clk_controlled())
		settle();
	discipline_lost();
	tell();
}

/**
 * discipline_forget() - what is estimated is worth nothing any more
 *
 * The clock runs on as it did.
 */
void discipline_forget(void)
{
	d.known = false;
	timer_cancel(&d.timer);
	if (clk_controlled())
		clk_set_frequency(base_frequency());
	smooth_reset(clk_raw());
	discipline_lost();
}

/**
 * discipline_step() - correct at once what is left to be corrected
 *
 * Return: 0, -EPERM under -x, -EAGAIN before the first measurement, or what
 * the kernel says.
 */
int discipline_step(void)
{
	int err;

	if (!clk_controlled())
		return -EPERM;
	if (!d.known)
		return -EAGAIN;
	err = step(reference_correction());
	if (err)
		return err;
	settle();
	tell();
	return 0;
}

/**
 * discipline_step_first() - step larger errors, whatever makestep says
 * @threshold: s; -1: no more, and the updates that makestep counts begin now
 */
void discipline_step_first(double threshold)
{
	d.step_first = threshold;
	d.updates = 0;
}

/**
 * discipline_init() - before any source
 * @c: the configuration; is to stay
 *
 * Return: 0 or -errno.
 */
int discipline_init(const struct config *c)
{
	double skew = 0;
	int err = tempcomp_start(&c->tempcomp, turn);

	if (err)
		return err;
	d.conf = c;
	d.step_first = -1;
	d.timer.fn = slew_ends;
	local_init(c, tell);
	leap_init(c, leapt);
	smooth_init(c);
	fallback_init(c, fall_back);
	d.first_frequency = clk_frequency();
	reference.frequency = d.first_frequency;
	if (drift_init(c, &reference.frequency, &skew))
		reference.skew = skew;
	return 0;
}

/**
 * discipline_stop() - leave the clock as it is best left alone
 */
void discipline_stop(void)
{
	leap_stop();
	fallback_stop();
	timer_cancel(&d.timer);
	local_stop();
	if (d.known && clk_controlled())
		clk_set_frequency(base_frequency());
	if (d.known && !d.once)
		drift_write(reference.frequency, reference.skew);
	tempcomp_stop();
}
