// SPDX-License-Identifier: GPL-2.0
/* kntpd: options, and the order in which its parts begin and end. */
#include "act.h"
#include "apply.h"
#include "clk.h"
#include "conf.h"
#include "control.h"
#include "discipline.h"
#include "dump.h"
#include "hwts.h"
#include "links.h"
#include "local.h"
#include "initstep.h"
#include "log.h"
#include "loop.h"
#include "mail.h"
#include "notify.h"
#include "ntp.h"
#include "pool.h"
#include "privs.h"
#include "process.h"
#include "rates.h"
#include "records.h"
#include "refclock.h"
#include "reference.h"
#include "report.h"
#include "rtc.h"
#include "select.h"
#include "serve.h"
#include "suspend.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long -q and -Q wait at the least, for names and for reference clocks, s. */
#define ONCE_LEAST	3
#define ONCE_LOOKUP	10
#define ONCE_REFCLOCK	64

#define DEFAULT_FILE	"/etc/kntp/kntp.conf"

struct options {
	const char *file, *user, *log_file;
	bool foreground, debug, check, print, once, dry, no_control, by_rtc;
	bool restarted, lock_all;
	int priority;
	double timeout;
	int seccomp, level, family;
	char **directive;
	size_t n_directive;
};

static struct config conf;
static struct options opt = {
	.file = DEFAULT_FILE, .seccomp = 1, .level = LOG_INFO,
};
static struct timer limit, done, give_up;
static int status;
/* What end() has to undo. */
static struct {
	bool clock, serve, sources, rest;
} begun;
static int64_t began;

static void usage(FILE *to)
{
	fputs("usage: kntpd [OPTION]... [DIRECTIVE]...\n\n"
	      "  -f FILE      configuration (" DEFAULT_FILE ")\n"
	      "  -n           do not leave the terminal; log to syslog\n"
	      "  -d           do not leave the terminal; log to it\n"
	      "  -q           set the clock once, and exit\n"
	      "  -Q           print the offset once, and exit\n"
	      "  -t SECONDS   exit after that time\n"
	      "  -x           do not touch the clock\n"
	      "  -s           set the system clock by the RTC at first\n"
	      "  -R           ignore makestep with a limit: kntpd is restarted\n"
	      "  -r           load what dumpdir keeps (always done)\n"
	      "  -4, -6       names mean IPv4, IPv6 addresses only\n"
	      "  -u USER      run as\n"
	      "  -U           allow a start without root (always allowed)\n"
	      "  -m           lock the memory, as lock_all\n"
	      "  -P PRIORITY  real-time priority, as sched_priority\n"
	      "  -F LEVEL     system call filter: 0 off, 1 on (default), -1 log\n"
	      "  -l FILE      log to a file\n"
	      "  -L LEVEL     least that is logged: 0 info, 1 warnings, 2 errors\n"
	      "  -p           print the lines of the configuration\n"
	      "  --check      only say whether the configuration is right\n"
	      "  -v           print the version\n\n"
	      "With directives on the command line no file is read.\n", to);
}

static int bad_option(const char *what, const char *why)
{
	fprintf(stderr, "kntpd: %s: %s\n", what, why);
	return 2;
}

static bool number(const char *text, double *value)
{
	char *end;

	errno = 0;
	*value = strtod(text, &end);
	return !errno && end != text && !*end && isfinite(*value);
}

static int take_number(int c, const char *text)
{
	double v;

	if (!number(text, &v))
		return bad_option(text, "is not a number");
	if (c == 't' && !(v > 0))
		return bad_option(text, "is not a time");
	if (c == 'F' && v != -1 && v != 0 && v != 1 && v != 2)
		return bad_option(text, "the filter's level is 0, 1 or -1");
	if (c == 'L' && !(v >= -1 && v <= 3))
		return bad_option(text, "the log's level is -1 to 3");
	if (c == 'P' && !(v >= 0 && v <= 100))
		return bad_option(text, "the priority is 0 to 100");
	if (c == 'P')
		opt.priority = (int)v;
	else if (c == 't')
		opt.timeout = v;
	else if (c == 'F')
		opt.seccomp = v > 0 ? 1 : (int)v;
	else
		opt.level = v < 0 ? LOG_DEBUG : v < 1 ? LOG_INFO :
			    v < 2 ? LOG_WARNING : LOG_ERR;
	return 0;
}

static int take_option(int c)
{
	switch (c) {
	case 'f': opt.file = optarg; break;
	case 'u': opt.user = optarg; break;
	case 'l': opt.log_file = optarg; break;
	case 'n': opt.foreground = true; break;
	case 'd': opt.foreground = opt.debug = true; break;
	case 'q': opt.foreground = opt.debug = opt.once = true; break;
	case 'Q':
		opt.foreground = opt.debug = opt.once = opt.dry = true;
		opt.no_control = true;
		break;
	case 'x': opt.no_control = true; break;
	case 's': opt.by_rtc = true; break;
	case '4': opt.family = AF_INET; break;
	case '6': opt.family = AF_INET6; break;
	case 'c': opt.check = true; break;
	case 'p': opt.check = opt.print = true; break;
	case 'R': opt.restarted = true; break;
	case 'm': opt.lock_all = true; break;
	/* chronyd's: what they ask for is what kntpd always does. */
	case 'r': case 'U': break;
	case 't': case 'F': case 'L': case 'P':
		return take_number(c, optarg);
	case 'v':
		puts("kntpd " KNTP_VERSION);
		return -1;
	case 'h':
		usage(stdout);
		return -1;
	default:
		usage(stderr);
		return 2;
	}
	return 0;
}

static int read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "check", no_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int c, err;

	while ((c = getopt_long(argc, argv, "f:u:l:ndqQxst:46F:L:P:RrUmpvh", longs,
				NULL)) != -1) {
		err = take_option(c);
		if (err)
			return err;
	}
	opt.directive = argv + optind;
	opt.n_directive = (size_t)(argc - optind);
	return 0;
}

/* What options of the command line change in each configuration that is read. */
static void adjust(struct config *c)
{
	if (opt.restarted && c->makestep_limit > 0)
		c->makestep_limit = 0;
	if (opt.user) {
		free(c->user);
		c->user = strdup(opt.user);
	}
	if (opt.lock_all)
		c->lock_all = true;
	if (opt.priority)
		c->sched_priority = opt.priority;
}

/* The directory is left, but a reload reads the same file. */
static void keep_file(void)
{
	static char path[PATH_MAX];

	if (!opt.n_directive && realpath(opt.file, path))
		opt.file = path;
}

static int read_conf(void)
{
	struct conf_error error = { .text = "" };
	size_t i;
	int err;

	if (opt.print)
		conf_echo = stdout;
	if (opt.check)
		conf_complaints = stderr;
	if (opt.n_directive)
		err = conf_parse_lines(&conf,
				       (const char *const *)opt.directive,
				       opt.n_directive, &error);
	else
		err = conf_read(&conf, opt.file, &error);
	if (err) {
		fprintf(stderr, "kntpd: %s%s\n", opt.check ? "error: " : "",
			error.text);
		return 1;
	}
	for (i = 0; !opt.check && i < conf.warnings.n; i++)
		log_msg(LOG_WARNING, "%s", conf.warnings.at[i]);
	conf_echo = NULL;
	adjust(&conf);
	keep_file();
	return 0;
}

static void time_is_up(void *arg)
{
	(void)arg;
	if (opt.once && !reference.synced) {
		log_msg(LOG_ERR, "no time was found in %g s", opt.timeout);
		status = 1;
	}
	loop_stop();
}

/* -q and -Q: the first bursts are over, and somebody was selected. */
static void have_time(void *arg)
{
	double left = reference_correction();

	(void)arg;
	if (opt.dry)
		log_msg(LOG_INFO, "the system clock is wrong by %.6f s (ignored)",
			-left);
	else if (discipline_step())
		status = 1;
	loop_stop();
}

static void reference_changed(void)
{
	if (opt.once && reference.synced && !done.armed)
		timer_set(&done, 8);
}

/* A source whose first burst is not over, or that has not had its time. */
static bool may_answer_yet(const struct ntp_source *src, double elapsed)
{
	return src->state == NTP_ONLINE &&
	       (src->burst_left || src->fd >= 0 ||
		(!src->missed && elapsed < ldexp(4, src->opt.minpoll)));
}

/* -q and -Q: as chronyd, not for ever when nobody answers. */
static void look_for_hope(void *arg)
{
	double elapsed = (double)(loop_now() - began) * 1e-9;
	const struct ntp_source *src;
	bool hope = elapsed < ONCE_LEAST ||
		    (pool_unresolved() && elapsed < ONCE_LOOKUP) ||
		    (conf.n_refclock && elapsed < ONCE_REFCLOCK);

	(void)arg;
	for (src = ntp_sources; src; src = src->next)
		hope |= may_answer_yet(src, elapsed);
	if (done.armed)
		return;
	if (hope) {
		timer_set(&give_up, 1);
		return;
	}
	log_msg(LOG_ERR, "No suitable source for synchronisation");
	status = 1;
	loop_stop();
}

static bool has_pidfile(void)
{
	return conf.pidfile && *conf.pidfile && !privs_simulated();
}

/*
 * Two would steer one clock, and tell the module in turn. -Q and -q leave no
 * file; only the first of them may run beside another kntpd.
 */
static int be_the_only_one(void)
{
	int err = 0, pid = 0;

	if (!has_pidfile() || opt.dry)
		return 0;
	if (opt.once)
		err = process_other(conf.pidfile, &pid) ? -EBUSY : 0;
	else
		err = process_lock(conf.pidfile);
	if (err == -EBUSY) {
		process_other(conf.pidfile, &pid);
		log_msg(LOG_ERR, "another kntpd may already be running (pid %d): %s is locked",
			pid, conf.pidfile);
		return err;
	}
	if (err)
		log_msg(LOG_WARNING, "%s: cannot be written: %s", conf.pidfile,
			strerror(-err));
	return 0;
}

static bool follows(void)
{
	return conf.follow.what != CONF_FOLLOW_NOTHING;
}

static int begin_clock(void)
{
	bool control = !opt.no_control && !follows();
	int err = clk_init(control);

	if (err) {
		log_msg(LOG_ERR, "the system clock cannot be set: %s (-x does not)",
			strerror(-err));
		return err;
	}
	if (conf.clockprecision > 0)
		clk_set_precision(conf.clockprecision);
	daemon_status.started = clk_real();
	daemon_status.controls_clock = control;
	daemon_status.follow = follows() ? daemon_status.follow : "sources";
	if (opt.by_rtc && control)
		rtc_set_system(&conf);
	select_init(&conf);
	if (opt.once)
		discipline_once();
	return discipline_init(&conf);
}

static int begin_sources(void)
{
	int err;

	if (opt.family)
		ntp_network.family = opt.family;
	if (follows())
		return 0;
	begun.sources = true;
	reference_on_change(reference_changed);
	if (!opt.once) {
		dump_start(conf.dumpdir);
		rtc_start(&conf);
	}
	err = refclock_start(&conf);
	if (err)
		log_msg(LOG_ERR, "%s", strerror(-err));
	return err;
}

/* Tell the parent process and the service manager, which wait for this. */
static void say_started(void)
{
	process_started(true);
	notify_ready();
}

/* The initial step is made, or no server has given a sample for it. */
static void initial_step_over(void)
{
	char why[NTP_WHY] = "";

	/* What a reload meanwhile has added is there already. */
	if (ntp_reload(&conf, why))
		log_msg(LOG_ERR, "%s", why);
	say_started();
}

/* Without rights: names are looked up, and what a resolver sends is parsed. */
static int begin_servers(void)
{
	char why[NTP_WHY] = "";
	int err = 0;

	if (begun.serve)
		serve_look_up(&conf);
	/* As chronyd: not with -q, -Q or -R. */
	if (!follows() && !opt.once && !opt.restarted)
		initstep_start(&conf, initial_step_over);
	if (!follows() && !initstep_pending())
		err = ntp_start(&conf, why);
	if (err)
		log_msg(LOG_ERR, "%s", *why ? why : strerror(-err));
	return err;
}

static int begin_control(void)
{
	int err;

	if (privs_simulated() || opt.once || !conf.controlsocket ||
	    !*conf.controlsocket)
		return 0;
	err = control_open(conf.controlsocket);
	if (err == -EADDRINUSE) {
		log_msg(LOG_ERR, "another kntpd may already be running: one answers at %s",
			conf.controlsocket);
		return err;
	}
	if (err)
		log_msg(LOG_WARNING, "%s: %s: kntp cannot ask this daemon",
			conf.controlsocket, strerror(-err));
	return 0;
}

static void network_changed(void)
{
	apply_look();
	serve_look();
	ntp_network_changed();
	hwts_look();
}

static void begin_links(void)
{
	int err = privs_simulated() ? 0 : links_start(network_changed);

	if (err)
		log_msg(LOG_WARNING, "changes of the network are not noticed: %s",
			strerror(-err));
}

/* FN is called for the directory of each kind of file that is written. */
static void each_directory(void (*fn)(const char *what, const char *path))
{
	char path[PATH_MAX];

	if (conf.logdir)
		fn("logdir", conf.logdir);
	if (conf.dumpdir)
		fn("dumpdir", conf.dumpdir);
	if (conf.driftfile && process_parent(conf.driftfile, path))
		fn("driftfile", path);
}

static void make_directory(const char *what, const char *path)
{
	process_make_directory(what, path, conf.user ? conf.user : PRIVS_USER);
}

/* All that needs more rights than are kept, or files of root's. */
static int begin_with_rights(void)
{
	int err;

	process_allow_files();
	if (!opt.once && !privs_simulated())
		each_directory(make_directory);
	if (conf.lock_all)
		process_lock_memory();
	if (conf.sched_priority > 0)
		process_set_priority(conf.sched_priority);
	if (!follows() && !privs_simulated())
		suspend_open();
	if (!opt.once)
		mail_start(&conf);
	err = begin_clock();
	if (err)
		return err;
	begun.clock = true;
	if (!opt.once) {
		begun.serve = true;
		/* First: sockets ask for stamps by what it says. */
		hwts_start(&conf);
		err = serve_start(&conf);
		records_init(&conf);
		rates_start(&conf);
	}
	if (!err)
		err = begin_sources();
	if (!err)
		begin_links();
	return err;
}

static void set_timers(void)
{
	limit.fn = time_is_up;
	done.fn = have_time;
	give_up.fn = look_for_hope;
	began = loop_now();
	if (!opt.once && !follows())
		local_begin();
	if (!follows())
		suspend_watch();
	if (opt.timeout > 0)
		timer_set(&limit, opt.timeout);
	if (opt.once && !privs_simulated())
		timer_set(&give_up, 1);
}

/*
 * First that it is alone, then what needs rights, then they are dropped, and only
 * then the first name is looked up.
 */
static int begin(void)
{
	int err;

	begun.rest = true;
	/* It makes the directory of the pid file as well. */
	err = begin_control();
	if (!err)
		err = be_the_only_one();
	if (!err)
		err = begin_with_rights();
	if (err)
		return err;
	act_init(opt.file, &conf);
	act_init_lines((const char *const *)opt.directive, opt.n_directive);
	act_on_read(adjust);
	loop_on_hangup(act_hangup);
	err = privs_drop(conf.user);
	if (err)
		return err;
	if (!opt.once && !privs_simulated())
		each_directory(process_check_directory);
	/* With the rights that a reload has as well. */
	log_copy(conf.logfile, conf.logfile_size);
	err = seccomp_start(opt.seccomp);
	if (!err)
		err = begin_servers();
	if (!err)
		set_timers();
	return err;
}

/* Also after a begin() that failed: what it had begun. */
static void end(void)
{
	notify_stopping();
	select_stop();
	if (begun.rest) {
		control_close();
		links_stop();
	}
	if (begun.serve)
		hwts_stop();
	suspend_stop();
	if (begun.serve)
		rates_stop();
	if (begun.sources) {
		dump_stop();
		initstep_stop();
		ntp_stop();
		refclock_stop();
		rtc_stop();
	}
	if (begun.clock)
		discipline_stop();
	mail_stop();
	if (begun.serve)
		serve_stop();
	if (has_pidfile())
		process_unlock(conf.pidfile);
	conf_free(&conf);
}

int main(int argc, char **argv)
{
	int err = read_options(argc, argv);

	if (err)
		return err < 0 ? 0 : err;
	log_init(false, opt.level);
	err = read_conf();
	if (err || opt.check)
		return err;
	log_init(!opt.debug, opt.level);
	if (!opt.foreground && process_leave_terminal()) {
		log_msg(LOG_ERR, "the terminal cannot be left: %m");
		return 1;
	}
	if (opt.log_file)
		log_to_file(opt.log_file);
	log_msg(LOG_INFO, "kntpd " KNTP_VERSION " begins");
	/* What is set in the module meanwhile is not to be left half done. */
	loop_catch_signals();
	if (begin()) {
		end();
		process_started(false);
		return 1;
	}
	if (!initstep_pending())
		say_started();
	err = loop_run();
	if (err) {
		log_msg(LOG_ERR, "poll: %s", strerror(-err));
		status = 1;
	}
	log_msg(LOG_INFO, "kntpd ends");
	end();
	return status;
}
