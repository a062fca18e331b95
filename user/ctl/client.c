// SPDX-License-Identifier: GPL-2.0
#include "addr.h"
#include "ctl.h"
#include "names.h"
#include "print.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/kntp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct client {
	struct prefix prefix;
	uint32_t requests, refused, interleaved, first_ms, last_ms;
	uint8_t li_vn_mode;
	int8_t poll;
};

struct clients {
	struct client *at;
	size_t n, room;
	uint8_t prefix6;
};

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

static int client_parse(const struct nlattr *nest, struct client *c,
			uint8_t prefix6)
{
	const struct nlattr *tb[KNTP_A_CLIENT_CLIENT_MAX + 1];
	int err;

	nl_parse_nested(nest, tb, KNTP_A_CLIENT_CLIENT_MAX);
	memset(c, 0, sizeof(*c));
	err = client_prefix(tb[KNTP_A_CLIENT_CLIENT_ADDR],
			    tb[KNTP_A_CLIENT_CLIENT_LEN], prefix6, &c->prefix);
	if (err)
		return err;
	c->refused = nl_u32(tb[KNTP_A_CLIENT_CLIENT_REFUSED]);
	c->requests = nl_u32(tb[KNTP_A_CLIENT_CLIENT_REQUESTS]);
	c->interleaved = nl_u32(tb[KNTP_A_CLIENT_CLIENT_INTERLEAVED]);
	c->first_ms = nl_u32(tb[KNTP_A_CLIENT_CLIENT_FIRST]);
	c->last_ms = nl_u32(tb[KNTP_A_CLIENT_CLIENT_LAST]);
	c->li_vn_mode = nl_u8(tb[KNTP_A_CLIENT_CLIENT_LI_VN_MODE]);
	c->poll = (int8_t)nl_u8(tb[KNTP_A_CLIENT_CLIENT_POLL]);
	return 0;
}

static int collect(const struct nlmsghdr *nlh, void *data)
{
	struct clients *list = data;
	const struct nlattr *attr;
	size_t room;
	int err = 0;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) != KNTP_A_CLIENT_CLIENT)
			continue;
		if (list->n == list->room) {
			room = list->room ? list->room * 2 : 64;
			void *at = reallocarray(list->at, room, sizeof(*list->at));

			if (!at)
				return -ENOMEM;
			list->at = at;
			list->room = room;
		}
		err = client_parse(attr, &list->at[list->n], list->prefix6);
		if (err)
			break;
		list->n++;
	}
	return err;
}

static void restart(void *data)
{
	struct clients *list = data;

	list->n = 0;
}

struct table {
	uint32_t entries, used;
	uint64_t memory;
	uint8_t prefix6;
};

static int told(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_CLIENT_MAX + 1];
	struct table *t = data;

	nl_parse(nlh, tb, KNTP_A_CLIENT_MAX);
	t->entries = nl_u32(tb[KNTP_A_CLIENT_ENTRIES]);
	t->used = nl_u32(tb[KNTP_A_CLIENT_USED]);
	t->memory = nl_u64(tb[KNTP_A_CLIENT_MEMORY]);
	t->prefix6 = nl_u8(tb[KNTP_A_CLIENT_PREFIX6]);
	return 0;
}

static void print_ago(const char *key, const char *label, uint32_t ms)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu32 ".%03" PRIu32 " s", ms / 1000,
		 ms % 1000);
	if (pr_format() == PR_TEXT)
		pr_text(NULL, NULL, label, text);
	else
		pr_ns(key, label, ms * UINT64_C(1000000));
}

static void print_client(const struct client *c)
{
	bool one = c->prefix.len == 8 * c->prefix.size;
	char buf[PREFIX_TEXT];

	pr_row();
	pr_str("address", "", one ? addr_format(&c->prefix, buf) :
				    prefix_format(&c->prefix, buf));
	pr_u64("requests", "requests", c->requests);
	pr_u64("refused", "refused", c->refused);
	pr_u64("interleaved", "interleaved", c->interleaved);
	pr_u64("version", "version", c->li_vn_mode >> 3 & 7);
	pr_u64("mode", "mode", c->li_vn_mode & 7);
	pr_i64("poll", "poll", c->poll);
	print_ago("last_ago_ns", "last", c->last_ms);
	print_ago("first_ago_ns", "first", c->first_ms);
	pr_row_end();
}

static void print_table(const struct table *t)
{
	char words[128];

	if (pr_format() == PR_CSV)
		return;
	pr_u64("entries", NULL, t->entries);
	pr_u64("used", NULL, t->used);
	pr_u64("memory_bytes", NULL, t->memory);
	pr_u64("prefix6", NULL, t->prefix6);
	snprintf(words, sizeof(words), "%" PRIu32 " of %" PRIu32
		 ", %" PRIu64 " KiB", t->used, t->entries, t->memory / 1024);
	pr_text(NULL, NULL, "clients", words);
}

int cmd_client_show(struct ctl *ctl, int argc, char **argv)
{
	struct clients list = { 0 };
	struct table table = { 0 };
	int status = words_none(ctl, argc, argv);
	size_t i;

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nl_begin(&ctl->nl, KNTP_CMD_CLIENT_GET, client_attrs);
	status = ctl_result(ctl, nl_do(&ctl->nl, told, &table), NULL);
	if (status)
		return status;
	list.prefix6 = table.prefix6;
	nl_begin(&ctl->nl, KNTP_CMD_CLIENT_GET, client_attrs);
	status = ctl_result(ctl, nl_dump(&ctl->nl, collect, restart, &list),
			    NULL);
	if (!status) {
		pr_begin();
		print_table(&table);
		pr_list("clients", NULL);
		for (i = 0; i < list.n; i++)
			print_client(&list.at[i]);
		pr_list_end();
		pr_end();
	}
	free(list.at);
	return status;
}

int cmd_client_set(struct ctl *ctl, int argc, char **argv)
{
	enum { ENTRIES, PREFIX6 };
	struct word w[] = {
		[ENTRIES] = { "entries", false, NULL },
		[PREFIX6] = { "prefix6", false, NULL },
	};
	uint64_t entries = 0, prefix6 = 0;
	const char *why = NULL;
	char buf[UNITS_WHY];
	struct nlmsghdr *nlh;
	int status, i = 0;

	status = words_parse(ctl, w, 2, argc, argv);
	if (status)
		return status;
	if (!w[ENTRIES].value && !w[PREFIX6].value)
		return ctl_usage(ctl, "neither entries nor prefix6 is given");
	if (w[ENTRIES].value)
		why = uint_parse(w[ENTRIES].value, 0, KNTP_CLIENT_ENTRIES_MAX,
				 &entries, buf);
	if (!why && w[PREFIX6].value) {
		i = PREFIX6;
		why = uint_parse(w[PREFIX6].value, 1, 128, &prefix6, buf);
	}
	if (why)
		return ctl_usage(ctl, "%s: '%s' %s", w[i].key, w[i].value, why);
	status = ctl_open(ctl);
	if (status)
		return status;
	nlh = nl_begin(&ctl->nl, KNTP_CMD_CLIENT_SET, client_attrs);
	if (w[ENTRIES].value)
		mnl_attr_put_u32(nlh, KNTP_A_CLIENT_ENTRIES, (uint32_t)entries);
	if (w[PREFIX6].value)
		mnl_attr_put_u8(nlh, KNTP_A_CLIENT_PREFIX6, (uint8_t)prefix6);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

int cmd_client_flush(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nl_begin(&ctl->nl, KNTP_CMD_CLIENT_FLUSH, client_attrs);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}
