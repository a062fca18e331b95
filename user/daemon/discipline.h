/* SPDX-License-Identifier: GPL-2.0 */
/* Makes the system clock follow what the sources say, and keeps the reference. */
#ifndef KNTPD_DISCIPLINE_H
#define KNTPD_DISCIPLINE_H

struct config;
struct selection;

int discipline_init(const struct config *c);
void discipline_update(const struct selection *sel);
/* The sources contradict each other: nothing is vouched for any more. */
void discipline_lost(void);
/* The machine has slept: what is estimated is worth nothing any more. */
void discipline_forget(void);
/* Looks, each second, whether another program has set the system clock. */
void discipline_look(void);
/* -q: the clock is set once, and keeps the frequency that it had before. */
void discipline_once(void);
/* Steps what is left to be corrected. 0 or -errno. */
int discipline_step(void);
/* `initstepslew`: larger errors are stepped, s; until it is -1 again. */
void discipline_step_first(double threshold);
/* Writes the drift file and leaves the clock running at its best frequency. */
void discipline_stop(void);

#endif
