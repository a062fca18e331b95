/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_ADDRESS_H
#define _KNTP_ADDRESS_H

#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include "kntp.h"

enum kntp_address_kind {
	KNTP_ADDRESS_OTHER,
	KNTP_ADDRESS_MINE,
	KNTP_ADDRESS_BROADCAST,		/* of one of my subnets */
};

/**
 * struct kntp_address - an IPv4 address that means something here
 * @addr: the address
 * @vrf: ifindex of the VRF it belongs to, or 0
 * @kind: enum kntp_address_kind; KNTP_ADDRESS_OTHER where the slot is empty
 */
struct kntp_address {
	__be32 addr;
	int vrf;
	enum kntp_address_kind kind;
};

/**
 * struct kntp_addresses - those of a network namespace
 * @rcu: frees it
 * @used: slots that are not empty; writers alone
 * @seen: a bit for each hash that occurs: most sources end here
 * @mask: slots less one; a power of two, at least half of them empty
 * @slot: open addressing. A slot is filled while readers look, its kind last;
 *	it is never emptied or moved: for that there is a new set.
 */
struct kntp_addresses {
	struct rcu_head rcu;
	u64 seen;
	u32 mask;
	u32 used;
	struct kntp_address slot[];
};

static inline u32 kntp_address_hash(__be32 addr)
{
	return (__force u32)addr * 0x9e3779b1U;
}

/**
 * kntp_address_kind() - what an IPv4 address is to this host
 * @kn: the network namespace
 * @addr: the address
 * @vrf: ifindex of the VRF that asks, or 0
 *
 * Addresses that are local by a route alone are not known here.
 * Softirq, RCU read side.
 */
static inline enum kntp_address_kind
kntp_address_kind(const struct kntp_net *kn, __be32 addr, int vrf)
{
	const struct kntp_addresses *set = rcu_dereference(kn->addresses);
	u32 hash = kntp_address_hash(addr);
	const struct kntp_address *slot;

	if (!set || !(set->seen >> (hash >> 26) & 1))
		return KNTP_ADDRESS_OTHER;
	hash >>= 8;
	do {
		slot = &set->slot[hash++ & set->mask];
		if (slot->addr == addr && slot->vrf == vrf)
			break;
	} while (slot->kind != KNTP_ADDRESS_OTHER);
	return slot->kind;
}

int kntp_addresses_update(struct kntp_net *kn);
void kntp_addresses_drop(struct kntp_net *kn);

int kntp_address_init(void);
void kntp_address_exit(void);

#endif /* _KNTP_ADDRESS_H */
