/* SPDX-License-Identifier: GPL-2.0 */
/* The machine's links, addresses and routes, as they come and go. */
#ifndef KNTPD_LINKS_H
#define KNTPD_LINKS_H

/* 0 or -errno: without netlink nothing is noticed, and all goes on. */
int links_start(void (*changed)(void));
void links_stop(void);

#endif
