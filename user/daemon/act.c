// SPDX-License-Identifier: GPL-2.0
/* What an administrator asks for; report.h is its contract. */
#include "act.h"
#include "clk.h"
#include "conf.h"
#include "discipline.h"
#include "keys.h"
#include "local.h"
#include "log.h"
#include "notify.h"
#include "ntp.h"
#include "pool.h"
#include "publish.h"
#include "records.h"
#include "refclock.h"
#include "report.h"
#include "select.h"
#include "serve.h"
#include "smooth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct {
	const char *file;
	const char *const *directive;
	size_t n_directive;
	void (*adjust)(struct config *c);
	struct config *conf;
} act;

/**
 * act_init() - what a reload reads and replaces
 * @file: the configuration's; an absolute path, as kntpd leaves its directory
 * @conf: what is in force; is replaced by a reload
 */
void act_init(const char *file, struct config *conf)
{
	act.file = file;
	act.conf = conf;
}

/**
 * act_init_lines() - the configuration came from the command line
 * @line: its directives, which a reload reads again in place of a file
 * @n: how many; 0: there is a file
 */
void act_init_lines(const char *const *line, size_t n)
{
	act.directive = line;
	act.n_directive = n;
}

/**
 * act_on_read() - what options of the command line change
 * @adjust: called with each configuration that is read again
 */
void act_on_read(void (*adjust)(struct config *c))
{
	act.adjust = adjust;
}

const struct config *report_config(void)
{
	return act.conf;
}

int act_makestep(char *why)
{
	int err = discipline_step();

	if (err == -EPERM)
		snprintf(why, REPORT_WHY, "the system clock is not controlled");
	else if (err == -EAGAIN)
		snprintf(why, REPORT_WHY, "nothing was measured yet");
	else if (err)
		snprintf(why, REPORT_WHY, "%s", strerror(-err));
	return err;
}

int act_smoothing(bool reset, char *why)
{
	int err = reset ? smooth_reset(clk_raw()) : smooth_activate();

	if (err)
		snprintf(why, REPORT_WHY, "there is no smoothtime");
	else
		publish_now();
	return err;
}

/* Under `follow` another daemon asks the sources, and kntpd has none. */
static int refuse_under_follow(char *why)
{
	if (act.conf->follow.what == CONF_FOLLOW_NOTHING)
		return 0;
	snprintf(why, REPORT_WHY, "kntpd follows another daemon, which has the sources: use that daemon's command (chronyc)");
	return -EPERM;
}

/* Calls FN for every server and peer that WHICH means. */
static int for_each(const char *which, char *why,
		    void (*fn)(struct ntp_source *src, const void *arg),
		    const void *arg)
{
	struct source *s, *next;
	bool found = false;

	if (refuse_under_follow(why))
		return -EPERM;
	for (s = sources; s; s = next) {
		next = s->next;
		if (s->type == SOURCE_REFCLOCK || !report_matches(s, which))
			continue;
		found = true;
		fn((struct ntp_source *)s, arg);
	}
	if (found || !which)
		return 0;
	snprintf(why, REPORT_WHY, "no source is %s", which);
	return -ENOENT;
}

static void burst(struct ntp_source *src, const void *arg)
{
	const unsigned int *n = arg;

	ntp_burst(src, n[0], n[1]);
}

int act_burst(unsigned int good, unsigned int total, const char *which,
	      char *why)
{
	unsigned int n[] = { good, total };

	return for_each(which, why, burst, n);
}

static void set_online(struct ntp_source *src, const void *arg)
{
	ntp_set_online(src, *(const bool *)arg);
}

/* A name that has no address yet is known as well. */
static int set_state(const char *which, bool online, char *why)
{
	unsigned int lines = ntp_groups_set_online(which, online);
	int err = for_each(which, why, set_online, &online);

	return err == -ENOENT && lines ? 0 : err;
}

int act_online(const char *which, char *why)
{
	return set_state(which, true, why);
}

int act_offline(const char *which, char *why)
{
	return set_state(which, false, why);
}

int act_add(const char *line, char *why)
{
	struct conf_error error = { .text = "" };
	struct source_conf s;
	char reason[NTP_WHY] = "";
	int err = refuse_under_follow(why);

	if (err)
		return err;
	err = conf_source_parse(&s, line, &error);
	if (err) {
		snprintf(why, REPORT_WHY, "%.*s", REPORT_WHY - 1, error.text);
		return err;
	}
	err = ntp_add_line(act.conf, &s, true, reason);
	if (err)
		snprintf(why, REPORT_WHY, "%.*s", REPORT_WHY - 1, reason);
	return err;
}

static void remove_source(struct ntp_source *src, const void *arg)
{
	(void)arg;
	ntp_remove(src);
}

int act_delete(const char *which, char *why)
{
	if (!which) {
		snprintf(why, REPORT_WHY, "which source?");
		return -EINVAL;
	}
	if (refuse_under_follow(why))
		return -EPERM;
	if (ntp_groups_del(which))
		return 0;
	return for_each(which, why, remove_source, NULL);
}

/*
 * What is used from the start on, by pointers into the configuration: the drivers
 * of reference clocks, the settings of network devices, the drift file, the
 * directory of the samples. A reload does not change these, so they stay, and the
 * rest of the old one can be freed.
 */
static void keep_what_is_held(struct config *new, struct config *old)
{
#define SWAP(field)							\
	do {								\
		__typeof__(new->field) field = new->field;		\
		new->field = old->field;				\
		old->field = field;					\
	} while (0)
	SWAP(refclock);
	SWAP(n_refclock);
	SWAP(refclock_room);
	SWAP(hwtimestamp);
	SWAP(n_hwtimestamp);
	SWAP(hwtimestamp_room);
	SWAP(driftfile);
	SWAP(driftfile_interval);
	SWAP(dumpdir);
#undef SWAP
}

static int read_again(struct config *new, char *why)
{
	struct conf_error error = { .text = "" };
	size_t i;
	int err;

	if (act.n_directive)
		err = conf_parse_lines(new, act.directive, act.n_directive,
				       &error);
	else
		err = conf_read(new, act.file, &error);
	if (err)
		snprintf(why, REPORT_WHY, "%.*s", REPORT_WHY - 1, error.text);
	for (i = 0; !err && i < new->warnings.n; i++)
		log_msg(LOG_WARNING, "%s", new->warnings.at[i]);
	if (!err && act.adjust)
		act.adjust(new);
	return err;
}

/**
 * act_reload() - have another configuration, all of it or none
 * @why: REPORT_WHY bytes for what is wrong
 *
 * First all is read and made ready, then all is swapped, which cannot fail but by
 * the want of memory for a source. Return: 0 or -errno.
 */
int act_reload(char *why)
{
	char reason[KEYS_WHY > (int)NTP_WHY ? KEYS_WHY : NTP_WHY] = "";
	struct serve_prepared prepared;
	struct config new, old;
	int err = read_again(&new, why);

	if (err)
		return err;
	err = serve_prepare(&new, &prepared, reason);
	if (err) {
		conf_free(&new);
		snprintf(why, REPORT_WHY, "%.*s", REPORT_WHY - 1,
			 *reason ? reason : strerror(-err));
		return err;
	}
	if (!refclock_same(&new))
		log_msg(LOG_WARNING, "refclock: changed lines are read at the next start");
	keep_what_is_held(&new, act.conf);
	old = *act.conf;
	*act.conf = new;
	/* A source names its key: first the keys. */
	serve_reload(act.conf, &prepared);
	select_reload(act.conf);
	err = ntp_reload(act.conf, reason);
	if (err)
		snprintf(why, REPORT_WHY, "%.*s", REPORT_WHY - 1,
			 *reason ? reason : strerror(-err));
	records_reopen();
	log_reopen();
	log_copy(act.conf->logfile, act.conf->logfile_size);
	local_reload(discipline_lost);
	conf_free(&old);
	return err;
}

/**
 * act_hangup() - SIGHUP: read the configuration anew
 */
void act_hangup(void)
{
	char why[REPORT_WHY] = "";

	notify_reloading();
	if (act_reload(why))
		log_msg(LOG_ERR, "nothing was changed: %s", why);
	else
		log_msg(LOG_INFO, "%s was read again", act.n_directive ?
			"the configuration of the command line" : act.file);
	notify_ready();
}
