// SPDX-License-Identifier: GPL-2.0
/*
 * Each source's time is an interval: its estimate, give or take its root
 * distance. True time is where most intervals overlap (Marzullo's algorithm,
 * RFC 5905 section 11.2.1); sources whose interval is elsewhere tell lies. The
 * estimates of the others are combined by their variances.
 */
#include "select.h"
#include "clk.h"
#include "conf.h"
#include "discipline.h"
#include "dump.h"
#include "intersect.h"
#include "leap.h"
#include "log.h"
#include "loop.h"
#include "records.h"
#include "reference.h"
#include "source.h"

#include <linux/types.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire.h"

/* The first to answer may be the one that lies: how long all are waited for, s. */
#define PATIENCE	8.0
/* Beyond these many deviations estimates are not of one time. */
#define AGREE	4.0

struct source *sources;

static struct {
	double maxdistance, maxjitter, reselect, combinelimit, stratumweight;
	double clock_error;
	unsigned int minsources;
	int authselectmode;
	int minstratum, maxstratum;
	int orphan;		/* stratum of `local`; 0: no such mode */
	const struct source *selected;
	struct timer begin;	/* armed while the first answers are awaited */
	bool stopped;
} opt;

static void select_all(const struct source *sampled);

static const struct source *freshest(void)
{
	const struct source *s, *found = NULL;

	for (s = sources; s; s = s->next)
		if (s->est.valid && (!found || estimate_last(&s->est)->raw >
					       estimate_last(&found->est)->raw))
			found = s;
	return found;
}

static void waited_enough(void *arg)
{
	(void)arg;
	select_all(freshest());
}

static void take_options(const struct config *c)
{
	opt.maxdistance = c->maxdistance;
	opt.maxjitter = c->maxjitter;
	opt.reselect = c->reselectdist;
	opt.combinelimit = c->combinelimit;
	opt.stratumweight = c->stratumweight;
	opt.clock_error = c->maxclockerror * 1e-6;
	opt.minsources = (unsigned int)c->minsources;
	opt.authselectmode = c->authselectmode;
	opt.minstratum = c->minstratum;
	opt.maxstratum = c->maxstratum;
	opt.orphan = c->local.enabled && c->local.orphan ? c->local.stratum : 0;
}

/**
 * select_init() - how to select
 * @c: the configuration
 */
void select_init(const struct config *c)
{
	take_options(c);
	opt.begin.fn = waited_enough;
	timer_set(&opt.begin, PATIENCE);
}

/**
 * select_forget() - all samples are worthless
 *
 * What is known of frequencies stays.
 */
void select_forget(void)
{
	source_forget_all();
	opt.selected = NULL;
	timer_set(&opt.begin, PATIENCE);
}

/**
 * select_stop() - Stop selecting, because the daemon ends
 *
 * The daemon removes its sources one by one. The remaining ones may have no
 * majority, and that must not make the reference unsynchronised.
 */
void select_stop(void)
{
	opt.stopped = true;
	timer_cancel(&opt.begin);
}

static double root_distance(const struct source *s, int64_t raw)
{
	return source_root_delay(s) / 2 +
	       source_root_dispersion(s, raw, opt.clock_error);
}

/* True time less the system clock, by this source, s. */
static double offset(const struct source *s, int64_t raw, int64_t real)
{
	return (double)(fit_at(&s->est.fit, raw).utc - real) * 1e-9;
}

/* RFC 5905 figure 11: 16 is unsynchronised, more is reserved. */
static bool is_stratum_bad(const struct source *s)
{
	return s->stratum >= NTP_STRATUM_UNSYNC ||
	       s->stratum < opt.minstratum || s->stratum > opt.maxstratum;
}

static enum source_status judge(const struct source *s, double dist)
{
	if (s->noselect)
		return SOURCE_NOSELECT;
	if (s->updates < s->samples_min || !s->est.valid)
		return SOURCE_MISSING_SAMPLES;
	if (!s->reach || s->leap == NTP_LEAP_UNSYNC)
		return SOURCE_UNREACHABLE;
	if (is_stratum_bad(s))
		return SOURCE_STRATUM;
	if (!(dist < opt.maxdistance))
		return SOURCE_DISTANCE;
	if (opt.orphan && s->stratum >= opt.orphan)
		return SOURCE_ORPHAN;
	if (s->est.fit.noise > opt.maxjitter)
		return SOURCE_JITTERY;
	return SOURCE_WAITS_UPDATE;
}

static bool is_candidate(const struct source *s)
{
	return s->status == SOURCE_WAITS_UPDATE;
}

/* Fills in intervals and status; returns the number of candidates. */
static unsigned int judge_all(int64_t raw, int64_t real)
{
	unsigned int n = 0;
	struct source *s;
	double dist, off;

	for (s = sources; s; s = s->next) {
		dist = s->est.valid ? root_distance(s, raw) : 0;
		off = s->est.valid ? offset(s, raw, real) : 0;
		s->status = judge(s, dist);
		s->error_lo = off - dist;
		s->error_hi = off + dist;
		s->score = dist + s->stratum * opt.stratumweight;
		n += is_candidate(s);
	}
	return n;
}

static size_t collect_ends(struct end *end, bool trusted)
{
	const struct source *s;
	size_t n = 0;

	for (s = sources; s; s = s->next) {
		if (!is_candidate(s) || (trusted && !s->trust))
			continue;
		end[n++] = (struct end){ s->error_lo, 1 };
		end[n++] = (struct end){ s->error_hi, -1 };
	}
	return n;
}

static bool any(bool (*test)(const struct source *))
{
	const struct source *s;

	for (s = sources; s; s = s->next)
		if (is_candidate(s) && test(s))
			return true;
	return false;
}

static bool trusts(const struct source *s)
{
	return s->trust;
}

static bool prefers(const struct source *s)
{
	return s->prefer;
}

static bool requires(const struct source *s)
{
	return s->require;
}

static bool nobody(const struct source *s)
{
	(void)s;
	return false;
}

static void mark(enum source_status status, bool (*but)(const struct source *))
{
	struct source *s;

	for (s = sources; s; s = s->next)
		if (is_candidate(s) && !but(s))
			s->status = status;
}

/*
 * A source has to overlap the interval that most sources share. Where there
 * are trusted sources, an untrusted one has to lie within theirs: it may make
 * the time better, but cannot move it out of what they say.
 */
static bool is_outside(const struct source *s, bool trusted, double lo,
		       double hi)
{
	if (trusted && !s->trust)
		return s->error_lo < lo || s->error_hi > hi;
	return s->error_lo > hi || s->error_hi < lo;
}

/* Marks those that do not share in what most say; how many do, 0 for no most. */
static unsigned int find_true(unsigned int n)
{
	bool trusted = any(trusts);
	double lo = 0, hi = 0;
	struct source *s;
	struct end *end;
	size_t ends;
	int depth;

	end = calloc(n, 2 * sizeof(*end));
	if (!end)
		return 0;
	ends = collect_ends(end, trusted);
	depth = intersect(end, ends, &lo, &hi);
	free(end);
	for (s = sources; s; s = s->next) {
		if (!is_candidate(s))
			continue;
		if (2 * (size_t)depth <= ends / 2 ||
		    is_outside(s, trusted, lo, hi)) {
			s->status = trusted && !s->trust ? SOURCE_UNTRUSTED :
							   SOURCE_FALSETICKER;
			n--;
		}
	}
	return n;
}

static bool has_answered(const struct source *s)
{
	return s->updates > 0;
}

static bool all_have_answered(void)
{
	const struct source *s;

	for (s = sources; s; s = s->next)
		if (!s->noselect && !has_answered(s))
			return false;
	return true;
}

static bool require_is_met(void)
{
	const struct source *s;

	for (s = sources; s; s = s->next)
		if (s->require)
			return any(requires);
	return true;
}

static struct source *best(void)
{
	struct source *s, *found = NULL, *old = NULL;

	for (s = sources; s; s = s->next) {
		if (!is_candidate(s))
			continue;
		if (s == opt.selected)
			old = s;
		if (!found || s->score < found->score)
			found = s;
	}
	/* Changing for little would only move the reference to and fro. */
	if (old && old->score < 2 * found->score + opt.reselect)
		return old;
	return found;
}

static bool agrees(const struct fit *a, const struct fit *b)
{
	double apart = (double)(a->utc - b->utc) * 1e-9;

	return fabs(apart) <= AGREE * hypot(a->time_error, b->time_error) +
			      2e-9;
}

/* The mean of all that are combined, by their variances. */
static void combine(struct source *sel, int64_t raw, struct fit *out)
{
	double t = 0, f = 0, wt = 0, wf = 0, vt, vf;
	double limit = opt.combinelimit *
		       (root_distance(sel, raw) + opt.reselect);
	struct fit mine = fit_at(&sel->est.fit, raw), fit;
	struct source *s;

	for (s = sources; s; s = s->next) {
		if (!is_candidate(s))
			continue;
		fit = fit_at(&s->est.fit, raw);
		if (s != sel &&
		    (root_distance(s, raw) > limit || !agrees(&fit, &mine))) {
			s->status = SOURCE_NOT_COMBINED;
			continue;
		}
		s->status = s == sel ? SOURCE_SELECTED : SOURCE_COMBINED;
		vt = fit.time_error * fit.time_error + 1e-20;
		vf = fit.frequency_error * fit.frequency_error + 1e-26;
		t += (double)(fit.utc - mine.utc) * 1e-9 / vt;
		f += (fit.frequency - mine.frequency) / vf;
		wt += 1 / vt;
		wf += 1 / vf;
	}
	*out = mine;
	out->utc += llround(t / wt * 1e9);
	out->frequency += f / wf;
	out->time_error = sqrt(1 / wt);
	out->frequency_error = sqrt(1 / wf);
}

static bool votes(const struct source *s, bool trusted)
{
	return s->status >= SOURCE_NOT_COMBINED && (s->trust || !trusted);
}

/* Untrusted sources have no vote where trusted ones have one. */
static uint8_t vote_leap(void)
{
	bool trusted = false;
	unsigned int n = 0, inserted = 0, deleted = 0;
	const struct source *s;

	for (s = sources; s; s = s->next)
		trusted |= s->trust && votes(s, true);
	for (s = sources; s; s = s->next) {
		if (!votes(s, trusted))
			continue;
		n++;
		inserted += s->leap == NTP_LEAP_INSERT;
		deleted += s->leap == NTP_LEAP_DELETE;
	}
	if (2 * inserted > n)
		return NTP_LEAP_INSERT;
	return 2 * deleted > n ? NTP_LEAP_DELETE : NTP_LEAP_NONE;
}

static void announce(const struct source *s)
{
	if (s == opt.selected)
		return;
	if (s)
		log_msg(LOG_INFO, "selected source %s", s->name);
	else
		log_msg(LOG_INFO, "no majority of sources agrees");
	opt.selected = s;
}

/*
 * Those that have but their own clocks follow the one with the lowest reference
 * id, if that is not this host.
 */
static unsigned int take_orphan(void)
{
	struct source *s, *found = NULL;

	for (s = sources; s; s = s->next)
		if (s->status == SOURCE_ORPHAN && s->refid < s->own_refid &&
		    (!found || s->refid < found->refid))
			found = s;
	if (found)
		found->status = SOURCE_WAITS_UPDATE;
	return found != NULL;
}

/* Nobody to select: true only when it is because they do not agree. */
static struct source *choose(int64_t raw, int64_t real, bool *discord)
{
	unsigned int n = judge_all(raw, real);

	*discord = false;
	if (!n)
		n = take_orphan();
	if (!n)
		return NULL;
	if (opt.begin.armed && !all_have_answered()) {
		mark(SOURCE_WAITS, nobody);
		return NULL;
	}
	timer_cancel(&opt.begin);
	n = find_true(n);
	*discord = !n;
	if (n < opt.minsources || !require_is_met()) {
		mark(SOURCE_WAITS, nobody);
		return NULL;
	}
	if (any(prefers))
		mark(SOURCE_NOT_PREFERRED, prefers);
	return best();
}

/*
 * A sample whose interval has nothing in common with what this host claims
 * makes the claim false, where no other source can be selected that upholds it.
 */
static bool disproves(const struct source *s)
{
	const struct sample *m = estimate_last(&s->est);
	double off, bound;

	if (!reference.synced || s->status != SOURCE_DISTANCE || !s->suspect)
		return false;
	off = fabs((double)(m->utc - reference_time(m->raw))) * 1e-9;
	bound = (m->root_delay + m->delay) / 2 + m->root_dispersion +
		m->dispersion;
	return off > reference_distance(m->raw) + bound;
}

/*
 * Whether selectable sources still uphold the claim. Fewer than `minsources` do not:
 * they could not have made it.
 */
static bool is_upheld(void)
{
	const struct source *s;
	unsigned int n = 0;

	for (s = sources; s; s = s->next)
		n += s->status >= SOURCE_WAITS;
	return n && n >= opt.minsources;
}

static void doubt(const struct source *s)
{
	log_msg(LOG_WARNING, "%s: its time is %.3f s away from what this host claims: the clock is not vouched for until another sample agrees",
		s->name,
		(double)(estimate_last(&s->est)->utc -
			 reference_time(estimate_last(&s->est)->raw)) * 1e-9);
	opt.selected = NULL;
	discipline_lost();
}

static void select_now(const struct source *sampled)
{
	struct selection sel = { .source = NULL };
	struct source *s;
	int64_t raw, real;
	bool discord;

	clk_pair(&raw, &real);
	s = choose(raw, real, &discord);
	if (!s) {
		/* Without anyone to ask, what was known goes on, and ages. */
		if (discord) {
			announce(NULL);
			discipline_lost();
		} else if (sampled && !is_upheld() && disproves(sampled)) {
			doubt(sampled);
		}
		return;
	}
	announce(s);
	combine(s, raw, &sel.fit);
	if (!sampled || sampled->status < SOURCE_COMBINED)
		return;
	sel.source = s;
	sel.leap = vote_leap();
	sel.root_delay = source_root_delay(s);
	/* What the others say moves it from where that source's bound is. */
	sel.root_dispersion = source_root_dispersion(s, raw,
							opt.clock_error) +
		fabs((double)(sel.fit.utc - fit_at(&s->est.fit, raw).utc)) * 1e-9;
	discipline_update(&sel);
}

static void select_all(const struct source *sampled)
{
	if (opt.stopped)
		return;
	select_now(sampled);
	if (sampled)
		record_selection();
}

/*
 * `authselectmode`, as chronyd has it: servers and peers that may be selected are
 * counted, with a key and without, wherever they come from (a line, a pool's name,
 * `kntp add`, broadcasts). In `mix`, where there are both, those with a key and
 * the reference clocks are trusted and required; in `prefer` those without a key
 * are not selected while there is one with a key; in `require` never.
 */
static void apply_authselectmode(void)
{
	unsigned int with_key = 0, without = 0;
	bool sure, mixed, excluded;
	struct source *s;

	for (s = sources; s; s = s->next) {
		if (s->asked.noselect || s->type == SOURCE_REFCLOCK)
			continue;
		with_key += s->authenticated;
		without += !s->authenticated;
	}
	mixed = opt.authselectmode == CONF_AUTH_MIX && with_key && without;
	excluded = opt.authselectmode == CONF_AUTH_REQUIRE ||
		   (opt.authselectmode == CONF_AUTH_PREFER && with_key);
	for (s = sources; s; s = s->next) {
		sure = s->authenticated || s->type == SOURCE_REFCLOCK;
		s->noselect = s->asked.noselect || (excluded && !sure);
		s->trust = s->asked.trust || (mixed && sure);
		s->require = s->asked.require || (mixed && sure);
	}
}

/**
 * select_reload() - how to select from now on
 * @c: another configuration
 */
void select_reload(const struct config *c)
{
	take_options(c);
	apply_authselectmode();
}

/**
 * source_add() - a source to be selected from
 * @src: stays the caller's
 */
void source_add(struct source *src)
{
	struct source **p;

	src->asked.noselect = src->noselect;
	src->asked.trust = src->trust;
	src->asked.require = src->require;

	src->est.prior_frequency = reference.frequency;
	if (reference.skew > 0)
		src->est.prior_frequency_error = fmax(reference.skew, 1e-8);
	dump_load(src);
	for (p = &sources; *p; p = &(*p)->next)
		;
	src->next = NULL;
	*p = src;
	apply_authselectmode();
}

/**
 * source_del() - a source that is gone
 * @src: one that was added
 */
void source_del(struct source *src)
{
	struct source **p;

	for (p = &sources; *p; p = &(*p)->next) {
		if (*p == src) {
			*p = src->next;
			break;
		}
	}
	if (opt.selected == src)
		opt.selected = NULL;
	apply_authselectmode();
	select_all(NULL);
}

/**
 * source_sample() - a source has measured
 * @src: the source
 * @s: what
 */
void source_sample(struct source *src, const struct sample *s)
{
	struct fit before = src->est.fit;
	bool valid = src->est.valid;
	struct sample counted = *s;

	if (!leap_sample(&counted)) {
		select_all(NULL);
		return;
	}
	src->updates++;
	source_take(src, &counted, opt.clock_error);
	select_all(src);
	record_statistics(src, valid ? &before : NULL);
}

/**
 * source_changed() - a source says otherwise of itself, or nothing any more
 * @src: the source
 */
void source_changed(struct source *src)
{
	(void)src;
	select_all(NULL);
}
