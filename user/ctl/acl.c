// SPDX-License-Identifier: GPL-2.0
#include "acl.h"
#include "names.h"
#include "print.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/kntp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct acl_entry *acl_append(struct acl_entries *list)
{
	struct acl_entry *at;
	size_t room;

	if (list->n == list->room) {
		room = list->room ? list->room * 2 : 64;
		at = reallocarray(list->at, room, sizeof(*at));
		if (!at)
			return NULL;
		list->at = at;
		list->room = room;
	}
	return &list->at[list->n++];
}

void acl_free(struct acl_entries *list)
{
	free(list->at);
	memset(list, 0, sizeof(*list));
}

int acl_word(struct acl_entries *list, const char *word, uint8_t verdict,
	     uint32_t line, char *why)
{
	static const char *const everyone[] = { "0.0.0.0/0", "::/0" };
	bool all = !strcmp(word, "all");
	struct acl_entry *e;
	int i;

	for (i = 0; i < (all ? 2 : 1); i++) {
		e = acl_append(list);
		if (!e) {
			snprintf(why, ADDR_WHY, "%s", strerror(ENOMEM));
			return -1;
		}
		e->verdict = verdict;
		e->line = line;
		if (prefix_parse(all ? everyone[i] : word, &e->prefix, why))
			return -1;
	}
	return 0;
}

void acl_put(struct nlmsghdr *nlh, const struct acl_entry *e, bool verdict)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, KNTP_A_ACL_ENTRY);

	mnl_attr_put(nlh, KNTP_A_ACL_ENTRY_ADDR, e->prefix.size,
		     e->prefix.addr);
	mnl_attr_put_u8(nlh, KNTP_A_ACL_ENTRY_LEN, e->prefix.len);
	if (verdict)
		mnl_attr_put_u8(nlh, KNTP_A_ACL_ENTRY_VERDICT, e->verdict);
	mnl_attr_nest_end(nlh, nest);
}

static int send_entries(struct ctl *ctl, uint8_t cmd,
			const struct acl_entries *list)
{
	struct nlmsghdr *nlh = nl_begin(&ctl->nl, cmd, acl_attrs);
	char on[PREFIX_TEXT];
	int err, index;
	size_t i;

	for (i = 0; i < list->n; i++)
		acl_put(nlh, &list->at[i], cmd == KNTP_CMD_ACL_ADD);
	err = nl_do(&ctl->nl, NULL, NULL);
	index = err ? nl_error_index(&ctl->nl, KNTP_A_ACL_ENTRY) : -1;
	if (err == -ENOENT && list->n == 1)
		index = 0;
	if (index >= 0)
		prefix_format(&list->at[index].prefix, on);
	return ctl_result(ctl, err, index >= 0 ? on : NULL);
}

/* All the words in one message, so that it is all of them or none. */
static int change(struct ctl *ctl, uint8_t cmd, uint8_t verdict, int argc,
		  char **argv)
{
	struct acl_entries list = { 0 };
	char why[ADDR_WHY];
	int i, status = 0;

	if (!argc)
		return ctl_usage(ctl, "a PREFIX is missing, or all");
	for (i = 0; i < argc && !status; i++)
		if (acl_word(&list, argv[i], verdict, 0, why))
			status = ctl_usage(ctl, "%s", why);
	if (!status && list.n > NL_REQUEST_MAX / ACL_ENTRY_BYTES - 1)
		status = ctl_usage(ctl, "too many at once: %d at most, or use acl load",
				   NL_REQUEST_MAX / ACL_ENTRY_BYTES - 1);
	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = send_entries(ctl, cmd, &list);
	acl_free(&list);
	return status;
}

int cmd_acl_allow(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, KNTP_CMD_ACL_ADD, KNTP_VERDICT_ALLOW, argc, argv);
}

int cmd_acl_auth(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, KNTP_CMD_ACL_ADD, KNTP_VERDICT_AUTH, argc, argv);
}

int cmd_acl_deny(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, KNTP_CMD_ACL_ADD, KNTP_VERDICT_DENY, argc, argv);
}

int cmd_acl_pass(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, KNTP_CMD_ACL_ADD, KNTP_VERDICT_PASS, argc, argv);
}

int cmd_acl_del(struct ctl *ctl, int argc, char **argv)
{
	return change(ctl, KNTP_CMD_ACL_DEL, KNTP_VERDICT_NONE, argc, argv);
}

int cmd_acl_flush(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nl_begin(&ctl->nl, KNTP_CMD_ACL_FLUSH, acl_attrs);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

/* False when the nest is no entry that this program understands. */
static bool entry_parse(const struct nlattr *nest, struct acl_entry *e)
{
	const struct nlattr *tb[KNTP_A_ACL_ENTRY_MAX + 1], *addr;

	nl_parse_nested(nest, tb, KNTP_A_ACL_ENTRY_MAX);
	addr = tb[KNTP_A_ACL_ENTRY_ADDR];
	if (!addr || (mnl_attr_get_payload_len(addr) != 4 &&
		      mnl_attr_get_payload_len(addr) != 16))
		return false;
	memset(e, 0, sizeof(*e));
	e->prefix.size = (uint8_t)mnl_attr_get_payload_len(addr);
	memcpy(e->prefix.addr, mnl_attr_get_payload(addr), e->prefix.size);
	e->prefix.len = nl_u8(tb[KNTP_A_ACL_ENTRY_LEN]);
	e->verdict = nl_u8(tb[KNTP_A_ACL_ENTRY_VERDICT]);
	return true;
}

static int collect(const struct nlmsghdr *nlh, void *data)
{
	struct acl_entries *list = data;
	const struct nlattr *attr;
	struct acl_entry *e;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) != KNTP_A_ACL_ENTRY)
			continue;
		e = acl_append(list);
		if (!e)
			return -ENOMEM;
		if (!entry_parse(attr, e))
			return -EBADMSG;
	}
	return 0;
}

static void restart(void *data)
{
	struct acl_entries *list = data;

	list->n = 0;
}

static int fetch(struct ctl *ctl, struct acl_entries *list)
{
	nl_begin(&ctl->nl, KNTP_CMD_ACL_GET, acl_attrs);
	return ctl_result(ctl, nl_dump(&ctl->nl, collect, restart, list), NULL);
}

static int counted(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	uint64_t *count = data;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == KNTP_A_ACL_COUNT)
			*count = nl_u32(attr);
	return 0;
}

int acl_count(struct ctl *ctl, uint64_t *count)
{
	*count = 0;
	nl_begin(&ctl->nl, KNTP_CMD_ACL_GET, acl_attrs);
	return ctl_result(ctl, nl_do(&ctl->nl, counted, count), NULL);
}

int cmd_acl_show(struct ctl *ctl, int argc, char **argv)
{
	struct acl_entries list = { 0 };
	int status = words_none(ctl, argc, argv);
	char buf[PREFIX_TEXT];
	size_t i;

	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = fetch(ctl, &list);
	if (!status) {
		pr_begin();
		pr_list("prefixes", NULL);
		for (i = 0; i < list.n; i++) {
			pr_row();
			pr_str("verdict", "", verdict_name(list.at[i].verdict));
			pr_str("prefix", "",
			       prefix_format(&list.at[i].prefix, buf));
			pr_row_end();
		}
		pr_list_end();
		pr_end();
	}
	acl_free(&list);
	return status;
}

struct answer {
	uint8_t verdict;
	bool matched;
	struct acl_entry by;
};

static int answer(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_ACL_MAX + 1];
	struct answer *a = data;

	nl_parse(nlh, tb, KNTP_A_ACL_MAX);
	a->verdict = nl_u8(tb[KNTP_A_ACL_VERDICT]);
	a->matched = tb[KNTP_A_ACL_ENTRY] &&
		     entry_parse(tb[KNTP_A_ACL_ENTRY], &a->by);
	return 0;
}

int cmd_acl_check(struct ctl *ctl, int argc, char **argv)
{
	char why[ADDR_WHY], buf[PREFIX_TEXT];
	struct acl_entry asked = { 0 };
	struct answer a = { 0 };
	struct nlattr *nest;
	struct nlmsghdr *nlh;
	int status;

	if (!argc)
		return ctl_usage(ctl, "an ADDRESS is missing");
	status = words_none(ctl, argc - 1, argv + 1);
	if (!status && addr_parse(argv[0], &asked.prefix, why))
		status = ctl_usage(ctl, "%s", why);
	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nlh = nl_begin(&ctl->nl, KNTP_CMD_ACL_GET, acl_attrs);
	nest = mnl_attr_nest_start(nlh, KNTP_A_ACL_ENTRY);
	mnl_attr_put(nlh, KNTP_A_ACL_ENTRY_ADDR, asked.prefix.size,
		     asked.prefix.addr);
	mnl_attr_nest_end(nlh, nest);
	status = ctl_result(ctl, nl_do(&ctl->nl, answer, &a), argv[0]);
	if (status)
		return status;

	pr_begin();
	pr_str("address", "address", addr_format(&asked.prefix, buf));
	if (a.verdict == KNTP_VERDICT_NONE)
		a.verdict = KNTP_VERDICT_DENY;
	pr_str("verdict", "verdict", verdict_name(a.verdict));
	pr_text("prefix", a.matched ? prefix_format(&a.by.prefix, buf) : NULL,
		"by", a.matched ? buf : "no prefix: what none matches is denied");
	pr_end();
	return 0;
}
