/* SPDX-License-Identifier: GPL-2.0 */
/* `smoothtime`: what is served follows the estimate without jumps of any kind. */
#ifndef KNTPD_SMOOTH_H
#define KNTPD_SMOOTH_H

#include <stdbool.h>
#include <stdint.h>

struct config;

/**
 * struct smooth_state - how far it has got
 * @configured: there is `smoothtime`
 * @active: what is served is not what is estimated, or may be so later
 * @leap_only: it is for leap seconds alone
 * @offset: of what is served from the estimate, s
 * @frequency: at which that changes, s/s
 * @wander: at which this changes, s/s^2
 * @age: since the last jump that was taken in, s
 * @left: until what is served is the estimate again, s
 */
struct smooth_state {
	bool configured, active, leap_only;
	double offset, frequency, wander;
	double age, left;
};

void smooth_init(const struct config *c);
/* Whether something else than the estimate may have to be served. */
bool smooth_enabled(void);
/* Served time less the estimate, s, at RAW. */
double smooth_offset(int64_t raw);
/* The estimate has changed: by OFFSET, s, and FREQUENCY; SKEW is of the new one. */
void smooth_update(int64_t raw, double offset, double frequency, double skew);
/* A leap second has been: the estimate was moved by OFFSET, s. */
void smooth_leapt(int64_t raw, double offset);
/* How long a chord of what is served is good enough as what is served, s. */
double smooth_straight(int64_t raw);
/* How long it may be gone on with by somebody who is not told the next, s. */
double smooth_lasts(int64_t raw);
/* To the estimate at once; or from now on not any more. */
int smooth_reset(int64_t raw);
int smooth_activate(void);
void smooth_report(int64_t raw, struct smooth_state *state);

#endif
