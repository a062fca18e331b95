// SPDX-License-Identifier: GPL-2.0
#include "kntp.h"

#include <linux/module.h>
#include <linux/rtnetlink.h>
#include <net/netns/generic.h>
#include "address.h"
#include "clock.h"
#include "event.h"
#include "hwstamp.h"
#include "limit.h"
#include "listen.h"
#include "netlink.h"
#include "route.h"
#include "stamp.h"
#include "timekeeping.h"

static unsigned int kntp_net_id __read_mostly;

/**
 * kntp_net() - what the module keeps for a network namespace
 * @net: the network namespace
 *
 * Any context, from the namespace's set-up to its end.
 */
struct kntp_net *kntp_net(const struct net *net)
{
	return net_generic(net, kntp_net_id);
}

static int __net_init kntp_net_init(struct net *net)
{
	struct kntp_net *kn = kntp_net(net);

	kn->net = net;
	INIT_LIST_HEAD(&kn->listeners);
	INIT_LIST_HEAD(&kn->phcs);
	kntp_client_init(kn);
	kntp_event_limited_init(kn);
	kntp_key_init(&kn->keys);
	return kntp_acl_init(&kn->acl);
}

/* A grace period goes by between this and kntp_net_exit(). */
static void __net_exit kntp_net_pre_exit(struct net *net)
{
	struct kntp_net *kn = kntp_net(net);

	/* Most never listened, and nobody can begin to any more. */
	if (!kn->local && list_empty(&kn->listeners))
		return;
	rtnl_lock();
	kntp_unlisten_all(kn);
	rtnl_unlock();
}

static void __net_exit kntp_net_exit(struct net *net)
{
	struct kntp_net *kn = kntp_net(net);

	kntp_event_limited_exit(kn);
	kntp_limit_exit(kn);
	kntp_key_exit(&kn->keys);
	kntp_routes_exit(kn);
	kntp_stamp_exit(kn);
	kntp_client_exit(&kn->clients);
	kntp_phc_exit(kn);
	kntp_acl_exit(&kn->acl);
	kntp_stats_exit(&kn->stats);
}

static struct pernet_operations kntp_net_ops = {
	.init = kntp_net_init,
	.pre_exit = kntp_net_pre_exit,
	.exit = kntp_net_exit,
	.id = &kntp_net_id,
	.size = sizeof(struct kntp_net),
};

static int __init kntp_init(void)
{
	int err;

	err = kntp_clock_init();
	if (err)
		return err;
	err = register_pernet_subsys(&kntp_net_ops);
	if (err)
		goto err_clock;
	err = kntp_listen_init();
	if (err)
		goto err_pernet;
	err = kntp_address_init();
	if (err)
		goto err_listen;
	err = kntp_netlink_init();
	if (err)
		goto err_address;
	err = kntp_timekeeping_init();
	if (err)
		goto err_netlink;
	return 0;

err_netlink:
	kntp_netlink_exit();
err_address:
	kntp_address_exit();
err_listen:
	kntp_listen_exit();
err_pernet:
	unregister_pernet_subsys(&kntp_net_ops);
err_clock:
	kntp_clock_exit();
	kntp_event_exit();
	rcu_barrier();
	return err;
}

/*
 * First nobody can ask for anything any more, then nothing is watched, then
 * the hooks go with the namespaces' state; what raises events ends before the
 * telling of them does, and the callbacks of RCU before the module's text.
 */
static void __exit kntp_exit(void)
{
	kntp_timekeeping_exit();
	kntp_netlink_exit();
	kntp_address_exit();
	kntp_listen_exit();
	unregister_pernet_subsys(&kntp_net_ops);
	kntp_clock_exit();
	kntp_event_exit();
	rcu_barrier();
}

module_init(kntp_init);
module_exit(kntp_exit);

MODULE_DESCRIPTION("NTP server that answers in the kernel");
MODULE_LICENSE("GPL");
MODULE_VERSION(KNTP_VERSION);
MODULE_ALIAS_GENL_FAMILY(KNTP_GENL_NAME);
