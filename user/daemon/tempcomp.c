// SPDX-License-Identifier: GPL-2.0
#include "tempcomp.h"
#include "conf.h"
#include "log.h"
#include "loop.h"
#include "records.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As chronyd: a larger compensation is a faulty sensor, ppm. */
#define COMPENSATION_MAX	10.0

enum { POINTS_MAX = 1024 };

struct point {
	double temperature, compensation;
};

static struct {
	struct tempcomp_conf conf;	/* with copies of its strings */
	struct point *point;
	size_t n;
	void (*turn)(double df);
	double now;		/* ppm */
	bool failed;
	struct timer timer;
} t;

/* Between two points a line; beyond the ends the line of the last two goes on. */
static double by_points(double temperature)
{
	const struct point *a = t.point, *b = a + 1;

	while (b < t.point + t.n - 1 && b->temperature < temperature)
		a = b++;
	return a->compensation + (temperature - a->temperature) *
	       (b->compensation - a->compensation) /
	       (b->temperature - a->temperature);
}

static double compensation(double temperature)
{
	double d = temperature - t.conf.t0;

	return t.n ? by_points(temperature) :
		     t.conf.k0 + d * (t.conf.k1 + d * t.conf.k2);
}

static bool read_number(const char *file, double *value)
{
	FILE *f = fopen(file, "re");
	bool found = f && fscanf(f, "%lf", value) == 1 && isfinite(*value);

	if (f)
		fclose(f);
	return found;
}

/* The first failure of some is logged: a sensor can be gone for long. */
static void fail(const char *what, double value)
{
	if (!t.failed && value != 0)
		log_msg(LOG_WARNING, "tempcomp: %s: %s: %g ppm", t.conf.file,
			what, value);
	else if (!t.failed)
		log_msg(LOG_WARNING, "tempcomp: %s: %s", t.conf.file, what);
	t.failed = true;
}

static void measure(void *arg)
{
	double temperature, c, before = t.now;

	(void)arg;
	timer_set(&t.timer, t.conf.interval);
	if (!read_number(t.conf.file, &temperature)) {
		fail("the temperature cannot be read: the compensation stays", 0);
		return;
	}
	c = compensation(temperature);
	if (!(fabs(c) <= COMPENSATION_MAX)) {
		fail("more than 10 ppm is not believed: the compensation stays",
		     c);
		return;
	}
	t.failed = false;
	t.now = c;
	record_tempcomp(temperature, c);
	if (t.turn && c != before)
		t.turn((c - before) * 1e-6);
}

static int bad_points(const char *why)
{
	log_msg(LOG_ERR, "tempcomp: %s: %s", t.conf.points, why);
	return -EINVAL;
}

static int read_points(void)
{
	FILE *f = fopen(t.conf.points, "re");
	struct point p;
	char line[256];
	int err = 0;

	if (!f)
		return bad_points(strerror(errno));
	t.point = calloc(POINTS_MAX, sizeof(*t.point));
	if (!t.point)
		err = -ENOMEM;
	while (!err && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lf %lf", &p.temperature, &p.compensation) != 2)
			err = bad_points("a line is not a temperature and a compensation");
		else if (t.n && !(p.temperature > t.point[t.n - 1].temperature))
			err = bad_points("the temperatures do not rise from line to line");
		else if (t.n == POINTS_MAX)
			err = bad_points("there are too many points");
		else
			t.point[t.n++] = p;
	}
	fclose(f);
	return !err && t.n < 2 ? bad_points("there are less than two points") :
				 err;
}

/**
 * tempcomp_start() - begin to compensate
 * @conf: how; its file is NULL where there is no sensor
 * @turn: called with each change of the compensation but the first, s/s
 *
 * The first measurement is made here: what a drift file says of the frequency is
 * without the compensation. Return: 0 or -errno.
 */
int tempcomp_start(const struct tempcomp_conf *conf, void (*turn)(double df))
{
	int err = 0;

	if (!conf->file)
		return 0;
	t.conf = *conf;
	t.conf.file = strdup(conf->file);
	t.conf.points = conf->points ? strdup(conf->points) : NULL;
	if (!t.conf.file || (conf->points && !t.conf.points))
		err = -ENOMEM;
	if (!err && t.conf.points)
		err = read_points();
	if (err) {
		tempcomp_stop();
		return err;
	}
	t.timer.fn = measure;
	measure(NULL);
	t.turn = turn;
	return 0;
}

/**
 * tempcomp_stop() - leave the frequency as it is
 */
void tempcomp_stop(void)
{
	timer_cancel(&t.timer);
	free(t.conf.file);
	free(t.conf.points);
	free(t.point);
	memset(&t, 0, sizeof(t));
}

/**
 * tempcomp_now() - the compensation that is in force
 *
 * Return: what it adds to the rate of the clock, s/s.
 */
double tempcomp_now(void)
{
	return t.now * 1e-6;
}
