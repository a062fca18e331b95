/* SPDX-License-Identifier: GPL-2.0 */
/*
 * w32tm, for those who know Windows's: its switches, and what it prints, in
 * English whatever the locale.
 */
#ifndef KNTP_CTL_W32TM_H
#define KNTP_CTL_W32TM_H

#include "ctl.h"

enum { W32_WORDS = 16 };

/**
 * struct w32 - a command line: /NAME or /NAME:VALUE, dashes for slashes
 * @ctl: for messages
 * @name: without the slash
 * @value: NULL where there is none
 * @taken: somebody has asked for it
 * @n: how many
 * @compat: --compat-exit: 0 where Windows has it
 */
struct w32 {
	struct ctl *ctl;
	const char *name[W32_WORDS], *value[W32_WORDS];
	bool taken[W32_WORDS];
	int n;
	bool compat;
};

/* Whether a switch is there, in either case; *VALUE may be NULL. */
bool w32_has(struct w32 *w, const char *name, const char **value);
/* EXIT_USAGE, said, when there are switches that nobody asked for; or 0. */
int w32_rest(struct w32 *w);

/* CLOCK_REALTIME, ns since 1970. */
int64_t w32_now(void);
/* "1/31/2026 3:04:05 PM", local time; BUF has W32_DATE octets. */
#define W32_DATE	40
char *w32_date(int64_t ns, char *buf);

/* One each. Exit statuses. */
int w32_query(struct w32 *w);
int w32_resync(struct w32 *w);
int w32_stripchart(struct w32 *w);

#endif
