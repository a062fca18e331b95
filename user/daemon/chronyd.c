// SPDX-License-Identifier: GPL-2.0
#include "chronyd.h"
#include "clk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/wire.h"

enum {
	VERSION = 6,
	TYPE_REQUEST = 1,
	TYPE_REPLY = 2,
	COMMAND_TRACKING = 33,
	REPLY_TRACKING = 5,
	STATUS_SUCCESS = 0,
};

/* Where things are in a request. */
enum { REQUEST_COMMAND = 4, REQUEST_SEQUENCE = 8 };

/* And in a reply, the tracking report from 28 on. */
enum {
	AT_VERSION = 0,
	AT_TYPE = 1,
	AT_COMMAND = 4,
	AT_REPLY = 6,
	AT_STATUS = 8,
	AT_SEQUENCE = 16,
	AT_REFID = 28,
	AT_STRATUM = 52,	/* after the source's address, 20 octets */
	AT_LEAP = 54,
	AT_REF_TIME = 56,	/* high and low word of the seconds, ns */
	AT_CORRECTION = 68,
	AT_LAST_OFFSET = 72,
	AT_RMS_OFFSET = 76,
	AT_FREQUENCY = 80,
	AT_RESIDUAL = 84,
	AT_SKEW = 88,
	AT_ROOT_DELAY = 92,
	AT_ROOT_DISPERSION = 96,
	AT_INTERVAL = 100,
};

static_assert(AT_INTERVAL + 4 == CHRONYD_TRACKING_LEN, "tracking report");

/* What a host with 32 bits of time has for the upper half. */
#define NO_HIGH_SECONDS	0x7fffffff
/* Beyond the year 2255 it would not fit as ns. */
#define SECONDS_MAX	9000000000ULL

static uint16_t get16(const uint8_t *data, size_t at)
{
	uint16_t v;

	memcpy(&v, data + at, sizeof(v));
	return ntohs(v);
}

static uint32_t get32(const uint8_t *data, size_t at)
{
	uint32_t v;

	memcpy(&v, data + at, sizeof(v));
	return ntohl(v);
}

/* 7 bits of exponent, 25 of coefficient, both signed, no hidden bit. */
static double get_float(const uint8_t *data, size_t at)
{
	uint32_t v = get32(data, at);
	int exponent = (int)(v >> 25), coefficient = (int)(v & 0x1ffffff);

	if (exponent >= 1 << 6)
		exponent -= 1 << 7;
	if (coefficient >= 1 << 24)
		coefficient -= 1 << 25;
	return ldexp(coefficient, exponent - 25);
}

/* What cannot be negative; a small one comes from a skewed rounding. */
static double get_span(const uint8_t *data, size_t at)
{
	return fmax(get_float(data, at), 0);
}

/* 0 where it is no time. */
static int64_t get_time(const uint8_t *data, size_t at)
{
	uint64_t high = get32(data, at), s;
	uint32_t ns = get32(data, at + 8);

	if (high == NO_HIGH_SECONDS)
		high = 0;
	s = high << 32 | get32(data, at + 4);
	if (s > SECONDS_MAX || ns >= NS_PER_S)
		return 0;
	return (int64_t)s * NS_PER_S + ns;
}

/**
 * chronyd_request() - ask for the tracking report
 * @to: room for CHRONYD_TRACKING_LEN octets
 * @sequence: comes back with the answer
 */
void chronyd_request(uint8_t *to, uint32_t sequence)
{
	uint16_t command = htons(COMMAND_TRACKING);

	memset(to, 0, CHRONYD_TRACKING_LEN);
	to[AT_VERSION] = VERSION;
	to[AT_TYPE] = TYPE_REQUEST;
	memcpy(to + REQUEST_COMMAND, &command, sizeof(command));
	/* Nobody but us reads it, so its order of octets is ours. */
	memcpy(to + REQUEST_SEQUENCE, &sequence, sizeof(sequence));
}

static bool is_answer(const uint8_t *data, size_t len, uint32_t sequence)
{
	return len >= AT_REFID && data[AT_VERSION] == VERSION &&
	       data[AT_TYPE] == TYPE_REPLY &&
	       get16(data, AT_COMMAND) == COMMAND_TRACKING &&
	       !memcmp(data + AT_SEQUENCE, &sequence, sizeof(sequence));
}

/* What chronyd's own replies would say: leap 3 and stratum 0 then. */
static void judge(struct chronyd_tracking *t, unsigned int stratum,
		  unsigned int leap)
{
	t->synced = leap < NTP_LEAP_UNSYNC && stratum > 0 &&
		    stratum < NTP_STRATUM_UNSYNC && t->ref_time > 0;
	t->leap = t->synced ? (uint8_t)leap : NTP_LEAP_UNSYNC;
	t->stratum = t->synced ? (uint8_t)stratum : NTP_STRATUM_UNSYNC;
}

/**
 * chronyd_parse() - read a tracking report
 * @data: as it came
 * @len: octets
 * @sequence: of the request
 * @t: where to; untouched when it is not 0 that is returned
 *
 * Return: 0; -EAGAIN for what is not the answer that is waited for; -EPROTO
 * for an answer without a report.
 */
int chronyd_parse(const void *data, size_t len, uint32_t sequence,
		  struct chronyd_tracking *t)
{
	const uint8_t *d = data;

	if (!is_answer(d, len, sequence))
		return -EAGAIN;
	if (len < CHRONYD_TRACKING_LEN ||
	    get16(d, AT_STATUS) != STATUS_SUCCESS ||
	    get16(d, AT_REPLY) != REPLY_TRACKING)
		return -EPROTO;
	*t = (struct chronyd_tracking){
		.refid = get32(d, AT_REFID),
		.ref_time = get_time(d, AT_REF_TIME),
		.correction = get_float(d, AT_CORRECTION),
		.last_offset = get_float(d, AT_LAST_OFFSET),
		.rms_offset = get_span(d, AT_RMS_OFFSET),
		.frequency = get_float(d, AT_FREQUENCY) * 1e-6,
		.residual = get_float(d, AT_RESIDUAL) * 1e-6,
		.skew = get_span(d, AT_SKEW) * 1e-6,
		.root_delay = get_span(d, AT_ROOT_DELAY),
		.root_dispersion = get_span(d, AT_ROOT_DISPERSION),
		.interval = get_span(d, AT_INTERVAL),
	};
	judge(t, get16(d, AT_STRATUM), get16(d, AT_LEAP));
	return 0;
}
