// SPDX-License-Identifier: GPL-2.0
/* The clients of the table over netlink: all, or those that are asked for. */
#include "netlink.h"

#include <linux/jiffies.h>
#include <net/sock.h>
#include "acl.h"
#include "client.h"
#include "kntp.h"

/* Of a filter that does not ask for one. */
#define ANY_MODE	0xff

/**
 * struct client_filter - which clients are told, and how far that has got
 * @next: the next bucket
 * @addr: their addresses begin so, IPv4 as a mapped one
 * @len: as far as that
 * @below: @addr and @len count
 * @mode: of their last request, or ANY_MODE
 * @version: of it, or 0
 * @seen: how long ago that was, at most, jiffies; 0: no matter
 * @asked: how often they have asked, at least
 * @rate: how often a thousand seconds, on the average, at least; 0: no matter
 *
 * In the callback's own octets, so that there is nothing to free.
 */
struct client_filter {
	unsigned long next;
	u64 addr[2];
	u8 len;
	bool below;
	u8 mode;
	u8 version;
	u32 seen;
	u32 asked;
	u32 rate;
};

static struct client_filter *filter_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct client_filter) > sizeof(cb->ctx));
	return (struct client_filter *)cb->ctx;
}

static const struct nla_policy filter_policy[KNTP_A_CLIENT_FILTER_MAX + 1] = {
	[KNTP_A_CLIENT_FILTER_ADDR] = NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	[KNTP_A_CLIENT_FILTER_LEN] = NLA_POLICY_MAX(NLA_U8, 128),
	[KNTP_A_CLIENT_FILTER_MODE] = NLA_POLICY_MAX(NLA_U8, 7),
	[KNTP_A_CLIENT_FILTER_VERSION] = NLA_POLICY_RANGE(NLA_U8, 1, 7),
	[KNTP_A_CLIENT_FILTER_SEEN] = { .type = NLA_U32 },
	[KNTP_A_CLIENT_FILTER_ASKED] = { .type = NLA_U32 },
	[KNTP_A_CLIENT_FILTER_RATE] = { .type = NLA_U32 },
};

const struct nla_policy kntp_client_get_policy[KNTP_A_CLIENT_MAX + 1] = {
	[KNTP_A_CLIENT_FILTER] = NLA_POLICY_NESTED(filter_policy),
};

/*
 * The address in a key, as two halves; IPv4 as a mapped one. The key of a prefix
 * has its length where the address is 0, that of a link-local client its link.
 */
static void address_of(const u64 key[2], u8 prefix, u64 addr[2])
{
	bool mapped = key[0] == prefix && key[1] >> 32 == 0xffff;

	addr[0] = mapped ? 0 : kntp_client_link(key[0]) ? KNTP_LINK_LOCAL : key[0];
	addr[1] = prefix && !mapped ? 0 : key[1];
}

static int put_address(struct sk_buff *msg, int type, const u64 addr[2])
{
	__be64 word[2] = { cpu_to_be64(addr[0]), cpu_to_be64(addr[1]) };
	bool mapped = kntp_acl_is_mapped(addr[0], addr[1]);

	return nla_put(msg, type, mapped ? 4 : 16,
		       (u8 *)word + (mapped ? 12 : 0));
}

static int put_link(struct sk_buff *msg, int type, const u64 key[2], u8 prefix)
{
	int link = prefix ? 0 : kntp_client_link(key[0]);

	return link ? nla_put_u32(msg, type, link) : 0;
}

/**
 * kntp_nl_put_client() - put the address of a client
 * @msg: where to
 * @type: the attribute
 * @link_type: the attribute of the link of a link-local client
 * @key: what it is in the client table
 * @prefix: length of a prefix, 0 for a client
 *
 * Any context. Return: 0 or -EMSGSIZE.
 */
int kntp_nl_put_client(struct sk_buff *msg, int type, int link_type,
		       const u64 key[2], u8 prefix)
{
	u64 addr[2];

	address_of(key, prefix, addr);
	return put_address(msg, type, addr) ?:
	       put_link(msg, link_type, key, prefix);
}

static bool is_below(const struct client_filter *filter, const u64 addr[2])
{
	u64 hi = addr[0] ^ filter->addr[0], lo = addr[1] ^ filter->addr[1];
	u8 len = filter->len;

	/* ::/0 is not all there is: IPv4 is not below it. */
	if (kntp_acl_is_mapped(addr[0], addr[1]) !=
	    kntp_acl_is_mapped(filter->addr[0], filter->addr[1]))
		return false;
	if (len <= 64)
		return !len || !(hi >> (64 - len));
	return !hi && !(lo >> (128 - len));
}

static int take_prefix(struct client_filter *filter, const struct nlattr *addr,
		       const struct nlattr *len, struct netlink_ext_ack *extack)
{
	u8 bits = nla_len(addr) * 8;
	__be64 word[2] = {};

	if (bits != 32 && bits != 128) {
		NL_SET_ERR_MSG_ATTR(extack, addr, "neither IPv4 nor IPv6");
		return -EINVAL;
	}
	memcpy((u8 *)word + 16 - bits / 8, nla_data(addr), bits / 8);
	filter->addr[0] = be64_to_cpu(word[0]);
	filter->addr[1] = be64_to_cpu(word[1]) |
			  (bits == 32 ? 0xffffULL << 32 : 0);
	filter->below = true;
	filter->len = len ? nla_get_u8(len) : bits;
	if (filter->len > bits) {
		NL_SET_ERR_MSG_ATTR(extack, len, "longer than the address");
		return -EINVAL;
	}
	filter->len += 128 - bits;
	return 0;
}

static u32 get_u32(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static int take_filter(struct client_filter *filter, const struct nlattr *nest,
		       struct netlink_ext_ack *extack)
{
	struct nlattr *a[KNTP_A_CLIENT_FILTER_MAX + 1];
	const struct nlattr *addr, *len;
	int err;

	err = nla_parse_nested(a, KNTP_A_CLIENT_FILTER_MAX, nest, filter_policy,
			       extack);
	if (err)
		return err;
	addr = a[KNTP_A_CLIENT_FILTER_ADDR];
	len = a[KNTP_A_CLIENT_FILTER_LEN];
	if (len && !addr) {
		NL_SET_ERR_MSG_ATTR(extack, len, "a length of which address?");
		return -EINVAL;
	}
	if (a[KNTP_A_CLIENT_FILTER_MODE])
		filter->mode = nla_get_u8(a[KNTP_A_CLIENT_FILTER_MODE]);
	if (a[KNTP_A_CLIENT_FILTER_VERSION])
		filter->version = nla_get_u8(a[KNTP_A_CLIENT_FILTER_VERSION]);
	filter->seen = msecs_to_jiffies(get_u32(a[KNTP_A_CLIENT_FILTER_SEEN]));
	filter->asked = get_u32(a[KNTP_A_CLIENT_FILTER_ASKED]);
	filter->rate = get_u32(a[KNTP_A_CLIENT_FILTER_RATE]);
	return addr ? take_prefix(filter, addr, len, extack) : 0;
}

int kntp_nl_client_dump_start(struct netlink_callback *cb)
{
	struct nlattr *a[KNTP_A_CLIENT_MAX + 1];
	struct client_filter *filter = filter_of(cb);
	int err;

	err = kntp_nl_need_admin(cb->skb);
	if (err)
		return err;
	*filter = (struct client_filter){ .mode = ANY_MODE };
	err = genlmsg_parse(cb->nlh, &kntp_genl_family, a, KNTP_A_CLIENT_MAX,
			    kntp_client_get_policy, cb->extack);
	if (err || !a[KNTP_A_CLIENT_FILTER])
		return err;
	return take_filter(filter, a[KNTP_A_CLIENT_FILTER], cb->extack);
}

static bool asks_often(const struct kntp_client *c, u32 rate)
{
	u64 asked = (u64)c->requests + c->refused;
	u64 ms = jiffies_to_msecs(c->last - c->first);

	return asked > 1 && (asked - 1) * 1000000 >= rate * ms;
}

/* A prefix has no mode and no version: its requests are of many clients. */
static bool is_of_mode(const struct client_filter *filter,
		       const struct kntp_client *c)
{
	if (filter->mode == ANY_MODE && !filter->version)
		return true;
	return !(c->flags & KNTP_CLIENT_PREFIX) &&
	       (filter->mode == ANY_MODE ||
		filter->mode == (c->li_vn_mode & 7)) &&
	       (!filter->version ||
		filter->version == (c->li_vn_mode >> 3 & 7));
}

static bool is_wanted(const struct client_filter *filter,
		      const struct kntp_client *c, const u64 addr[2], u32 now)
{
	return (!filter->below || is_below(filter, addr)) &&
	       is_of_mode(filter, c) &&
	       (!filter->seen || now - c->last <= filter->seen) &&
	       (u64)c->requests + c->refused >= filter->asked &&
	       (!filter->rate || asks_often(c, filter->rate));
}

/* If it is one of those that are asked for. */
static int put_client(struct sk_buff *msg, const struct client_filter *filter,
		      const struct kntp_client *c)
{
	u8 len = c->flags & KNTP_CLIENT_PREFIX ? c->len : 0;
	u32 now = jiffies;
	struct nlattr *nest;
	u64 addr[2];

	address_of(c->key, len, addr);
	if (!is_wanted(filter, c, addr, now))
		return 0;
	nest = nla_nest_start(msg, KNTP_A_CLIENT_CLIENT);
	if (!nest)
		return -EMSGSIZE;
	if (put_address(msg, KNTP_A_CLIENT_CLIENT_ADDR, addr) ||
	    put_link(msg, KNTP_A_CLIENT_CLIENT_IFINDEX, c->key, len) ||
	    (len && nla_put_u8(msg, KNTP_A_CLIENT_CLIENT_LEN, len)) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_REQUESTS, c->requests) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_REFUSED, c->refused) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_INTERLEAVED, c->interleaved) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_FIRST,
			jiffies_to_msecs(now - c->first)) ||
	    nla_put_u32(msg, KNTP_A_CLIENT_CLIENT_LAST,
			jiffies_to_msecs(now - c->last)) ||
	    (!len && (nla_put_u8(msg, KNTP_A_CLIENT_CLIENT_LI_VN_MODE,
				 c->li_vn_mode) ||
		      nla_put_s8(msg, KNTP_A_CLIENT_CLIENT_POLL, c->poll)))) {
		nla_nest_cancel(msg, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(msg, nest);
	return 0;
}

/* A bucket's clients, all of them or none. */
static int put_bucket(struct sk_buff *msg, const struct client_filter *filter,
		      struct kntp_clients *table, u32 at)
{
	unsigned char *before = skb_tail_pointer(msg);
	struct kntp_client copies[SLOTS];
	unsigned int n, i;

	n = kntp_client_copy(table, at, copies);
	for (i = 0; i < n; i++) {
		if (put_client(msg, filter, &copies[i])) {
			nlmsg_trim(msg, before);
			return -EMSGSIZE;
		}
	}
	return 0;
}

/* Buckets to look at before others may run: most of them may be empty. */
#define BUCKETS_AT_A_TIME	16384

int kntp_nl_client_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kntp_net *kn = kntp_net(sock_net(skb->sk));
	struct client_filter *filter = filter_of(cb);
	struct kntp_clients *table;
	unsigned long end;
	void *head;

	rcu_read_lock();
	table = rcu_dereference(kn->clients.table);
	if (!table || filter->next >= table->count) {
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
		    filter->next + BUCKETS_AT_A_TIME);
	while (filter->next < end &&
	       !put_bucket(skb, filter, table, filter->next))
		filter->next++;
	rcu_read_unlock();
	genlmsg_end(skb, head);
	return skb->len;
}
