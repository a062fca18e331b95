/* SPDX-License-Identifier: GPL-2.0 */
/* `log requests`: what came to the module's hooks, and what became of it. */
#ifndef KNTPD_RATES_H
#define KNTPD_RATES_H

struct config;

void rates_start(const struct config *c);
void rates_stop(void);

#endif
