/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine that has slept or was paused: CLOCK_MONOTONIC_RAW stood still, and time
 * did not.
 */
#ifndef KNTPD_SUSPEND_H
#define KNTPD_SUSPEND_H

/* With rights: what a hypervisor says of pauses is watched, where it says it. */
void suspend_open(void);
/* Looks each second, where the kernel can tell. */
void suspend_watch(void);
void suspend_stop(void);

#endif
