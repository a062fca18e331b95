/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KNTPD_ACT_H
#define KNTPD_ACT_H

struct config;

void act_init(const char *file, struct config *conf);
void act_hangup(void);

#endif
