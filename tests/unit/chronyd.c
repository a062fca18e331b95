// SPDX-License-Identifier: GPL-2.0
/* chronyd's tracking report: user/daemon/chronyd.c. */
#include "harness.h"

#include <errno.h>
#include <math.h>

#include "../../user/daemon/chronyd.h"

#define SEQUENCE	0x12345678U

/*
 * As chronyd 4 sends it: stratum 3 after 192.0.2.1, 3 s of correction, a root
 * delay of 1/4 s, a dispersion of 1/8 s.
 */
static const u8 header[28] = {
	6, 2, 0, 0, 0, 33, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0,
};

static void put(u8 *to, u32 v)
{
	to[0] = (u8)(v >> 24);
	to[1] = (u8)(v >> 16);
	to[2] = (u8)(v >> 8);
	to[3] = (u8)v;
}

/* A power of two as the protocol has it: exponent + 25 - 24 bits of it. */
static u32 power(int exponent)
{
	return (u32)(exponent + 2) << 25 | 1U << 23;
}

static void make(u8 *p)
{
	const u32 sequence = SEQUENCE;

	memset(p, 0, CHRONYD_TRACKING_LEN);
	memcpy(p, header, sizeof(header));
	memcpy(p + 16, &sequence, 4);
	put(p + 28, 0xc0000201);
	put(p + 32, 0xc0000201);
	p[49] = 1;
	p[53] = 3;
	put(p + 56, 0);
	put(p + 60, 1900000000);
	put(p + 64, 5);
	put(p + 68, 3U << 25 | 3U << 22);
	put(p + 88, power(1));
	put(p + 92, power(-2));
	put(p + 96, power(-3));
	put(p + 100, power(6));
}

static int parse(const u8 *p, size_t len, struct chronyd_tracking *t)
{
	u8 *copy = flush_copy(p, len);
	int err;

	err = chronyd_parse(copy, len, SEQUENCE, t);
	flush_free(copy, len);
	return err;
}

static void test_report(void)
{
	u8 p[CHRONYD_TRACKING_LEN];
	struct chronyd_tracking t;

	make(p);
	CHECK(!parse(p, sizeof(p), &t), "refused");
	CHECK(t.synced && t.leap == 0 && t.stratum == 3, "stratum %u",
	      t.stratum);
	CHECK(t.refid == 0xc0000201, "refid %x", t.refid);
	CHECK(t.ref_time == 1900000000LL * 1000000000 + 5, "reference time");
	CHECK(t.correction == 3, "correction %g", t.correction);
	CHECK(t.root_delay == 0.25, "delay %g", t.root_delay);
	CHECK(t.root_dispersion == 0.125, "dispersion %g", t.root_dispersion);
	CHECK(fabs(t.skew - 2e-6) < 1e-18, "skew %g", t.skew);
	CHECK(t.interval == 64, "interval %g", t.interval);
}

static void test_negative(void)
{
	u8 p[CHRONYD_TRACKING_LEN];
	struct chronyd_tracking t;

	make(p);
	put(p + 68, 3U << 25 | (0x2000000 - (3U << 22)));
	put(p + 92, 0x1ffffff);
	CHECK(!parse(p, sizeof(p), &t), "refused");
	CHECK(t.correction < 0, "correction %g", t.correction);
	CHECK(t.root_delay == 0, "a negative delay %g", t.root_delay);
	put(p + 68, 0x7fU << 25 | 1U << 23);
	CHECK(!parse(p, sizeof(p), &t) && t.correction == 0.125,
	      "negative exponent: %g", t.correction);
}

static void unsynced(const char *what, size_t at, u8 v)
{
	u8 p[CHRONYD_TRACKING_LEN];
	struct chronyd_tracking t;

	make(p);
	p[at] = v;
	CHECK(!parse(p, sizeof(p), &t), "%s: refused", what);
	CHECK(!t.synced && t.leap == 3 && t.stratum == 16, "%s: leap %u", what,
	      t.leap);
}

static void test_unsynced(void)
{
	unsynced("leap 3", 55, 3);
	unsynced("leap 4", 55, 4);
	unsynced("leap 256", 54, 1);
	unsynced("stratum 0", 53, 0);
	unsynced("stratum 16", 53, 16);
	unsynced("stratum 259", 52, 1);
	unsynced("time beyond all", 57, 1);
	unsynced("ns of more than a second", 64, 0x3c);
}

/* A host with 32 bits of time says so in the upper half. */
static void test_old_time(void)
{
	u8 p[CHRONYD_TRACKING_LEN];
	struct chronyd_tracking t;

	make(p);
	put(p + 56, 0x7fffffff);
	CHECK(!parse(p, sizeof(p), &t) && t.synced &&
	      t.ref_time == 1900000000LL * 1000000000 + 5, "no high word");
}

static void test_not_ours(void)
{
	static const struct {
		u8 at, v;
		int err;
	} wrong[] = {
		{ 0, 5, -EAGAIN }, { 1, 1, -EAGAIN }, { 5, 34, -EAGAIN },
		{ 16, 0, -EAGAIN }, { 19, 0, -EAGAIN }, { 7, 1, -EPROTO },
		{ 9, 1, -EPROTO }, { 8, 1, -EPROTO },
	};
	u8 p[CHRONYD_TRACKING_LEN];
	struct chronyd_tracking t;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		make(p);
		p[wrong[i].at] = wrong[i].v;
		memset(&t, 0xaa, sizeof(t));
		CHECK(parse(p, sizeof(p), &t) == wrong[i].err, "octet %u",
		      wrong[i].at);
		CHECK(t.refid == 0xaaaaaaaa, "octet %u: written", wrong[i].at);
	}
}

static void test_short(void)
{
	u8 p[CHRONYD_TRACKING_LEN];
	struct chronyd_tracking t;
	size_t len;

	make(p);
	for (len = 0; len < sizeof(p); len++)
		CHECK(parse(p, len, &t) == (len < 28 ? -EAGAIN : -EPROTO),
		      "%zu octets", len);
}

static void test_hostile(void)
{
	u8 p[CHRONYD_TRACKING_LEN];
	struct chronyd_tracking t;
	int i;

	for (i = 0; i < 200000; i++) {
		make(p);
		random_bytes(p + 28, sizeof(p) - 28);
		CHECK(!parse(p, sizeof(p), &t), "refused");
		CHECK(t.root_delay >= 0 && isfinite(t.root_delay), "delay");
		CHECK(t.root_dispersion >= 0 && isfinite(t.root_dispersion),
		      "dispersion");
		CHECK(t.skew >= 0 && isfinite(t.correction), "skew");
		CHECK(t.ref_time >= 0, "time");
		CHECK(t.synced ?
		      t.stratum >= 1 && t.stratum < 16 && t.leap < 3 :
		      t.stratum == 16 && t.leap == 3, "stratum");
	}
}

static void test_request(void)
{
	u8 p[CHRONYD_TRACKING_LEN], zero[CHRONYD_TRACKING_LEN - 12] = { 0 };
	const u32 sequence = SEQUENCE;

	memset(p, 0xff, sizeof(p));
	chronyd_request(p, sequence);
	CHECK(p[0] == 6 && p[1] == 1 && !p[4] && p[5] == 33, "header");
	CHECK(!memcmp(p + 8, &sequence, 4), "sequence");
	CHECK(!memcmp(p + 12, zero, sizeof(zero)), "padding");
}

static const struct test_case cases[] = {
	{ "a report is read", test_report },
	{ "negative numbers, and what cannot be", test_negative },
	{ "not synchronised is seen as that", test_unsynced },
	{ "times of 32 bits", test_old_time },
	{ "what is not the answer is none", test_not_ours },
	{ "nothing is read beyond the end", test_short },
	{ "any octets give figures in their ranges", test_hostile },
	{ "the request", test_request },
};

TEST_MAIN(cases)
