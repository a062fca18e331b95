// SPDX-License-Identifier: GPL-2.0
#include "linktable.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* How many may stand on each other; the kernel allows eight. */
#define DEPTH_MAX	16
/* As many at once as the kernel likes to say. */
#define DUMP_SIZE	32768

/* Those that hand what they send to the link they were made on. */
static bool hands_on(const char *kind)
{
	static const char *const kinds[] = { "vlan", "macvlan", "macvtap",
					     "ipvlan", "ipvtap" };
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

/* What of it is of use: indices, names, and what kind of link it is. */
struct found {
	const char *name, *kind;
	unsigned int link, master;
	bool elsewhere;
};

static int take_info(const struct nlattr *attr, void *data)
{
	struct found *found = data;

	if (mnl_attr_get_type(attr) == IFLA_INFO_KIND &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		found->kind = mnl_attr_get_str(attr);
	return MNL_CB_OK;
}

static int take(const struct nlattr *attr, void *data)
{
	struct found *found = data;

	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
			found->name = mnl_attr_get_str(attr);
		break;
	case IFLA_LINK:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			found->link = mnl_attr_get_u32(attr);
		break;
	case IFLA_MASTER:
		if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
			found->master = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK_NETNSID:
		found->elsewhere = true;
		break;
	case IFLA_LINKINFO:
		return mnl_attr_parse_nested(attr, take_info, found);
	}
	return MNL_CB_OK;
}

static int add(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	struct found found = { .name = NULL, .kind = "" };
	struct link_table *table = data;
	struct link_entry *links;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_attr_parse(nlh, sizeof(*info), take, &found) < 0 || !found.name)
		return MNL_CB_OK;
	links = reallocarray(table->links, table->n + 1, sizeof(*links));
	if (!links) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	table->links = links;
	links[table->n] = (struct link_entry){
		.ifindex = (unsigned int)info->ifi_index,
		.below = hands_on(found.kind) && !found.elsewhere ? found.link :
								    0,
		.master = found.master,
		.bond = !strcmp(found.kind, "bond"),
	};
	snprintf(links[table->n].dev, sizeof(links->dev), "%s", found.name);
	table->n++;
	return MNL_CB_OK;
}

static int ask(struct mnl_socket *sock, char *buf, struct link_table *table)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	ssize_t len;
	int more;

	nlh->nlmsg_type = RTM_GETLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(nlh, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	if (mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) ||
	    mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		len = mnl_socket_recvfrom(sock, buf, DUMP_SIZE);
		if (len < 0)
			return -errno;
		more = mnl_cb_run(buf, (size_t)len, 0,
				  mnl_socket_get_portid(sock), add, table);
	} while (more > MNL_CB_STOP);
	return more < 0 ? -errno : 0;
}

/**
 * linktable_read() - find out which links there are
 * @table: filled in; linktable_free() it, whatever this returns
 *
 * Return: 0 or -errno.
 */
int linktable_read(struct link_table *table)
{
	struct mnl_socket *sock;
	char *buf;
	int err;

	*table = (struct link_table){ .n = 0 };
	sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!sock)
		return -errno;
	buf = malloc(DUMP_SIZE);
	err = buf ? ask(sock, buf, table) : -ENOMEM;
	free(buf);
	mnl_socket_close(sock);
	return err;
}

/**
 * linktable_is_real() - whether a link sends by itself
 * @link: it
 *
 * One above a link of another namespace does so as far as this one can see.
 */
bool linktable_is_real(const struct link_entry *link)
{
	return !link->below && !link->bond;
}

static const struct link_entry *find(const struct link_table *table,
				     unsigned int ifindex)
{
	size_t i;

	for (i = 0; ifindex && i < table->n; i++)
		if (table->links[i].ifindex == ifindex)
			return &table->links[i];
	return NULL;
}

/**
 * linktable_sends_by() - whether packets of one link leave by another
 * @table: of both
 * @upper: the one
 * @link: the other, which is real
 */
bool linktable_sends_by(const struct link_table *table,
			const struct link_entry *upper,
			const struct link_entry *link)
{
	const struct link_entry *master = find(table, link->master);
	int depth;

	for (depth = 0; upper && depth < DEPTH_MAX; depth++) {
		if (upper == link || (upper->bond && upper == master))
			return true;
		upper = find(table, upper->below);
	}
	return false;
}

/**
 * linktable_free() - free what linktable_read() has found
 * @table: it
 */
void linktable_free(struct link_table *table)
{
	free(table->links);
	*table = (struct link_table){ .n = 0 };
}
