// SPDX-License-Identifier: GPL-2.0
/*
 * The way back to a client. Looking it up costs more than all the rest of a
 * reply, and many sources ask again and again (a NAT, a monitor, a downstream
 * server), so each CPU keeps the routes of those who asked twice.
 */
#include "route.h"

#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/flow.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sock.h>
#include "core/wire.h"
#include "ipsec.h"
#include "kntp.h"

#define ROUTES_BITS	6
#define ROUTES		BIT(ROUTES_BITS)

/* A way as words to compare and hash; its length tells the families apart. */
enum {
	WORDS4 = sizeof(struct kntp_way4) / sizeof(u64),
	WORDS6 = sizeof(struct kntp_way6) / sizeof(u64),
};

static_assert(WORDS4 == 2 && WORDS6 == 5);

/**
 * struct route - a route that was looked up
 * @rcu: frees it
 * @dst: the route, with a reference
 * @cookie: tells dst_check() which one it was
 * @words: length of @way
 * @way: what for
 */
struct route {
	struct rcu_head rcu;
	struct dst_entry *dst;
	u32 cookie;
	unsigned int words;
	u64 way[WORDS6];
};

/**
 * struct kntp_routes - the routes one CPU keeps
 * @route: by hash of the way
 * @missed: hash of the way that found no route here last
 *
 * Written by the CPU's own softirq, but by exchange, so that the flush from
 * process context and preemption on PREEMPT_RT find each route once.
 */
struct kntp_routes {
	struct route __rcu *route[ROUTES];
	u32 missed[ROUTES];
};

/* Collisions cost a look-up, which who makes them can have without. */
static __always_inline u32 way_hash(const u64 *way, unsigned int words)
{
	u64 hash = 0;

	while (words--)
		hash = (hash ^ *way++) * 0x9e3779b97f4a7c15ULL;
	return hash >> 32;
}

static __always_inline bool same_way(const struct route *route,
				     const u64 *way, unsigned int words)
{
	u64 differ = route->words ^ words;
	unsigned int i;

	for (i = 0; i < words; i++)
		differ |= route->way[i] ^ way[i];
	return !differ;
}

static void route_free_rcu(struct rcu_head *rcu)
{
	struct route *route = container_of(rcu, struct route, rcu);

	dst_release(route->dst);
	kfree(route);
}

static void route_put(struct route *route)
{
	if (route)
		call_rcu(&route->rcu, route_free_rcu);
}

static struct route __rcu **routes_slot(struct kntp_net *kn, u32 hash)
{
	return &this_cpu_ptr(kn->routes)->route[hash >> (32 - ROUTES_BITS)];
}

/* Gives the packet a route that is kept and still holds. */
static __always_inline bool route_recall(struct kntp_net *kn,
					 struct sk_buff *skb, const void *way,
					 unsigned int words, u32 hash)
{
	const struct route *route = rcu_dereference(*routes_slot(kn, hash));

	if (!route || !same_way(route, way, words) ||
	    !dst_check(route->dst, route->cookie))
		return false;
	skb_dst_set_noref(skb, route->dst);
	return true;
}

/* Keeps a route when this way was missed before, without another between. */
static void route_remember(struct kntp_net *kn, struct dst_entry *dst,
			   u32 cookie, const void *way, unsigned int words,
			   u32 hash)
{
	u32 *missed = &this_cpu_ptr(kn->routes)->missed[hash >> (32 - ROUTES_BITS)];
	struct route *route;

	if (*missed != hash) {
		*missed = hash;
		return;
	}
	route = kmalloc(sizeof(*route), GFP_ATOMIC | __GFP_NOWARN);
	if (!route)
		return;
	memcpy(route->way, way, words * sizeof(*route->way));
	route->words = words;
	route->dst = dst_clone(dst);
	route->cookie = cookie;
	route_put(unrcu_pointer(xchg(routes_slot(kn, hash),
				     RCU_INITIALIZER(route))));
}

/*
 * Rules of policy routing may look at ports, which are no part of a way, and so
 * may IPsec policies.
 */
static bool may_keep4(const struct net *net)
{
#ifdef CONFIG_IP_MULTIPLE_TABLES
	if (net->ipv4.fib_has_custom_rules)
		return false;
#endif
	return !kntp_has_ipsec(net, XFRM_POLICY_OUT);
}

static bool may_keep6(const struct net *net)
{
#ifdef CONFIG_IPV6_MULTIPLE_TABLES
	if (net->ipv6.fib6_has_custom_rules)
		return false;
#endif
	return !kntp_has_ipsec(net, XFRM_POLICY_OUT);
}

/* Apart from kntp_route4(), which has no use for a flow when it remembers. */
static noinline int find_route4(struct kntp_net *kn, struct sk_buff *skb,
				const struct kntp_way4 *way, __be16 dport,
				u32 hash)
{
	bool ipsec = kntp_has_ipsec(kn->net, XFRM_POLICY_OUT);
	struct flowi4 fl4;
	struct rtable *rt;

	/* The source is proven to be ours: it is where the request came to. */
	flowi4_init_output(&fl4, way->oif, way->mark, 0, RT_SCOPE_UNIVERSE,
			   IPPROTO_UDP, FLOWI_FLAG_ANYSRC,
			   way->daddr, way->saddr,
			   dport, htons(NTP_PORT), kn->uid);
	rt = ipsec ? ip_route_output_flow(kn->net, &fl4, NULL) :
		     __ip_route_output_key(kn->net, &fl4);
	if (IS_ERR(rt))
		return PTR_ERR(rt);
	if (rt->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) {
		ip_rt_put(rt);
		return -EINVAL;
	}
	if (may_keep4(kn->net))
		route_remember(kn, &rt->dst, 0, way, WORDS4, hash);
	skb_dst_set(skb, &rt->dst);
	return 0;
}

/**
 * kntp_route4() - find the way of an IPv4 reply
 * @kn: the network namespace
 * @skb: the reply; given its route
 * @way: where to
 * @dport: to which port
 *
 * Softirq, RCU read side until the packet is sent. Return: 0, -EINVAL when the
 * destination is a broadcast or multicast address, or why there is no route.
 */
int kntp_route4(struct kntp_net *kn, struct sk_buff *skb,
		const struct kntp_way4 *way, __be16 dport)
{
	u32 hash = way_hash((const u64 *)way, WORDS4);

	if (may_keep4(kn->net) && route_recall(kn, skb, way, WORDS4, hash))
		return 0;
	return find_route4(kn, skb, way, dport, hash);
}

/**
 * kntp_route6() - find the way of an IPv6 reply
 * @kn: the network namespace
 * @skb: the reply; given its route
 * @way: where to
 * @dport: to which port
 *
 * Softirq, RCU read side until the packet is sent. Return: 0, or why there is
 * no route.
 */
int kntp_route6(struct kntp_net *kn, struct sk_buff *skb,
		const struct kntp_way6 *way, __be16 dport)
{
#if IS_ENABLED(CONFIG_IPV6)
	u32 hash = way_hash((const u64 *)way, WORDS6);
	bool keep = may_keep6(kn->net);
	struct flowi6 fl6 = {
		.flowi6_oif = way->oif,
		.flowi6_mark = way->mark,
		.flowi6_proto = IPPROTO_UDP,
		.flowi6_uid = kn->uid,
		.daddr = way->daddr,
		.saddr = way->saddr,
		.fl6_dport = dport,
		.fl6_sport = htons(NTP_PORT),
	};
	struct dst_entry *dst;

	if (keep && route_recall(kn, skb, way, WORDS6, hash))
		return 0;

	/*
	 * A link-local source means something on its own link alone. The look-up
	 * insists on the device only where the source is left to it, and the reply
	 * takes its source from the request anyway.
	 */
	if (way->oif && ipv6_addr_type(&way->saddr) & IPV6_ADDR_LINKLOCAL)
		fl6.saddr = in6addr_any;
	dst = ip6_dst_lookup_flow(kn->net, NULL, &fl6, NULL);
	if (IS_ERR(dst))
		return PTR_ERR(dst);
	if (keep)
		route_remember(kn, dst, rt6_get_cookie((struct rt6_info *)dst),
			       way, WORDS6, hash);
	skb_dst_set(skb, dst);
	return 0;
#else
	return -EAFNOSUPPORT;
#endif
}

/**
 * kntp_routes_start() - set up, with no route kept, once
 * @kn: the network namespace
 *
 * Process context, rtnl held. Return: 0 or -ENOMEM.
 */
int kntp_routes_start(struct kntp_net *kn)
{
	ASSERT_RTNL();
	kn->uid = sock_net_uid(kn->net, NULL);
	if (!kn->routes)
		kn->routes = alloc_percpu(struct kntp_routes);
	return kn->routes ? 0 : -ENOMEM;
}

/**
 * kntp_routes_flush() - keep none of the routes, so that devices can go away
 * @kn: the network namespace
 *
 * Process context, rtnl held or nobody sending; softirqs may go on using what
 * they have found.
 */
void kntp_routes_flush(struct kntp_net *kn)
{
	struct kntp_routes *routes;
	int cpu, i;

	if (!kn->routes)
		return;
	for_each_possible_cpu(cpu) {
		routes = per_cpu_ptr(kn->routes, cpu);
		for (i = 0; i < ROUTES; i++)
			route_put(unrcu_pointer(xchg(&routes->route[i], NULL)));
	}
}

/**
 * kntp_routes_exit() - free all; nobody sends any more
 * @kn: the network namespace
 *
 * Process context. The routes themselves go after an RCU grace period. Those of
 * IPv6 count in their namespace, which outlives that: the devices' end flushes
 * all there are before, and waits for RCU.
 */
void kntp_routes_exit(struct kntp_net *kn)
{
	kntp_routes_flush(kn);
	free_percpu(kn->routes);
}
