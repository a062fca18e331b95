/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of the oscillator from one run to the next. */
#ifndef KNTPD_DRIFT_H
#define KNTPD_DRIFT_H

#include <stdbool.h>

struct config;

/* Reads the file: true when it says something. FREQ and SKEW are s/s. */
bool drift_init(const struct config *c, double *freq, double *skew);
/* Writes it when the interval is over. */
void drift_update(double freq, double skew);
void drift_write(double freq, double skew);

#endif
