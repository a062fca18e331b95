// SPDX-License-Identifier: GPL-2.0
/*
 * The IPv4 addresses of this host, for the ingress hook, which comes before
 * routing. (IPv6 has a hash table of its own to ask.)
 */
#include "address.h"

#include <linux/in.h>
#include <linux/inetdevice.h>
#include <linux/log2.h>
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
	set->seen |= 1ULL << (hash >> 26);
	hash >>= 8;
	do {
		slot = &set->slot[hash++ & set->mask];
		if (slot->addr == addr && slot->vrf == vrf) {
			/* MINE goes first: a /31 or /32 has no broadcast */
			slot->kind = min(slot->kind, kind);
			return;
		}
	} while (slot->kind != KNTP_ADDRESS_OTHER);
	*slot = (struct kntp_address){ .addr = addr, .vrf = vrf, .kind = kind };
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
		kfree_rcu(old, rcu);
}

/**
 * kntp_addresses_update() - learn which addresses the host has now
 * @kn: the network namespace
 *
 * Where memory is short none is known, and the ingress hook passes everything
 * up to the local one. Process context, rtnl held.
 */
void kntp_addresses_update(struct kntp_net *kn)
{
	struct kntp_addresses *set;
	const struct in_ifaddr *ifa;
	struct in_device *in_dev;
	struct net_device *dev;
	u32 slots;
	int vrf;

	ASSERT_RTNL();
	slots = roundup_pow_of_two(8 * count_addresses(kn->net) + 8);
	set = kzalloc(struct_size(set, slot, slots), GFP_KERNEL_ACCOUNT);
	if (set) {
		set->mask = slots - 1;
		for_each_netdev(kn->net, dev) {
			in_dev = speaks_ipv4(dev);
			if (!in_dev)
				continue;
			vrf = l3mdev_master_ifindex(dev);
			in_dev_for_each_ifa_rtnl(ifa, in_dev)
				insert_subnet(set, ifa, vrf);
		}
	}
	replace(kn, set);
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
	struct kntp_net *kn = kntp_net(dev_net(ifa->ifa_dev->dev));

	if (rcu_access_pointer(kn->addresses))
		kntp_addresses_update(kn);
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
