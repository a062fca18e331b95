// SPDX-License-Identifier: GPL-2.0
#include "rx.h"

#include <linux/netfilter.h>
#include <net/addrconf.h>
#include <net/ipv6.h>

/**
 * kntp_rx_done() - count a packet that is not answered
 * @kn: the network namespace
 * @skb: the packet
 * @hook: where it was seen
 * @stat: why
 *
 * Softirq. Return: the netfilter verdict.
 */
unsigned int kntp_rx_done(struct kntp_net *kn, struct sk_buff *skb,
			  enum kntp_hook hook, enum kntp_stat stat)
{
	trace_kntp_datagram(skb, hook, stat);
	kntp_count(&kn->stats, hook, stat);
	return stat < KNTP_STAT_DROP_LENGTH ? NF_ACCEPT : NF_DROP;
}

/**
 * kntp_rx_extended6() - look behind IPv6 extension headers
 * @skb: an IPv6 packet that does not begin with a UDP header
 *
 * Softirq. Return: 0 when it is not to UDP/123 as far as can be told, else why
 * it is passed up.
 */
enum kntp_stat kntp_rx_extended6(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_IPV6)
	u8 next = ipv6_hdr(skb)->nexthdr;
	struct udphdr *udp, buffer;
	__be16 frag_off = 0;
	int offset;

	if (!ipv6_ext_hdr(next))
		return 0;
	offset = ipv6_skip_exthdr(skb, sizeof(struct ipv6hdr), &next, &frag_off);
	if (offset < 0 || next != IPPROTO_UDP || frag_off & htons(IP6_OFFSET))
		return 0;
	udp = skb_header_pointer(skb, offset, sizeof(buffer), &buffer);
	if (!udp || udp->dest != htons(NTP_PORT))
		return 0;
	return frag_off ? KNTP_STAT_PASS_FRAGMENT : KNTP_STAT_PASS_OPTIONS;
#else
	return 0;
#endif
}

/**
 * kntp_rx_source6() - whether an IPv6 source may be answered at all
 * @kn: the network namespace
 * @saddr: the source, of a packet that did not come by the loopback device
 * @dev: where it came in, or the VRF of that
 * @from_other: it did not come from this host
 *
 * IPv6 runs: the packet's device has it. Softirq, RCU read side.
 *
 * Return: 0 or KNTP_STAT_DROP_SOURCE.
 */
enum kntp_stat kntp_rx_source6(const struct kntp_net *kn,
			       const struct in6_addr *saddr,
			       const struct net_device *dev, bool from_other)
{
#if IS_ENABLED(CONFIG_IPV6)
	int type = ipv6_addr_type(saddr);

	if (type == IPV6_ADDR_ANY ||
	    type & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LOOPBACK | IPV6_ADDR_MAPPED) ||
	    (from_other && ipv6_chk_addr_and_flags(kn->net, saddr, dev, true, 0,
						   IFA_F_TENTATIVE)))
		return KNTP_STAT_DROP_SOURCE;
#endif
	return 0;
}

/**
 * kntp_rx_judge_rare() - kntp_rx_judge() for all but the common case
 * @class: what the datagram is
 * @verdict: what the access list says of its source
 */
enum kntp_stat kntp_rx_judge_rare(enum ntp_class class, unsigned int verdict)
{
	switch (class) {
	case NTP_CLASS_SHORT:
		return KNTP_STAT_DROP_LENGTH;
	case NTP_CLASS_MALFORMED:
		return KNTP_STAT_DROP_MALFORMED;
	case NTP_CLASS_MODE:
		return KNTP_STAT_PASS_MODE;
	case NTP_CLASS_VERSION:
		return KNTP_STAT_PASS_VERSION;
	case NTP_CLASS_PLAIN:
	case NTP_CLASS_MAC:
	case NTP_CLASS_NTS:
		break;
	}
	if (verdict == KNTP_VERDICT_PASS)
		return KNTP_STAT_PASS_ACL;
	if (verdict != KNTP_VERDICT_ALLOW && verdict != KNTP_VERDICT_AUTH)
		return KNTP_STAT_DROP_DENIED;
	/* A MAC may yet be by a key that is held here. */
	if (verdict == KNTP_VERDICT_AUTH && class != NTP_CLASS_MAC)
		return KNTP_STAT_DROP_AUTH;
	if (class == NTP_CLASS_NTS)
		return KNTP_STAT_PASS_NTS;
	return class == NTP_CLASS_MAC ? KNTP_STAT_PASS_MAC : 0;
}

/* A MAC that cannot be verified here authenticates nobody. */
static enum kntp_stat unknown_key(struct kntp_net *kn,
				  const struct sk_buff *skb, bool is4)
{
	unsigned int verdict = is4 ?
		kntp_acl_verdict4(&kn->acl, ip_hdr(skb)->saddr) :
		kntp_acl_verdict6(&kn->acl, &ipv6_hdr(skb)->saddr);

	return verdict == KNTP_VERDICT_AUTH ? KNTP_STAT_DROP_AUTH :
					      KNTP_STAT_PASS_MAC;
}

/**
 * kntp_rx_admit() - whether a request that is limited or authenticated is answered
 * @kn: the network namespace
 * @who: filled in
 * @skb: the request, without IP options or extension headers, judged
 * @stat: what it is to be counted as, or 0; changed by a limit or a key
 *
 * Limits come first: what is too much costs no digest. Softirq, RCU read side.
 * Return: whether there is a reply, which may be a kiss code or a crypto-NAK.
 */
bool kntp_rx_admit(struct kntp_net *kn, struct kntp_asker *who,
		   const struct sk_buff *skb, enum kntp_stat *stat)
{
	struct kntp_limits *limits = rcu_dereference(kn->limits);
	bool is4 = skb->protocol == htons(ETH_P_IP);
	const struct udphdr *udp = (const void *)
		(skb->data + (is4 ? sizeof(struct iphdr) :
				    sizeof(struct ipv6hdr)));
	const struct ntp_header *ntp = (const void *)(udp + 1);
	size_t len = ntohs(udp->len) - sizeof(*udp);

	*who = (struct kntp_asker){};
	/* Only these have proven that there is an NTP header. */
	if (unlikely(*stat && *stat != KNTP_STAT_PASS_MAC &&
		     *stat != KNTP_STAT_DROP_DENIED))
		return false;
	who->poll = ntp->poll;
	if (*stat == KNTP_STAT_PASS_MAC)
		*stat = kntp_key_find(kn, who, ntp, len) ? 0 :
			unknown_key(kn, skb, is4);
	if (unlikely(*stat))
		return *stat == KNTP_STAT_DROP_DENIED && limits &&
		       kntp_limit_denied(limits, who);
	if (is4)
		*stat = kntp_client_limit(kn, who, limits, 0,
					  kntp_acl_mapped(ip_hdr(skb)->saddr),
					  0, ntp);
	else
		*stat = kntp_client_limit(kn, who, limits,
					  kntp_acl_half6(&ipv6_hdr(skb)->saddr, 0),
					  kntp_acl_half6(&ipv6_hdr(skb)->saddr, 1),
					  skb->dev->ifindex, ntp);
	if (unlikely(*stat))
		return who->kiss;
	if (who->key && !kntp_key_verify(who, ntp, len))
		*stat = who->stat = KNTP_STAT_DROP_MAC;
	return true;
}
