// SPDX-License-Identifier: GPL-2.0
/* A hardware clock that is read with some noise, and stamps the pulse. */
#include "testhw.h"

#include <linux/module.h>
#include <linux/ptp_clock_kernel.h>

static unsigned int noise;
module_param(noise, uint, 0600);
MODULE_PARM_DESC(noise, "of the hardware clock, ns to either side");
static bool cross = true;
module_param(cross, bool, 0600);
MODULE_PARM_DESC(cross, "the hardware clock has cross time stamps");
static long phc_offset;
module_param(phc_offset, long, 0600);
MODULE_PARM_DESC(phc_offset, "of the hardware clock from truth, ns");
static bool stamps;			/* the pulse */
static struct ptp_clock *phc;

static s64 phc_at(s64 raw)
{
	return testhw_truth(raw) + READ_ONCE(phc_offset) + testhw_random(noise);
}

static int phc_gettimex(struct ptp_clock_info *info, struct timespec64 *ts,
			struct ptp_system_timestamp *sts)
{
	ptp_read_system_prets(sts);
	*ts = ns_to_timespec64(phc_at(ktime_get_raw_ns()));
	ptp_read_system_postts(sts);
	return 0;
}

static int phc_getcrosststamp(struct ptp_clock_info *info,
			      struct system_device_crosststamp *both)
{
	struct testhw_now now;

	if (!cross)
		return -EOPNOTSUPP;
	testhw_now(&now);
	both->device = ns_to_ktime(phc_at(now.raw));
#ifdef TESTHW_SYS_SYSTIME
	both->sys_systime = ns_to_ktime(now.real);
#else
	both->sys_realtime = ns_to_ktime(now.real);
#endif
	both->sys_monoraw = ns_to_ktime(now.raw);
	return 0;
}

static int phc_settime(struct ptp_clock_info *info, const struct timespec64 *ts)
{
	WRITE_ONCE(phc_offset, timespec64_to_ns(ts) -
			       testhw_truth(ktime_get_raw_ns()));
	return 0;
}

static int phc_adjtime(struct ptp_clock_info *info, s64 delta)
{
	WRITE_ONCE(phc_offset, phc_offset + delta);
	return 0;
}

/* Its rate is truth's: a test sets that one. */
static int phc_adjfine(struct ptp_clock_info *info, long scaled_ppm)
{
	return -EOPNOTSUPP;
}

static int phc_enable(struct ptp_clock_info *info, struct ptp_clock_request *rq,
		      int on)
{
	if (rq->type != PTP_CLK_REQ_EXTTS || rq->extts.index)
		return -EOPNOTSUPP;
	WRITE_ONCE(stamps, on);
	return 0;
}

static struct ptp_clock_info phc_info = {
	.owner = THIS_MODULE,
	.name = "kntp_testhw",
	.max_adj = 500000000,
	.n_ext_ts = 1,
	.gettimex64 = phc_gettimex,
	.getcrosststamp = phc_getcrosststamp,
	.settime64 = phc_settime,
	.adjtime = phc_adjtime,
	.adjfine = phc_adjfine,
	.enable = phc_enable,
};

/**
 * testhw_phc_pulse() - there was a pulse at the input
 * @truth: when, ns
 *
 * Context: hard interrupt.
 */
void testhw_phc_pulse(s64 truth)
{
	struct ptp_clock_event event = {
		.type = PTP_CLOCK_EXTTS,
		.timestamp = truth + READ_ONCE(phc_offset) +
			     testhw_random(noise),
	};

	if (READ_ONCE(stamps))
		ptp_clock_event(phc, &event);
}

/**
 * testhw_phc_stamp() - stamp a packet
 * @truth: when, ns
 *
 * Context: any. Return: by the hardware clock, with its noise.
 */
ktime_t testhw_phc_stamp(s64 truth)
{
	return ns_to_ktime(truth + READ_ONCE(phc_offset) + testhw_random(noise));
}

/**
 * testhw_phc_number() - N of /dev/ptpN
 */
int testhw_phc_number(void)
{
	return ptp_clock_index(phc);
}

static int get_index(char *buf, const struct kernel_param *kp)
{
	return scnprintf(buf, PAGE_SIZE, "%d\n",
			 phc ? ptp_clock_index(phc) : -1);
}

static const struct kernel_param_ops index_ops = { .get = get_index };
module_param_cb(phc, &index_ops, NULL, 0400);

int testhw_phc_init(void)
{
	struct ptp_clock *p = ptp_clock_register(&phc_info, NULL);

	if (IS_ERR_OR_NULL(p))
		return p ? PTR_ERR(p) : -EOPNOTSUPP;
	phc = p;
	return 0;
}

void testhw_phc_exit(void)
{
	ptp_clock_unregister(phc);
}
