/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KNTPD_ACT_H
#define KNTPD_ACT_H

#include <stddef.h>

struct config;

void act_init(const char *file, struct config *conf);
void act_init_lines(const char *const *line, size_t n);
void act_on_read(void (*adjust)(struct config *c));
void act_hangup(void);

#endif
