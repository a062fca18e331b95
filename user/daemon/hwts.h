/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Links that stamp packets themselves: they are told to, and the module is told
 * how their hardware clocks run.
 */
#ifndef KNTPD_HWTS_H
#define KNTPD_HWTS_H

struct config;

void hwts_start(const struct config *conf);
/* Links have come or gone. */
void hwts_look(void);
/* All links are left as they were found. */
void hwts_stop(void);

#endif
