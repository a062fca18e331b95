/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_ACL_H
#define _KNTP_ACL_H

#include <linux/in6.h>
#include <linux/kntp.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include "core/prefix.h"

struct netlink_ext_ack;

enum kntp_acl_family {
	KNTP_ACL_IPV4,
	KNTP_ACL_IPV6,
	KNTP_ACL_FAMILIES,
};

/* Who is denied finds what who is not in the list does. */
static_assert(!(KNTP_VERDICT_DENY & PREFIX_FOUND));

/**
 * struct kntp_acl - an access list, never changed once it is published
 * @rcu: frees it
 * @generation: differs from that of every list before it
 * @count: prefixes of each family
 * @list: those prefixes, sorted
 * @tree: the same for look-ups
 * @table: the first bits of the IPv4 tree in one step; NULL in a short list
 */
struct kntp_acl {
	struct rcu_head rcu;
	u32 generation;
	u32 count[KNTP_ACL_FAMILIES];
	struct prefix *list[KNTP_ACL_FAMILIES];
	struct prefix_node *tree[KNTP_ACL_FAMILIES];
	u32 *table;
};

/**
 * struct kntp_acl_edit - prefixes on their way into a list
 * @count: prefixes of each family
 * @room: how many @list has room for
 * @list: in the order they came; the later of two with the same address
 *	counts, and KNTP_VERDICT_NONE deletes
 */
struct kntp_acl_edit {
	u32 count[KNTP_ACL_FAMILIES];
	u32 room[KNTP_ACL_FAMILIES];
	struct prefix *list[KNTP_ACL_FAMILIES];
};

/**
 * struct kntp_acl_set - the access list of a network namespace
 * @lock: held to replace the list in force; protects what follows
 * @active: the list in force
 * @portid: the socket with a transaction open, when @staged is set
 * @staged: what that transaction has collected
 */
struct kntp_acl_set {
	struct mutex lock;	/* one writer at a time */
	struct kntp_acl __rcu *active;
	u32 portid;
	struct kntp_acl_edit *staged;
};

/**
 * kntp_acl_verdict4() - what the list says of an IPv4 source
 * @set: the access list
 * @addr: the source
 *
 * Softirq, RCU read side. Return: enum kntp_verdict, NONE for DENY.
 */
static inline unsigned int kntp_acl_verdict4(const struct kntp_acl_set *set,
					     __be32 addr)
{
	const struct kntp_acl *acl = rcu_dereference(set->active);

	if (acl->table)
		return prefix_lookup_table(acl->tree[KNTP_ACL_IPV4], acl->table,
					   be32_to_cpu(addr));
	return prefix_lookup(acl->tree[KNTP_ACL_IPV4],
			     (u64)be32_to_cpu(addr) << 32, 0);
}

/**
 * kntp_acl_half6() - an IPv6 address, as far as 64 bits hold it
 * @addr: the address
 * @half: 0: the first, 1: the second one
 */
static inline u64 kntp_acl_half6(const struct in6_addr *addr, unsigned int half)
{
	return (u64)be32_to_cpu(addr->s6_addr32[2 * half]) << 32 |
	       be32_to_cpu(addr->s6_addr32[2 * half + 1]);
}

/**
 * kntp_acl_mapped() - the lower half of an IPv4 address, mapped to IPv6
 * @addr: the address
 */
static inline u64 kntp_acl_mapped(__be32 addr)
{
	return 0xffffULL << 32 | be32_to_cpu(addr);
}

/**
 * kntp_acl_is_mapped() - whether an IPv6 address is a mapped one
 * @hi: its first half
 * @lo: its second half
 */
static inline bool kntp_acl_is_mapped(u64 hi, u64 lo)
{
	return !hi && lo >> 32 == 0xffff;
}

/**
 * kntp_acl_verdict6() - what the list says of an IPv6 source
 * @set: the access list
 * @addr: the source
 *
 * Softirq, RCU read side. Return: enum kntp_verdict, NONE for DENY.
 */
static inline unsigned int kntp_acl_verdict6(const struct kntp_acl_set *set,
					     const struct in6_addr *addr)
{
	const struct kntp_acl *acl = rcu_dereference(set->active);

	return prefix_lookup(acl->tree[KNTP_ACL_IPV6],
			     kntp_acl_half6(addr, 0),
			     kntp_acl_half6(addr, 1));
}

void kntp_acl_edit_clear(struct kntp_acl_edit *edit);
int kntp_acl_edit_add(struct kntp_acl_edit *edit, enum kntp_acl_family family,
		      const struct prefix *prefix);

int kntp_acl_add(struct kntp_acl_set *set, u32 portid,
		 struct kntp_acl_edit *edit, struct netlink_ext_ack *extack);
int kntp_acl_del(struct kntp_acl_set *set, struct kntp_acl_edit *edit,
		 struct netlink_ext_ack *extack);
int kntp_acl_flush(struct kntp_acl_set *set, struct netlink_ext_ack *extack);
int kntp_acl_begin(struct kntp_acl_set *set, u32 portid,
		   struct netlink_ext_ack *extack);
int kntp_acl_commit(struct kntp_acl_set *set, u32 portid,
		    struct netlink_ext_ack *extack);
int kntp_acl_abort(struct kntp_acl_set *set, u32 portid,
		   struct netlink_ext_ack *extack);
void kntp_acl_abandon(struct kntp_acl_set *set, u32 portid);

int kntp_acl_init(struct kntp_acl_set *set);
void kntp_acl_exit(struct kntp_acl_set *set);

#endif /* _KNTP_ACL_H */
