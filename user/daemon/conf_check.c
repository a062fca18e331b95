// SPDX-License-Identifier: GPL-2.0
/* What no line alone can tell. */
#include "conf_parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int fail(struct conf_error *err, const char *file, unsigned int line,
		const char *directive, const char *why)
{
	char *word = (char *)directive;
	struct conf_line l = {
		.err = err, .file = file, .number = line, .word = { word },
		.n = 1,
	};

	return conf_fail(&l, "%s", why);
}

static int check_refclock(const struct config *c, size_t i,
			  struct conf_error *err)
{
	const struct refclock_conf *r = &c->refclock[i];
	bool locked = !r->lock;
	size_t k;

	for (k = 0; k < c->n_refclock; k++) {
		const struct refclock_conf *other = &c->refclock[k];

		if (k < i && other->refid == r->refid)
			return fail(err, r->file, r->line, "refclock",
				    "refid: another refclock has it already");
		if (k < i && other->local && r->local)
			return fail(err, r->file, r->line, "refclock",
				    "local: another refclock is it already");
		locked |= k != i && other->refid == r->lock;
	}
	if (!locked)
		return fail(err, r->file, r->line, "refclock",
			    "lock: no other refclock has that refid");
	if (r->driver == CONF_RTC && (c->rtcsync || c->rtcfile))
		return fail(err, r->file, r->line, "refclock",
			    "RTC: not together with rtcsync or rtcfile");
	return 0;
}

static int check_follow(const struct config *c, struct conf_error *err)
{
	const char *why = "not together with follow: the time is another daemon's";
	const struct source_conf *s = c->sources.at;
	const struct refclock_conf *r = c->refclock;
	size_t i;

	if (c->follow.what == CONF_FOLLOW_NOTHING)
		return 0;
	if (c->sources.n)
		return fail(err, s->file, s->line,
			    s->manycast ? "manycastclient" :
			    s->is_pool ? "pool" : s->is_peer ? "peer" : "server",
			    why);
	if (c->n_refclock)
		return fail(err, r->file, r->line, "refclock", why);
	for (i = 0; i < c->n_group; i++)
		if (c->group[i].what == CONF_BROADCAST_CLIENT)
			return fail(err, c->group[i].file, c->group[i].line,
				    "broadcastclient", why);
	return 0;
}

/**
 * conf_check() - whether all that was read goes together
 * @c: it
 * @err: why not
 *
 * Return: 0 or -EINVAL.
 */
int conf_check(struct config *c, struct conf_error *err)
{
	size_t i;

	for (i = 0; i < c->n_refclock; i++)
		if (check_refclock(c, i, err))
			return -EINVAL;
	if (c->rtcsync && c->rtcfile) {
		snprintf(err->text, sizeof(err->text),
			 "rtcsync: not together with rtcfile");
		return -EINVAL;
	}
	return check_follow(c, err);
}
