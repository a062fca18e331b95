// SPDX-License-Identifier: GPL-2.0
/*
 * Samples are by CLOCK_MONOTONIC_RAW, which another process of the same boot
 * reads as this one does. After a reboot, a suspend, or in another time
 * namespace, it is another clock, and they are worth nothing.
 */
#include "dump.h"
#include "address.h"
#include "clk.h"
#include "log.h"
#include "loop.h"
#include "source.h"
#include "whole.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SUFFIX	".samples"

/* Who is killed has lost what came since: little at first, and never much, s. */
#define FIRST		4.0
#define INTERVAL	256.0
/* True time by the samples and the system clock are not further apart, s. */
#define APART_MAX	1.0
/* Fewer samples are soon had again. */
#define LEAST		3

static_assert((int)DUMP_SAMPLES == (int)ESTIMATE_SAMPLES, "all of them");

static struct {
	const char *dir;
	char clock[DUMP_CLOCK];
	double interval;
	struct timer timer;
	bool failed;
} dump;

/* By boot, time namespace and sleep. False: it has no name here. */
static bool name_clock(void)
{
	char boot[CLK_BOOT], ns[40] = "-";
	int64_t slept = clk_slept();
	ssize_t len;

	if (slept < 0 || !clk_boot(boot))
		return false;
	len = readlink("/proc/self/ns/time", ns, sizeof(ns) - 1);
	ns[len > 0 ? len : 1] = '\0';
	snprintf(dump.clock, sizeof(dump.clock), "%s/%s/%lld", boot, ns,
		 (long long)((slept + NS_PER_S / 20) / (NS_PER_S / 10)));
	return true;
}

static void file_name(const struct source *src, char *name, size_t size)
{
	const struct sockaddr *sa = (const void *)&src->address;
	char text[ADDRESS_TEXT];

	snprintf(name, size, "%s/%s-%u" SUFFIX, dump.dir,
		 address_format(sa, text), address_port(sa));
}

static void take_samples(struct dump *d, const struct estimate *e)
{
	memset(d, 0, sizeof(*d));
	memcpy(d->clock, dump.clock, sizeof(d->clock));
	d->prior_frequency = e->prior_frequency;
	d->prior_frequency_error = e->prior_frequency_error;
	for (; d->n < e->n; d->n++)
		d->sample[d->n] = e->sample[(e->first + d->n) %
					    ESTIMATE_SAMPLES];
}

static void keep(const struct source *src)
{
	static char text[DUMP_TEXT];
	static struct dump d;
	char name[4096];
	int err;

	if (src->type != SOURCE_SERVER || src->est.n < LEAST)
		return;
	take_samples(&d, &src->est);
	file_name(src, name, sizeof(name));
	err = whole_write(name, text, dump_format(&d, text), 0640);
	if (err && !dump.failed) {
		errno = -err;
		log_msg(LOG_WARNING, "%s: cannot be written: %m", name);
	}
	dump.failed = err;
}

static void keep_all(void)
{
	const struct source *s;

	for (s = sources; s; s = s->next)
		keep(s);
}

static void on_timer(void *arg)
{
	(void)arg;
	keep_all();
	dump.interval = fmin(2 * dump.interval, INTERVAL);
	timer_set(&dump.timer, dump.interval);
}

/* The length, or -1: there is none, or it is longer than one of ours. */
static ssize_t read_file(const char *name, char *text)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t len;

	if (fd < 0)
		return -1;
	len = read(fd, text, DUMP_TEXT);
	close(fd);
	return len < DUMP_TEXT ? len : -1;
}

/* Whether it is of this clock, and agrees with what the system clock says. */
static bool is_usable(const struct dump *d, struct estimate *e)
{
	int64_t raw, real;
	unsigned int i;
	struct fit now;

	clk_pair(&raw, &real);
	if (strcmp(d->clock, dump.clock) || d->n < LEAST ||
	    d->sample[d->n - 1].raw > raw)
		return false;
	e->prior_frequency = d->prior_frequency;
	e->prior_frequency_error = d->prior_frequency_error;
	for (i = d->n > e->max ? d->n - e->max : 0; i < d->n; i++)
		e->sample[e->n++] = d->sample[i];
	estimate_restored(e);
	now = fit_at(&e->fit, raw);
	return fabs((double)(now.utc - real) * 1e-9) <= APART_MAX;
}

/**
 * dump_load() - what was kept of a source
 * @src: has no samples yet
 *
 * It is selected again when it has answered once. What cannot be used is left
 * where it is, and overwritten in time.
 */
void dump_load(struct source *src)
{
	static char text[DUMP_TEXT];
	static struct dump d;
	struct estimate fresh;
	char name[4096], why[DUMP_WHY];
	ssize_t len;

	if (!dump.dir || src->type != SOURCE_SERVER || src->est.n)
		return;
	file_name(src, name, sizeof(name));
	len = read_file(name, text);
	if (len < 0)
		return;
	if (dump_parse(text, (size_t)len, &d, why)) {
		log_msg(LOG_WARNING, "%s: %s: not used", name, why);
		return;
	}
	fresh = src->est;
	if (!is_usable(&d, &src->est)) {
		src->est = fresh;
		return;
	}
	src->updates = src->est.n;
	log_msg(LOG_INFO, "%s: %u samples of before the restart", src->name,
		src->est.n);
}

/* Of an older boot nothing is ever used again. */
static void clean(void)
{
	static char text[DUMP_TEXT];
	char name[4096], ours[DUMP_CLOCK + 16], *at;
	DIR *dir = opendir(dump.dir);
	struct dirent *entry;
	ssize_t len;

	if (!dir) {
		log_msg(LOG_WARNING, "%s: cannot be read: %m", dump.dir);
		return;
	}
	snprintf(ours, sizeof(ours), "\nclock %s\n", dump.clock);
	while ((entry = readdir(dir))) {
		at = strstr(entry->d_name, SUFFIX);
		if (!at || strcmp(at, SUFFIX))
			continue;
		snprintf(name, sizeof(name), "%s/%s", dump.dir, entry->d_name);
		len = read_file(name, text);
		if (len < 0)
			continue;
		text[len] = '\0';
		if (!strstr(text, ours))
			unlink(name);
	}
	closedir(dir);
}

/**
 * dump_start() - keep samples from now on
 * @dir: where; NULL for nowhere
 *
 * Without a /proc that names the boot nothing is kept.
 */
void dump_start(const char *dir)
{
	if (!dir)
		return;
	if (!name_clock()) {
		log_msg(LOG_INFO, "dumpdir: this boot has no name here: no samples are kept");
		return;
	}
	dump.dir = dir;
	clean();
	dump.interval = FIRST;
	dump.timer.fn = on_timer;
	timer_set(&dump.timer, FIRST);
}

/**
 * dump_stop() - for the next run
 *
 * While there are sources still.
 */
void dump_stop(void)
{
	if (!dump.dir)
		return;
	timer_cancel(&dump.timer);
	keep_all();
	dump.dir = NULL;
}
