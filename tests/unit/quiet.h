/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What surrounds discipline.c, where nothing of it happens: there is no leap
 * second, no local reference, no smoothing and no log of updates. Included once by
 * a program, which links the real discipline.c.
 */
#ifndef _KNTP_TESTS_UNIT_QUIET_H
#define _KNTP_TESTS_UNIT_QUIET_H

#include "../../user/daemon/leap.h"
#include "../../user/daemon/local.h"
#include "../../user/daemon/records.h"
#include "../../user/daemon/smooth.h"

#include <math.h>

void leap_init(const struct config *c, void (*fn)(int64_t ns))
{
	(void)c, (void)fn;
}

void leap_stop(void)
{
}

int64_t leap_line(int64_t line)
{
	return line;
}

int64_t leap_excuse(int64_t ns, int64_t utc)
{
	(void)utc;
	return ns;
}

double leap_left(int64_t raw)
{
	(void)raw;
	return INFINITY;
}

uint8_t leap_announce(uint8_t said, int64_t utc)
{
	(void)utc;
	return said;
}

bool leap_just_was(int64_t utc)
{
	(void)utc;
	return false;
}

int leap_tai(int64_t utc)
{
	(void)utc;
	return 0;
}

void local_init(const struct config *c, void (*tell)(void))
{
	(void)c, (void)tell;
}

void local_updated(void)
{
}

bool local_active(void)
{
	return false;
}

void local_stop(void)
{
}

void smooth_init(const struct config *c)
{
	(void)c;
}

void smooth_update(int64_t raw, double offset, double frequency, double skew)
{
	(void)raw, (void)offset, (void)frequency, (void)skew;
}

void smooth_leapt(int64_t raw, double by)
{
	(void)raw, (void)by;
}

int smooth_reset(int64_t raw)
{
	(void)raw;
	return 0;
}

void record_update(const struct record_update *u)
{
	(void)u;
}

#endif
