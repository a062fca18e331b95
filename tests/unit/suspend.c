// SPDX-License-Identifier: GPL-2.0
/* A machine that has slept is noticed once, and what was measured is forgotten. */
#include "../../user/daemon/suspend.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/discipline.h"
#include "../../user/daemon/loop.h"
#include "../../user/daemon/ntp.h"
#include "../../user/daemon/refclock.h"
#include "../../user/daemon/rtc.h"
#include "../../user/daemon/select.h"
#include "harness.h"

static int64_t slept;
static int forgotten, looks;
static struct timer *timer;

int64_t clk_slept(void)
{
	return slept;
}

void discipline_forget(void)
{
	forgotten++;
}

void discipline_look(void)
{
	looks++;
}

void select_forget(void)
{
	forgotten += 10;
}

void refclock_forget(void)
{
	forgotten += 100;
}

void ntp_forget_all(void)
{
	forgotten += 1000;
}

void rtc_forget(void)
{
	forgotten += 10000;
}

void timer_set(struct timer *t, double delay)
{
	CHECK(delay > 0 && delay < 2, "looks every %g s", delay);
	timer = t;
}

void timer_cancel(struct timer *t)
{
	CHECK(!timer || t == timer, "another timer");
	timer = NULL;
}

static void look(void)
{
	struct timer *t = timer;

	timer = NULL;
	if (t)
		t->fn(t->arg);
}

/* It sleeps for NS between two looks; a third comes later. */
static void run(int64_t ns)
{
	forgotten = 0;
	looks = 0;
	suspend_watch();
	look();
	CHECK(!forgotten, "before it slept");
	CHECK(looks == 1, "the clock is looked at");
	slept += ns;
	look();
	look();
	suspend_stop();
	CHECK(!timer, "it looks on");
}

static void noticed(void)
{
	slept = 7 * NS_PER_S;
	run(60 * NS_PER_S);
	CHECK(forgotten == 11111, "forgotten: %d", forgotten);
	/* Sleep moves the system clock: it is not another program's doing. */
	CHECK(looks == 2, "%d looks at the clock", looks);
}

static void nothing(void)
{
	slept = 0;
	run(1000);
	CHECK(!forgotten, "two readings apart are taken for sleep");
}

static void unknown(void)
{
	slept = -1;
	run(60 * NS_PER_S);
	CHECK(!forgotten, "without a clock for it");
}

static const struct test_case cases[] = {
	{ "sleep is noticed, once", noticed },
	{ "nothing is no sleep", nothing },
	{ "nobody knows", unknown },
};

TEST_MAIN(cases)
