// SPDX-License-Identifier: GPL-2.0
/* kntp: options, the table of commands, and help. */
#include "ctl.h"
#include "print.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The longest object, and how many slips of a finger are still guessed at. */
enum { WORD_MAX = 31, SLIPS_MAX = 2 };

static const struct command commands[] = {
	{ "status", NULL, cmd_status, "",
	  "the module, its clock, listeners and totals, and kntpd", false },
	{ "listen", "add", cmd_listen_add, "hook local|ingress [dev DEV]",
	  "take requests from this hook; ingress needs a device", false },
	{ "listen", "del", cmd_listen_del, "hook local|ingress [dev DEV]",
	  "take none from it any more", false },
	{ "listen", "show", cmd_listen_show, "",
	  "the hooks, in the words of listen add", true },
	{ "acl", "allow", cmd_acl_allow, "PREFIX|all...",
	  "answer these sources", false },
	{ "acl", "auth", cmd_acl_auth, "PREFIX|all...",
	  "answer these sources if they authenticate", false },
	{ "acl", "deny", cmd_acl_deny, "PREFIX|all...",
	  "drop what these sources send", false },
	{ "acl", "pass", cmd_acl_pass, "PREFIX|all...",
	  "leave these sources to the daemon on UDP/123", false },
	{ "acl", "del", cmd_acl_del, "PREFIX|all...",
	  "forget these prefixes", false },
	{ "acl", "load", cmd_acl_load, "FILE|-",
	  "replace the whole list at once; one 'VERDICT PREFIX' a line", false },
	{ "acl", "check", cmd_acl_check, "ADDRESS",
	  "what the list says of a source, and by which prefix", false },
	{ "acl", "show", cmd_acl_show, "",
	  "the list, in the form that acl load reads", true },
	{ "acl", "flush", cmd_acl_flush, "",
	  "empty the list: nobody is answered", false },
	{ "clock", "set", cmd_clock_set,
	  "base system|map stratum N refid ID [raw-time S utc-time TIME rate PPM] [leap N] [root-delay S] [root-dispersion S] [growth PPM] [lease S|forever] [reference-time TIME] [steps N]",
	  "vouch for the clock that the replies carry", false },
	{ "clock", "show", cmd_clock_show, "",
	  "the clock as the next reply says it, and the others of this host",
	  true },
	{ "clock", "set-rtc", cmd_clock_set_rtc, "[utc|local] [DEVICE]",
	  "set the real-time clock by the system clock", false },
	{ "client", "show", cmd_client_show,
	  "[prefix PREFIX] [mode N] [version N] [within S] [requests N] [rate N] [top N [by WHAT]]",
	  "who asks: address, how often, how, since and until when", true },
	{ "client", "set", cmd_client_set, "[entries N] [prefix6 N]",
	  "how many clients are kept in mind, and by what IPv6 prefix", false },
	{ "client", "flush", cmd_client_flush, "",
	  "forget all clients", false },
	{ "limit", "set", cmd_limit_set,
	  "interval N burst N [leak N] [kod N] [prefix4 N] [prefix6 N]",
	  "how often a client may ask, or all of a prefix together", false },
	{ "limit", "budget", cmd_limit_budget, "N",
	  "replies to all a second, at most; 0: as many as there are", false },
	{ "limit", "deny", cmd_limit_deny, "N",
	  "one in 2^N of those denied is told so; 0: none", false },
	{ "limit", "off", cmd_limit_off, "[client|prefix]",
	  "no limits any more, or not that one", false },
	{ "limit", "show", cmd_limit_show, "",
	  "the limits that there are", true },
	{ "key", "add", cmd_key_add, "ID TYPE file FILE|-",
	  "have a key to authenticate by; the file's first line is its secret", false },
	{ "key", "del", cmd_key_del, "ID|all",
	  "have it no more", false },
	{ "key", "load", cmd_key_load, "FILE",
	  "have the keys of a key file of chrony's form, and no others", false },
	{ "key", "show", cmd_key_show, "",
	  "identifiers and types of the keys; no secret", true },
	{ "phc", "show", cmd_phc_show, "",
	  "the hardware clocks whose stamps of packets are used", true },
	{ "stats", "show", cmd_stats_show, "[--explain]",
	  "the counters of each hook; -v shows zeroes too", true },
	{ "stats", "reset", cmd_stats_reset, "",
	  "count from zero again", false },
	{ "monitor", NULL, cmd_monitor, "",
	  "print events as they happen, one a line", false },
	{ "tracking", NULL, cmd_tracking, "[-n]",
	  "kntpd: what it follows and how well; -n shows addresses", true },
	{ "sources", NULL, cmd_sources, "[-v] [-n]",
	  "kntpd: how its sources are heard; -v explains the marks", true },
	{ "sourcestats", NULL, cmd_sourcestats, "[-v] [-n]",
	  "kntpd: what is estimated from each of them", true },
	{ "selectdata", NULL, cmd_selectdata, "[-v] [-n]",
	  "kntpd: why each of them is followed or not", true },
	{ "ntpdata", NULL, cmd_ntpdata, "[NAME|ADDRESS]",
	  "kntpd: the last response of a server or peer, or of each", true },
	{ "activity", NULL, cmd_activity, "",
	  "kntpd: how many servers and peers it asks", true },
	{ "serverstats", NULL, cmd_serverstats, "",
	  "kntpd: what it answered itself", true },
	{ "smoothing", NULL, cmd_smoothing, "[reset|activate]",
	  "kntpd: what is served beside what it estimates", true },
	{ "waitsync", NULL, cmd_waitsync,
	  "[MAX-TRIES [MAX-CORRECTION [MAX-SKEW [INTERVAL]]]]",
	  "wait until kntpd is synchronised, and as well as that", true },
	{ "makestep", NULL, cmd_makestep, "",
	  "kntpd: correct at once what is left to correct", false },
	{ "burst", NULL, cmd_burst, "GOOD/MAX [NAME|PREFIX]",
	  "kntpd: ask up to MAX times in a row, for GOOD samples", false },
	{ "online", NULL, cmd_online, "[NAME|PREFIX]",
	  "kntpd: ask these servers and peers again, or all", false },
	{ "offline", NULL, cmd_offline, "[NAME|PREFIX]",
	  "kntpd: do not ask these servers and peers, or any", false },
	{ "add", NULL, cmd_add, "server|pool|peer NAME [OPTION]...",
	  "kntpd: one more, as in its configuration", false },
	{ "delete", NULL, cmd_delete, "NAME|ADDRESS",
	  "kntpd: forget this server, pool or peer", false },
	{ "reload", NULL, cmd_reload, "",
	  "kntpd: read the configuration again", false },
	{ "top", NULL, cmd_top, "[interval S] [count N]",
	  "rates, reasons, response times, sources and clients, anew each 2 s", false },
	{ "plot", NULL, cmd_plot,
	  "offset|frequency|delay|dispersion|requests FILE.svg|FILE.png|- [log DIRECTORY] [last TIME] [source NAME]",
	  "draw what kntpd's or chronyd's log files say", false },
	{ "report", NULL, cmd_report, "FILE|- [log DIRECTORY] [last TIME]",
	  "an HTML page of clock, sources, requests and drawings", false },
	{ "w32tm", NULL, cmd_w32tm, "[/COMMAND [/SWITCH[:VALUE]]...]",
	  "what Windows's command of that name says, of kntpd", false },
};

#define FOR_EACH_COMMAND(c) \
	for (c = commands; c < commands + sizeof(commands) / sizeof(commands[0]); c++)

static void help_line(const struct command *c)
{
	printf("  %s%s%s%s%s\n        %s\n", c->object, c->verb ? " " : "",
	       c->verb ? c->verb : "", *c->words ? " " : "", c->words, c->help);
}

/* Help on everything, on one object, or on one verb. */
static int help(const char *object, const char *verb)
{
	const struct command *c;

	printf("usage: kntp [-j|--json] [-c] [-v] [-p] [-n NETNS] [-V] OBJECT VERB [KEY VALUE]...\n\n");
	FOR_EACH_COMMAND(c)
		if ((!object || !strcmp(object, c->object)) &&
		    (!verb || !strcmp(verb, c->verb)))
			help_line(c);
	if (!object)
		printf("  help\n        this text; 'OBJECT help' and 'OBJECT VERB help' say less\n"
		       "\n"
		       "  -j, --json   print JSON          -p          indent it\n"
		       "  -c           print CSV           -v          say more\n"
		       "  -n NETNS     in /run/netns/NETNS -V          print the version\n"
		       "\n"
		       "kntp alone is kntp status. Seconds may end in s, ms, us or ns.\n"
		       "exit status: 0 done, 1 refused or failed, 2 usage, 3 not permitted,\n"
		       "4 the module is not loaded, or kntpd not running\n");
	return EXIT_DONE;
}

static bool is_help(const char *word)
{
	return !strcmp(word, "help");
}

static int unknown_verb(const struct ctl *ctl, const char *object,
			const char *verb)
{
	const struct command *c;
	char verbs[128] = "";
	size_t n = 0;

	FOR_EACH_COMMAND(c)
		if (!strcmp(c->object, object) && c->verb)
			n += (size_t)snprintf(verbs + n, sizeof(verbs) - n,
					      "%s%s", n ? ", " : "", c->verb);
	if (!verb)
		return ctl_usage(ctl, "%s: a verb is missing: one of %s",
				 object, verbs);
	return ctl_usage(ctl, "%s: '%s' is not a verb of it: they are %s",
			 object, verb, verbs);
}

/* How many letters are to be put in, left out or changed to get from A to B. */
static size_t letters_between(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1], m = strlen(b), i, left, up;

	for (i = 0; i <= m; i++)
		row[i] = i;
	for (; *a; a++) {
		left = row[0]++;
		for (i = 1; i <= m; i++) {
			up = row[i];
			left += *a != b[i - 1];
			if (left > up + 1)
				left = up + 1;
			if (left > row[i - 1] + 1)
				left = row[i - 1] + 1;
			row[i] = left;
			left = up;
		}
	}
	return row[m];
}

static int unknown_object(const struct ctl *ctl, const char *object)
{
	const struct command *c, *nearest = NULL;
	size_t n, least = strlen(object) > 3 ? SLIPS_MAX + 1 : 0;

	if (strlen(object) > WORD_MAX)
		least = 0;
	FOR_EACH_COMMAND(c) {
		n = least ? letters_between(object, c->object) : 0;
		if (n < least) {
			least = n;
			nearest = c;
		}
	}
	if (nearest)
		return ctl_usage(ctl, "'%s' is not an object it knows: is %s meant?",
				 object, nearest->object);
	return ctl_usage(ctl, "'%s' is not an object it knows: see kntp help",
			 object);
}

/* Finds the command; *SKIP words name it. NULL once *STATUS is known. */
static const struct command *find(struct ctl *ctl, int argc, char **argv,
				  int *skip, int *status)
{
	bool object = false;
	const struct command *c;

	*status = EXIT_DONE;
	FOR_EACH_COMMAND(c) {
		if (strcmp(c->object, argv[0]))
			continue;
		object = true;
		if (c->verb && (argc < 2 || strcmp(c->verb, argv[1])))
			continue;
		*skip = c->verb ? 2 : 1;
		if (argc != *skip + 1 || !is_help(argv[*skip]))
			return c;
		*status = help(c->object, c->verb);
		return NULL;
	}
	if (object && argc == 2 && is_help(argv[1]))
		*status = help(argv[0], NULL);
	else if (object)
		*status = unknown_verb(ctl, argv[0], argc < 2 ? NULL : argv[1]);
	else if (is_help(argv[0]) && argc == 1)
		*status = help(NULL, NULL);
	else
		*status = unknown_object(ctl, argv[0]);
	return NULL;
}

static int run(struct ctl *ctl, int argc, char **argv)
{
	static char status_word[] = "status";
	char *status_argv[] = { status_word, NULL };
	const struct command *c;
	char what[32];
	int skip, status;

	if (!argc) {
		argc = 1;
		argv = status_argv;
	}
	c = find(ctl, argc, argv, &skip, &status);
	if (!c)
		return status;
	snprintf(what, sizeof(what), "%s%s%s", c->object, c->verb ? " " : "",
		 c->verb ? c->verb : "");
	ctl->what = what;
	if (pr_format() == PR_CSV && !c->csv)
		status = ctl_usage(ctl, "-c: it has no CSV form");
	else
		status = c->fn(ctl, argc - skip, argv + skip);
	ctl->what = "";
	nl_close(&ctl->nl);
	return status;
}

/* Moves this process into /run/netns/NAME, as ip -n does. */
static int enter_netns(const struct ctl *ctl, const char *name)
{
	char path[256];
	int fd, err = 0;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, "..") || strlen(name) > sizeof(path) - 16)
		return ctl_usage(ctl, "-n: '%s' is not the name of a network namespace",
				 name);
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err = -errno;
	if (fd >= 0)
		close(fd);
	if (err)
		ctl_failed(ctl, "-n: network namespace %s: %s", name,
			   strerror(-err));
	return exit_of(err);
}

struct options {
	bool json, csv, pretty, version, help;
	const char *netns;
};

/* getopt_long takes abbreviations; this command line takes none. */
static bool exact(const char *arg)
{
	return arg[1] != '-' || !arg[2] || !strcmp(arg, "--json") ||
	       !strcmp(arg, "--help") || !strcmp(arg, "--version");
}

static int options(struct ctl *ctl, struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int opt, at = 1;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, "+:jcvpn:Vh", longs, NULL)) != -1) {
		if (opt == ':')
			return ctl_usage(ctl, "-%c: its value is missing", optopt);
		if (opt == '?' || !exact(argv[at]))
			return ctl_usage(ctl, "'%s' is not an option it knows: see kntp help",
					 argv[at]);
		if (opt == 'n' && o->netns)
			return ctl_usage(ctl, "-n: given twice");
		at = optind;
		o->json |= opt == 'j';
		o->csv |= opt == 'c';
		o->pretty |= opt == 'p';
		o->version |= opt == 'V';
		o->help |= opt == 'h';
		ctl->verbose |= opt == 'v';
		if (opt == 'n')
			o->netns = optarg;
	}
	if (o->json && o->csv)
		return ctl_usage(ctl, "-j and -c do not go together");
	if (o->pretty && !o->json)
		return ctl_usage(ctl, "-p goes with -j");
	return 0;
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .what = "" };
	struct options o = { 0 };
	int status, err;

	/* A reader that went away is an error to report, not a silent end. */
	signal(SIGPIPE, SIG_IGN);

	if (!strcmp(basename(argv[0]), "w32tm")) {
		ctl.what = "w32tm";
		return cmd_w32tm(&ctl, argc - 1, argv + 1);
	}
	status = options(&ctl, &o, argc, argv);
	if (status)
		return status;
	ctl.pretty = o.pretty;
	pr_init(o.json ? PR_JSON : o.csv ? PR_CSV : PR_TEXT, o.pretty);

	if (o.version)
		puts("kntp " KNTP_VERSION);
	else if (o.help)
		help(NULL, NULL);
	else if (o.netns)
		status = enter_netns(&ctl, o.netns);
	if (!status && !o.version && !o.help)
		status = run(&ctl, argc - optind, argv + optind);

	err = pr_flush();
	if (err && !status)
		status = ctl_failed(&ctl, "standard output: %s", strerror(-err));
	return status;
}
