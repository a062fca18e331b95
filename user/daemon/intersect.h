/* SPDX-License-Identifier: GPL-2.0 */
/* Where most intervals overlap. */
#ifndef KNTPD_INTERSECT_H
#define KNTPD_INTERSECT_H

#include <stddef.h>

/* One end of an interval; OPENS is 1 for the lower one, else -1. */
struct end {
	double at;
	int opens;
};

/* Sorts END. How many share the interval LO to HI, which no other do more. */
int intersect(struct end *end, size_t n, double *lo, double *hi);

#endif
