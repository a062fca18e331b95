/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_CLOCK_H
#define _KNTP_CLOCK_H

#include <linux/kntp.h>
#include <linux/ktime.h>
#include <linux/limits.h>
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

/*
 * A device's stamp has CLOCK_MONOTONIC_RAW where other stamps have
 * CLOCK_REALTIME, and the error of the device's clock: bit 63 tells it from
 * those, 23 bits hold the error, 40 bits the time modulo 2^40 ns (18 minutes).
 */
#define KNTP_RAW_BITS		40
#define KNTP_RAW_MASK		((1LL << KNTP_RAW_BITS) - 1)
#define KNTP_RAW_ERROR_MAX	((1U << (63 - KNTP_RAW_BITS)) - 1)

/**
 * kntp_raw_stamp() - Encode a time of CLOCK_MONOTONIC_RAW as a stamp
 * @raw: the time, ns
 * @error: of the clock that took it, ns, up to KNTP_RAW_ERROR_MAX
 *
 * Any context. Return: a negative number, which no time of CLOCK_REALTIME is.
 */
static inline ktime_t kntp_raw_stamp(s64 raw, u32 error)
{
	return S64_MIN | (s64)error << KNTP_RAW_BITS | (raw & KNTP_RAW_MASK);
}

/**
 * kntp_raw_age() - Calculate the age of a kntp_raw_stamp()
 * @stamp: the stamp, not older than 2^40 ns and not in the future
 * @now: CLOCK_MONOTONIC_RAW, ns
 *
 * Any context. Return: ns.
 */
static inline s64 kntp_raw_age(ktime_t stamp, s64 now)
{
	return (now - stamp) & KNTP_RAW_MASK;
}

/**
 * kntp_stamp_error() - Read the error of a stamp
 * @stamp: kntp_raw_stamp(), or a time of CLOCK_REALTIME, which has none
 *
 * Any context. Return: ns.
 */
static inline u32 kntp_stamp_error(ktime_t stamp)
{
	return stamp < 0 ? stamp >> KNTP_RAW_BITS & KNTP_RAW_ERROR_MAX : 0;
}

int kntp_clock_publish(const struct kntp_clock_figures *figures);
void kntp_clock_report(struct kntp_clock_report *report);
u32 kntp_clock_reply(struct ntp_header *ntp, ktime_t received);
u32 kntp_clock_reply_within(struct ntp_header *ntp, ktime_t received, u64 error);
s64 kntp_clock_served(ktime_t stamp, u32 *era);

void kntp_clock_init(void);
void kntp_clock_exit(void);

#endif /* _KNTP_CLOCK_H */
