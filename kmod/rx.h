/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What all hooks do with a datagram to UDP/123 on its way in. Softirq, RCU
 * read side, the IP header at skb->data and linear as far as the UDP header.
 *
 * These functions return 0 to go on, or what the packet is to be counted as.
 */
#ifndef _KNTP_RX_H
#define _KNTP_RX_H

#include <linux/ipv6.h>
#include <linux/ktime.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/l3mdev.h>
#include "compat/compat.h"
#include "core/parse.h"
#include "hwstamp.h"
#include "kntp.h"
#include "limit.h"
#include "sum.h"
#include "trace.h"

/* The longest request that is answered here, UDP payload. */
#define KNTP_REQUEST_MAX	1280

unsigned int kntp_rx_done(struct kntp_net *kn, struct sk_buff *skb,
			  enum kntp_hook hook, enum kntp_stat stat);
enum kntp_stat kntp_rx_extended6(const struct sk_buff *skb);
enum kntp_stat kntp_rx_source6(const struct kntp_net *kn,
			       const struct in6_addr *saddr,
			       const struct net_device *dev, bool from_other);
bool kntp_rx_admit(struct kntp_net *kn, struct kntp_asker *who,
		   const struct sk_buff *skb, enum kntp_stat *stat);
enum kntp_stat kntp_rx_judge_rare(enum ntp_class class, unsigned int verdict);

/* The request that nearly all are, as it lies in memory. */
struct kntp_common4 {
	u8 version_ihl;
	u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	u8 ttl;
	u8 protocol;
	__sum16 ip_check;
	__be32 saddr;
	__be32 daddr;
	__be16 source;
	__be16 dest;
	__be16 udp_len;
	__sum16 udp_check;
	struct ntp_header ntp;
} __packed;

static_assert(sizeof(struct kntp_common4) ==
	      sizeof(struct iphdr) + sizeof(struct udphdr) + NTP_HEADER_LEN);

/* What differs in the octets of a mask, of the eight at @p. */
#define KNTP_RX_DIFFER(p, value, mask)					\
	((((const struct kntp_octets *)(p))->word ^			\
	  (__force u64)cpu_to_be64(value)) & (__force u64)cpu_to_be64(mask))

/**
 * kntp_rx_is_common4() - whether a packet has the form of nearly all requests
 * @skb: an IPv4 packet, anything as yet
 *
 * One NTP header in one whole datagram to UDP/123, without IP options: all the
 * lengths are right, and all of it is linear. What is not common is to be
 * proven step by step.
 */
static __always_inline bool kntp_rx_is_common4(const struct sk_buff *skb)
{
	const struct kntp_common4 *p = (const void *)skb->data;

	/* All of it is there, or none of it is looked at. */
	if (((u64)skb->data_len << 32 | skb->len) != sizeof(*p))
		return false;
	/* Version, IHL, length, no fragment but for DF; UDP port and length. */
	return !(KNTP_RX_DIFFER(p, 0x4500000000000000ULL | sizeof(*p) << 32,
				0xff00ffff0000bfffULL) |
		 KNTP_RX_DIFFER(&p->source, (u64)NTP_PORT << 32 |
				(sizeof(struct udphdr) + NTP_HEADER_LEN) << 16,
				0x0000ffffffff0000ULL)) &&
	       p->protocol == IPPROTO_UDP && p->source &&
	       ntp_is_common(p->ntp.li_vn_mode);
}

/**
 * kntp_rx_header4() - verify the checksum of an IPv4 header
 * @iph: the header, without options
 */
static __always_inline bool kntp_rx_header4(const struct iphdr *iph)
{
	const struct kntp_octets *octets = (const void *)iph;

	return !kntp_sum_fold(kntp_sum_add(kntp_sum_add(octets[0].word,
							octets[1].word),
					   (__force u32)iph->daddr));
}

/**
 * kntp_rx_is_ntp() - whether a UDP datagram is to the NTP port
 * @skb: the packet
 * @offset: of the UDP header from skb->data; proven to be there
 */
static inline bool kntp_rx_is_ntp(const struct sk_buff *skb,
				  unsigned int offset)
{
	const struct udphdr *udp = (const void *)(skb->data + offset);

	return udp->dest == htons(NTP_PORT);
}

/**
 * kntp_rx_length() - Prove the length of a UDP datagram, make the packet linear
 * @skb: the packet, not shared
 * @offset: of the UDP header from skb->data
 * @ip_len: length of the packet by its IP header; proven to be there
 *
 * The packet's headers may move, its octets stay: whoever it is passed up to
 * gets what is behind the datagram too (RFC 9868 section 5, the surplus area).
 */
static inline enum kntp_stat kntp_rx_length(struct sk_buff *skb,
					    unsigned int offset,
					    unsigned int ip_len)
{
	const struct udphdr *udp = (const void *)(skb->data + offset);
	unsigned int len = ntohs(udp->len);

	if (unlikely(len < sizeof(*udp) || len > ip_len - offset))
		return KNTP_STAT_DROP_LENGTH;
	if (unlikely(!udp->source))
		return KNTP_STAT_DROP_PORT;
	if (unlikely(ip_len - offset > sizeof(*udp) + KNTP_REQUEST_MAX))
		return KNTP_STAT_PASS_LONG;
	if (unlikely(skb_linearize(skb)))
		return KNTP_STAT_DROP_NO_MEMORY;
	return 0;
}

/*
 * Sum a datagram that ends before its packet does. The functions of netfilter
 * take its length from the packet.
 */
static inline __wsum kntp_rx_sum(const struct sk_buff *skb, unsigned int offset)
{
	const struct udphdr *udp = (const void *)(skb->data + offset);

	return csum_partial(udp, ntohs(udp->len), 0);
}

static inline bool kntp_rx_is_longer(const struct sk_buff *skb,
				     unsigned int offset)
{
	const struct udphdr *udp = (const void *)(skb->data + offset);

	return skb->len != offset + ntohs(udp->len);
}

/**
 * kntp_rx_checksum4() - verify the UDP checksum of an IPv4 packet
 * @skb: the packet, linear, without IP options
 * @common: it has the form of kntp_rx_is_common4()
 */
static __always_inline bool kntp_rx_checksum4(struct sk_buff *skb, bool common)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct udphdr *udp = (const void *)(iph + 1);

	if (skb_csum_unnecessary(skb) || !udp->check)
		return true;
	if (unlikely(!common && kntp_rx_is_longer(skb, sizeof(*iph))))
		return !csum_tcpudp_magic(iph->saddr, iph->daddr,
					  ntohs(udp->len), IPPROTO_UDP,
					  kntp_rx_sum(skb, sizeof(*iph)));
	return !nf_ip_checksum(skb, NF_INET_LOCAL_IN, sizeof(struct iphdr),
			       IPPROTO_UDP);
}

/**
 * kntp_rx_checksum6() - verify the UDP checksum of an IPv6 packet
 * @skb: the packet, without extension headers
 *
 * There is no going without one (RFC 8200 section 8.1).
 */
static inline bool kntp_rx_checksum6(struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct udphdr *udp = (const void *)(ip6h + 1);

	if (unlikely(!udp->check && skb->ip_summed != CHECKSUM_PARTIAL))
		return false;
	if (skb_csum_unnecessary(skb))
		return true;
	if (unlikely(kntp_rx_is_longer(skb, sizeof(*ip6h))))
		return !csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr,
					ntohs(udp->len), IPPROTO_UDP,
					kntp_rx_sum(skb, sizeof(*ip6h)));
	return !nf_ip6_checksum(skb, NF_INET_LOCAL_IN, sizeof(struct ipv6hdr),
				IPPROTO_UDP);
}

/**
 * kntp_rx_classify() - say what a datagram is
 * @skb: the packet, all of it linear
 * @offset: of the UDP header from skb->data
 */
static inline enum ntp_class kntp_rx_classify(const struct sk_buff *skb,
					      unsigned int offset)
{
	const struct udphdr *udp = (const void *)(skb->data + offset);

	return ntp_classify((const u8 *)(udp + 1),
			    ntohs(udp->len) - sizeof(*udp),
			    ntohs(udp->source));
}

/**
 * kntp_rx_judge() - whether a datagram is answered
 * @class: what it is
 * @verdict: what the access list says of its source
 *
 * Order of the checks: form, mode and version, access, authentication.
 */
static inline enum kntp_stat kntp_rx_judge(enum ntp_class class,
					   unsigned int verdict)
{
	if (likely(class == NTP_CLASS_PLAIN && verdict == KNTP_VERDICT_ALLOW))
		return 0;
	return kntp_rx_judge_rare(class, verdict);
}

/**
 * kntp_rx_vrf() - the VRF that a device belongs to
 * @dev: the device
 *
 * Nearly none does, so this looks before it asks. Return: its ifindex, or 0.
 */
static inline int kntp_rx_vrf(const struct net_device *dev)
{
	if (likely(!netif_is_l3_slave(dev) && !netif_is_l3_master(dev)))
		return 0;
	return l3mdev_master_ifindex_rcu(dev);
}

/**
 * kntp_rx_time() - when a packet arrived
 * @skb: the packet
 *
 * The kernel's stamp where there is one, which the reply checks against the
 * time it leaves; else now. Return: CLOCK_REALTIME.
 */
static inline ktime_t kntp_rx_time(const struct sk_buff *skb)
{
	return kntp_skb_tstamp(skb) ?: ktime_get_real();
}

/**
 * kntp_rx_device_time() - when a request arrived, by the device where it says so
 * @kn: the network namespace
 * @who: whose it is, of kntp_rx_admit(), or NULL; a kiss is not counted
 * @skb: the request, which is answered
 * @hook: where it was seen
 * @received: its time of arrival as far as it is known
 *
 * Return: as kntp_clock_reply() takes it.
 */
static inline ktime_t kntp_rx_device_time(const struct kntp_net *kn,
					  const struct kntp_asker *who,
					  const struct sk_buff *skb,
					  enum kntp_hook hook, ktime_t received)
{
	ktime_t time;

	if (likely(!kntp_phc_stamped(skb)))
		return received;
	time = kntp_phc_received(kn, skb);
	if (who && who->stat)
		return time ?: received;
	kntp_count(&kn->stats, hook, time ? KNTP_STAT_OF_RX_DEVICE :
					    KNTP_STAT_OF_RX_UNKNOWN);
	return time ?: received;
}

#endif /* _KNTP_RX_H */
