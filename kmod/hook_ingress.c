// SPDX-License-Identifier: GPL-2.0
/*
 * Netfilter ingress of a device: raw frames, before IP, routing and firewall.
 * All is proven here; the reply goes back to the station the request came
 * from. What this hook does not answer goes on to the local one.
 */
#include "hook.h"

#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include "address.h"
#include "ipsec.h"
#include "kntp.h"
#include "rx.h"
#include "tx.h"

/* Is it one plain frame to this station, for the device it came in by? */
static __always_inline enum kntp_stat
prove_frame(const struct kntp_net *kn, const struct sk_buff *skb)
{
	if (unlikely(skb->pkt_type != PACKET_HOST))
		return skb->pkt_type == PACKET_OTHERHOST ?
			KNTP_STAT_PASS_NOT_MINE : KNTP_STAT_PASS_MULTICAST;
	if (unlikely(skb_vlan_tag_present(skb) && skb_vlan_tag_get_id(skb)))
		return KNTP_STAT_PASS_VLAN;
	if (unlikely(skb_is_gso(skb)))
		return KNTP_STAT_PASS_GSO;
	if (unlikely(skb_shared(skb) || skb_mac_header_len(skb) != ETH_HLEN))
		return KNTP_STAT_PASS_SHARED;
	if (unlikely(kntp_has_ipsec(kn->net, XFRM_POLICY_IN) ||
		     kntp_has_ipsec(kn->net, XFRM_POLICY_OUT)))
		return KNTP_STAT_PASS_IPSEC;
	return 0;
}

static bool is_station(const struct sk_buff *skb)
{
	return is_valid_ether_addr(eth_hdr(skb)->h_source);
}

/* RFC 1122 section 3.2.1.3: what is no host's address is no source. */
static bool is_source4(const struct kntp_net *kn, __be32 addr, int vrf)
{
	return !ipv4_is_multicast(addr) && !ipv4_is_lbcast(addr) &&
	       !ipv4_is_zeronet(addr) && !ipv4_is_loopback(addr) &&
	       kntp_address_kind(kn, addr, vrf) == KNTP_ADDRESS_OTHER;
}

/* What a common header is by its form. */
static enum kntp_stat prove_form4(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	unsigned int len = ntohs(iph->tot_len);

	if (iph->frag_off & htons(IP_MF))
		return KNTP_STAT_PASS_FRAGMENT;
	if (iph->ihl != 5)
		return KNTP_STAT_PASS_OPTIONS;
	if (len > skb->len || len < sizeof(*iph) + sizeof(struct udphdr))
		return KNTP_STAT_DROP_LENGTH;
	return 0;
}

/* By the header alone: is it all here, for this host, from another? */
static __always_inline enum kntp_stat
prove_header4(const struct kntp_net *kn, const struct sk_buff *skb, bool common)
{
	enum kntp_stat form = likely(common) ? 0 : prove_form4(skb);
	const struct iphdr *iph = ip_hdr(skb);
	int vrf = kntp_rx_vrf(skb->dev);

	/* A wrong length is an error of those alone that are to this host. */
	if (unlikely(form && form < KNTP_STAT_DROP_LENGTH))
		return form;
	if (unlikely(kntp_address_kind(kn, iph->daddr, vrf) != KNTP_ADDRESS_MINE))
		return KNTP_STAT_PASS_NOT_MINE;
	if (unlikely(form))
		return form;
	if (unlikely(!kntp_rx_header4(iph)))
		return KNTP_STAT_DROP_CHECKSUM;
	if (unlikely(!is_source4(kn, iph->saddr, vrf) || !is_station(skb)))
		return KNTP_STAT_DROP_SOURCE;
	return 0;
}

static __always_inline enum kntp_stat
prove4(struct kntp_net *kn, struct sk_buff *skb, bool common)
{
	enum ntp_class class = NTP_CLASS_PLAIN;
	enum kntp_stat stat;

	stat = prove_frame(kn, skb) ?: prove_header4(kn, skb, common);
	if (unlikely(stat))
		return stat;
	if (unlikely(!common)) {
		stat = kntp_rx_length(skb, sizeof(struct iphdr),
				      ntohs(ip_hdr(skb)->tot_len));
		if (stat)
			return stat;
		class = kntp_rx_classify(skb, sizeof(struct iphdr));
	}
	if (unlikely(!kntp_rx_checksum4(skb, common)))
		return KNTP_STAT_DROP_CHECKSUM;

	return kntp_rx_judge(class, kntp_acl_verdict4(&kn->acl,
						      ip_hdr(skb)->saddr));
}

/* Takes the packet. */
static __always_inline unsigned int reflect(struct kntp_net *kn,
					    const struct kntp_asker *who,
					    struct sk_buff *skb)
{
	struct net_device *dev = skb->dev;
	struct ethhdr *eth;

	/* Of VLAN 0 at most: a priority tag, which is not for the reply. */
	__vlan_hwaccel_clear_tag(skb);
	eth = __skb_push(skb, ETH_HLEN);	/* it was there */
	ether_addr_copy(eth->h_dest, eth->h_source);
	ether_addr_copy(eth->h_source, dev->dev_addr);
	trace_kntp_datagram(skb, KNTP_HOOK_INGRESS, kntp_tx_stat(who));
	kntp_tx_done(kn, who, KNTP_HOOK_INGRESS, dev_queue_xmit(skb));
	return NF_STOLEN;
}

/* An IPv4 header whose UDP ports can be read; not a later fragment. */
static bool has_ports4(struct sk_buff *skb)
{
	const struct iphdr *iph;

	if (unlikely(!pskb_may_pull(skb, sizeof(*iph))))
		return false;
	iph = ip_hdr(skb);
	return iph->protocol == IPPROTO_UDP && iph->version == 4 &&
	       iph->ihl >= 5 && !(iph->frag_off & htons(IP_OFFSET)) &&
	       pskb_may_pull(skb, iph->ihl * 4 + sizeof(struct udphdr));
}

/* Takes the packet. WHO: where there are limits or keys. */
static __always_inline unsigned int finish4(struct kntp_net *kn,
					    const struct kntp_asker *who,
					    struct sk_buff *skb,
					    ktime_t received)
{
	if (unlikely(!kntp_tx_writable(skb)))
		return kntp_rx_done(kn, skb, KNTP_HOOK_INGRESS,
				    KNTP_STAT_DROP_NO_MEMORY);
	received = kntp_rx_device_time(kn, who, skb, KNTP_HOOK_INGRESS,
				       received);
	kntp_tx_scrub(skb);
	kntp_tx_turn4(kn, who, skb, received, KNTP_HOOK_INGRESS);
	return reflect(kn, who, skb);
}

/* A path of its own: what it keeps is not in the way of the usual one. */
static noinline unsigned int admit4(struct kntp_net *kn, struct sk_buff *skb,
				    ktime_t received, enum kntp_stat stat)
{
	struct kntp_asker who;

	if (kntp_rx_admit(kn, &who, skb, &stat))
		return finish4(kn, &who, skb, received);
	return kntp_rx_done(kn, skb, KNTP_HOOK_INGRESS, stat);
}

static __always_inline unsigned int answer4(struct kntp_net *kn,
					    struct sk_buff *skb, bool common)
{
	ktime_t received = kntp_skb_tstamp(skb);
	enum kntp_stat stat;

	kntp_count(&kn->stats, KNTP_HOOK_INGRESS, KNTP_STAT_IN);
	stat = prove4(kn, skb, common);
	if (unlikely(rcu_access_pointer(kn->limits)))
		return admit4(kn, skb, received, stat);
	if (unlikely(stat))
		return stat == KNTP_STAT_PASS_MAC ?
		       admit4(kn, skb, received, stat) :
		       kntp_rx_done(kn, skb, KNTP_HOOK_INGRESS, stat);
	return finish4(kn, NULL, skb, received);
}

/* Apart from the common case, which is so compiled by itself. */
static noinline unsigned int ingress4(struct kntp_net *kn, struct sk_buff *skb)
{
	if (!has_ports4(skb) || !kntp_rx_is_ntp(skb, ip_hdrlen(skb)))
		return NF_ACCEPT;
	return answer4(kn, skb, false);
}

#if IS_ENABLED(CONFIG_IPV6)
/*
 * ip6_rcv() drops what arrives by a device without IPv6, but this hook comes
 * before it. Booted with ipv6.disable=1 no device has IPv6, and there is no
 * address table for ipv6_chk_addr() to walk.
 */
static bool has_ipv6(const struct net_device *dev)
{
	const struct inet6_dev *idev = __in6_dev_get(dev);

	return idev && !READ_ONCE(idev->cnf.disable_ipv6);
}

static enum kntp_stat prove6(struct kntp_net *kn, struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	unsigned int len = sizeof(*ip6h) + ntohs(ip6h->payload_len);
	enum kntp_stat stat;

	stat = prove_frame(kn, skb);
	if (unlikely(stat))
		return stat;
	if (unlikely(ipv6_addr_is_multicast(&ip6h->daddr)))
		return KNTP_STAT_PASS_MULTICAST;
	if (unlikely(!has_ipv6(skb->dev) ||
		     !ipv6_chk_addr(kn->net, &ip6h->daddr, skb->dev, 0)))
		return KNTP_STAT_PASS_NOT_MINE;
	if (unlikely(len > skb->len ||
		     len < sizeof(*ip6h) + sizeof(struct udphdr)))
		return KNTP_STAT_DROP_LENGTH;
	stat = kntp_rx_source6(kn, &ip6h->saddr, skb->dev, true);
	if (unlikely(stat || !is_station(skb)))
		return KNTP_STAT_DROP_SOURCE;

	stat = kntp_rx_length(skb, sizeof(*ip6h), len);
	if (unlikely(stat))
		return stat;
	if (unlikely(!kntp_rx_checksum6(skb)))
		return KNTP_STAT_DROP_CHECKSUM;

	return kntp_rx_judge(kntp_rx_classify(skb, sizeof(struct ipv6hdr)),
			     kntp_acl_verdict6(&kn->acl, &ipv6_hdr(skb)->saddr));
}

static unsigned int finish6(struct kntp_net *kn, const struct kntp_asker *who,
			    struct sk_buff *skb, ktime_t received)
{
	if (unlikely(!kntp_tx_writable(skb)))
		return kntp_rx_done(kn, skb, KNTP_HOOK_INGRESS,
				    KNTP_STAT_DROP_NO_MEMORY);
	received = kntp_rx_device_time(kn, who, skb, KNTP_HOOK_INGRESS,
				       received);
	kntp_tx_scrub(skb);
	kntp_tx_turn6(kn, who, skb, received, KNTP_HOOK_INGRESS);
	return reflect(kn, who, skb);
}

static noinline unsigned int admit6(struct kntp_net *kn, struct sk_buff *skb,
				    ktime_t received, enum kntp_stat stat)
{
	struct kntp_asker who;

	if (kntp_rx_admit(kn, &who, skb, &stat))
		return finish6(kn, &who, skb, received);
	return kntp_rx_done(kn, skb, KNTP_HOOK_INGRESS, stat);
}

static noinline unsigned int ingress6(struct kntp_net *kn, struct sk_buff *skb)
{
	enum kntp_stat stat;
	ktime_t received;

	if (unlikely(!pskb_may_pull(skb, sizeof(struct ipv6hdr))) ||
	    ipv6_hdr(skb)->version != 6)
		return NF_ACCEPT;
	if (ipv6_hdr(skb)->nexthdr != IPPROTO_UDP) {
		stat = kntp_rx_extended6(skb);
		if (likely(!stat))
			return NF_ACCEPT;
		kntp_count(&kn->stats, KNTP_HOOK_INGRESS, KNTP_STAT_IN);
		return kntp_rx_done(kn, skb, KNTP_HOOK_INGRESS, stat);
	}
	if (!pskb_may_pull(skb, sizeof(struct ipv6hdr) + sizeof(struct udphdr)) ||
	    !kntp_rx_is_ntp(skb, sizeof(struct ipv6hdr)))
		return NF_ACCEPT;

	received = kntp_skb_tstamp(skb);
	kntp_count(&kn->stats, KNTP_HOOK_INGRESS, KNTP_STAT_IN);
	stat = prove6(kn, skb);
	if (unlikely(rcu_access_pointer(kn->limits)))
		return admit6(kn, skb, received, stat);
	if (unlikely(stat))
		return stat == KNTP_STAT_PASS_MAC ?
		       admit6(kn, skb, received, stat) :
		       kntp_rx_done(kn, skb, KNTP_HOOK_INGRESS, stat);
	return finish6(kn, NULL, skb, received);
}
#else
static unsigned int ingress6(struct kntp_net *kn, struct sk_buff *skb)
{
	return NF_ACCEPT;
}
#endif

/* What is shared may not be moved together: look at a copy of its headers. */
static noinline unsigned int ingress_shared(struct kntp_net *kn,
					    struct sk_buff *skb)
{
	unsigned int offset = sizeof(struct ipv6hdr);
	const struct ipv6hdr *ip6h;
	const struct iphdr *iph;
	const struct udphdr *udp;
	union {
		struct ipv6hdr v6;
		struct iphdr v4;
		struct udphdr udp;
	} copy;

	if (skb->protocol == htons(ETH_P_IP)) {
		iph = skb_header_pointer(skb, 0, sizeof(*iph), &copy);
		if (!iph || iph->version != 4 || iph->ihl < 5 ||
		    iph->protocol != IPPROTO_UDP ||
		    iph->frag_off & htons(IP_OFFSET))
			return NF_ACCEPT;
		offset = iph->ihl * 4;
	} else if (skb->protocol == htons(ETH_P_IPV6)) {
		ip6h = skb_header_pointer(skb, 0, sizeof(*ip6h), &copy);
		if (!ip6h || ip6h->version != 6 || ip6h->nexthdr != IPPROTO_UDP)
			return NF_ACCEPT;
	} else {
		return NF_ACCEPT;
	}
	udp = skb_header_pointer(skb, offset, sizeof(*udp), &copy);
	if (!udp || udp->dest != htons(NTP_PORT))
		return NF_ACCEPT;
	kntp_count(&kn->stats, KNTP_HOOK_INGRESS, KNTP_STAT_IN);
	return kntp_rx_done(kn, skb, KNTP_HOOK_INGRESS, KNTP_STAT_PASS_SHARED);
}

/**
 * kntp_hook_ingress() - frames that a device has received
 * @priv: struct kntp_net
 * @skb: the frame, at its network header
 * @state: where netfilter is
 *
 * Softirq, RCU read side. Return: a netfilter verdict.
 */
unsigned int kntp_hook_ingress(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	if (skb->protocol == htons(ETH_P_IP) && kntp_rx_is_common4(skb))
		return answer4(priv, skb, true);
	if (unlikely(skb_shared(skb) && skb_is_nonlinear(skb)))
		return ingress_shared(priv, skb);
	if (skb->protocol == htons(ETH_P_IP))
		return ingress4(priv, skb);
	if (skb->protocol == htons(ETH_P_IPV6))
		return ingress6(priv, skb);
	return NF_ACCEPT;
}
