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
#include "../../user/daemon/figures.h"
#include "../../user/daemon/vmclock.h"
#include "harness.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

static int64_t slept;
static int forgotten, looks;
static bool (*guard)(void);
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
	CHECK(delay >= 0 && delay < 2, "looks every %g s", delay);
	timer = t;
}

void timer_cancel(struct timer *t)
{
	CHECK(!timer || t == timer, "another timer");
	timer = NULL;
}

void figures_set_guard(bool (*fn)(void))
{
	guard = fn;
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

/* The page of a hypervisor (vmclock-abi.h): magic, size, version; seq; marker. */
struct fake {
	u8 head[12];
	u32 seq;
	u64 marker;
	u8 rest[4096 - 24];
};

static const u8 head[12] = { 'V', 'C', 'L', 'K', 104, 0, 0, 0, 1, 0, 1, 0 };

static struct fake *fake_page(char *path)
{
	int fd = mkstemp(path);
	struct fake *page;

	CHECK(fd >= 0 && !ftruncate(fd, sizeof(*page)), "%s", path);
	page = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    0);
	close(fd);
	memcpy(page->head, head, sizeof(head));
	page->marker = 7;
	return page;
}

/*
 * A machine that was paused sees no sleep: both clocks stood still. Nothing that
 * was known is said again from the first look at the marker on.
 */
static void paused(void)
{
	char path[] = "/tmp/kntp-vmclock-XXXXXX";
	struct fake *page = fake_page(path);

	slept = 0;
	forgotten = 0;
	CHECK(!vmclock_open(path), "it is not watched");
	suspend_watch();
	look();
	CHECK(!forgotten && !guard(), "before");
	/* It is being written: what stands there says nothing. */
	page->seq = 1;
	page->marker = 8;
	CHECK(!guard(), "while it is written");
	page->seq = 2;
	CHECK(guard(), "the claim goes on");
	look();
	CHECK(forgotten == 11111, "forgotten: %d", forgotten);
	CHECK(!guard(), "known by now");
	look();
	CHECK(forgotten == 11111, "forgotten twice: %d", forgotten);
	suspend_stop();
	CHECK(!guard && !vmclock_disrupted(), "it is watched on");
	/* Others are refused. */
	page->head[0] = 'X';
	CHECK(vmclock_open(path) == -EPROTO, "another magic");
	page->head[0] = 'V';
	page->head[8] = 2;
	CHECK(vmclock_open(path) == -EPROTO, "another version");
	CHECK(!truncate(path, 10) && vmclock_open(path) == -EPROTO, "short");
	munmap(page, sizeof(*page));
	unlink(path);
	CHECK(vmclock_open(path) == -ENOENT, "none");
}

static const struct test_case cases[] = {
	{ "sleep is noticed, once", noticed },
	{ "nothing is no sleep", nothing },
	{ "nobody knows", unknown },
	{ "a pause that the hypervisor tells of", paused },
};

TEST_MAIN(cases)
