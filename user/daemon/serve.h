/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that gives the time away, from the configuration: the module, this
 * process's own port, and whose figures they are.
 */
#ifndef KNTPD_SERVE_H
#define KNTPD_SERVE_H

struct config;

/*
 * After clk_init(), before privileges are dropped: sockets are opened. C is not
 * kept. 0 or -errno, which has been logged; a port that is another's is none.
 */
int serve_start(const struct config *c);

/* The difference; `follow` stays. 0, or -errno and all is as before. */
int serve_reload(const struct config *c, char *why);

/* An orderly end: what the module was told of listeners is taken back. */
void serve_stop(void);

#endif
