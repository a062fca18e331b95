/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `tempcomp`: the frequency of the oscillator is corrected by the temperature
 * that a sensor beside it measures, before the sources can show the change.
 */
#ifndef KNTPD_TEMPCOMP_H
#define KNTPD_TEMPCOMP_H

struct tempcomp_conf;

/* Reads the points and the sensor once. 0 or -errno, which was logged. */
int tempcomp_start(const struct tempcomp_conf *conf, void (*turn)(double df));
void tempcomp_stop(void);

/* What the frequency of the clock is corrected by now, s/s; 0 without a sensor. */
double tempcomp_now(void);

#endif
