// SPDX-License-Identifier: GPL-2.0
/* What no line alone can tell. */
#include "conf_parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A line that was read before, for an error or a warning that names it. */
static struct conf_line line_of(struct config *c, struct conf_error *err,
				const char *file, unsigned int number,
				const char *directive)
{
	return (struct conf_line){
		.c = c, .err = err, .file = file, .number = number,
		.word = { (char *)directive }, .n = 1,
	};
}

static int fail(struct conf_error *err, const char *file, unsigned int line,
		const char *directive, const char *why)
{
	struct conf_line l = line_of(NULL, err, file, line, directive);

	return conf_fail(&l, "%s", why);
}

static int warn(struct config *c, const struct refclock_conf *r,
		const char *why)
{
	struct conf_line l = line_of(c, NULL, r->file, r->line, "refclock");

	return conf_warn(&l, "%s", why);
}

static int check_refclock(struct config *c, size_t i, struct conf_error *err)
{
	struct refclock_conf *r = &c->refclock[i];
	bool locked = !r->lock;
	size_t k;

	for (k = 0; k < c->n_refclock; k++) {
		const struct refclock_conf *other = &c->refclock[k];

		if (k < i && other->refid == r->refid &&
		    warn(c, r, "refid: another refclock has it already: lock means the first one"))
			return -ENOMEM;
		if (k < i && other->local && r->local)
			return fail(err, r->file, r->line, "refclock",
				    "local: another refclock is it already");
		locked |= k != i && other->refid == r->lock;
	}
	/* As chronyd: any source may then say which second a pulse is. */
	if (!locked) {
		r->lock = 0;
		if (warn(c, r, "lock: no other refclock has that refid: lock is not used"))
			return -ENOMEM;
	}
	if (r->local && warn(c, r, "local: its time is not followed, and its frequency is not used by this version"))
		return -ENOMEM;
	if (r->driver == CONF_RTC && (c->rtcsync || c->rtcfile))
		return fail(err, r->file, r->line, "refclock",
			    "RTC: not together with rtcsync or rtcfile");
	return 0;
}

static const char *directive_of(const struct source_conf *s)
{
	return s->manycast ? "manycastclient" : s->is_pool ? "pool" :
	       s->is_peer ? "peer" : "server";
}

/* Append "WHAT NAME (FILE:LINE)" to a list, or count what has no room. */
static void name_one(char *list, size_t size, unsigned int *more,
		     const char *what, const char *name, const char *file,
		     unsigned int line)
{
	size_t len = strlen(list);
	int n;

	if (!*more) {
		n = snprintf(list + len, size - len, "%s%s%s%s (%.100s:%u)",
			     len ? ", " : "", what, *name ? " " : "", name,
			     file, line);
		if (n >= 0 && (size_t)n < size - len)
			return;
		list[len] = '\0';
	}
	(*more)++;
}

static void drop_broadcast_clients(struct config *c, char *list, size_t size,
				   unsigned int *more)
{
	size_t i, n = 0;

	for (i = 0; i < c->n_group; i++) {
		const struct group_conf *g = &c->group[i];

		if (g->what == CONF_BROADCAST_CLIENT)
			name_one(list, size, more, "broadcastclient", "",
				 g->file, g->line);
		else
			c->group[n++] = *g;
	}
	c->n_group = n;
}

/*
 * The daemon that is followed has sources of its own, and kntpd must not steer
 * beside it. Sources come from packages and DHCP leases too, so that an error
 * here would let those stop the daemon.
 */
static int drop_sources(struct config *c, struct conf_line *l)
{
	unsigned int more = 0;
	char list[500] = "", rest[40] = "";
	size_t i;

	if (c->follow.what == CONF_FOLLOW_NOTHING)
		return 0;
	for (i = 0; i < c->sources.n; i++)
		name_one(list, sizeof(list), &more,
			 directive_of(&c->sources.at[i]),
			 c->sources.at[i].name, c->sources.at[i].file,
			 c->sources.at[i].line);
	for (i = 0; i < c->n_refclock; i++)
		name_one(list, sizeof(list), &more, "refclock",
			 c->refclock[i].parameter, c->refclock[i].file,
			 c->refclock[i].line);
	drop_broadcast_clients(c, list, sizeof(list), &more);
	c->sources.n = 0;
	c->n_refclock = 0;
	if (!*list)
		return 0;
	if (more)
		snprintf(rest, sizeof(rest), " and %u more", more);
	return conf_warn(l, "follow: the other daemon keeps the time: these sources are not used: %s%s",
			 list, rest);
}

static bool has_local_hook(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->n_listen; i++)
		if (c->listen[i].hook == CONF_HOOK_LOCAL)
			return true;
	return false;
}

static bool allows(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->access.n; i++)
		if (c->access.at[i].allow)
			return true;
	return false;
}

/*
 * The module answers at port 123 of all addresses and devices. Who limits NTP to
 * an inner address must not serve it at the outer one without a word.
 */
static int check_listen(struct config *c, struct conf_line *l)
{
	bool local = has_local_hook(c);
	int err = 0;

	if (c->n_listen && c->port && c->port != 123)
		return conf_fail(l, "port %d does not apply to 'listen': the module answers at port 123 only: remove one of both",
				 c->port);
	if (c->n_listen && !c->port)
		err = conf_warn(l, "port 0 does not apply to 'listen': the module answers at port 123");
	if (!err && local && c->n_bind)
		err = conf_warn(l, "bindaddress does not apply to 'listen hook local': the module answers at all addresses of this host");
	if (!err && local && *c->binddevice)
		err = conf_warn(l, "binddevice does not apply to 'listen hook local': the module answers what comes in by any device: 'listen hook ingress dev %s' limits it",
				c->binddevice);
	if (!err && !c->n_listen && allows(c))
		err = conf_warn(l, "allow without 'listen': kntpd answers requests itself, and not the module ('listen hook local' makes it)");
	return err;
}

/**
 * conf_check() - whether all that was read goes together
 * @l: no line, for its error and warnings
 *
 * Sources are left out under `follow`. Return: 0, -EINVAL or -ENOMEM.
 */
int conf_check(struct conf_line *l)
{
	struct conf_error *err = l->err;
	struct config *c = l->c;
	size_t i;
	int ret = drop_sources(c, l);

	if (ret)
		return ret;
	for (i = 0; i < c->n_refclock; i++)
		if (check_refclock(c, i, err))
			return -EINVAL;
	if (c->rtcsync && c->rtcfile) {
		snprintf(err->text, sizeof(err->text),
			 "rtcsync: not together with rtcfile");
		return -EINVAL;
	}
	return check_listen(c, l);
}
