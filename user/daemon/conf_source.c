// SPDX-License-Identifier: GPL-2.0
/* server, pool, peer and manycastclient. */
#include "conf_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define QUANTILE_MIN	0.05

/* UNSAID is beyond the range of each option: the line does not have the option. */
enum { UNSAID = 1000, POLL_MIN = -7, POLL_MAX = 24 };

struct source_words {
	struct source_conf s;
	bool nts;
	uint32_t certset;
	int ntsport;
};

#define AT(member)	offsetof(struct source_words, s.member)

/* Ranges as chronyd has them: beyond one, the nearest value is used. */
static const struct conf_option options[] = {
	OPT_INT(minpoll, -999, 999),
	OPT_INT(maxpoll, -999, 999),
	OPT_NEAR_INT(presend, -7, 100),
	OPT_NEAR_INT(version, 1, 4),
	OPT_NEAR_INT(filter, 0, 32),
	OPT_NEAR_INT(minsamples, 0, CONF_SAMPLES_MAX),
	OPT_NEAR_INT(maxsamples, 0, CONF_SAMPLES_MAX),
	OPT_NEAR_INT(maxunreach, 0, 2147483647),
	OPT_NEAR_INT(polltarget, 1, 1000),
	OPT_NEAR_INT(minstratum, 0, 15),
	OPT_NEAR_INT(maxsources, 1, 16),
	OPT_INT(ttl, 1, 255),
	OPT_NEAR_NUMBER(maxdelay, 0, 1000),
	OPT_NEAR_NUMBER(maxdelayratio, 0, 1e6),
	OPT_NEAR_NUMBER(maxdelaydevratio, 0, 1e6),
	OPT_NEAR_NUMBER(maxdelayquant, 0, 0.95),
	OPT_NEAR_NUMBER(mindelay, 0, 1000),
	OPT_NEAR_NUMBER(offset, -1e12, 1e12),
	OPT_NEAR_NUMBER(asymmetry, -0.5, 0.5),
	OPT_FLAG(iburst),
	OPT_FLAG(burst),
	OPT_FLAG(prefer),
	OPT_FLAG(noselect),
	OPT_FLAG(trust),
	OPT_FLAG(require),
	OPT_FLAG(xleave),
	OPT_FLAG(offline),
	OPT_FLAG(auto_offline),
	OPT_FLAG(copy),
	OPT_FLAG(unauthenticated),
	OPT_LINK(dev),
	OPT_FLAG(ipv4),
	OPT_FLAG(ipv6),
	{ "port", CONF_U16, AT(port), 0, 65535, NULL },
	{ "key", CONF_U32, AT(key), 1, 4294967295.0, NULL },
	{ "extfield", CONF_HEX, 0, 0, 0, NULL },
	{ "nts", CONF_FLAG, offsetof(struct source_words, nts), 0, 0, NULL },
	{ "certset", CONF_U32, offsetof(struct source_words, certset), 0,
	  4294967295.0, NULL },
	{ "ntsport", CONF_INT, offsetof(struct source_words, ntsport), 0, 65535,
	  NULL },
	OPT_END
};

static void defaults(struct source_conf *s)
{
	memset(s, 0, sizeof(*s));
	s->port = 123;
	s->minpoll = UNSAID;
	s->maxpoll = UNSAID;
	s->presend = 100;
	s->minsamples = -1;
	s->maxsamples = -1;
	s->maxunreach = 100000;
	s->polltarget = 8;
	s->maxsources = 4;
	s->maxdelay = 3;
	s->maxdelaydevratio = 10;
	s->asymmetry = UNSAID;
}

/*
 * As chronyd: below the range it is the default, for the shortest interval
 * there is would be a flood of requests; above, the end of the range.
 */
static void limit_poll(struct conf_line *l, const char *what, int *poll,
		       int usual)
{
	int near = *poll < POLL_MIN ? usual : *poll > POLL_MAX ? POLL_MAX :
							       *poll;

	if (*poll == UNSAID || near == *poll)
		return;
	conf_warn(l, "%s: %d is outside %d to %d: %d is used", what, *poll,
		  POLL_MIN, POLL_MAX, near);
	*poll = near;
}

/* As chronyd has it: the shortest interval wins over the longest. */
static int set_polls(struct conf_line *l, struct source_conf *s)
{
	limit_poll(l, "minpoll", &s->minpoll, 6);
	limit_poll(l, "maxpoll", &s->maxpoll, 10);
	if (s->minpoll == UNSAID)
		s->minpoll = 6;
	if (s->maxpoll == UNSAID) {
		s->maxpoll = s->minpoll > 10 ? s->minpoll : 10;
	} else if (s->maxpoll < s->minpoll) {
		conf_warn(l, "maxpoll: %d is less than minpoll, which is %d and is taken for both",
			  s->maxpoll, s->minpoll);
		s->maxpoll = s->minpoll;
	}
	return 0;
}

/* 0 is no limit. As chronyd: a quantile below 0.05 is taken for 0.05. */
static int limit_quantile(struct conf_line *l, struct source_conf *s)
{
	if (!(s->maxdelayquant > 0) || s->maxdelayquant >= QUANTILE_MIN)
		return 0;
	s->maxdelayquant = QUANTILE_MIN;
	return conf_warn(l, "maxdelayquant: a quantile below %g: %g is used",
			 QUANTILE_MIN, QUANTILE_MIN);
}

/* What a symmetric association has not. */
static int check_peer(struct conf_line *l, struct source_conf *s)
{
	if (s->iburst || s->burst || s->copy || s->presend != 100)
		conf_warn(l, "iburst, burst, presend and copy have no effect on a peer");
	s->iburst = false;
	s->burst = false;
	s->copy = false;
	s->presend = 100;
	return 0;
}

static bool is_literal(const char *name)
{
	char plain[INET6_ADDRSTRLEN];
	struct in6_addr addr;
	size_t len = strcspn(name, "%");

	if (inet_pton(AF_INET, name, &addr) == 1)
		return true;
	if (len >= sizeof(plain))
		return false;
	memcpy(plain, name, len);
	plain[len] = '\0';
	return inet_pton(AF_INET6, plain, &addr) == 1 &&
	       (!name[len] || name[len + 1]);
}

static int set_name(struct conf_line *l, struct source_conf *s)
{
	const char *name = l->word[1], *p;

	if (strlen(name) >= sizeof(s->name))
		return conf_fail(l, "its name is longer than %zu characters",
				 sizeof(s->name) - 1);
	for (p = name; !is_literal(name) && *p; p++)
		if (strchr("%/:,;()<>\"'\\`$&|*?[]{}", *p) ||
		    (unsigned char)*p <= ' ' || *p == 0x7f)
			return conf_fail(l,
				"'%.60s' is neither a name nor an address",
				name);
	memcpy(s->name, name, strlen(name));
	return 0;
}

static int check(struct conf_line *l, const struct source_words *w)
{
	if (w->nts)
		return conf_fail(l, "nts: Network Time Security is not spoken by kntpd");
	if (w->s.ipv4 && w->s.ipv6)
		return conf_fail(l, "ipv4 and ipv6 leave it no address");
	if (!w->s.port)
		return conf_fail(l, "port: nobody answers at port 0");
	if (w->s.n_extfield)
		conf_warn(l, "extfield: has no effect: kntpd sends no extension fields, and the source is used without them");
	if (w->certset != UNSAID || w->ntsport != UNSAID)
		conf_warn(l, "certset, ntsport: have no effect: NTS is not spoken by kntpd");
	return 0;
}

/**
 * conf_source_line() - a line as a source
 * @l: of server, pool or peer
 * @s: is set when it is right
 *
 * Return: 0 or -EINVAL.
 */
int conf_source_line(struct conf_line *l, struct source_conf *s)
{
	struct source_words w;
	int err;

	memset(&w, 0, sizeof(w));
	w.certset = UNSAID;
	w.ntsport = UNSAID;
	defaults(&w.s);
	w.s.manycast = !strcasecmp(l->word[0], "manycastclient");
	w.s.is_pool = w.s.manycast || !strcasecmp(l->word[0], "pool");
	w.s.is_peer = !strcasecmp(l->word[0], "peer");
	if (l->n < 2)
		return conf_fail(l, "its name is missing, or its address");
	err = set_name(l, &w.s);
	if (!err)
		err = conf_options(l, 2, options, &w);
	if (!err)
		err = check(l, &w);
	if (!err)
		err = conf_check_manycast(l, &w.s);
	if (!err)
		err = set_polls(l, &w.s);
	if (!err && w.s.is_peer)
		err = check_peer(l, &w.s);
	if (!err)
		err = limit_quantile(l, &w.s);
	if (err)
		return err;
	w.s.has_asymmetry = w.s.asymmetry <= 0.5;
	if (!w.s.has_asymmetry)
		w.s.asymmetry = 0;
	if (l->file)
		snprintf(w.s.file, sizeof(w.s.file), "%.255s", l->file);
	w.s.line = l->number;
	memcpy(s, &w.s, sizeof(*s));
	return 0;
}

int conf_do_source(struct conf_line *l)
{
	struct conf_sources *list = l->sources;
	struct source_conf s, *at;
	int err = conf_source_line(l, &s);

	if (err)
		return err;
	at = conf_more(l, &list->at, &list->n, &list->room, sizeof(*at),
		       CONF_SOURCES_MAX);
	if (!at)
		return list->n < CONF_SOURCES_MAX ? -ENOMEM : -EINVAL;
	memcpy(at, &s, sizeof(s));
	return 0;
}

/**
 * conf_source_equal() - whether a source is still the same
 * @a: from conf_read() or conf_sources_read()
 * @b: likewise
 *
 * Return: true when only the places in the files may differ.
 */
bool conf_source_equal(const struct source_conf *a,
		       const struct source_conf *b)
{
	size_t from = offsetof(struct source_conf, name);

	/* Both began as zeros and were copied whole, so that padding is too. */
	return !memcmp((const char *)a + from, (const char *)b + from,
		       sizeof(*a) - from);
}

/**
 * conf_sources_free() - forget a list of sources
 * @list: is empty then
 */
void conf_sources_free(struct conf_sources *list)
{
	free(list->at);
	memset(list, 0, sizeof(*list));
}
