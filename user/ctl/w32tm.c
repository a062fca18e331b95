// SPDX-License-Identifier: GPL-2.0
#include "w32tm.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define DAY		86400
/* 1970 in seconds of the two epochs: 1601 and 1900. */
#define NT_UNIX		INT64_C(11644473600)
#define NTP_UNIX	INT64_C(2208988800)
#define TICKS		10000000	/* in a second of NT's */

bool w32_has(struct w32 *w, const char *name, const char **value)
{
	int i;

	for (i = 0; i < w->n; i++) {
		if (strcasecmp(w->name[i], name))
			continue;
		w->taken[i] = true;
		if (value)
			*value = w->value[i];
		return true;
	}
	return false;
}

int w32_rest(struct w32 *w)
{
	int i;

	for (i = 0; i < w->n; i++)
		if (!w->taken[i])
			return ctl_usage(w->ctl, "/%s: is not a switch of this command",
					 w->name[i]);
	return 0;
}

int w32_local(struct w32 *w)
{
	if (!w32_has(w, "computer", NULL))
		return 0;
	return ctl_usage(w->ctl, "/computer: only this computer's service is spoken to");
}

int64_t w32_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static char *date_of(time_t t, char *buf)
{
	struct tm tm;

	localtime_r(&t, &tm);
	snprintf(buf, W32_DATE, "%d/%d/%d %d:%02d:%02d %s", tm.tm_mon + 1,
		 tm.tm_mday, tm.tm_year + 1900, tm.tm_hour % 12 ?
		 tm.tm_hour % 12 : 12, tm.tm_min, tm.tm_sec,
		 tm.tm_hour < 12 ? "AM" : "PM");
	return buf;
}

char *w32_date(int64_t ns, char *buf)
{
	return date_of(ns / 1000000000, buf);
}

/* SECONDS and TICKS of an epoch that was UNIX seconds before 1970. */
static void print_time(uint64_t seconds, unsigned int ticks, int64_t unix_epoch)
{
	char date[W32_DATE];

	printf("%" PRIu64 " %02u:%02u:%02u.%07u - %s (local time)\n",
	       seconds / DAY, (unsigned int)(seconds % DAY / 3600),
	       (unsigned int)(seconds % 3600 / 60),
	       (unsigned int)(seconds % 60), ticks,
	       date_of((int64_t)seconds - unix_epoch, date));
}

/* A number behind /ntte or /ntpte, as a word or after a colon. */
static int time_of(struct w32 *w, const char *name, bool nt)
{
	const char *word = NULL;
	unsigned long long n;
	char *end;

	w32_has(w, name, &word);
	if (!word)
		return ctl_usage(w->ctl, "/%s: a number is missing", name);
	errno = 0;
	n = strtoull(word, &end, 0);
	/* No year beyond 30000 has a date. */
	if (errno || *end || end == word || *word == '-' ||
	    (nt && n / TICKS > UINT64_C(900000000000)))
		return ctl_usage(w->ctl, "/%s: '%s' is not a time", name, word);
	if (nt)
		print_time(n / TICKS, (unsigned int)(n % TICKS), NT_UNIX);
	else
		print_time(n >> 32, (unsigned int)(((n & UINT32_MAX) * TICKS) >>
						   32), NTP_UNIX);
	return 0;
}

static int ntte(struct w32 *w)
{
	return time_of(w, "ntte", true);
}

static int ntpte(struct w32 *w)
{
	return time_of(w, "ntpte", false);
}

struct change {
	bool found;
	int month, week, day;	/* of the week; WEEK 5 is the last */
	long offset;		/* east of UTC, s, from then on */
	char name[16];
};

/* When the year's rule changes to daylight time and back, by looking. */
static void find_changes(int year, struct change *summer, struct change *winter)
{
	struct tm tm = { .tm_year = year, .tm_mday = 1 }, now;
	time_t t = timegm(&tm), end = t + 366 * DAY;
	int was = -1, last;
	struct change *c;

	for (; t < end; t += 3600) {
		localtime_r(&t, &now);
		if (was >= 0 && now.tm_isdst != was) {
			c = now.tm_isdst ? summer : winter;
			last = now.tm_mday + 7 > 28 + (now.tm_mon != 1) * 2;
			*c = (struct change){ true, now.tm_mon + 1, last ? 5 :
				(now.tm_mday + 6) / 7, now.tm_wday,
				now.tm_gmtoff, "" };
			snprintf(c->name, sizeof(c->name), "%s", now.tm_zone);
		}
		was = now.tm_isdst;
	}
}

static void print_change(const char *what, const struct change *c, long standard)
{
	printf("  [%s Name:\"%s\" Bias:%ldmin Date:(M:%d D:%d DoW:%d)]\n", what,
	       c->name, (standard - c->offset) / 60, c->month, c->week, c->day);
}

static int tz(struct w32 *w)
{
	struct change summer = { 0 }, winter = { 0 };
	time_t t = time(NULL);
	struct tm now;

	(void)w;
	localtime_r(&t, &now);
	find_changes(now.tm_year, &summer, &winter);
	if (!winter.found) {
		winter.offset = now.tm_gmtoff;
		summer.offset = now.tm_gmtoff;
		snprintf(winter.name, sizeof(winter.name), "%s", now.tm_zone);
		snprintf(summer.name, sizeof(summer.name), "%s", now.tm_zone);
	}
	printf("Time zone: Current:TIME_ZONE_ID_%s Bias: %ldmin (UTC=LocalTime+Bias)\n",
	       !winter.found ? "UNKNOWN" : now.tm_isdst > 0 ? "DAYLIGHT" :
							     "STANDARD",
	       -winter.offset / 60);
	print_change("Standard", &winter, winter.offset);
	print_change("Daylight", &summer, winter.offset);
	return 0;
}

static int usage(struct w32 *w);

static const struct {
	const char *name;
	int (*fn)(struct w32 *w);
	const char *words, *help;
} commands[] = {
	{ "?", usage, "", "this" },
	{ "query", w32_query,
	  "{/source|/status|/peers|/configuration} [/verbose]",
	  "what time is kept by" },
	{ "resync", w32_resync, "[/nowait] [/rediscover] [/soft] [/force]",
	  "ask the time sources now" },
	{ "config", w32_config,
	  "[/manualpeerlist:\"NAME[,FLAGS]...\"] [/syncfromflags:MANUAL|ALL|NO] [/reliable:YES|NO] [/localclockdispersion:S] [/largephaseoffset:MS] [/update]",
	  "what the time is taken from; /update: from now on" },
	{ "monitor", w32_monitor,
	  "{/computers:[*]NAME,...|/domain:NAME}... [/threads:N]",
	  "the time of other computers" },
	{ "register", w32_register, "", "have the service started, and by the system" },
	{ "unregister", w32_unregister, "", "stop it, and have it started no more" },
	{ "dumpreg", w32_dumpreg, "[/subkey:KEY]",
	  "the configuration as Windows's registry has it" },
	{ "debug", w32_debug,
	  "{/disable|/enable /file:FILE /size:OCTETS /entries:LIST [/truncate]}",
	  "write all messages to a file" },
	{ "stripchart", w32_stripchart,
	  "/computer:NAME [/period:S] [/samples:N] [/dataonly|/rdtsc]",
	  "how far another computer's time is from this one's" },
	{ "tz", tz, "", "the time zone" },
	{ "ntte", ntte, "TIME", "a time in 10^-7 s from 1601" },
	{ "ntpte", ntpte, "TIME", "a time in 2^-32 s from 1900" },
};

#define COMMANDS	(sizeof(commands) / sizeof(commands[0]))

static int usage(struct w32 *w)
{
	size_t i;

	(void)w;
	puts("w32tm [/? | /COMMAND [/SWITCH[:VALUE]...]] [--compat-exit]\n");
	for (i = 0; i < COMMANDS; i++)
		printf("  /%s%s%s\n      %s\n", commands[i].name,
		       *commands[i].words ? " " : "", commands[i].words,
		       commands[i].help);
	return 0;
}

/* A word without a slash is the value of the switch before it. */
static int take(struct w32 *w, char *word)
{
	char *colon;

	if (!strcmp(word, "--compat-exit")) {
		w->compat = true;
		return 0;
	}
	if (*word != '/' && *word != '-') {
		if (!w->n || w->value[w->n - 1])
			return ctl_usage(w->ctl, "'%s' is not a switch", word);
		w->value[w->n - 1] = word;
		return 0;
	}
	if (w->n == W32_WORDS)
		return ctl_usage(w->ctl, "more than %d switches", W32_WORDS);
	colon = strchr(word, ':');
	if (colon)
		*colon = '\0';
	w->name[w->n] = word + 1;
	w->value[w->n++] = colon ? colon + 1 : NULL;
	return 0;
}

int cmd_w32tm(struct ctl *ctl, int argc, char **argv)
{
	struct w32 w = { .ctl = ctl };
	int i, status = 0;
	size_t c;

	for (i = 0; i < argc && !status; i++)
		status = take(&w, argv[i]);
	if (status)
		return status;
	if (!w.n)
		return usage(&w);
	for (c = 0; c < COMMANDS; c++)
		if (!strcasecmp(w.name[0], commands[c].name))
			break;
	if (c == COMMANDS)
		return ctl_usage(ctl, "/%s: is not a command of it: see w32tm /?",
				 w.name[0]);
	w.taken[0] = true;
	return commands[c].fn(&w);
}
