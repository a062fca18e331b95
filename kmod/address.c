// SPDX-License-Identifier: GPL-2.0
/*
 * The IPv4 addresses of this host, for the ingress hook, which comes before
 * routing. (IPv6 has a hash table of its own to ask.)
 */
#include "address.h"

#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/notifier.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/l3mdev.h>

/*
 * An empty slot is all zero, so that 0.0.0.0 is nobody's. Nor is a loopback
 * address, by what comes over a wire (RFC 1122 section 3.2.1.3).
 */
static void insert(struct kntp_addresses *set, __be32 addr, int vrf,
		   enum kntp_address_kind kind)
{
	u32 hash = kntp_address_hash(addr);
	struct kntp_address *slot;

	if (!addr || ipv4_is_loopback(addr))
		return;
	WRITE_ONCE(set->seen, set->seen | 1ULL << (hash >> 26));
	hash >>= 8;
	do {
		slot = &set->slot[hash++ & set->mask];
		if (slot->addr == addr && slot->vrf == vrf) {
			/* MINE goes first: a /31 or /32 has no broadcast */
			WRITE_ONCE(slot->kind, min(slot->kind, kind));
			return;
		}
	} while (slot->kind != KNTP_ADDRESS_OTHER);
	WRITE_ONCE(slot->addr, addr);
	WRITE_ONCE(slot->vrf, vrf);
	/* A reader that sees the kind without the address goes on to look. */
	smp_store_release(&slot->kind, kind);
	set->used++;
}

static void insert_subnet(struct kntp_addresses *set,
			  const struct in_ifaddr *ifa, int vrf)
{
	__be32 net = ifa->ifa_address & ifa->ifa_mask;

	insert(set, ifa->ifa_local, vrf, KNTP_ADDRESS_MINE);
	if (ifa->ifa_prefixlen >= 31)
		return;
	insert(set, net, vrf, KNTP_ADDRESS_BROADCAST);
	insert(set, net | ~ifa->ifa_mask, vrf, KNTP_ADDRESS_BROADCAST);
	insert(set, ifa->ifa_broadcast, vrf, KNTP_ADDRESS_BROADCAST);
}

/* The next device of the namespace that is up and speaks IPv4. */
static struct in_device *speaks_ipv4(const struct net_device *dev)
{
	return dev->flags & IFF_UP ? __in_dev_get_rtnl(dev) : NULL;
}

static unsigned int count_addresses(struct net *net)
{
	const struct in_ifaddr *ifa;
	struct in_device *in_dev;
	struct net_device *dev;
	unsigned int n = 0;

	for_each_netdev(net, dev) {
		in_dev = speaks_ipv4(dev);
		if (in_dev)
			in_dev_for_each_ifa_rtnl(ifa, in_dev)
				n++;
	}
	return n;
}

static void replace(struct kntp_net *kn, struct kntp_addresses *set)
{
	struct kntp_addresses *old;

	ASSERT_RTNL();
	old = rcu_replace_pointer(kn->addresses, set, rtnl_is_locked());
	if (old)
		kvfree_rcu(old, rcu);
}

/* Whether one more subnet fits: half of the slots stay empty. */
static bool has_room(const struct kntp_addresses *set)
{
	return 2 * (set->used + 4) <= set->mask + 1;
}

/**
 * kntp_addresses_update() - Learn which addresses the host has now
 * @kn: the network namespace
 *
 * Where memory is short the old set stays, and the next change of an address
 * or a device tries again. Process context, rtnl held. Return: 0 or -ENOMEM.
 */
int kntp_addresses_update(struct kntp_net *kn)
{
	struct kntp_addresses *set;
	const struct in_ifaddr *ifa;
	struct in_device *in_dev;
	struct net_device *dev;
	u32 slots;
	int vrf;

	ASSERT_RTNL();
	slots = roundup_pow_of_two(8 * count_addresses(kn->net) + 8);
	set = kvzalloc(struct_size(set, slot, slots),
		       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	kn->addresses_stale = !set;
	if (!set)
		return -ENOMEM;
	set->mask = slots - 1;
	for_each_netdev(kn->net, dev) {
		in_dev = speaks_ipv4(dev);
		if (!in_dev)
			continue;
		vrf = l3mdev_master_ifindex(dev);
		in_dev_for_each_ifa_rtnl(ifa, in_dev)
			insert_subnet(set, ifa, vrf);
	}
	replace(kn, set);
	return 0;
}

/**
 * kntp_addresses_drop() - know no addresses
 * @kn: the network namespace
 *
 * Process context, rtnl held.
 */
void kntp_addresses_drop(struct kntp_net *kn)
{
	replace(kn, NULL);
}

static int address_changed(struct notifier_block *nb, unsigned long event,
			   void *data)
{
	const struct in_ifaddr *ifa = data;
	struct net_device *dev = ifa->ifa_dev->dev;
	struct kntp_net *kn = kntp_net(dev_net(dev));
	struct kntp_addresses *set;

	ASSERT_RTNL();
	if (list_empty(&kn->listeners))
		return NOTIFY_DONE;
	set = rtnl_dereference(kn->addresses);
	/* So that adding n addresses costs n; one that goes means a new set. */
	if (event == NETDEV_UP && set && !kn->addresses_stale && has_room(set)) {
		if (dev->flags & IFF_UP)
			insert_subnet(set, ifa, l3mdev_master_ifindex(dev));
	} else {
		kntp_addresses_update(kn);
	}
	return NOTIFY_DONE;
}

static struct notifier_block address_notifier = {
	.notifier_call = address_changed,
};

/**
 * kntp_address_init() - begin to watch addresses
 *
 * Process context. Return: 0 or a negative error.
 */
int kntp_address_init(void)
{
	return register_inetaddr_notifier(&address_notifier);
}

/**
 * kntp_address_exit() - watch no more
 *
 * Process context.
 */
void kntp_address_exit(void)
{
	unregister_inetaddr_notifier(&address_notifier);
}
