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

/*
 * Ports and payload. The transmit time is read here: behind it come checksum
 * and device alone. Returns the sum of the datagram.
 */
static __wsum turn_udp(struct udphdr *udp, ktime_t received)
{
	udp->dest = udp->source;
	udp->source = htons(NTP_PORT);
	udp->len = htons(KNTP_REPLY_LEN);
	udp->check = 0;

	kntp_clock_reply((struct ntp_header *)(udp + 1), received);
	return csum_partial(udp, KNTP_REPLY_LEN, 0);
}

/**
 * kntp_tx_turn6() - turn an IPv6 request into its reply
 * @kn: the network namespace
 * @skb: the request, linear and writable, without extension headers
 * @received: when it arrived
 *
 * Softirq, RCU read side.
 */
void kntp_tx_turn6(struct kntp_net *kn, struct sk_buff *skb, ktime_t received)
{
#if IS_ENABLED(CONFIG_IPV6)
	struct ipv6hdr *ip6h = (struct ipv6hdr *)skb->data;
	struct udphdr *udp = (struct udphdr *)(ip6h + 1);
	__wsum sum;

	skb_trim(skb, sizeof(*ip6h) + KNTP_REPLY_LEN);
	swap(ip6h->saddr, ip6h->daddr);
	ip6_flow_hdr(ip6h, 0, 0);
	ip6h->payload_len = htons(KNTP_REPLY_LEN);
	ip6h->hop_limit = READ_ONCE(kn->net->ipv6.devconf_all->hop_limit);

	sum = turn_udp(udp, received);
	udp->check = csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, KNTP_REPLY_LEN,
				     IPPROTO_UDP, sum) ?: CSUM_MANGLED_0;
#endif
}
