/* SPDX-License-Identifier: GPL-2.0 */
/* Hardware clocks of network devices, and of machines: /dev/ptp*. */
#ifndef KNTP_USER_PHC_H
#define KNTP_USER_PHC_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct phc_reading - a hardware clock beside the machine's
 * @real: when, CLOCK_REALTIME, ns
 * @raw: the same moment, CLOCK_MONOTONIC_RAW, ns; 0 where that is not known
 * @phc: what the hardware clock was then, ns
 * @dispersion: what both may be off each other by, beside, s
 */
struct phc_reading {
	int64_t real, raw, phc;
	double dispersion;
};

/* A device, or the one of a network interface: a descriptor or -errno. */
int phc_open(const char *name);

/* 0 or -errno. CROSS: it is cleared where the device has no such thing. */
int phc_read(int fd, bool *cross, struct phc_reading *r);

/* Stamps of pulses at a pin (or -1: it has none to set), from now on or not. */
int phc_pulses(int fd, int pin, unsigned int channel, bool falling, bool on);
/* The next one: when by the hardware clock, ns; -EAGAIN, or another -errno. */
int phc_pulse(int fd, unsigned int *channel, int64_t *at);

#endif
