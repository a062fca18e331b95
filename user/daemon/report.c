// SPDX-License-Identifier: GPL-2.0
#include "report.h"
#include "addr.h"
#include "clk.h"
#include "ntp.h"
#include "reference.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct report_status daemon_status = { .follow = "sources" };

/* One for each enum source_status: for sources, and for selectdata. */
static const struct {
	char brief, full;
} marks[] = {
	[SOURCE_NEW] = { '?', 'M' },
	[SOURCE_NOSELECT] = { '?', 'N' },
	[SOURCE_MISSING_SAMPLES] = { '?', 'M' },
	[SOURCE_UNREACHABLE] = { '?', 's' },
	[SOURCE_STRATUM] = { '?', 'r' },
	[SOURCE_DISTANCE] = { '?', 'd' },
	[SOURCE_JITTERY] = { '~', '~' },
	[SOURCE_WAITS] = { '?', 'w' },
	[SOURCE_STALE] = { '?', 'S' },
	[SOURCE_ORPHAN] = { '?', 'O' },
	[SOURCE_UNTRUSTED] = { 'x', 'T' },
	[SOURCE_FALSETICKER] = { 'x', 'x' },
	[SOURCE_NOT_PREFERRED] = { '-', 'P' },
	[SOURCE_WAITS_UPDATE] = { '-', 'W' },
	[SOURCE_NOT_COMBINED] = { '-', 'D' },
	[SOURCE_COMBINED] = { '+', '+' },
	[SOURCE_SELECTED] = { '*', '*' },
};

/* Numeric: nothing is looked up, so that nothing waits for a resolver. */
void report_address(const struct sockaddr_storage *ss, char *buf)
{
	socklen_t len = ss->ss_family == AF_INET6 ?
			sizeof(struct sockaddr_in6) :
			sizeof(struct sockaddr_in);

	*buf = '\0';
	if (ss->ss_family == AF_INET || ss->ss_family == AF_INET6)
		getnameinfo((const struct sockaddr *)ss, len, buf,
			    REPORT_ADDRESS, NULL, 0, NI_NUMERICHOST);
}

static void name_source(const struct source *src, char *name, char *address)
{
	snprintf(name, REPORT_NAME, "%s", src->name);
	report_address(&src->address, address);
}

static double seconds(int64_t ns)
{
	return (double)ns / NS_PER_S;
}

static const struct source *selected(void)
{
	const struct source *src;

	for (src = sources; src; src = src->next)
		if (src->status == SOURCE_SELECTED)
			return src;
	return NULL;
}

void report_tracking(struct report_tracking *t)
{
	const struct reference *r = &reference;
	const struct source *src = r->synced ? selected() : NULL;

	memset(t, 0, sizeof(*t));
	t->synced = r->synced;
	t->leap = r->synced ? r->leap : 3;
	t->refid = r->synced ? r->refid : 0;
	t->stratum = r->synced ? r->stratum : 0;
	snprintf(t->name, sizeof(t->name), "%s", r->synced ? r->name : "");
	if (src && !strcmp(src->name, r->name))
		report_address(&src->address, t->address);
	t->ref_time = r->ref_time;
	t->correction = reference_correction();
	t->last_offset = r->last_offset;
	t->rms_offset = r->rms_offset;
	t->frequency = -r->frequency;
	t->residual = -r->residual;
	t->skew = r->skew;
	t->root_delay = r->root_delay;
	t->root_dispersion = reference_dispersion(clk_raw());
	t->interval = r->interval;
}

/*
 * What is corrected since is not in a sample; its owner knows what CLOCK_REALTIME
 * was then, when it was not a better one that was taken from a filter.
 */
static double measured(const struct source *src, const struct sample *last,
		       double offset)
{
	const struct ntp_source *ntp = (const struct ntp_source *)src;

	if (src->type == SOURCE_REFCLOCK || ntp->report.sample.raw != last->raw)
		return offset;
	return -ntp->report.offset;
}

static char brief_mark(const struct source *src)
{
	/* A reply from a server that is not synchronised itself. */
	return src->leap == 3 ? '?' : marks[src->status].brief;
}

size_t report_sources(struct report_source *s, size_t max)
{
	int64_t now = clk_raw();
	const struct source *src;
	const struct sample *last;
	size_t n = 0;

	for (src = sources; src && n < max; src = src->next, n++, s++) {
		memset(s, 0, sizeof(*s));
		name_source(src, s->name, s->address);
		s->type = src->type;
		s->mark = brief_mark(src);
		s->stratum = src->stratum;
		s->poll = src->poll;
		s->reach = src->reach;
		s->problem = src->problem;
		s->sampled = src->est.n > 0;
		if (!s->sampled)
			continue;
		last = estimate_last(&src->est);
		s->since_sample = seconds(now - last->raw);
		s->offset = seconds(reference_time(last->raw) - last->utc);
		s->measured = measured(src, last, s->offset);
		s->error = (last->delay + last->root_delay) / 2 +
			   last->dispersion + last->root_dispersion;
	}
	return n;
}

static const struct sample *sample_at(const struct estimate *e, unsigned int i)
{
	return &e->sample[(e->first + i) % ESTIMATE_SAMPLES];
}

/**
 * report_runs() - how often the samples cross the line, and once
 * @e: an estimate that is valid
 *
 * A poor fit is crossed seldom.
 */
unsigned int report_runs(const struct estimate *e)
{
	const struct sample *s;
	unsigned int i, runs = 0;
	int sign, last = 0;

	for (i = 0; i < e->n; i++) {
		s = sample_at(e, i);
		sign = s->utc < fit_at(&e->fit, s->raw).utc ? -1 : 1;
		runs += sign != last;
		last = sign;
	}
	return runs;
}

size_t report_sourcestats(struct report_sourcestats *s, size_t max)
{
	int64_t now = clk_raw();
	const struct estimate *e;
	const struct source *src;
	size_t n = 0;

	for (src = sources; src && n < max; src = src->next, n++, s++) {
		e = &src->est;
		memset(s, 0, sizeof(*s));
		name_source(src, s->name, s->address);
		s->samples = e->n;
		if (e->n)
			s->span = seconds(sample_at(e, e->n - 1)->raw -
					  sample_at(e, 0)->raw);
		if (!e->valid)
			continue;
		s->runs = report_runs(e);
		s->frequency = reference.frequency - e->fit.frequency;
		s->skew = e->skew;
		s->offset = seconds(reference_time(now) -
				    fit_at(&e->fit, now).utc);
		s->deviation = e->fit.noise;
	}
	return n;
}

/**
 * report_mark() - how it was selected, or why it was not
 * @s: a source
 *
 * Return: selectdata's mark.
 */
char report_mark(const struct source *s)
{
	return marks[s->status].full;
}

size_t report_select(struct report_select *s, size_t max)
{
	int64_t now = clk_raw();
	const struct source *src;
	size_t n = 0;

	for (src = sources; src && n < max; src = src->next, n++, s++) {
		memset(s, 0, sizeof(*s));
		name_source(src, s->name, s->address);
		s->mark = report_mark(src);
		s->authenticated = src->authenticated;
		s->noselect = src->noselect;
		s->prefer = src->prefer;
		s->trust = src->trust;
		s->require = src->require;
		s->score = src->score;
		s->sampled = src->est.n > 0;
		s->leap = s->sampled ? src->leap : 3;
		if (s->sampled)
			s->since_sample =
				seconds(now - estimate_last(&src->est)->raw);
		/* Selection has true time from local time: the other way. */
		s->lo = -src->error_hi;
		s->hi = -src->error_lo;
	}
	return n;
}

/**
 * report_smoothing() - how far what is served is from the estimate
 * @state: where to
 */
void report_smoothing(struct smooth_state *state)
{
	smooth_report(clk_raw(), state);
}

/* Until something was read. */
__attribute__((weak)) const struct config *report_config(void)
{
	return NULL;
}

/* Until there is a server that counts. */
__attribute__((weak)) void report_serverstats(struct report_serverstats *s)
{
	memset(s, 0, sizeof(*s));
}

/* Are the first BITS bits the same? */
static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	uint8_t mask = (uint8_t)(0xff00 >> bits % 8);

	return !memcmp(a, b, bits / 8) &&
	       (!(bits % 8) || !((a[bits / 8] ^ b[bits / 8]) & mask));
}

bool report_matches(const struct source *src, const char *which)
{
	const struct sockaddr_in6 *in6 = (const void *)&src->address;
	const struct sockaddr_in *in = (const void *)&src->address;
	char why[ADDR_WHY], address[REPORT_ADDRESS];
	struct prefix p;

	if (!which || !strcasecmp(src->name, which))
		return true;
	report_address(&src->address, address);
	if (*address && !strcasecmp(address, which))
		return true;
	if (prefix_parse(which, &p, why))
		return false;
	if (src->address.ss_family == AF_INET && p.size == 4)
		return same_bits((const uint8_t *)&in->sin_addr, p.addr, p.len);
	if (src->address.ss_family == AF_INET6 && p.size == 16)
		return same_bits(in6->sin6_addr.s6_addr, p.addr, p.len);
	return false;
}
