/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_ROUTE_H
#define _KNTP_ROUTE_H

#include <linux/in6.h>
#include <linux/skbuff.h>
#include <linux/types.h>

struct kntp_net;

/**
 * struct kntp_way4 - where an IPv4 reply goes, as far as routing is concerned
 * @saddr: source, this host
 * @daddr: destination
 * @oif: device it must leave through (VRF), or 0
 * @mark: for policy routing
 */
struct kntp_way4 {
	__be32 saddr;
	__be32 daddr;
	int oif;
	u32 mark;
} __aligned(8);

/**
 * struct kntp_way6 - where an IPv6 reply goes
 * @oif: device it must leave through (link-local, VRF), or 0
 * @mark: for policy routing
 * @saddr: source, this host
 * @daddr: destination
 */
struct kntp_way6 {
	int oif;
	u32 mark;
	struct in6_addr saddr;
	struct in6_addr daddr;
} __aligned(8);

int kntp_route4(struct kntp_net *kn, struct sk_buff *skb,
		const struct kntp_way4 *way, __be16 dport);
int kntp_route6(struct kntp_net *kn, struct sk_buff *skb,
		const struct kntp_way6 *way, __be16 dport);

int kntp_routes_start(struct kntp_net *kn);
void kntp_routes_flush(struct kntp_net *kn);
void kntp_routes_exit(struct kntp_net *kn);

#endif /* _KNTP_ROUTE_H */
