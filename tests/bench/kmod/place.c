// SPDX-License-Identifier: GPL-2.0
/* Places where frames are dropped, to measure the way to there. */
#include "bench.h"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <net/net_namespace.h>

static rx_handler_result_t drop_frame(struct sk_buff **skb)
{
	kfree_skb(*skb);
	return RX_HANDLER_CONSUMED;
}

static unsigned int drop_packet(void *priv, struct sk_buff *skb,
				const struct nf_hook_state *state)
{
	return NF_DROP;
}

static struct nf_hook_ops netdev_ops = {
	.hook = drop_packet,
	.pf = NFPROTO_NETDEV,
	.hooknum = NF_NETDEV_INGRESS,
};

static struct nf_hook_ops local_in_ops = {
	.hook = drop_packet,
	.hooknum = NF_INET_LOCAL_IN,
	.priority = NF_IP_PRI_SECURITY + 2,
};

/* Begin to drop there. */
int bench_place(enum bench_kind kind, int family)
{
	int err;

	switch (kind) {
	case BENCH_REFUSE:
		rtnl_lock();
		err = netdev_rx_handler_register(bench_dev, drop_frame, NULL);
		rtnl_unlock();
		return err;
	case BENCH_NETDEV:
		netdev_ops.dev = bench_dev;
		return nf_register_net_hook(&init_net, &netdev_ops);
	case BENCH_LOCAL_IN:
		local_in_ops.pf = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
		return nf_register_net_hook(&init_net, &local_in_ops);
	default:
		return 0;
	}
}

void bench_displace(enum bench_kind kind, int family)
{
	switch (kind) {
	case BENCH_REFUSE:
		rtnl_lock();
		netdev_rx_handler_unregister(bench_dev);
		rtnl_unlock();
		break;
	case BENCH_NETDEV:
		nf_unregister_net_hook(&init_net, &netdev_ops);
		break;
	case BENCH_LOCAL_IN:
		nf_unregister_net_hook(&init_net, &local_in_ops);
		break;
	default:
		break;
	}
}
