// SPDX-License-Identifier: GPL-2.0
/* Requests, as a driver would hand them to the stack. */
#include "bench.h"

#include <linux/etherdevice.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>

static void put_ipv4(struct sk_buff *skb, const struct bench_order *order,
		     const struct bench_request *request)
{
	struct iphdr *iph = skb_put_zero(skb, sizeof(*iph));

	iph->version = 4;
	iph->ihl = 5;
	iph->tot_len = htons(sizeof(*iph) + bench_udp_len(order));
	iph->frag_off = htons(IP_DF);
	iph->ttl = 55;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = request->client.s6_addr32[0];
	iph->daddr = BENCH_SERVER4;
	ip_send_check(iph);
}

static void put_ipv6(struct sk_buff *skb, const struct bench_order *order,
		     const struct bench_request *request)
{
	struct ipv6hdr *ip6h = skb_put_zero(skb, sizeof(*ip6h));

	ip6_flow_hdr(ip6h, 0, 0);
	ip6h->payload_len = htons(bench_udp_len(order));
	ip6h->nexthdr = IPPROTO_UDP;
	ip6h->hop_limit = 55;
	ip6h->saddr = request->client;
	ip6h->daddr = bench_server6;
}

static void put_udp(struct sk_buff *skb, const struct bench_order *order,
		    const struct bench_request *request)
{
	unsigned int len = bench_udp_len(order);
	struct udphdr *udp = skb_put_zero(skb, len);
	struct bench_ntp *ntp = (struct bench_ntp *)(udp + 1);
	__wsum sum;

	udp->source = request->port;
	udp->dest = htons(order->port);
	udp->len = htons(len);
	ntp->li_vn_mode = 4 << 3 | order->mode;
	ntp->poll = 6;
	ntp->transmit = request->transmit;
	if (order->keyed)
		bench_mac(ntp, (u8 *)(ntp + 1));

	sum = csum_partial(udp, len, 0);
	if (order->family == AF_INET)
		udp->check = csum_tcpudp_magic(request->client.s6_addr32[0],
					       BENCH_SERVER4, len,
					       IPPROTO_UDP, sum);
	else
		udp->check = csum_ipv6_magic(&request->client, &bench_server6,
					     len, IPPROTO_UDP, sum);
	if (!udp->check)
		udp->check = CSUM_MANGLED_0;
}

/* Who asks: of the list, or of as many addresses as are wanted. */
static void put_source(const struct bench_order *order, u32 which,
		       struct in6_addr *source)
{
	if (order->sources <= bench_n_sources)
		*source = bench_sources[which];
	else
		source->s6_addr32[0] = htonl(BENCH_FIRST4 + which);
}

/* A request with the frame's header, and what its reply must echo. */
struct sk_buff *bench_frame(const struct bench_order *order, u64 random,
			    u32 number, struct bench_request *request)
{
	bool ipv4 = order->family == AF_INET;
	struct sk_buff *skb;
	struct ethhdr *eth;

	put_source(order, (order->in_turn ? number : (u32)random) %
			  order->sources, &request->client);
	request->port = htons(1024 + (random >> 32) % (65536 - 1024));
	request->transmit = cpu_to_be64(random * 0x9e3779b97f4a7c15ULL | 1);

	skb = netdev_alloc_skb_ip_align(bench_dev, ETH_HLEN +
					bench_udp_len(order) +
					sizeof(struct ipv6hdr));
	if (!skb)
		return NULL;
	eth = skb_put(skb, ETH_HLEN);
	ether_addr_copy(eth->h_dest, bench_server_mac);
	ether_addr_copy(eth->h_source, bench_gateway_mac);
	eth->h_proto = htons(ipv4 ? ETH_P_IP : ETH_P_IPV6);
	if (ipv4)
		put_ipv4(skb, order, request);
	else
		put_ipv6(skb, order, request);
	put_udp(skb, order, request);
	return skb;
}

/* What a driver says of a frame that it has received. */
void bench_frame_received(struct sk_buff *skb, const struct bench_order *order)
{
	skb->protocol = eth_type_trans(skb, bench_dev);
	skb->ip_summed = order->verified ? CHECKSUM_UNNECESSARY : CHECKSUM_NONE;
}
