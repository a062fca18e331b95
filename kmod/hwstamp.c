// SPDX-License-Identifier: GPL-2.0
#include "hwstamp.h"

#include <linux/if_ether.h>
#include <linux/if_macvlan.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/bonding.h>
#include "clock.h"
#include "kntp.h"

/* A stamp that is older, or that much to come, is none of this packet. */
#define STAMP_AGE_MAX	(100 * NSEC_PER_MSEC)
#define STAMP_AHEAD_MAX	(10 * NSEC_PER_USEC)

/* RCU read side. */
static struct kntp_phc *find(const struct kntp_net *kn, int ifindex)
{
	struct kntp_phc *phc;

	list_for_each_entry_rcu(phc, &kn->phcs, list)
		if (phc->ifindex == ifindex)
			return phc;
	return NULL;
}

/*
 * The one that sends for a bond, or one of those that do where one clock serves
 * all of them; else NULL. RCU read side.
 */
static struct net_device *bond_sender(const struct kntp_net *kn,
				      struct net_device *dev)
{
	struct bonding *bond = netdev_priv(dev);
	const struct kntp_phc *first = NULL, *phc;
	struct net_device *sender = NULL;
	struct list_head *iter;
	struct slave *slave;

	if (BOND_MODE(bond) == BOND_MODE_ACTIVEBACKUP)
		return bond_option_active_slave_get_rcu(bond);
	bond_for_each_slave_rcu(bond, slave, iter) {
		phc = find(kn, slave->dev->ifindex);
		if (!phc || (first && phc->index != first->index))
			return NULL;
		first = phc;
		sender = slave->dev;
	}
	return sender;
}

/* What a device sends by, where it is none itself; else NULL. */
static struct net_device *below(const struct kntp_net *kn,
				struct net_device *dev)
{
	if (is_vlan_dev(dev))
		return vlan_dev_real_dev(dev);
	if (netif_is_macvlan(dev))
		return macvlan_dev_real_dev(dev);
	if (netif_is_bond_master(dev))
		return bond_sender(kn, dev);
	return NULL;
}

/*
 * The hardware clock that a device's packets are stamped by: of what is known,
 * that of the nearest one on the way down; DEV becomes that one.
 */
static struct kntp_phc *find_below(const struct kntp_net *kn,
				   struct net_device **dev)
{
	struct net_device *at;
	struct kntp_phc *phc;

	if (list_empty(&kn->phcs))
		return NULL;
	/* Indices of another namespace mean other devices. */
	for (at = *dev; at && net_eq(dev_net(at), kn->net); at = below(kn, at)) {
		phc = find(kn, at->ifindex);
		if (phc) {
			*dev = at;
			return phc;
		}
	}
	return NULL;
}

/**
 * kntp_phc_may_stamp() - whether a device may be asked to stamp what it sends
 * @kn: the network namespace
 * @dev: the device; a VLAN, a macvlan or a bond sends by another
 *
 * Not where its hardware clock is not known, nor more often than its rate says:
 * a device may have room for one stamp, and others, such as PTP, live by it.
 * Softirq, RCU read side.
 *
 * Return: the hardware clock that will stamp it, or NULL.
 */
const struct kntp_phc *kntp_phc_may_stamp(const struct kntp_net *kn,
					  struct net_device *dev)
{
	struct kntp_phc *phc = find_below(kn, &dev);
	s64 now, due;

	if (!phc || !phc->tx_interval || phc->error > KNTP_RAW_ERROR_MAX)
		return NULL;
	now = ktime_get_raw_ns();
	due = atomic64_read(&phc->tx_next);
	/* cmpxchg: one of several CPUs gets the stamp that is due. */
	return due <= now &&
	       atomic64_cmpxchg(&phc->tx_next, due,
				now + phc->tx_interval) == due ? phc : NULL;
}

/*
 * By a clock of the kernel: kntp_raw_stamp(), or 0 where it cannot be told. It
 * must be of the last tenth of a second, which it is not when the hardware clock
 * was stepped.
 */
static ktime_t told_by(const struct kntp_phc *phc, ktime_t stamp, s64 later)
{
	s64 raw, now = ktime_get_raw_ns();

	if (!phc || now >= phc->until || phc->error > KNTP_RAW_ERROR_MAX)
		return 0;
	raw = ntp_map_utc(&phc->map, stamp);
	if (now - raw > STAMP_AGE_MAX || raw - now > STAMP_AHEAD_MAX)
		return 0;
	return kntp_raw_stamp(min(raw + later, now), phc->error);
}

/**
 * kntp_phc_sent() - when a device sent a packet
 * @kn: the network namespace
 * @ifindex: the device
 * @stamp: by its hardware clock
 *
 * Any context, RCU read side.
 *
 * Return: kntp_raw_stamp(), or 0 where it cannot be told: the clock is not known
 * or not known any more, or was stepped.
 */
ktime_t kntp_phc_sent(const struct kntp_net *kn, int ifindex, ktime_t stamp)
{
	const struct kntp_phc *phc = find(kn, ifindex);

	return told_by(phc, stamp, phc ? phc->tx_comp : 0);
}

/* Which device received a packet, out of those below skb->dev. */
struct receiver {
	unsigned int napi_id;
	struct net_device *found;
	struct net_device *lowest;
	int n_lowest;
};

/*
 * Whether the packet came through a NAPI context of @dev. dev->napi_list is
 * changed by list_add_rcu() and list_del_rcu(), and a driver waits for a grace
 * period before it frees a context.
 */
static bool has_napi(struct net_device *dev, unsigned int napi_id)
{
	struct napi_struct *napi;

	list_for_each_entry_rcu(napi, &dev->napi_list, dev_list)
		if (napi->napi_id == napi_id)
			return true;
	return false;
}

static int consider(struct net_device *dev, struct netdev_nested_priv *priv)
{
	struct receiver *receiver = priv->data;

	if (receiver->napi_id && has_napi(dev, receiver->napi_id)) {
		receiver->found = dev;
		return 1;
	}
	if (list_empty(&dev->adj_list.lower)) {
		receiver->lowest = dev;
		receiver->n_lowest++;
	}
	return 0;
}

/*
 * The physical device that received a packet: a VLAN, a macvlan or a bond hands
 * on what a device below it stamped. The packet's NAPI context tells which of
 * several; NULL if it does not. dev_get_by_napi_id() would, but Linux 6.14 and
 * later do not export it. Softirq, RCU read side.
 */
static struct net_device *received_by(const struct sk_buff *skb)
{
	struct receiver receiver = {};
	struct netdev_nested_priv priv = { .data = &receiver };

	if (list_empty(&skb->dev->adj_list.lower))
		return skb->dev;
#ifdef CONFIG_NET_RX_BUSY_POLL
	receiver.napi_id = skb->napi_id;
#endif
	netdev_walk_all_lower_dev_rcu(skb->dev, consider, &priv);
	if (receiver.found)
		return receiver.found;
	return receiver.n_lowest == 1 ? receiver.lowest : NULL;
}

/*
 * The stamp of a packet, by the clock of @receiver. Only the device that
 * received a packet can read what its driver left in place of a stamp.
 */
static ktime_t device_stamp(const struct sk_buff *skb,
			    const struct net_device *receiver)
{
	if (!receiver && kntp_skb_has_cookie(skb))
		return 0;
	return kntp_skb_hwtstamp(skb, receiver);
}

/* How long its frame took to arrive, ns. */
static s64 lasted(const struct kntp_phc *phc, const struct sk_buff *skb)
{
	u64 octets = skb->len + ETH_HLEN + ETH_FCS_LEN +
		     (is_vlan_dev(skb->dev) ? VLAN_HLEN : 0);

	return octets * phc->octet_ns >> 16;
}

/**
 * kntp_phc_received() - when a device received a packet
 * @kn: the network namespace
 * @skb: the packet, at its network header, which kntp_phc_stamped()
 *
 * When its frame had arrived: a device stamps its begin. So both ways of a
 * packet and its reply take as long where the links are not equally fast.
 * Softirq, RCU read side. Return: as kntp_phc_sent().
 */
ktime_t kntp_phc_received(const struct kntp_net *kn, const struct sk_buff *skb)
{
	const struct kntp_phc *phc;
	struct net_device *dev, *receiver;
	ktime_t stamp;

	if (list_empty(&kn->phcs))
		return 0;
	receiver = received_by(skb);
	stamp = device_stamp(skb, receiver);
	/* Of a device of another namespace, this one may know only skb->dev. */
	dev = receiver && net_eq(dev_net(receiver), kn->net) ? receiver :
							       skb->dev;
	phc = find_below(kn, &dev);
	return phc && stamp ? told_by(phc, stamp, lasted(phc, skb) - phc->rx_comp) :
			      0;
}

/**
 * kntp_phc_set() - tell how a device's hardware clock runs
 * @kn: the network namespace
 * @phc: it; copied
 * @extack: where to say why not
 *
 * In the place of what was known of that device. Process context, rtnl held.
 * Return: 0, -ENODEV or -ENOMEM.
 */
int kntp_phc_set(struct kntp_net *kn, const struct kntp_phc *phc,
		 struct netlink_ext_ack *extack)
{
	struct kntp_phc *new, *old;

	ASSERT_RTNL();
	if (!__dev_get_by_index(kn->net, phc->ifindex)) {
		NL_SET_ERR_MSG(extack, "no such device in this network namespace");
		return -ENODEV;
	}
	new = kmemdup(phc, sizeof(*phc), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	list_for_each_entry(old, &kn->phcs, list) {
		if (old->ifindex != new->ifindex)
			continue;
		/* not sooner than it was, nor later than it would be now */
		atomic64_set(&new->tx_next,
			     min_t(s64, atomic64_read(&old->tx_next),
				   ktime_get_raw_ns() + new->tx_interval));
		list_replace_rcu(&old->list, &new->list);
		kfree_rcu(old, rcu);
		return 0;
	}
	list_add_tail_rcu(&new->list, &kn->phcs);
	return 0;
}

/**
 * kntp_phc_del() - forget the hardware clock of a device
 * @kn: the network namespace
 * @ifindex: the device
 * @extack: where to say why not, or NULL
 *
 * Process context, rtnl held. Return: 0 or -ENOENT.
 */
int kntp_phc_del(struct kntp_net *kn, int ifindex,
		 struct netlink_ext_ack *extack)
{
	struct kntp_phc *phc;

	ASSERT_RTNL();
	list_for_each_entry(phc, &kn->phcs, list) {
		if (phc->ifindex != ifindex)
			continue;
		list_del_rcu(&phc->list);
		kfree_rcu(phc, rcu);
		return 0;
	}
	NL_SET_ERR_MSG(extack, "no hardware clock is known of that device");
	return -ENOENT;
}

/**
 * kntp_phc_exit() - forget all; nobody asks any more
 * @kn: the network namespace
 *
 * Process context.
 */
void kntp_phc_exit(struct kntp_net *kn)
{
	struct kntp_phc *phc, *next;

	list_for_each_entry_safe(phc, next, &kn->phcs, list)
		kfree(phc);
}
