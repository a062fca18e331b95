// SPDX-License-Identifier: GPL-2.0
#include "drift.h"
#include "conf.h"
#include "log.h"
#include "loop.h"
#include "tempcomp.h"
#include "whole.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

static struct {
	const char *file;
	double interval;
	int64_t written;
	bool failed;
} drift;

/**
 * drift_init() - what the last run knew of the oscillator
 * @c: names the file
 * @freq: rate of true time against it, less one
 * @skew: error bound of it
 *
 * The file is chrony's: by how many ppm the clock gains, and the error bound;
 * both without what `tempcomp` adds.
 * Return: whether there is such a file with two numbers that can be.
 */
bool drift_init(const struct config *c, double *freq, double *skew)
{
	double gains, bound;
	bool found;
	FILE *f;

	drift.file = c->driftfile;
	drift.interval = c->driftfile_interval;
	drift.written = loop_now();
	if (!drift.file)
		return false;
	f = fopen(drift.file, "r");
	if (!f)
		return false;
	found = fscanf(f, "%lf %lf", &gains, &bound) == 2 &&
		fabs(gains) < 100000 && bound > 0 && bound < 100000;
	fclose(f);
	if (!found) {
		log_msg(LOG_WARNING, "%s: is no drift file", drift.file);
		return false;
	}
	*freq = -gains * 1e-6 + tempcomp_now();
	*skew = bound * 1e-6;
	log_msg(LOG_INFO, "frequency %.3f +/- %.3f ppm read from %s", gains,
		bound, drift.file);
	return true;
}

/**
 * drift_write() - for the next run
 * @freq: rate of true time against the oscillator, less one
 * @skew: error bound of it
 *
 * A file that could not be written whole does not take the old one's place.
 */
void drift_write(double freq, double skew)
{
	char text[64];
	int len, err;

	drift.written = loop_now();
	if (!drift.file)
		return;
	len = snprintf(text, sizeof(text), "%20.6f %20.6f\n",
		       (tempcomp_now() - freq) * 1e6,
		       skew * 1e6);
	err = whole_write(drift.file, text, (size_t)len, 0644);
	if (err && !drift.failed) {
		errno = -err;
		log_msg(LOG_WARNING, "%s: cannot be written: %m", drift.file);
	}
	drift.failed = err;
}

/**
 * drift_update() - the frequency is known anew
 * @freq: as for drift_write()
 * @skew: likewise
 */
void drift_update(double freq, double skew)
{
	if (drift.interval > 0 &&
	    (double)(loop_now() - drift.written) * 1e-9 >= drift.interval)
		drift_write(freq, skew);
}
