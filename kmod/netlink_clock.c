// SPDX-License-Identifier: GPL-2.0
/* The clock over netlink. */
#include "netlink.h"

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/ktime.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include "clock.h"
#include "core/wire.h"
#include "timekeeping.h"

const struct nla_policy kntp_clock_policy[KNTP_A_CLOCK_MAX + 1] = {
	[KNTP_A_CLOCK_BASE] = NLA_POLICY_RANGE(NLA_U32, 1, KNTP_BASE_MAX),
	[KNTP_A_CLOCK_LEAP] = NLA_POLICY_MAX(NLA_U8, NTP_LEAP_UNSYNC),
	[KNTP_A_CLOCK_STRATUM] = NLA_POLICY_RANGE(NLA_U8, 1, NTP_STRATUM_UNSYNC),
	[KNTP_A_CLOCK_REFID] = { .type = NLA_U32 },
	[KNTP_A_CLOCK_REF_TIME] = NLA_POLICY_MIN(NLA_S64, 0),
	[KNTP_A_CLOCK_ROOT_DELAY] = { .type = NLA_U64 },
	[KNTP_A_CLOCK_ROOT_DISPERSION] = { .type = NLA_U64 },
	[KNTP_A_CLOCK_GROWTH] = { .type = NLA_U32 },
	[KNTP_A_CLOCK_LEASE] = { .type = NLA_U64 },
	[KNTP_A_CLOCK_STEPS] = { .type = NLA_U32 },
	[KNTP_A_CLOCK_MAP_RAW] = NLA_POLICY_MIN(NLA_S64, 0),
	[KNTP_A_CLOCK_MAP_UTC] = { .type = NLA_S64 },
	[KNTP_A_CLOCK_MAP_RATE] = { .type = NLA_S64 },
};

/* Past these nothing is left to be said of a clock: RFC 5905 MAXDISP, 10 %. */
#define ROOT_MAX_NS	(16ULL * NSEC_PER_SEC)
#define GROWTH_MAX_PPB	100000000

/* NSEC_PER_SEC is a long: on 32 bits a product of it overflows. */
static_assert(ROOT_MAX_NS == 16000000000ULL);

static int clock_root(struct genl_info *info, int type, u64 *ns)
{
	struct nlattr *attr = info->attrs[type];

	*ns = attr ? nla_get_u64(attr) : 0;
	if (*ns <= ROOT_MAX_NS)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "more than 16 s");
	return -ERANGE;
}

/* From these on UTC is neither before 1970 nor past what an s64 holds. */
#define MAP_UTC_MIN	(2LL * NSEC_PER_SEC)
#define MAP_UTC_MAX	((s64)BIT_ULL(62))

static int clock_map(struct genl_info *info, struct ntp_map *map)
{
	struct nlattr **a = info->attrs;
	int type;

	for (type = KNTP_A_CLOCK_MAP_RAW; type <= KNTP_A_CLOCK_MAP_RATE; type++)
		if (!a[type]) {
			NL_SET_ERR_ATTR_MISS(info->extack, NULL, type);
			GENL_SET_ERR_MSG(info, "base map needs raw time, UTC and rate");
			return -EINVAL;
		}
	map->raw = nla_get_s64(a[KNTP_A_CLOCK_MAP_RAW]) - kntp_nl_raw_offset();
	map->utc = nla_get_s64(a[KNTP_A_CLOCK_MAP_UTC]);
	map->rate = nla_get_s64(a[KNTP_A_CLOCK_MAP_RATE]);
	if (map->raw < 0 || map->raw > ktime_get_raw_ns()) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[KNTP_A_CLOCK_MAP_RAW],
				    "is in the future, or before the boot");
		return -EINVAL;
	}
	if (map->utc < MAP_UTC_MIN || map->utc > MAP_UTC_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[KNTP_A_CLOCK_MAP_UTC],
				    "not from 1970 to 2116");
		return -ERANGE;
	}
	if (map->rate < -KNTP_MAP_RATE_MAX || map->rate > KNTP_MAP_RATE_MAX) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[KNTP_A_CLOCK_MAP_RATE],
				    "more than 1000 ppm");
		return -ERANGE;
	}
	return 0;
}

static int clock_base(struct genl_info *info, struct kntp_clock_figures *f)
{
	struct nlattr **a = info->attrs;
	int type;

	f->base = a[KNTP_A_CLOCK_BASE] ? nla_get_u32(a[KNTP_A_CLOCK_BASE]) :
					 KNTP_BASE_SYSTEM;
	if (f->base == KNTP_BASE_MAP)
		return clock_map(info, &f->map);
	for (type = KNTP_A_CLOCK_MAP_RAW; type <= KNTP_A_CLOCK_MAP_RATE; type++)
		if (a[type]) {
			NL_SET_ERR_MSG_ATTR(info->extack, a[type],
					    "goes with base map only");
			return -EINVAL;
		}
	return 0;
}

static int clock_figures(struct genl_info *info, struct kntp_clock_figures *f)
{
	struct nlattr **a = info->attrs;

	if (GENL_REQ_ATTR_CHECK(info, KNTP_A_CLOCK_STRATUM)) {
		GENL_SET_ERR_MSG(info, "which stratum?");
		return -EINVAL;
	}
	/* Known steps are read before the clock: a step between is not missed. */
	f->steps = a[KNTP_A_CLOCK_STEPS] ? nla_get_u32(a[KNTP_A_CLOCK_STEPS]) :
					   kntp_timekeeping_steps();
	f->stratum = nla_get_u8(a[KNTP_A_CLOCK_STRATUM]);
	if (a[KNTP_A_CLOCK_LEAP])
		f->leap = nla_get_u8(a[KNTP_A_CLOCK_LEAP]);
	if (a[KNTP_A_CLOCK_REFID])
		f->refid = nla_get_be32(a[KNTP_A_CLOCK_REFID]);
	f->ref_time = a[KNTP_A_CLOCK_REF_TIME] ?
		nla_get_s64(a[KNTP_A_CLOCK_REF_TIME]) : ktime_get_real_ns();
	f->growth = a[KNTP_A_CLOCK_GROWTH] ?
		nla_get_u32(a[KNTP_A_CLOCK_GROWTH]) : KNTP_GROWTH_DEFAULT;
	f->lease = a[KNTP_A_CLOCK_LEASE] ?
		nla_get_u64(a[KNTP_A_CLOCK_LEASE]) : KNTP_LEASE_DEFAULT;
	if (f->growth > GROWTH_MAX_PPB) {
		NL_SET_ERR_MSG_ATTR(info->extack, a[KNTP_A_CLOCK_GROWTH],
				    "more than 100000 ppm");
		return -ERANGE;
	}
	return clock_base(info, f) ?:
	       clock_root(info, KNTP_A_CLOCK_ROOT_DELAY, &f->root_delay) ?:
	       clock_root(info, KNTP_A_CLOCK_ROOT_DISPERSION,
			  &f->root_dispersion);
}

/**
 * kntp_nl_clock_set() - CLOCK_SET of the netlink manual
 * @skb: the request
 * @info: likewise
 *
 * Process context. Return: 0 or a negative error, with an extended ack.
 */
int kntp_nl_clock_set(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_clock_figures figures = {};
	int err;

	err = clock_figures(info, &figures);
	if (err)
		return err;
	err = kntp_clock_publish(&figures);
	if (err == -ESTALE && figures.base == KNTP_BASE_MAP)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KNTP_A_CLOCK_STEPS],
				    "the machine was suspended since");
	else if (err == -ESTALE)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[KNTP_A_CLOCK_STEPS],
				    "the system clock was stepped since");
	return err;
}

static int tai_offset(void)
{
	return div_s64(ktime_sub(ktime_mono_to_any(0, TK_OFFS_TAI),
				 ktime_mono_to_any(0, TK_OFFS_REAL)),
		       NSEC_PER_SEC);
}

static int put_map(struct sk_buff *msg, const struct ntp_map *map)
{
	return nla_put_s64(msg, KNTP_A_CLOCK_MAP_RAW,
			   map->raw + kntp_nl_raw_offset(),
			   KNTP_A_CLOCK_PAD) ||
	       nla_put_s64(msg, KNTP_A_CLOCK_MAP_UTC, map->utc,
			   KNTP_A_CLOCK_PAD) ||
	       nla_put_s64(msg, KNTP_A_CLOCK_MAP_RATE, map->rate,
			   KNTP_A_CLOCK_PAD);
}

static int put_figures(struct sk_buff *msg, const struct kntp_clock_figures *f)
{
	return nla_put_u32(msg, KNTP_A_CLOCK_BASE, f->base) ||
	       (f->base == KNTP_BASE_MAP && put_map(msg, &f->map)) ||
	       nla_put_u8(msg, KNTP_A_CLOCK_LEAP, f->leap) ||
	       nla_put_u8(msg, KNTP_A_CLOCK_STRATUM, f->stratum) ||
	       nla_put_be32(msg, KNTP_A_CLOCK_REFID, f->refid) ||
	       nla_put_s64(msg, KNTP_A_CLOCK_REF_TIME, f->ref_time,
			   KNTP_A_CLOCK_PAD) ||
	       nla_put_u64_64bit(msg, KNTP_A_CLOCK_ROOT_DELAY, f->root_delay,
				 KNTP_A_CLOCK_PAD) ||
	       nla_put_u64_64bit(msg, KNTP_A_CLOCK_ROOT_DISPERSION,
				 f->root_dispersion, KNTP_A_CLOCK_PAD) ||
	       nla_put_u32(msg, KNTP_A_CLOCK_GROWTH, f->growth) ||
	       nla_put_u64_64bit(msg, KNTP_A_CLOCK_LEASE, f->lease,
				 KNTP_A_CLOCK_PAD);
}

static int put_report(struct sk_buff *msg, const struct kntp_clock_report *r)
{
	return nla_put_u32(msg, KNTP_A_CLOCK_STATE, r->state) ||
	       nla_put_s64(msg, KNTP_A_CLOCK_TIME, r->time, KNTP_A_CLOCK_PAD) ||
	       nla_put_s64(msg, KNTP_A_CLOCK_RAW_TIME,
			   r->raw + kntp_nl_raw_offset(),
			   KNTP_A_CLOCK_PAD) ||
	       nla_put_u64_64bit(msg, KNTP_A_CLOCK_DISPERSION_NOW,
				 r->dispersion, KNTP_A_CLOCK_PAD) ||
	       nla_put_u32(msg, KNTP_A_CLOCK_STEPS, r->steps) ||
	       nla_put_s8(msg, KNTP_A_CLOCK_PRECISION, r->precision) ||
	       nla_put_s32(msg, KNTP_A_CLOCK_TAI_OFFSET, tai_offset());
}

/**
 * kntp_nl_clock_get() - CLOCK_GET of the netlink manual
 * @skb: the request
 * @info: likewise
 *
 * Process context. Return: 0 or a negative error.
 */
int kntp_nl_clock_get(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_clock_report report;
	struct sk_buff *msg;
	void *head;

	kntp_clock_report(&report);
	msg = kntp_nl_answer(info, NLMSG_GOODSIZE, &head);
	if (!msg)
		return -ENOMEM;
	if (put_report(msg, &report))
		goto err_size;
	if (report.state != KNTP_CLOCK_UNSET &&
	    (put_figures(msg, &report.figures) ||
	     nla_put_s64(msg, KNTP_A_CLOCK_PUBLISHED, report.published,
			 KNTP_A_CLOCK_PAD) ||
	     nla_put_u64_64bit(msg, KNTP_A_CLOCK_LEASE_LEFT, report.lease_left,
			       KNTP_A_CLOCK_PAD)))
		goto err_size;
	genlmsg_end(msg, head);
	return genlmsg_reply(msg, info);

err_size:
	nlmsg_free(msg);
	return -EMSGSIZE;
}
