// SPDX-License-Identifier: GPL-2.0
/* The hardware clocks by which devices stamp packets, as the module knows them. */
#include "ctl.h"
#include "names.h"
#include "print.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/kntp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

enum { DEVICES_MAX = 1024 };

static struct device {
	char name[IF_NAMESIZE];
	uint32_t index;
	int64_t phc, raw, rate, tx_comp, rx_comp;
	uint64_t error, lifetime;
	uint32_t octet, tx_rate;
} devices[DEVICES_MAX];
static size_t count;

static int collect(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_PHC_MAX + 1];
	struct device *d;

	(void)data;
	if (count == DEVICES_MAX)
		return -E2BIG;
	nl_parse(nlh, tb, KNTP_A_PHC_MAX);
	d = &devices[count++];
	memset(d, 0, sizeof(*d));
	if (tb[KNTP_A_PHC_IFNAME])
		snprintf(d->name, sizeof(d->name), "%s",
			 mnl_attr_get_str(tb[KNTP_A_PHC_IFNAME]));
	else
		dev_name(nl_u32(tb[KNTP_A_PHC_IFINDEX]), d->name);
	d->index = nl_u32(tb[KNTP_A_PHC_INDEX]);
	d->phc = (int64_t)nl_u64(tb[KNTP_A_PHC_MAP_PHC]);
	d->raw = (int64_t)nl_u64(tb[KNTP_A_PHC_MAP_RAW]);
	d->rate = (int64_t)nl_u64(tb[KNTP_A_PHC_MAP_RATE]);
	d->error = nl_u64(tb[KNTP_A_PHC_ERROR]);
	d->lifetime = nl_u64(tb[KNTP_A_PHC_LIFETIME]);
	d->tx_comp = (int64_t)nl_u64(tb[KNTP_A_PHC_TX_COMP]);
	d->rx_comp = (int64_t)nl_u64(tb[KNTP_A_PHC_RX_COMP]);
	d->octet = nl_u32(tb[KNTP_A_PHC_OCTET]);
	d->tx_rate = nl_u32(tb[KNTP_A_PHC_TX_RATE]);
	return 0;
}

static void restart(void *data)
{
	(void)data;
	count = 0;
}

static void print_device(const struct device *d)
{
	char clock[32];

	snprintf(clock, sizeof(clock), "ptp%" PRIu32, d->index);
	pr_row();
	pr_str("dev", "", d->name);
	pr_str("phc", "", clock);
	pr_ns("error_ns", "error", d->error);
	pr_ns("lifetime_left_ns", "lifetime", d->lifetime);
	pr_i64("map_phc_ns", NULL, d->phc);
	pr_i64("map_raw_ns", NULL, d->raw);
	pr_i64("map_rate_2e_64", NULL, d->rate);
	pr_i64("tx_comp_ns", NULL, d->tx_comp);
	pr_i64("rx_comp_ns", NULL, d->rx_comp);
	pr_u64("octet_ps", NULL, d->octet);
	pr_u64("tx_rate", NULL, d->tx_rate);
	pr_row_end();
}

int cmd_phc_show(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);
	size_t i;

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	restart(NULL);
	nl_begin(&ctl->nl, KNTP_CMD_PHC_GET, NULL);
	status = ctl_result(ctl, nl_dump(&ctl->nl, collect, restart, NULL), NULL);
	if (status)
		return status;
	pr_begin();
	pr_list("devices", NULL);
	for (i = 0; i < count; i++)
		print_device(&devices[i]);
	pr_list_end();
	pr_end();
	return 0;
}
