/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Hardware clocks of devices (PHC): lines from their time to that of
 * CLOCK_MONOTONIC_RAW, by which their stamps are told.
 */
#ifndef _KNTP_HWSTAMP_H
#define _KNTP_HWSTAMP_H

#include <linux/atomic.h>
#include <linux/kntp.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/skbuff.h>
#include "compat/compat.h"
#include "core/ntptime.h"

struct kntp_net;
struct net_device;
struct netlink_ext_ack;

/**
 * struct kntp_phc - the hardware clock that a device stamps by
 * @list: in kntp_net.phcs
 * @rcu: frees it
 * @ifindex: the device, or one above it that is in this namespace without it
 * @index: of the clock
 * @map: from its time to CLOCK_MONOTONIC_RAW
 * @error: of that, ns; replies that its stamps are in have it in their root
 *	dispersion, and above KNTP_RAW_ERROR_MAX its stamps are not used
 * @until: how long that holds, CLOCK_MONOTONIC_RAW
 * @tx_comp: is added to transmit stamps, ns
 * @rx_comp: is taken from receive stamps, ns
 * @octet: what an octet takes on the wire, ps; 0: not known
 * @octet_ns: the same, 2^-16 ns
 * @tx_rate: how many packets a second it may be asked to stamp
 * @tx_interval: the same, ns for each
 * @tx_next: when the next one is due, CLOCK_MONOTONIC_RAW
 */
struct kntp_phc {
	struct list_head list;
	struct rcu_head rcu;
	int ifindex;
	u32 index;
	struct ntp_map map;
	u64 error;
	s64 until;
	s64 tx_comp;
	s64 rx_comp;
	u32 octet;
	u32 octet_ns;
	u32 tx_rate;
	s64 tx_interval;
	atomic64_t tx_next;
};

/* Some devices keep one stamp at a time, which others need as well. */
#define KNTP_PHC_TX_RATE_DEFAULT	1000

int kntp_phc_set(struct kntp_net *kn, const struct kntp_phc *phc,
		 struct netlink_ext_ack *extack);
int kntp_phc_del(struct kntp_net *kn, int ifindex,
		 struct netlink_ext_ack *extack);
void kntp_phc_exit(struct kntp_net *kn);

const struct kntp_phc *kntp_phc_may_stamp(const struct kntp_net *kn,
					  struct net_device *dev);
ktime_t kntp_phc_sent(const struct kntp_net *kn, int ifindex, ktime_t stamp);
ktime_t kntp_phc_received(const struct kntp_net *kn, const struct sk_buff *skb);

/**
 * kntp_phc_stamped() - whether a device stamped a packet on arrival
 * @skb: the packet
 */
static inline bool kntp_phc_stamped(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->hwtstamps.hwtstamp;
}

#endif /* _KNTP_HWSTAMP_H */
