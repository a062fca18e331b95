// SPDX-License-Identifier: GPL-2.0
#include "nl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/kntp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernel fills a dump's messages up to 32 KiB when they are asked for. */
#define RESPONSE_MAX	(64 * 1024)
#define DUMP_TRIES	16

/* The controller's own group is the one with a fixed number. */
#define CTRL_GROUP	GENL_ID_CTRL

static struct nlmsghdr *put_header(struct nl *nl, uint16_t type, uint8_t cmd,
				   uint8_t version)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(nl->request);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

struct nlmsghdr *nl_begin(struct nl *nl, uint8_t cmd,
			  const struct nl_attr_name *names)
{
	nl->names = names;
	return put_header(nl, nl->family, cmd, KNTP_GENL_VERSION);
}

/* The deepest name whose attribute of the request holds OFFSET. */
static const char *attr_name(const struct nl *nl, uint32_t offset)
{
	const struct nl_attr_name *names = nl->names;
	const char *base = nl->request, *found = NULL;
	const struct nlmsghdr *nlh = (const void *)base;
	const char *pos = mnl_nlmsg_get_payload_offset(nlh, GENL_HDRLEN);
	const char *end = base + nlh->nlmsg_len;

	while (names && mnl_attr_ok((const void *)pos, (int)(end - pos))) {
		const struct nlattr *attr = (const void *)pos;
		const struct nl_attr_name *n = names;

		if (offset >= (uint32_t)(pos - base) + attr->nla_len) {
			pos = (const char *)mnl_attr_next(attr);
			continue;
		}
		while (n->type && n->type != mnl_attr_get_type(attr))
			n++;
		found = n->name ? n->name : found;
		if (offset <= (uint32_t)(pos - base))
			break;
		names = n->nest;
		end = pos + attr->nla_len;
		pos = mnl_attr_get_payload(attr);
	}
	return found;
}

static const char *missing_name(const struct nl *nl, uint32_t type)
{
	const struct nl_attr_name *n = nl->names;

	while (n && n->type && n->type != type)
		n++;
	return n ? n->name : NULL;
}

static void extack_attr(struct nl *nl, const struct nlattr *attr)
{
	struct nl_error *e = &nl->error;
	const char *text = mnl_attr_get_payload(attr);

	switch (mnl_attr_get_type(attr)) {
	case NLMSGERR_ATTR_MSG:
		snprintf(e->text, sizeof(e->text), "%.*s",
			 (int)mnl_attr_get_payload_len(attr), text);
		break;
	case NLMSGERR_ATTR_OFFS:
		e->offset = nl_u32(attr);
		e->attr = attr_name(nl, e->offset);
		break;
	case NLMSGERR_ATTR_MISS_TYPE:
		e->attr = missing_name(nl, nl_u32(attr));
		if (!e->text[0])
			strcpy(e->text, "is missing");
		break;
	}
}

/* The verdict on a request: 0 or -errno, its extended ack in nl->error. */
static int verdict(struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	size_t skip = sizeof(int);
	int err;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(err))
		return nlh->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));

	if (nlh->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

		skip = sizeof(*e);
		if (mnl_nlmsg_get_payload_len(nlh) < skip)
			return -EBADMSG;
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
			skip += mnl_nlmsg_get_payload_len(&e->msg);
	}
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_for_each(attr, nlh, skip)
			extack_attr(nl, attr);
	return err > 0 ? -EBADMSG : err;
}

static int receive(struct nl *nl, nl_fn fn, void *data)
{
	bool interrupted = false;
	int result = 0;

	for (;;) {
		const struct nlmsghdr *nlh = (const void *)nl->response;
		ssize_t n = mnl_socket_recvfrom(nl->sock, nl->response,
						RESPONSE_MAX);
		int len = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
			if (nlh->nlmsg_seq != nl->seq ||
			    nlh->nlmsg_pid != nl->portid)
				continue;
			interrupted |= !!(nlh->nlmsg_flags & NLM_F_DUMP_INTR);
			if (nlh->nlmsg_type == NLMSG_ERROR ||
			    nlh->nlmsg_type == NLMSG_DONE) {
				int err = verdict(nl, nlh);

				if (!err && interrupted)
					err = -EINTR;
				return err ? err : result;
			}
			if (nlh->nlmsg_type >= NLMSG_MIN_TYPE && fn && !result)
				result = fn(nlh, data);
		}
	}
}

static int transact(struct nl *nl, uint16_t flags, nl_fn fn, void *data)
{
	struct nlmsghdr *nlh = (void *)nl->request;

	memset(&nl->error, 0, sizeof(nl->error));
	nlh->nlmsg_flags |= flags;
	if (mnl_socket_sendto(nl->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return receive(nl, fn, data);
}

int nl_do(struct nl *nl, nl_fn fn, void *data)
{
	return transact(nl, NLM_F_ACK, fn, data);
}

int nl_dump(struct nl *nl, nl_fn fn, void (*restart)(void *data), void *data)
{
	struct nlmsghdr *nlh = (void *)nl->request;
	int tries, err = -EINTR;

	for (tries = 0; tries < DUMP_TRIES && err == -EINTR; tries++) {
		if (tries) {
			nlh->nlmsg_seq = ++nl->seq;
			if (restart)
				restart(data);
		}
		err = transact(nl, NLM_F_DUMP, fn, data);
	}
	return err;
}

static void group(struct nl *nl, const struct nlattr *nest)
{
	const struct nlattr *tb[CTRL_ATTR_MCAST_GRP_MAX + 1];

	const char *name;

	nl_parse_nested(nest, tb, CTRL_ATTR_MCAST_GRP_MAX);
	if (!tb[CTRL_ATTR_MCAST_GRP_NAME])
		return;
	name = mnl_attr_get_str(tb[CTRL_ATTR_MCAST_GRP_NAME]);
	if (!strcmp(name, KNTP_MCGRP_EVENTS))
		nl->events = nl_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
	else if (!strcmp(name, KNTP_MCGRP_LIMITS))
		nl->limits = nl_u32(tb[CTRL_ATTR_MCAST_GRP_ID]);
}

static int family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[CTRL_ATTR_MAX + 1], *attr;
	struct nl *nl = data;

	nl_parse(nlh, tb, CTRL_ATTR_MAX);
	if (!tb[CTRL_ATTR_FAMILY_ID] ||
	    mnl_attr_validate(tb[CTRL_ATTR_FAMILY_ID], MNL_TYPE_U16) < 0)
		return -EBADMSG;
	nl->family = mnl_attr_get_u16(tb[CTRL_ATTR_FAMILY_ID]);
	if (tb[CTRL_ATTR_MCAST_GROUPS])
		mnl_attr_for_each_nested(attr, tb[CTRL_ATTR_MCAST_GROUPS])
			group(nl, attr);
	return 0;
}

static int connect_family(struct nl *nl)
{
	struct nlmsghdr *nlh;
	int one = 1;

	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(nl->sock, NETLINK_EXT_ACK, &one,
				  sizeof(one)) < 0 ||
	    mnl_socket_setsockopt(nl->sock, NETLINK_CAP_ACK, &one,
				  sizeof(one)) < 0)
		return -errno;
	nl->portid = mnl_socket_get_portid(nl->sock);

	nlh = put_header(nl, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, KNTP_GENL_NAME);
	return nl_do(nl, family, nl);
}

int nl_open(struct nl *nl)
{
	int err;

	memset(nl, 0, sizeof(*nl));
	nl->request = calloc(1, NL_REQUEST_MAX);
	nl->response = calloc(1, RESPONSE_MAX);
	if (!nl->request || !nl->response)
		err = -ENOMEM;
	else if (!(nl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC)))
		err = -errno;
	else
		err = connect_family(nl);
	if (err)
		nl_close(nl);
	return err;
}

void nl_close(struct nl *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	free(nl->request);
	free(nl->response);
	nl->sock = NULL;
	nl->request = nl->response = NULL;
}

static int join(struct mnl_socket *sock, uint32_t group)
{
	return mnl_socket_setsockopt(sock, NETLINK_ADD_MEMBERSHIP, &group,
				     sizeof(group)) < 0 ? -errno : 0;
}

int nl_subscribe(struct nl *nl)
{
	int err = nl->events ? join(nl->sock, nl->events) : -EOPNOTSUPP;

	return err ? err : join(nl->sock, CTRL_GROUP);
}

int nl_subscribe_limits(struct nl *nl)
{
	return nl->limits ? join(nl->sock, nl->limits) : -EOPNOTSUPP;
}

int nl_watch(struct mnl_socket **sock)
{
	int err;

	*sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!*sock)
		return -errno;
	err = mnl_socket_bind(*sock, 0, MNL_SOCKET_AUTOPID) < 0 ?
	      -errno : join(*sock, CTRL_GROUP);
	if (err) {
		mnl_socket_close(*sock);
		*sock = NULL;
	}
	return err;
}

static bool is_ours(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[CTRL_ATTR_MAX + 1];

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    nlh->nlmsg_type != GENL_ID_CTRL || genl->cmd != CTRL_CMD_NEWFAMILY)
		return false;
	nl_parse(nlh, tb, CTRL_ATTR_MAX);
	return tb[CTRL_ATTR_FAMILY_NAME] &&
	       mnl_attr_validate(tb[CTRL_ATTR_FAMILY_NAME],
				 MNL_TYPE_NUL_STRING) >= 0 &&
	       !strcmp(mnl_attr_get_str(tb[CTRL_ATTR_FAMILY_NAME]),
		       KNTP_GENL_NAME);
}

bool nl_came(struct mnl_socket *sock)
{
	char buf[8192] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *nlh;
	bool came = false;
	ssize_t n;
	int len;

	/* One that is lost may have been ours. */
	while ((n = mnl_socket_recvfrom(sock, buf, sizeof(buf))) >= 0 ||
	       errno == ENOBUFS || errno == EINTR) {
		came |= n < 0 && errno == ENOBUFS;
		nlh = (const void *)buf;
		for (len = (int)n; n > 0 && mnl_nlmsg_ok(nlh, len);
		     nlh = mnl_nlmsg_next(nlh, &len))
			came |= is_ours(nlh);
	}
	return came;
}

static bool unloaded(const struct nl *nl, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *tb[CTRL_ATTR_MAX + 1];

	if (nlh->nlmsg_type != GENL_ID_CTRL || genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	nl_parse(nlh, tb, CTRL_ATTR_MAX);
	return tb[CTRL_ATTR_FAMILY_ID] &&
	       mnl_attr_get_u16(tb[CTRL_ATTR_FAMILY_ID]) == nl->family;
}

int nl_events(struct nl *nl, nl_fn fn, void *data)
{
	const struct nlmsghdr *nlh = (const void *)nl->response;
	ssize_t n = mnl_socket_recvfrom(nl->sock, nl->response, RESPONSE_MAX);
	const struct genlmsghdr *genl;
	int err, len = (int)n;

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
			continue;
		if (unloaded(nl, nlh))
			return -ENOENT;
		genl = mnl_nlmsg_get_payload(nlh);
		if (nlh->nlmsg_type != nl->family || genl->cmd != KNTP_CMD_EVENT)
			continue;
		err = fn(nlh, data);
		if (err)
			return err;
	}
	return 0;
}

/*
 * libmnl has a call for each step of this, and a dump of millions of clients
 * takes a fifth less without. What does not fit ends it, as it does there.
 */
static void parse(const void *data, size_t len, const struct nlattr **tb,
		  uint16_t max)
{
	const struct nlattr *attr = data;
	size_t step;
	uint16_t type;

	memset(tb, 0, (max + 1u) * sizeof(*tb));
	while (len >= sizeof(*attr) && attr->nla_len >= sizeof(*attr) &&
	       attr->nla_len <= len) {
		type = attr->nla_type & NLA_TYPE_MASK;
		if (type <= max)
			tb[type] = attr;
		step = NLA_ALIGN((size_t)attr->nla_len);
		if (step >= len)
			break;
		len -= step;
		attr = (const void *)((const char *)attr + step);
	}
}

void nl_parse(const struct nlmsghdr *nlh, const struct nlattr **tb,
	      uint16_t max)
{
	size_t len = mnl_nlmsg_get_payload_len(nlh);
	size_t head = NLA_ALIGN(GENL_HDRLEN);

	parse(mnl_nlmsg_get_payload_offset(nlh, head),
	      len > head ? len - head : 0, tb, max);
}

void nl_parse_nested(const struct nlattr *nest, const struct nlattr **tb,
		     uint16_t max)
{
	parse((const char *)nest + NLA_HDRLEN, nest->nla_len - NLA_HDRLEN, tb,
	      max);
}

static bool has(const struct nlattr *attr, size_t len)
{
	return attr && attr->nla_len == NLA_HDRLEN + len;
}

static const void *payload(const struct nlattr *attr)
{
	return (const char *)attr + NLA_HDRLEN;
}

uint8_t nl_u8(const struct nlattr *attr)
{
	return has(attr, sizeof(uint8_t)) ? *(const uint8_t *)payload(attr) : 0;
}

uint32_t nl_u32(const struct nlattr *attr)
{
	uint32_t v = 0;

	if (has(attr, sizeof(v)))
		memcpy(&v, payload(attr), sizeof(v));
	return v;
}

uint64_t nl_u64(const struct nlattr *attr)
{
	uint64_t v = 0;

	if (has(attr, sizeof(v)))
		memcpy(&v, payload(attr), sizeof(v));
	return v;
}

int nl_error_index(const struct nl *nl, uint16_t type)
{
	const struct nlmsghdr *nlh = (const void *)nl->request;
	const struct nlattr *attr;
	uint32_t start;
	int index = -1;

	if (!nl->error.offset)
		return -1;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		start = (uint32_t)((const char *)attr - nl->request);
		if (mnl_attr_get_type(attr) != type)
			continue;
		index++;
		if (nl->error.offset >= start &&
		    nl->error.offset < start + attr->nla_len)
			return index;
	}
	return -1;
}
