/* SPDX-License-Identifier: GPL-2.0 */
/* Real-time clocks, which run while the machine is off: /dev/rtc*. */
#ifndef KNTP_USER_RTC_DEVICE_H
#define KNTP_USER_RTC_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

/* Where hwclock(8) notes whether they keep local time. */
#define RTC_ADJTIME	"/etc/adjtime"

/* A descriptor, that does not block, or -errno. */
int rtc_open(const char *device);
/* Whether such a file says that RTCs keep local time; no file: they do not. */
bool rtc_keeps_local(const char *file);

/* What it says, in whole seconds: ns since 1970, 0 or -errno. */
int rtc_read(int fd, bool local, int64_t *utc);
/* Its next seconds make the descriptor readable, or not any more. */
int rtc_tell(int fd, bool on);
/* One of them was: the descriptor is not readable until the next one. */
void rtc_told(int fd);

/* How long after a second has begun it is to be set to that, ns. */
int64_t rtc_lag(const char *device);
/* To that second. 0 or -errno. */
int rtc_set(int fd, bool local, int64_t utc);

#endif
