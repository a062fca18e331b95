// SPDX-License-Identifier: GPL-2.0
/* user/daemon/ratelimit.c: who may ask how often. */
#include "../../user/daemon/ratelimit.h"
#include "../../user/daemon/conf.h"
#include "harness.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>

static struct sockaddr_storage from(const char *text)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET };

	if (inet_pton(AF_INET, text, &((struct sockaddr_in *)&ss)->sin_addr) == 1)
		return ss;
	ss.ss_family = AF_INET6;
	if (inet_pton(AF_INET6, text, &((struct sockaddr_in6 *)&ss)->sin6_addr) != 1)
		abort();
	return ss;
}

static struct {
	int answered, told, dropped;
} got;

static void ask(const char *who, int n, uint32_t at)
{
	struct sockaddr_storage ss = from(who);

	got.answered = got.told = got.dropped = 0;
	while (n--) {
		switch (ratelimit_ask((const void *)&ss, at)) {
		case RATELIMIT_ANSWER: got.answered++; break;
		case RATELIMIT_TELL: got.told++; break;
		case RATELIMIT_DROP: got.dropped++; break;
		}
	}
}

/* N of them, each so by P. */
static bool likely_of(int count, int n, double p)
{
	return fabs(count - n * p) <= 6 * sqrt(n * p * (1 - p));
}

static void limit(int interval, int burst, int leak, int kod)
{
	struct ratelimit_conf c = { true, interval, burst, leak, kod };

	ratelimit_set(&c);
}

static void test_off(void)
{
	struct ratelimit_conf c = { false, 0, 1, 1, 1 };

	ratelimit_set(&c);
	ask("192.0.2.1", 1000, 5);
	CHECK(got.answered == 1000, "%d answered", got.answered);
}

static void test_burst(void)
{
	limit(12, 8, 2, 0);
	ask("192.0.2.1", 8, 77);
	CHECK(got.answered == 8, "%d at once", got.answered);
	ask("192.0.2.1", 4000, 77);
	CHECK(likely_of(got.answered, 4000, 1 / 4.) && !got.told,
	      "%d of 4000 leak, %d told", got.answered, got.told);
	ask("192.0.2.2", 8, 77);
	CHECK(got.answered == 8, "another client: %d", got.answered);
}

static void test_told(void)
{
	limit(12, 1, 4, 1);
	ask("192.0.2.1", 1, 0);
	ask("192.0.2.1", 4000, 0);
	CHECK(likely_of(got.told, 4000, 15 / 32.), "%d of 4000 told", got.told);
	CHECK(ratelimit_interval() == 12, "interval %d", ratelimit_interval());
}

static void test_refill(void)
{
	limit(1, 2, 4, 0);
	ask("192.0.2.1", 3, 0xffffff00);
	/* Two seconds, over the end of the clock: one token. */
	ask("192.0.2.1", 1, 0xffffff00 + 2000);
	CHECK(got.answered == 1, "a token is back");
	/* However long it was: no more than there is room for. */
	ask("192.0.2.1", 202, 0x70000000);
	CHECK(got.answered >= 2 && likely_of(got.answered - 2, 200, 1 / 16.),
	      "%d after a while", got.answered);
}

static void test_ipv6(void)
{
	limit(12, 2, 4, 0);
	ask("2001:db8:1:2::1", 1, 0);
	ask("2001:db8:1:2::2", 1, 0);
	ask("2001:db8:1:2::3", 400, 0);
	CHECK(likely_of(got.answered, 400, 1 / 16.),
	      "a /64 is one: %d of 400", got.answered);
	ask("2001:db8:1:3::1", 2, 0);
	CHECK(got.answered == 2, "another /64: %d", got.answered);
}

static const struct test_case cases[] = {
	{ "none is limited without it", test_off },
	{ "a burst, and what leaks", test_burst },
	{ "some are told", test_told },
	{ "tokens come back", test_refill },
	{ "IPv6 by /64", test_ipv6 },
};

TEST_MAIN(cases)
