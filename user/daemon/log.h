/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KNTPD_LOG_H
#define KNTPD_LOG_H

#include <stdbool.h>
#include <syslog.h>

/* Until told otherwise messages go to stderr; LEVEL is the least that is said. */
void log_init(bool to_syslog, int level);
void log_to_file(const char *path);
void log_reopen(void);
/* Whatever their level, to PATH as well, which is begun anew at SIZE octets. */
void log_copy(const char *path, double size);

/* One line; PRIORITY is one of syslog(3)'s levels. */
void log_msg(int priority, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
