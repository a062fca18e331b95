// SPDX-License-Identifier: GPL-2.0
/* Who is answered: user/daemon/access.c, against a list that is walked. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/kntp.h>
#include <netinet/in.h>

#include "../../user/daemon/access.h"

enum { RULES = 40, ASKED = 400 };

static struct rule {
	u8 addr[16];
	u8 len, verdict;
	bool all;
} rules[RULES];

static bool same_bits(const u8 *a, const u8 *b, unsigned int n)
{
	return !memcmp(a, b, n / 8) &&
	       (!(n % 8) || !((a[n / 8] ^ b[n / 8]) >> (8 - n % 8)));
}

/* Rule by rule as they were given; the longest that still stands. */
static u8 model(size_t n, const u8 *addr)
{
	u8 verdict = KNTP_VERDICT_NONE;
	int best = -1;
	size_t i, k;
	bool gone;

	for (i = 0; i < n; i++) {
		if (!same_bits(rules[i].addr, addr, rules[i].len) ||
		    rules[i].len < best)
			continue;
		gone = false;
		for (k = i + 1; k < n; k++)
			gone |= rules[k].all && rules[k].len <= rules[i].len &&
				same_bits(rules[k].addr, addr, rules[k].len);
		if (gone)
			continue;
		best = rules[i].len;
		verdict = rules[i].verdict;
	}
	/* Who is denied finds nothing. */
	return verdict == KNTP_VERDICT_DENY ? KNTP_VERDICT_NONE : verdict;
}

static u8 ask(const struct access *a, int family, const u8 *addr)
{
	struct sockaddr_storage ss = { .ss_family = (sa_family_t)family };

	if (family == AF_INET)
		memcpy(&((struct sockaddr_in *)&ss)->sin_addr, addr, 4);
	else
		memcpy(&((struct sockaddr_in6 *)&ss)->sin6_addr, addr, 16);
	return access_check(a, (const void *)&ss);
}

/* Few bits differ, so that prefixes lie in each other. */
static void random_address(u8 *addr)
{
	random_bytes(addr, 16);
	addr[0] &= 0x81;
	addr[1] &= 0x03;
	addr[2] &= 0xc0;
}

static void compare(int family)
{
	unsigned int bits = family == AF_INET ? 32 : 128;
	size_t n = 1 + random_below(RULES), i;
	struct access a = { 0 };
	u8 addr[16];

	for (i = 0; i < n; i++) {
		random_address(rules[i].addr);
		rules[i].len = (u8)random_below(bits + 1);
		rules[i].verdict = (u8)(KNTP_VERDICT_ALLOW + random_below(KNTP_VERDICT_MAX));
		rules[i].all = !random_below(8);
		CHECK(!access_add(&a, family, rules[i].addr, rules[i].len,
				  rules[i].verdict, rules[i].all), "refused");
	}
	CHECK(!access_build(&a), "not built");
	for (i = 0; i < ASKED; i++) {
		random_address(addr);
		if (random_below(2))
			memcpy(addr, rules[random_below(n)].addr, 16);
		CHECK(ask(&a, family, addr) == model(n, addr), "verdict %u, not %u",
		      ask(&a, family, addr), model(n, addr));
	}
	access_free(&a);
}

static void test_model(void)
{
	int i;

	for (i = 0; i < 300; i++)
		compare(i % 2 ? AF_INET : AF_INET6);
}

static void test_closed(void)
{
	static const u8 addr[16] = { 192, 0, 2, 1 };
	struct access a = { 0 };

	CHECK(ask(&a, AF_INET, addr) == KNTP_VERDICT_NONE, "not built");
	CHECK(!access_build(&a), "not built");
	CHECK(ask(&a, AF_INET, addr) == KNTP_VERDICT_NONE, "IPv4");
	CHECK(ask(&a, AF_INET6, addr) == KNTP_VERDICT_NONE, "IPv6");
	CHECK(ask(&a, AF_UNIX, addr) == KNTP_VERDICT_NONE, "another family");
	CHECK(!access_allows(&a), "somebody is allowed");
	access_free(&a);
}

static void test_everybody(void)
{
	static const u8 addr[16] = { 192, 0, 2, 1 };
	struct access a = { 0 };

	CHECK(!access_add(&a, AF_INET, addr, 0, KNTP_VERDICT_ALLOW, false),
	      "refused");
	CHECK(!access_add(&a, AF_INET, addr, 32, KNTP_VERDICT_DENY, false),
	      "refused");
	CHECK(access_allows(&a), "nobody is allowed");
	CHECK(!access_build(&a), "not built");
	CHECK(ask(&a, AF_INET, addr) == KNTP_VERDICT_NONE, "the one");
	CHECK(ask(&a, AF_INET6, addr) == KNTP_VERDICT_NONE, "IPv6");
	CHECK(ask(&a, AF_INET, addr + 4) == KNTP_VERDICT_ALLOW, "another");
	access_free(&a);
}

static void test_refused(void)
{
	static const u8 addr[16];
	struct access a = { 0 };

	CHECK(access_add(&a, AF_UNIX, addr, 0, 1, false) == -EINVAL, "family");
	CHECK(access_add(&a, AF_INET, addr, 33, 1, false) == -EINVAL, "length");
	CHECK(access_add(&a, AF_INET6, addr, 129, 1, false) == -EINVAL,
	      "length");
	CHECK(access_add(&a, AF_INET, addr, 8, 0, false) == -EINVAL, "none");
	CHECK(access_add(&a, AF_INET, addr, 8, 5, false) == -EINVAL, "verdict");
	CHECK(!a.v4.n && !a.v6.n, "something was added");
}

static const struct test_case cases[] = {
	{ "closed unless it is opened", test_closed },
	{ "everybody but one", test_everybody },
	{ "the same as a list that is walked", test_model },
	{ "what is no rule is refused", test_refused },
};

TEST_MAIN(cases)
