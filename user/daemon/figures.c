// SPDX-License-Identifier: GPL-2.0
#include "figures.h"
#include "clk.h"
#include "reference.h"
#include "smooth.h"

#include <math.h>
#include <string.h>

#include "core/ntptime.h"
#include "core/reply.h"

/* The module takes no more: MAXDISP of RFC 5905 section 7.2, and 10 %. */
#define ROOT_MAX_NS	(16 * NS_PER_S)
#define GROWTH_MAX_PPB	100000000

/* An error bound of a few µs is no reason to wait for the last of a slew. */
#define STEP_SLACK_NS	1000000

/* What a slope is taken over, s. */
#define LINE_SPAN	10.0

/* 127.127.1.255, by which chronyd's clients know time that is smoothed. */
#define SMOOTH_REFID	0x7f7f01ff
/* Less than this is no difference, s. */
#define SMOOTH_MIN	1e-9

static void (*source)(struct figures *f);
static bool (*guard)(void);
static bool hardware;

/**
 * figures_ns() - a span as the module takes it
 * @s: seconds
 *
 * Rounding up keeps a bound a bound; what is no number bounds nothing.
 *
 * Return: ns, 0 to 16 s.
 */
uint64_t figures_ns(double s)
{
	if (!(s < 16))
		return ROOT_MAX_NS;
	return s > 0 ? (uint64_t)ceil(s * 1e9) : 0;
}

/**
 * figures_none() - nobody's time
 * @f: where to
 *
 * No reference id and no reference time: with stratum 0 on the wire the former
 * would be read as a kiss code (RFC 5905 section 7.4).
 */
void figures_none(struct figures *f)
{
	*f = (struct figures){
		.leap = NTP_LEAP_UNSYNC,
		.stratum = NTP_STRATUM_UNSYNC,
		.root_dispersion = ROOT_MAX_NS,
	};
}

static uint32_t growth_ppb(double growth)
{
	if (!(growth * 1e9 < GROWTH_MAX_PPB))
		return GROWTH_MAX_PPB;
	return growth > 0 ? (uint32_t)ceil(growth * 1e9) : 0;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a + b < ROOT_MAX_NS ? a + b : ROOT_MAX_NS;
}

/*
 * How far the system clock is from what we hold for true time. It is read, not
 * taken from what was ordered: a step by somebody else shows.
 */
static uint64_t clock_error(int64_t raw, int64_t real)
{
	uint64_t off = (uint64_t)reference_off(raw, real);

	return off >> 63 ? -off : off;
}

/**
 * reference_figures() - what this host says of its own time, as of now
 * @f: where to
 * @mapped: the estimate of true time is served, not the system clock
 *
 * RFC 5905 section 11.3: the root dispersion is that of the last update, grown
 * since. What the system clock is still to be corrected by is an error of the
 * time it shows and is added, but the estimate has none of it.
 */
void reference_figures(struct figures *f, bool mapped)
{
	const struct reference *r = &reference;
	uint64_t distance, off = 0;
	int64_t raw, real;

	if (!r->synced || r->leap >= NTP_LEAP_UNSYNC || r->stratum < 1 ||
	    r->stratum >= NTP_STRATUM_UNSYNC) {
		figures_none(f);
		return;
	}
	clk_pair(&raw, &real);
	*f = (struct figures){
		.leap = r->leap,
		.stratum = r->stratum,
		.refid = r->refid,
		.ref_time = r->ref_time > 0 ? r->ref_time : 0,
		.root_delay = figures_ns(r->root_delay),
		.root_dispersion = figures_ns(reference_dispersion(raw)),
		.growth = growth_ppb(r->growth),
	};
	if (mapped) {
		/* Only suspend ends a map: RAW stood still, and so did this. */
		f->step = FIGURES_STEP_UPDATE;
		return;
	}

	/* The other program may set the frequency again before the next look. */
	f->growth = growth_ppb(r->growth + r->foreign);
	distance = f->root_delay / 2 + f->root_dispersion;
	off = clock_error(raw, real);
	if (off > distance + STEP_SLACK_NS)
		f->step = FIGURES_STEP_OPEN;
	f->root_dispersion = sum(f->root_dispersion,
				 figures_ns(fabs(reference_correction())));
	/* The rest of a slew is in it already; what is beyond is not ours. */
	if (f->root_dispersion < off)
		f->root_dispersion = sum(off, 0);
}

/**
 * figures_set_source() - let somebody else say the figures
 * @fn: fills them for now; NULL for struct reference
 */
void figures_set_source(void (*fn)(struct figures *f))
{
	source = fn;
}

/**
 * figures_set_guard() - Set a check that figures_now() makes first
 * @fn: returns true when the time may no longer be claimed; NULL removes the check
 */
void figures_set_guard(bool (*fn)(void))
{
	guard = fn;
}

/**
 * figures_mapped() - whether figures_time() is what should be served
 *
 * The system clock is served where it is this process that keeps it, and where
 * another daemon's figures are followed; else (-x) it has nothing to do with
 * the figures, nor has it with time that is smoothed. Time from hardware is not
 * to wait until the system clock has followed it.
 */
bool figures_mapped(void)
{
	return !source && (!clk_controlled() || smooth_enabled() || hardware);
}

/**
 * figures_set_hardware() - there is time from a hardware clock or a pulse
 * @has: or not
 */
void figures_set_hardware(bool has)
{
	hardware = has;
}

/* The estimate and what smoothing adds: a line through leap seconds. */
static int64_t through(int64_t raw)
{
	return reference_line(raw) + llround(smooth_offset(raw) * 1e9);
}

/**
 * figures_time() - what is served instead of the system clock
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 *
 * A leap second is smoothed as well. Return: ns since 1970.
 */
int64_t figures_time(int64_t raw)
{
	return smooth_enabled() ? through(raw) : reference_time(raw);
}

/**
 * figures_line() - figures_time() as a line
 * @line: where to
 *
 * Where it is bent, it is a chord: who takes the next in time serves no step.
 */
void figures_line(struct figures_line *line)
{
	int64_t raw = clk_raw(), span, gained;

	line->raw = raw;
	line->utc = figures_time(raw);
	line->straight = smooth_straight(raw);
	span = (int64_t)(fmin(line->straight, LINE_SPAN) * 1e9);
	gained = through(raw + span) - through(raw) - span;
	line->lasts = smooth_enabled() ? smooth_lasts(raw) :
					 reference_lasts(raw);
	line->rate = (int64_t)((double)gained / (double)span * 0x1p64);
}

/*
 * Leap seconds are not announced by who never has one. The reference id tells
 * clients not to mix this time with that of others.
 */
static void smoothed(struct figures *f)
{
	double offset = smooth_offset(clk_raw());

	if (f->stratum >= NTP_STRATUM_UNSYNC)
		return;
	f->leap = NTP_LEAP_NONE;
	if (fabs(offset) < SMOOTH_MIN)
		return;
	f->refid = SMOOTH_REFID;
	f->ref_time += llround(offset * 1e9);
	if (f->ref_time < 0)
		f->ref_time = 0;
}

/**
 * figures_now() - what replies are to say
 * @f: where to
 * @mapped: as for reference_figures()
 */
void figures_now(struct figures *f, bool mapped)
{
	if (guard && guard()) {
		figures_none(f);
		return;
	}
	if (source)
		source(f);
	else
		reference_figures(f, mapped);
	if (mapped && smooth_enabled())
		smoothed(f);
}

static int log2_up(double s)
{
	int e;

	/* s = m * 2^e with m from 0.5 to below 1 */
	return frexp(s, &e) == 0.5 ? e - 1 : e;
}

/**
 * figures_wire() - the figures as they stand in a reply
 * @f: as of now
 * @precision: of the clock, s
 * @server: where to
 *
 * Rounded as the module does. RFC 5905 figure 11: stratum 16 is 0 on the wire;
 * nothing else is said then, because readers take it for a kiss code.
 */
void figures_wire(const struct figures *f, double precision,
		  struct ntp_server *server)
{
	memset(server, 0, sizeof(*server));
	server->precision = (s8)log2_up(precision);
	server->root_dispersion =
		cpu_to_be32(ntp_short(ntp_from_ns(f->root_dispersion)));
	server->leap = NTP_LEAP_UNSYNC;
	if (f->leap == NTP_LEAP_UNSYNC || f->stratum >= NTP_STRATUM_UNSYNC ||
	    f->root_dispersion >= ROOT_MAX_NS)
		return;
	server->leap = f->leap;
	server->stratum = f->stratum;
	server->refid = cpu_to_be32(f->refid);
	server->reference = cpu_to_be64(ntp_from_unix(f->ref_time));
	server->root_delay = cpu_to_be32(ntp_short(ntp_from_ns(f->root_delay)));
}
