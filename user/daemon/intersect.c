// SPDX-License-Identifier: GPL-2.0
#include "intersect.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	const struct end *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	/* Intervals that only touch have that point in common. */
	return y->opens - x->opens;
}

/**
 * intersect() - Marzullo's algorithm, RFC 5905 section 11.2.1
 * @end: the ends of all intervals; are sorted
 * @n: how many, two of each interval
 * @lo: of the first of the smallest intervals that most of them share
 * @hi: likewise
 *
 * Return: how many share it; 0 where there is none, and LO and HI stay.
 */
int intersect(struct end *end, size_t n, double *lo, double *hi)
{
	int depth = 0, best = 0;
	size_t i;

	qsort(end, n, sizeof(*end), compare);
	for (i = 0; i < n; i++) {
		depth += end[i].opens;
		if (depth > best) {
			best = depth;
			*lo = end[i].at;
			*hi = i + 1 < n ? end[i + 1].at : end[i].at;
		}
	}
	return best;
}
