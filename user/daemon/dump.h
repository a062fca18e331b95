/* SPDX-License-Identifier: GPL-2.0 */
/* The sources' samples, kept over a restart of the daemon (`dumpdir`). */
#ifndef KNTPD_DUMP_H
#define KNTPD_DUMP_H

#include "sample.h"

#include <stddef.h>

enum {
	DUMP_SAMPLES = 128,
	DUMP_CLOCK = 96,	/* text that names a clock */
	DUMP_TEXT = 32768,	/* a whole dump is shorter */
	DUMP_WHY = 128,
};

/**
 * struct dump - what is kept of a source
 * @clock: which CLOCK_MONOTONIC_RAW the samples are by; without spaces
 * @prior_frequency: as in struct estimate
 * @prior_frequency_error: likewise
 * @sample: in the order of time
 * @n: how many
 */
struct dump {
	char clock[DUMP_CLOCK];
	double prior_frequency, prior_frequency_error;
	struct sample sample[DUMP_SAMPLES];
	unsigned int n;
};

/* dump_text.c. TEXT has DUMP_TEXT bytes; returns its length. */
size_t dump_format(const struct dump *d, char *text);
/* 0, or -EINVAL and WHY: "line N: what is wrong", DUMP_WHY bytes. */
int dump_parse(const char *text, size_t len, struct dump *d, char *why);

struct source;

/* Before the sources. DIR NULL: nothing is kept. */
void dump_start(const char *dir);
/* What was kept of a source that has no samples yet becomes its own. */
void dump_load(struct source *src);
/* Keeps all that there is, and no more after this. */
void dump_stop(void);

#endif
