/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A network, clocks and timers that are made up, for associations to run in.
 * Included once by a program, which links the real rest of them.
 */
#ifndef _KNTP_TESTS_UNIT_NTPWORLD_H
#define _KNTP_TESTS_UNIT_NTPWORLD_H

#include "ntpstub.h"
#include "timers.h"
#include "../../user/daemon/address.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/log.h"
#include "../../kmod/core/ntptime.h"

#include <errno.h>

#define BOOT	(1900000000 * NS_PER_S)	/* what the clock says at RAW 0 */

static unsigned int opened;
static struct ntp_source *src;

void log_msg(int priority, const char *fmt, ...)
{
	(void)priority, (void)fmt;
}

int64_t clk_raw(void)
{
	return now;
}

int64_t clk_real(void)
{
	return BOOT + now;
}

void clk_pair(int64_t *raw, int64_t *real)
{
	*raw = now;
	*real = BOOT + now;
}

int64_t clk_raw_of_real(int64_t real)
{
	return real - BOOT;
}

int64_t clk_real_of_raw(int64_t raw)
{
	return BOOT + raw;
}

double clk_frequency(void)
{
	return 0;
}

double clk_precision(void)
{
	return 1e-7;
}

int ntp_io_open(struct ntp_source *s)
{
	ntp_io_close(s);
	if (out_error)
		return out_error;
	s->fd = 1;
	opened++;
	return 0;
}

void ntp_io_close(struct ntp_source *s)
{
	if (s->fd >= 0)
		opened--;
	s->fd = -1;
}

int ntp_io_send(struct ntp_source *s, const void *data, size_t len)
{
	CHECK(len == sizeof(out), "length %zu", len);
	memcpy(&out, data, sizeof(out));
	s->sent = (struct ntp_when){ now, NTP_STAMP_DAEMON };
	s->report.sent++;
	sent++;
	return 0;
}

uint64_t ntp_io_random(void)
{
	return random64();
}

/* To the next request; its time of sending, s since then. */
static inline double until_request(void)
{
	unsigned int before = sent;
	int64_t start = now;

	while (sent == before && timers)
		advance((double)(timers->when - now) * 1e-9);
	return (double)(now - start) * 1e-9;
}

/* A server of stratum 1, 1 ms away, whose clock is right. */
static inline struct ntp_header answer_at(int64_t received)
{
	struct ntp_server says = { .stratum = 1, .precision = -20 };
	struct ntp_header h = out;
	u64 stamp = ntp_from_unix(BOOT + received);

	ntp_reply(&h, &says, stamp, stamp);
	return h;
}

static inline void deliver_by(const struct ntp_header *h, enum ntp_stamp kind)
{
	struct ntp_when when = { now, kind };
	u8 *copy = flush_copy(h, sizeof(*h));

	ntp_receive(src, copy, sizeof(*h), &when);
	free(copy);
}

static inline void deliver(const struct ntp_header *h)
{
	deliver_by(h, NTP_STAMP_KERNEL);
}

static inline void answered(void)
{
	struct ntp_header h = answer_at(now + 1000000);

	advance(0.002);
	deliver(&h);
}

static inline struct ntp_options options(void)
{
	struct ntp_options opt;

	ntp_options_default(&opt);
	return opt;
}

static inline void begin(const struct ntp_options *opt)
{
	struct sockaddr_storage a;

	now = 1000 * NS_PER_S;
	sent = samples = changes = 0;
	out_error = 0;
	address_parse("192.0.2.1", &a);
	address_set_port((void *)&a, NTP_PORT);
	src = ntp_add("test", (void *)&a, opt);
	CHECK(src, "added");
}

static inline void end(void)
{
	ntp_del(src);
	CHECK(!timers && !opened && !ntp_sources, "all is given back");
}

#endif /* _KNTP_TESTS_UNIT_NTPWORLD_H */
