// SPDX-License-Identifier: GPL-2.0
#include "client.h"

#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/netdevice.h>
#include <net/dst.h>
#include "clock.h"
#include "core/mix.h"
#include "core/ntptime.h"
#include "core/reply.h"
#include "event.h"
#include "kntp.h"
#include "limit.h"
#include "stamp.h"

/*
 * A unit of the slots' ages, one to two minutes, in jiffies: a client that was not
 * seen for SLOTS_STALE of them, two to four hours, is worth no more than a new one.
 */
#define AGE_SHIFT	(ilog2(HZ) + 7)
/* Replies before a client is one of those who have what there is of them first. */
#define ESTABLISHED	2

/* By 64 bits: it does not go round while the machine runs, with any HZ. */
static u32 age_now(void)
{
	u64 now = get_jiffies_64();

	return now >> AGE_SHIFT;
}

/*
 * Where a client has its place. A bucket is bounded: a sender who knew which
 * addresses share one could drive out somebody's entry, no more, and no sender
 * is ever told a hash.
 */
static u64 hash_of(const struct kntp_clients *table, u64 hi, u64 lo)
{
	return mix(table->secret, hi, lo);
}

/* No empty slot has it. */
static u8 tag_of(u64 hash)
{
	return (u8)hash | 0x80;
}

static noinline struct kntp_client *enter(struct kntp_clients *table,
					  struct kntp_bucket *bucket,
					  struct kntp_client *clients,
					  u64 hi, u64 lo, u64 hash)
{
	unsigned int slot = slots_give(&bucket->slots, tag_of(hash), age_now(),
				       hash >> 8);
	struct kntp_client *client = &clients[slot];

	if (!client->first)
		atomic_inc(&table->used);
	/* Whoever waits for a stamp of the one before waits for nothing now. */
	atomic64_set(&client->transmit, 0);
	client->key[0] = hi;
	client->key[1] = lo;
	client->receive = 0;
	client->last = jiffies;
	client->first = client->last ?: 1;
	client->requests = 0;
	client->refused = 0;
	client->interleaved = 0;
	client->tokens = BUCKET_FULL;
	client->li_vn_mode = 0;
	client->poll = 0;
	client->flags = 0;
	return client;
}

/* Whether two moments are of different units of the age clock. */
static bool has_aged(u32 then, u32 now)
{
	return (then ^ now) >> AGE_SHIFT;
}

static struct kntp_client *find(struct kntp_clients *table,
				struct kntp_bucket *bucket,
				struct kntp_client *clients, u64 hi, u64 lo,
				u64 hash)
{
	struct kntp_client *client;
	unsigned int slot;
	u64 match;

	for (match = slots_match(&bucket->slots, tag_of(hash)); match;
	     match &= match - 1) {
		slot = slots_first(match);
		client = &clients[slot];
		if (unlikely(client->key[0] != hi || client->key[1] != lo))
			continue;
		/* Known from the second time on, and not aged since. */
		if (unlikely(client->requests == 1 ||
			     has_aged(client->last, jiffies)))
			slots_use(&bucket->slots, slot, age_now());
		return client;
	}
	return enter(table, bucket, clients, hi, lo, hash);
}

/*
 * RFC 9769 section 3: the request says which reply it means by that one's
 * receive time; the answer is when that one was sent.
 */
static bool interleave(struct ntp_header *ntp, const struct kntp_client *client,
		       s64 sent, __be64 client_received, u32 era)
{
	u64 transmit;

	if (sent <= 0 || client->era != era)
		return false;
	transmit = ntp_as_transmit(ntp_from_unix(sent));
	/* Sent before it was asked for, or a second later, is another one's. */
	if (transmit - be64_to_cpu(client->receive) >= 1ULL << 32)
		return false;
	ntp->origin = client_received;
	ntp->transmit = cpu_to_be64(transmit);
	return true;
}

static struct net_device *sent_by(const struct sk_buff *skb)
{
	return skb_dst(skb) ? skb_dst(skb)->dev : skb->dev;
}

/* To who says which reply it had, by a time of it. */
static noinline void reply_after(struct kntp_clients *table,
				 struct kntp_client *client, struct sk_buff *skb,
				 struct ntp_header *ntp, ktime_t received,
				 enum kntp_hook hook)
{
	__be64 origin = ntp->origin, client_received = ntp->receive, receive;
	bool asks = ntp_mode(ntp->li_vn_mode) == NTP_MODE_CLIENT &&
		    client_received != ntp->transmit;
	s64 transmit = atomic64_read(&client->transmit);
	bool by_device = transmit > 0 && kntp_stamp_by_device(transmit);
	struct kntp_net *kn = table->kn;
	u64 error = 0;
	u32 era;

	/* An interleaved reply has the device's stamp, so its error, in it. */
	if (by_device && asks && origin == client->receive)
		error = kntp_stamp_error_of(client->tx_error);
	era = kntp_clock_reply_within(ntp, received, error);
	receive = ntp->receive;
	if (!asks) {
		client->flags &= ~KNTP_CLIENT_INTERLEAVES;
	} else if (origin == client->receive) {
		client->flags |= KNTP_CLIENT_INTERLEAVES;
		if (interleave(ntp, client, transmit, client_received, era)) {
			client->interleaved++;
			kntp_count(&kn->stats, hook, KNTP_STAT_OF_INTERLEAVED);
			if (by_device)
				kntp_count(&kn->stats, hook,
					   KNTP_STAT_OF_TX_DEVICE);
		} else if (transmit < 0) {
			/* The driver was asked for a stamp and gave none yet. */
			kntp_count(&kn->stats, hook, KNTP_STAT_OF_TX_LOST);
		}
	}
	client->receive = receive;
	client->era = era;
	/* All that is said of the reply, before the stamp that completes it. */
	if (client->flags & KNTP_CLIENT_INTERLEAVES)
		atomic64_set_release(&client->transmit,
				     kntp_stamp_request(kn->stamps, skb,
							client - table->clients,
							sent_by(skb),
							&client->tx_error));
	else
		atomic64_set(&client->transmit, 0);
}

/* The bucket where a client has its place, and the first of its clients. */
static struct kntp_bucket *bucket_of(struct kntp_clients *table, u64 hash,
				     struct kntp_client **clients)
{
	u32 at = (hash >> 32) * table->count >> 32;

	*clients = &table->clients[(size_t)at * SLOTS];
	return &table->buckets[at];
}

/* What a limit says of one request: nothing, or some of these. */
enum verdict {
	REFUSED = 1,
	TELL = 2,	/* and it is told so */
	CROSSED = 4,	/* the first one that is */
};

static noinline unsigned int judge_excess(struct kntp_client *client,
					  const struct kntp_limits *limits,
					  const struct kntp_limit *limit)
{
	unsigned int verdict = REFUSED;
	bool kiss;

	if (!kntp_limit_refuses(limits, limit, &kiss))
		return 0;
	if (kiss)
		verdict |= TELL;
	if (!(client->flags & KNTP_CLIENT_LIMITED))
		verdict |= CROSSED;
	client->flags |= KNTP_CLIENT_LIMITED;
	client->refused++;
	return verdict;
}

/* Of a client whose bucket is locked, which has asked NOW. LIMIT: of LIMITS. */
static unsigned int judge(struct kntp_client *client, u32 now,
			  const struct kntp_limits *limits,
			  const struct kntp_limit *limit)
{
	u32 elapsed = now - client->last;

	client->last = now;
	if (unlikely(!bucket_take(&client->tokens, elapsed, &limit->rate)))
		return judge_excess(client, limits, limit);
	if (unlikely(client->flags & KNTP_CLIENT_LIMITED) &&
	    client->tokens >= limit->rate.full / 2)
		client->flags &= ~KNTP_CLIENT_LIMITED;
	return 0;
}

/*
 * All of a prefix has asked once more. Its entry is where hardly any client's
 * is: the lower half of an IPv6 prefix is 0, and above a mapped address there
 * is nothing else.
 */
static unsigned int judge_prefix(struct kntp_net *kn,
				 const struct kntp_asker *who,
				 const struct kntp_limits *limits)
{
	bool is4 = kntp_acl_is_mapped(who->address[0], who->address[1]);
	unsigned int len = is4 ? limits->prefix4 : limits->prefix6;
	struct kntp_clients *table = who->table;
	struct kntp_client *client, *clients;
	struct kntp_bucket *bucket;
	unsigned int verdict;
	u64 key[2], hash;

	if (!len)
		return 0;
	key[0] = is4 ? len : who->address[0] & ~0ULL << (64 - len);
	key[1] = is4 ? who->address[1] & ~0ULL << (32 - len) : ~(u64)len;
	hash = hash_of(table, key[0], key[1]);
	bucket = bucket_of(table, hash, &clients);
	raw_spin_lock(&bucket->lock);
	client = find(table, bucket, clients, key[0], key[1], hash);
	client->flags |= KNTP_CLIENT_PREFIX;
	client->len = len;
	verdict = judge(client, jiffies, limits, &limits->prefix);
	client->requests += !verdict;
	raw_spin_unlock(&bucket->lock);
	if (unlikely(verdict & CROSSED))
		kntp_event_limited(kn, key, len);
	return verdict;
}

/* What is told is not signed. */
static enum kntp_stat refuse(struct kntp_asker *who, enum kntp_stat stat,
			     struct kntp_limits *limits,
			     const struct kntp_limit *limit,
			     unsigned int verdict)
{
	who->stat = stat;
	who->key = NULL;
	who->mac_len = 0;
	if (verdict & TELL && kntp_limit_kiss(limits)) {
		who->kiss = NTP_KISS_RATE;
		who->poll = max(who->poll, limit->interval);
	}
	return stat;
}

/* What all together are allowed, behind what the client itself is. */
static enum kntp_stat limit_rest(struct kntp_net *kn, struct kntp_asker *who,
				 struct kntp_limits *limits, bool known)
{
	unsigned int verdict;

	if (limits->prefix.rate.cost && who->table) {
		verdict = judge_prefix(kn, who, limits);
		if (unlikely(verdict))
			return refuse(who, KNTP_STAT_DROP_PREFIX, limits,
				      &limits->prefix, verdict);
	}
	if (limits->budget.in_window && !kntp_limit_spends(limits, known))
		return who->stat = KNTP_STAT_DROP_BUDGET;
	return 0;
}

/* How it has asked. */
static void note(struct kntp_client *client, const struct ntp_header *ntp)
{
	client->li_vn_mode = ntp->li_vn_mode;
	client->poll = ntp->poll;
}

/**
 * kntp_client_limit() - whether a client may ask once more
 * @kn: the network namespace
 * @who: is told whose it is
 * @limits: which there are, or NULL
 * @hi: its IPv6 address, or an IPv4-mapped one
 * @lo: the lower half of it
 * @ifindex: as kntp_client_key6() takes it
 * @ntp: the request's header
 *
 * Softirq, RCU read side. Return: 0 or what the request is to be counted as; it
 * is replied to all the same when there is a @kiss for @who.
 */
enum kntp_stat kntp_client_limit(struct kntp_net *kn, struct kntp_asker *who,
				 struct kntp_limits *limits, u64 hi, u64 lo,
				 int ifindex, const struct ntp_header *ntp)
{
	struct kntp_clients *table = rcu_dereference(kn->clients.table);
	struct kntp_client *client, *clients;
	struct kntp_client_key key;
	struct kntp_bucket *bucket;
	unsigned int verdict = 0;
	bool known;
	u64 hash;

	if (unlikely(!table))
		return limits ? limit_rest(kn, who, limits, true) : 0;
	if (!kntp_acl_is_mapped(hi, lo)) {
		key = kntp_client_key6(table, hi, lo, ifindex);
		hi = key.hi;
		lo = key.lo;
	}
	who->table = table;
	who->address[0] = hi;
	who->address[1] = lo;
	hash = hash_of(table, hi, lo);
	bucket = bucket_of(table, hash, &clients);
	raw_spin_lock(&bucket->lock);
	client = find(table, bucket, clients, hi, lo, hash);
	known = client->requests >= ESTABLISHED;
	if (limits && limits->client.rate.cost)
		verdict = judge(client, jiffies, limits, &limits->client);
	else
		client->last = jiffies;
	note(client, ntp);
	raw_spin_unlock(&bucket->lock);
	who->client = client;
	if (unlikely(verdict & CROSSED))
		kntp_event_limited(kn, who->address, 0);
	if (unlikely(verdict))
		return refuse(who, KNTP_STAT_DROP_RATE, limits,
			      &limits->client, verdict);
	return limits ? limit_rest(kn, who, limits, known) : 0;
}

/* To a client whose bucket is locked. */
static void reply_to(struct kntp_clients *table, struct kntp_client *client,
		     struct sk_buff *skb, struct ntp_header *ntp,
		     ktime_t received, enum kntp_hook hook)
{
	if (likely(!ntp->origin)) {
		atomic64_set(&client->transmit, 0);
		client->era = kntp_clock_reply(ntp, received);
		client->receive = ntp->receive;
	} else {
		reply_after(table, client, skb, ntp, received, hook);
	}
}

static struct ntp_header *header_of(struct sk_buff *skb, unsigned int behind)
{
	return (void *)(skb_tail_pointer(skb) - behind - NTP_HEADER_LEN);
}

/**
 * kntp_client_reply() - kntp_clock_reply() to a client that is kept in mind
 * @table: the client table
 * @hi: the client: kntp_client_key6(), or an IPv4-mapped address
 * @lo: the lower half of it
 * @skb: the packet, which ends with the request's header; from here on the reply
 * @received: when it arrived, as kntp_clock_reply() takes it
 * @hook: where it was seen
 *
 * In interleaved mode where the client asks for it and when the reply before
 * was sent is known. Softirq, RCU read side.
 */
void kntp_client_reply(struct kntp_clients *table, u64 hi, u64 lo,
		       struct sk_buff *skb, ktime_t received,
		       enum kntp_hook hook)
{
	struct ntp_header *ntp = header_of(skb, 0);
	u64 hash = hash_of(table, hi, lo);
	struct kntp_client *client;
	struct kntp_bucket *bucket;

	bucket = bucket_of(table, hash, &client);
	raw_spin_lock(&bucket->lock);
	client = find(table, bucket, client, hi, lo, hash);
	client->last = jiffies;
	note(client, ntp);
	client->requests++;
	reply_to(table, client, skb, ntp, received, hook);
	raw_spin_unlock(&bucket->lock);
}

/**
 * kntp_client_tell() - kntp_client_reply() to a client that was limited
 * @who: the client, of kntp_client_limit()
 * @skb: the packet, which ends with the request's header and the room for a MAC;
 *	from here on the reply
 * @received: when it arrived, as kntp_clock_reply() takes it
 * @hook: where it was seen
 *
 * Or a kiss code. Softirq, in the RCU read side of that look-up.
 */
void kntp_client_tell(const struct kntp_asker *who, struct sk_buff *skb,
		      ktime_t received, enum kntp_hook hook)
{
	struct kntp_client *client = who->client;
	struct kntp_clients *table = who->table;
	struct ntp_header *ntp = header_of(skb, who->mac_len);
	struct kntp_bucket *bucket;

	if (who->kiss) {
		ntp_kiss(ntp, who->kiss, who->poll);
		return;
	}
	/* Nobody knows whose a request is that was not authenticated. */
	if (!table || who->stat) {
		kntp_clock_reply(ntp, received);
		return;
	}
	bucket = &table->buckets[(client - table->clients) / SLOTS];
	raw_spin_lock(&bucket->lock);
	/* It may have been given to another meanwhile. */
	if (likely(client->key[0] == who->address[0] &&
		   client->key[1] == who->address[1])) {
		client->requests++;
		reply_to(table, client, skb, ntp, received, hook);
	} else {
		kntp_clock_reply(ntp, received);
	}
	raw_spin_unlock(&bucket->lock);
}
