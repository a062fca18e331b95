// SPDX-License-Identifier: GPL-2.0
#include "pool.h"
#include "address.h"
#include "clk.h"
#include "log.h"

#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

/* Seconds. */
#define LOOK_INTERVAL	60.0	/* at the members */
#define RETRY_FIRST	2.0	/* after a look-up that failed, then doubled */
#define RETRY_LAST	1024.0
#define SPARE_AGE_MAX	3600.0	/* before a name is asked again */
#define REFRESH		1209600.0	/* of names whose sources are good */
#define DENIED_COST	1024.0	/* between two restarts of one that denies */
#define AGAIN_AFTER	300.0	/* for addresses in place of bad ones */

enum {
	UNREACHABLE_POLLS = 8,
	FALSE_SAMPLES = 8,	/* before a source's disagreement is believed */
};

struct ntp_group *ntp_groups;

static unsigned int members(const struct ntp_group *g)
{
	const struct ntp_source *src;
	unsigned int n = 0;

	for (src = ntp_sources; src; src = src->next)
		n += src->group == g;
	return n;
}

static bool was_dropped(const struct ntp_group *g,
			const struct sockaddr_storage *a)
{
	unsigned int i;

	for (i = 0; i < g->n_dropped && i < POOL_DROPPED; i++)
		if (address_equal((const void *)&g->dropped[i],
				  (const void *)a))
			return true;
	return false;
}

static void drop(struct ntp_group *g, struct ntp_source *src)
{
	char buf[ADDRESS_TEXT];

	log_msg(LOG_INFO, "%s: %s is replaced", g->name,
		address_format((const void *)&src->source.address, buf));
	g->dropped[g->n_dropped++ % POOL_DROPPED] = src->source.address;
	ntp_del(src);
}

/* From the spare ones, which are in the order of the resolver. */
static struct ntp_source *add_member(struct ntp_group *g)
{
	struct ntp_options opt = g->opt;
	struct ntp_source *src = NULL;
	struct sockaddr_storage a;
	char buf[ADDRESS_TEXT];

	if (g->online >= 0)
		opt.offline = !g->online;
	while (g->n_spare && !src) {
		a = g->spare[0];
		g->n_spare--;
		memmove(g->spare, g->spare + 1,
			g->n_spare * sizeof(g->spare[0]));
		if (was_dropped(g, &a))
			continue;
		src = ntp_add(g->name, (const void *)&a, &opt);
	}
	if (!src)
		return NULL;
	src->group = g;
	log_msg(LOG_INFO, "%s: uses %s", g->name,
		address_format((const void *)&a, buf));
	return src;
}

static void fill_up(struct ntp_group *g)
{
	unsigned int n = members(g);

	while (n < g->wanted && add_member(g))
		n++;
}

/*
 * Sources of other kinds are kept even when they are poor, as one more cannot
 * hurt; these can, or do not serve at all.
 */
static bool is_bad(const struct ntp_source *src)
{
	if (src->state == NTP_DENIED)
		return true;
	if (src->state != NTP_ONLINE)
		return false;
	if (!src->source.reach)
		return src->missed >= UNREACHABLE_POLLS;
	return (src->source.status == SOURCE_FALSETICKER ||
		src->source.status == SOURCE_DISTANCE) &&
	       src->source.updates >= FALSE_SAMPLES;
}

static struct ntp_source *bad_member(const struct ntp_group *g)
{
	struct ntp_source *src;

	for (src = ntp_sources; src; src = src->next)
		if (src->group == g && is_bad(src))
			return src;
	return NULL;
}

static double since_lookup(const struct ntp_group *g)
{
	return (double)(loop_now() - g->last_lookup) * 1e-9;
}

/*
 * One at a time, and only when there is another: a network that is down makes
 * all of them look bad. The names are then asked in vain and all is kept.
 */
static void look(struct ntp_group *g)
{
	struct ntp_source *bad = bad_member(g);

	if (g->n_spare && since_lookup(g) > SPARE_AGE_MAX)
		g->n_spare = 0;
	if (bad && add_member(g))
		drop(g, bad);
	else if (members(g) < g->wanted)
		fill_up(g);
	else if (!bad && since_lookup(g) < g->refresh)
		return;
	else if (!bad)
		lookup_start(&g->lookup);
	if ((bad_member(g) || members(g) < g->wanted) && !g->n_spare &&
	    since_lookup(g) > AGAIN_AFTER)
		lookup_start(&g->lookup);
}

static void on_timer(void *arg)
{
	struct ntp_group *g = arg;

	if (!members(g))
		lookup_start(&g->lookup);
	else
		look(g);
	timer_set(&g->timer, LOOK_INTERVAL * (1 + 0.1 * ntp_random_part()));
}

static bool is_used(const struct ntp_group *g, const struct sockaddr_storage *a)
{
	unsigned int i;

	for (i = 0; i < g->n_spare; i++)
		if (address_equal((const void *)&g->spare[i], (const void *)a))
			return true;
	return ntp_find((const void *)a);
}

/* Of a server that has moved: no longer where its name says it is. */
static struct ntp_source *moved(const struct ntp_group *g,
				const struct sockaddr_storage *addr,
				unsigned int n)
{
	struct sockaddr_storage a;
	struct ntp_source *src;
	unsigned int i;

	for (src = ntp_sources; src && src->group != g; src = src->next)
		;
	if (g->wanted > 1 || !src)
		return NULL;
	for (i = 0; i < n; i++) {
		a = addr[i];
		address_set_port((void *)&a, g->port);
		if (address_equal((const void *)&a,
				  (const void *)&src->source.address))
			return NULL;
	}
	return src;
}

static void take(struct ntp_group *g, const struct sockaddr_storage *addr,
		 unsigned int n)
{
	struct sockaddr_storage a;
	unsigned int i;

	g->n_spare = 0;
	for (i = 0; i < n && g->n_spare < RESOLVE_MAX; i++) {
		a = addr[i];
		address_set_port((void *)&a, g->port);
		if (!is_used(g, &a) && !was_dropped(g, &a))
			g->spare[g->n_spare++] = a;
	}
}

static void retry(struct ntp_group *g)
{
	double delay = fmin(ldexp(RETRY_FIRST, (int)g->failures), RETRY_LAST);

	if (g->failures < 16)
		g->failures++;
	timer_set(&g->timer, delay * (1 + 0.1 * ntp_random_part()));
}

static void on_lookup(struct lookup *l, int err,
		      const struct sockaddr_storage *addr, unsigned int n)
{
	struct ntp_group *g = l->arg;
	struct ntp_source *old;

	g->last_lookup = loop_now();
	if (!n && !g->failures)
		log_msg(LOG_WARNING, "%s: no address: %s", g->name,
			g->lookup.manycast ? "no server has answered" :
			err ? gai_strerror(err) : "it has none");
	/* Whatever was wrong with them: there is nothing better. */
	take(g, addr, n);
	if (n && !g->n_spare)
		g->n_dropped = 0;
	old = moved(g, addr, n);
	if (old && add_member(g))
		drop(g, old);
	else if (bad_member(g))
		look(g);
	fill_up(g);
	if (members(g)) {
		g->failures = 0;
		if (!g->timer.armed)
			timer_set(&g->timer, LOOK_INTERVAL);
	} else {
		retry(g);
	}
}

static int add_literal(struct ntp_group *g, struct sockaddr_storage *a)
{
	struct ntp_source *src;

	address_set_port((void *)a, g->port);
	src = ntp_add(g->name, (const void *)a, &g->opt);
	if (!src)
		return -errno;
	src->group = g;
	g->literal = true;
	g->wanted = 1;
	return 0;
}

/**
 * ntp_group_add() - begin with a line
 * @name: an address or a name
 * @port: host order
 * @family: AF_INET or AF_INET6 when only such addresses of the name are used,
 *	else AF_UNSPEC
 * @wanted: sources, of a pool; else 1
 * @opt: of each of them
 * @via: @name is a multicast address, and servers answer there; else NULL
 *
 * Return: it, or NULL with errno set: EEXIST when another line has the same
 * address, EAFNOSUPPORT when it is not of @family, ENAMETOOLONG, ENOMEM.
 */
struct ntp_group *ntp_group_add(const char *name, uint16_t port, int family,
				unsigned int wanted,
				const struct ntp_options *opt,
				const struct manycast *via)
{
	struct sockaddr_storage a;
	struct ntp_group *g;
	int err = 0;

	if (strlen(name) >= CONF_NAME) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	g = calloc(1, sizeof(*g));
	if (!g)
		return NULL;
	memcpy(g->name, name, strlen(name) + 1);
	g->port = port;
	g->wanted = wanted;
	g->opt = *opt;
	g->online = -1;
	g->refresh = REFRESH;
	g->timer = (struct timer){ .fn = on_timer, .arg = g };
	g->lookup = (struct lookup){
		.name = g->name, .family = family, .fn = on_lookup, .arg = g,
	};
	if (via) {
		g->manycast = *via;
		g->lookup.manycast = &g->manycast;
	}
	if (via || !address_parse(name, &a))
		lookup_start(&g->lookup);
	else if (family != AF_UNSPEC && family != a.ss_family)
		err = -EAFNOSUPPORT;
	else
		err = add_literal(g, &a);
	if (err) {
		free(g);
		errno = -err;
		return NULL;
	}
	g->next = ntp_groups;
	ntp_groups = g;
	return g;
}

/**
 * ntp_group_del() - a line is no more
 * @g: is freed, and all of its sources
 */
void ntp_group_del(struct ntp_group *g)
{
	struct ntp_source *src, *next;
	struct ntp_group **p;

	lookup_cancel(&g->lookup);
	timer_cancel(&g->timer);
	for (src = ntp_sources; src; src = next) {
		next = src->next;
		if (src->group == g)
			ntp_del(src);
	}
	for (p = &ntp_groups; *p && *p != g; p = &(*p)->next)
		;
	if (*p)
		*p = g->next;
	free(g);
}

/**
 * ntp_remove() - forget a source and do not replace it
 * @src: is freed
 */
void ntp_remove(struct ntp_source *src)
{
	struct ntp_group *g = src->group;

	ntp_del(src);
	if (g && !--g->wanted)
		ntp_group_del(g);
}

/**
 * ntp_groups_del() - Delete all lines of a name with their sources
 * @name: of the lines
 *
 * Deleting the sources alone would have the name resolved again, and a pool's
 * members replaced. Return: the number of lines deleted.
 */
unsigned int ntp_groups_del(const char *name)
{
	struct ntp_group *g, *next;
	unsigned int n = 0;

	for (g = ntp_groups; g; g = next) {
		next = g->next;
		if (strcmp(g->name, name) != 0)
			continue;
		ntp_group_del(g);
		n++;
	}
	return n;
}

/**
 * ntp_groups_set_online() - Set whether sources that a line gets later are online
 * @name: of the lines; NULL: all lines
 * @online: the state; existing sources keep theirs
 *
 * Return: the number of lines.
 */
unsigned int ntp_groups_set_online(const char *name, bool online)
{
	struct ntp_group *g;
	unsigned int n = 0;

	for (g = ntp_groups; g; g = g->next) {
		if (name && strcmp(g->name, name) != 0)
			continue;
		g->online = online;
		n++;
	}
	return n;
}

/**
 * ntp_refresh() - look all names up again
 *
 * As after the network has come back; sources that are good stay.
 */
void ntp_refresh(void)
{
	struct ntp_group *g;

	for (g = ntp_groups; g; g = g->next) {
		g->failures = 0;
		if (!g->literal)
			lookup_start(&g->lookup);
	}
}

/*
 * Routers and container hosts see a network change every few seconds. A server
 * that drops requests must not receive bursts for ever: two restarts are free, and
 * then one is allowed in each poll interval, which grows while the server is
 * silent.
 */
static bool may_restart(struct ntp_source *src)
{
	int64_t now = loop_now(), cost = (int64_t)(ldexp(1, src->source.poll) *
						   1e9);

	if (src->state == NTP_DENIED)
		cost = (int64_t)(DENIED_COST * 1e9);
	if (src->restarts_until < now)
		src->restarts_until = now;
	if (src->restarts_until - now > cost)
		return false;
	src->restarts_until += cost;
	return true;
}

static void restart(struct ntp_source *src)
{
	if (src->state == NTP_DENIED)
		timer_set(&src->poll_timer, 1 + ntp_random_part());
	else
		ntp_restart(src);
}

static bool wants_restart(const struct ntp_source *src)
{
	if (src->state == NTP_DENIED)
		return true;
	return src->state == NTP_ONLINE && src->missed && !src->burst_left &&
	       src->floor <= src->opt.minpoll;
}

/**
 * ntp_network_changed() - there may be a way now where there was none
 *
 * Sources that answer are not restarted, nor those that sent a RATE kiss. A source
 * that sent a DENY kiss gets one request: its address may be another host now.
 */
void ntp_network_changed(void)
{
	struct ntp_source *src;
	struct ntp_group *g;

	for (g = ntp_groups; g; g = g->next) {
		if (g->literal || members(g) >= g->wanted)
			continue;
		g->failures = 0;
		lookup_start(&g->lookup);
	}
	for (src = ntp_sources; src; src = src->next)
		if (wants_restart(src) && may_restart(src))
			restart(src);
}

/**
 * pool_unresolved() - sources that have no address
 *
 * Return: how many more all names together are to have.
 */
unsigned int pool_unresolved(void)
{
	const struct ntp_group *g;
	unsigned int n = 0, has;

	for (g = ntp_groups; g; g = g->next) {
		has = members(g);
		n += has < g->wanted ? g->wanted - has : 0;
	}
	return n;
}
