/* SPDX-License-Identifier: GPL-2.0 */
/* What the operator does not want to be believed. */
#ifndef KNTPD_SANITY_H
#define KNTPD_SANITY_H

#include <stdbool.h>

struct config;

/* Whether OFFSET exceeds neither limit. Counts, logs and ends nothing. */
bool sanity_is_usual(const struct config *c, double offset,
		     unsigned int updates);
bool sanity_allows(const struct config *c, double offset, unsigned int updates);

#endif
