// SPDX-License-Identifier: GPL-2.0
#include "ratelimit.h"
#include "conf.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#include "core/bucket.h"
#include "core/slots.h"

/* Clients that are kept in mind; a unit of their age is about a minute. */
#define BUCKETS		512
#define AGE_SHIFT	16
#define TICKS		1000	/* of the clock, in a second */

struct client {
	uint64_t key;
	uint32_t tokens, last;
};

static struct {
	struct ratelimit_conf conf;
	struct bucket_rate rate;
	uint64_t secret[2];
	struct slots slots[BUCKETS];
	struct client client[BUCKETS][SLOTS];
} limits;

/**
 * ratelimit_set() - limit clients, or do not
 * @c: how; copied
 */
void ratelimit_set(const struct ratelimit_conf *c)
{
	memset(&limits, 0, sizeof(limits));
	if (!c->enabled || getrandom(limits.secret, sizeof(limits.secret), 0) !=
			   sizeof(limits.secret))
		return;
	limits.conf = *c;
	bucket_rate_init(&limits.rate, c->interval, (unsigned int)c->burst,
			 TICKS);
}

/* An IPv4 address, or the first half of an IPv6 one. */
static uint64_t key_of(const struct sockaddr *from)
{
	const struct sockaddr_in6 *in6 = (const void *)from;
	const struct sockaddr_in *in = (const void *)from;
	uint64_t key = 0;

	if (from->sa_family == AF_INET6)
		memcpy(&key, &in6->sin6_addr, sizeof(key));
	else
		key = in->sin_addr.s_addr;
	return key;
}

static struct client *find(uint64_t key, uint32_t at)
{
	uint64_t hash = mul_u64_u64_shr(key ^ limits.secret[0],
					limits.secret[1] | 1, 64) ^
			(key ^ limits.secret[0]) * (limits.secret[1] | 1);
	struct slots *slots = &limits.slots[(hash >> 32) % BUCKETS];
	struct client *clients = limits.client[(hash >> 32) % BUCKETS];
	uint8_t tag = (uint8_t)hash | 0x80, age = (uint8_t)(at >> AGE_SHIFT);
	unsigned int slot;
	uint64_t match;

	for (match = slots_match(slots, tag); match; match &= match - 1) {
		slot = slots_first(match);
		if (clients[slot].key == key) {
			slots_use(slots, slot, age);
			return &clients[slot];
		}
	}
	slot = slots_give(slots, tag, age, (unsigned int)(hash >> 8));
	clients[slot] = (struct client){ key, BUCKET_FULL, at };
	return &clients[slot];
}

static bool chance(int one_in)
{
	uint32_t random;

	return one_in &&
	       getrandom(&random, sizeof(random), 0) == sizeof(random) &&
	       !(random & ((1U << one_in) - 1));
}

/**
 * ratelimit_ask() - whether a client may ask once more
 * @from: it
 * @at: when, ms of any clock
 */
enum ratelimit ratelimit_ask(const struct sockaddr *from, uint32_t at)
{
	struct client *client;
	uint32_t elapsed;

	if (!limits.conf.enabled)
		return RATELIMIT_ANSWER;
	client = find(key_of(from), at);
	elapsed = at - client->last;
	client->last = at;
	if (bucket_take(&client->tokens, elapsed, &limits.rate) ||
	    chance(limits.conf.leak))
		return RATELIMIT_ANSWER;
	return chance(limits.conf.kod) ? RATELIMIT_TELL : RATELIMIT_DROP;
}

/**
 * ratelimit_interval() - how often one may ask, log2 s
 */
int8_t ratelimit_interval(void)
{
	return (int8_t)limits.conf.interval;
}
