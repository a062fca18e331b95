/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `fallbackdrift`: averages of the frequency over longer and longer times. The
 * longer the clock has had no update, the longer the average that it uses.
 */
#ifndef KNTPD_FALLBACK_H
#define KNTPD_FALLBACK_H

struct config;

/* USE is called with the frequency to go on with, s/s. */
void fallback_init(const struct config *c, void (*use)(double frequency));
/* The clock was updated; INTERVAL s after the update before, 0 for the first. */
void fallback_update(double frequency, double interval);
/* All frequencies are DF higher from now on (`tempcomp`). */
void fallback_turn(double df);
void fallback_stop(void);

#endif
