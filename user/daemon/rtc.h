/* SPDX-License-Identifier: GPL-2.0 */
/* `rtcfile`: how the clock runs that goes on while the machine is off. */
#ifndef KNTPD_RTC_H
#define KNTPD_RTC_H

struct config;

/* -s: the system clock is set by it, and by what the file says of it. */
void rtc_set_system(const struct config *c);
void rtc_start(const struct config *c);
/* The machine has slept: what was measured is forgotten. */
void rtc_forget(void);
/* Writes the file. */
void rtc_stop(void);

#endif
