// SPDX-License-Identifier: GPL-2.0
#include "refclock.h"
#include "clk.h"
#include "figures.h"
#include "leap.h"
#include "log.h"
#include "records.h"
#include "reference.h"
#include "units.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/wire.h"

/* A device that could not be opened is tried again after so many s. */
#define OPEN_AGAIN	8.0
/* Stamps are not older than this, beside the interval of the readings, s. */
#define STAMP_AGE	4.0
/* Nor of a future that the reading of two clocks does not explain, ns. */
#define STAMP_AHEAD	1000000

enum {
	READINGS_LEAST = 4,
	SAMPLES_LEAST = 3,
	SILENT = 8,		/* polls without a word, before that is said */
	LASTING = 8,		/* good ones, before what was wrong is over */
};

struct refclock *refclocks;

static const struct refclock_driver *const drivers[] = {
	[CONF_PPS] = &refclock_pps,
	[CONF_SOCK] = &refclock_sock,
	[CONF_SHM] = &refclock_shm,
	[CONF_PHC] = &refclock_phc,
	[CONF_NMEA] = &refclock_nmea,
	[CONF_GPSD] = &refclock_gpsd,
	[CONF_ACTS] = &refclock_acts,
	[CONF_RTC] = &refclock_rtc,
};

/* Another number in it is no news. */
static bool same_text(const char *a, const char *b)
{
	static const char numeric[] = "+-.0123456789";

	for (;; a++, b++) {
		a += strspn(a, numeric);
		b += strspn(b, numeric);
		if (*a != *b || !*a)
			return *a == *b;
	}
}

/**
 * refclock_failed() - say what is wrong
 * @rc: with which one
 * @fmt: what
 *
 * It is logged when it is something else than before, and shown until the
 * next reading that is good.
 */
void refclock_failed(struct refclock *rc, const char *fmt, ...)
{
	char why[REFCLOCK_WHY];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	rc->bad++;
	memcpy(rc->why, why, sizeof(why));
	rc->good = 0;
	if (same_text(why, rc->said))
		return;
	log_msg(LOG_WARNING, "%s: %s", rc->source.name, why);
	memcpy(rc->said, why, sizeof(why));
}

/**
 * refclock_cannot_open() - say why a driver's device is not to be had
 * @rc: which
 * @fd: is closed, unless it is negative
 * @err: -errno
 *
 * Return: @err.
 */
int refclock_cannot_open(struct refclock *rc, int fd, int err)
{
	errno = -err;
	refclock_failed(rc, "%s: %m", rc->conf->parameter);
	if (fd >= 0)
		close(fd);
	return err;
}

/**
 * refclock_stamp() - a stamp that somebody else has written
 * @s: since 1970
 * @ns: beside
 * @at: ns since 1970
 *
 * Return: whether it is one.
 */
bool refclock_stamp(int64_t s, int64_t ns, int64_t *at)
{
	if (s < 0 || s > INT64_MAX / NS_PER_S - 1 || ns < 0 || ns >= NS_PER_S)
		return false;
	*at = s * NS_PER_S + ns;
	return true;
}

/**
 * refclock_leap() - a leap indicator that another program has written
 * @leap: any number
 *
 * Return: enum ntp_leap; any other number means unsynchronised.
 */
uint8_t refclock_leap(int leap)
{
	return leap >= NTP_LEAP_NONE && leap <= NTP_LEAP_DELETE ?
	       (uint8_t)leap : NTP_LEAP_UNSYNC;
}

/* What comes and goes with each poll is not worth two lines of them. */
static void works(struct refclock *rc)
{
	rc->why[0] = '\0';
	if (!rc->said[0] || ++rc->good < LASTING)
		return;
	log_msg(LOG_INFO, "%s: works", rc->source.name);
	rc->said[0] = '\0';
}

static void shift_reach(struct refclock *rc, bool reached)
{
	rc->source.reach = (uint8_t)(rc->source.reach << 1 | reached);
}

static void no_sample(struct refclock *rc)
{
	shift_reach(rc, false);
	if (rc->missed++ == (unsigned int)rc->conf->maxunreach)
		rc->source.leap = NTP_LEAP_UNSYNC;
	if (rc->missed >= SILENT && !rc->why[0] && rc->is_open)
		refclock_failed(rc, "it says nothing");
	source_changed(&rc->source);
}

/**
 * refclock_flush() - the readings of an interval have been
 * @rc: of which; a driver with an interval of its own says so itself
 */
void refclock_flush(struct refclock *rc)
{
	const struct estimate *e = &rc->source.est;
	struct sample s;

	rc->frequency = e->valid ? e->fit.frequency : reference.frequency;
	if (!refclock_sample(rc, &s) || !refclock_believes(rc, &s)) {
		no_sample(rc);
		return;
	}
	works(rc);
	record_reading(&(struct record_reading){
		.source = &rc->source, .raw = s.raw, .utc = s.utc,
		.dispersion = s.dispersion,
	});
	shift_reach(rc, true);
	rc->missed = 0;
	source_sample(&rc->source, &s);
}

static void on_poll(void *arg)
{
	struct refclock *rc = arg;

	timer_set(&rc->poll_timer, ldexp(1, rc->conf->poll));
	refclock_flush(rc);
}

/* What is read in intervals is counted, so that no sample has one too few. */
static void on_read(void *arg)
{
	struct refclock *rc = arg;

	timer_set(&rc->read_timer, ldexp(1, rc->conf->dpoll));
	rc->driver->read(rc);
	if (!rc->is_open ||
	    ++rc->readings < ldexp(1, rc->conf->poll - rc->conf->dpoll))
		return;
	rc->readings = 0;
	refclock_flush(rc);
}

static void try_open(void *arg)
{
	struct refclock *rc = arg;

	if (rc->driver->open(rc)) {
		timer_set(&rc->read_timer, OPEN_AGAIN);
		if (rc->driver->read)
			no_sample(rc);
		return;
	}
	rc->is_open = true;
	log_msg(LOG_INFO, "%s: %s %s", rc->source.name, rc->driver->name,
		rc->conf->parameter);
	if (!rc->driver->read)
		return;
	rc->read_timer.fn = on_read;
	timer_set(&rc->read_timer, ldexp(1, rc->conf->dpoll));
}

/**
 * refclock_reopen() - the device is no more what it was
 * @rc: is closed, and tried again
 */
void refclock_reopen(struct refclock *rc)
{
	if (rc->is_open)
		rc->driver->close(rc);
	rc->is_open = false;
	rc->read_timer.fn = try_open;
	timer_set(&rc->read_timer, OPEN_AGAIN);
}

/* A stamp of a clock that somebody set since tells nothing. */
static bool is_recent(struct refclock *rc, int64_t raw)
{
	int64_t age = clk_raw() - raw;
	double most = STAMP_AGE + ldexp(1, rc->conf->dpoll);

	if (age >= -STAMP_AHEAD && (double)age * 1e-9 < most)
		return true;
	refclock_failed(rc, "a reading is %.3f s old", (double)age * 1e-9);
	return false;
}

static void take(struct refclock *rc, const struct reading *r, uint8_t leap,
		 bool pulse)
{
	if (leap <= NTP_LEAP_DELETE)
		rc->source.leap = leap;
	rc->last = *r;
	refclock_keep(rc, r);
	record_reading(&(struct record_reading){
		.source = &rc->source, .number = (unsigned int)rc->n_kept,
		.pulse = pulse, .raw = r->raw, .utc = r->utc,
		.dispersion = r->dispersion,
	});
}

/**
 * refclock_time() - a driver has read its clock
 * @rc: which
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 * @utc: what it said, ns since 1970
 * @dispersion: what the reading may be off by, s
 * @leap: it announces, enum ntp_leap
 *
 * A clock that says it is not synchronised (NTP_LEAP_UNSYNC) gives no time.
 */
void refclock_time(struct refclock *rc, int64_t raw, int64_t utc,
		   double dispersion, uint8_t leap)
{
	struct reading r = { raw, utc, dispersion };
	int tai;

	if (leap > NTP_LEAP_DELETE) {
		refclock_failed(rc, "the clock says that it is not synchronised");
		return;
	}
	if (rc->conf->pps) {
		refclock_pulse(rc, raw, utc, dispersion);
		return;
	}
	if (!is_recent(rc, raw))
		return;
	if (rc->conf->tai) {
		tai = leap_tai(utc);
		/* Near a leap second it may be the other day's. */
		tai = leap_tai(utc - tai * NS_PER_S);
		if (!tai) {
			refclock_failed(rc, "tai: there is no table of leap seconds that is in force");
			return;
		}
		r.utc -= tai * NS_PER_S;
	}
	r.utc += llround(rc->conf->offset * 1e9);
	r.dispersion += rc->conf->precision > 0 ? rc->conf->precision :
						  clk_precision();
	take(rc, &r, leap, false);
}

/* Which second a pulse is of: about when it was, and how far that may be off. */
static bool number(struct refclock *rc, int64_t raw, int64_t *about,
		   double limit)
{
	const struct refclock *lock = rc->lock;
	int64_t age;

	if (lock) {
		age = raw - lock->last.raw;
		*about = lock->last.utc + age +
			 llround((double)age * rc->frequency);
		if (lock->last.raw && llabs(age) <
		    rc->conf->maxlockage * NS_PER_S / rc->conf->rate)
			return true;
		refclock_failed(rc, "%s does not say which second it is",
				lock->source.name);
		return false;
	}
	*about = reference_time(raw);
	if (reference.synced && reference_distance(raw) < limit)
		return true;
	refclock_failed(rc, "nobody else says which second it is");
	return false;
}

/**
 * refclock_pulse() - a driver has seen a pulse
 * @rc: of which
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 * @utc: what the time was then, but for a multiple of the period
 * @dispersion: what the stamp may be off by, s
 *
 * Another clock says which second it was, as in chrony.
 */
void refclock_pulse(struct refclock *rc, int64_t raw, int64_t utc,
		    double dispersion)
{
	const struct refclock_conf *conf = rc->conf;
	int64_t period = NS_PER_S / conf->rate, about, off;
	double width = fmin(conf->width, (double)period * 1e-9 - conf->width);
	double limit = (conf->width > 0 ? width : (double)period * 1e-9) / 2;
	struct reading r = { raw, utc, dispersion };

	if (!is_recent(rc, raw) || !number(rc, raw, &about, limit))
		return;
	r.utc += llround(conf->offset * 1e9);
	off = (r.utc - about) % period;
	if (off > period / 2)
		off -= period;
	if (off < -period / 2)
		off += period;
	/* It is the other edge. */
	if (conf->width > 0 && fabs((double)off * 1e-9) > limit)
		return;
	r.utc = about + off;
	r.dispersion += conf->precision > 0 ? conf->precision : clk_precision();
	take(rc, &r, rc->lock ? rc->lock->source.leap : reference.leap, true);
}

static struct refclock *find(uint32_t refid)
{
	struct refclock *rc;

	for (rc = refclocks; rc && rc->source.refid != refid; rc = rc->next)
		;
	return rc;
}

static void fill(struct refclock *rc, const struct config *c,
		 const struct refclock_conf *conf)
{
	int max = conf->maxsamples >= 0 ? conf->maxsamples : c->maxsamples;
	/* Now and then a pulse falls between two looks. */
	double expected = fmax(ldexp(0.75, conf->poll - conf->dpoll), 1);
	struct source *s = &rc->source;

	rc->conf = conf;
	rc->driver = drivers[conf->driver];
	rc->room = (size_t)conf->filter;
	rc->least = rc->room < READINGS_LEAST ? rc->room : READINGS_LEAST;
	if ((double)rc->least > expected)
		rc->least = (size_t)expected;
	rc->read_timer = (struct timer){ .fn = try_open, .arg = rc };
	rc->poll_timer = (struct timer){ .fn = on_poll, .arg = rc };
	s->type = SOURCE_REFCLOCK;
	s->problem = rc->why;
	refid_ascii(conf->refid, s->name);
	s->refid = conf->refid;
	s->stratum = (uint8_t)conf->stratum;
	s->leap = NTP_LEAP_UNSYNC;
	s->poll = (int8_t)conf->poll;
	/* One that is `local` has a frequency, but not the time. */
	s->noselect = conf->noselect || conf->local;
	s->prefer = conf->prefer;
	s->trust = conf->trust;
	s->require = conf->require;
	/* As chronyd: three samples show a frequency; one is enough where no more are kept. */
	s->samples_min = max > 0 && max < SAMPLES_LEAST ? (unsigned int)max :
							  SAMPLES_LEAST;
	estimate_init(&s->est, max > 0 ? (unsigned int)max : ESTIMATE_SAMPLES);
}

static int add(const struct config *c, const struct refclock_conf *conf)
{
	struct refclock *rc, **p;

	rc = calloc(1, sizeof(*rc));
	if (rc)
		rc->kept = calloc((size_t)conf->filter, sizeof(*rc->kept));
	if (!rc || !rc->kept) {
		free(rc);
		return -ENOMEM;
	}
	fill(rc, c, conf);
	for (p = &refclocks; *p; p = &(*p)->next)
		;
	*p = rc;
	source_add(&rc->source);
	return 0;
}

/**
 * refclock_start() - read all that are configured
 * @c: the configuration; stays
 *
 * Before privileges are given up, which some devices want to be opened.
 * Return: 0 or -ENOMEM.
 */
int refclock_start(const struct config *c)
{
	struct refclock *rc;
	size_t i;
	int err;

	for (i = 0; i < c->n_refclock; i++) {
		err = add(c, &c->refclock[i]);
		if (err)
			return err;
	}
	for (rc = refclocks; rc; rc = rc->next) {
		if (rc->conf->driver == CONF_PHC || rc->conf->driver == CONF_PPS)
			figures_set_hardware(true);
		rc->lock = rc->conf->lock ? find(rc->conf->lock) : NULL;
		try_open(rc);
		if (!rc->driver->read && !rc->driver->own_interval)
			timer_set(&rc->poll_timer, ldexp(1, rc->conf->poll));
	}
	return 0;
}

/**
 * refclock_forget() - nothing that was read counts any more
 */
void refclock_forget(void)
{
	struct refclock *rc;

	for (rc = refclocks; rc; rc = rc->next) {
		rc->phase = (struct refclock_phase){ .since = 0 };
		rc->n_kept = 0;
		rc->last.raw = 0;
	}
}

/**
 * refclock_same() - whether a configuration has the refclocks that are read
 * @c: another one than they were begun with
 */
bool refclock_same(const struct config *c)
{
	const struct refclock *rc = refclocks;
	struct refclock_conf a, b;
	size_t i;

	for (i = 0; i < c->n_refclock; i++, rc = rc->next) {
		b = c->refclock[i];
		if (!rc || !drivers[b.driver])
			break;
		a = *rc->conf;
		/* Where the lines are is all the same. */
		memcpy(b.file, a.file, sizeof(b.file));
		b.line = a.line;
		if (memcmp(&a, &b, sizeof(a)))
			return false;
	}
	return i == c->n_refclock && !rc;
}

/**
 * refclock_stop() - forget them all
 */
void refclock_stop(void)
{
	struct refclock *rc;

	while ((rc = refclocks)) {
		refclocks = rc->next;
		if (rc->is_open)
			rc->driver->close(rc);
		timer_cancel(&rc->read_timer);
		timer_cancel(&rc->poll_timer);
		source_del(&rc->source);
		free(rc->kept);
		free(rc);
	}
}
