/* SPDX-License-Identifier: GPL-2.0 */
/* Which sources are right, and what they say together: RFC 5905 section 11.2. */
#ifndef KNTPD_SELECT_H
#define KNTPD_SELECT_H

#include "estimate.h"

#include <stdbool.h>
#include <stdint.h>

struct config;
struct source;

/**
 * struct selection - what the selected sources say together
 * @fit: time and frequency
 * @source: the one that gives stratum and reference
 * @leap: what most of them announce, enum ntp_leap
 * @root_delay: s
 * @root_dispersion: at @fit's moment, s
 */
struct selection {
	struct fit fit;
	const struct source *source;
	uint8_t leap;
	double root_delay;
	double root_dispersion;
};

void select_init(const struct config *c);
void select_reload(const struct config *c);
/* The machine has slept: no sample is worth anything. */
void select_forget(void);
/* The daemon ends: sources that are removed from now on change nothing. */
void select_stop(void);

#endif
