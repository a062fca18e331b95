// SPDX-License-Identifier: GPL-2.0
/* The client table: what it is, not who is in it. */
#include "ctl.h"
#include "names.h"
#include "units.h"

#include <linux/kntp.h>

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
