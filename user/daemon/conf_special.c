// SPDX-License-Identifier: GPL-2.0
/* Directives of more than one value. */
#include "conf_parse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define OPTION(type, word, kind, min, max) \
	{ #word, kind, offsetof(struct type, word), min, max, NULL }

enum { POLL_UNSAID = 100 };

/* The word at INDEX is the value of a place in struct config. */
/* RFC 5905 section 12: WATCH, s. */
#define SPIKE_WATCH	900

static int value(struct conf_line *l, size_t index, const char *what,
		 enum conf_kind kind, size_t offset, double min, double max)
{
	const struct conf_option o = { what, kind, offset, min, max, NULL };
	char before[48];

	snprintf(before, sizeof(before), "%s: ", what);
	return conf_value(l, before, &o, l->c, l->word[index]);
}

#define VALUE(index, what, kind, field, min, max) \
	value(l, index, what, kind, offsetof(struct config, field), min, max)

int conf_do_local(struct conf_line *l)
{
	static const struct conf_option options[] = {
		OPTION(local_conf, stratum, CONF_INT, 1, 15),
		OPTION(local_conf, distance, CONF_NEAR_NUMBER, 0, 1e6),
		OPTION(local_conf, activate, CONF_NEAR_NUMBER, 0, 1e6),
		OPTION(local_conf, dispersion, CONF_NUMBER, 0, 15.999),
		OPTION(local_conf, orphan, CONF_FLAG, 0, 0),
		OPTION(local_conf, waitsynced, CONF_NEAR_NUMBER, 0, 1e9),
		OPTION(local_conf, waitunsynced, CONF_NEAR_NUMBER, 0, 1e9),
		OPT_END
	};
	struct local_conf local = {
		.enabled = true, .stratum = 10, .distance = 1,
		.waitunsynced = -1,
	};
	int err = conf_options(l, 1, options, &local);

	if (err)
		return err;
	if (local.waitunsynced < 0)
		local.waitunsynced = local.orphan ? 300 : 0;
	l->c->local = local;
	return 0;
}

int conf_do_ratelimit(struct conf_line *l)
{
	static const struct conf_option options[] = {
		OPTION(ratelimit_conf, interval, CONF_NEAR_INT, -19, 12),
		OPTION(ratelimit_conf, burst, CONF_NEAR_INT, 1, 255),
		OPTION(ratelimit_conf, leak, CONF_NEAR_INT, 1, 4),
		OPTION(ratelimit_conf, kod, CONF_NEAR_INT, 0, 4),
		OPT_END
	};
	struct ratelimit_conf limit = {
		.enabled = true, .interval = 3, .burst = 8, .leak = 2,
	};
	int err = conf_options(l, 1, options, &limit);

	if (!err)
		l->c->ratelimit = limit;
	return err;
}

int conf_do_listen(struct conf_line *l)
{
	static const char *const hooks[] = { "local", "ingress", NULL };
	static const struct conf_option options[] = {
		{ "hook", CONF_CHOICE, offsetof(struct listen_conf, hook), 0, 0,
		  hooks },
		OPTION(listen_conf, dev, CONF_LINK, 0, 0),
		OPT_END
	};
	struct listen_conf listen = { .hook = CONF_HOOK_LOCAL }, *at;
	struct config *c = l->c;
	int err;

	if (l->n < 2 || strcasecmp(l->word[1], "hook"))
		return conf_fail(l, "hook: is missing: hook local, or hook ingress dev LINK");
	err = conf_options(l, 1, options, &listen);
	if (err)
		return err;
	if (listen.hook == CONF_HOOK_LOCAL && *listen.dev)
		return conf_fail(l, "dev: hook local has none");
	if (listen.hook == CONF_HOOK_INGRESS && !*listen.dev)
		return conf_fail(l, "dev: is missing: hook ingress is a device's");
	at = conf_more(l, &c->listen, &c->n_listen, &c->listen_room,
		       sizeof(*at), CONF_LISTEN_MAX);
	if (!at)
		return c->n_listen < CONF_LISTEN_MAX ? -ENOMEM : -EINVAL;
	*at = listen;
	return 0;
}

static int follow_kernel(struct conf_line *l)
{
	static const struct conf_option options[] = {
		OPTION(follow_conf, stratum, CONF_INT, 1, 15),
		OPTION(follow_conf, refid, CONF_REFID, 0, 0),
		OPT_END
	};
	struct follow_conf *f = &l->c->follow;
	int err;

	f->stratum = 0;
	f->refid = 0;
	err = conf_options(l, 2, options, f);
	if (err)
		return err;
	if (!f->stratum)
		return conf_fail(l, "stratum: is missing: the kernel does not know it");
	if (!f->refid)
		return conf_fail(l, "refid: is missing: the kernel does not know it");
	f->what = CONF_FOLLOW_KERNEL;
	return 0;
}

int conf_do_follow(struct conf_line *l)
{
	static const struct conf_option options[] = {
		OPTION(follow_conf, socket, CONF_TEXT, 0, 0),
		OPTION(follow_conf, port, CONF_INT, 0, 65535),
		OPT_END
	};
	struct follow_conf *f = &l->c->follow;

	if (l->n < 2)
		return conf_fail(l, "what is missing: chronyd, or kernel");
	if (!strcasecmp(l->word[1], "kernel"))
		return follow_kernel(l);
	if (strcasecmp(l->word[1], "chronyd"))
		return conf_fail(l, "'%.60s' is neither chronyd nor kernel",
				 l->word[1]);
	f->what = CONF_FOLLOW_CHRONYD;
	return conf_options(l, 2, options, f);
}

int conf_do_hwtimestamp(struct conf_line *l)
{
	static const char *const filters[] = {
		"best", "none", "ntp", "ptp", "all", NULL
	};
	static const struct conf_option dev =
		OPTION(hwtimestamp_conf, dev, CONF_LINK, 0, 0);
	static const struct conf_option options[] = {
		OPTION(hwtimestamp_conf, minpoll, CONF_NEAR_INT, -6, 20),
		OPTION(hwtimestamp_conf, maxpoll, CONF_NEAR_INT, -6, 20),
		OPTION(hwtimestamp_conf, minsamples, CONF_NEAR_INT, 2,
		       CONF_SAMPLES_MAX),
		OPTION(hwtimestamp_conf, maxsamples, CONF_NEAR_INT, 2,
		       CONF_SAMPLES_MAX),
		OPTION(hwtimestamp_conf, precision, CONF_NEAR_NUMBER, 0, 1),
		OPTION(hwtimestamp_conf, txcomp, CONF_NEAR_NUMBER, -1, 1),
		OPTION(hwtimestamp_conf, rxcomp, CONF_NEAR_NUMBER, -1, 1),
		OPTION(hwtimestamp_conf, txrate, CONF_NEAR_INT, 0, 1000000000),
		OPTION(hwtimestamp_conf, nocrossts, CONF_FLAG, 0, 0),
		{ "rxfilter", CONF_CHOICE,
		  offsetof(struct hwtimestamp_conf, rxfilter), 0, 0, filters },
		OPT_END
	};
	struct hwtimestamp_conf h = {
		.maxpoll = POLL_UNSAID, .minsamples = 2, .maxsamples = 16,
		.precision = 100e-9, .txrate = 1000,
	};
	struct hwtimestamp_conf *at;
	struct config *c = l->c;
	int err;

	if (l->n < 2)
		return conf_fail(l, "the name of a link is missing, or *");
	err = conf_value(l, "", &dev, &h, l->word[1]);
	if (!err)
		err = conf_options(l, 2, options, &h);
	if (err)
		return err;
	if (h.maxpoll == POLL_UNSAID)
		h.maxpoll = h.minpoll;
	if (h.maxpoll < h.minpoll) {
		err = conf_warn(l, "maxpoll: %d is less than minpoll, which is %d and is taken for both",
				h.maxpoll, h.minpoll);
		h.maxpoll = h.minpoll;
		if (err)
			return err;
	}
	at = conf_more(l, &c->hwtimestamp, &c->n_hwtimestamp,
		       &c->hwtimestamp_room, sizeof(*at), CONF_HWTIMESTAMP_MAX);
	if (!at)
		return c->n_hwtimestamp < CONF_HWTIMESTAMP_MAX ? -ENOMEM :
								 -EINVAL;
	*at = h;
	return 0;
}

/* initstepslew THRESHOLD [NAME]... */
int conf_do_initstepslew(struct conf_line *l)
{
	int err = conf_count(l, 1, CONF_INITSTEP_MAX + 1, "THRESHOLD NAME");
	size_t i;

	if (!err)
		err = VALUE(1, "THRESHOLD", CONF_NEAR_NUMBER, initstep_threshold,
			    0, 1e10);
	if (err)
		return err;
	conf_strings_free(&l->c->initstep);
	for (i = 2; !err && i < l->n; i++)
		err = conf_keep_string(l, &l->c->initstep, l->word[i],
				       CONF_INITSTEP_MAX);
	if (!err && l->n == 2)
		err = conf_warn(l, "has no effect without a server");
	return err;
}

int conf_do_makestep(struct conf_line *l)
{
	int err = conf_count(l, 2, 2, "THRESHOLD LIMIT");

	if (!err)
		err = VALUE(1, "THRESHOLD", CONF_NEAR_NUMBER, makestep, 0, 1e10);
	if (!err)
		err = VALUE(2, "LIMIT", CONF_INT, makestep_limit, -2147483648.0,
			    2147483647);
	return err;
}

int conf_do_maxchange(struct conf_line *l)
{
	int err = conf_count(l, 3, 3, "OFFSET START IGNORE");

	if (!err)
		err = VALUE(1, "OFFSET", CONF_NEAR_NUMBER, maxchange, 0, 1e10);
	if (!err)
		err = VALUE(2, "START", CONF_INT, maxchange_start, 0,
			    2147483647);
	if (!err)
		err = VALUE(3, "IGNORE", CONF_INT, maxchange_ignore,
			    -2147483648.0, 2147483647);
	return err;
}

int conf_do_spike(struct conf_line *l)
{
	int err = conf_count(l, 1, 2, "OFFSET [WATCH]");

	l->c->spike_watch = SPIKE_WATCH;
	if (!err)
		err = VALUE(1, "OFFSET", CONF_NUMBER, spike, 0, 1e10);
	if (!err && l->n == 3)
		err = VALUE(2, "WATCH", CONF_NUMBER, spike_watch, 0, 1e9);
	return err;
}

int conf_do_logfile(struct conf_line *l)
{
	int err = conf_count(l, 1, 2, "FILE [SIZE]");

	l->c->logfile_size = 0;
	if (!err)
		err = conf_string(l, &l->c->logfile, l->word[1]);
	if (!err && l->n == 3)
		err = VALUE(2, "SIZE", CONF_NUMBER, logfile_size, 0, 1e15);
	return err;
}

int conf_do_sourcesonly(struct conf_line *l)
{
	int err = conf_count(l, 0, 0, "");

	if (!err)
		snprintf(l->c->sourcesonly, sizeof(l->c->sourcesonly), "%s",
			 l->file);
	return err;
}

int conf_do_driftfile(struct conf_line *l)
{
	static const struct conf_option options[] = {
		{ "interval", CONF_NEAR_NUMBER,
		  offsetof(struct config, driftfile_interval), 0, 1e9, NULL },
		OPT_END
	};

	if (l->n < 2)
		return conf_fail(l, "FILE: a word is missing");
	l->c->driftfile_interval = 3600;
	return conf_string(l, &l->c->driftfile, l->word[1]) ?:
	       conf_options(l, 2, options, l->c);
}

int conf_do_smoothtime(struct conf_line *l)
{
	int err = conf_count(l, 2, 3, "MAX-FREQUENCY MAX-WANDER");

	if (!err)
		err = VALUE(1, "MAX-FREQUENCY", CONF_NEAR_NUMBER, smoothtime_freq, 0,
			    100000);
	if (!err)
		err = VALUE(2, "MAX-WANDER", CONF_NEAR_NUMBER, smoothtime_wander, 0,
			    100000);
	if (err)
		return err;
	l->c->smoothtime_leaponly = l->n == 4;
	if (l->n == 4 && strcasecmp(l->word[3], "leaponly"))
		return conf_fail(l, "'%.60s' is not leaponly", l->word[3]);
	return 0;
}

int conf_do_fallbackdrift(struct conf_line *l)
{
	int err = conf_count(l, 2, 2, "MIN-INTERVAL MAX-INTERVAL");

	if (!err)
		err = VALUE(1, "MIN-INTERVAL", CONF_INT, fallbackdrift_min, 0,
			    31);
	if (!err)
		err = VALUE(2, "MAX-INTERVAL", CONF_INT, fallbackdrift_max, 0,
			    31);
	return err;
}

/* tempcomp FILE INTERVAL POINTS-FILE, or FILE INTERVAL T0 K0 K1 K2 */
int conf_do_tempcomp(struct conf_line *l)
{
	struct tempcomp_conf *t = &l->c->tempcomp;
	int err = conf_count(l, 3, 6, "FILE INTERVAL T0 K0 K1 K2, or FILE INTERVAL POINTS-FILE");

	if (!err && l->n != 4 && l->n != 7)
		err = conf_fail(l, "FILE INTERVAL T0 K0 K1 K2, or FILE INTERVAL POINTS-FILE, is wanted");
	if (!err)
		err = VALUE(2, "INTERVAL", CONF_NEAR_NUMBER, tempcomp.interval,
			    0.1, 1e6);
	if (!err && l->n == 7)
		err = VALUE(3, "T0", CONF_NUMBER, tempcomp.t0, -1e12, 1e12) ?:
		      VALUE(4, "K0", CONF_NUMBER, tempcomp.k0, -1e12, 1e12) ?:
		      VALUE(5, "K1", CONF_NUMBER, tempcomp.k1, -1e12, 1e12) ?:
		      VALUE(6, "K2", CONF_NUMBER, tempcomp.k2, -1e12, 1e12);
	if (err)
		return err;
	free(t->points);
	t->points = NULL;
	err = conf_string(l, &t->file, l->word[1]);
	if (!err && l->n == 4)
		err = conf_string(l, &t->points, l->word[3]);
	return err;
}

int conf_do_mailonchange(struct conf_line *l)
{
	int err = conf_count(l, 2, 2, "EMAIL THRESHOLD");

	if (!err)
		err = conf_string(l, &l->c->mailonchange, l->word[1]);
	if (!err)
		err = VALUE(2, "THRESHOLD", CONF_NEAR_NUMBER, mailonchange_limit, 0,
			    1e9);
	return err;
}

int conf_do_log(struct conf_line *l)
{
	static const char *const words[] = {
		"rawmeasurements", "measurements", "selection", "statistics",
		"tracking", "rtc", "refclocks", "tempcomp", "requests", NULL
	};
	static const struct conf_option option = {
		"log", CONF_CHOICE, 0, 0, 0, words
	};
	unsigned int log = 0;
	int err, index;
	size_t i;

	for (i = 1; i < l->n; i++) {
		err = conf_value(l, "", &option, &index, l->word[i]);
		if (err)
			return err;
		log |= 1U << index;
	}
	l->c->log |= log;
	return 0;
}
