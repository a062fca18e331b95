// SPDX-License-Identifier: GPL-2.0
/* The access list over netlink. */
#include "netlink.h"

#include <linux/in.h>
#include <linux/in6.h>
#include <net/sock.h>
#include "acl.h"
#include "event.h"
#include "kntp.h"

static const struct nla_policy entry_policy[KNTP_A_ACL_ENTRY_MAX + 1] = {
	[KNTP_A_ACL_ENTRY_ADDR] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[KNTP_A_ACL_ENTRY_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[KNTP_A_ACL_ENTRY_VERDICT] = NLA_POLICY_RANGE(NLA_U8, KNTP_VERDICT_ALLOW,
						      KNTP_VERDICT_MAX),
};

const struct nla_policy kntp_acl_policy[KNTP_A_ACL_MAX + 1] = {
	[KNTP_A_ACL_ENTRY] = NLA_POLICY_NESTED(entry_policy),
};

static const unsigned int family_bits[KNTP_ACL_FAMILIES] = {
	[KNTP_ACL_IPV4] = 32,
	[KNTP_ACL_IPV6] = 128,
};

/* The first 64 bits of an address, and the others; IPv4 in the upper half. */
static int parse_address(const struct nlattr *attr, struct prefix *prefix,
			 struct netlink_ext_ack *extack)
{
	__be64 word[2] = {};

	if (nla_len(attr) != 4 && nla_len(attr) != 16) {
		NL_SET_ERR_MSG_ATTR(extack, attr, "neither IPv4 nor IPv6");
		return -EINVAL;
	}
	memcpy(word, nla_data(attr), nla_len(attr));
	prefix->hi = be64_to_cpu(word[0]);
	prefix->lo = be64_to_cpu(word[1]);
	return nla_len(attr) == 4 ? KNTP_ACL_IPV4 : KNTP_ACL_IPV6;
}

/* Returns the family. */
static int parse_entry(const struct nlattr *entry, struct prefix *prefix,
		       bool verdict, struct netlink_ext_ack *extack)
{
	struct nlattr *a[KNTP_A_ACL_ENTRY_MAX + 1];
	int family, err;

	err = nla_parse_nested(a, KNTP_A_ACL_ENTRY_MAX, entry, entry_policy,
			       extack);
	if (err)
		return err;
	if (!a[KNTP_A_ACL_ENTRY_ADDR] || !a[KNTP_A_ACL_ENTRY_LEN]) {
		NL_SET_ERR_MSG_ATTR(extack, entry,
				    "a prefix needs address and length");
		return -EINVAL;
	}
	if (verdict != !!a[KNTP_A_ACL_ENTRY_VERDICT]) {
		NL_SET_ERR_MSG_ATTR(extack, entry,
				    "a verdict is for adding, and needed there");
		return -EINVAL;
	}
	family = parse_address(a[KNTP_A_ACL_ENTRY_ADDR], prefix, extack);
	if (family < 0)
		return family;
	prefix->len = nla_get_u8(a[KNTP_A_ACL_ENTRY_LEN]);
	prefix->verdict = verdict ? nla_get_u8(a[KNTP_A_ACL_ENTRY_VERDICT]) :
				    KNTP_VERDICT_NONE;
	if (prefix_is_valid(prefix, family_bits[family]))
		return family;
	NL_SET_ERR_MSG_ATTR(extack, a[KNTP_A_ACL_ENTRY_LEN],
			    "longer than the address, or host bits are set");
	return -EINVAL;
}

static int parse_edit(struct genl_info *info, struct kntp_acl_edit *edit,
		      bool verdict)
{
	struct prefix prefix = {};
	const struct nlattr *attr;
	int rem, family, err;

	if (!info->attrs[KNTP_A_ACL_ENTRY]) {
		NL_SET_ERR_MSG(info->extack, "which prefix?");
		return -EINVAL;
	}
	nla_for_each_attr(attr, genlmsg_data(info->genlhdr),
			  genlmsg_len(info->genlhdr), rem) {
		family = parse_entry(attr, &prefix, verdict, info->extack);
		if (family < 0)
			return family;
		err = kntp_acl_edit_add(edit, family, &prefix);
		if (err)
			return err;
	}
	return 0;
}

static struct kntp_acl_set *acl_set(struct genl_info *info)
{
	return &kntp_net(genl_info_net(info))->acl;
}

static void tell(struct genl_info *info)
{
	kntp_event_send(genl_info_net(info), KNTP_EVENT_ACL, 0, 0);
}

int kntp_nl_acl_add(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_acl_edit edit = {};
	int err;

	err = parse_edit(info, &edit, true);
	if (!err)
		err = kntp_acl_add(acl_set(info), info->snd_portid, &edit,
				   info->extack);
	kntp_acl_edit_clear(&edit);
	if (!err)
		tell(info);
	return err < 0 ? err : 0;
}

int kntp_nl_acl_del(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_acl_edit edit = {};
	int err;

	err = parse_edit(info, &edit, false);
	if (!err)
		err = kntp_acl_del(acl_set(info), &edit, info->extack);
	kntp_acl_edit_clear(&edit);
	if (!err)
		tell(info);
	return err;
}

int kntp_nl_acl_flush(struct sk_buff *skb, struct genl_info *info)
{
	int err = kntp_acl_flush(acl_set(info), info->extack);

	if (!err)
		tell(info);
	return err;
}

int kntp_nl_acl_begin(struct sk_buff *skb, struct genl_info *info)
{
	return kntp_acl_begin(acl_set(info), info->snd_portid, info->extack);
}

int kntp_nl_acl_commit(struct sk_buff *skb, struct genl_info *info)
{
	int err = kntp_acl_commit(acl_set(info), info->snd_portid, info->extack);

	if (!err)
		tell(info);
	return err;
}

int kntp_nl_acl_abort(struct sk_buff *skb, struct genl_info *info)
{
	return kntp_acl_abort(acl_set(info), info->snd_portid, info->extack);
}

static int put_entry(struct sk_buff *msg, const struct prefix *prefix,
		     int family)
{
	__be64 word[2] = { cpu_to_be64(prefix->hi), cpu_to_be64(prefix->lo) };
	struct nlattr *nest;

	nest = nla_nest_start(msg, KNTP_A_ACL_ENTRY);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put(msg, KNTP_A_ACL_ENTRY_ADDR, family_bits[family] / 8, word) ||
	    nla_put_u8(msg, KNTP_A_ACL_ENTRY_LEN, prefix->len) ||
	    nla_put_u8(msg, KNTP_A_ACL_ENTRY_VERDICT, prefix->verdict)) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

static int put_count(struct sk_buff *msg, const struct kntp_acl *acl)
{
	return nla_put_u32(msg, KNTP_A_ACL_COUNT, acl->count[KNTP_ACL_IPV4] +
						  acl->count[KNTP_ACL_IPV6]);
}

/* What decides about one address. */
static int put_decision(struct sk_buff *msg, const struct kntp_acl *acl,
			int family, const struct prefix *address)
{
	const struct prefix *match;
	unsigned int verdict;

	match = prefix_match(acl->list[family], acl->count[family],
			     address->hi, address->lo);
	verdict = prefix_lookup(acl->tree[family], address->hi, address->lo);
	if (match && verdict == (match->verdict & PREFIX_FOUND))
		verdict = match->verdict;
	return nla_put_u8(msg, KNTP_A_ACL_VERDICT, verdict) ?:
	       match ? put_entry(msg, match, family) : 0;
}

/* The address that is asked about; returns the family. */
static int parse_question(struct genl_info *info, struct prefix *address)
{
	struct nlattr *a[KNTP_A_ACL_ENTRY_MAX + 1];
	int err;

	err = nla_parse_nested(a, KNTP_A_ACL_ENTRY_MAX,
			       info->attrs[KNTP_A_ACL_ENTRY], entry_policy,
			       info->extack);
	if (err)
		return err;
	if (!a[KNTP_A_ACL_ENTRY_ADDR] || a[KNTP_A_ACL_ENTRY_LEN] ||
	    a[KNTP_A_ACL_ENTRY_VERDICT]) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KNTP_A_ACL_ENTRY],
				    "a question is an address alone");
		return -EINVAL;
	}
	return parse_address(a[KNTP_A_ACL_ENTRY_ADDR], address, info->extack);
}

int kntp_nl_acl_get(struct sk_buff *skb, struct genl_info *info)
{
	bool question = info->attrs[KNTP_A_ACL_ENTRY];
	struct prefix address = {};
	const struct kntp_acl *acl;
	struct sk_buff *msg;
	int family = 0, err;
	void *head;

	if (question) {
		err = kntp_nl_need_admin(skb);
		if (err)
			return err;
		family = parse_question(info, &address);
	}
	if (family < 0)
		return family;
	msg = kntp_nl_answer(info, NLMSG_GOODSIZE, &head);
	if (!msg)
		return -ENOMEM;

	rcu_read_lock();
	acl = rcu_dereference(acl_set(info)->active);
	err = question ? put_decision(msg, acl, family, &address) :
			 put_count(msg, acl);
	rcu_read_unlock();
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

/* As many entries as the message has room for. */
static int put_entries(struct sk_buff *skb, const struct kntp_acl *acl,
		       long *family, long *next)
{
	int put = 0;

	for (; *family < KNTP_ACL_FAMILIES; (*family)++, *next = 0)
		for (; *next < acl->count[*family]; (*next)++, put++)
			if (put_entry(skb, &acl->list[*family][*next], *family))
				return put;
	return put;
}

/* The prefixes name the clients' networks; ACL_GET of COUNT is open to all. */
int kntp_nl_acl_dump_start(struct netlink_callback *cb)
{
	return kntp_nl_need_admin(cb->skb);
}

/* cb->args[0], [1]: family and index of the next. */
int kntp_nl_acl_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kntp_net *kn = kntp_net(sock_net(skb->sk));
	const struct kntp_acl *acl;
	void *head;
	int put;

	rcu_read_lock();
	acl = rcu_dereference(kn->acl.active);
	cb->seq = acl->generation;
	head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &kntp_genl_family, NLM_F_MULTI, KNTP_CMD_ACL_GET);
	if (!head) {
		rcu_read_unlock();
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, head);
	put = put_entries(skb, acl, &cb->args[0], &cb->args[1]);
	rcu_read_unlock();
	if (!put) {
		genlmsg_cancel(skb, head);
		return 0;
	}
	genlmsg_end(skb, head);
	return skb->len;
}
