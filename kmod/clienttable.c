// SPDX-License-Identifier: GPL-2.0
/* The client table but for requests: made, set up, emptied and read. */
#include "client.h"

#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/user_namespace.h>
#include <linux/vmalloc.h>
#include "kntp.h"

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
