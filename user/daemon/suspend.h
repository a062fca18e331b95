/* SPDX-License-Identifier: GPL-2.0 */
/* A machine that has slept: CLOCK_MONOTONIC_RAW stood still, and time did not. */
#ifndef KNTPD_SUSPEND_H
#define KNTPD_SUSPEND_H

/* Looks each second, where the kernel can tell. */
void suspend_watch(void);
void suspend_stop(void);

#endif
