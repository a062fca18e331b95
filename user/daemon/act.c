// SPDX-License-Identifier: GPL-2.0
/* What an administrator asks for; report.h is its contract. */
#include "act.h"
#include "clk.h"
#include "conf.h"
#include "discipline.h"
#include "local.h"
#include "log.h"
#include "notify.h"
#include "ntp.h"
#include "pool.h"
#include "publish.h"
#include "records.h"
#include "refclock.h"
#include "report.h"
#include "serve.h"
#include "smooth.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct {
	const char *file;
	struct config *conf;
} act;

/**
 * act_init() - what a reload reads and replaces
 * @file: the configuration's
 * @conf: what is in force; its sources are replaced by a reload
 */
void act_init(const char *file, struct config *conf)
{
	act.file = file;
	act.conf = conf;
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

int act_online(const char *which, char *why)
{
	bool online = true;

	return for_each(which, why, set_online, &online);
}

int act_offline(const char *which, char *why)
{
	bool online = false;

	return for_each(which, why, set_online, &online);
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
	return for_each(which, why, remove_source, NULL);
}

/* Takes over what a running daemon can change; the rest wants a restart. */
static void take_over(struct config *new)
{
	struct config old = *act.conf;

	*act.conf = *new;
	*new = old;
}

int act_reload(char *why)
{
	struct conf_error error = { .text = "" };
	char reason[NTP_WHY] = "";
	struct config new;
	int err;

	memset(&new, 0, sizeof(new));
	err = conf_read(&new, act.file, &error);
	if (err) {
		snprintf(why, REPORT_WHY, "%.*s", REPORT_WHY - 1, error.text);
		return err;
	}
	if (!refclock_same(&new))
		log_msg(LOG_WARNING, "refclock: changed lines are read at the next start");
	take_over(&new);
	err = ntp_reload(act.conf, reason);
	if (!err)
		err = serve_reload(act.conf, reason);
	if (err) {
		snprintf(why, REPORT_WHY, "%.*s", REPORT_WHY - 1,
			 *reason ? reason : strerror(-err));
		take_over(&new);
	}
	records_reopen();
	log_copy(act.conf->logfile, act.conf->logfile_size);
	if (!err)
		local_reload(discipline_lost);
	/* Strings of the first configuration are held by many: they stay. */
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
		log_msg(LOG_INFO, "%s was read anew", act.file);
	notify_ready();
}
