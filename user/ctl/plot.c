// SPDX-License-Identifier: GPL-2.0
/*
 * Log files in, a drawing out. gnuplot has the script on its standard input and
 * is given no file name, so that a name is never a part of a script.
 */
#include "plot.h"
#include "series.h"
#include "units.h"
#include "whole.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum style { POINTS, LINES, BAND };

/* Words of a line of chrony's formats. */
enum { IP = 2, TESTS_123 = 5, TESTS_567 = 6 };

static bool is_sound(char *const *words)
{
	return !strcmp(words[TESTS_123], "111") && !strcmp(words[TESTS_567], "111");
}

/* Of refclocks.log: what was filtered, not each reading. */
static bool is_filtered(char *const *words)
{
	return !strcmp(words[3], "-");
}

enum { COLUMNS = 4, LABELS = 7 };

static const struct drawing {
	const char *name, *title, *axis, *unit;
	enum style style;
	bool from_zero;
	struct log_column column[COLUMNS];
} drawings[PLOTS] = {
	[PLOT_OFFSET] = { "offset", "Offset of the sources",
		"source ahead of this clock", "s", POINTS, false, {
		{ "measurements", IP, 11, 0, 1, NULL, is_sound },
		{ "refclocks", IP, 7, 0, 1, NULL, is_filtered } } },
	[PLOT_FREQUENCY] = { "frequency", "Frequency of the uncorrected clock",
		"slow by, with its skew", "ppm", BAND, false, {
		{ "tracking", IP, 4, 5, 1, NULL, NULL } } },
	[PLOT_DELAY] = { "delay", "Round trips to the sources", "delay", "s",
		POINTS, true, {
		{ "measurements", IP, 12, 0, 1, NULL, is_sound } } },
	[PLOT_DISPERSION] = { "dispersion", "Dispersion", "dispersion", "s",
		POINTS, true, {
		{ "measurements", IP, 13, 0, 1, NULL, is_sound },
		{ "refclocks", IP, 8, 0, 1, NULL, is_filtered },
		{ "tracking", IP, 12, 0, 1, "(root, of this host)", NULL } } },
	[PLOT_REQUESTS] = { "requests", "Requests", "requests", "1/s", LINES,
		true, {
		{ "requests", IP, 5, 0, 1, "answered", NULL },
		{ "requests", IP, 6, 0, 1, "passed up", NULL },
		{ "requests", IP, 7, 0, 1, "dropped", NULL } } },
};

const char *plot_title(enum plot what)
{
	return drawings[what].title;
}

/*
 * A word of a script: of a log file nothing is taken over that could be more
 * than a name.
 */
static void put_quoted(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; *text; text++)
		fputc((unsigned char)*text >= 0x80 ||
		      isalnum((unsigned char)*text) ||
		      strchr(" .,:-_%()[]/+@", *text) ? *text : '?', to);
	fputc('\'', to);
}

/* Seconds are too large a unit for most of this: what fits, and its factor. */
static const char *unit_of(const struct drawing *d, double largest, double *factor)
{
	static const struct {
		double below, factor;
		const char *unit;
	} units[] = {
		{ 1e-6, 1e9, "ns" }, { 1e-3, 1e6, "µs" }, { 1, 1e3, "ms" },
	};
	size_t i;

	*factor = 1;
	if (strcmp(d->unit, "s"))
		return d->unit;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (largest < units[i].below) {
			*factor = units[i].factor;
			return units[i].unit;
		}
	}
	return d->unit;
}

static void put_data(FILE *to, const struct series_set *set, double factor)
{
	const struct point *p;
	size_t i, k;

	for (i = 0; i < set->n; i++) {
		fprintf(to, "$s%zu << EOD\n", i);
		for (k = 0; k < set->one[i].n; k++) {
			p = &set->one[i].at[k];
			fprintf(to, "%.3f %.9g %.9g\n", p->t, p->v * factor,
				p->error * factor);
		}
		fputs("EOD\n", to);
	}
}

static void put_curves(FILE *to, const struct drawing *d,
		       const struct series_set *set)
{
	size_t i;

	fputs("plot ", to);
	for (i = 0; i < set->n; i++) {
		if (i)
			fputs(", \\\n  ", to);
		if (d->style == BAND)
			fprintf(to, "$s%zu using 1:($2-$3):($2+$3) with filledcurves lc %zu fs transparent solid 0.2 noborder notitle, \\\n  ",
				i, i + 1);
		fprintf(to, "$s%zu using 1:2 with %s lc %zu title ", i,
			d->style == POINTS ? "points pt 7 ps 0.4" :
					     "lines lw 1.5", i + 1);
		put_quoted(to, set->one[i].name);
	}
	fputc('\n', to);
}

/* Labels of the time, as few as do not overlap. */
static void put_times(FILE *to, const struct series_set *set)
{
	static const int steps[] = {
		1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200,
		10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000,
		7776000, 31536000,
	};
	double first = INFINITY, last = 0;
	size_t i, k;

	for (i = 0; i < set->n; i++) {
		for (k = 0; k < set->one[i].n; k++) {
			first = fmin(first, set->one[i].at[k].t);
			last = fmax(last, set->one[i].at[k].t);
		}
	}
	for (i = 0; i + 1 < sizeof(steps) / sizeof(steps[0]); i++)
		if ((last - first) / steps[i] <= LABELS)
			break;
	fprintf(to, "set xtics %d\nset format x \"%s\" timedate\n", steps[i],
		steps[i] < 60 ? "%H:%M:%S\\n%Y-%m-%d" :
		steps[i] < 86400 ? "%H:%M\\n%Y-%m-%d" : "%Y-%m-%d");
}

static void put_script(FILE *to, const struct plot_request *r,
		       const struct series_set *set)
{
	const struct drawing *d = &drawings[r->what];
	double factor;
	const char *unit = unit_of(d, series_largest(set), &factor);

	fputs(r->png ? "set terminal pngcairo size 1280,480 font 'sans,12' noenhanced background '#ffffff'\n" :
		       "set terminal svg size 960,380 dynamic font 'sans-serif,13' noenhanced background '#ffffff'\n",
	      to);
	fputs("set encoding utf8\nset xdata time\nset timefmt '%s'\n"
	      "set xlabel 'UTC'\nset grid lt 1 lw 0.5 lc '#cccccc'\n"
	      "set border 3 lc '#555555'\nset autoscale xfix\n"
	      "set tics nomirror\nset key outside right top\n"
	      "set colorsequence podo\n", to);
	put_times(to, set);
	if (d->from_zero)
		fputs("set yrange [0:*]\n", to);
	fputs("set title ", to);
	put_quoted(to, d->title);
	fprintf(to, "\nset ylabel '%s, %s'\n", d->axis, unit);
	put_data(to, set, factor);
	put_curves(to, d, set);
}

/* gnuplot, its output read to the end. 0 or an exit status. */
static int run_gnuplot(FILE *script, char **data, size_t *len, char *why)
{
	char *const argv[] = { "gnuplot", NULL };
	posix_spawn_file_actions_t files;
	int out[2], status = -1, err;
	char block[65536];
	FILE *to;
	ssize_t n;
	pid_t pid;

	if (pipe(out)) {
		snprintf(why, PLOT_WHY, "%s", strerror(errno));
		return EXIT_REFUSED;
	}
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, fileno(script), 0);
	posix_spawn_file_actions_adddup2(&files, out[1], 1);
	posix_spawn_file_actions_addclose(&files, out[0]);
	err = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	close(out[1]);
	to = open_memstream(data, len);
	while (!err && to && (n = read(out[0], block, sizeof(block))) > 0)
		fwrite(block, 1, (size_t)n, to);
	close(out[0]);
	if (to)
		fclose(to);
	while (!err && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (err == ENOENT)
		snprintf(why, PLOT_WHY, "gnuplot is not installed (package gnuplot-nox)");
	else if (err || !to)
		snprintf(why, PLOT_WHY, "gnuplot: %s", strerror(err ?: ENOMEM));
	else if (!WIFEXITED(status) || WEXITSTATUS(status) || !*len)
		snprintf(why, PLOT_WHY, "gnuplot failed");
	else
		return 0;
	if (to)
		free(*data);
	return EXIT_REFUSED;
}

static int draw(const struct plot_request *r, const struct series_set *set,
		char **data, size_t *len, char *why)
{
	FILE *script = tmpfile();
	int status;

	if (!script) {
		snprintf(why, PLOT_WHY, "%s", strerror(errno));
		return EXIT_REFUSED;
	}
	put_script(script, r, set);
	if (fflush(script) || fseek(script, 0, SEEK_SET)) {
		snprintf(why, PLOT_WHY, "%s", strerror(errno));
		status = EXIT_REFUSED;
	} else {
		status = run_gnuplot(script, data, len, why);
	}
	fclose(script);
	return status;
}

static int read_all(const struct plot_request *r, struct series_set *set, char *why)
{
	const struct log_column *c = drawings[r->what].column;
	int err, i, there = 0;

	for (i = 0; i < COLUMNS && c[i].file && r->last > 0; i++)
		set->first = fmax(set->first, series_newest(r->dir, c[i].file));
	set->first = r->last > 0 ? set->first - r->last : 0;
	for (i = 0; i < COLUMNS && c[i].file; i++) {
		err = series_read(set, r->dir, &c[i]);
		there += !err;
		if (err && err != -ENOENT) {
			snprintf(why, PLOT_WHY, "%s/%s.log: %s", r->dir,
				 c[i].file, strerror(-err));
			return EXIT_REFUSED;
		}
	}
	if (!there)
		snprintf(why, PLOT_WHY, "%s/%s.log: there is no such file: kntpd writes it with `log %s`",
			 r->dir, c->file, c->file);
	else if (!set->n)
		snprintf(why, PLOT_WHY, "%s/%s.log: nothing of that is in it",
			 r->dir, c->file);
	return set->n ? 0 : EXIT_REFUSED;
}

int plot_draw(const struct plot_request *r, char **data, size_t *len, char *why)
{
	struct series_set set = { .only = r->source };
	int status = read_all(r, &set, why);

	if (!status) {
		series_thin(&set);
		status = draw(r, &set, data, len, why);
	}
	series_free(&set);
	return status;
}

/* Seconds, or with an h or d behind a number hours or days. */
static int parse_last(const struct ctl *ctl, const char *word, double *last)
{
	char text[32];
	size_t len = strlen(word);
	const char *why;
	uint64_t ns;
	double unit = 1;

	snprintf(text, sizeof(text), "%s", word);
	if (len && len < sizeof(text) && strchr("hd", word[len - 1])) {
		unit = word[len - 1] == 'h' ? 3600 : 86400;
		text[len - 1] = '\0';
	}
	why = duration_parse(text, &ns);
	if (why)
		return ctl_usage(ctl, "last: '%s' %s", word, why);
	*last = (double)ns * 1e-9 * unit;
	return 0;
}

int plot_words(const struct ctl *ctl, struct plot_request *r, bool source,
	       int argc, char **argv)
{
	struct word words[] = {
		{ "log", false, NULL }, { "last", false, NULL },
		{ "source", false, NULL },
	};
	int status = words_parse(ctl, words, source ? 3 : 2, argc, argv);

	r->dir = words[0].value ? words[0].value : PLOT_LOGDIR;
	r->source = words[2].value;
	if (!status && words[1].value)
		status = parse_last(ctl, words[1].value, &r->last);
	return status;
}

int plot_write(const struct ctl *ctl, const char *name, const char *data,
	       size_t len)
{
	int err;

	if (!strcmp(name, "-"))
		return fwrite(data, 1, len, stdout) == len ? 0 :
		       ctl_failed(ctl, "standard output: %s", strerror(errno));
	err = whole_write(name, data, len, 0644);
	if (!err)
		return 0;
	ctl_failed(ctl, "%s: %s", name, strerror(-err));
	return exit_of(err);
}

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), n = strlen(end);

	return len > n && !strcmp(name + len - n, end);
}

int cmd_plot(struct ctl *ctl, int argc, char **argv)
{
	struct plot_request r = { .what = PLOTS };
	char why[PLOT_WHY] = "", *data = NULL;
	size_t len = 0, i;
	int status;

	if (argc < 2)
		return ctl_usage(ctl, "WHAT and FILE are wanted, such as offset offset.svg");
	for (i = 0; i < PLOTS; i++)
		if (!strcmp(argv[0], drawings[i].name))
			r.what = (enum plot)i;
	if (r.what == PLOTS)
		return ctl_usage(ctl, "'%s' is not offset, frequency, delay, dispersion or requests",
				 argv[0]);
	r.png = ends_with(argv[1], ".png");
	if (!r.png && !ends_with(argv[1], ".svg") && strcmp(argv[1], "-"))
		return ctl_usage(ctl, "'%s' ends neither in .svg nor in .png, and is not -",
				 argv[1]);
	status = plot_words(ctl, &r, true, argc - 2, argv + 2);
	if (status)
		return status;
	status = plot_draw(&r, &data, &len, why);
	if (status)
		return ctl_failed(ctl, "%s", why);
	status = plot_write(ctl, argv[1], data, len);
	free(data);
	return status;
}
