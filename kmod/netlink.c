// SPDX-License-Identifier: GPL-2.0
/* The netlink family; include/uapi/linux/kntp.h is its manual. */
#include "netlink.h"

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>
#include "event.h"
#include "kntp.h"
#include "listen.h"

/**
 * kntp_nl_answer() - begin the answer to a request
 * @info: the request
 * @size: of the attributes that follow
 * @head: where to keep what genlmsg_end() wants
 *
 * Process context. Return: a message, or NULL where memory is short.
 */
struct sk_buff *kntp_nl_answer(const struct genl_info *info, size_t size,
			       void **head)
{
	struct sk_buff *msg = genlmsg_new(size, GFP_KERNEL);

	if (!msg)
		return NULL;
	*head = genlmsg_put(msg, info->snd_portid, info->snd_seq,
			    &kntp_genl_family, 0, info->genlhdr->cmd);
	if (*head)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/**
 * kntp_nl_reply() - send the answer to a request
 * @info: the request
 * @msg: of kntp_nl_answer(); it is gone afterwards
 * @head: likewise
 * @err: of the attributes; if there is one nothing is sent
 *
 * Process context. Return: 0, @err, or an error of sending.
 */
int kntp_nl_reply(struct genl_info *info, struct sk_buff *msg, void *head,
		  int err)
{
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

/**
 * kntp_nl_need_admin() - Refuse a reader without CAP_NET_ADMIN
 * @skb: the request
 *
 * For what names clients or keys, where other reading needs no privilege: the
 * same capability as GENL_UNS_ADMIN_PERM. Process context. Return: 0 or -EPERM.
 */
int kntp_nl_need_admin(const struct sk_buff *skb)
{
	return netlink_ns_capable(skb, sock_net(skb->sk)->user_ns,
				  CAP_NET_ADMIN) ? 0 : -EPERM;
}

/*
 * What dev_new_index() gives: an int above 0, which goes up with each device of
 * the namespace. Not const: older kernels' policies do not take it.
 */
struct netlink_range_validation kntp_ifindex_range = {
	.min = 1, .max = INT_MAX,
};

static const struct nla_policy listen_policy[KNTP_A_LISTEN_MAX + 1] = {
	[KNTP_A_LISTEN_HOOK] = NLA_POLICY_RANGE(NLA_U32, 1, KNTP_HOOK_MAX),
	[KNTP_A_LISTEN_IFINDEX] = NLA_POLICY_FULL_RANGE(NLA_U32,
							&kntp_ifindex_range),
};

/* The device, or 0 for the local hook. */
static int listen_ifindex(struct genl_info *info)
{
	struct nlattr *ifindex = info->attrs[KNTP_A_LISTEN_IFINDEX];

	if (GENL_REQ_ATTR_CHECK(info, KNTP_A_LISTEN_HOOK)) {
		GENL_SET_ERR_MSG(info, "which hook?");
		return -EINVAL;
	}
	if (nla_get_u32(info->attrs[KNTP_A_LISTEN_HOOK]) == KNTP_HOOK_LOCAL) {
		if (!ifindex)
			return 0;
		NL_SET_ERR_MSG_ATTR(info->extack, ifindex,
				    "the local hook takes no device");
		return -EINVAL;
	}
	if (ifindex)
		return nla_get_u32(ifindex);
	GENL_SET_ERR_MSG(info, "the ingress hook needs a device");
	return -EINVAL;
}

static int nl_listen_add(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_net *kn = kntp_net(genl_info_net(info));
	int ifindex = listen_ifindex(info);
	int err;

	if (ifindex < 0)
		return ifindex;
	rtnl_lock();
	err = ifindex ? kntp_listen_ingress(kn, ifindex, info->extack) :
			kntp_listen_local(kn, info->extack);
	rtnl_unlock();
	return err;
}

static int nl_listen_del(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_net *kn = kntp_net(genl_info_net(info));
	int ifindex = listen_ifindex(info);
	int err;

	if (ifindex < 0)
		return ifindex;
	rtnl_lock();
	err = ifindex ? kntp_unlisten_ingress(kn, ifindex, info->extack) :
			kntp_unlisten_local(kn, info->extack);
	rtnl_unlock();
	return err;
}

static int put_listener(struct sk_buff *skb, const struct netlink_callback *cb,
			enum kntp_hook hook, const struct net_device *dev)
{
	void *head;

	head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &kntp_genl_family, NLM_F_MULTI, KNTP_CMD_LISTEN_GET);
	if (!head)
		return -EMSGSIZE;
	if (nla_put_u32(skb, KNTP_A_LISTEN_HOOK, hook) ||
	    (dev && (nla_put_u32(skb, KNTP_A_LISTEN_IFINDEX, dev->ifindex) ||
		     nla_put_string(skb, KNTP_A_LISTEN_IFNAME, dev->name)))) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

/* cb->args[0]: how many were told. */
static int nl_listen_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kntp_net *kn = kntp_net(sock_net(skb->sk));
	struct kntp_listener *listener;
	long n = 0;
	int err = 0;

	rtnl_lock();
	if (kn->local && n++ >= cb->args[0])
		err = put_listener(skb, cb, KNTP_HOOK_LOCAL, NULL);
	list_for_each_entry(listener, &kn->listeners, list) {
		if (err)
			break;
		if (n++ >= cb->args[0])
			err = put_listener(skb, cb, KNTP_HOOK_INGRESS,
					   listener->ops.dev);
	}
	rtnl_unlock();
	cb->args[0] = err ? n - 1 : n;
	return skb->len;
}

/*
 * For operations without attributes. Without a highest one genetlink does not
 * look at them at all; with this one it refuses all.
 */
static const struct nla_policy no_policy[2] = {};

static const struct genl_ops kntp_ops[] = {
	{
		.cmd = KNTP_CMD_LISTEN_GET,
		.dumpit = nl_listen_dump,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_LISTEN_ADD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nl_listen_add,
		.policy = listen_policy,
		.maxattr = KNTP_A_LISTEN_IFINDEX,
	}, {
		.cmd = KNTP_CMD_LISTEN_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = nl_listen_del,
		.policy = listen_policy,
		.maxattr = KNTP_A_LISTEN_IFINDEX,
	}, {
		.cmd = KNTP_CMD_ACL_GET,
		.doit = kntp_nl_acl_get,
		.start = kntp_nl_acl_dump_start,
		.dumpit = kntp_nl_acl_dump,
		.policy = kntp_acl_policy,
		.maxattr = KNTP_A_ACL_ENTRY,
	}, {
		.cmd = KNTP_CMD_ACL_ADD,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_acl_add,
		.policy = kntp_acl_policy,
		.maxattr = KNTP_A_ACL_ENTRY,
	}, {
		.cmd = KNTP_CMD_ACL_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_acl_del,
		.policy = kntp_acl_policy,
		.maxattr = KNTP_A_ACL_ENTRY,
	}, {
		.cmd = KNTP_CMD_ACL_FLUSH,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_acl_flush,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_ACL_BEGIN,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_acl_begin,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_ACL_COMMIT,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_acl_commit,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_ACL_ABORT,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_acl_abort,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_CLOCK_GET,
		.doit = kntp_nl_clock_get,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_CLOCK_SET,
		.flags = GENL_ADMIN_PERM,
		.doit = kntp_nl_clock_set,
		.policy = kntp_clock_policy,
		.maxattr = KNTP_A_CLOCK_MAP_RATE,
	}, {
		.cmd = KNTP_CMD_CLIENT_GET,
		.doit = kntp_nl_client_get,
		.start = kntp_nl_client_dump_start,
		.dumpit = kntp_nl_client_dump,
		.policy = kntp_client_get_policy,
		.maxattr = KNTP_A_CLIENT_MAX,
	}, {
		.cmd = KNTP_CMD_CLIENT_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_client_set,
		.policy = kntp_client_policy,
		.maxattr = KNTP_A_CLIENT_PREFIX6,
	}, {
		.cmd = KNTP_CMD_CLIENT_FLUSH,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_client_flush,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_LIMIT_GET,
		.doit = kntp_nl_limit_get,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_LIMIT_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_limit_set,
		.policy = kntp_limit_policy,
		.maxattr = KNTP_A_LIMIT_DENY,
	}, {
		.cmd = KNTP_CMD_LIMIT_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_limit_del,
		.policy = kntp_limit_del_policy,
		.maxattr = KNTP_A_LIMIT_PREFIX,
	}, {
		.cmd = KNTP_CMD_KEY_GET,
		.start = kntp_nl_key_dump_start,
		.dumpit = kntp_nl_key_dump,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_KEY_SET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_key_set,
		.policy = kntp_key_policy,
		.maxattr = KNTP_A_KEY_SECRET,
	}, {
		.cmd = KNTP_CMD_KEY_DEL,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_key_del,
		.policy = kntp_key_policy,
		.maxattr = KNTP_A_KEY_ID,
	}, {
		.cmd = KNTP_CMD_PHC_GET,
		.dumpit = kntp_nl_phc_dump,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_PHC_SET,
		.flags = GENL_ADMIN_PERM,
		.doit = kntp_nl_phc_set,
		.policy = kntp_phc_policy,
		.maxattr = KNTP_A_PHC_TX_RATE,
	}, {
		.cmd = KNTP_CMD_PHC_DEL,
		.flags = GENL_ADMIN_PERM,
		.doit = kntp_nl_phc_del,
		.policy = kntp_phc_policy,
		.maxattr = KNTP_A_PHC_IFINDEX,
	}, {
		.cmd = KNTP_CMD_STATS_GET,
		.doit = kntp_nl_stats_get,
		.dumpit = kntp_nl_stats_dump,
		.policy = no_policy,
		.maxattr = 1,
	}, {
		.cmd = KNTP_CMD_STATS_RESET,
		.flags = GENL_UNS_ADMIN_PERM,
		.doit = kntp_nl_stats_reset,
		.policy = no_policy,
		.maxattr = 1,
	},
};

static const struct genl_multicast_group kntp_groups[] = {
	[KNTP_GROUP_EVENTS] = { .name = KNTP_MCGRP_EVENTS },
	[KNTP_GROUP_LIMITS] = {
		.name = KNTP_MCGRP_LIMITS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
};

struct genl_family kntp_genl_family __ro_after_init = {
	.name = KNTP_GENL_NAME,
	.version = KNTP_GENL_VERSION,
	.module = THIS_MODULE,
	.netnsok = true,
	.ops = kntp_ops,
	.n_ops = ARRAY_SIZE(kntp_ops),
	.mcgrps = kntp_groups,
	.n_mcgrps = ARRAY_SIZE(kntp_groups),
};

static int socket_changed(struct notifier_block *nb, unsigned long event,
			  void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC)
		kntp_acl_abandon(&kntp_net(notify->net)->acl, notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = {
	.notifier_call = socket_changed,
};

/**
 * kntp_netlink_init() - answer netlink
 *
 * Process context. Return: 0 or a negative error.
 */
int __init kntp_netlink_init(void)
{
	int err;

	err = netlink_register_notifier(&socket_notifier);
	if (err)
		return err;
	err = genl_register_family(&kntp_genl_family);
	if (err) {
		netlink_unregister_notifier(&socket_notifier);
		return err;
	}
	kntp_event_enable(true);
	return 0;
}

/**
 * kntp_netlink_exit() - answer netlink no more
 *
 * Process context.
 */
void kntp_netlink_exit(void)
{
	kntp_event_enable(false);
	genl_unregister_family(&kntp_genl_family);
	netlink_unregister_notifier(&socket_notifier);
}
