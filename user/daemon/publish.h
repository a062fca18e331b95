/* SPDX-License-Identifier: GPL-2.0 */
/* The module's clock: what the figures are is told to it, under a lease. */
#ifndef KNTPD_PUBLISH_H
#define KNTPD_PUBLISH_H

#include <stdbool.h>

struct nl;

#define PUBLISH_LEASE	1024.0	/* s, unless configured otherwise */

/**
 * enum publish_state - how the module stands
 * @PUBLISH_OFF: there is no netlink here, so no module ever
 * @PUBLISH_NO_MODULE: it is not loaded; looked for every few seconds
 * @PUBLISH_REFUSED: it is loaded and refuses what it is told
 * @PUBLISH_UNSYNCED: it says LI = 3, as the figures do
 * @PUBLISH_INHERITED: it says what it was told before this daemon began, which
 *	knows no better yet
 * @PUBLISH_STEPPED: likewise, until a step by somebody else is corrected
 * @PUBLISH_VOUCHED: it says the figures
 */
enum publish_state {
	PUBLISH_OFF,
	PUBLISH_NO_MODULE,
	PUBLISH_REFUSED,
	PUBLISH_UNSYNCED,
	PUBLISH_INHERITED,
	PUBLISH_STEPPED,
	PUBLISH_VOUCHED,
};

/* LEASE: s. From then on the module is told; it may come and go. */
void publish_start(double lease);
void publish_stop(void);

/* Calls FN each time the module is found, before it is told the figures. */
void publish_on_attach(void (*fn)(struct nl *nl));

/*
 * The figures go to the module now. Where they are asked of somebody else and
 * come later, PREPARE before asking: a step in between is then noticed.
 */
void publish_prepare(void);
void publish_now(void);

/* The module's socket, for requests; NULL while there is no module. */
struct nl *publish_nl(void);
enum publish_state publish_state(void);

#endif
