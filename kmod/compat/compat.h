/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between kernels; see probe.sh for how that is found out. */
#ifndef _KNTP_COMPAT_H
#define _KNTP_COMPAT_H

#include "probed.h"

/* crypto_memneq() */
#ifdef KNTP_HAVE_CRYPTO_UTILS
#include <crypto/utils.h>
#else
#include <crypto/algapi.h>
#endif
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/timekeeping.h>
#include <net/genetlink.h>

/*
 * The receive stamp of a packet, 0 when there is none. Before delivery times
 * existed the field held nothing else.
 */
static inline ktime_t kntp_skb_tstamp(const struct sk_buff *skb)
{
#ifdef KNTP_HAVE_SKB_DELIVERY_TIME
	return skb_tstamp(skb);
#else
	return skb->tstamp;
#endif
}

/* sch_fq takes a stamp that is left behind for the time to send at. */
static inline void kntp_skb_clear_tstamp(struct sk_buff *skb)
{
#ifdef KNTP_HAVE_SKB_DELIVERY_TIME
	skb_set_delivery_time(skb, 0, 0);
#else
	skb->tstamp = 0;
#endif
}

/*
 * Whether the driver left a cookie in place of the receive stamp: only the
 * device that received the packet can turn it into one.
 */
static inline bool kntp_skb_has_cookie(const struct sk_buff *skb)
{
#ifdef KNTP_HAVE_NETDEV_GET_TSTAMP
	return skb_shinfo(skb)->tx_flags & SKBTX_HW_TSTAMP_NETDEV;
#else
	return false;
#endif
}

/*
 * The receive stamp of a packet that has one, by the hardware clock of the
 * device that received it. @dev is that device; without a cookie it may be NULL.
 */
static inline ktime_t kntp_skb_hwtstamp(const struct sk_buff *skb,
					const struct net_device *dev)
{
#ifdef KNTP_HAVE_NETDEV_GET_TSTAMP
	if (kntp_skb_has_cookie(skb))
		return netdev_get_tstamp((struct net_device *)dev,
					 &skb_shinfo(skb)->hwtstamps, false);
#endif
	return skb_shinfo(skb)->hwtstamps.hwtstamp;
}

static inline unsigned long kntp_skb_nfct(const struct sk_buff *skb)
{
#ifdef KNTP_HAVE_NFCT_ACCESSORS
	return skb_get_nfct(skb);
#elif IS_ENABLED(CONFIG_NF_CONNTRACK)
	return skb->_nfct;
#else
	return 0;
#endif
}

static inline void kntp_skb_set_nfct(struct sk_buff *skb, unsigned long nfct)
{
#ifdef KNTP_HAVE_NFCT_ACCESSORS
	skb_set_nfct(skb, nfct);
#elif IS_ENABLED(CONFIG_NF_CONNTRACK)
	skb->_nfct = nfct;
#endif
}

/**
 * struct kntp_snapshot - two clocks, read at the same counter value
 * @real: CLOCK_REALTIME
 * @raw: CLOCK_MONOTONIC_RAW
 */
struct kntp_snapshot {
	ktime_t real;
	ktime_t raw;
};

/**
 * kntp_snapshot() - Read CLOCK_REALTIME and CLOCK_MONOTONIC_RAW together
 * @now: result
 *
 * Any context.
 */
static inline void kntp_snapshot(struct kntp_snapshot *now)
{
	struct system_time_snapshot snapshot;

#ifdef KNTP_HAVE_KTIME_GET_SNAPSHOT_ID
	ktime_get_snapshot_id(CLOCK_REALTIME, &snapshot);
	now->real = snapshot.systime;
	now->raw = snapshot.monoraw;
#else
	ktime_get_snapshot(&snapshot);
	now->real = snapshot.real;
	now->raw = snapshot.raw;
#endif
}

/*
 * Set the extended ack to a formatted message. Kernels before 6.2 keep only a
 * pointer to the text, so they get @general.
 */
#ifdef NL_SET_ERR_MSG_FMT
#define KNTP_SET_ERR_MSG_FMT(extack, general, fmt, ...)	\
	NL_SET_ERR_MSG_FMT(extack, fmt, ##__VA_ARGS__)
#else
#define KNTP_SET_ERR_MSG_FMT(extack, general, fmt, ...)	\
	NL_SET_ERR_MSG(extack, general)
#endif

#ifdef KNTP_HAVE_GENL_RESV_START_OP
#define KNTP_GENL_RESV_START_OP(op)	.resv_start_op = (op),
#else
#define KNTP_GENL_RESV_START_OP(op)
#endif

#endif /* _KNTP_COMPAT_H */
