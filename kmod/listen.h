/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_LISTEN_H
#define _KNTP_LISTEN_H

#include <linux/list.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>

struct kntp_net;
struct netlink_ext_ack;

/**
 * struct kntp_listener - a device that is listened to
 * @list: in kntp_net.listeners
 * @ops: its ingress hook
 * @rcu: frees it
 */
struct kntp_listener {
	struct list_head list;
	struct nf_hook_ops ops;
	struct rcu_head rcu;
};

int kntp_listen_local(struct kntp_net *kn, struct netlink_ext_ack *extack);
int kntp_unlisten_local(struct kntp_net *kn, struct netlink_ext_ack *extack);
int kntp_listen_ingress(struct kntp_net *kn, int ifindex,
			struct netlink_ext_ack *extack);
int kntp_unlisten_ingress(struct kntp_net *kn, int ifindex,
			  struct netlink_ext_ack *extack);
void kntp_unlisten_all(struct kntp_net *kn);

int kntp_listen_init(void);
void kntp_listen_exit(void);

#endif /* _KNTP_LISTEN_H */
