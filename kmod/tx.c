// SPDX-License-Identifier: GPL-2.0
/*
 * Turns the buffer of a request into its reply, in place. The reply is the
 * request's headers turned round and an NTP header, so never longer.
 */
#include "tx.h"

#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include "clock.h"
#include "compat/compat.h"
#include "core/wire.h"

/**
 * kntp_tx_tell() - kntp_client_tell(), and the MAC of the reply
 * @who: whose it is
 * @skb: the packet, as kntp_client_tell() takes it
 * @ntp: the header in it
 * @received: when it arrived, as kntp_clock_reply() takes it
 * @hook: where it was seen
 *
 * The MAC is of the transmit time, too, which so is earlier by what it takes.
 * Softirq, in the RCU read side of kntp_rx_admit(). Return: the sum of what is
 * behind the header.
 */
u32 kntp_tx_tell(const struct kntp_asker *who, struct sk_buff *skb,
		 struct ntp_header *ntp, ktime_t received, enum kntp_hook hook)
{
	kntp_client_tell(who, skb, received, hook);
	if (likely(!who->mac_len))
		return 0;
	kntp_key_sign(who, ntp);
	return (__force u32)csum_partial(ntp + 1, who->mac_len, 0);
}

#if IS_ENABLED(CONFIG_IPV6)
static void reply6(struct kntp_clients *table, const struct in6_addr *addr,
		   struct sk_buff *skb, ktime_t received, enum kntp_hook hook)
{
	struct kntp_client_key key;

	key = kntp_client_key6(table, kntp_acl_half6(addr, 0),
			       kntp_acl_half6(addr, 1), skb->dev->ifindex);
	kntp_client_reply(table, key.hi, key.lo, skb, received, hook);
}
#endif

/**
 * kntp_tx_turn6() - turn an IPv6 request into its reply
 * @kn: the network namespace
 * @who: whose it is, of kntp_rx_admit(); NULL where neither limits nor keys are
 * @skb: the request, linear and writable, without extension headers
 * @received: when it arrived, as kntp_clock_reply() takes it
 * @hook: where it was seen
 *
 * The transmit time is read here: behind it come checksum and device alone.
 * Softirq, RCU read side.
 */
void kntp_tx_turn6(struct kntp_net *kn, const struct kntp_asker *who,
		   struct sk_buff *skb, ktime_t received, enum kntp_hook hook)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct kntp_clients *clients = rcu_dereference(kn->clients.table);
	struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data;
	struct udphdr *udp = (struct udphdr *)(ip6h + 1);
	unsigned int len = KNTP_REPLY_LEN + (who ? who->mac_len : 0);
	struct ntp_header *ntp = (struct ntp_header *)(udp + 1);

	skb_trim(skb, sizeof(*ip6h) + len);
	swap(ip6h->saddr, ip6h->daddr);
	ip6_flow_hdr(ip6h, 0, 0);
	ip6h->payload_len = htons(len);
	ip6h->hop_limit = READ_ONCE(kn->net->ipv6.devconf_all->hop_limit);

	udp->dest = udp->source;
	udp->source = htons(NTP_PORT);
	udp->len = htons(len);
	udp->check = 0;

	if (unlikely(who))
		kntp_tx_tell(who, skb, ntp, received, hook);
	else if (likely(clients))
		reply6(clients, &ip6h->daddr, skb, received, hook);
	else
		kntp_clock_reply(ntp, received);
	if (received)
		kntp_tx_took(kn, ntp, hook);
	udp->check = csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len,
				     IPPROTO_UDP, csum_partial(udp, len, 0)) ?:
		     CSUM_MANGLED_0;
#endif
}
