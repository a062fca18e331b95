// SPDX-License-Identifier: GPL-2.0
#include "series.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* More points than a drawing is wide show nothing more. */
enum { BUCKETS = 1000 };

/* "2026-01-31 23:59:59.5" in two words: s since 1970, or negative. */
static double time_of(const char *date, const char *time)
{
	struct tm tm = { 0 };
	const char *end = strptime(date, "%Y-%m-%d", &tm);
	double part = 0;
	char *rest;

	if (!end || *end)
		return -1;
	end = strptime(time, "%H:%M:%S", &tm);
	if (!end)
		return -1;
	if (*end == '.') {
		part = strtod(end, &rest);
		end = rest;
	}
	return *end ? -1 : (double)timegm(&tm) + part;
}

static int split(char *line, char *words[LOG_WORDS])
{
	char *save, *word = strtok_r(line, " \t\r\n", &save);
	int n = 0;

	for (; word && n < LOG_WORDS; word = strtok_r(NULL, " \t\r\n", &save))
		words[n++] = word;
	return n;
}

static bool number_of(const char *word, double *value)
{
	char *end;

	*value = strtod(word, &end);
	return end != word && !*end && isfinite(*value);
}

static struct series *series_of(struct series_set *set, const char *name,
				const char *suffix)
{
	char full[SERIES_NAME];
	size_t i;

	snprintf(full, sizeof(full), "%s%s%s", name, suffix ? " " : "",
		 suffix ? suffix : "");
	for (i = 0; i < set->n; i++)
		if (!strcmp(set->one[i].name, full))
			return &set->one[i];
	if (set->n == SERIES_MAX) {
		set->left_out++;
		return NULL;
	}
	memcpy(set->one[set->n].name, full, sizeof(full));
	return &set->one[set->n++];
}

static int add_point(struct series *s, const struct point *p)
{
	struct point *more;

	if (s->n == s->room) {
		more = realloc(s->at, (s->room * 2 + 64) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->at = more;
		s->room = s->room * 2 + 64;
	}
	s->at[s->n++] = *p;
	return 0;
}

static int take_line(struct series_set *set, const struct log_column *c,
		     char *line)
{
	char *words[LOG_WORDS];
	int n = split(line, words), last = c->value;
	struct point p = { 0 };
	struct series *s;

	if (c->error > last)
		last = c->error;
	if (n <= last || (c->good && !c->good(words)))
		return 0;
	p.t = time_of(words[0], words[1]);
	if (p.t < set->first || p.t < 0 || !number_of(words[c->value], &p.v) ||
	    (c->error && !number_of(words[c->error], &p.error)))
		return 0;
	if (set->only && strcmp(words[c->name], set->only))
		return 0;
	p.v *= c->scale;
	p.error *= c->scale;
	s = series_of(set, words[c->name], c->suffix);
	return s ? add_point(s, &p) : 0;
}

static FILE *open_log(const char *dir, const char *name)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/%s.log", dir, name) >=
	    (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	return fopen(path, "re");
}

int series_read(struct series_set *set, const char *dir,
		const struct log_column *column)
{
	FILE *f = open_log(dir, column->file);
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	if (!f)
		return -errno;
	while (!err && getline(&line, &room, f) > 0)
		err = take_line(set, column, line);
	if (!err && ferror(f))
		err = -EIO;
	free(line);
	fclose(f);
	return err;
}

double series_newest(const char *dir, const char *file)
{
	FILE *f = open_log(dir, file);
	double newest = 0, t;
	char *words[LOG_WORDS], *line = NULL;
	size_t room = 0;

	/* It is at the end; a line is no longer than that. */
	if (!f)
		return 0;
	if (fseek(f, -65536, SEEK_END))
		rewind(f);
	while (getline(&line, &room, f) > 0) {
		t = split(line, words) > 1 ? time_of(words[0], words[1]) : -1;
		newest = fmax(newest, t);
	}
	free(line);
	fclose(f);
	return newest;
}

/* The first, the last, the least and the largest of each bucket. */
static void thin(struct series *s)
{
	size_t per = (s->n + BUCKETS - 1) / BUCKETS, from, i, n = 0;

	if (s->n <= 4 * BUCKETS)
		return;
	for (from = 0; from < s->n; from += per) {
		size_t end = from + per < s->n ? from + per : s->n;
		size_t least = from, most = from;

		for (i = from; i < end; i++) {
			least = s->at[i].v < s->at[least].v ? i : least;
			most = s->at[i].v > s->at[most].v ? i : most;
		}
		/* in their order, and never behind what is read next */
		for (i = from; i < end; i++)
			if (i == from || i == end - 1 || i == least || i == most)
				s->at[n++] = s->at[i];
	}
	s->n = n;
}

void series_thin(struct series_set *set)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		thin(&set->one[i]);
}

double series_largest(const struct series_set *set)
{
	double largest = 0;
	size_t i, k;

	for (i = 0; i < set->n; i++)
		for (k = 0; k < set->one[i].n; k++)
			largest = fmax(largest, fabs(set->one[i].at[k].v));
	return largest;
}

void series_free(struct series_set *set)
{
	while (set->n) {
		set->n--;
		free(set->one[set->n].at);
		memset(&set->one[set->n], 0, sizeof(set->one[set->n]));
	}
}
