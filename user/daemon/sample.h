/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KNTPD_SAMPLE_H
#define KNTPD_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct sample - one measurement of true time by a source
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 * @utc: what the source says the time was then, ns since 1970
 * @delay: round trip (RFC 5905 delta), s, not negative; 0 for a reference clock
 * @dispersion: of the measurement itself (precisions of both ends and what the
 *	local clock may have drifted in between), s
 * @root_delay: of the source to its own reference, s
 * @root_dispersion: likewise
 * @one_way: of a broadcast: @delay is that of earlier requests, so it does not bound
 *	the error of a packet that the network held up
 */
struct sample {
	int64_t raw;
	int64_t utc;
	double delay;
	double dispersion;
	double root_delay;
	double root_dispersion;
	bool one_way;
};

/*
 * What UTC has gained on RAW over spans of both, ns, beside what it gains by its
 * FREQUENCY: s.
 */
static inline double sample_gain(int64_t raw, int64_t utc, double frequency)
{
	return (double)(utc - raw) * 1e-9 - (double)raw * 1e-9 * frequency;
}

#endif
