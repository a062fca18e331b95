// SPDX-License-Identifier: GPL-2.0
/*
 * Those that listen. A packet that nobody asked for says when it left, and not
 * how long it was under way. So who is heard is asked first, as any server is:
 * that shows how far true time is, and so how long what it sends takes to come
 * here. From then on it is only heard. A packet that is off by more than the delay
 * can explain is not believed (it may have been held up, or be another's), and
 * after some of them in a row it is asked again.
 */
#include "broadcast.h"
#include "address.h"
#include "clk.h"
#include "log.h"
#include "server.h"

#include <ifaddrs.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEARD_MAX = 8,		/* servers */
	DOUBTS_MAX = 3,		/* packets in a row, before it is asked again */
	SAMPLES_MIN = 4,	/* before what it said is reckoned with */
	SILENT_ASK = 8,		/* intervals without it, before it is asked */
	SILENT_FORGET = 24,
	UNANSWERED_MAX = 8,	/* requests, before one is forgotten */
	ASKED_MINPOLL = 3,
	ASKED_MAXPOLL = 6,
	POLL_MAX = 17,
};

/* What sending it may take beyond what a reply takes, s. */
#define SEND_MAX	1e-3
/* How often one that has not answered yet is looked at, s. */
#define UNANSWERED_LOOK	8.0
/* Standard deviations. */
#define SIGMAS		4

static struct {
	struct group_conf line[CONF_GROUPS_MAX];
	size_t n;
	bool told_full;
} heard;

static double seconds(int64_t ns)
{
	return (double)ns * 1e-9;
}

/* By which line a packet is listened to, or NULL. */
static const struct group_conf *line_of(const struct server_packet *p)
{
	const struct group_conf *g;

	for (g = heard.line; g < heard.line + heard.n; g++) {
		if (g->dev[0] && if_nametoindex(g->dev) != p->ifindex)
			continue;
		if (g->address.ss_family == AF_UNSPEC ?
		    p->to.ss_family == AF_INET && !conf_is_multicast(&p->to) :
		    address_same((const void *)&g->address,
				 (const void *)&p->to))
			return g;
	}
	return NULL;
}

/* What is sent to a whole subnet comes back to who has sent it. */
static bool is_ours(const struct sockaddr_storage *a)
{
	struct ifaddrs *all, *one;
	bool ours = false;

	if (getifaddrs(&all))
		return false;
	for (one = all; one && !ours; one = one->ifa_next)
		ours = one->ifa_addr &&
		       address_same(one->ifa_addr, (const void *)a);
	freeifaddrs(all);
	return ours;
}

/* Asks it (again), and finds out anew how long what it sends takes. */
static void ask(struct ntp_source *src)
{
	src->broadcast->listens = false;
	src->broadcast->n_ways = 0;
	src->broadcast->doubts = 0;
	ntp_set_polls(src, ASKED_MINPOLL, ASKED_MAXPOLL);
	ntp_restart(src);
}

/*
 * Anybody can forge a broadcast, but not the reply to a request. Until the sender
 * has replied once, the interval in its packets (up to 54 days until removal) does
 * not count.
 */
static bool has_answered(const struct ntp_source *src)
{
	return src->report.valid;
}

static void expect(struct ntp_source *src)
{
	double wait = 1.5 * ldexp(1, src->broadcast->poll) + 1;

	if (!has_answered(src))
		wait = fmin(wait, UNANSWERED_LOOK);
	timer_set(&src->broadcast->timer, wait);
}

static void on_silence(void *arg)
{
	struct ntp_source *src = arg;
	struct ntp_broadcast *b = src->broadcast;

	b->silent++;
	if (b->silent == SILENT_FORGET ||
	    (!has_answered(src) && src->missed >= UNANSWERED_MAX)) {
		log_msg(LOG_INFO, "%s: %s", src->source.name,
			has_answered(src) ? "broadcasts no more" :
			"does not answer requests: its broadcasts are not used");
		ntp_del(src);
		return;
	}
	expect(src);
	if (!b->listens)
		return;
	ntp_missed(src);
	if (b->silent == SILENT_ASK)
		ask(src);
}

static unsigned int count(void)
{
	const struct ntp_source *src;
	unsigned int n = 0;

	for (src = ntp_sources; src; src = src->next)
		n += src->broadcast != NULL;
	return n;
}

/* One that was not heard before. */
static struct ntp_source *meet(const struct group_conf *g,
			       const struct server_packet *p)
{
	struct ntp_broadcast *b;
	struct ntp_options opt;
	struct ntp_source *src;
	char name[ADDRESS_TEXT];

	if (count() == HEARD_MAX) {
		if (!heard.told_full)
			log_msg(LOG_WARNING, "more than %d servers broadcast: the others are not listened to",
				HEARD_MAX);
		heard.told_full = true;
		return NULL;
	}
	if (is_ours(&p->from))
		return NULL;
	b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	ntp_options_default(&opt);
	opt.iburst = true;
	opt.key = g->key;
	opt.minpoll = ASKED_MINPOLL;
	opt.maxpoll = ASKED_MAXPOLL;
	address_format((const void *)&p->from, name);
	src = ntp_add(name, (const void *)&p->from, &opt);
	if (!src) {
		free(b);
		return NULL;
	}
	b->timer = (struct timer){ .fn = on_silence, .arg = src };
	src->broadcast = b;
	log_msg(LOG_INFO, "%s: broadcasts%s, and is asked", name,
		g->key ? "" : ", unauthenticated");
	return src;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* One more way is known, if it is none of those that cannot be. */
static bool learn(struct ntp_source *src, double way, double error)
{
	struct ntp_broadcast *b = src->broadcast;

	if (way < -error || way > ntp_min_delay(src) + SEND_MAX + error)
		return false;
	b->ways[b->n_ways++] = way;
	if (b->n_ways < BROADCAST_WAYS)
		return true;
	qsort(b->ways, BROADCAST_WAYS, sizeof(b->ways[0]), by_value);
	b->way = (b->ways[BROADCAST_WAYS / 2 - 1] +
		  b->ways[BROADCAST_WAYS / 2]) / 2;
	b->spread = b->ways[BROADCAST_WAYS - 1] - b->ways[0];
	b->listens = true;
	timer_cancel(&src->poll_timer);
	log_msg(LOG_INFO, "%s: is listened to, %.9f s away", src->source.name,
		b->way);
	return true;
}

/* OFF: by how much this packet's delay differs from the measured one, s. */
static void use(struct ntp_source *src, const struct ntp_answer *a,
		const struct server_packet *p, int64_t utc, double off)
{
	struct ntp_broadcast *b = src->broadcast;
	struct sample s = {
		.raw = p->when.raw,
		.utc = utc + llround(b->way * 1e9),
		.delay = ntp_min_delay(src),
		.dispersion = clk_precision() + ntp_precision(a->precision) +
			      b->spread + off,
		.root_delay = a->root_delay,
		.root_dispersion = a->root_dispersion,
		.one_way = true,
	};

	/* The poll is the server's own. */
	ntp_set_polls(src, b->poll, b->poll);
	ntp_use_broadcast(src, a, &s, &p->when);
}

static void doubt(struct ntp_source *src, double off)
{
	if (++src->broadcast->doubts < DOUBTS_MAX)
		return;
	log_msg(LOG_WARNING, "%s: what it broadcasts is off by %.9f s: it is asked again",
		src->source.name, off);
	ask(src);
}

/* What it says against what it said before. Whether it is believed. */
static bool weigh(struct ntp_source *src, const struct ntp_answer *a,
		  const struct server_packet *p)
{
	struct ntp_broadcast *b = src->broadcast;
	int64_t utc = ntp_to_unix(a->transmit, clk_real());
	double way, error, off;
	struct fit f;

	if (!src->source.est.valid || src->source.est.n < SAMPLES_MIN) {
		if (b->listens)
			ask(src);
		return false;
	}
	f = fit_at(&src->source.est.fit, p->when.raw);
	/* What was measured, not what the packet says of itself: it may be anybody's. */
	error = SIGMAS * (f.time_error + f.noise) + clk_precision();
	way = seconds(f.utc - utc);
	if (!b->listens)
		return learn(src, way, error);
	off = fabs(way - b->way);
	if (off > error + b->spread + ntp_min_delay(src) / 2) {
		doubt(src, off);
		return false;
	}
	b->doubts = 0;
	use(src, a, p, utc, off);
	return true;
}

static void on_broadcast(const struct server_packet *p)
{
	const struct group_conf *g = line_of(p);
	struct ntp_source *src;
	struct ntp_answer a;

	if (!g || !ntp_packet_parse(p->data, p->len, &a) ||
	    !ntp_is_by(g->key, p->data, p->len))
		return;
	src = ntp_find((const void *)&p->from);
	/* One that is configured otherwise needs nothing of this. */
	if (src && !src->broadcast)
		return;
	if (!ntp_packet_is_broadcast(&a)) {
		if (src && src->broadcast->listens)
			ntp_missed(src);
		return;
	}
	if (!src)
		src = meet(g, p);
	/* Each counts once, and none that somebody has kept. */
	if (!src || (src->broadcast->last &&
		     (int64_t)(a.transmit - src->broadcast->last) <= 0))
		return;
	src->broadcast->silent = 0;
	src->broadcast->poll = a.poll < 0 ? 0 :
			       a.poll > POLL_MAX ? POLL_MAX : a.poll;
	/* A sender that never replied must not postpone its removal. */
	if (has_answered(src) || !src->broadcast->timer.armed)
		expect(src);
	src->report.received++;
	if (weigh(src, &a, p))
		src->broadcast->last = a.transmit;
}

/* Whether a source would be listened to by what is configured now. */
static bool stays(const struct ntp_source *src)
{
	size_t i;

	for (i = 0; i < heard.n; i++)
		if (heard.line[i].key == src->opt.key)
			return true;
	return false;
}

/**
 * broadcast_listen_set() - to whom is listened from now on
 * @c: says so by its `broadcastclient` and `multicastclient`
 *
 * Those that are listened to already are, if they still are to be.
 */
void broadcast_listen_set(const struct config *c)
{
	struct ntp_source *src, *next;
	size_t i;

	heard.n = 0;
	heard.told_full = false;
	for (i = 0; i < c->n_group; i++)
		if (c->group[i].what == CONF_BROADCAST_CLIENT)
			heard.line[heard.n++] = c->group[i];
	server_set_broadcast_handler(heard.n ? on_broadcast : NULL);
	for (src = ntp_sources; src; src = next) {
		next = src->next;
		if (src->broadcast && !stays(src))
			ntp_del(src);
	}
}
