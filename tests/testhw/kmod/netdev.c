// SPDX-License-Identifier: GPL-2.0
/*
 * Two joined Ethernet devices, thw0 and thw1, that stamp what they send and
 * receive by the hardware clock: there is no time between both ends, so the one's
 * transmit stamp and the other's receive stamp are of the same moment, each with
 * its own noise.
 */
#include "testhw.h"

#include <linux/etherdevice.h>
#include <linux/delay.h>
#include <linux/ethtool.h>
#include <linux/module.h>
#include <linux/net_tstamp.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

static bool devices;
module_param(devices, bool, 0400);
MODULE_PARM_DESC(devices, "there are thw0 and thw1");
static unsigned int stamp_lost;
module_param(stamp_lost, uint, 0600);
MODULE_PARM_DESC(stamp_lost, "percent of the transmit stamps that are");
static unsigned int stamp_delay;
module_param(stamp_delay, uint, 0600);
MODULE_PARM_DESC(stamp_delay, "ms until a transmit stamp is told");
static bool stamp_late;
module_param(stamp_late, bool, 0600);
MODULE_PARM_DESC(stamp_late, "thw0 tells receive stamps when it is asked for them");

static bool hold;			/* thw0 keeps what it receives */

static unsigned int speed;
module_param(speed, uint, 0600);
MODULE_PARM_DESC(speed, "Mbit/s that are told; 0: nothing is");

/* In the place of a receive stamp: what only this driver knows to read. */
#define LATE_MASK	0x5a5a5a5a5a5a5a5aLL

#define RECEIVED_MAX	1000

struct port {
	struct net_device *dev, *peer;
	struct hwtstamp_config config;
	/* By its id the kernel knows who stamped a packet. */
	struct napi_struct napi;
	struct sk_buff_head received;
};

/* A packet whose stamp is told later. */
struct pending {
	struct delayed_work work;
	struct sk_buff *skb;
	ktime_t stamp;
};

static struct net_device *ends[2];
static struct workqueue_struct *queue;
static atomic_t waiting = ATOMIC_INIT(0);	/* pending ones */

static void tell(struct work_struct *work)
{
	struct pending *p = container_of(to_delayed_work(work), struct pending,
					 work);
	struct skb_shared_hwtstamps hw = { .hwtstamp = p->stamp };

	skb_tstamp_tx(p->skb, &hw);
	consume_skb(p->skb);
	kfree(p);
	atomic_dec(&waiting);
}

static void sent(struct sk_buff *skb, s64 truth)
{
	struct skb_shared_hwtstamps hw = { .hwtstamp = testhw_phc_stamp(truth) };
	unsigned int delay = READ_ONCE(stamp_delay);
	struct pending *p;

	if (testhw_chance(READ_ONCE(stamp_lost)))
		return;
	if (!delay) {
		skb_tstamp_tx(skb, &hw);
		return;
	}
	p = kmalloc(sizeof(*p), GFP_ATOMIC);
	if (!p)
		return;
	p->skb = skb_get(skb);
	p->stamp = hw.hwtstamp;
	INIT_DELAYED_WORK(&p->work, tell);
	atomic_inc(&waiting);
	queue_delayed_work(queue, &p->work, msecs_to_jiffies(delay));
}

/* Takes a packet that is all its own. */
static void receive(struct port *port, struct sk_buff *skb, s64 truth)
{
	struct skb_shared_hwtstamps *hw;

	skb_scrub_packet(skb, true);
#ifdef CONFIG_NET_RX_BUSY_POLL
	skb->napi_id = 0;	/* it may be a reply in its request's buffer */
#endif
	skb->protocol = eth_type_trans(skb, port->dev);
	hw = skb_hwtstamps(skb);
	memset(hw, 0, sizeof(*hw));
	skb_shinfo(skb)->tx_flags = 0;
	if (port->config.rx_filter == HWTSTAMP_FILTER_ALL) {
		hw->hwtstamp = testhw_phc_stamp(truth);
		if (READ_ONCE(stamp_late) && port->dev == ends[0]) {
			hw->hwtstamp ^= LATE_MASK;
			skb_shinfo(skb)->tx_flags |= SKBTX_HW_TSTAMP_NETDEV;
		}
	}
	dev_sw_netstats_rx_add(port->dev, skb->len);
	if (skb_queue_len(&port->received) < RECEIVED_MAX) {
		skb_queue_tail(&port->received, skb);
		if (!READ_ONCE(hold) || port->dev != ends[0])
			napi_schedule(&port->napi);
	} else {
		kfree_skb(skb);
	}
}

static int port_poll(struct napi_struct *napi, int budget)
{
	struct port *port = container_of(napi, struct port, napi);
	struct sk_buff *skb;
	int done = 0;

	while (done < budget && (skb = skb_dequeue(&port->received))) {
		napi_gro_receive(napi, skb);
		done++;
	}
	if (done < budget && napi_complete_done(napi, done) &&
	    !skb_queue_empty(&port->received))
		napi_schedule(napi);
	return done;
}

static int set_hold(const char *val, const struct kernel_param *kp)
{
	int err = param_set_bool(val, kp);

	if (err || hold || !ends[0] || !netif_running(ends[0]))
		return err;
	local_bh_disable();
	napi_schedule(&((struct port *)netdev_priv(ends[0]))->napi);
	local_bh_enable();
	return 0;
}

static const struct kernel_param_ops hold_ops = {
	.set = set_hold,
	.get = param_get_bool,
};
module_param_cb(hold, &hold_ops, &hold, 0600);
MODULE_PARM_DESC(hold, "thw0 keeps what it receives, then hands all of it on at once");

static int port_open(struct net_device *dev)
{
	struct port *port = netdev_priv(dev);

	napi_enable(&port->napi);
	return 0;
}

static int port_stop(struct net_device *dev)
{
	struct port *port = netdev_priv(dev);

	napi_disable(&port->napi);
	skb_queue_purge(&port->received);
	return 0;
}

static netdev_tx_t port_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct port *port = netdev_priv(dev);
	struct sk_buff *copy = skb_copy(skb, GFP_ATOMIC);
	struct testhw_now now;
	bool stamps;

	stamps = skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP &&
		 port->config.tx_type == HWTSTAMP_TX_ON;
	if (stamps)
		skb_shinfo(skb)->tx_flags |= SKBTX_IN_PROGRESS;
	skb_tx_timestamp(skb);
	testhw_now(&now);
	if (stamps)
		sent(skb, now.truth);
	dev_sw_netstats_tx_add(dev, 1, skb->len);
	consume_skb(skb);
	if (copy && netif_running(port->peer))
		receive(netdev_priv(port->peer), copy, now.truth);
	else
		kfree_skb(copy);
	return NETDEV_TX_OK;
}

static ktime_t port_get_tstamp(struct net_device *dev,
			       const struct skb_shared_hwtstamps *hw, bool cycles)
{
	return hw->hwtstamp ^ LATE_MASK;
}

static int port_ioctl(struct net_device *dev, struct ifreq *ifr, int cmd)
{
	struct port *port = netdev_priv(dev);
	struct hwtstamp_config config = port->config;

	if (cmd != SIOCGHWTSTAMP && cmd != SIOCSHWTSTAMP)
		return -EOPNOTSUPP;
	if (cmd == SIOCSHWTSTAMP) {
		if (copy_from_user(&config, ifr->ifr_data, sizeof(config)))
			return -EFAULT;
		if (config.tx_type > HWTSTAMP_TX_ON)
			return -ERANGE;
		if (config.rx_filter != HWTSTAMP_FILTER_NONE)
			config.rx_filter = HWTSTAMP_FILTER_ALL;
		port->config = config;
	}
	return copy_to_user(ifr->ifr_data, &config, sizeof(config)) ? -EFAULT : 0;
}

#ifdef TESTHW_KERNEL_TS_INFO
#define ts_info	kernel_ethtool_ts_info
#else
#define ts_info	ethtool_ts_info
#endif

static int port_ts_info(struct net_device *dev, struct ts_info *info)
{
	info->so_timestamping = SOF_TIMESTAMPING_TX_SOFTWARE |
				SOF_TIMESTAMPING_RX_SOFTWARE |
				SOF_TIMESTAMPING_SOFTWARE |
				SOF_TIMESTAMPING_TX_HARDWARE |
				SOF_TIMESTAMPING_RX_HARDWARE |
				SOF_TIMESTAMPING_RAW_HARDWARE;
	info->phc_index = testhw_phc_number();
	info->tx_types = BIT(HWTSTAMP_TX_OFF) | BIT(HWTSTAMP_TX_ON);
	info->rx_filters = BIT(HWTSTAMP_FILTER_NONE) | BIT(HWTSTAMP_FILTER_ALL);
	return 0;
}

static int port_init(struct net_device *dev)
{
	struct port *port = netdev_priv(dev);

	dev->tstats = netdev_alloc_pcpu_stats(struct pcpu_sw_netstats);
	if (!dev->tstats)
		return -ENOMEM;
	skb_queue_head_init(&port->received);
	netif_napi_add(dev, &port->napi, port_poll);
	return 0;
}

static void port_uninit(struct net_device *dev)
{
	struct port *port = netdev_priv(dev);

	netif_napi_del(&port->napi);
	skb_queue_purge(&port->received);
	free_percpu(dev->tstats);
}

static const struct net_device_ops port_ops = {
	.ndo_init = port_init,
	.ndo_uninit = port_uninit,
	.ndo_open = port_open,
	.ndo_stop = port_stop,
	.ndo_start_xmit = port_xmit,
	.ndo_get_tstamp = port_get_tstamp,
	.ndo_eth_ioctl = port_ioctl,
	.ndo_get_stats64 = dev_get_tstats64,
	.ndo_set_mac_address = eth_mac_addr,
};

static int port_ksettings(struct net_device *dev,
			  struct ethtool_link_ksettings *settings)
{
	/* Some take SPEED_UNKNOWN for a number. */
	if (!READ_ONCE(speed))
		return -EOPNOTSUPP;
	settings->base.speed = READ_ONCE(speed);
	settings->base.duplex = DUPLEX_FULL;
	return 0;
}

static const struct ethtool_ops port_ethtool_ops = {
	.get_link_ksettings = port_ksettings,
	.get_link = ethtool_op_get_link,
	.get_ts_info = port_ts_info,
};

static void port_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &port_ops;
	dev->ethtool_ops = &port_ethtool_ops;
	dev->needs_free_netdev = false;
	eth_hw_addr_random(dev);
}

static void port_remove(void)
{
	int i;

	for (i = 0; i < 2 && ends[i]; i++) {
		if (ends[i]->reg_state == NETREG_REGISTERED)
			unregister_netdev(ends[i]);
	}
	/* What they hold of the other is of no use to either any more. */
	for (i = 0; i < 2 && ends[i]; i++)
		free_netdev(ends[i]);
	while (atomic_read(&waiting))
		msleep(20);
	destroy_workqueue(queue);
}

int testhw_netdev_init(void)
{
	struct port *port;
	int i, err = 0;

	if (!devices)
		return 0;
	queue = alloc_workqueue("kntp_testhw", 0, 0);
	if (!queue)
		return -ENOMEM;
	for (i = 0; i < 2; i++) {
		ends[i] = alloc_netdev(sizeof(*port), i ? "thw1" : "thw0",
				       NET_NAME_USER, port_setup);
		if (!ends[i]) {
			port_remove();
			return -ENOMEM;
		}
	}
	for (i = 0; i < 2 && !err; i++) {
		port = netdev_priv(ends[i]);
		port->dev = ends[i];
		port->peer = ends[!i];
		err = register_netdev(ends[i]);
	}
	if (err)
		port_remove();
	return err;
}

void testhw_netdev_exit(void)
{
	if (devices)
		port_remove();
}
