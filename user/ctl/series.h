/* SPDX-License-Identifier: GPL-2.0 */
/* What kntpd's and chronyd's log files say, as lines to be drawn. */
#ifndef KNTP_CTL_SERIES_H
#define KNTP_CTL_SERIES_H

#include "ctl.h"

enum { SERIES_MAX = 16, SERIES_NAME = 64 };

/* T in s since 1970; ERROR is of V, where the log has one. */
struct point {
	double t, v, error;
};

struct series {
	char name[SERIES_NAME];
	struct point *at;
	size_t n, room;
};

/**
 * struct series_set - of one drawing
 * @one: each, in the order in which they came
 * @n: of them
 * @left_out: names there was no room for
 * @first: s since 1970; nothing older is kept
 * @only: of this name alone, or NULL
 */
struct series_set {
	struct series one[SERIES_MAX];
	size_t n;
	unsigned int left_out;
	double first;
	const char *only;
};

/**
 * struct log_column - where a file has what is drawn
 * @file: without .log
 * @name: the word that names the series, from 0; the date is the first
 * @value: and that of the value
 * @error: and of its error; 0: there is none
 * @scale: of both
 * @suffix: behind the name, or NULL
 * @good: whether a line counts, or NULL
 */
struct log_column {
	const char *file;
	int name, value, error;
	double scale;
	const char *suffix;
	bool (*good)(char *const *words);
};

/* Beyond so many words a line has nothing that is looked at. */
enum { LOG_WORDS = 24 };

/*
 * Reads it into SET: 0, or -errno, -ENOENT where there is no such file. Lines
 * that are of no use are passed over: banners, and what is not whole.
 */
int series_read(struct series_set *set, const char *dir,
		const struct log_column *column);
/* The newest time in a file, s since 1970, or 0. */
double series_newest(const char *dir, const char *file);
/* At most some thousand points of each, with all that stands out. */
void series_thin(struct series_set *set);
/* The largest of all values. */
double series_largest(const struct series_set *set);
void series_free(struct series_set *set);

#endif
