// SPDX-License-Identifier: GPL-2.0
#include "ctl.h"
#include "names.h"
#include "print.h"

#include <errno.h>
#include <linux/kntp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int change(struct ctl *ctl, uint8_t cmd, int argc, char **argv)
{
	enum { HOOK, DEV };
	struct word w[] = {
		[HOOK] = { "hook", true, NULL },
		[DEV] = { "dev", false, NULL },
	};
	unsigned int ifindex = 0;
	struct nlmsghdr *nlh;
	uint32_t hook;
	int status;

	status = words_parse(ctl, w, 2, argc, argv);
	if (status)
		return status;
	hook = hook_parse(w[HOOK].value);
	if (!hook)
		return ctl_usage(ctl, "hook: '%s' is neither local nor ingress",
				 w[HOOK].value);
	if (hook == KNTP_HOOK_INGRESS && !w[DEV].value)
		return ctl_usage(ctl, "dev: is missing: hook ingress is a device's");
	if (hook == KNTP_HOOK_LOCAL && w[DEV].value)
		return ctl_usage(ctl, "dev: hook local has none");

	status = ctl_open(ctl);
	if (status)
		return status;
	if (w[DEV].value) {
		ifindex = if_nametoindex(w[DEV].value);
		if (!ifindex)
			return ctl_failed(ctl, "dev: %s: %s", w[DEV].value,
					  strerror(errno));
	}
	nlh = nl_begin(&ctl->nl, cmd, listen_attrs);
	mnl_attr_put_u32(nlh, KNTP_A_LISTEN_HOOK, hook);
	if (ifindex)
		mnl_attr_put_u32(nlh, KNTP_A_LISTEN_IFINDEX, ifindex);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

int cmd_listen_add(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, KNTP_CMD_LISTEN_ADD, argc, argv);
}

int cmd_listen_del(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, KNTP_CMD_LISTEN_DEL, argc, argv);
}

/* Collected before anything is printed: an interrupted dump starts over. */
static struct {
	size_t n, room;
	struct listener {
		uint32_t hook, ifindex;
		char dev[IF_NAMESIZE];
	} *at;
} list;

static int collect(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_LISTEN_MAX + 1];
	struct listener *l;

	(void)data;
	if (list.n == list.room) {
		size_t room = list.room ? list.room * 2 : 16;

		l = reallocarray(list.at, room, sizeof(*l));
		if (!l)
			return -ENOMEM;
		list.at = l;
		list.room = room;
	}
	nl_parse(nlh, tb, KNTP_A_LISTEN_MAX);
	l = &list.at[list.n++];
	l->hook = nl_u32(tb[KNTP_A_LISTEN_HOOK]);
	l->ifindex = nl_u32(tb[KNTP_A_LISTEN_IFINDEX]);
	if (tb[KNTP_A_LISTEN_IFNAME])
		snprintf(l->dev, sizeof(l->dev), "%s",
			 mnl_attr_get_str(tb[KNTP_A_LISTEN_IFNAME]));
	else
		dev_name(l->ifindex, l->dev);
	return 0;
}

static void restart(void *data)
{
	(void)data;
	list.n = 0;
}

int listen_fetch(struct ctl *ctl)
{
	restart(NULL);
	nl_begin(&ctl->nl, KNTP_CMD_LISTEN_GET, listen_attrs);
	return ctl_result(ctl, nl_dump(&ctl->nl, collect, restart, NULL), NULL);
}

size_t listen_count(void)
{
	return list.n;
}

void listen_print(const char *heading)
{
	const struct listener *l;

	if (heading && !list.n)
		pr_str(NULL, heading, "none");
	pr_list("listeners", list.n ? heading : NULL);
	for (l = list.at; l < list.at + list.n; l++) {
		pr_row();
		pr_str("hook", "hook", hook_name(l->hook));
		if (l->ifindex) {
			pr_str("dev", "dev", l->dev);
			pr_u64("ifindex", NULL, l->ifindex);
		} else if (pr_format() == PR_CSV) {
			pr_str(NULL, "", "");
		}
		pr_row_end();
	}
	pr_list_end();
	free(list.at);
	list.at = NULL;
	list.n = list.room = 0;
}

int cmd_listen_show(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);

	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = listen_fetch(ctl);
	if (status)
		return status;
	pr_begin();
	listen_print(NULL);
	pr_end();
	return 0;
}
