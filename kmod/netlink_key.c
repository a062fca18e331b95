// SPDX-License-Identifier: GPL-2.0
/* Symmetric keys over netlink. Their secrets go in, never out. */
#include "netlink.h"

#include <linux/rtnetlink.h>
#include <linux/string.h>
#include <net/sock.h>
#include "key.h"
#include "kntp.h"

const struct nla_policy kntp_key_policy[KNTP_A_KEY_MAX + 1] = {
	[KNTP_A_KEY_ID] = NLA_POLICY_MIN(NLA_U32, 1),
	[KNTP_A_KEY_TYPE] = NLA_POLICY_RANGE(NLA_U8, 1, KNTP_KEY_TYPE_MAX),
	[KNTP_A_KEY_SECRET] = NLA_POLICY_RANGE(NLA_BINARY, 1,
					       KNTP_KEY_SECRET_MAX),
};

static void say_why(struct genl_info *info, int err)
{
	switch (err) {
	case -EINVAL:
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KNTP_A_KEY_SECRET],
				    "an AES key has 16 or 32 octets, as its type says");
		break;
	case -EOPNOTSUPP:
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KNTP_A_KEY_TYPE],
				    "this kernel does not have the algorithm");
		break;
	case -E2BIG:
		GENL_SET_ERR_MSG(info, "there are 65535 keys already");
	}
}

int kntp_nl_key_set(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_keys *keys = &kntp_net(genl_info_net(info))->keys;
	struct nlattr *secret = info->attrs[KNTP_A_KEY_SECRET];
	struct nlattr **a = info->attrs;
	int err;

	if (!a[KNTP_A_KEY_ID] || !a[KNTP_A_KEY_TYPE] || !secret) {
		GENL_SET_ERR_MSG(info, "a key has an identifier, a type and a secret");
		err = -EINVAL;
	} else {
		rtnl_lock();
		err = kntp_key_set(keys, nla_get_u32(a[KNTP_A_KEY_ID]),
				   nla_get_u8(a[KNTP_A_KEY_TYPE]),
				   nla_data(secret), nla_len(secret));
		rtnl_unlock();
		say_why(info, err);
	}
	/* The message goes back to who knows whom; this is not to. */
	if (secret)
		memzero_explicit(nla_data(secret), nla_len(secret));
	return err;
}

int kntp_nl_key_del(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_keys *keys = &kntp_net(genl_info_net(info))->keys;
	struct nlattr *id = info->attrs[KNTP_A_KEY_ID];
	int err = 0;

	rtnl_lock();
	if (id)
		err = kntp_key_del(keys, nla_get_u32(id));
	else
		kntp_key_flush(keys);
	rtnl_unlock();
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, id, "there is no such key");
	return err;
}

static int put_key(struct sk_buff *skb, const struct netlink_callback *cb,
		   const struct kntp_key *key)
{
	void *head;

	head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &kntp_genl_family, NLM_F_MULTI, KNTP_CMD_KEY_GET);
	if (!head)
		return -EMSGSIZE;
	if (nla_put_u32(skb, KNTP_A_KEY_ID, key->id) ||
	    nla_put_u8(skb, KNTP_A_KEY_TYPE, key->type)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

int kntp_nl_key_dump_start(struct netlink_callback *cb)
{
	return kntp_nl_need_admin(cb->skb);
}

/* cb->args[0]: the next identifier. */
int kntp_nl_key_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kntp_keys *keys = &kntp_net(sock_net(skb->sk))->keys;
	struct kntp_key *key;
	unsigned long id;

	rtnl_lock();
	xa_for_each_start(&keys->by_id, id, key, cb->args[0]) {
		if (put_key(skb, cb, key))
			break;
		cb->args[0] = id + 1;
	}
	rtnl_unlock();
	return skb->len;
}
