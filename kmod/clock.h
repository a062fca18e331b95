/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_CLOCK_H
#define _KNTP_CLOCK_H

#include <linux/kntp.h>
#include <linux/ktime.h>
#include "core/ntptime.h"
#include "core/wire.h"

/**
 * struct kntp_clock_figures - what a publisher says of the clock
 * @base: enum kntp_base
 * @map: for KNTP_BASE_MAP, from CLOCK_MONOTONIC_RAW
 * @leap: enum ntp_leap
 * @stratum: 1 to 16; 16 is unsynchronised
 * @refid: reference identifier
 * @ref_time: when the clock was last set, ns since 1970 UTC
 * @root_delay: ns
 * @root_dispersion: ns, at publication
 * @growth: of @root_dispersion, parts per 10^9
 * @lease: how long it may be believed, ns; KNTP_LEASE_FOREVER
 * @steps: steps of the system clock that the publisher knew of
 */
struct kntp_clock_figures {
	enum kntp_base base;
	struct ntp_map map;
	u8 leap;
	u8 stratum;
	__be32 refid;
	s64 ref_time;
	u64 root_delay;
	u64 root_dispersion;
	u32 growth;
	u64 lease;
	u32 steps;
};

/**
 * struct kntp_clock_report - the clock as the next reply will have it
 * @figures: what was published last, if anything was
 * @state: enum kntp_clock_state
 * @time: the time served, ns since 1970 UTC
 * @raw: CLOCK_MONOTONIC_RAW at @time, ns
 * @published: when, ns since 1970 UTC
 * @lease_left: ns; KNTP_LEASE_FOREVER
 * @dispersion: ns
 * @steps: steps of the system clock so far
 * @precision: log2 s
 */
struct kntp_clock_report {
	struct kntp_clock_figures figures;
	enum kntp_clock_state state;
	s64 time;
	s64 raw;
	s64 published;
	u64 lease_left;
	u64 dispersion;
	u32 steps;
	s8 precision;
};

/**
 * kntp_raw_stamp() - a time of CLOCK_MONOTONIC_RAW in the place of one of
 *	CLOCK_REALTIME
 * @raw: it, ns, after the boot
 *
 * Return: what no time of CLOCK_REALTIME is.
 */
static inline ktime_t kntp_raw_stamp(s64 raw)
{
	return -raw;
}

int kntp_clock_publish(const struct kntp_clock_figures *figures);
void kntp_clock_report(struct kntp_clock_report *report);
u32 kntp_clock_reply(struct ntp_header *ntp, ktime_t received);
s64 kntp_clock_served(ktime_t stamp, u32 *era);

void kntp_clock_init(void);
void kntp_clock_exit(void);

#endif /* _KNTP_CLOCK_H */
