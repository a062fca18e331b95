/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `initstepslew`: at start kntpd sends a burst to some servers and steps the clock
 * if it is off by more than a threshold. These servers are not sources afterwards.
 */
#ifndef KNTPD_INITSTEP_H
#define KNTPD_INITSTEP_H

#include <stdbool.h>

struct config;

/* OVER is called once it is done, if it was begun: see initstep_pending(). */
void initstep_start(const struct config *c, void (*over)(void));
bool initstep_pending(void);
void initstep_stop(void);

#endif
