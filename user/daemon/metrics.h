/* SPDX-License-Identifier: GPL-2.0 */
/* `metrics`: what there is to be watched, in Prometheus's text form over HTTP. */
#ifndef KNTPD_METRICS_H
#define KNTPD_METRICS_H

#include <stdio.h>

struct config;

/* As C's `metrics` says, whatever there was before; nothing when it does not. */
void metrics_set(const struct config *c);
void metrics_stop(void);

/* metrics_text.c: all of it, as of now. */
void metrics_write(FILE *to);

#endif
