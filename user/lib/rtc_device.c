// SPDX-License-Identifier: GPL-2.0
#include "rtc_device.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S	1000000000LL

/**
 * rtc_open() - open one
 * @device: its path
 *
 * Only one at a time may. Return: a descriptor, or -errno.
 */
int rtc_open(const char *device)
{
	int fd = open(device, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/**
 * rtc_keeps_local() - in what time the RTCs of this host are
 * @file: hwclock(8)'s: it is in the third line
 */
bool rtc_keeps_local(const char *file)
{
	char line[64] = "";
	FILE *f = fopen(file, "re");
	int i;

	for (i = 0; f && i < 3; i++)
		if (!fgets(line, sizeof(line), f))
			line[0] = '\0';
	if (f)
		fclose(f);
	return !strncmp(line, "LOCAL", 5);
}

/**
 * rtc_read() - what it says
 * @fd: of rtc_open()
 * @local: it is in local time
 * @utc: where to, ns since 1970: the second that it is in
 *
 * Return: 0 or -errno.
 */
int rtc_read(int fd, bool local, int64_t *utc)
{
	struct tm tm = { .tm_isdst = -1 };
	struct rtc_time has;
	time_t s;

	if (ioctl(fd, RTC_RD_TIME, &has))
		return -errno;
	tm.tm_sec = has.tm_sec;
	tm.tm_min = has.tm_min;
	tm.tm_hour = has.tm_hour;
	tm.tm_mday = has.tm_mday;
	tm.tm_mon = has.tm_mon;
	tm.tm_year = has.tm_year;
	s = local ? mktime(&tm) : timegm(&tm);
	if (s <= 0)
		return -ERANGE;
	*utc = s * NS_PER_S;
	return 0;
}

/**
 * rtc_tell() - wait for its seconds
 * @fd: of rtc_open()
 * @on: from now on, else no more
 *
 * Return: 0 or -errno.
 */
int rtc_tell(int fd, bool on)
{
	return ioctl(fd, on ? RTC_UIE_ON : RTC_UIE_OFF, 0) ? -errno : 0;
}

/**
 * rtc_told() - Acknowledge the device's update interrupts
 * @fd: of rtc_open(), which poll() reported readable
 *
 * One read takes all interrupts that the kernel has counted so far (rtc(4)), so
 * there is nothing to read a second time.
 */
void rtc_told(int fd)
{
	unsigned long what;

	if (read(fd, &what, sizeof(what)) < 0)
		return;
}

/**
 * rtc_lag() - when in a second it is to be set to that
 * @device: its path
 *
 * Return: ns since it began: a CMOS clock's next second begins half a second
 * after it was set.
 */
int64_t rtc_lag(const char *device)
{
	char path[PATH_MAX], sys[128], what[32] = "";
	const char *name = realpath(device, path);
	FILE *f;

	name = strrchr(name ? name : device, '/');
	snprintf(sys, sizeof(sys), "/sys/class/rtc/%.32s/name",
		 name ? name + 1 : device);
	f = fopen(sys, "re");
	if (!f)
		return 0;
	if (!fgets(what, sizeof(what), f))
		what[0] = '\0';
	fclose(f);
	return !strncmp(what, "rtc_cmos", 8) ? NS_PER_S / 2 : 0;
}

/**
 * rtc_set() - set it, rtc_lag() after a second has begun
 * @fd: of rtc_open()
 * @local: it is in local time
 * @utc: that second, ns since 1970
 *
 * Return: 0 or -errno.
 */
int rtc_set(int fd, bool local, int64_t utc)
{
	struct rtc_time to = { .tm_isdst = 0 };
	time_t s = utc / NS_PER_S;
	struct tm tm;

	if (!(local ? localtime_r(&s, &tm) : gmtime_r(&s, &tm)))
		return -EOVERFLOW;
	to.tm_sec = tm.tm_sec;
	to.tm_min = tm.tm_min;
	to.tm_hour = tm.tm_hour;
	to.tm_mday = tm.tm_mday;
	to.tm_mon = tm.tm_mon;
	to.tm_year = tm.tm_year;
	return ioctl(fd, RTC_SET_TIME, &to) ? -errno : 0;
}
