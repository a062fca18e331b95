// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>
#include "kntp.h"
#include "limit.h"
#include "netlink.h"

#define LEAK_DEFAULT	2

static const struct nla_policy one_policy[KNTP_A_LIMIT_ONE_MAX + 1] = {
	[KNTP_A_LIMIT_ONE_INTERVAL] = NLA_POLICY_RANGE(NLA_S8, -19, 12),
	[KNTP_A_LIMIT_ONE_BURST] = NLA_POLICY_MIN(NLA_U8, 1),
	[KNTP_A_LIMIT_ONE_LEAK] = NLA_POLICY_RANGE(NLA_U8, 1, 4),
	[KNTP_A_LIMIT_ONE_KOD] = NLA_POLICY_MAX(NLA_U8, 4),
	[KNTP_A_LIMIT_ONE_PREFIX4] = NLA_POLICY_MAX(NLA_U8, 31),
	[KNTP_A_LIMIT_ONE_PREFIX6] = NLA_POLICY_MAX(NLA_U8, 63),
};

static struct netlink_range_validation replies_range = {
	.max = KNTP_LIMIT_REPLIES_MAX,
};

const struct nla_policy kntp_limit_policy[KNTP_A_LIMIT_MAX + 1] = {
	[KNTP_A_LIMIT_CLIENT] = NLA_POLICY_NESTED(one_policy),
	[KNTP_A_LIMIT_PREFIX] = NLA_POLICY_NESTED(one_policy),
	[KNTP_A_LIMIT_REPLIES] = NLA_POLICY_FULL_RANGE(NLA_U32, &replies_range),
	[KNTP_A_LIMIT_DENY] = NLA_POLICY_MAX(NLA_U8, 4),
};

const struct nla_policy kntp_limit_del_policy[KNTP_A_LIMIT_MAX + 1] = {
	[KNTP_A_LIMIT_CLIENT] = { .type = NLA_FLAG },
	[KNTP_A_LIMIT_PREFIX] = { .type = NLA_FLAG },
};

static u8 get_u8(const struct nlattr *attr, u8 otherwise)
{
	return attr ? nla_get_u8(attr) : otherwise;
}

static int take_one(struct genl_info *info, struct nlattr **tb,
		    const struct nlattr *nest, struct kntp_limit *limit)
{
	int err = nla_parse_nested(tb, KNTP_A_LIMIT_ONE_MAX, nest, one_policy,
				   info->extack);

	if (err)
		return err;
	if (!tb[KNTP_A_LIMIT_ONE_INTERVAL] || !tb[KNTP_A_LIMIT_ONE_BURST]) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest,
				    "interval and burst are needed");
		return -EINVAL;
	}
	limit->interval = nla_get_s8(tb[KNTP_A_LIMIT_ONE_INTERVAL]);
	limit->burst = nla_get_u8(tb[KNTP_A_LIMIT_ONE_BURST]);
	limit->leak = get_u8(tb[KNTP_A_LIMIT_ONE_LEAK], LEAK_DEFAULT);
	limit->kod = get_u8(tb[KNTP_A_LIMIT_ONE_KOD], 0);
	bucket_rate_init(&limit->rate, limit->interval, limit->burst, HZ);
	return 0;
}

static int take_client(struct genl_info *info, const struct nlattr *nest,
		       struct kntp_limits *limits)
{
	struct nlattr *tb[KNTP_A_LIMIT_ONE_MAX + 1];
	int err = take_one(info, tb, nest, &limits->client);

	if (err)
		return err;
	if (tb[KNTP_A_LIMIT_ONE_PREFIX4] || tb[KNTP_A_LIMIT_ONE_PREFIX6]) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest,
				    "a client has no prefix");
		return -EINVAL;
	}
	return 0;
}

static int take_prefix(struct genl_info *info, const struct nlattr *nest,
		       struct kntp_limits *limits)
{
	struct nlattr *tb[KNTP_A_LIMIT_ONE_MAX + 1];
	int err = take_one(info, tb, nest, &limits->prefix);

	if (err)
		return err;
	limits->prefix4 = get_u8(tb[KNTP_A_LIMIT_ONE_PREFIX4], 0);
	limits->prefix6 = get_u8(tb[KNTP_A_LIMIT_ONE_PREFIX6], 0);
	if (!limits->prefix4 && !limits->prefix6) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest,
				    "neither prefix4 nor prefix6");
		return -EINVAL;
	}
	return 0;
}

static int take_rest(struct genl_info *info, struct kntp_limits *limits)
{
	struct nlattr *replies = info->attrs[KNTP_A_LIMIT_REPLIES];

	if (replies) {
		limits->replies = nla_get_u32(replies);
		if (limits->replies && limits->replies < KNTP_LIMIT_REPLIES_MIN) {
			NL_SET_ERR_MSG_ATTR(info->extack, replies,
					    "1000 a second at least, or 0 for no limit");
			return -ERANGE;
		}
	}
	limits->deny = get_u8(info->attrs[KNTP_A_LIMIT_DENY], limits->deny);
	return 0;
}

int kntp_nl_limit_set(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_net *kn = kntp_net(genl_info_net(info));
	struct nlattr **a = info->attrs;
	struct kntp_limits limits = {};
	const struct kntp_limits *now;
	int err = 0;

	rtnl_lock();
	now = rtnl_dereference(kn->limits);
	if (now)
		limits = *now;
	if (a[KNTP_A_LIMIT_CLIENT])
		err = take_client(info, a[KNTP_A_LIMIT_CLIENT], &limits);
	if (!err && a[KNTP_A_LIMIT_PREFIX])
		err = take_prefix(info, a[KNTP_A_LIMIT_PREFIX], &limits);
	if (!err)
		err = take_rest(info, &limits);
	if (!err && kntp_limit_needs_table(&limits) && !kn->clients.entries) {
		GENL_SET_ERR_MSG(info, "there is no client table: set its entries first");
		err = -EINVAL;
	}
	if (!err && limits.prefix6 > kn->clients.prefix6) {
		GENL_SET_ERR_MSG(info, "prefix6 is longer than that of the client table");
		err = -EINVAL;
	}
	if (!err)
		err = kntp_limit_set(kn, &limits);
	rtnl_unlock();
	return err;
}

static bool is_any(const struct kntp_limits *limits)
{
	return kntp_limit_needs_table(limits) || limits->replies ||
	       limits->deny;
}

int kntp_nl_limit_del(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_net *kn = kntp_net(genl_info_net(info));
	struct nlattr **a = info->attrs;
	struct kntp_limits limits = {};
	const struct kntp_limits *now;
	int err;

	rtnl_lock();
	now = rtnl_dereference(kn->limits);
	if (now && (a[KNTP_A_LIMIT_CLIENT] || a[KNTP_A_LIMIT_PREFIX]))
		limits = *now;
	if (a[KNTP_A_LIMIT_CLIENT])
		memset(&limits.client, 0, sizeof(limits.client));
	if (a[KNTP_A_LIMIT_PREFIX]) {
		memset(&limits.prefix, 0, sizeof(limits.prefix));
		limits.prefix4 = 0;
		limits.prefix6 = 0;
	}
	err = kntp_limit_set(kn, is_any(&limits) ? &limits : NULL);
	rtnl_unlock();
	return err;
}

static int put_one(struct sk_buff *msg, int type,
		   const struct kntp_limit *limit, u8 prefix4, u8 prefix6)
{
	struct nlattr *nest;

	if (!limit->rate.cost)
		return 0;
	nest = nla_nest_start(msg, type);
	if (!nest ||
	    nla_put_s8(msg, KNTP_A_LIMIT_ONE_INTERVAL, limit->interval) ||
	    nla_put_u8(msg, KNTP_A_LIMIT_ONE_BURST, limit->burst) ||
	    nla_put_u8(msg, KNTP_A_LIMIT_ONE_LEAK, limit->leak) ||
	    nla_put_u8(msg, KNTP_A_LIMIT_ONE_KOD, limit->kod) ||
	    (prefix4 && nla_put_u8(msg, KNTP_A_LIMIT_ONE_PREFIX4, prefix4)) ||
	    (prefix6 && nla_put_u8(msg, KNTP_A_LIMIT_ONE_PREFIX6, prefix6)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int kntp_nl_limit_get(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_net *kn = kntp_net(genl_info_net(info));
	const struct kntp_limits none = {}, *limits;
	struct sk_buff *msg;
	void *head;
	int err;

	msg = kntp_nl_answer(info, NLMSG_GOODSIZE, &head);
	if (!msg)
		return -ENOMEM;
	rtnl_lock();
	limits = rtnl_dereference(kn->limits) ?: &none;
	err = put_one(msg, KNTP_A_LIMIT_CLIENT, &limits->client, 0, 0) ?:
	      put_one(msg, KNTP_A_LIMIT_PREFIX, &limits->prefix,
		      limits->prefix4, limits->prefix6) ?:
	      nla_put_u32(msg, KNTP_A_LIMIT_REPLIES, limits->replies) ?:
	      nla_put_u8(msg, KNTP_A_LIMIT_DENY, limits->deny);
	rtnl_unlock();
	return kntp_nl_reply(info, msg, head, err);
}
