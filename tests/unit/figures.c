// SPDX-License-Identifier: GPL-2.0
/* What replies say: user/daemon/figures.c, with clocks that stand still. */
#include "harness.h"

#include <math.h>

#include "../../kmod/core/ntptime.h"
#include "../../kmod/core/reply.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/figures.h"
#include "../../user/daemon/reference.h"

#define RAW	5000000000LL
#define UTC	1900000000000000000LL

struct reference reference;

static struct {
	int64_t off;		/* true time less the system clock, ns */
	double correction;
	double dispersion;
	bool controlled;
} now;

void clk_pair(int64_t *raw, int64_t *real)
{
	*raw = RAW;
	*real = UTC - now.off;
}

int64_t clk_raw(void)
{
	return RAW;
}

bool clk_controlled(void)
{
	return now.controlled;
}

double reference_dispersion(int64_t raw)
{
	CHECK(raw == RAW, "dispersion of another moment");
	return now.dispersion;
}

double reference_correction(void)
{
	return now.correction;
}

int64_t reference_time(int64_t raw)
{
	return UTC + raw - RAW;
}

int64_t reference_line(int64_t raw)
{
	return reference_time(raw);
}

int64_t reference_off(int64_t raw, int64_t real)
{
	return (int64_t)((uint64_t)reference_time(raw) - (uint64_t)real);
}

double reference_lasts(int64_t raw)
{
	(void)raw;
	return INFINITY;
}

static void synced(void)
{
	memset(&reference, 0, sizeof(reference));
	memset(&now, 0, sizeof(now));
	reference.synced = true;
	reference.leap = NTP_LEAP_INSERT;
	reference.stratum = 3;
	reference.refid = 0x7f000001;
	reference.ref_time = UTC - 7;
	reference.root_delay = 0.25;
	reference.growth = 1.0000001e-6;
	now.dispersion = 0.125;
	now.controlled = true;
}

static void is_none(const char *what)
{
	struct figures f;

	reference_figures(&f, false);
	CHECK(f.stratum == 16 && f.leap == 3 && !f.refid && !f.ref_time,
	      "%s: stratum %u leap %u", what, f.stratum, f.leap);
	CHECK(f.root_dispersion == 16 * NS_PER_S, "%s: dispersion", what);
}

static void test_none(void)
{
	synced();
	reference.synced = false;
	is_none("not synchronised");
	synced();
	reference.leap = 3;
	is_none("leap 3");
	synced();
	reference.stratum = 16;
	is_none("stratum 16");
	synced();
	reference.stratum = 0;
	is_none("stratum 0");
}

static void test_synced(void)
{
	struct figures f;

	synced();
	reference_figures(&f, false);
	CHECK(f.leap == NTP_LEAP_INSERT && f.stratum == 3, "leap, stratum");
	CHECK(f.refid == 0x7f000001 && f.ref_time == UTC - 7, "refid, time");
	CHECK(f.root_delay == 250000000, "delay");
	CHECK(f.root_dispersion == 125000000, "dispersion");
	CHECK(f.growth == 1001, "growth %u is not rounded up", f.growth);
	CHECK(f.step == FIGURES_STEP_TAKEN, "step");
	reference.ref_time = -5;
	reference_figures(&f, false);
	CHECK(f.ref_time == 0, "a reference time before 1970");
}

/* What is left of a slew is an error of the system clock, not of the map. */
static void test_correction(void)
{
	struct figures f;

	synced();
	now.correction = -0.001;
	now.off = -1000000;
	reference_figures(&f, false);
	CHECK(f.root_dispersion == 126000000, "%llu",
	      (unsigned long long)f.root_dispersion);
	reference_figures(&f, true);
	CHECK(f.root_dispersion == 125000000, "mapped");
}

static void test_step(void)
{
	static const int64_t inside = 250000000 + 1000000;
	struct figures f;
	int sign;

	for (sign = -1; sign <= 1; sign += 2) {
		synced();
		now.off = sign * inside;
		reference_figures(&f, false);
		CHECK(f.step == FIGURES_STEP_TAKEN, "inside the bound");
		now.off = sign * (inside + 1);
		reference_figures(&f, false);
		CHECK(f.step == FIGURES_STEP_OPEN, "outside the bound");
		CHECK(f.root_dispersion >= (uint64_t)inside,
		      "the dispersion hides the step");
		reference_figures(&f, true);
		CHECK(f.step == FIGURES_STEP_UPDATE,
		      "a step does not wait for the next update");
	}
	now.off = UTC;
	reference_figures(&f, false);
	CHECK(f.root_dispersion == 16 * NS_PER_S, "a clock of another age");
}

static void test_limits(void)
{
	static const double bad[] = { NAN, INFINITY, 16, 1e300 };
	struct figures f;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		synced();
		reference.root_delay = bad[i];
		reference.growth = bad[i];
		now.dispersion = bad[i];
		reference_figures(&f, false);
		CHECK(f.root_delay == 16 * NS_PER_S, "delay");
		CHECK(f.root_dispersion == 16 * NS_PER_S, "dispersion");
		CHECK(f.growth == 100000000, "growth");
	}
	CHECK(figures_ns(-1) == 0 && figures_ns(0) == 0, "nothing");
	CHECK(figures_ns(1e-12) == 1, "what is small is not nothing");
	CHECK(figures_ns(15.9999999999) <= 16 * NS_PER_S, "below 16 s");
}

static void test_wire(void)
{
	struct ntp_server s;
	struct figures f;

	synced();
	reference_figures(&f, false);
	figures_wire(&f, 1e-9, &s);
	CHECK(s.leap == 1 && s.stratum == 3, "leap, stratum");
	CHECK(s.precision == -29, "precision %d", s.precision);
	CHECK(be32_to_cpu(s.refid) == 0x7f000001, "refid");
	CHECK(be32_to_cpu(s.root_delay) == 0x4000, "delay");
	CHECK(be32_to_cpu(s.root_dispersion) == 0x2000, "dispersion");
	CHECK(be64_to_cpu(s.reference) == ntp_from_unix(UTC - 7), "reference");
	f.root_dispersion++;
	figures_wire(&f, 0x1p-20, &s);
	CHECK(be32_to_cpu(s.root_dispersion) == 0x2001, "rounded down");
	CHECK(s.precision == -20, "precision %d", s.precision);

	f.root_dispersion = 16 * NS_PER_S;
	figures_wire(&f, 1e-9, &s);
	CHECK(s.leap == 3 && !s.stratum && !s.refid && !s.reference,
	      "at the end of the dispersion there is no time");
	figures_none(&f);
	figures_wire(&f, 1e-9, &s);
	CHECK(s.leap == 3 && !s.stratum && !s.refid && !s.reference, "none");
	CHECK(be32_to_cpu(s.root_dispersion) == 16 << 16, "dispersion of none");
}

static void other(struct figures *f)
{
	figures_none(f);
	f->stratum = 9;
}

static void test_source(void)
{
	struct figures f;

	synced();
	now.controlled = false;
	CHECK(figures_mapped(), "a clock that is not kept is not served");
	figures_set_source(other);
	CHECK(!figures_mapped(), "another daemon keeps the clock");
	figures_now(&f, false);
	CHECK(f.stratum == 9, "of the other");
	figures_set_source(NULL);
	figures_now(&f, false);
	CHECK(f.stratum == 3, "of the reference");
	now.controlled = true;
	CHECK(!figures_mapped(), "a clock that is kept is served");
}

static const struct test_case cases[] = {
	{ "nobody's time is said to be that", test_none },
	{ "the reference's figures in the module's units", test_synced },
	{ "what is left to correct is dispersion", test_correction },
	{ "a step by somebody else is seen and not hidden", test_step },
	{ "no figure is beyond what the module takes", test_limits },
	{ "rounded as the module rounds", test_wire },
	{ "another source of the figures", test_source },
};

TEST_MAIN(cases)
