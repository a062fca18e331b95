// SPDX-License-Identifier: GPL-2.0
/* broadcast, broadcastclient, multicastclient and manycastserver. */
#include "conf_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { INTERVAL_MAX = 1 << 17 };	/* s */

#define AT(member)	offsetof(struct group_conf, member)
#define KEY		{ "key", CONF_U32, AT(key), 1, 4294967295.0, NULL }

static const struct conf_option sends[] = {
	OPT_LINK(dev), KEY,
	OPT_INT(ttl, 1, 255),
	OPT_INT(version, 1, 4),
	OPT_END
};

static const struct conf_option listens[] = {
	OPT_LINK(dev), KEY,
	OPT_FLAG(unauthenticated),
	OPT_END
};

static const struct conf_option answers[] = { OPT_LINK(dev), OPT_END };

bool conf_is_multicast(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *in6 = (const void *)a;
	const struct sockaddr_in *in = (const void *)a;

	return a->ss_family == AF_INET6 ?
	       IN6_IS_ADDR_MULTICAST(&in6->sin6_addr) :
	       a->ss_family == AF_INET && IN_MULTICAST(ntohl(in->sin_addr.s_addr));
}

static int address(struct conf_line *l, const char *word, struct group_conf *g)
{
	struct sockaddr_in6 *in6 = (void *)&g->address;
	struct sockaddr_in *in = (void *)&g->address;

	if (inet_pton(AF_INET, word, &in->sin_addr) == 1)
		g->address.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, word, &in6->sin6_addr) == 1)
		g->address.ss_family = AF_INET6;
	else
		return conf_fail(l, "'%.60s' is not an IPv4 or IPv6 address; its link is said by dev",
				 word);
	if (g->what != CONF_BROADCAST && !conf_is_multicast(&g->address))
		return conf_fail(l, "'%.60s' is no multicast address", word);
	if (g->address.ss_family == AF_INET6 && !conf_is_multicast(&g->address))
		return conf_fail(l, "'%.60s': IPv6 has multicast addresses alone for this",
				 word);
	return 0;
}

/* Who believes what anybody says has to say that. */
static int check_trust(struct conf_line *l, const struct group_conf *g)
{
	if (!g->key && !g->unauthenticated)
		return conf_fail(l, "key N is missing: without one anybody can set this clock; who wants that says unauthenticated");
	if (g->key && g->unauthenticated)
		return conf_fail(l, "key and unauthenticated contradict each other");
	return 0;
}

static int add(struct conf_line *l, const struct group_conf *g)
{
	struct config *c = l->c;
	struct group_conf *at;

	at = conf_more(l, &c->group, &c->n_group, &c->group_room, sizeof(*at),
		       CONF_GROUPS_MAX);
	if (!at)
		return c->n_group < CONF_GROUPS_MAX ? -ENOMEM : -EINVAL;
	memcpy(at, g, sizeof(*g));
	if (l->file)
		snprintf(at->file, sizeof(at->file), "%.255s", l->file);
	at->line = l->number;
	/* Of both families at the same place. */
	((struct sockaddr_in *)&at->address)->sin_port = htons(at->port);
	return 0;
}

static void begin(struct group_conf *g, enum conf_group what)
{
	/* All of it, so that two of them can be compared. */
	memset(g, 0, sizeof(*g));
	g->what = what;
	g->port = 123;
	g->ttl = 1;
	g->version = 4;
}

/* broadcast INTERVAL ADDRESS [PORT] [OPTION]... */
int conf_do_broadcast(struct conf_line *l)
{
	struct group_conf g;
	struct conf_option interval = {
		"INTERVAL", CONF_INT, AT(interval), 1, INTERVAL_MAX, NULL
	};
	struct conf_option port = {
		"PORT", CONF_U16, AT(port), 1, 65535, NULL
	};
	size_t next = 3;
	double number;
	int err;

	begin(&g, CONF_BROADCAST);
	if (l->n < 3)
		return conf_fail(l, "INTERVAL and ADDRESS are needed");
	err = conf_value(l, "INTERVAL: ", &interval, &g, l->word[1]);
	if (!err)
		err = address(l, l->word[2], &g);
	if (!err && l->n > 3 && conf_is_number(l->word[3], &number)) {
		err = conf_value(l, "PORT: ", &port, &g, l->word[3]);
		next = 4;
	}
	if (!err)
		err = conf_options(l, next, sends, &g);
	return err ? err : add(l, &g);
}

/* broadcastclient | multicastclient ADDRESS, [dev LINK] key N|unauthenticated */
int conf_do_broadcastclient(struct conf_line *l)
{
	bool multicast = !strcasecmp(l->word[0], "multicastclient");
	struct group_conf g;
	int err = 0;

	begin(&g, CONF_BROADCAST_CLIENT);
	if (multicast && l->n < 2)
		return conf_fail(l, "its ADDRESS is missing");
	if (multicast)
		err = address(l, l->word[1], &g);
	if (!err)
		err = conf_options(l, multicast ? 2 : 1, listens, &g);
	if (!err)
		err = check_trust(l, &g);
	return err ? err : add(l, &g);
}

/* manycastserver ADDRESS [dev LINK] */
int conf_do_manycastserver(struct conf_line *l)
{
	struct group_conf g;
	int err;

	begin(&g, CONF_MANYCAST_SERVER);
	if (l->n < 2)
		return conf_fail(l, "its ADDRESS is missing");
	err = address(l, l->word[1], &g);
	if (!err)
		err = conf_options(l, 2, answers, &g);
	return err ? err : add(l, &g);
}

/* What only a manycast client has, and what it needs. */
int conf_check_manycast(struct conf_line *l, const struct source_conf *s)
{
	struct group_conf g;
	int err;

	begin(&g, CONF_BROADCAST_CLIENT);
	if (!s->manycast) {
		if (s->ttl || *s->dev || s->unauthenticated)
			return conf_fail(l, "ttl, dev and unauthenticated are for manycastclient");
		return 0;
	}
	g.key = s->key;
	g.unauthenticated = s->unauthenticated;
	err = address(l, s->name, &g);
	return err ? err : check_trust(l, &g);
}
