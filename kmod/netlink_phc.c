// SPDX-License-Identifier: GPL-2.0
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/rtnetlink.h>
#include <linux/timekeeping.h>
#include <net/sock.h>
#include "hwstamp.h"
#include "kntp.h"
#include "netlink.h"

/* Not const: older kernels' policies do not take it. */
static struct netlink_range_validation_signed comp = {
	.min = -NSEC_PER_SEC, .max = NSEC_PER_SEC,
};

static struct netlink_range_validation octet = {
	.max = 8000000,		/* ps: 1 Mbit/s */
};

static struct netlink_range_validation tx_rate = {
	.max = NSEC_PER_SEC,
};

const struct nla_policy kntp_phc_policy[KNTP_A_PHC_MAX + 1] = {
	[KNTP_A_PHC_IFINDEX] = NLA_POLICY_FULL_RANGE(NLA_U32,
						     &kntp_ifindex_range),
	[KNTP_A_PHC_INDEX] = { .type = NLA_U32 },
	[KNTP_A_PHC_MAP_PHC] = { .type = NLA_S64 },
	[KNTP_A_PHC_MAP_RAW] = { .type = NLA_S64 },
	[KNTP_A_PHC_MAP_RATE] = { .type = NLA_S64 },
	[KNTP_A_PHC_ERROR] = { .type = NLA_U64 },
	[KNTP_A_PHC_LIFETIME] = { .type = NLA_U64 },
	[KNTP_A_PHC_TX_COMP] = NLA_POLICY_FULL_RANGE_SIGNED(NLA_S64, &comp),
	[KNTP_A_PHC_RX_COMP] = NLA_POLICY_FULL_RANGE_SIGNED(NLA_S64, &comp),
	[KNTP_A_PHC_OCTET] = NLA_POLICY_FULL_RANGE(NLA_U32, &octet),
	[KNTP_A_PHC_TX_RATE] = NLA_POLICY_FULL_RANGE(NLA_U32, &tx_rate),
};

static u32 get_u32(const struct nlattr *attr, u32 otherwise)
{
	return attr ? nla_get_u32(attr) : otherwise;
}

static s64 get_s64(const struct nlattr *attr)
{
	return attr ? nla_get_s64(attr) : 0;
}

/* Of packets, rather than of the clock. */
static void get_stamps(struct genl_info *info, struct kntp_phc *phc)
{
	struct nlattr **a = info->attrs;

	phc->tx_comp = get_s64(a[KNTP_A_PHC_TX_COMP]);
	phc->rx_comp = get_s64(a[KNTP_A_PHC_RX_COMP]);
	phc->octet = get_u32(a[KNTP_A_PHC_OCTET], 0);
	phc->octet_ns = div_u64((u64)phc->octet << 16, 1000);
	phc->tx_rate = get_u32(a[KNTP_A_PHC_TX_RATE], KNTP_PHC_TX_RATE_DEFAULT);
	phc->tx_interval = phc->tx_rate ? NSEC_PER_SEC / phc->tx_rate : 0;
}

/* Both within what the arithmetic of a line has room for. */
static int check_line(struct genl_info *info, const struct kntp_phc *phc)
{
	const s64 max = S64_MAX / 2;

	if (phc->map.raw < 0 || phc->map.raw > max) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KNTP_A_PHC_MAP_PHC],
				    "not from 0 to 2^62 ns");
		return -ERANGE;
	}
	if (phc->map.utc < 0 || phc->map.utc > ktime_get_raw_ns()) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KNTP_A_PHC_MAP_RAW],
				    "in the future, or before the boot");
		return -EINVAL;
	}
	if (phc->map.rate > KNTP_MAP_RATE_MAX ||
	    phc->map.rate < -KNTP_MAP_RATE_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KNTP_A_PHC_MAP_RATE],
				    "more than 1000 ppm");
		return -ERANGE;
	}
	return 0;
}

int kntp_nl_phc_set(struct sk_buff *skb, struct genl_info *info)
{
	static const u8 needed[] = { KNTP_A_PHC_IFINDEX, KNTP_A_PHC_INDEX,
				     KNTP_A_PHC_MAP_PHC, KNTP_A_PHC_MAP_RAW,
				     KNTP_A_PHC_LIFETIME };
	struct nlattr **a = info->attrs;
	struct kntp_phc phc = {};
	u64 lifetime;
	int err, i;

	for (i = 0; i < ARRAY_SIZE(needed); i++) {
		if (GENL_REQ_ATTR_CHECK(info, needed[i])) {
			GENL_SET_ERR_MSG(info, "device, clock, line and lifetime are needed");
			return -EINVAL;
		}
	}
	phc.ifindex = nla_get_u32(a[KNTP_A_PHC_IFINDEX]);
	phc.index = nla_get_u32(a[KNTP_A_PHC_INDEX]);
	phc.map.raw = get_s64(a[KNTP_A_PHC_MAP_PHC]);
	phc.map.utc = get_s64(a[KNTP_A_PHC_MAP_RAW]) - kntp_nl_raw_offset();
	phc.map.rate = get_s64(a[KNTP_A_PHC_MAP_RATE]);
	phc.error = a[KNTP_A_PHC_ERROR] ? nla_get_u64(a[KNTP_A_PHC_ERROR]) : 0;
	get_stamps(info, &phc);
	err = check_line(info, &phc);
	if (err)
		return err;
	lifetime = min_t(u64, nla_get_u64(a[KNTP_A_PHC_LIFETIME]), S64_MAX / 2);
	phc.until = ktime_get_raw_ns() + lifetime;
	rtnl_lock();
	err = kntp_phc_set(kntp_net(genl_info_net(info)), &phc, info->extack);
	rtnl_unlock();
	return err;
}

int kntp_nl_phc_del(struct sk_buff *skb, struct genl_info *info)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, KNTP_A_PHC_IFINDEX)) {
		GENL_SET_ERR_MSG(info, "which device?");
		return -EINVAL;
	}
	rtnl_lock();
	err = kntp_phc_del(kntp_net(genl_info_net(info)),
			   nla_get_u32(info->attrs[KNTP_A_PHC_IFINDEX]),
			   info->extack);
	rtnl_unlock();
	return err;
}

static int put_phc(struct sk_buff *msg, const struct kntp_net *kn,
		   const struct kntp_phc *phc)
{
	const struct net_device *dev = __dev_get_by_index(kn->net, phc->ifindex);
	s64 left = max_t(s64, phc->until - (s64)ktime_get_raw_ns(), 0);

	return nla_put_u32(msg, KNTP_A_PHC_IFINDEX, phc->ifindex) ?:
	       (dev ? nla_put_string(msg, KNTP_A_PHC_IFNAME, dev->name) : 0) ?:
	       nla_put_u32(msg, KNTP_A_PHC_INDEX, phc->index) ?:
	       nla_put_s64(msg, KNTP_A_PHC_MAP_PHC, phc->map.raw,
			   KNTP_A_PHC_PAD) ?:
	       nla_put_s64(msg, KNTP_A_PHC_MAP_RAW,
			   phc->map.utc + kntp_nl_raw_offset(),
			   KNTP_A_PHC_PAD) ?:
	       nla_put_s64(msg, KNTP_A_PHC_MAP_RATE, phc->map.rate,
			   KNTP_A_PHC_PAD) ?:
	       nla_put_u64_64bit(msg, KNTP_A_PHC_ERROR, phc->error,
				 KNTP_A_PHC_PAD) ?:
	       nla_put_u64_64bit(msg, KNTP_A_PHC_LIFETIME, left,
				 KNTP_A_PHC_PAD) ?:
	       nla_put_s64(msg, KNTP_A_PHC_TX_COMP, phc->tx_comp,
			   KNTP_A_PHC_PAD) ?:
	       nla_put_s64(msg, KNTP_A_PHC_RX_COMP, phc->rx_comp,
			   KNTP_A_PHC_PAD) ?:
	       nla_put_u32(msg, KNTP_A_PHC_OCTET, phc->octet) ?:
	       nla_put_u32(msg, KNTP_A_PHC_TX_RATE, phc->tx_rate);
}

/* cb->args[0]: how many were told. */
int kntp_nl_phc_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kntp_net *kn = kntp_net(sock_net(skb->sk));
	const struct kntp_phc *phc;
	long n = 0;
	void *head;

	rtnl_lock();
	list_for_each_entry(phc, &kn->phcs, list) {
		if (n++ < cb->args[0])
			continue;
		head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				   cb->nlh->nlmsg_seq, &kntp_genl_family,
				   NLM_F_MULTI, KNTP_CMD_PHC_GET);
		if (!head)
			break;
		if (put_phc(skb, kn, phc)) {
			genlmsg_cancel(skb, head);
			break;
		}
		genlmsg_end(skb, head);
		cb->args[0]++;
	}
	rtnl_unlock();
	return skb->len;
}
