// SPDX-License-Identifier: GPL-2.0
/*
 * The device: Ethernet, one queue, no queueing discipline, checksums left to
 * the hardware. It keeps what is sent until the run has looked at it.
 */
#include "bench.h"

#include <linux/etherdevice.h>

const u8 bench_server_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 0x01 };
const u8 bench_gateway_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 0xfe };
const struct in6_addr bench_server6 = {
	.s6_addr = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 },
};

struct net_device *bench_dev;
struct sk_buff *bench_taken[BENCH_TAKEN];
unsigned int bench_n_taken;
bool bench_taking;

static netdev_tx_t bench_xmit(struct sk_buff *skb, struct net_device *dev)
{
	skb_tx_timestamp(skb);
	if (likely(bench_taking && bench_n_taken < BENCH_TAKEN))
		bench_taken[bench_n_taken++] = skb;
	else
		kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops bench_ops = {
	.ndo_start_xmit = bench_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void bench_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &bench_ops;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->features = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_HIGHDMA;
	dev->hw_features = dev->features;
	eth_hw_addr_set(dev, bench_server_mac);
}

int bench_device_init(void)
{
	int err;

	bench_dev = alloc_netdev(0, "bench0", NET_NAME_USER, bench_setup);
	if (!bench_dev)
		return -ENOMEM;
	err = register_netdev(bench_dev);
	if (err)
		free_netdev(bench_dev);
	return err;
}

void bench_device_exit(void)
{
	unregister_netdev(bench_dev);
	free_netdev(bench_dev);
}
