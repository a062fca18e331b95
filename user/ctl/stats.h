/* SPDX-License-Identifier: GPL-2.0 */
/* The counters, their names and what they mean. */
#ifndef KNTP_CTL_STATS_H
#define KNTP_CTL_STATS_H

#include "counters.h"
#include "ctl.h"

/* 0, or an exit status once the reason is printed. */
int stats_fetch(struct ctl *ctl, struct stats *s);

#endif
