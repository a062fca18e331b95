// SPDX-License-Identifier: GPL-2.0
/*
 * Netfilter LOCAL_IN, behind the firewall and before the connection would be
 * confirmed. The IP layer has proven the IP header, put fragments together and
 * found the packet to be for this host; the reply is routed, and goes through
 * OUTPUT as the answer that it is.
 */
#include "hook.h"

#include <linux/bottom_half.h>
#include <linux/preempt.h>
#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>
#include <net/xfrm.h>
#include "kntp.h"
#include "route.h"
#include "rx.h"
#include "tx.h"

/*
 * The reply belongs to the connection of the request, and says so, for rules
 * that let established ones out and for address translation to be undone.
 * Conntrack lets a packet that comes with a connection be, and never confirms
 * one by a packet of the reply direction, so that no entry outlives this.
 */
static unsigned long turn_connection(unsigned long nfct)
{
	unsigned long ctinfo = nfct & NFCT_INFOMASK;

	if (!nfct || ctinfo == IP_CT_UNTRACKED)
		return nfct;
	return (nfct & NFCT_PTRMASK) |
	       (CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL ?
		IP_CT_ESTABLISHED_REPLY : IP_CT_ESTABLISHED);
}

/* Scrubs a packet of all but its connection, which is turned round. */
static void scrub(struct sk_buff *skb, u32 mark)
{
	unsigned long nfct = kntp_skb_nfct(skb);

	kntp_skb_set_nfct(skb, 0);
	kntp_tx_scrub(skb);
	kntp_skb_set_nfct(skb, turn_connection(nfct));
	skb->mark = mark;
}

/*
 * A socket that is bound to no device gets the packets of a VRF only where
 * net.ipv4.udp_l3mdev_accept says so; for both families. So does this hook.
 */
static bool is_other_vrf(const struct kntp_net *kn, const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NET_L3_MASTER_DEV)
	return unlikely(netif_is_l3_master(skb->dev)) &&
	       !READ_ONCE(kn->net->ipv4.sysctl_udp_l3mdev_accept);
#else
	return false;
#endif
}

static enum kntp_stat prove4(struct kntp_net *kn, struct sk_buff *skb,
			     bool common)
{
	enum ntp_class class = NTP_CLASS_PLAIN;
	enum kntp_stat stat;

	if (is_other_vrf(kn, skb))
		return KNTP_STAT_PASS_NOT_MINE;
	if (unlikely(skb_rtable(skb)->rt_type != RTN_LOCAL))
		return KNTP_STAT_PASS_MULTICAST;
	if (unlikely(skb_is_gso(skb)))
		return KNTP_STAT_PASS_GSO;
	if (unlikely(!common)) {
		if (ip_hdrlen(skb) != sizeof(struct iphdr))
			return KNTP_STAT_PASS_OPTIONS;
		stat = kntp_rx_length(skb, sizeof(struct iphdr), skb->len);
		if (stat)
			return stat;
		class = kntp_rx_classify(skb, sizeof(struct iphdr));
	}
	if (unlikely(!kntp_rx_checksum4(skb, common)))
		return KNTP_STAT_DROP_CHECKSUM;
	if (unlikely(!xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb)))
		return KNTP_STAT_DROP_IPSEC;

	return kntp_rx_judge(class, kntp_acl_verdict4(&kn->acl,
						      ip_hdr(skb)->saddr));
}

/* Takes the packet. WHO: where there are limits or keys. */
static __always_inline unsigned int answer4(struct kntp_net *kn,
					    const struct kntp_asker *who,
					    struct sk_buff *skb,
					    ktime_t received)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct kntp_way4 way = {
		.saddr = iph->daddr,
		.daddr = iph->saddr,
		.oif = kntp_rx_vrf(skb->dev),
		.mark = IP4_REPLY_MARK(kn->net, skb->mark),
	};
	int err;

	if (unlikely(!kntp_tx_writable(skb)))
		return kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL,
				    KNTP_STAT_DROP_NO_MEMORY);

	received = kntp_rx_device_time(kn, who, skb, KNTP_HOOK_LOCAL, received);
	scrub(skb, way.mark);
	err = kntp_route4(kn, skb, &way, udp_hdr(skb)->source);
	if (unlikely(err))
		return kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL, err == -EINVAL ?
				    KNTP_STAT_DROP_SOURCE :
				    KNTP_STAT_DROP_NO_ROUTE);

	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	kntp_tx_turn4(kn, who, skb, received, KNTP_HOOK_LOCAL);
	trace_kntp_datagram(skb, KNTP_HOOK_LOCAL, kntp_tx_stat(who));
	kntp_tx_done(kn, who, KNTP_HOOK_LOCAL, ip_local_out(kn->net, NULL, skb));
	return NF_STOLEN;
}

/* A path of its own: what it keeps is not in the way of the usual one. */
static noinline unsigned int admit4(struct kntp_net *kn, struct sk_buff *skb,
				    ktime_t received, enum kntp_stat stat)
{
	struct kntp_asker who;

	if (kntp_rx_admit(kn, &who, skb, &stat))
		return answer4(kn, &who, skb, received);
	return kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL, stat);
}

/*
 * A userspace firewall (NFQUEUE) hands a packet back from its own system call:
 * nf_reinject() then runs the hooks that are left with bottom halves enabled.
 * A softirq on this CPU could spin on a bucket's lock that this task holds, or
 * change a counter under it.
 */
static noinline unsigned int local_with_bh_off(nf_hookfn *hook, void *priv,
					       struct sk_buff *skb,
					       const struct nf_hook_state *state)
{
	unsigned int verdict;

	local_bh_disable();
	verdict = hook(priv, skb, state);
	local_bh_enable();
	return verdict;
}

/**
 * kntp_hook_local4() - IPv4 packets for this host
 * @priv: struct kntp_net
 * @skb: the packet
 * @state: where netfilter is
 *
 * Softirq, or process context where a userspace firewall held the packet. RCU
 * read side. Return: a netfilter verdict.
 */
unsigned int kntp_hook_local4(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	bool common = kntp_rx_is_common4(skb);
	struct kntp_net *kn = priv;
	enum kntp_stat stat;
	ktime_t received;

	if (unlikely(!softirq_count()))
		return local_with_bh_off(kntp_hook_local4, priv, skb, state);
	if (!common &&
	    (ip_hdr(skb)->protocol != IPPROTO_UDP ||
	     !pskb_may_pull(skb, ip_hdrlen(skb) + sizeof(struct udphdr)) ||
	     !kntp_rx_is_ntp(skb, ip_hdrlen(skb))))
		return NF_ACCEPT;

	received = kntp_rx_time(skb);
	kntp_count(&kn->stats, KNTP_HOOK_LOCAL, KNTP_STAT_IN);
	stat = prove4(kn, skb, common);
	if (unlikely(rcu_access_pointer(kn->limits)))
		return admit4(kn, skb, received, stat);
	if (unlikely(stat))
		return stat == KNTP_STAT_PASS_MAC ?
		       admit4(kn, skb, received, stat) :
		       kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL, stat);
	return answer4(kn, NULL, skb, received);
}

static enum kntp_stat prove6(struct kntp_net *kn, struct sk_buff *skb)
{
	enum kntp_stat stat;

	if (is_other_vrf(kn, skb))
		return KNTP_STAT_PASS_NOT_MINE;
	if (unlikely(ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr)))
		return KNTP_STAT_PASS_MULTICAST;
	if (unlikely(skb_is_gso(skb)))
		return KNTP_STAT_PASS_GSO;

	stat = kntp_rx_length(skb, sizeof(struct ipv6hdr), skb->len);
	if (unlikely(stat))
		return stat;
	if (unlikely(!kntp_rx_checksum6(skb)))
		return KNTP_STAT_DROP_CHECKSUM;
	if (unlikely(!xfrm6_policy_check(NULL, XFRM_POLICY_IN, skb)))
		return KNTP_STAT_DROP_IPSEC;
	/* A VRF device is also the loopback device of its VRF. */
	if (!(skb->dev->flags & IFF_LOOPBACK)) {
		stat = kntp_rx_source6(kn, &ipv6_hdr(skb)->saddr, skb->dev,
				       !netif_is_l3_master(skb->dev));
		if (unlikely(stat))
			return stat;
	}

	return kntp_rx_judge(kntp_rx_classify(skb, sizeof(struct ipv6hdr)),
			     kntp_acl_verdict6(&kn->acl, &ipv6_hdr(skb)->saddr));
}

/*
 * A link-local address, of the client or of this host, means something on the
 * link of the request alone (RFC 4007 section 9); other replies are routed.
 */
static int reply_oif6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	if ((ipv6_addr_type(&ip6h->saddr) | ipv6_addr_type(&ip6h->daddr)) &
	    IPV6_ADDR_LINKLOCAL)
		return IP6CB(skb)->iif;
	return kntp_rx_vrf(skb->dev);
}

/* Takes the packet. WHO: where there are limits or keys. */
static unsigned int answer6(struct kntp_net *kn, const struct kntp_asker *who,
			    struct sk_buff *skb, ktime_t received)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct kntp_way6 way = {
		.saddr = ip6h->daddr,
		.daddr = ip6h->saddr,
		.oif = reply_oif6(skb),
		.mark = IP6_REPLY_MARK(kn->net, skb->mark),
	};

	if (unlikely(!kntp_tx_writable(skb)))
		return kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL,
				    KNTP_STAT_DROP_NO_MEMORY);

	received = kntp_rx_device_time(kn, who, skb, KNTP_HOOK_LOCAL, received);
	scrub(skb, way.mark);
	if (unlikely(kntp_route6(kn, skb, &way, udp_hdr(skb)->source)))
		return kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL,
				    KNTP_STAT_DROP_NO_ROUTE);

	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	kntp_tx_turn6(kn, who, skb, received, KNTP_HOOK_LOCAL);
	trace_kntp_datagram(skb, KNTP_HOOK_LOCAL, kntp_tx_stat(who));
	kntp_tx_done(kn, who, KNTP_HOOK_LOCAL, ip6_local_out(kn->net, NULL, skb));
	return NF_STOLEN;
}

static noinline unsigned int admit6(struct kntp_net *kn, struct sk_buff *skb,
				    ktime_t received, enum kntp_stat stat)
{
	struct kntp_asker who;

	if (kntp_rx_admit(kn, &who, skb, &stat))
		return answer6(kn, &who, skb, received);
	return kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL, stat);
}

/**
 * kntp_hook_local6() - IPv6 packets for this host
 * @priv: struct kntp_net
 * @skb: the packet
 * @state: where netfilter is
 *
 * As kntp_hook_local4(). Return: a netfilter verdict.
 */
unsigned int kntp_hook_local6(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	struct kntp_net *kn = priv;
	enum kntp_stat stat;
	ktime_t received;

	if (unlikely(!softirq_count()))
		return local_with_bh_off(kntp_hook_local6, priv, skb, state);
	if (ipv6_hdr(skb)->nexthdr != IPPROTO_UDP) {
		stat = kntp_rx_extended6(skb);
		if (likely(!stat))
			return NF_ACCEPT;
		kntp_count(&kn->stats, KNTP_HOOK_LOCAL, KNTP_STAT_IN);
		return kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL, stat);
	}
	if (!pskb_may_pull(skb, sizeof(struct ipv6hdr) + sizeof(struct udphdr)) ||
	    !kntp_rx_is_ntp(skb, sizeof(struct ipv6hdr)))
		return NF_ACCEPT;

	received = kntp_rx_time(skb);
	kntp_count(&kn->stats, KNTP_HOOK_LOCAL, KNTP_STAT_IN);
	stat = prove6(kn, skb);
	if (unlikely(rcu_access_pointer(kn->limits)))
		return admit6(kn, skb, received, stat);
	if (unlikely(stat))
		return stat == KNTP_STAT_PASS_MAC ?
		       admit6(kn, skb, received, stat) :
		       kntp_rx_done(kn, skb, KNTP_HOOK_LOCAL, stat);
	return answer6(kn, NULL, skb, received);
}
