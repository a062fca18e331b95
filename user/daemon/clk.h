/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The clocks of this machine. All that is estimated is estimated against
 * CLOCK_MONOTONIC_RAW, which nobody disciplines; CLOCK_REALTIME is made to
 * follow the estimate.
 */
#ifndef KNTPD_CLK_H
#define KNTPD_CLK_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S	1000000000LL

int64_t clk_raw(void);		/* CLOCK_MONOTONIC_RAW, ns */
int64_t clk_real(void);		/* CLOCK_REALTIME, ns since 1970 */

/* Both at one moment, as near as they can be read. */
void clk_pair(int64_t *raw, int64_t *real);

/*
 * A stamp of CLOCK_REALTIME from less than some seconds ago (as the kernel
 * gives for packets) as CLOCK_MONOTONIC_RAW.
 */
int64_t clk_raw_of_real(int64_t real);
/* The other way. */
int64_t clk_real_of_raw(int64_t raw);

/* How long the machine has slept since it was booted, ns; -1: nobody knows. */
int64_t clk_slept(void);

/* Which boot this is, without spaces; false: it has no name here. */
enum { CLK_BOOT = 40 };
bool clk_boot(char name[CLK_BOOT]);

/**
 * clk_init() - take over the system clock
 * @control: it may be set; without, all that sets it does nothing
 *
 * Return: 0 or -errno.
 */
int clk_init(bool control);
bool clk_controlled(void);

/* The rate of CLOCK_REALTIME against RAW, less one; beyond the limit: the limit. */
int clk_set_frequency(double freq);
double clk_frequency(void);
double clk_max_frequency(void);

/*
 * What other programs do to the clock: moved by so many s since the last call;
 * whether one has set the rate, and which; set it again.
 */
double clk_moved(void);
bool clk_foreign(double *freq);
int clk_take_back(void);

/* Adds NS to CLOCK_REALTIME at once. */
int clk_step(int64_t ns);

/*
 * Tells the kernel how good its time is, s; SYNCED clears STA_UNSYNC, with
 * which the kernel also keeps the RTC (when RTC is true), as timedatectl shows.
 */
void clk_set_error(bool synced, double est_error, double max_error, bool rtc);

/* Arms the kernel's leap second for the end of this UTC day: 1, -1, 0 none. */
void clk_set_leap(int leap);
void clk_set_tai(int offset);

/* Precision, s: the smallest step seen in CLOCK_REALTIME. */
double clk_precision(void);
/* What the operator knows of it (`clockprecision`), instead, s. */
void clk_set_precision(double precision);

#endif
