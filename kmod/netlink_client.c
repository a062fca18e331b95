// SPDX-License-Identifier: GPL-2.0
#include <linux/rtnetlink.h>
#include <net/sock.h>
#include "client.h"
#include "kntp.h"
#include "limit.h"
#include "netlink.h"

static struct netlink_range_validation entries_range = {
	.max = KNTP_CLIENT_ENTRIES_MAX,
};

const struct nla_policy kntp_client_policy[KNTP_A_CLIENT_MAX + 1] = {
	[KNTP_A_CLIENT_ENTRIES] = NLA_POLICY_FULL_RANGE(NLA_U32, &entries_range),
	[KNTP_A_CLIENT_PREFIX6] = NLA_POLICY_RANGE(NLA_U8, 1, 128),
};

static u64 memory(const struct kntp_clients *table)
{
	return sizeof(*table) + (u64)table->count *
	       (sizeof(*table->buckets) + SLOTS * sizeof(*table->clients));
}

static int put_table(struct sk_buff *msg, const struct kntp_client_set *set,
		     const struct kntp_clients *table)
{
	return nla_put_u32(msg, KNTP_A_CLIENT_ENTRIES, set->entries) ?:
	       nla_put_u8(msg, KNTP_A_CLIENT_PREFIX6, set->prefix6) ?:
	       nla_put_u32(msg, KNTP_A_CLIENT_USED,
			   table ? atomic_read(&table->used) : 0) ?:
	       nla_put_u64_64bit(msg, KNTP_A_CLIENT_MEMORY,
				 table ? memory(table) : 0, KNTP_A_CLIENT_PAD);
}

int kntp_nl_client_get(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_client_set *set = &kntp_net(genl_info_net(info))->clients;
	struct sk_buff *msg;
	void *head;
	int err;

	if (info->attrs[KNTP_A_CLIENT_FILTER]) {
		NL_SET_ERR_MSG_ATTR(info->extack,
				    info->attrs[KNTP_A_CLIENT_FILTER],
				    "a filter is for a dump");
		return -EINVAL;
	}
	msg = kntp_nl_answer(info, NLMSG_GOODSIZE, &head);
	if (!msg)
		return -ENOMEM;
	rtnl_lock();
	err = put_table(msg, set, rtnl_dereference(set->table));
	rtnl_unlock();
	return kntp_nl_reply(info, msg, head, err);
}

/* Under rtnl: the limits that are set must go on to mean what they say. */
static int check_limits(struct kntp_net *kn, struct genl_info *info, u32 entries,
			u8 prefix6)
{
	const struct kntp_limits *limits = rtnl_dereference(kn->limits);

	if (!limits)
		return 0;
	if (!entries && kntp_limit_needs_table(limits)) {
		GENL_SET_ERR_MSG(info, "remove the limits of clients and prefixes first");
		return -EBUSY;
	}
	if (prefix6 < limits->prefix6) {
		GENL_SET_ERR_MSG(info, "the limit of prefixes has a longer prefix6");
		return -EBUSY;
	}
	return 0;
}

/* Before there is a listener there is no table, only what it will be. */
static int set_table(struct kntp_net *kn, struct genl_info *info, u32 entries,
		     u8 prefix6)
{
	int err = check_limits(kn, info, entries, prefix6);

	if (err)
		return err;
	if (kn->stamps) {
		err = kntp_client_resize(kn, entries, prefix6);
		if (err)
			GENL_SET_ERR_MSG(info, "no memory for so many; all is as it was");
		return err;
	}
	kn->clients.entries = entries;
	kn->clients.prefix6 = prefix6;
	return 0;
}

static int check_entries(struct sk_buff *skb, const struct genl_info *info,
			 const struct nlattr *entries)
{
	u32 n = nla_get_u32(entries);

	if (n && n < KNTP_CLIENT_ENTRIES_MIN) {
		NL_SET_ERR_MSG_ATTR(info->extack, entries,
				    "1024 entries at least, or 0 for none");
		return -ERANGE;
	}
	/* The machine's memory is not for every namespace's root to take. */
	if (n > KNTP_CLIENT_ENTRIES_DEFAULT &&
	    !netlink_capable(skb, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG_ATTR(info->extack, entries,
				    "more than 65536 need privilege over the machine");
		return -EPERM;
	}
	return 0;
}

int kntp_nl_client_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *entries = info->attrs[KNTP_A_CLIENT_ENTRIES];
	struct nlattr *prefix6 = info->attrs[KNTP_A_CLIENT_PREFIX6];
	struct kntp_net *kn = kntp_net(genl_info_net(info));
	int err;

	if (!entries && !prefix6) {
		GENL_SET_ERR_MSG(info, "nothing to set: neither entries nor prefix6");
		return -EINVAL;
	}
	err = entries ? check_entries(skb, info, entries) : 0;
	if (err)
		return err;
	rtnl_lock();
	err = set_table(kn, info,
			entries ? nla_get_u32(entries) : kn->clients.entries,
			prefix6 ? nla_get_u8(prefix6) : kn->clients.prefix6);
	rtnl_unlock();
	return err;
}

int kntp_nl_client_flush(struct sk_buff *skb, struct genl_info *info)
{
	rtnl_lock();
	kntp_client_flush(&kntp_net(genl_info_net(info))->clients);
	rtnl_unlock();
	return 0;
}
