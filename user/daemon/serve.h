/* SPDX-License-Identifier: GPL-2.0 */
/*
 * All that gives the time away, from the configuration: the module, this
 * process's own port, and whose figures they are.
 */
#ifndef KNTPD_SERVE_H
#define KNTPD_SERVE_H

#include "access.h"
#include "keyfile.h"

struct config;

/*
 * After clk_init(), before privileges are dropped: sockets are opened. C is not
 * kept. 0 or -errno, which has been logged; a port that is another's is none.
 */
int serve_start(const struct config *c);

/* What a reload needs that may fail, made ready beside what is in force. */
struct serve_prepared {
	struct access access, control;
	struct keyfile keys;
};

int serve_prepare(const struct config *c, struct serve_prepared *p, char *why);
void serve_discard(struct serve_prepared *p);
/* When links have changed. */
void serve_look(void);
/* Cannot fail. */
void serve_reload(const struct config *c, struct serve_prepared *p);

/* The hosts that C's access list names; once privileges are dropped. */
void serve_look_up(const struct config *c);
/* An orderly end: what the module was told of listeners is taken back. */
void serve_stop(void);

#endif
