// SPDX-License-Identifier: GPL-2.0
/*
 * The estimate is a line over CLOCK_MONOTONIC_RAW, which knows of no leap
 * second: from its moment on leap_line() makes UTC of it, until all that is held
 * of UTC has been moved by the timer.
 */
#include "leap.h"
#include "clk.h"
#include "conf.h"
#include "log.h"
#include "loop.h"
#include "reference.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/wire.h"

#define DAY_NS		(86400 * NS_PER_S)
/* Servers do not all leap at one moment: what is said then is not used, ns. */
#define NEAR		(5 * NS_PER_S)
/* No timer is waited for longer, as the line may be steered meanwhile, s. */
#define LOOK		60.0
#define FILE_MAX	65536

static struct {
	const struct config *conf;
	void (*leapt)(int64_t ns);
	struct leap_table table;
	int64_t day;		/* that the table was read on */
	struct timer timer;
	int64_t at;		/* midnight, ns; 0: none is waited for */
	int sign;		/* 1: a second is inserted, -1: deleted */
	int64_t last;		/* the midnight of the last one */
	int64_t last_raw;	/* CLOCK_MONOTONIC_RAW then */
	int last_sign;
} leap;

/* The length, or -1 and said why. */
static ssize_t read_file(const char *name, uint8_t *data)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len = fd < 0 ? -1 : read(fd, data, FILE_MAX);

	if (len < 0)
		log_msg(LOG_WARNING, "%s: cannot be read: %m", name);
	if (fd >= 0)
		close(fd);
	return len;
}

static void read_table(int64_t utc)
{
	const struct config *c = leap.conf;
	static uint8_t data[FILE_MAX];
	static struct leap_table t;
	char name[4096], why[LEAP_WHY];
	ssize_t len;
	int err;

	if (c->leapseclist)
		snprintf(name, sizeof(name), "%s", c->leapseclist);
	else
		snprintf(name, sizeof(name), "/usr/share/zoneinfo/%s",
			 c->leapsectz);
	len = read_file(name, data);
	if (len < 0)
		return;
	err = c->leapseclist ?
	      leap_parse_list((const char *)data, (size_t)len, &t, why) :
	      leap_parse_tzif(data, (size_t)len, &t, why);
	if (err) {
		log_msg(LOG_WARNING, "%s: %s", name, why);
		return;
	}
	leap.table = t;
	if (t.expires && utc / NS_PER_S >= t.expires)
		log_msg(LOG_WARNING, "%s: has expired: leap seconds are taken from the sources, TAI from its last entry",
			name);
}

/* Once a day: the file is replaced when leap seconds are announced. */
static const struct leap_table *table(int64_t utc)
{
	if (!leap.conf || (!leap.conf->leapseclist && !leap.conf->leapsectz))
		return NULL;
	if (utc / DAY_NS != leap.day) {
		leap.day = utc / DAY_NS;
		read_table(utc);
	}
	return leap.table.n ? &leap.table : NULL;
}

/* What the table says of a midnight. */
static uint8_t by_table(const struct leap_table *t, int64_t midnight)
{
	unsigned int i;

	for (i = 1; i < t->n; i++)
		if (t->at[i] * NS_PER_S == midnight)
			return t->tai[i] > t->tai[i - 1] ? NTP_LEAP_INSERT :
							   NTP_LEAP_DELETE;
	return NTP_LEAP_NONE;
}

/**
 * leap_tai() - TAI - UTC by the operator's table
 * @utc: ns since 1970
 *
 * The last entry of an expired table goes on to hold: no leap second is known
 * that would have changed it.
 *
 * Return: s; 0 where there is no table.
 */
int leap_tai(int64_t utc)
{
	const struct leap_table *t = table(utc);
	unsigned int i;
	int tai = 0;

	if (!t)
		return 0;
	for (i = 0; i < t->n && t->at[i] <= utc / NS_PER_S; i++)
		tai = t->tai[i];
	return tai;
}

/* ITU-R TF.460: by preference, and so far always, the end of June or December. */
static bool may_end_with_leap(int64_t utc)
{
	time_t s = utc / NS_PER_S;
	struct tm tm;

	gmtime_r(&s, &tm);
	return (tm.tm_mon == 5 && tm.tm_mday == 30) ||
	       (tm.tm_mon == 11 && tm.tm_mday == 31);
}

/* The moment of the leap on a line that knows nothing of it. */
static int64_t moment(void)
{
	return leap.sign > 0 ? leap.at : leap.at - NS_PER_S;
}

/**
 * leap_line() - UTC of a line that has not leapt
 * @utc: ns since 1970, as the line has it
 *
 * An inserted second reads as the one before it, as the kernel's clock does.
 * Return: ns since 1970.
 */
int64_t leap_line(int64_t utc)
{
	if (!leap.at || utc < moment())
		return utc;
	return utc - leap.sign * NS_PER_S;
}

/**
 * leap_left() - how long UTC runs on without a leap
 * @raw: from when, CLOCK_MONOTONIC_RAW, ns
 *
 * Return: s; infinite when none is known of.
 */
double leap_left(int64_t raw)
{
	return leap.at ? fmax((double)(moment() - reference_line(raw)) * 1e-9, 0) :
			 INFINITY;
}

static void happen(int64_t raw, int64_t over)
{
	leap.last = leap.at;
	leap.last_sign = leap.sign;
	leap.last_raw = raw - over;
	leap.at = 0;
	log_msg(LOG_NOTICE, "a leap second was %s",
		leap.last_sign > 0 ? "inserted" : "deleted");
	leap.leapt(-leap.last_sign * NS_PER_S);
}

static void on_timer(void *arg)
{
	int64_t raw = clk_raw(), over = reference_line(raw) - moment();

	(void)arg;
	if (!leap.at)
		return;
	if (over >= 0)
		happen(raw, over);
	else
		timer_set(&leap.timer, fmin((double)-over * 1e-9, LOOK));
}

static void wait_for(int64_t at, int sign)
{
	if (at != leap.at || sign != leap.sign)
		log_msg(LOG_NOTICE, "a leap second is %s at the end of this day",
			sign > 0 ? "inserted" : "deleted");
	leap.at = at;
	leap.sign = sign;
	on_timer(NULL);
}

/**
 * leap_announce() - what is said of the end of this day
 * @said: by the sources, enum ntp_leap
 * @utc: now, ns since 1970
 *
 * The operator's table counts for more, as long as it has not expired. Many
 * servers announce a leap second a month ahead; who asks takes it for today's.
 * Return: enum ntp_leap.
 */
uint8_t leap_announce(uint8_t said, int64_t utc)
{
	const struct leap_table *t = table(utc);
	int64_t midnight = (utc / DAY_NS + 1) * DAY_NS;

	if (t && (!t->expires || utc / NS_PER_S < t->expires))
		said = by_table(t, midnight);
	if ((said != NTP_LEAP_INSERT && said != NTP_LEAP_DELETE) ||
	    !may_end_with_leap(utc) || midnight == leap.last) {
		leap.at = 0;
		return NTP_LEAP_NONE;
	}
	wait_for(midnight, said == NTP_LEAP_INSERT ? 1 : -1);
	/* It may have been just now. */
	return leap.at ? said : NTP_LEAP_NONE;
}

static bool is_near(int64_t utc, int64_t midnight)
{
	return midnight && utc > midnight - NEAR && utc < midnight + NEAR;
}

/**
 * leap_just_was() - clocks may not all have leapt yet
 * @utc: now, ns since 1970
 */
bool leap_just_was(int64_t utc)
{
	return is_near(utc, leap.last);
}

/**
 * leap_excuse() - a difference without the leap second
 * @ns: between true time and the system clock
 * @utc: when, ns since 1970
 *
 * The kernel leaps by its own clock, and up to a tick late. A clock that does not
 * leap has no excuse. Return: ns.
 */
int64_t leap_excuse(int64_t ns, int64_t utc)
{
	if (!clk_controlled() || (leap.conf->leapsecmode != CONF_LEAP_SYSTEM &&
				  leap.conf->leapsecmode != CONF_LEAP_STEP))
		return ns;
	if (!is_near(utc, leap.at) && !is_near(utc, leap.last))
		return ns;
	if (ns > NS_PER_S / 2)
		return ns - NS_PER_S;
	return ns < -NS_PER_S / 2 ? ns + NS_PER_S : ns;
}

/**
 * leap_sample() - a sample in today's count
 * @s: one that was measured before the last leap second is moved by it
 *
 * Return: whether it can be used.
 */
bool leap_sample(struct sample *s)
{
	if (is_near(s->utc, leap.at) || is_near(s->utc, leap.last))
		return false;
	if (leap.last && s->raw < leap.last_raw)
		s->utc -= leap.last_sign * NS_PER_S;
	return true;
}

/**
 * leap_init() - begin
 * @c: the configuration; stays
 * @leapt: moves what is held of UTC by so many ns; called in the loop
 */
void leap_init(const struct config *c, void (*leapt)(int64_t ns))
{
	leap.conf = c;
	leap.leapt = leapt;
	leap.timer.fn = on_timer;
	leap.day = -1;
}

/**
 * leap_stop() - wait for none any more
 */
void leap_stop(void)
{
	timer_cancel(&leap.timer);
	leap.at = 0;
}
