// SPDX-License-Identifier: GPL-2.0
#include <linux/jiffies.h>
#include <linux/rtnetlink.h>
#include <net/sock.h>
#include "client.h"
#include "kntp.h"
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

	msg = kntp_nl_answer(info, NLMSG_GOODSIZE, &head);
	if (!msg)
		return -ENOMEM;
	rtnl_lock();
	err = put_table(msg, set, rtnl_dereference(set->table));
	rtnl_unlock();
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);
}

/* Before there is a listener there is no table, only what it will be. */
static int set_table(struct kntp_net *kn, u32 entries, u8 prefix6)
{
	if (kn->stamps)
		return kntp_client_resize(kn, entries, prefix6);
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
	err = set_table(kn, entries ? nla_get_u32(entries) : kn->clients.entries,
			prefix6 ? nla_get_u8(prefix6) : kn->clients.prefix6);
	rtnl_unlock();
	if (err)
		GENL_SET_ERR_MSG(info, "no memory for so many; all is as it was");
	return err;
}

int kntp_nl_client_flush(struct sk_buff *skb, struct genl_info *info)
{
	rtnl_lock();
	kntp_client_flush(&kntp_net(genl_info_net(info))->clients);
	rtnl_unlock();
	return 0;
}

/**
 * kntp_nl_put_client() - put the address of a client
 * @msg: where to
 * @type: the attribute
 * @key: what it is in the client table
 * @prefix: length of a prefix, 0 for a client
 *
 * Any context. Return: 0 or -EMSGSIZE.
 */
int kntp_nl_put_client(struct sk_buff *msg, int type, const u64 key[2],
		       u8 prefix)
{
	bool mapped = key[0] == prefix && key[1] >> 32 == 0xffff;
	__be64 word[2] = { cpu_to_be64(key[0]),
			   cpu_to_be64(prefix && !mapped ? 0 : key[1]) };

	/* of a mapped address the last four octets */
	return nla_put(msg, type, mapped ? 4 : 16,
		       (u8 *)word + (mapped ? 12 : 0));
}

static int put_client(struct sk_buff *msg, const struct kntp_client *c)
{
	u8 len = c->flags & KNTP_CLIENT_PREFIX ? c->len : 0;
	u32 now = jiffies;
	struct nlattr *nest;

	nest = nla_nest_start(msg, KNTP_A_CLIENT_CLIENT);
	if (!nest)
		return -EMSGSIZE;
	if (kntp_nl_put_client(msg, KNTP_A_CLIENT_CLIENT_ADDR, c->key, len) ||
	    (len && nla_put_u8(msg, KNTP_A_CLIENT_CLIENT_LEN, len)) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_REQUESTS, c->requests) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_REFUSED, c->refused) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_INTERLEAVED, c->interleaved) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_FIRST,
			jiffies_to_msecs(now - c->first)) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_LAST,
			jiffies_to_msecs(now - c->last)) ||
	    nla_put_u8(msg, KNTP_A_CLIENT_CLIENT_LI_VN_MODE, c->li_vn_mode) ||
	    nla_put_s8(msg, KNTP_A_CLIENT_CLIENT_POLL, c->poll)) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

/* A bucket's clients, all of them or none. */
static int put_bucket(struct sk_buff *msg, struct kntp_clients *table, u32 at)
{
	unsigned char *before = skb_tail_pointer(msg);
	struct kntp_client copies[SLOTS];
	unsigned int n, i;

	n = kntp_client_copy(table, at, copies);
	for (i = 0; i < n; i++) {
		if (put_client(msg, &copies[i])) {
			nlmsg_trim(msg, before);
			return -EMSGSIZE;
		}
	}
	return 0;
}

/* Buckets to look at before others may run: most of them may be empty. */
#define BUCKETS_AT_A_TIME	16384

/* cb->args[0]: the next bucket. */
int kntp_nl_client_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kntp_net *kn = kntp_net(sock_net(skb->sk));
	struct kntp_clients *table;
	unsigned long end;
	void *head;

	rcu_read_lock();
	table = rcu_dereference(kn->clients.table);
	if (!table || cb->args[0] >= table->count) {
		rcu_read_unlock();
		return 0;
	}
	cb->seq = table->generation;
	head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &kntp_genl_family, NLM_F_MULTI, KNTP_CMD_CLIENT_GET);
	if (!head) {
		rcu_read_unlock();
		return -EMSGSIZE;
	}
	genl_dump_check_consistent(cb, head);
	end = min_t(unsigned long, table->count,
		    cb->args[0] + BUCKETS_AT_A_TIME);
	while (cb->args[0] < end && !put_bucket(skb, table, cb->args[0]))
		cb->args[0]++;
	rcu_read_unlock();
	genlmsg_end(skb, head);
	return skb->len;
}
