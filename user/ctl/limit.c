// SPDX-License-Identifier: GPL-2.0
/* How often who may ask. */
#include "ctl.h"
#include "names.h"
#include "print.h"
#include "units.h"

#include <errno.h>
#include <linux/kntp.h>
#include <stdlib.h>
#include <string.h>

enum one { INTERVAL, BURST, LEAK, KOD, PREFIX4, PREFIX6, ONE };

/* In the order of enum one. The types are those of one octet. */
static const struct {
	const char *key;
	uint16_t attr;
	int min, max;
} ones[ONE] = {
	[INTERVAL] = { "interval", KNTP_A_LIMIT_ONE_INTERVAL, -19, 12 },
	[BURST] = { "burst", KNTP_A_LIMIT_ONE_BURST, 1, 255 },
	[LEAK] = { "leak", KNTP_A_LIMIT_ONE_LEAK, 1, 4 },
	[KOD] = { "kod", KNTP_A_LIMIT_ONE_KOD, 0, 4 },
	[PREFIX4] = { "prefix4", KNTP_A_LIMIT_ONE_PREFIX4, 1, 31 },
	[PREFIX6] = { "prefix6", KNTP_A_LIMIT_ONE_PREFIX6, 1, 63 },
};

static const char *number(const char *text, int min, int max, int *value,
			  char *why)
{
	uint64_t u;
	const char *bad;

	if (*text != '-' || min >= 0) {
		bad = uint_parse(text, min < 0 ? 0 : (uint64_t)min,
				 (uint64_t)max, &u, why);
		*value = (int)u;
		return bad;
	}
	bad = uint_parse(text + 1, 0, (uint64_t)-min, &u, why);
	*value = -(int)u;
	return bad;
}

/* Who is limited: each client, or all of a prefix where one is named. */
int cmd_limit_set(struct ctl *ctl, int argc, char **argv)
{
	struct word w[ONE];
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char buf[UNITS_WHY];
	int value[ONE], status, i;
	const char *why;

	for (i = 0; i < ONE; i++)
		w[i] = (struct word){ ones[i].key, i <= BURST, NULL };
	status = words_parse(ctl, w, ONE, argc, argv);
	if (status)
		return status;
	for (i = 0; i < ONE; i++) {
		why = w[i].value ? number(w[i].value, ones[i].min, ones[i].max,
					  &value[i], buf) : NULL;
		if (why)
			return ctl_usage(ctl, "%s: '%s' %s", w[i].key,
					 w[i].value, why);
	}
	status = ctl_open(ctl);
	if (status)
		return status;
	nlh = nl_begin(&ctl->nl, KNTP_CMD_LIMIT_SET, limit_attrs);
	nest = mnl_attr_nest_start(nlh, w[PREFIX4].value || w[PREFIX6].value ?
				   KNTP_A_LIMIT_PREFIX : KNTP_A_LIMIT_CLIENT);
	for (i = 0; i < ONE; i++)
		if (w[i].value)
			mnl_attr_put_u8(nlh, ones[i].attr, (uint8_t)value[i]);
	mnl_attr_nest_end(nlh, nest);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

/* One number, and nothing else. */
static int one_number(struct ctl *ctl, int argc, char **argv, uint64_t max,
		      uint64_t *value)
{
	const char *why;
	char buf[UNITS_WHY];

	if (!argc)
		return ctl_usage(ctl, "a number is missing");
	why = uint_parse(argv[0], 0, max, value, buf);
	if (why)
		return ctl_usage(ctl, "'%s' %s", argv[0], why);
	return words_none(ctl, argc - 1, argv + 1);
}

int cmd_limit_budget(struct ctl *ctl, int argc, char **argv)
{
	uint64_t n;
	int status = one_number(ctl, argc, argv, KNTP_LIMIT_REPLIES_MAX, &n);

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	mnl_attr_put_u32(nl_begin(&ctl->nl, KNTP_CMD_LIMIT_SET, limit_attrs),
			 KNTP_A_LIMIT_REPLIES, (uint32_t)n);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

int cmd_limit_deny(struct ctl *ctl, int argc, char **argv)
{
	uint64_t n;
	int status = one_number(ctl, argc, argv, 4, &n);

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	mnl_attr_put_u8(nl_begin(&ctl->nl, KNTP_CMD_LIMIT_SET, limit_attrs),
			KNTP_A_LIMIT_DENY, (uint8_t)n);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

/* All of them, or one of the two that clients have. */
int cmd_limit_off(struct ctl *ctl, int argc, char **argv)
{
	struct nlmsghdr *nlh;
	uint16_t which = 0;
	int status;

	if (argc && !strcmp(argv[0], "client"))
		which = KNTP_A_LIMIT_CLIENT;
	else if (argc && !strcmp(argv[0], "prefix"))
		which = KNTP_A_LIMIT_PREFIX;
	status = words_none(ctl, argc - !!which, argv + !!which);
	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nlh = nl_begin(&ctl->nl, KNTP_CMD_LIMIT_DEL, limit_attrs);
	if (which)
		mnl_attr_put(nlh, which, 0, NULL);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

static struct {
	bool has[KNTP_A_LIMIT_MAX + 1];
	int one[KNTP_A_LIMIT_MAX + 1][ONE];
	uint32_t replies;
	uint8_t deny;
} limits;

static int told(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_LIMIT_MAX + 1];
	const struct nlattr *one[KNTP_A_LIMIT_ONE_MAX + 1];
	int of, i;

	(void)data;
	nl_parse(nlh, tb, KNTP_A_LIMIT_MAX);
	for (of = KNTP_A_LIMIT_CLIENT; of <= KNTP_A_LIMIT_PREFIX; of++) {
		limits.has[of] = tb[of];
		if (!tb[of])
			continue;
		nl_parse_nested(tb[of], one, KNTP_A_LIMIT_ONE_MAX);
		for (i = 0; i < ONE; i++)
			limits.one[of][i] = (int8_t)nl_u8(one[ones[i].attr]);
		limits.one[of][BURST] = nl_u8(one[ones[BURST].attr]);
	}
	limits.replies = nl_u32(tb[KNTP_A_LIMIT_REPLIES]);
	limits.deny = nl_u8(tb[KNTP_A_LIMIT_DENY]);
	return 0;
}

static void print_one(const char *of, const int *one)
{
	int i;

	pr_row();
	pr_str("of", "set", of);
	for (i = 0; i < ONE; i++)
		if (i < PREFIX4 || one[i])
			pr_i64(ones[i].key, ones[i].key, one[i]);
	pr_row_end();
}

int cmd_limit_show(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nl_begin(&ctl->nl, KNTP_CMD_LIMIT_GET, limit_attrs);
	status = ctl_result(ctl, nl_do(&ctl->nl, told, NULL), NULL);
	if (status)
		return status;
	pr_begin();
	pr_list("limits", NULL);
	if (limits.has[KNTP_A_LIMIT_CLIENT])
		print_one("client", limits.one[KNTP_A_LIMIT_CLIENT]);
	if (limits.has[KNTP_A_LIMIT_PREFIX])
		print_one("prefix", limits.one[KNTP_A_LIMIT_PREFIX]);
	pr_list_end();
	pr_u64("budget", "budget", limits.replies);
	pr_u64("deny", "deny", limits.deny);
	pr_end();
	return 0;
}
