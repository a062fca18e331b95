/* SPDX-License-Identifier: GPL-2.0 */
/* The command line: what its objects share. */
#ifndef KNTP_CTL_H
#define KNTP_CTL_H

#include "nl.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_status {
	EXIT_DONE,
	EXIT_REFUSED,
	EXIT_USAGE,
	EXIT_NOT_PERMITTED,
	EXIT_NO_MODULE,
	EXIT_NOT_RUNNING = EXIT_NO_MODULE,	/* kntpd */
};

struct ctl {
	const char *what;	/* "clock set", for messages */
	bool verbose;
	bool pretty;		/* of -p */
	struct nl nl;		/* after ctl_open() */
};

/* ARGV holds the words after the verb. Returns an enum exit_status. */
typedef int (*ctl_fn)(struct ctl *ctl, int argc, char **argv);

struct command {
	const char *object;
	const char *verb;	/* NULL: the object is the whole command */
	ctl_fn fn;
	const char *words;	/* what follows, as in the manual */
	const char *help;
	bool csv;		/* -c has a form for what it prints */
};

/* "kntp: WHAT: …" to stderr; both return the exit status. */
int ctl_usage(const struct ctl *ctl, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int ctl_failed(const struct ctl *ctl, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Opens the family; 0, or an exit status once the reason is printed. */
int ctl_open(struct ctl *ctl);

/*
 * What the kernel said of a request, as an exit status; ON (may be NULL)
 * names what it was about. 0 for no error.
 */
int ctl_result(const struct ctl *ctl, int err, const char *on);
int exit_of(int err);

/* The words KEY VALUE ..., in any order. VALUE is NULL if it was not given. */
struct word {
	const char *key;
	bool required;
	const char *value;
};

/* Fills the values; 0, or EXIT_USAGE once the word at fault is named. */
int words_parse(const struct ctl *ctl, struct word *words, size_t n, int argc,
		char **argv);
/* EXIT_USAGE when there are words after a verb that takes none. */
int words_none(const struct ctl *ctl, int argc, char **argv);

/* Reads every listener; then prints them as a list, and forgets them. */
int listen_fetch(struct ctl *ctl);
/* Of the last listen_fetch(). */
size_t listen_count(void);
void listen_print(const char *heading);
/* The number of prefixes in the access list. */
int acl_count(struct ctl *ctl, uint64_t *count);
/* The device's name, for an index. BUF has IF_NAMESIZE bytes or more. */
const char *dev_name(uint32_t ifindex, char *buf);

int cmd_status(struct ctl *ctl, int argc, char **argv);
int cmd_monitor(struct ctl *ctl, int argc, char **argv);
int cmd_listen_add(struct ctl *ctl, int argc, char **argv);
int cmd_listen_del(struct ctl *ctl, int argc, char **argv);
int cmd_listen_show(struct ctl *ctl, int argc, char **argv);
int cmd_acl_allow(struct ctl *ctl, int argc, char **argv);
int cmd_acl_auth(struct ctl *ctl, int argc, char **argv);
int cmd_acl_deny(struct ctl *ctl, int argc, char **argv);
int cmd_acl_pass(struct ctl *ctl, int argc, char **argv);
int cmd_acl_del(struct ctl *ctl, int argc, char **argv);
int cmd_acl_load(struct ctl *ctl, int argc, char **argv);
int cmd_acl_check(struct ctl *ctl, int argc, char **argv);
int cmd_acl_show(struct ctl *ctl, int argc, char **argv);
int cmd_acl_flush(struct ctl *ctl, int argc, char **argv);
int cmd_clock_set(struct ctl *ctl, int argc, char **argv);
int cmd_clock_show(struct ctl *ctl, int argc, char **argv);
int cmd_clock_set_rtc(struct ctl *ctl, int argc, char **argv);
int cmd_client_show(struct ctl *ctl, int argc, char **argv);
int cmd_client_set(struct ctl *ctl, int argc, char **argv);
int cmd_client_flush(struct ctl *ctl, int argc, char **argv);
int cmd_limit_set(struct ctl *ctl, int argc, char **argv);
int cmd_limit_budget(struct ctl *ctl, int argc, char **argv);
int cmd_limit_deny(struct ctl *ctl, int argc, char **argv);
int cmd_limit_off(struct ctl *ctl, int argc, char **argv);
int cmd_limit_show(struct ctl *ctl, int argc, char **argv);
int cmd_key_add(struct ctl *ctl, int argc, char **argv);
int cmd_key_del(struct ctl *ctl, int argc, char **argv);
int cmd_key_load(struct ctl *ctl, int argc, char **argv);
int cmd_key_show(struct ctl *ctl, int argc, char **argv);
int cmd_phc_show(struct ctl *ctl, int argc, char **argv);
int cmd_stats_show(struct ctl *ctl, int argc, char **argv);
int cmd_stats_reset(struct ctl *ctl, int argc, char **argv);

/* kntpd's. */
int cmd_tracking(struct ctl *ctl, int argc, char **argv);
int cmd_sources(struct ctl *ctl, int argc, char **argv);
int cmd_sourcestats(struct ctl *ctl, int argc, char **argv);
int cmd_selectdata(struct ctl *ctl, int argc, char **argv);
int cmd_ntpdata(struct ctl *ctl, int argc, char **argv);
int cmd_activity(struct ctl *ctl, int argc, char **argv);
int cmd_serverstats(struct ctl *ctl, int argc, char **argv);
int cmd_smoothing(struct ctl *ctl, int argc, char **argv);
int cmd_waitsync(struct ctl *ctl, int argc, char **argv);
int cmd_makestep(struct ctl *ctl, int argc, char **argv);
int cmd_burst(struct ctl *ctl, int argc, char **argv);
int cmd_online(struct ctl *ctl, int argc, char **argv);
int cmd_offline(struct ctl *ctl, int argc, char **argv);
int cmd_add(struct ctl *ctl, int argc, char **argv);
int cmd_delete(struct ctl *ctl, int argc, char **argv);
int cmd_reload(struct ctl *ctl, int argc, char **argv);
int cmd_plot(struct ctl *ctl, int argc, char **argv);
int cmd_report(struct ctl *ctl, int argc, char **argv);
int cmd_top(struct ctl *ctl, int argc, char **argv);
int cmd_w32tm(struct ctl *ctl, int argc, char **argv);

#endif
