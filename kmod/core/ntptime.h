/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Between nanoseconds since 1970 and the formats of RFC 5905 section 6,
 * without a division. All of it is arithmetic modulo 2^64, so era 1 (from
 * 2036-02-07) needs no case of its own.
 */
#ifndef _KNTP_CORE_NTPTIME_H
#define _KNTP_CORE_NTPTIME_H

#include "plat.h"

#define NTP_UNIX_SECONDS	2208988800ULL	/* from 1900 to 1970 */
#define NTP_UNIX_EPOCH		(NTP_UNIX_SECONDS << 32)
#define NTP_NSEC_PER_SEC	1000000000ULL

/* ⌈2^32 / 10^9 · 2^61⌉: nanoseconds to units of 2^-32 s. */
#define NTP_NS_TO_FRAC		0x89705f4136b4a598ULL
#define NTP_NS_TO_FRAC_SHIFT	61

/* ⌈2^32 / 10^9 · 2^64 / 10^9⌉: parts per 10^9 to units of 2^-96 s per ns. */
#define NTP_PPB_TO_RATE		79228162515ULL

/* MAXDISP of RFC 5905 section 7.2, in units of 2^-32 s. */
#define NTP_MAX_DISPERSION	(16ULL << 32)

/**
 * ntp_from_ns() - a span in nanoseconds as 32.32 seconds
 * @ns: nanoseconds; as an unsigned span up to 2^64 - 1
 *
 * Never below the exact value rounded down, so that a whole second stays one,
 * and at most four units of 2^-32 s (1 ns) above it for what fits an s64, eight
 * for all of the range. Any context.
 */
static inline u64 ntp_from_ns(u64 ns)
{
	return mul_u64_u64_shr(ns, NTP_NS_TO_FRAC, NTP_NS_TO_FRAC_SHIFT);
}

/**
 * ntp_from_unix() - a time as an NTP timestamp, RFC 5905 section 6
 * @ns: nanoseconds since 1970-01-01 00:00:00 UTC, not negative
 *
 * Any context. Return: 32.32 seconds since 1900, modulo 2^32 seconds (one era).
 */
static inline u64 ntp_from_unix(s64 ns)
{
	return ntp_from_ns((u64)ns) + NTP_UNIX_EPOCH;
}

/**
 * ntp_as_receive() - a receive time that no transmit time is mistaken for
 * @time: 32.32 seconds
 *
 * An origin tells by it which of a reply's times it is (RFC 9769 section 2).
 * The last bit, a quarter of a nanosecond, is spent on that. Any context.
 */
static inline u64 ntp_as_receive(u64 time)
{
	return time & ~1ULL;
}

/**
 * ntp_as_transmit() - a transmit time that no receive time is mistaken for
 * @time: 32.32 seconds
 *
 * As ntp_as_receive(), and never before it where @time is none.
 */
static inline u64 ntp_as_transmit(u64 time)
{
	return time | 1;
}

/**
 * ntp_short() - 32.32 seconds as the wire's 16.16, rounded up
 * @frac: 32.32 seconds
 *
 * Rounding up keeps a bound a bound. What does not fit is the largest value.
 * Any context.
 */
static inline u32 ntp_short(u64 frac)
{
	return frac > 0xffffffff0000ULL ? ~0U : (u32)((frac + 0xffff) >> 16);
}

/**
 * ntp_rate() - a frequency error, for ntp_disperse()
 * @ppb: parts per 10^9, up to 10^8
 *
 * Any context. Return: units of 2^-96 s per nanosecond, rounded up.
 */
static inline u64 ntp_rate(u32 ppb)
{
	return ppb * NTP_PPB_TO_RATE;
}

/**
 * ntp_disperse() - dispersion as it has grown, RFC 5905 section 11.3 (PHI)
 * @dispersion: when it was stated, 32.32 seconds
 * @rate: growth, from ntp_rate()
 * @age_ns: nanoseconds since then; negative counts as none
 *
 * Rounded up, but a rate of 0 adds nothing. Any context.
 * Return: 32.32 seconds, NTP_MAX_DISPERSION at the most.
 */
static inline u64 ntp_disperse(u64 dispersion, u64 rate, s64 age_ns)
{
	if (dispersion >= NTP_MAX_DISPERSION)
		return NTP_MAX_DISPERSION;
	if (age_ns > 0 && rate)
		dispersion += mul_u64_u64_shr((u64)age_ns, rate, 64) + 1;
	return dispersion < NTP_MAX_DISPERSION ? dispersion : NTP_MAX_DISPERSION;
}

/**
 * struct ntp_map - a line from a free-running clock to UTC
 * @raw: a time of that clock, ns
 * @utc: what UTC was then, ns since 1970
 * @rate: how much faster than the clock UTC runs, in units of 2^-64
 */
struct ntp_map {
	s64 raw;
	s64 utc;
	s64 rate;
};

/**
 * ntp_map_utc() - UTC by the map
 * @map: the line; @rate is above -2^63
 * @raw: a time of the clock, ns
 *
 * The gain is rounded towards 0. It never runs backwards. Any context.
 * Return: ns since 1970.
 */
static inline s64 ntp_map_utc(const struct ntp_map *map, s64 raw)
{
	s64 age = raw - map->raw;
	u64 gain = mul_u64_u64_shr(age < 0 ? -(u64)age : (u64)age,
				   map->rate < 0 ? -(u64)map->rate :
						   (u64)map->rate, 64);

	return map->utc + age + ((age ^ map->rate) < 0 ? -(s64)gain : (s64)gain);
}

#endif /* _KNTP_CORE_NTPTIME_H */
