// SPDX-License-Identifier: GPL-2.0
/*
 * A pulse at each second of true time, and what happens to pulses on their way.
 * The stamp is of the pulse, not of the timer that makes it, which is late.
 */
#include "testhw.h"

#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/pps_kernel.h>

static long phase;
module_param(phase, long, 0600);
MODULE_PARM_DESC(phase, "of all pulses, ns");
static unsigned int jitter;
module_param(jitter, uint, 0600);
MODULE_PARM_DESC(jitter, "of pulses, ns to either side");
static unsigned int missing;
module_param(missing, uint, 0600);
MODULE_PARM_DESC(missing, "pulses, percent");
static unsigned int doubled;
module_param(doubled, uint, 0600);
MODULE_PARM_DESC(doubled, "pulses with another one 20 ms later, percent");
static unsigned int astray;
module_param(astray, uint, 0600);
MODULE_PARM_DESC(astray, "pulses that are 100 ms early, percent");

static struct pps_device *pps;
static struct hrtimer timer;
static s64 second;			/* of truth: that the timer is for */
static bool again;			/* it is for the second of a double */

/* At TRUTH, which has just been: stamped by the clock that there is. */
static void pulse(s64 truth)
{
	struct pps_event_time at;
	struct testhw_now now;

	testhw_now(&now);
	testhw_phc_pulse(truth);
	at.ts_real = ns_to_timespec64(now.real - (now.truth - truth));
	pps_event(pps, &at, PPS_CAPTUREASSERT, NULL);
}

static void arm(s64 truth)
{
	struct testhw_now now;
	s64 left;

	testhw_now(&now);
	left = testhw_raw_span(truth - now.truth);
	hrtimer_start(&timer, ns_to_ktime(left > 0 ? left : 0),
		      HRTIMER_MODE_REL_HARD);
}

static enum hrtimer_restart tick(struct hrtimer *t)
{
	s64 at = second * NSEC_PER_SEC + phase + testhw_random(jitter);
	struct testhw_now now;

	if (again) {
		pulse(second * NSEC_PER_SEC + 20 * NSEC_PER_MSEC);
		again = false;
	} else if (!testhw_chance(missing)) {
		pulse(testhw_chance(astray) ? at - 100 * NSEC_PER_MSEC : at);
		again = testhw_chance(doubled);
	}
	if (again) {
		arm(second * NSEC_PER_SEC + 21 * NSEC_PER_MSEC);
		return HRTIMER_NORESTART;
	}
	/* The truth may have been set meanwhile. A pulse is after its second. */
	testhw_now(&now);
	second = div_s64(now.truth, NSEC_PER_SEC) + 1;
	arm(second * NSEC_PER_SEC + (phase > 0 ? phase : 0) + jitter);
	return HRTIMER_NORESTART;
}

static int get_index(char *buf, const struct kernel_param *kp)
{
	return scnprintf(buf, PAGE_SIZE, "%d\n", pps ? pps->id : -1);
}

static const struct kernel_param_ops index_ops = { .get = get_index };
module_param_cb(pps, &index_ops, NULL, 0400);

int testhw_pps_init(void)
{
	struct pps_source_info info = {
		.name = "kntp_testhw",
		.mode = PPS_CAPTUREASSERT | PPS_OFFSETASSERT | PPS_CANWAIT |
			PPS_TSFMT_TSPEC,
		.owner = THIS_MODULE,
	};

	pps = pps_register_source(&info, PPS_CAPTUREASSERT | PPS_OFFSETASSERT);
	if (IS_ERR(pps))
		return PTR_ERR(pps);
#ifdef TESTHW_HRTIMER_SETUP
	hrtimer_setup(&timer, tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
#else
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	timer.function = tick;
#endif
	hrtimer_start(&timer, NSEC_PER_SEC, HRTIMER_MODE_REL_HARD);
	return 0;
}

void testhw_pps_exit(void)
{
	hrtimer_cancel(&timer);
	pps_unregister_source(pps);
}
