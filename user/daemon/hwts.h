/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Links that stamp packets themselves: they are told to, and the module is told
 * how their hardware clocks run.
 */
#ifndef KNTPD_HWTS_H
#define KNTPD_HWTS_H

#include "ntp_stamp.h"

struct config;

void hwts_start(const struct config *conf);
/* Links have come or gone. */
void hwts_look(void);
/* Some may stamp packets; and what such a stamp is by a clock of this machine. */
bool hwts_any(void);
bool hwts_raw(unsigned int ifindex, int64_t stamp, enum ntp_way way,
	      unsigned int octets, int64_t *raw);
/* All links are left as they were found. */
void hwts_stop(void);

#endif
