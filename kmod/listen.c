// SPDX-License-Identifier: GPL-2.0
/* Where requests are taken from: hooks come and go here. */
#include "listen.h"

#include <linux/if_arp.h>
#include <linux/ipv6.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "address.h"
#include "compat/compat.h"
#include "event.h"
#include "hook.h"
#include "hwstamp.h"
#include "kntp.h"
#include "route.h"
#include "stamp.h"

/* What answering needs, whatever the hook; it stays until the namespace goes. */
static int start(struct kntp_net *kn)
{
	return kntp_stats_start(&kn->stats) ?: kntp_stamp_start(kn) ?:
	       kntp_client_start(kn);
}

/* Booted with ipv6.disable=1 there are no IPv6 packets, nor their tables. */
static unsigned int local_families(void)
{
	return ipv6_mod_enabled() ? 2 : 1;
}

/**
 * kntp_listen_local() - answer what LOCAL_IN sees
 * @kn: the network namespace
 * @extack: where to say why not
 *
 * Packets are stamped on arrival from now on, since this hook comes late.
 * Process context, rtnl held. Return: 0, -EEXIST, or what netfilter says.
 */
int kntp_listen_local(struct kntp_net *kn, struct netlink_ext_ack *extack)
{
	struct nf_hook_ops *ops = kn->local_ops;
	int err;

	ASSERT_RTNL();
	if (kn->local) {
		NL_SET_ERR_MSG(extack, "the local hook is listened to already");
		return -EEXIST;
	}

	err = start(kn) ?: kntp_routes_start(kn);
	if (err)
		return err;
	ops[0] = (struct nf_hook_ops){
		.hook = kntp_hook_local4,
		.priv = kn,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_SECURITY + 1,
	};
	ops[1] = ops[0];
	ops[1].hook = kntp_hook_local6;
	ops[1].pf = NFPROTO_IPV6;
	err = nf_register_net_hooks(kn->net, ops, local_families());
	if (err)
		return err;
	kn->local = true;
	net_enable_timestamp();
	kntp_event_send(kn->net, KNTP_EVENT_LISTEN_ADD, KNTP_HOOK_LOCAL, 0);
	return 0;
}

/**
 * kntp_unlisten_local() - answer that no more
 * @kn: the network namespace
 * @extack: where to say why not
 *
 * Process context, rtnl held. Return: 0 or -ENOENT.
 */
int kntp_unlisten_local(struct kntp_net *kn, struct netlink_ext_ack *extack)
{
	ASSERT_RTNL();
	if (!kn->local) {
		NL_SET_ERR_MSG(extack, "the local hook is not listened to");
		return -ENOENT;
	}
	nf_unregister_net_hooks(kn->net, kn->local_ops, local_families());
	kn->local = false;
	net_disable_timestamp();
	kntp_event_send(kn->net, KNTP_EVENT_LISTEN_DEL, KNTP_HOOK_LOCAL, 0);
	return 0;
}

static struct kntp_listener *find(const struct kntp_net *kn, int ifindex)
{
	struct kntp_listener *listener;

	list_for_each_entry(listener, &kn->listeners, list)
		if (listener->ops.dev->ifindex == ifindex)
			return listener;
	return NULL;
}

/*
 * The bond, bridge, team or other master that takes the frames of a device.
 * The ingress hook comes before it, and would answer where the master drops:
 * by a backup link, or a port that is blocked. A VRF takes packets, and only
 * after IP has received them.
 */
static struct net_device *port_master(struct net_device *dev)
{
	return netif_is_l3_slave(dev) ? NULL : netdev_master_upper_dev_get(dev);
}

#ifdef CONFIG_NETFILTER_INGRESS
static struct net_device *ethernet(struct net *net, int ifindex,
				   struct netlink_ext_ack *extack)
{
	struct net_device *dev = __dev_get_by_index(net, ifindex);
	struct net_device *master;

	if (!dev) {
		NL_SET_ERR_MSG(extack, "no such device in this network namespace");
		return ERR_PTR(-ENODEV);
	}
	if (dev->type != ARPHRD_ETHER) {
		NL_SET_ERR_MSG(extack, "not Ethernet: use the local hook");
		return ERR_PTR(-EOPNOTSUPP);
	}
	master = port_master(dev);
	if (master) {
		KNTP_SET_ERR_MSG_FMT(extack,
				     "the device is a port of another: listen on that one",
				     "%s is a port of %s: listen on %s",
				     dev->name, master->name, master->name);
		return ERR_PTR(-EBUSY);
	}
	return dev;
}

/**
 * kntp_listen_ingress() - answer what a device receives
 * @kn: the network namespace
 * @ifindex: the device
 * @extack: where to say why not
 *
 * The hook comes behind those of nftables, so that an operator's ingress rules
 * see the packets first. Process context, rtnl held. Return: 0, -EEXIST,
 * -ENODEV, -EOPNOTSUPP, -EBUSY, -ENOMEM, or what netfilter says.
 */
int kntp_listen_ingress(struct kntp_net *kn, int ifindex,
			struct netlink_ext_ack *extack)
{
	struct kntp_listener *listener;
	struct net_device *dev;
	int err;

	ASSERT_RTNL();
	if (find(kn, ifindex)) {
		NL_SET_ERR_MSG(extack, "the device is listened to already");
		return -EEXIST;
	}
	dev = ethernet(kn->net, ifindex, extack);
	if (IS_ERR(dev))
		return PTR_ERR(dev);

	err = start(kn);
	if (err)
		return err;
	listener = kzalloc(sizeof(*listener), GFP_KERNEL_ACCOUNT);
	if (!listener)
		return -ENOMEM;
	listener->ops = (struct nf_hook_ops){
		.hook = kntp_hook_ingress,
		.priv = kn,
		.dev = dev,
		.pf = NFPROTO_NETDEV,
		.hooknum = NF_NETDEV_INGRESS,
		.priority = INT_MAX,
	};
	/* A set that could not be kept up is tried again, whoever listens. */
	err = list_empty(&kn->listeners) || kn->addresses_stale ?
	      kntp_addresses_update(kn) : 0;
	if (err) {
		NL_SET_ERR_MSG(extack, "no memory for the addresses of this host");
		goto err_free;
	}
	err = nf_register_net_hook(kn->net, &listener->ops);
	if (err)
		goto err_addresses;
	list_add_tail(&listener->list, &kn->listeners);
	kntp_event_send(kn->net, KNTP_EVENT_LISTEN_ADD, KNTP_HOOK_INGRESS,
			ifindex);
	return 0;

err_addresses:
	if (list_empty(&kn->listeners))
		kntp_addresses_drop(kn);
err_free:
	kfree(listener);
	return err;
}
#else
int kntp_listen_ingress(struct kntp_net *kn, int ifindex,
			struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG(extack, "this kernel has no netfilter ingress hook");
	return -EOPNOTSUPP;
}
#endif

static void remove(struct kntp_net *kn, struct kntp_listener *listener)
{
	nf_unregister_net_hook(kn->net, &listener->ops);
	list_del(&listener->list);
	if (list_empty(&kn->listeners))
		kntp_addresses_drop(kn);
	kntp_event_send(kn->net, KNTP_EVENT_LISTEN_DEL, KNTP_HOOK_INGRESS,
			listener->ops.dev->ifindex);
	kfree_rcu(listener, rcu);
}

/**
 * kntp_unlisten_ingress() - answer that no more
 * @kn: the network namespace
 * @ifindex: the device
 * @extack: where to say why not
 *
 * Process context, rtnl held. Return: 0 or -ENOENT.
 */
int kntp_unlisten_ingress(struct kntp_net *kn, int ifindex,
			  struct netlink_ext_ack *extack)
{
	struct kntp_listener *listener;

	ASSERT_RTNL();
	listener = find(kn, ifindex);
	if (!listener) {
		NL_SET_ERR_MSG(extack, "the device is not listened to");
		return -ENOENT;
	}
	remove(kn, listener);
	return 0;
}

/**
 * kntp_unlisten_all() - answer nothing more
 * @kn: the network namespace
 *
 * Process context, rtnl held. Packets are still being answered until an RCU
 * grace period has gone by.
 */
void kntp_unlisten_all(struct kntp_net *kn)
{
	struct kntp_listener *listener, *next;

	if (kn->local)
		kntp_unlisten_local(kn, NULL);
	list_for_each_entry_safe(listener, next, &kn->listeners, list)
		remove(kn, listener);
}

static int device_changed(struct notifier_block *nb, unsigned long event,
			  void *data)
{
	struct net_device *dev = netdev_notifier_info_to_dev(data);
	struct kntp_net *kn = kntp_net(dev_net(dev));
	struct kntp_listener *listener;

	switch (event) {
	case NETDEV_UNREGISTER:
		listener = find(kn, dev->ifindex);
		if (listener)
			remove(kn, listener);
		kntp_phc_del(kn, dev->ifindex, NULL);
		kntp_routes_flush(kn);
		break;
	case NETDEV_CHANGEUPPER:
		listener = port_master(dev) ? find(kn, dev->ifindex) : NULL;
		if (listener)
			remove(kn, listener);
		fallthrough;
	case NETDEV_UP:
	case NETDEV_DOWN:
		if (!list_empty(&kn->listeners))
			kntp_addresses_update(kn);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = device_changed,
};

/**
 * kntp_listen_init() - begin to watch devices
 *
 * Process context. Return: 0 or a negative error.
 */
int kntp_listen_init(void)
{
	return register_netdevice_notifier(&device_notifier);
}

/**
 * kntp_listen_exit() - watch no more
 *
 * Process context. The notifier is told of every device as if it went, which
 * ends the listeners.
 */
void kntp_listen_exit(void)
{
	unregister_netdevice_notifier(&device_notifier);
}
