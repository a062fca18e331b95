// SPDX-License-Identifier: GPL-2.0
#include "ntp_packet.h"
#include "core/ntptime.h"
#include "core/reply.h"

#include <math.h>
#include <string.h>

/*
 * An era is told by what is near to now. A clock that has not been set since
 * power-up says 1970, so no earlier than this counts as now: 2026-01-01.
 */
#define NEAR_MIN_S	1767225600LL

/* What a server's clock may be off its rate by while it is slewed. */
#define SLEW_MAX	0.1

static bool before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

/**
 * ntp_to_unix() - an NTP timestamp as time, RFC 5905 section 6
 * @stamp: 32.32 s since the beginning of its era
 * @near: a moment within 68 years of it, which says the era; ns since 1970
 *
 * Return: ns since 1970, rounded to the nearest.
 */
int64_t ntp_to_unix(uint64_t stamp, int64_t near)
{
	int64_t base = near / (int64_t)NTP_NSEC_PER_SEC;
	int64_t since;

	if (base < NEAR_MIN_S)
		base = NEAR_MIN_S;
	since = (int64_t)(stamp - (((uint64_t)base + NTP_UNIX_SECONDS) << 32));
	return base * (int64_t)NTP_NSEC_PER_SEC +
	       (int64_t)(((__int128)since * (int64_t)NTP_NSEC_PER_SEC +
			  (1LL << 31)) >> 32);
}

static double from_short(__be32 wire)
{
	return be32_to_cpu(wire) / 65536.0;
}

/**
 * ntp_packet_request() - write a client's request
 * @r: what goes into it
 * @to: NTP_HEADER_LEN octets
 *
 * A server needs nothing but mode, version and what it is to send back; all
 * else would only tell who asks, and is zero.
 */
void ntp_packet_request(const struct ntp_request *r, uint8_t *to)
{
	struct ntp_header h = {
		.li_vn_mode = (u8)(r->version << 3 | r->mode),
		.poll = r->poll,
		.origin = cpu_to_be64(r->origin),
		.receive = cpu_to_be64(r->receive),
		.transmit = cpu_to_be64(r->transmit),
	};

	memcpy(to, &h, sizeof(h));
}

/**
 * ntp_packet_says() - begin a packet with what a server says of itself
 * @h: is set; all times but the reference time are 0
 * @says: it
 * @version: of the protocol
 * @mode: enum ntp_mode
 * @poll: log2 s
 */
void ntp_packet_says(struct ntp_header *h, const struct ntp_server *says,
		     uint8_t version, uint8_t mode, int8_t poll)
{
	*h = (struct ntp_header){
		.li_vn_mode = (u8)(says->leap << 6 | version << 3 | mode),
		.stratum = says->stratum,
		.poll = poll,
		.precision = says->precision,
		.root_delay = says->root_delay,
		.root_dispersion = says->root_dispersion,
		.refid = says->refid,
		.reference = says->reference,
	};
}

static uint32_t kiss_code(const struct ntp_answer *a)
{
	int i;

	/* A server without time says stratum 0 too, but spells no code. */
	if (a->stratum)
		return 0;
	for (i = 0; i < 32; i += 8)
		if ((a->refid >> i & 0xff) < 0x20 ||
		    (a->refid >> i & 0xff) > 0x7e)
			return 0;
	return a->refid;
}

/**
 * ntp_packet_parse() - read a packet
 * @data: UDP payload, at any alignment
 * @len: its length, octets; nothing beyond is read
 * @a: is filled
 *
 * What follows the header is not looked at. Return: whether it is a packet of
 * a version we speak at all.
 */
bool ntp_packet_parse(const void *data, size_t len, struct ntp_answer *a)
{
	struct ntp_header h;

	if (len < sizeof(h) || len % 4)
		return false;
	memcpy(&h, data, sizeof(h));
	*a = (struct ntp_answer){
		.leap = h.li_vn_mode >> 6,
		.version = (uint8_t)ntp_version(h.li_vn_mode),
		.mode = (uint8_t)ntp_mode(h.li_vn_mode),
		.stratum = h.stratum,
		.poll = h.poll,
		.precision = h.precision,
		.refid = be32_to_cpu(h.refid),
		.root_delay = from_short(h.root_delay),
		.root_dispersion = from_short(h.root_dispersion),
		.reference = be64_to_cpu(h.reference),
		.origin = be64_to_cpu(h.origin),
		.receive = be64_to_cpu(h.receive),
		.transmit = be64_to_cpu(h.transmit),
	};
	a->kiss = kiss_code(a);
	return a->version >= NTP_VERSION_MIN && a->version <= NTP_VERSION_MAX;
}

static bool expected_mode(const struct ntp_request *r,
			  const struct ntp_answer *a)
{
	if (r->mode == NTP_MODE_CLIENT)
		return a->mode == NTP_MODE_SERVER;
	return a->mode == NTP_MODE_SYMMETRIC_ACTIVE ||
	       a->mode == NTP_MODE_SYMMETRIC_PASSIVE;
}

/*
 * Servers fill what lies below their precision with noise, so that two stamps
 * of the same moment may be in the wrong order by that much. 32.32 s.
 */
static uint64_t tolerance(const struct ntp_answer *a)
{
	if (a->precision >= 0)
		return 2ULL << 32;
	return a->precision < -32 ? 1 : (2ULL << 32) >> -a->precision;
}

/*
 * The stamps of the two forms come from different packets, so only the basic
 * one has both of the same reply.
 */
static bool sane_stamps(const struct ntp_answer *a)
{
	if (!a->receive || !a->transmit)
		return false;
	return a->interleaved ||
	       !before(a->transmit + tolerance(a), a->receive);
}

/* RFC 5905 appendix A.5.1.1: distance, and a reference time in the past. */
static bool sane_root(const struct ntp_answer *a)
{
	uint64_t latest = a->transmit;

	if (before(latest, a->receive))
		latest = a->receive;
	return a->root_delay / 2 + a->root_dispersion < NTP_DISTANCE_MAX &&
	       (!a->reference ||
		!before(latest + tolerance(a), a->reference));
}

/**
 * ntp_packet_is_broadcast() - whether a packet is a server's that has the time
 * @a: it
 */
bool ntp_packet_is_broadcast(const struct ntp_answer *a)
{
	struct ntp_answer said = *a;

	/* It answers nothing. */
	said.receive = a->transmit;
	return a->mode == NTP_MODE_BROADCAST && a->transmit &&
	       a->leap != NTP_LEAP_UNSYNC && a->stratum &&
	       a->stratum < NTP_STRATUM_UNSYNC && sane_root(&said);
}

/**
 * ntp_packet_check() - whether a packet is the reply to a request
 * @r: the one that is waited for
 * @a: a packet; whether it is interleaved is filled in
 *
 * The origin is what only who has seen the request can know. Without it
 * nothing else is said for the packet, be it a kiss code.
 * Return: those of enum ntp_test that need no history and that it passes;
 * authentication counts as passed, no key is asked for.
 */
unsigned int ntp_packet_check(const struct ntp_request *r,
			      struct ntp_answer *a)
{
	unsigned int tests = NTP_TEST_AUTH | NTP_TEST_DUPLICATE;

	if (!expected_mode(r, a))
		return 0;
	a->interleaved = r->receive && a->origin == r->receive &&
			 r->receive != r->transmit;
	if (!a->interleaved && (a->origin != r->transmit || !r->transmit))
		return 0;
	tests |= NTP_TEST_ORIGIN;
	if (sane_stamps(a))
		tests |= NTP_TEST_STAMPS;
	if (a->leap != NTP_LEAP_UNSYNC && a->stratum &&
	    a->stratum < NTP_STRATUM_UNSYNC)
		tests |= NTP_TEST_SYNCED;
	if (sane_root(a))
		tests |= NTP_TEST_ROOT;
	return tests;
}

/**
 * ntp_packet_sample() - what an exchange says of the time, RFC 5905 section 8
 * @x: its times
 * @s: raw, utc, delay and dispersion are filled
 *
 * Only spans become floating point; moments stay whole nanoseconds.
 * Return: false when the times contradict each other beyond their precision.
 */
bool ntp_packet_sample(const struct ntp_exchange *x, struct sample *s)
{
	double here = (double)(x->t4 - x->t1) * 1e-9;
	double there = (double)(x->t3 - x->t2) * 1e-9;

	s->raw = x->t1 + (x->t4 - x->t1) / 2;
	s->utc = x->t2 + (x->t3 - x->t2) / 2;
	s->dispersion = x->precision + x->remote_precision +
			x->skew * fabs(here);
	s->delay = here * (1 + x->frequency) - there;
	if (here < 0 || there < -2 * x->remote_precision ||
	    s->delay < -(s->dispersion + SLEW_MAX * fabs(there)))
		return false;
	if (s->delay < x->precision)
		s->delay = x->precision;
	return true;
}
