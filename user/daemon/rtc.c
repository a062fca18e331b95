// SPDX-License-Identifier: GPL-2.0
#include "rtc.h"
#include "clk.h"
#include "conf.h"
#include "estimate.h"
#include "log.h"
#include "loop.h"
#include "records.h"
#include "reference.h"
#include "rtc_device.h"
#include "whole.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE		"/dev/rtc"
/* Between measurements: first, then an eighth of all the time, at most; s. */
#define INTERVAL_MIN	2.0
#define INTERVAL_MAX	1024.0
/* A second that does not begin for so long does not begin at all, s. */
#define PATIENCE	5.0
/* How late this daemon is when it is told of one, s. */
#define PRECISION	1e-4
/* Off by that from what was expected: somebody has set it, s. */
#define SET		0.2
/* How long between writings of the file, s. */
#define WRITE		3600.0
/* Some do not begin a second when they are set: no use to try at once, s. */
#define TRIM		3600.0
/* The longest run of one whose rate can be, s/s. */
#define RATE_MAX	1e-3
/* In local time it is off by less than a day; more is no RTC's, s. */
#define FAST_MAX	86400.0

static struct {
	const struct config *conf;
	const char *device;
	struct estimate estimate;
	struct timer timer, late, trim;
	int64_t began, written, second, trimmed;
	double interval;
	bool local, failed;
	int fd;
} rtc = { .fd = -1 };

static const char *device_of(const struct config *c)
{
	return c->rtcdevice ? c->rtcdevice : DEVICE;
}

static bool is_local(const struct config *c)
{
	return c->hwclockfile ? rtc_keeps_local(c->hwclockfile) : !c->rtconutc;
}

/* Once until it is otherwise. */
static void say(int err)
{
	if (!rtc.failed)
		log_msg(LOG_WARNING, "%s: cannot be read: %s", rtc.device,
			strerror(-err));
	rtc.failed = true;
}

/**
 * struct rtcfile - what was known of it when the file was written
 * @at: a moment by the RTC, s since 1970
 * @fast: by how much it was ahead of true time, s
 * @gains: its rate against true time, less one
 */
struct rtcfile {
	double at, fast, gains;
};

/* The file is chrony's. Whether it has what can be. */
static bool file_read(const char *name, struct rtcfile *file)
{
	FILE *f = name ? fopen(name, "re") : NULL;
	double ppm;
	int valid;
	bool found;

	if (!f)
		return false;
	found = fscanf(f, "%d %lf %lf %lf", &valid, &file->at, &file->fast,
		       &ppm) == 4 && valid == 1 && file->at > 0 &&
		isfinite(file->at) && fabs(file->fast) < FAST_MAX &&
		fabs(ppm) < RATE_MAX * 1e6;
	fclose(f);
	file->gains = ppm * 1e-6;
	if (!found)
		log_msg(LOG_WARNING, "%s: says nothing of the RTC", name);
	return found;
}

/* What is known of it now; false: not enough. */
static bool known(struct rtcfile *file)
{
	double against_true;
	struct fit fit;

	if (!rtc.estimate.valid || rtc.estimate.n < 2 || !reference.synced)
		return false;
	fit = fit_at(&rtc.estimate.fit, clk_raw());
	against_true = (1 + fit.frequency) / (1 + reference.frequency) - 1;
	file->at = (double)fit.utc * 1e-9;
	file->fast = (double)(fit.utc - reference_time(fit.raw)) * 1e-9;
	file->gains = against_true;
	return fabs(against_true) < RATE_MAX;
}

static void file_write(void)
{
	const char *to = rtc.conf->rtcfile;
	struct rtcfile file;
	char text[128];
	int len, err;

	rtc.written = loop_now();
	if (!known(&file))
		return;
	len = snprintf(text, sizeof(text), "1 %.0f %.6f %.3f\n", file.at,
		       file.fast, file.gains * 1e6);
	err = whole_write(to, text, (size_t)len, 0666);
	if (err)
		log_msg(LOG_WARNING, "%s: cannot be written: %s", to,
			strerror(-err));
}

/* Its next second; that is worth a second's wait. */
static int wait_for_second(int fd, bool local, int64_t *utc, int64_t *raw)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int err = rtc_tell(fd, true);

	if (err)
		return err;
	if (poll(&p, 1, (int)(PATIENCE * 1000)) != 1) {
		rtc_tell(fd, false);
		return -ETIMEDOUT;
	}
	*raw = clk_raw();
	err = rtc_read(fd, local, utc);
	rtc_tell(fd, false);
	return err;
}

/* No RTC: time was at least that when the drift file was written. */
static void set_by_drift_file(const struct config *c)
{
	struct stat st;
	int64_t ahead;

	if (!c->driftfile || stat(c->driftfile, &st))
		return;
	ahead = st.st_mtim.tv_sec * NS_PER_S - clk_real();
	if (ahead <= 0)
		return;
	log_msg(LOG_WARNING, "the system clock is set %.0f s ahead, to when %s was written",
		(double)ahead * 1e-9, c->driftfile);
	clk_step(ahead);
}

/**
 * rtc_set_system() - set the system clock by the RTC
 * @c: names it and the file that says how it runs
 *
 * By the drift file's age where there is none: time does not go back. Before
 * the loop runs: waits for the next second. Process context.
 */
void rtc_set_system(const struct config *c)
{
	struct rtcfile file = { .gains = 0 };
	int64_t utc, raw, now_raw, now_real;
	int fd = rtc_open(device_of(c));
	int err = fd < 0 ? fd : wait_for_second(fd, is_local(c), &utc, &raw);
	double wrong = 0, off;

	if (fd >= 0)
		close(fd);
	if (err) {
		log_msg(LOG_WARNING, "%s: the time is not to be had: %s",
			device_of(c), strerror(-err));
		set_by_drift_file(c);
		return;
	}
	if (file_read(c->rtcfile, &file))
		wrong = file.fast +
			((double)utc * 1e-9 - file.at) * file.gains;
	clk_pair(&now_raw, &now_real);
	off = (double)(utc - now_real + (now_raw - raw)) * 1e-9 - wrong;
	log_msg(LOG_INFO, "the system clock is set by the RTC, which is %.3f s fast: by %.3f s",
		wrong, off);
	clk_step(llround(off * 1e9));
}

static void trim_now(void *arg)
{
	int64_t raw, real, lag = rtc_lag(rtc.device);
	int err;

	(void)arg;
	clk_pair(&raw, &real);
	/* Too late for this one is as wrong as what is to be mended. */
	if (llabs(reference_time(raw) - rtc.second - lag) > NS_PER_S / 100)
		return;
	rtc.trimmed = loop_now();
	err = rtc_set(rtc.fd, rtc.local, rtc.second);
	if (err)
		log_msg(LOG_WARNING, "%s: cannot be set: %s", rtc.device,
			strerror(-err));
	else
		log_msg(LOG_INFO, "%s: is set", rtc.device);
	rtc_forget();
}

/* It is far off, and what is to be put in its place is not. */
static void trim(const struct rtcfile *file)
{
	double least = rtc.conf->rtcautotrim;
	int64_t now = clk_raw(), time, lag;

	if (!least || fabs(file->fast) < least || !clk_controlled() ||
	    (rtc.trimmed &&
	     (double)(loop_now() - rtc.trimmed) * 1e-9 < TRIM) ||
	    reference_distance(now) > least / 2)
		return;
	time = reference_time(now);
	lag = rtc_lag(rtc.device);
	rtc.second = ((time - lag) / NS_PER_S + 1) * NS_PER_S;
	timer_set(&rtc.trim, (double)(rtc.second + lag - time) * 1e-9);
}

static void next(void)
{
	double span = (double)(loop_now() - rtc.began) * 1e-9;

	rtc.interval = fmin(fmax(INTERVAL_MIN, span / 8), INTERVAL_MAX);
	timer_set(&rtc.timer, rtc.interval);
}

static void use(int64_t raw, int64_t utc)
{
	struct sample s = { .raw = raw, .utc = utc, .dispersion = PRECISION };
	struct record_rtc record = { .interval = rtc.interval };
	struct fit fit = fit_at(&rtc.estimate.fit, raw);
	struct rtcfile file;

	if (rtc.estimate.valid &&
	    fabs((double)(utc - fit.utc)) > SET * NS_PER_S) {
		log_msg(LOG_INFO, "%s: was set", rtc.device);
		estimate_reset(&rtc.estimate);
		rtc.began = loop_now();
	}
	estimate_add(&rtc.estimate, &s);
	record.known = known(&file);
	if (record.known) {
		record.estimated = file.fast;
		record.gains = file.gains;
		trim(&file);
	}
	record.fast = (double)(utc - reference_time(raw)) * 1e-9;
	record.estimate = &rtc.estimate;
	record_rtc(&record);
	if ((double)(loop_now() - rtc.written) * 1e-9 > WRITE)
		file_write();
}

static void on_second(int fd, short revents, void *arg)
{
	int64_t utc, raw = clk_raw();
	int err;

	(void)revents, (void)arg;
	timer_cancel(&rtc.late);
	rtc_told(fd);
	rtc_tell(fd, false);
	rtc_told(fd);
	loop_set_events(fd, 0);
	err = rtc_read(fd, rtc.local, &utc);
	if (err)
		say(err);
	else
		use(raw, utc);
	rtc.failed = err;
	next();
}

static void no_second(void *arg)
{
	(void)arg;
	rtc_tell(rtc.fd, false);
	loop_set_events(rtc.fd, 0);
	say(-ETIMEDOUT);
	timer_set(&rtc.timer, INTERVAL_MAX);
}

static void measure(void *arg)
{
	int err = rtc_tell(rtc.fd, true);

	(void)arg;
	if (err) {
		say(err);
		timer_set(&rtc.timer, INTERVAL_MAX);
		return;
	}
	loop_set_events(rtc.fd, POLLIN);
	timer_set(&rtc.late, PATIENCE);
}

/**
 * rtc_start() - have the RTC measured
 * @c: what of it; stays
 *
 * One that cannot be opened is told of in the log, and all goes on.
 */
void rtc_start(const struct config *c)
{
	int err;

	if (!c->rtcfile)
		return;
	rtc.conf = c;
	rtc.device = device_of(c);
	rtc.local = is_local(c);
	rtc.timer = (struct timer){ .fn = measure };
	rtc.late = (struct timer){ .fn = no_second };
	rtc.trim = (struct timer){ .fn = trim_now };
	rtc.fd = rtc_open(rtc.device);
	err = rtc.fd < 0 ? rtc.fd : loop_add_fd(rtc.fd, 0, on_second, NULL);
	if (err) {
		log_msg(LOG_WARNING, "rtcfile: %s: %s", rtc.device,
			strerror(-err));
		if (rtc.fd >= 0)
			close(rtc.fd);
		rtc.fd = -1;
		return;
	}
	estimate_init(&rtc.estimate, ESTIMATE_SAMPLES);
	rtc.began = rtc.written = loop_now();
	rtc.interval = INTERVAL_MIN;
	timer_set(&rtc.timer, rtc.interval);
}

/**
 * rtc_forget() - the clocks do not go on as they did
 */
void rtc_forget(void)
{
	if (rtc.fd < 0)
		return;
	estimate_reset(&rtc.estimate);
	rtc.began = loop_now();
}

/**
 * rtc_stop() - write what is known, for rtc_set_system() of the next run
 */
void rtc_stop(void)
{
	if (rtc.fd < 0)
		return;
	file_write();
	timer_cancel(&rtc.timer);
	timer_cancel(&rtc.late);
	timer_cancel(&rtc.trim);
	loop_del_fd(rtc.fd);
	close(rtc.fd);
	rtc.fd = -1;
}
