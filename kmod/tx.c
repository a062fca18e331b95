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

#if IS_ENABLED(CONFIG_IPV6)
static void reply6(struct kntp_clients *table, const struct in6_addr *addr,
		   struct sk_buff *skb, ktime_t received, enum kntp_hook hook)
{
	kntp_client_reply(table, kntp_acl_half6(addr, 0) & table->mask6[0],
			  kntp_acl_half6(addr, 1) & table->mask6[1], skb,
			  received, hook);
}
#endif

/**
 * kntp_tx_turn6() - turn an IPv6 request into its reply
 * @kn: the network namespace
 * @who: whose it is, of kntp_rx_limit(); NULL where there are no limits
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

	skb_trim(skb, sizeof(*ip6h) + KNTP_REPLY_LEN);
	swap(ip6h->saddr, ip6h->daddr);
	ip6_flow_hdr(ip6h, 0, 0);
	ip6h->payload_len = htons(KNTP_REPLY_LEN);
	ip6h->hop_limit = READ_ONCE(kn->net->ipv6.devconf_all->hop_limit);

	udp->dest = udp->source;
	udp->source = htons(NTP_PORT);
	udp->len = htons(KNTP_REPLY_LEN);
	udp->check = 0;

	if (unlikely(who))
		kntp_client_tell(who, skb, received, hook);
	else if (likely(clients))
		reply6(clients, &ip6h->daddr, skb, received, hook);
	else
		kntp_clock_reply((struct ntp_header *)(udp + 1), received);
	udp->check = csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, KNTP_REPLY_LEN,
				     IPPROTO_UDP,
				     csum_partial(udp, KNTP_REPLY_LEN, 0)) ?:
		     CSUM_MANGLED_0;
#endif
}
