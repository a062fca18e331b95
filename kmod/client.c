// SPDX-License-Identifier: GPL-2.0
#include "client.h"

#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/vmalloc.h>
#include <net/dst.h>
#include "clock.h"
#include "core/ntptime.h"
#include "kntp.h"
#include "stamp.h"

/* A unit of the slots' age clock, one to two minutes, in jiffies. */
#define AGE_SHIFT	(ilog2(HZ) + 6)

static u8 age_now(void)
{
	u32 now = jiffies;

	return now >> AGE_SHIFT;
}

static u64 fold(u64 a, u64 b)
{
	return mul_u64_u64_shr(a, b, 64) ^ a * b;
}

/*
 * Where a client has its place. A bucket is bounded, so who knew which others
 * share it could drive out somebody's entry, no more; and to learn that without
 * ever being told a hash, two multiplications by secrets are in the way. A
 * SipHash would cost a tenth of the whole reply.
 */
static u64 hash_of(const struct kntp_clients *table, u64 hi, u64 lo)
{
	return fold(fold(hi ^ table->secret[0], lo ^ table->secret[1]) ^
		    table->secret[2], table->secret[3]);
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
	client->interleaved = 0;
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
		       __be64 client_received, u32 era)
{
	s64 sent = atomic64_read(&client->transmit);
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
	struct kntp_net *kn = table->kn;
	u32 era;

	era = kntp_clock_reply(ntp, received);
	receive = ntp->receive;
	if (!asks) {
		client->flags = 0;
	} else if (origin == client->receive) {
		client->flags = KNTP_CLIENT_INTERLEAVES;
		if (interleave(ntp, client, client_received, era)) {
			client->interleaved++;
			kntp_count(&kn->stats, hook, KNTP_STAT_OF_INTERLEAVED);
			if (kntp_stamp_by_device(atomic64_read(&client->transmit)))
				kntp_count(&kn->stats, hook,
					   KNTP_STAT_OF_TX_DEVICE);
		}
	}
	client->receive = receive;
	client->era = era;
	/* All that is said of the reply, before the stamp that completes it. */
	if (client->flags & KNTP_CLIENT_INTERLEAVES)
		atomic64_set_release(&client->transmit,
				     kntp_stamp_request(kn->stamps, skb,
							client - table->clients,
							sent_by(skb)));
	else
		atomic64_set(&client->transmit, 0);
}

/**
 * kntp_client_reply() - kntp_clock_reply() to a client that is kept in mind
 * @table: the client table
 * @hi: the client: its IPv6 address, masked, or an IPv4-mapped one
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
	struct ntp_header *ntp = (void *)(skb_tail_pointer(skb) - NTP_HEADER_LEN);
	u64 hash = hash_of(table, hi, lo);
	u32 at = (hash >> 32) * table->count >> 32;
	struct kntp_bucket *bucket = &table->buckets[at];
	struct kntp_client *client;

	raw_spin_lock(&bucket->lock);
	client = find(table, bucket, &table->clients[(size_t)at * SLOTS], hi, lo,
		      hash);
	client->last = jiffies;
	client->requests++;
	memcpy(client->asked, ntp, sizeof(client->asked));
	if (likely(!ntp->origin)) {
		atomic64_set(&client->transmit, 0);
		client->era = kntp_clock_reply(ntp, received);
		client->receive = ntp->receive;
	} else {
		reply_after(table, client, skb, ntp, received, hook);
	}
	raw_spin_unlock(&bucket->lock);
}

static void table_free(struct kntp_clients *table)
{
	if (!table)
		return;
	vfree(table->buckets);
	vfree(table->clients);
	kfree(table);
}

/* Charged to who asks for it: a namespace's root may want much. */
static void *zalloc(size_t n, size_t size)
{
	return __vmalloc(array_size(n, size), GFP_KERNEL_ACCOUNT | __GFP_ZERO);
}

static struct kntp_clients *table_alloc(struct kntp_net *kn, u32 entries,
					u8 prefix6)
{
	static atomic_t generations = ATOMIC_INIT(0);
	struct kntp_clients *table;
	u32 i;

	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;
	table->kn = kn;
	table->count = DIV_ROUND_UP(entries, SLOTS);
	table->buckets = zalloc(table->count, sizeof(*table->buckets));
	table->clients = zalloc(table->count, SLOTS * sizeof(*table->clients));
	if (!table->buckets || !table->clients) {
		table_free(table);
		return NULL;
	}
	for (i = 0; i < table->count; i++)
		raw_spin_lock_init(&table->buckets[i].lock);
	table->prefix6 = prefix6;
	table->mask6[0] = ~0ULL << (64 - min_t(u8, prefix6, 64));
	table->mask6[1] = prefix6 > 64 ? ~0ULL << (128 - prefix6) : 0;
	get_random_bytes(table->secret, sizeof(table->secret));
	table->generation = atomic_inc_return(&generations);
	return table;
}

/**
 * kntp_client_init() - no table yet, only what it will be
 * @kn: the namespace
 *
 * A small one where anybody could make namespaces. Process context.
 */
void kntp_client_init(struct kntp_net *kn)
{
	kn->clients.entries = kn->net->user_ns == &init_user_ns ?
			      KNTP_CLIENT_ENTRIES_DEFAULT :
			      KNTP_CLIENT_ENTRIES_MIN;
	kn->clients.prefix6 = KNTP_CLIENT_PREFIX6_DEFAULT;
}

/**
 * kntp_client_start() - set up the table of a network namespace, once
 * @kn: the namespace
 *
 * As kntp_stats_start(). Process context, rtnl held. Return: 0 or -ENOMEM.
 */
int kntp_client_start(struct kntp_net *kn)
{
	struct kntp_client_set *set = &kn->clients;
	struct kntp_clients *table;

	ASSERT_RTNL();
	if (rtnl_dereference(set->table) || !set->entries)
		return 0;
	table = table_alloc(kn, set->entries, set->prefix6);
	if (!table)
		return -ENOMEM;
	rcu_assign_pointer(set->table, table);
	return 0;
}

/**
 * kntp_client_exit() - free the table; nobody asks any more
 * @set: the namespace's
 *
 * Process context.
 */
void kntp_client_exit(struct kntp_client_set *set)
{
	table_free(rcu_dereference_protected(set->table, true));
}

/**
 * kntp_client_resize() - another table in the place of this one
 * @kn: the namespace, which was listened to
 * @entries: how many clients it shall hold; 0: there shall be none
 * @prefix6: by what length of prefix IPv6 is told apart, 1 to 128
 *
 * It begins empty, unless it would be as it is. Process context, rtnl held.
 * Return: 0 or -ENOMEM, and then all is as it was.
 */
int kntp_client_resize(struct kntp_net *kn, u32 entries, u8 prefix6)
{
	struct kntp_client_set *set = &kn->clients;
	struct kntp_clients *table = NULL, *old;

	ASSERT_RTNL();
	if (entries == set->entries && prefix6 == set->prefix6)
		return 0;
	if (entries) {
		table = table_alloc(kn, entries, prefix6);
		if (!table)
			return -ENOMEM;
	}
	set->entries = entries;
	set->prefix6 = prefix6;
	old = rtnl_dereference(set->table);
	rcu_assign_pointer(set->table, table);
	synchronize_net();
	table_free(old);
	return 0;
}

/**
 * kntp_client_flush() - forget all clients
 * @set: the namespace's
 *
 * Bucket by bucket, while requests are answered. Process context, rtnl held.
 */
void kntp_client_flush(struct kntp_client_set *set)
{
	struct kntp_clients *table = rtnl_dereference(set->table);
	u32 i, slot;

	for (i = 0; table && i < table->count; i++) {
		struct kntp_bucket *bucket = &table->buckets[i];

		raw_spin_lock_bh(&bucket->lock);
		memset(&bucket->slots, 0, sizeof(bucket->slots));
		for (slot = 0; slot < SLOTS; slot++) {
			struct kntp_client *client =
				&table->clients[(size_t)i * SLOTS + slot];

			if (client->first)
				atomic_dec(&table->used);
			client->first = 0;
			atomic64_set(&client->transmit, 0);
		}
		raw_spin_unlock_bh(&bucket->lock);
		cond_resched();
	}
}

/**
 * kntp_client_copy() - the clients of one bucket, all as of one moment
 * @table: the table
 * @bucket: which one, below its count
 * @copies: where to
 *
 * BH not disabled. Return: how many there are.
 */
unsigned int kntp_client_copy(struct kntp_clients *table, u32 bucket,
			      struct kntp_client copies[SLOTS])
{
	const struct kntp_client *client =
		&table->clients[(size_t)bucket * SLOTS];
	unsigned int slot, n = 0;

	if (!READ_ONCE(table->buckets[bucket].slots.tags))
		return 0;
	raw_spin_lock_bh(&table->buckets[bucket].lock);
	for (slot = 0; slot < SLOTS; slot++)
		if (client[slot].first)
			memcpy(&copies[n++], &client[slot], sizeof(*client));
	raw_spin_unlock_bh(&table->buckets[bucket].lock);
	return n;
}
