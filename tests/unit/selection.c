// SPDX-License-Identifier: GPL-2.0
/*
 * Selection and what a jump does to it: the real select.c, source.c and
 * estimate.c, over clocks that the test sets.
 */
#include "../../user/daemon/clk.h"
#include "../../user/daemon/conf.h"
#include "../../user/daemon/discipline.h"
#include "../../user/daemon/dump.h"
#include "../../user/daemon/leap.h"
#include "../../user/daemon/log.h"
#include "../../user/daemon/loop.h"
#include "../../user/daemon/records.h"
#include "../../user/daemon/reference.h"
#include "../../user/daemon/select.h"
#include "../../user/daemon/source.h"
#include "harness.h"

#include <linux/types.h>
#include <math.h>
#include <string.h>

#include "core/wire.h"

#define START	(1000 * NS_PER_S)
#define UTC	(1893456000 * NS_PER_S)

struct reference reference;
static int64_t now;		/* RAW */
static struct selection last;
static unsigned int updates, losses, lines;

void clk_pair(int64_t *raw, int64_t *real)
{
	*raw = now;
	*real = UTC + now;
}

int64_t reference_time(int64_t raw)
{
	return updates ? fit_at(&last.fit, raw).utc : UTC + raw;
}

double reference_distance(int64_t raw)
{
	return reference.root_delay / 2 + reference.root_dispersion +
	       (double)(raw - reference.ref_raw) * 1e-9 * 1e-6;
}

void discipline_update(const struct selection *sel)
{
	last = *sel;
	updates++;
	reference.synced = true;
	reference.ref_raw = sel->fit.raw;
	reference.root_delay = sel->root_delay;
	reference.root_dispersion = sel->root_dispersion;
}

void discipline_lost(void)
{
	losses += reference.synced;
	reference.synced = false;
}

void dump_load(struct source *src)
{
	(void)src;
}

bool leap_sample(struct sample *s)
{
	(void)s;
	return true;
}

void record_selection(void)
{
}

void record_statistics(const struct source *src, const struct fit *before)
{
	(void)src, (void)before;
}

void log_msg(int priority, const char *fmt, ...)
{
	(void)fmt;
	lines += priority == LOG_WARNING;
}

void timer_set(struct timer *t, double delay)
{
	(void)delay;
	t->armed = true;
}

void timer_cancel(struct timer *t)
{
	t->armed = false;
}

static void begin(struct config *c)
{
	memset(c, 0, sizeof(*c));
	c->maxdistance = 3;
	c->maxjitter = 1;
	c->reselectdist = 1e-4;
	c->combinelimit = 3;
	c->stratumweight = 1e-3;
	c->maxclockerror = 1;
	c->minsources = 1;
	c->maxstratum = 15;
	sources = NULL;
	memset(&reference, 0, sizeof(reference));
	now = START;
	updates = losses = lines = 0;
	select_init(c);
}

static void add(struct source *s, const char *name)
{
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->type = SOURCE_SERVER;
	s->stratum = 2;
	s->reach = 0xff;
	s->samples_min = 1;
	estimate_init(&s->est, 0);
	source_add(s);
}

/* True time is OFFSET s ahead of the system clock, by a path of DELAY s. */
static void sample(struct source *s, double offset, double delay,
		   double dispersion)
{
	struct sample m = {
		.raw = now, .utc = UTC + now + llround(offset * 1e9),
		.delay = delay, .dispersion = 1e-6,
		.root_dispersion = dispersion,
	};

	source_sample(s, &m);
}

static void poll_it(struct source *s, unsigned int polls, double offset)
{
	unsigned int i;

	for (i = 0; i < polls; i++) {
		now += 16 * NS_PER_S;
		sample(s, offset, 1e-3, 1e-4);
	}
}

/*
 * A guest is paused for 10 s: CLOCK_MONOTONIC_RAW and the system clock stand
 * still, so that true time is 10 s ahead. The claim of a millisecond is false
 * with the first sample; the second sample says what is true. Before, the
 * claim stood until the window's 128 samples had all been replaced.
 */
static void paused(void)
{
	struct config c;
	struct source s;

	begin(&c);
	add(&s, "a");
	poll_it(&s, 60, 0);
	CHECK(reference.synced && !losses && !lines, "it goes on well");
	poll_it(&s, 1, 10);
	CHECK(!reference.synced && losses == 1, "the claim is false: LI is 3");
	CHECK(lines == 1, "one line, not %u", lines);
	CHECK(s.suspect, "another sample is wanted at once");
	now += 2 * NS_PER_S;
	sample(&s, 10, 1e-3, 1e-4);
	CHECK(reference.synced, "two samples agree");
	CHECK(fabs((double)(last.fit.utc - UTC - last.fit.raw) * 1e-9 - 10) <
	      1e-3, "off by %g s",
	      (double)(last.fit.utc - UTC - last.fit.raw) * 1e-9);
	CHECK(s.est.n == 2 && !s.suspect, "%u samples", s.est.n);
	poll_it(&s, 5, 10);
	CHECK(reference.synced && losses == 1, "and it stays");
}

/* One false sample is doubted, but drops nothing. */
static void outlier(void)
{
	struct config c;
	struct source s;

	begin(&c);
	add(&s, "a");
	poll_it(&s, 60, 0);
	poll_it(&s, 1, 10);
	CHECK(!reference.synced, "LI is 3");
	poll_it(&s, 1, 0);
	CHECK(reference.synced && s.est.n == 62 && !s.suspect,
	      "it was one sample: %u", s.est.n);
	CHECK(fabs((double)(last.fit.utc - UTC - last.fit.raw)) < 2e6,
	      "off by %g s",
	      (double)(last.fit.utc - UTC - last.fit.raw) * 1e-9);
}

/* Another source upholds the claim: the one that jumps is wrong. */
static void upheld(void)
{
	struct config c;
	struct source a, b;
	unsigned int i;

	begin(&c);
	add(&a, "a");
	add(&b, "b");
	for (i = 0; i < 40; i++) {
		poll_it(&a, 1, 0);
		sample(&b, 0, 1e-3, 1e-4);
	}
	poll_it(&a, 1, 60);
	CHECK(reference.synced && !losses, "b upholds the claim");
}

/* 0.3 ms of wander and jitter are no jump. */
static void no_jump(void)
{
	struct config c;
	struct source s;
	unsigned int i;

	begin(&c);
	add(&s, "a");
	for (i = 0; i < 200; i++)
		poll_it(&s, 1, (double)random_below(600) * 1e-6 - 3e-4);
	CHECK(s.est.n == 128 && !losses && !lines, "%u samples", s.est.n);
}

/*
 * Two broadcasts that the network held up by 8 ms each are no jump: the delay of
 * earlier requests, 0.5 ms, does not bound what a one-way sample is off by.
 */
static void late_broadcasts(void)
{
	struct config c;
	struct source s;
	struct sample late;
	unsigned int i;

	begin(&c);
	add(&s, "a");
	for (i = 0; i < 40; i++)
		poll_it(&s, 1, 0);
	for (i = 0; i < 2; i++) {
		now += 1000000000;
		late = *estimate_last(&s.est);
		late.raw = now;
		late.utc = UTC + now - 8000000;
		late.one_way = true;
		source_sample(&s, &late);
	}
	CHECK(s.est.n == 42 && !losses && !lines, "%u samples, %u lines", s.est.n,
	      lines);
}

/*
 * Finding A2: trusted 0 +- 5 ms, untrusted 9.7 +- 4.8 ms. They overlap, but
 * most of what the untrusted one says is not within what the trusted one does:
 * it must not move the clock.
 */
static void trusted(void)
{
	struct config c;
	struct source a, b;

	begin(&c);
	add(&a, "a");
	add(&b, "b");
	a.trust = true;
	sample(&a, 0, 1e-5, 5e-3);
	sample(&b, 9.7e-3, 1e-5, 4.8e-3);
	sample(&a, 0, 1e-5, 5e-3);
	CHECK(b.status == SOURCE_UNTRUSTED, "status %d", b.status);
	CHECK(a.status == SOURCE_SELECTED, "status %d", a.status);
	CHECK(fabs((double)(last.fit.utc - UTC - last.fit.raw)) < 1e5,
	      "moved by %g ns", (double)(last.fit.utc - UTC - last.fit.raw));
}

/* Three untrusted servers do not outvote a trusted one (finding A3). */
static void leaps(void)
{
	struct config c;
	struct source s[4];
	unsigned int i;

	begin(&c);
	for (i = 0; i < 4; i++) {
		add(&s[i], "s");
		s[i].leap = i ? NTP_LEAP_INSERT : NTP_LEAP_NONE;
	}
	s[0].trust = true;
	for (i = 0; i < 4; i++)
		sample(&s[i], 0, 1e-5, i ? 1e-4 : 1e-3);
	now += NS_PER_S;
	sample(&s[0], 0, 1e-5, 1e-3);
	CHECK(s[1].status >= SOURCE_NOT_COMBINED, "status %d", s[1].status);
	CHECK(last.leap == NTP_LEAP_NONE, "leap %u", last.leap);
}

/* RFC 5905 figure 11, and minstratum and maxstratum. */
static void strata(void)
{
	static const struct {
		int min, max;
		uint8_t stratum;
		bool good;
	} row[] = {
		{ 0, 15, 1, true }, { 0, 15, 15, true }, { 0, 15, 16, false },
		{ 0, 15, 255, false }, { 3, 15, 2, false }, { 3, 15, 3, true },
		{ 0, 4, 4, true }, { 0, 4, 5, false },
	};
	struct config c;
	struct source s;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		begin(&c);
		c.minstratum = row[i].min;
		c.maxstratum = row[i].max;
		select_init(&c);
		add(&s, "a");
		s.stratum = row[i].stratum;
		sample(&s, 0, 1e-3, 1e-4);
		CHECK((s.status == SOURCE_SELECTED) == row[i].good,
		      "stratum %u: status %d", s.stratum, s.status);
		if (!row[i].good)
			CHECK(s.status == SOURCE_STRATUM, "status %d", s.status);
	}
}

static void options_are(const struct source *s, bool noselect, bool sure)
{
	CHECK(s->noselect == noselect && s->trust == sure && s->require == sure,
	      "%s: noselect %d, trust %d, require %d", s->name, s->noselect,
	      s->trust, s->require);
}

/*
 * As chronyd: all sources count, whenever they come, but those that are never
 * selected. In `mix` reference clocks are trusted as servers with a key are:
 * `server a key 1`, `pool b`, `refclock PPS` lost the time when a was gone.
 */
static void authselectmode(void)
{
	static const struct {
		int mode;
		bool excluded, sure;	/* one without a key; one with */
	} cases[] = {
		{ CONF_AUTH_REQUIRE, true, false },
		{ CONF_AUTH_PREFER, true, false },
		{ CONF_AUTH_MIX, false, true },
		{ CONF_AUTH_IGNORE, false, false },
	};
	struct source with = { .name = "with", .authenticated = true };
	struct source clock = { .name = "clock", .type = SOURCE_REFCLOCK };
	struct source without = { .name = "without" };
	struct config c;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin(&c);
		c.authselectmode = cases[i].mode;
		select_reload(&c);
		source_add(&clock);
		source_add(&with);
		options_are(&with, false, false);
		options_are(&clock, false, false);
		/* Added later, by hand or by a pool's name. */
		source_add(&without);
		options_are(&without, cases[i].excluded, false);
		options_are(&with, false, cases[i].sure);
		options_are(&clock, false, cases[i].sure);
		source_del(&without);
		options_are(&with, false, false);
		/* One that is never selected excludes nobody. */
		source_del(&with);
		without.noselect = false;
		with.noselect = true;
		source_add(&with);
		source_add(&without);
		options_are(&without, cases[i].mode == CONF_AUTH_REQUIRE, false);
		options_are(&clock, false, false);
		source_del(&with);
		source_del(&without);
		source_del(&clock);
		with.noselect = without.noselect = false;
	}
}

/*
 * The server with a key is gone. Before, only it met the requirement, and the
 * clock was not updated any more although the pulse was fine.
 */
static void clock_is_required(void)
{
	struct source s[3];
	struct config c;
	unsigned int before;

	begin(&c);
	c.authselectmode = CONF_AUTH_MIX;
	select_reload(&c);
	add(&s[0], "with");
	add(&s[1], "without");
	add(&s[2], "clock");
	s[0].authenticated = true;
	s[2].type = SOURCE_REFCLOCK;
	select_reload(&c);
	poll_it(&s[0], 4, 0);
	poll_it(&s[1], 4, 0);
	poll_it(&s[2], 4, 0);
	s[0].reach = 0;
	before = updates;
	poll_it(&s[2], 4, 0);
	CHECK(updates == before + 4, "%u updates", updates - before);
}

/* One source alone cannot uphold what needs two to be claimed. */
static void minsources(void)
{
	struct source s[2];
	struct config c;

	begin(&c);
	c.minsources = 2;
	select_reload(&c);
	add(&s[0], "a");
	add(&s[1], "b");
	poll_it(&s[0], 1, 0);
	poll_it(&s[1], 30, 0);
	poll_it(&s[0], 30, 0);
	CHECK(reference.synced, "two agree");
	/* The guest was paused; b has not been asked since. */
	poll_it(&s[0], 1, 10);
	CHECK(!reference.synced && losses == 1, "b upholds it, alone");
}

/*
 * The daemon ends with a falseticker among three sources. As they are removed,
 * two are left that contradict each other: that unsaid the time that was served.
 */
static void ends(void)
{
	struct config c;
	struct source s[3];
	int i;

	begin(&c);
	add(&s[0], "a");
	add(&s[1], "b");
	add(&s[2], "liar");
	for (i = 0; i < 20; i++) {
		poll_it(&s[0], 1, 0);
		poll_it(&s[1], 1, 0);
		poll_it(&s[2], 1, 0.5);
	}
	CHECK(reference.synced && !losses, "two against one");
	select_stop();
	for (i = 0; i < 3; i++)
		source_del(&s[i]);
	CHECK(reference.synced && !losses, "the end unsays the time");
}

static const struct test_case cases[] = {
	{ "a guest that was paused: LI is 3, then right", paused },
	{ "one false sample drops nothing", outlier },
	{ "another source upholds the claim", upheld },
	{ "jitter is no jump", no_jump },
	{ "late broadcasts are no jump", late_broadcasts },
	{ "an untrusted source stays within the trusted", trusted },
	{ "an untrusted source has no vote on leap seconds", leaps },
	{ "minstratum, maxstratum and 16", strata },
	{ "authselectmode counts all sources", authselectmode },
	{ "a reference clock meets the requirement of mix", clock_is_required },
	{ "fewer than minsources uphold nothing", minsources },
	/* The last: nothing is selected after it. */
	{ "the end unsays nothing", ends },
};

TEST_MAIN(cases)
