// SPDX-License-Identifier: GPL-2.0
#include "suspend.h"
#include "clk.h"
#include "discipline.h"
#include "log.h"
#include "loop.h"
#include "ntp.h"
#include "refclock.h"
#include "rtc.h"
#include "select.h"

/* s */
#define LOOK	1.0
/* Reading two clocks one after the other takes no longer, ns. */
#define NOTHING	(NS_PER_S / 10)

static struct {
	struct timer timer;
	int64_t slept;
} watch;

/* Nothing that was measured before says anything of now. */
static void woken(int64_t ns)
{
	log_msg(LOG_WARNING, "the machine has slept for %.1f s: all is measured anew",
		(double)ns / NS_PER_S);
	discipline_forget();
	select_forget();
	refclock_forget();
	rtc_forget();
	ntp_forget_all();
}

static void look(void *arg)
{
	int64_t slept = clk_slept();

	(void)arg;
	timer_set(&watch.timer, LOOK);
	if (watch.slept >= 0 && slept - watch.slept > NOTHING)
		woken(slept - watch.slept);
	else
		discipline_look();
	watch.slept = slept;
}

/**
 * suspend_watch() - look each second at what became of the clocks
 *
 * The machine may have slept, and another program may have set the system clock.
 * The former is looked for first: it moves the clock, too. A simulator has no
 * clock that counts sleep.
 */
void suspend_watch(void)
{
	watch.slept = clk_slept();
	watch.timer.fn = look;
	timer_set(&watch.timer, LOOK);
}

/**
 * suspend_stop() - look no more
 */
void suspend_stop(void)
{
	timer_cancel(&watch.timer);
}
