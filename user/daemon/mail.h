/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `mailonchange`: a mail about each large correction of the clock. A child that
 * is made before privileges are dropped sends it, as the user kntpd runs as: the
 * system call filter lets the daemon itself execute nothing.
 */
#ifndef KNTPD_MAIL_H
#define KNTPD_MAIL_H

struct config;

/* Makes the child, where mail is wanted. */
void mail_start(const struct config *c);
/* The clock is off by OFFSET s, which is reported where the operator wants it. */
void mail_change(const struct config *c, double offset);
void mail_stop(void);

#endif
