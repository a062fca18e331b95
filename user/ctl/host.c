// SPDX-License-Identifier: GPL-2.0
/*
 * Clocks beside each other. Who may not read one is told so in its row: the
 * others are still of use.
 */
#include "host.h"
#include "ctl.h"
#include "phc.h"
#include "print.h"
#include "rtc_device.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S	1000000000LL

enum { NAME = 96 };

static int64_t system_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* One clock, whose count is AT when the system clock is REAL. */
static void row(const char *name, int64_t at, int64_t real, int64_t error)
{
	char text[64];

	pr_row();
	pr_str("name", "", name);
	pr_time("time_ns", "time", at);
	pr_i64("offset_ns", NULL, at - real);
	snprintf(text, sizeof(text), "%+.9f s +/- %.9f s",
		 (double)(at - real) / NS_PER_S, (double)error / NS_PER_S);
	pr_text(NULL, NULL, "offset", text);
	pr_i64("error_ns", NULL, error);
	pr_row_end();
}

static void unreadable(const char *name, int err)
{
	pr_row();
	pr_str("name", "", name);
	pr_str("problem", "cannot be read", strerror(err));
	pr_row_end();
}

static void local_time(void)
{
	int64_t real = system_time();
	time_t s = real / NS_PER_S;
	char name[NAME];
	struct tm tm;

	if (!localtime_r(&s, &tm))
		return;
	snprintf(name, sizeof(name), "local time (%s)", tm.tm_zone);
	row(name, real + tm.tm_gmtoff * NS_PER_S, real, 0);
}

/* The first line of a file of sysfs, or an empty text. */
static void read_line(const char *path, const char *file, char *to, int size)
{
	char name[256];
	FILE *f;

	to[0] = '\0';
	snprintf(name, sizeof(name), "%s/%s", path, file);
	f = fopen(name, "re");
	if (!f)
		return;
	if (fgets(to, size, f))
		to[strcspn(to, "\n")] = '\0';
	fclose(f);
}

/* It is read in whole seconds: half a one either way. */
static void rtc(const char *path)
{
	bool local = rtc_keeps_local(RTC_ADJTIME);
	char name[NAME], seconds[32];
	int64_t real, at;

	read_line(path, "since_epoch", seconds, sizeof(seconds));
	real = system_time();
	snprintf(name, sizeof(name), "%s (RTC, in %s)", strrchr(path, '/') + 1,
		 local ? "local time" : "UTC");
	if (!*seconds) {
		unreadable(name, EIO);
		return;
	}
	at = strtoll(seconds, NULL, 10) * NS_PER_S + NS_PER_S / 2;
	row(name, at, real, NS_PER_S / 2);
}

static void phc(const char *path)
{
	char name[NAME], device[64], what[32];
	struct phc_reading r;
	bool cross = true;
	int fd, err;

	read_line(path, "clock_name", what, sizeof(what));
	snprintf(device, sizeof(device), "/dev/%.32s", strrchr(path, '/') + 1);
	snprintf(name, sizeof(name), "%s (%s)", device + 5, what);
	fd = phc_open(device);
	err = fd < 0 ? fd : phc_read(fd, &cross, &r);
	if (err)
		unreadable(name, -err);
	else
		row(name, r.phc, r.real, (int64_t)(r.dispersion * 1e9));
	if (fd >= 0)
		close(fd);
}

static void each(const char *pattern, void (*fn)(const char *path))
{
	glob_t found;
	size_t i;

	if (glob(pattern, 0, NULL, &found))
		return;
	for (i = 0; i < found.gl_pathc; i++)
		fn(found.gl_pathv[i]);
	globfree(&found);
}

/**
 * host_clocks() - print the other clocks of this host
 * @tai_offset: TAI - UTC as the kernel has it, s
 *
 * Each against the system clock at the moment that it was read. An RTC and
 * local time count as if they were UTC.
 */
void host_clocks(int tai_offset)
{
	int64_t real = system_time();

	pr_list("clocks", "clocks of this host, and what they are ahead of UTC");
	row("UTC (system clock)", real, real, 0);
	if (tai_offset)
		row("TAI", real + tai_offset * NS_PER_S, real, 0);
	local_time();
	each("/sys/class/rtc/rtc*", rtc);
	each("/sys/class/ptp/ptp*", phc);
	pr_list_end();
}

/* At the next moment that is right for it. */
static int set_rtc(int fd, bool local, int64_t lag)
{
	int64_t now = system_time();
	int64_t second = ((now - lag) / NS_PER_S + 1) * NS_PER_S;
	int64_t wait = second + lag - now;
	struct timespec ts = { wait / NS_PER_S, wait % NS_PER_S };

	nanosleep(&ts, NULL);
	return rtc_set(fd, local, second);
}

/* "set-rtc [utc|local] [DEVICE]" */
int cmd_clock_set_rtc(struct ctl *ctl, int argc, char **argv)
{
	const char *device = "/dev/rtc0";
	bool local = rtc_keeps_local(RTC_ADJTIME);
	int fd, err;

	if (argc && (!strcmp(*argv, "utc") || !strcmp(*argv, "local"))) {
		local = !strcmp(*argv, "local");
		argc--;
		argv++;
	}
	if (argc && **argv == '/') {
		device = *argv;
		argc--;
		argv++;
	}
	err = words_none(ctl, argc, argv);
	if (err)
		return err;
	fd = rtc_open(device);
	if (fd < 0)
		return ctl_failed(ctl, "%s: %s", device, strerror(-fd));
	err = set_rtc(fd, local, rtc_lag(device));
	close(fd);
	return err ? ctl_failed(ctl, "%s: %s", device, strerror(-err)) : 0;
}
