/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_NETLINK_H
#define _KNTP_NETLINK_H

#include <linux/kntp.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/time64.h>
#include <linux/time_namespace.h>
#include <net/genetlink.h>

/* Multicast groups, as genetlink counts those of the family. */
enum kntp_group {
	KNTP_GROUP_EVENTS,
	KNTP_GROUP_LIMITS,	/* events that name a client */
};

extern struct genl_family kntp_genl_family;

extern struct netlink_range_validation kntp_ifindex_range;

extern const struct nla_policy kntp_acl_policy[KNTP_A_ACL_MAX + 1];
extern const struct nla_policy kntp_clock_policy[KNTP_A_CLOCK_MAX + 1];
extern const struct nla_policy kntp_client_policy[KNTP_A_CLIENT_MAX + 1];
extern const struct nla_policy kntp_client_get_policy[KNTP_A_CLIENT_MAX + 1];
extern const struct nla_policy kntp_phc_policy[KNTP_A_PHC_MAX + 1];
extern const struct nla_policy kntp_key_policy[KNTP_A_KEY_MAX + 1];
extern const struct nla_policy kntp_limit_policy[KNTP_A_LIMIT_MAX + 1];
extern const struct nla_policy kntp_limit_del_policy[KNTP_A_LIMIT_MAX + 1];

int kntp_nl_acl_get(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_acl_dump_start(struct netlink_callback *cb);
int kntp_nl_acl_dump(struct sk_buff *skb, struct netlink_callback *cb);
int kntp_nl_acl_add(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_acl_del(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_acl_flush(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_acl_begin(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_acl_commit(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_acl_abort(struct sk_buff *skb, struct genl_info *info);

int kntp_nl_clock_get(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_clock_set(struct sk_buff *skb, struct genl_info *info);

int kntp_nl_client_get(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_client_dump_start(struct netlink_callback *cb);
int kntp_nl_client_dump(struct sk_buff *skb, struct netlink_callback *cb);
int kntp_nl_client_set(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_client_flush(struct sk_buff *skb, struct genl_info *info);

int kntp_nl_put_client(struct sk_buff *msg, int type, int link_type,
		       const u64 key[2], u8 prefix);

int kntp_nl_limit_get(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_limit_set(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_limit_del(struct sk_buff *skb, struct genl_info *info);

int kntp_nl_key_dump_start(struct netlink_callback *cb);
int kntp_nl_key_dump(struct sk_buff *skb, struct netlink_callback *cb);
int kntp_nl_key_set(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_key_del(struct sk_buff *skb, struct genl_info *info);

int kntp_nl_phc_dump(struct sk_buff *skb, struct netlink_callback *cb);
int kntp_nl_phc_set(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_phc_del(struct sk_buff *skb, struct genl_info *info);

int kntp_nl_stats_get(struct sk_buff *skb, struct genl_info *info);
int kntp_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb);
int kntp_nl_stats_reset(struct sk_buff *skb, struct genl_info *info);

/**
 * kntp_nl_raw_offset() - Read the time namespace's offset of CLOCK_MONOTONIC_RAW
 *
 * A process in a time namespace reads that clock with the offset added, so
 * messages to and from it have it too; see time_namespaces(7). Call it in the
 * context of the process that sends the request or reads the dump.
 *
 * Return: ns; 0 in the initial time namespace.
 */
static inline s64 kntp_nl_raw_offset(void)
{
	struct timespec64 offset = {};

	timens_add_monotonic(&offset);
	return timespec64_to_ns(&offset);
}

struct sk_buff *kntp_nl_answer(const struct genl_info *info, size_t size,
			       void **head);
int kntp_nl_reply(struct genl_info *info, struct sk_buff *msg, void *head,
		  int err);
int kntp_nl_need_admin(const struct sk_buff *skb);

int kntp_netlink_init(void);
void kntp_netlink_exit(void);

#endif /* _KNTP_NETLINK_H */
