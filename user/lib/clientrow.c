// SPDX-License-Identifier: GPL-2.0
#include "clientrow.h"

#include <errno.h>
#include <linux/kntp.h>
#include <string.h>

int client_prefix(const struct nlattr *addr, const struct nlattr *len,
		  uint8_t prefix6, struct prefix *p)
{
	size_t size = addr ? mnl_attr_get_payload_len(addr) : 0;

	if (size != 4 && size != 16)
		return -EBADMSG;
	*p = (struct prefix){ .size = (uint8_t)size };
	memcpy(p->addr, mnl_attr_get_payload(addr), size);
	p->len = len ? nl_u8(len) : size == 4 ? 32 : prefix6;
	return 0;
}

int client_parse(const struct nlattr *nest, struct client *c, uint8_t prefix6)
{
	const struct nlattr *tb[KNTP_A_CLIENT_CLIENT_MAX + 1];
	int err;

	nl_parse_nested(nest, tb, KNTP_A_CLIENT_CLIENT_MAX);
	memset(c, 0, sizeof(*c));
	err = client_prefix(tb[KNTP_A_CLIENT_CLIENT_ADDR],
			    tb[KNTP_A_CLIENT_CLIENT_LEN], prefix6, &c->prefix);
	if (err)
		return err;
	c->ifindex = nl_u32(tb[KNTP_A_CLIENT_CLIENT_IFINDEX]);
	if (c->ifindex)		/* the whole address is the client */
		c->prefix.len = 128;
	c->refused = nl_u32(tb[KNTP_A_CLIENT_CLIENT_REFUSED]);
	c->requests = nl_u32(tb[KNTP_A_CLIENT_CLIENT_REQUESTS]);
	c->interleaved = nl_u32(tb[KNTP_A_CLIENT_CLIENT_INTERLEAVED]);
	c->first_ms = nl_u32(tb[KNTP_A_CLIENT_CLIENT_FIRST]);
	c->last_ms = nl_u32(tb[KNTP_A_CLIENT_CLIENT_LAST]);
	c->has_mode = tb[KNTP_A_CLIENT_CLIENT_LI_VN_MODE];
	c->li_vn_mode = nl_u8(tb[KNTP_A_CLIENT_CLIENT_LI_VN_MODE]);
	c->poll = (int8_t)nl_u8(tb[KNTP_A_CLIENT_CLIENT_POLL]);
	return 0;
}

int client_table_told(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_CLIENT_MAX + 1];
	struct client_table *t = data;

	nl_parse(nlh, tb, KNTP_A_CLIENT_MAX);
	t->entries = nl_u32(tb[KNTP_A_CLIENT_ENTRIES]);
	t->used = nl_u32(tb[KNTP_A_CLIENT_USED]);
	t->memory = nl_u64(tb[KNTP_A_CLIENT_MEMORY]);
	t->prefix6 = nl_u8(tb[KNTP_A_CLIENT_PREFIX6]);
	return 0;
}
