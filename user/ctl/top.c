// SPDX-License-Identifier: GPL-2.0
#include "top.h"
#include "clients.h"
#include "units.h"

#include <curses.h>
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* s */
#define INTERVAL	2.0
#define INTERVAL_MIN	0.2

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* The module, of which it is no mistake that it is not there. */
static void look_at_module(struct ctl *ctl, struct top_look *l)
{
	struct cpu_stats_list list = { .at = l->cpu, .room = TOP_CPUS };

	if (!l->module)
		return;
	nl_begin(&ctl->nl, KNTP_CMD_STATS_GET, NULL);
	l->module = !nl_do(&ctl->nl, counters_collect, &l->stats);
	nl_begin(&ctl->nl, KNTP_CMD_STATS_GET, NULL);
	if (l->module && !nl_dump(&ctl->nl, counters_collect_cpu,
				  counters_restart_cpu, &list))
		l->cpus = list.n;
	if (l->module)
		l->clients = clients_top(&ctl->nl, 10000, l->client,
					 TOP_CLIENTS, &l->table);
}

static void look(struct ctl *ctl, struct top_look *l)
{
	memset(l, 0, sizeof(*l));
	l->at = seconds();
	l->module = !nl_open(&ctl->nl);
	look_at_module(ctl, l);
	nl_close(&ctl->nl);
	l->tracking = daemon_peek("tracking");
	l->sources = daemon_peek("sources");
}

static void forget(struct top_look *l)
{
	json_object_put(l->tracking);
	json_object_put(l->sources);
}

/* Until it is time to look again; false: it is to end. */
static bool wait_for(double interval)
{
	double end = seconds() + interval, left;
	int key;

	while ((left = end - seconds()) > 0) {
		timeout((int)(left * 1000) + 1);
		key = getch();
		if (key == 'q' || key == 'Q')
			return false;
		if (key == ' ' || key == KEY_RESIZE)
			return true;
	}
	return true;
}

static void run(struct ctl *ctl, double interval, uint64_t count)
{
	struct top_look *looks = calloc(2, sizeof(*looks));
	struct top_look *now = looks, *before = looks + 1, *swap;
	bool more = looks;

	while (more) {
		look(ctl, now);
		top_draw(before, now, interval);
		more = count != 1 && wait_for(interval);
		count -= count > 1;
		forget(before);
		swap = before;
		before = now;
		now = swap;
	}
	if (looks)
		forget(before);
	free(looks);
}

int cmd_top(struct ctl *ctl, int argc, char **argv)
{
	struct word words[] = {
		{ "interval", false, NULL }, { "count", false, NULL },
	};
	int status = words_parse(ctl, words, 2, argc, argv);
	uint64_t ns = (uint64_t)(INTERVAL * 1e9), count = 0;
	char why[UNITS_WHY];
	const char *bad = NULL;

	if (!status && words[0].value)
		bad = duration_parse(words[0].value, &ns);
	if (!bad && (ns < (uint64_t)(INTERVAL_MIN * 1e9) || ns > UINT64_C(86400000000000)))
		bad = "is not from 0.2 s to a day";
	if (!status && bad)
		return ctl_usage(ctl, "interval: '%s' %s", words[0].value, bad);
	if (!status && words[1].value)
		bad = uint_parse(words[1].value, 1, UINT32_MAX, &count, why);
	if (!status && bad)
		return ctl_usage(ctl, "count: '%s' %s", words[1].value, bad);
	if (status)
		return status;
	if (!isatty(STDOUT_FILENO))
		return ctl_failed(ctl, "standard output is no terminal: stats show, sources and client show are for that");
	setlocale(LC_CTYPE, "");
	if (!newterm(NULL, stdout, stdin))
		return ctl_failed(ctl, "TERM '%s' is no terminal that is known",
				  getenv("TERM") ? getenv("TERM") : "");
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	run(ctl, (double)ns * 1e-9, count);
	endwin();
	return 0;
}
