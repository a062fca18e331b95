/* SPDX-License-Identifier: GPL-2.0 */
/* The module's listeners, as the configuration has them. */
#ifndef KNTPD_LISTENERS_H
#define KNTPD_LISTENERS_H

#include "owned.h"

struct nl;

/* Those that are not in WANT, and those whose device has another name now. */
void listeners_drop(struct nl *nl, struct owned *o,
		    const struct apply_listen *want, size_t n);
/* What is missing; AGAIN: a device that still is was spoken of before. */
void listeners_add(struct nl *nl, struct owned *o,
		   const struct apply_listen *want, size_t n, bool again);
/* Those that are there no more are not owned any more, or added again. */
void listeners_confirm(struct nl *nl, struct owned *o);

#endif
