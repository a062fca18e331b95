/* SPDX-License-Identifier: GPL-2.0 */
/* Drawings of log files, by gnuplot. */
#ifndef KNTP_CTL_PLOT_H
#define KNTP_CTL_PLOT_H

#include "ctl.h"

enum plot {
	PLOT_OFFSET, PLOT_FREQUENCY, PLOT_DELAY, PLOT_DISPERSION, PLOT_REQUESTS,
	PLOTS
};

#define PLOT_LOGDIR	"/var/log/kntp"

/**
 * struct plot_request - what is to be drawn
 * @what: enum plot
 * @dir: of the log files
 * @source: this one alone, or NULL
 * @last: s, up to the newest line; 0: all there is
 * @png: not SVG
 */
struct plot_request {
	enum plot what;
	const char *dir, *source;
	double last;
	bool png;
};

const char *plot_title(enum plot what);

/*
 * Draws it: 0 and *DATA of *LEN octets, which the caller frees; else an exit
 * status, and WHY (PLOT_WHY bytes) says why.
 */
#define PLOT_WHY	256
int plot_draw(const struct plot_request *r, char **data, size_t *len, char *why);

/* The words log, source and last, into R; 0, or EXIT_USAGE, said. */
int plot_words(const struct ctl *ctl, struct plot_request *r, bool source,
	       int argc, char **argv);
/* DATA into a file, or to standard output for "-". An exit status. */
int plot_write(const struct ctl *ctl, const char *name, const char *data,
	       size_t len);

#endif
