/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Locks, outermost first:
 *
 *   genl_mutex         netlink operations run one at a time (held by the caller)
 *   rtnl               kntp_net.listeners, .local, .addresses, .clients,
 *                      .limits, .keys, .phcs; process context
 *   kntp_acl_set.lock  the writers of one access list; process context
 *   clock_lock         the publishers of the clock; process context
 *   tell_lock          whether events may be told; process context
 *
 * Softirq takes none of them: it reads RCU pointers and per-CPU counters. Its
 * own are kntp_bucket.lock, one of them at a time, and kntp_limited.lock, of what
 * is to be told; nothing inside either.
 */
#ifndef _KNTP_H
#define _KNTP_H

#include <linux/list.h>
#include <linux/kntp.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/uidgid.h>
#include <net/net_namespace.h>
#include "acl.h"
#include "client.h"
#include "event.h"
#include "key.h"
#include "stats.h"

struct kntp_addresses;
struct kntp_limits;
struct kntp_routes;
struct kntp_stamps;

/**
 * struct kntp_net - what the module keeps for a network namespace
 * @net: that namespace
 * @stats: counters
 * @acl: who is answered
 * @clients: who asks
 * @limits: how often; NULL: as often as they like
 * @limited: who has crossed these
 * @keys: what requests may be authenticated by
 * @stamps: when they were replied to; set by the first listener, as @stats
 * @phcs: struct kntp_phc, what devices stamp by
 * @routes: the way back to those who asked last, per CPU; set by the first
 *	listener, as @stats
 * @uid: of the namespace's root, for routing by user; likewise
 * @addresses: IPv4 addresses of this host; kept while a device is listened to
 * @addresses_stale: they are not those of now, as memory was short
 * @listeners: struct kntp_listener, the devices that are listened to
 * @local_ops: the local hook, IPv4 and IPv6
 * @local: it is registered
 */
struct kntp_net {
	struct net *net;
	struct kntp_stats_set stats;
	struct kntp_acl_set acl;
	struct kntp_client_set clients;
	struct kntp_limits __rcu *limits;
	struct kntp_limited limited;
	struct kntp_keys keys;
	struct kntp_stamps *stamps;
	struct list_head phcs;
	struct kntp_routes __percpu *routes;
	kuid_t uid;
	struct kntp_addresses __rcu *addresses;
	struct list_head listeners;
	struct nf_hook_ops local_ops[2];
	bool local;
	bool addresses_stale;
};

struct kntp_net *kntp_net(const struct net *net);

#endif /* _KNTP_H */
