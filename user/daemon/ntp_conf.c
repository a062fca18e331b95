// SPDX-License-Identifier: GPL-2.0
/* From the lines of the configuration to sources, and to others of them. */
#include "address.h"
#include "keys.h"
#include "log.h"
#include "pool.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANYCAST_TTL = 32 };

static void take_options(const struct config *c, const struct source_conf *s,
			 struct ntp_options *o)
{
	int max = s->maxsamples >= 0 ? s->maxsamples : c->maxsamples;

	ntp_options_default(o);
	o->peer = s->is_peer;
	if (s->version)
		o->version = (uint8_t)s->version;
	o->minpoll = (int8_t)s->minpoll;
	o->maxpoll = (int8_t)s->maxpoll;
	o->iburst = s->iburst;
	o->burst = s->burst;
	o->interleaved = s->xleave;
	o->offline = s->offline;
	o->auto_offline = s->auto_offline;
	o->key = s->key;
	o->noselect = s->noselect;
	o->prefer = s->prefer;
	o->trust = s->trust;
	o->require = s->require;
	o->presend = s->presend;
	o->filter = s->filter > 0 ? (unsigned int)s->filter : 0;
	o->minstratum = (uint8_t)s->minstratum;
	o->samples_max = max > 0 ? (unsigned int)max : 0;
	if (s->polltarget > 0)
		o->polltarget = (unsigned int)s->polltarget;
	o->offset = s->offset;
	o->has_asymmetry = s->has_asymmetry;
	o->asymmetry = s->asymmetry;
	o->copy = s->copy;
	o->maxunreach = (unsigned int)s->maxunreach;
	o->mindelay = s->mindelay;
	o->maxdelay = s->maxdelay;
	o->maxdelayratio = s->maxdelayratio;
	o->maxdelaydevratio = s->maxdelaydevratio;
	o->maxdelayquant = s->maxdelayquant;
}

static void take_manycast(const struct source_conf *s,
			  const struct ntp_options *opt, struct manycast *m)
{
	memset(m, 0, sizeof(*m));
	address_parse(s->name, &m->address);
	address_set_port((void *)&m->address, s->port);
	memcpy(m->dev, s->dev, sizeof(m->dev));
	m->ttl = s->ttl ? s->ttl : MANYCAST_TTL;
	m->wanted = (unsigned int)s->maxsources;
	m->version = opt->version;
	m->key = s->key;
}

static const char *reason(int err)
{
	switch (err) {
	case EEXIST:
		return "another source has this address";
	case EAFNOSUPPORT:
		return "an address of the family that is not used";
	default:
		return strerror(err);
	}
}

/**
 * ntp_add_line() - a line more
 * @c: says what the line does not
 * @s: the line
 * @by_hand: it is in no file, so that ntp_reload() leaves it alone
 * @why: NTP_WHY bytes for what is wrong
 *
 * A name that cannot be looked up is no error: it is tried again and again.
 * Return: 0 or -errno.
 */
int ntp_add_line(const struct config *c, const struct source_conf *s,
		 bool by_hand, char *why)
{
	unsigned int wanted = s->is_pool && s->maxsources > 0 ?
			      (unsigned int)s->maxsources : 1;
	int family = s->ipv4 ? AF_INET : s->ipv6 ? AF_INET6 :
		     ntp_network.family;
	struct ntp_options opt;
	struct manycast via;
	struct ntp_group *g;

	if (s->key && !keys_find(s->key))
		log_msg(LOG_WARNING, "%s: key %u is not in the keyfile",
			s->name, s->key);
	take_options(c, s, &opt);
	if (s->manycast)
		take_manycast(s, &opt, &via);
	g = ntp_group_add(s->name, s->port, family, wanted, &opt,
			  s->manycast ? &via : NULL);
	if (!g) {
		int err = errno;

		snprintf(why, NTP_WHY, "%.200s: %s", s->name, reason(err));
		return -err;
	}
	g->conf = *s;
	g->by_hand = by_hand;
	/* As chronyd: 0 is never. */
	g->refresh = c->refresh > 0 ? c->refresh : INFINITY;
	return 0;
}

/* Says where the line is, too. */
static int add(const struct config *c, const struct source_conf *s, char *why)
{
	char what[NTP_WHY] = "";
	int err = ntp_add_line(c, s, false, what);

	if (err)
		snprintf(why, NTP_WHY, "%.80s:%u: %.220s", s->file, s->line,
			 what);
	if (err)
		log_msg(LOG_WARNING, "%s: this source is not used", why);
	return err;
}

static void take_network(const struct config *c)
{
	struct ntp_network *n = &ntp_network;

	n->port = c->acquisitionport > 0 ? (uint16_t)c->acquisitionport : 0;
	n->address4 = c->bindacq4;
	n->address6 = c->bindacq6;
	memcpy(n->device, c->bindacqdevice, sizeof(n->device));
	n->dscp = c->dscp;
	n->stamp_wait = c->hwtstimeout;
}

/**
 * ntp_start() - ask all sources of a configuration
 * @c: it
 * @why: NTP_WHY bytes for what is wrong
 *
 * As chronyd: a source that cannot be had (its address is another's, or of a
 * family that is not used) is left out with a warning, for DHCP leases name
 * sources too. Return: 0 or -ENOMEM.
 */
int ntp_start(const struct config *c, char *why)
{
	size_t i;
	int err;

	take_network(c);
	for (i = 0; i < c->sources.n; i++) {
		err = add(c, &c->sources.at[i], why);
		if (err == -ENOMEM)
			return err;
	}
	return 0;
}

/* A line that stands there twice counts twice; STAYS says which are taken. */
static bool still_there(const struct config *c, const struct ntp_group *g,
			bool *stays)
{
	struct ntp_options opt;
	size_t i;

	for (i = 0; i < c->sources.n; i++) {
		if (stays[i] ||
		    !conf_source_equal(&c->sources.at[i], &g->conf))
			continue;
		/* The rest of the configuration may have changed it. */
		take_options(c, &c->sources.at[i], &opt);
		if (memcmp(&opt, &g->opt, sizeof(opt)))
			continue;
		stays[i] = true;
		return true;
	}
	return false;
}

/**
 * ntp_reload() - have the sources of another configuration
 * @c: it
 * @why: NTP_WHY bytes for what is wrong
 *
 * A source that cannot be had is left out, as at the start. Return: 0 or -ENOMEM.
 */
int ntp_reload(const struct config *c, char *why)
{
	bool *stays = calloc(c->sources.n + 1, sizeof(*stays));
	struct ntp_group *g, *next;
	int err = 0;
	size_t i;

	if (!stays)
		return -ENOMEM;
	take_network(c);
	for (g = ntp_groups; g; g = next) {
		next = g->next;
		if (!g->by_hand && !still_there(c, g, stays))
			ntp_group_del(g);
	}
	for (i = 0; i < c->sources.n && err != -ENOMEM; i++)
		if (!stays[i])
			err = add(c, &c->sources.at[i], why);
	free(stays);
	return err == -ENOMEM ? err : 0;
}

/**
 * ntp_stop() - forget all sources
 */
void ntp_stop(void)
{
	while (ntp_groups)
		ntp_group_del(ntp_groups);
	while (ntp_sources)
		ntp_del(ntp_sources);
}
