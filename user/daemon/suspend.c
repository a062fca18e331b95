// SPDX-License-Identifier: GPL-2.0
#include "suspend.h"
#include "clk.h"
#include "discipline.h"
#include "figures.h"
#include "log.h"
#include "loop.h"
#include "ntp.h"
#include "refclock.h"
#include "rtc.h"
#include "select.h"
#include "vmclock.h"

#include <errno.h>
#include <string.h>

/* s */
#define LOOK	1.0
/* Reading two clocks one after the other takes no longer, ns. */
#define NOTHING	(NS_PER_S / 10)

static struct {
	struct timer timer;
	int64_t slept;
} watch;

/* Nothing that was measured before says anything of now. */
static void forget(void)
{
	discipline_forget();
	select_forget();
	refclock_forget();
	rtc_forget();
	ntp_forget_all();
}

static void woken(int64_t ns)
{
	log_msg(LOG_WARNING, "the machine has slept for %.1f s: all samples are dropped",
		(double)ns / NS_PER_S);
	forget();
}

/* The marker is taken first: the next disruption may come meanwhile. */
static void disrupted(void)
{
	vmclock_take();
	log_msg(LOG_WARNING, "the hypervisor reports a disruption of the clock (pause, migration, restore): all samples are dropped");
	forget();
}

static void look(void *arg)
{
	int64_t slept = clk_slept();

	(void)arg;
	timer_set(&watch.timer, LOOK);
	if (watch.slept >= 0 && slept - watch.slept > NOTHING)
		woken(slept - watch.slept);
	else if (vmclock_disrupted())
		disrupted();
	else
		discipline_look();
	watch.slept = slept;
}

/* Called before each claim. It only starts the timer, whose handler forgets. */
static bool is_void(void)
{
	if (!vmclock_disrupted())
		return false;
	timer_set(&watch.timer, 0);
	return true;
}

/**
 * suspend_watch() - Check each second for sleep and for other programs' steps
 *
 * Sleep is checked first, because it moves the system clock as well. A simulator
 * has no clock that counts sleep.
 */
void suspend_watch(void)
{
	watch.slept = clk_slept();
	figures_set_guard(is_void);
	watch.timer.fn = look;
	timer_set(&watch.timer, LOOK);
}

/**
 * suspend_open() - Open the hypervisor's VMCLOCK device, if there is one
 *
 * Before privileges are dropped.
 */
void suspend_open(void)
{
	int err = vmclock_open(VMCLOCK_PATH);

	if (!err)
		log_msg(LOG_INFO, VMCLOCK_PATH ": pauses and migrations of this machine are noticed");
	else if (err != -ENOENT)
		log_msg(LOG_WARNING, VMCLOCK_PATH ": %s", strerror(-err));
}

/**
 * suspend_stop() - look no more
 */
void suspend_stop(void)
{
	timer_cancel(&watch.timer);
	figures_set_guard(NULL);
	vmclock_close();
}
