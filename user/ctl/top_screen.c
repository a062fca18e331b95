// SPDX-License-Identifier: GPL-2.0
/*
 * The screen of kntp top: sections below each other, in two columns where there
 * is room for them. What does not fit is left out from the end of a section.
 */
#include "columns.h"
#include "names.h"
#include "top.h"

#include <curses.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	WIDE = 120,		/* columns from which on there are two */
	REASONS = KNTP_HOOK_MAX * KNTP_STAT_MAX,
};

/* A part of the screen, and its next line. */
struct area {
	int x, width, y, end;
};

static bool has_room(const struct area *a)
{
	return a->y < a->end;
}

static void put(struct area *a, int attribute, const char *text)
{
	if (!has_room(a))
		return;
	attron(attribute);
	mvaddnstr(a->y++, a->x, text, a->width);
	attroff(attribute);
}

static void head(struct area *a, const char *text)
{
	char line[256];

	snprintf(line, sizeof(line), "%-*.*s", a->width, a->width, text);
	put(a, A_REVERSE, line);
}

static void gap(struct area *a)
{
	a->y++;
}

static const struct hook_stats *hook_of(const struct stats *s, uint32_t hook)
{
	static const struct hook_stats none;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->hook[i].hook == hook)
			return &s->hook[i];
	return &none;
}

/* What was counted between two looks. */
static void difference(const struct hook_stats *before,
		       const struct hook_stats *now, struct hook_stats *d)
{
	int i;

	*d = *now;
	if (before->timed > now->timed)
		return;
	d->timed = now->timed - before->timed;
	for (i = 1; i <= KNTP_TIME_MAX; i++)
		d->times[i] = now->times[i] - before->times[i];
}

static char *within(const struct hook_stats *d, double part, char *buf)
{
	if (!d->timed)
		return strcpy(buf, "-");
	return col_seconds(time_bucket(time_quantile(d, part)), "us", buf);
}

static void draw_hooks(struct area *a, const struct top_look *before,
		       const struct top_look *now, double s)
{
	char line[256], half[COLUMN], most[COLUMN];
	const struct hook_stats *h, *b;
	struct hook_stats d;
	size_t i;

	head(a, "HOOK     REQUESTS/s ANSWERED/s PASSED UP/s DROPPED/s 50% WITHIN 99% WITHIN");
	for (i = 0; i < now->stats.n; i++) {
		h = &now->stats.hook[i];
		b = hook_of(&before->stats, h->hook);
		difference(b, h, &d);
		snprintf(line, sizeof(line),
			 "%-8s %10.1f %10.1f %11.1f %9.1f %10s %10s",
			 hook_name(h->hook),
			 counter_rate(b->count[KNTP_STAT_IN],
				      h->count[KNTP_STAT_IN], s),
			 counter_rate(b->count[KNTP_STAT_ANSWERED],
				      h->count[KNTP_STAT_ANSWERED], s),
			 counter_rate(b->passed, h->passed, s),
			 counter_rate(b->dropped, h->dropped, s),
			 within(&d, 0.5, half), within(&d, 0.99, most));
		put(a, A_NORMAL, line);
	}
}

static const struct cpu_stats *cpu_of(const struct top_look *l, uint32_t cpu)
{
	static const struct cpu_stats none;
	size_t i;

	for (i = 0; i < l->cpus; i++)
		if (l->cpu[i].cpu == cpu)
			return &l->cpu[i];
	return &none;
}

static uint64_t total(const struct stats *s, int stat)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < s->n; i++)
		sum += s->hook[i].count[stat];
	return sum;
}

static void draw_cpus(struct area *a, const struct top_look *before,
		      const struct top_look *now, double s)
{
	const struct cpu_stats *c, *b;
	char line[256];
	size_t i;

	gap(a);
	head(a, "CPU      REQUESTS/s ANSWERED/s");
	for (i = 0; i < now->cpus && has_room(a); i++) {
		c = &now->cpu[i];
		b = cpu_of(before, c->cpu);
		snprintf(line, sizeof(line), "%-8" PRIu32 " %10.1f %10.1f", c->cpu,
			 counter_rate(total(&b->stats, KNTP_STAT_IN),
			      total(&c->stats, KNTP_STAT_IN), s),
			 counter_rate(total(&b->stats, KNTP_STAT_ANSWERED),
			      total(&c->stats, KNTP_STAT_ANSWERED), s));
		put(a, A_NORMAL, line);
	}
}

struct reason {
	uint32_t hook;
	int stat;
	double rate;
	uint64_t count;
};

static int by_rate(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;

	if (x->rate != y->rate)
		return x->rate < y->rate ? 1 : -1;
	return (x->count < y->count) - (x->count > y->count);
}

static size_t find_reasons(const struct top_look *before,
			   const struct top_look *now, double s,
			   struct reason *list)
{
	const struct hook_stats *h, *b;
	size_t i, n = 0;
	int stat;

	for (i = 0; i < now->stats.n; i++) {
		h = &now->stats.hook[i];
		b = hook_of(&before->stats, h->hook);
		for (stat = 1; stat <= KNTP_STAT_MAX; stat++) {
			if (!h->count[stat] ||
			    (counters[stat].group != COUNTER_DROP &&
			     counters[stat].group != COUNTER_PASS))
				continue;
			list[n++] = (struct reason){
				h->hook, stat, counter_rate(b->count[stat],
						    h->count[stat], s),
				h->count[stat],
			};
		}
	}
	qsort(list, n, sizeof(*list), by_rate);
	return n;
}

static void draw_reasons(struct area *a, const struct top_look *before,
			 const struct top_look *now, double s, size_t most)
{
	struct reason list[REASONS];
	size_t n = find_reasons(before, now, s, list), i;
	char line[256], what[64];

	gap(a);
	head(a, "NOT ANSWERED        HOOK           /s        TOTAL");
	for (i = 0; i < n && i < most; i++) {
		snprintf(what, sizeof(what), "%s: %s",
			 counters[list[i].stat].group == COUNTER_DROP ?
			 "dropped" : "passed", counters[list[i].stat].name);
		snprintf(line, sizeof(line), "%-19s %-8s %9.1f %12" PRIu64,
			 what, hook_name(list[i].hook), list[i].rate,
			 list[i].count);
		put(a, A_NORMAL, line);
	}
	if (!n)
		put(a, A_DIM, "nothing so far");
}

/* Of the replies since the look before, all hooks together. */
static void draw_times(struct area *a, const struct top_look *before,
		       const struct top_look *now)
{
	struct hook_stats all = { 0 }, d;
	char line[256], buf[COLUMN];
	int i, first, last, bar;
	uint64_t most = 0;
	size_t k;

	for (k = 0; k < now->stats.n; k++) {
		difference(hook_of(&before->stats, now->stats.hook[k].hook),
			   &now->stats.hook[k], &d);
		for (i = 1; i <= KNTP_TIME_MAX; i++)
			all.times[i] += d.times[i];
		all.timed += d.timed;
	}
	gap(a);
	head(a, "RESPONSE TIME BELOW  REPLIES");
	if (!all.timed) {
		put(a, A_DIM, "no reply whose request's arrival was stamped");
		return;
	}
	for (i = 1; i <= KNTP_TIME_MAX; i++)
		most = all.times[i] > most ? all.times[i] : most;
	first = time_quantile(&all, 0);
	last = time_quantile(&all, 1);
	for (i = first; i <= last; i++) {
		bar = a->width - 32 > 0 ? (int)((double)all.times[i] *
			(a->width - 32) / (double)most + 0.5) : 0;
		snprintf(line, sizeof(line), "%19s %8" PRIu64 " %.*s",
			 col_seconds(time_bucket(i), "us", buf), all.times[i], bar,
			 "##########################################################################################");
		put(a, A_NORMAL, line);
	}
}

static void draw_sources(struct area *a, struct json_object *answer)
{
	char line[256], offset[COLUMN], error[COLUMN];
	struct json_object *list, *s;
	bool sampled;
	size_t i;

	gap(a);
	head(a, "SOURCE                         STRATUM REACH   OFFSET    BOUND");
	if (!answer || !json_object_object_get_ex(answer, "sources", &list)) {
		put(a, A_DIM, "kntpd is not running");
		return;
	}
	for (i = 0; i < json_object_array_length(list); i++) {
		s = json_object_array_get_idx(list, i);
		sampled = member_has(s, "offset_ns");
		snprintf(line, sizeof(line), "%s %-28.28s %7" PRId64 " %5" PRIo64 " %8s %8s",
			 member_str(s, "mark"), member_str(s, "name"),
			 member_i64(s, "stratum"), member_i64(s, "reach"),
			 sampled ? col_signed_ns(member_i64(s, "offset_ns"),
						 offset) : "-",
			 sampled ? col_ns(member_i64(s, "error_ns"), error) : "-");
		put(a, strcmp(member_str(s, "mark"), "*") ? A_NORMAL : A_BOLD,
		    line);
	}
}

static void draw_clients(struct area *a, const struct top_look *now)
{
	char line[256], what[64], address[PREFIX_TEXT];
	const struct client *c;
	size_t i;

	gap(a);
	snprintf(what, sizeof(what), "CLIENTS: %" PRIu32 " of %" PRIu32,
		 now->table.used, now->table.entries);
	snprintf(line, sizeof(line), "%-28s REQUESTS  REFUSED V M POLL EACH", what);
	head(a, line);
	for (i = 0; i < now->clients && has_room(a); i++) {
		c = &now->client[i];
		snprintf(line, sizeof(line), "%-28s %8" PRIu32 " %8" PRIu32 " %d %d %4d %.3g s",
			 c->prefix.len == 8 * c->prefix.size ?
			 addr_format(&c->prefix, address) :
			 prefix_format(&c->prefix, address), c->requests,
			 c->refused, c->li_vn_mode >> 3 & 7, c->li_vn_mode & 7,
			 c->poll, client_asked(c) > 1 ?
			 (double)(c->first_ms - c->last_ms) * 1e-3 /
			 (double)(client_asked(c) - 1) : 0);
		put(a, A_NORMAL, line);
	}
}

static void draw_title(struct area *a, const struct top_look *now, double interval)
{
	char line[512], host[65] = "", offset[COLUMN], bound[COLUMN];
	struct json_object *o = now->tracking;
	time_t t = time(NULL);
	char date[32] = "";
	struct tm tm;

	gethostname(host, sizeof(host) - 1);
	if (gmtime_r(&t, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", &tm);
	snprintf(line, sizeof(line), "kntp top: %s, %s, each %g s (q ends, space looks)",
		 host, date, interval);
	put(a, A_BOLD, line);
	if (!o)
		snprintf(line, sizeof(line), "Clock: kntpd is not running");
	else if (!member_bool(o, "synchronised"))
		snprintf(line, sizeof(line), "Clock: not synchronised");
	else
		snprintf(line, sizeof(line), "Clock: stratum %" PRId64 ", follows %s, off by %s, bound %s",
			 member_i64(o, "stratum"), member_str(o, "name"),
			 col_signed_ns(-member_i64(o, "correction_ns"), offset),
			 col_ns(member_i64(o, "root_delay_ns") / 2 +
				member_i64(o, "root_dispersion_ns"), bound));
	put(a, A_NORMAL, line);
	if (!now->module)
		put(a, A_BOLD, "The module is not loaded.");
	gap(a);
}

void top_draw(const struct top_look *before, const struct top_look *now,
	      double interval)
{
	bool wide = COLS >= WIDE;
	struct area left = { .width = COLS, .end = LINES };
	struct area right = { .x = COLS / 2 + 1, .width = COLS - COLS / 2 - 1,
			      .end = LINES };
	double s = before->at > 0 ? now->at - before->at : 0;

	erase();
	draw_title(&left, now, interval);
	if (now->module)
		draw_hooks(&left, before, now, s);
	right.y = left.y;
	left.width = wide ? COLS / 2 - 1 : COLS;
	if (now->module) {
		draw_reasons(&left, before, now, s, wide ? 12 : 4);
		draw_cpus(&left, before, now, s);
		draw_times(&left, before, now);
	}
	draw_sources(wide ? &right : &left, now->sources);
	if (now->module)
		draw_clients(wide ? &right : &left, now);
	refresh();
}
