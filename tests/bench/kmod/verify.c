// SPDX-License-Identifier: GPL-2.0
/* Whether a frame is the reply to a request: every octet that has a rule. */
#include "bench.h"

#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

static const char *verify_ipv4(const struct iphdr *iph, unsigned int len,
			       const struct bench_request *request)
{
	if (iph->version != 4 || iph->ihl != 5 || iph->protocol != IPPROTO_UDP)
		return "not a plain IPv4 UDP packet";
	if (iph->tot_len != htons(sizeof(*iph) + len))
		return "wrong IPv4 length";
	if (ip_fast_csum(iph, iph->ihl))
		return "wrong IPv4 header checksum";
	if (iph->frag_off & htons(IP_MF | IP_OFFSET) || !iph->ttl)
		return "fragment, or no time to live";
	if (iph->saddr != BENCH_SERVER4 ||
	    iph->daddr != request->client.s6_addr32[0])
		return "wrong IPv4 address";
	return NULL;
}

static const char *verify_ipv6(const struct ipv6hdr *ip6h, unsigned int len,
			       const struct bench_request *request)
{
	if (ip6h->version != 6 || ip6h->nexthdr != IPPROTO_UDP)
		return "not a plain IPv6 UDP packet";
	if (ip6h->payload_len != htons(len))
		return "wrong IPv6 length";
	if (!ip6h->hop_limit)
		return "no hop limit";
	if (!ipv6_addr_equal(&ip6h->saddr, &bench_server6) ||
	    !ipv6_addr_equal(&ip6h->daddr, &request->client))
		return "wrong IPv6 address";
	return NULL;
}

/* The sum is verified as it would be on the wire. */
static const char *verify_udp(const void *ip, unsigned int len, int family,
			      const struct bench_request *request)
{
	const struct iphdr *iph = ip;
	const struct ipv6hdr *ip6h = ip;
	const struct udphdr *udp;
	__wsum sum;

	udp = family == AF_INET ? (const void *)(iph + 1) :
				  (const void *)(ip6h + 1);
	if (udp->source != htons(123) || udp->dest != request->port)
		return "wrong UDP port";
	if (udp->len != htons(len))
		return "wrong UDP length";
	if (!udp->check)
		return "no UDP checksum";
	sum = csum_partial(udp, len, 0);
	if (family == AF_INET ?
	    csum_tcpudp_magic(iph->saddr, iph->daddr, len, IPPROTO_UDP, sum) :
	    csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len, IPPROTO_UDP, sum))
		return "wrong UDP checksum";
	return NULL;
}

static const char *verify_ntp(const struct bench_ntp *ntp,
			      const struct bench_order *order,
			      const struct bench_request *request)
{
	u8 mac[BENCH_MAC_LEN];

	if (ntp->li_vn_mode != (4 << 3 | 4))
		return "not a synchronised server's version 4";
	if (ntp->stratum < 1 || ntp->stratum > 15)
		return "wrong stratum";
	if (ntp->origin != request->transmit)
		return "origin is not the request's transmit";
	if (!ntp->receive || !ntp->transmit ||
	    be64_to_cpu(ntp->transmit) - be64_to_cpu(ntp->receive) > 1ULL << 32)
		return "not received within the second before it was sent";
	if (!order->keyed)
		return NULL;
	bench_mac(ntp, mac);
	return memcmp(ntp + 1, mac, sizeof(mac)) ? "wrong MAC" : NULL;
}

/**
 * bench_verify() - compare a sent frame with the request it should answer
 * @skb: the frame; its checksum is completed as the hardware would
 * @order: what was asked
 * @request: the request
 *
 * Return: NULL, or what is wrong. A reply's length is fixed, and that of the
 * request, so it is never longer.
 */
const char *bench_verify(struct sk_buff *skb, const struct bench_order *order,
			 const struct bench_request *request)
{
	unsigned int len = bench_udp_len(order);
	bool ipv4 = order->family == AF_INET;
	size_t ip_len = ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	const struct ethhdr *eth = (const void *)skb->data;
	const char *complaint;
	const void *ip;

	if (skb->len != ETH_HLEN + ip_len + len)
		return "wrong frame length";
	if ((skb->ip_summed == CHECKSUM_PARTIAL && skb_checksum_help(skb)) ||
	    skb_linearize(skb))
		return "cannot be sent";
	eth = (const void *)skb->data;
	ip = eth + 1;
	if (!ether_addr_equal_unaligned(eth->h_dest, bench_gateway_mac) ||
	    !ether_addr_equal_unaligned(eth->h_source, bench_server_mac))
		return "wrong station address";
	if (eth->h_proto != htons(ipv4 ? ETH_P_IP : ETH_P_IPV6))
		return "wrong frame type";

	complaint = ipv4 ? verify_ipv4(ip, len, request) :
			   verify_ipv6(ip, len, request);
	if (!complaint)
		complaint = verify_udp(ip, len, order->family, request);
	if (!complaint)
		complaint = verify_ntp(ip + ip_len + sizeof(struct udphdr),
				       order, request);
	return complaint;
}
