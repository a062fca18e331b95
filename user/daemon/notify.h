/* SPDX-License-Identifier: GPL-2.0 */
/* Tells whoever started us how we are: sd_notify(3)'s protocol. */
#ifndef KNTPD_NOTIFY_H
#define KNTPD_NOTIFY_H

/* Once the loop is about to run; from then on the watchdog is fed too. */
void notify_ready(void);
void notify_reloading(void);
void notify_stopping(void);

/* One or more lines of VAR=VALUE; where nobody listens it is for nothing. */
void notify_send(const char *state);

#endif
