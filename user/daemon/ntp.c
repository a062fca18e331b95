// SPDX-License-Identifier: GPL-2.0
/* Associations: they come, go, are started and stopped. */
#include "ntp.h"
#include "address.h"
#include "broadcast.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define START_DELAY	0.2	/* s */

enum {
	IBURST_GOOD = 4,
	IBURST_TOTAL = 8,
	FORGOTTEN_GOOD = 2,
	FORGOTTEN_TOTAL = 4,
};

struct ntp_source *ntp_sources;
struct ntp_network ntp_network;

/**
 * ntp_burst() - ask in quick succession, beginning now
 * @src: whom
 * @good: replies that are enough
 * @total: requests at the most
 *
 * A source that is offline is offline again after it; one that has denied
 * service is not asked, nor is a peer.
 */
void ntp_burst(struct ntp_source *src, unsigned int good, unsigned int total)
{
	if (src->state == NTP_DENIED || src->opt.peer || !good || !total)
		return;
	src->burst_good = good;
	src->burst_left = total;
	timer_set(&src->poll_timer, START_DELAY * (1 + ntp_random_part()));
}

/**
 * ntp_restart() - ask now, with a burst where there is `iburst`
 * @src: is online
 */
void ntp_restart(struct ntp_source *src)
{
	if (src->opt.iburst)
		ntp_burst(src, IBURST_GOOD, IBURST_TOTAL);
	timer_set(&src->poll_timer, START_DELAY * (1 + ntp_random_part()));
}

/**
 * ntp_set_online() - whether a source is asked at all
 * @src: which
 * @online: starts it, with a burst where it has `iburst`, even when the server
 *	has denied service before; else stops it
 */
void ntp_set_online(struct ntp_source *src, bool online)
{
	if (src->state == (online ? NTP_ONLINE : NTP_OFFLINE))
		return;
	if (online) {
		src->state = NTP_ONLINE;
		ntp_restart(src);
		return;
	}
	src->state = NTP_OFFLINE;
	ntp_stop_waiting(src);
	timer_cancel(&src->poll_timer);
	src->burst_good = 0;
	src->burst_left = 0;
	src->source.reach = 0;
	source_changed(&src->source);
}

/**
 * ntp_options_default() - options of a line that has none
 * @opt: is filled
 */
void ntp_options_default(struct ntp_options *opt)
{
	/* All of it, so that two of them can be compared. */
	memset(opt, 0, sizeof(*opt));
	opt->version = NTP_VERSION_MAX;
	opt->minpoll = 6;
	opt->maxpoll = 10;
	opt->presend = 100;
	opt->samples_min = 1;
	opt->polltarget = 8;
	opt->maxunreach = 100000;
	opt->maxdelay = 3;
	opt->maxdelaydevratio = 10;
}

/**
 * ntp_find() - the source of an address
 * @address: and port
 *
 * Return: it, or NULL.
 */
struct ntp_source *ntp_find(const struct sockaddr *address)
{
	struct ntp_source *src;

	for (src = ntp_sources; src; src = src->next)
		if (address_equal((struct sockaddr *)&src->source.address,
				  address))
			break;
	return src;
}

static void fill(struct ntp_source *src, const char *name,
		 const struct sockaddr *address, const struct ntp_options *opt)
{
	struct source *s = &src->source;

	src->opt = *opt;
	src->fd = -1;
	src->poll_timer = (struct timer){ .fn = ntp_poll, .arg = src };
	src->reply_timer = (struct timer){ .fn = ntp_no_reply, .arg = src };
	src->hold_timer = (struct timer){ .fn = ntp_take_held, .arg = src };
	src->floor = opt->minpoll;
	s->type = opt->peer ? SOURCE_PEER : SOURCE_SERVER;
	strncpy(s->name, name, sizeof(s->name) - 1);
	memcpy(&s->address, address, address_len(address));
	s->refid = address_refid(address);
	s->leap = NTP_LEAP_UNSYNC;
	s->poll = opt->minpoll;
	s->noselect = opt->noselect;
	s->authenticated = opt->key;
	s->prefer = opt->prefer;
	s->trust = opt->trust;
	s->require = opt->require;
	s->samples_min = opt->samples_min;
	estimate_init(&s->est, opt->samples_max ? opt->samples_max :
						  ESTIMATE_SAMPLES);
}

/**
 * ntp_add() - a server or peer of one address
 * @name: for people
 * @address: IPv4 or IPv6, with its port
 * @opt: its options
 *
 * Return: it, or NULL with errno set: EEXIST, EAFNOSUPPORT or ENOMEM.
 */
struct ntp_source *ntp_add(const char *name, const struct sockaddr *address,
			   const struct ntp_options *opt)
{
	struct ntp_source *src;

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6) {
		errno = EAFNOSUPPORT;
		return NULL;
	}
	if (ntp_find(address)) {
		errno = EEXIST;
		return NULL;
	}
	src = calloc(1, sizeof(*src));
	if (!src)
		return NULL;
	fill(src, name, address, opt);
	src->next = ntp_sources;
	ntp_sources = src;
	source_add(&src->source);
	if (!opt->offline)
		ntp_set_online(src, true);
	return src;
}

/**
 * ntp_del() - forget a source
 * @src: is freed
 */
void ntp_del(struct ntp_source *src)
{
	struct ntp_source **p;

	ntp_stop_waiting(src);
	timer_cancel(&src->poll_timer);
	for (p = &ntp_sources; *p && *p != src; p = &(*p)->next)
		;
	if (*p)
		*p = src->next;
	source_del(&src->source);
	if (src->broadcast)
		timer_cancel(&src->broadcast->timer);
	free(src->broadcast);
	free(src);
}

/**
 * ntp_forget_all() - stamps of before are of another count of time
 *
 * A reply that is awaited, and what an interleaved exchange is built on, are
 * worth nothing. Who is online is asked at once.
 */
void ntp_forget_all(void)
{
	struct ntp_source *src;

	for (src = ntp_sources; src; src = src->next) {
		ntp_stop_waiting(src);
		src->last_receive = 0;
		src->last_transmit = 0;
		src->peer_transmit = 0;
		src->n_kept = 0;
		if (src->state != NTP_ONLINE)
			continue;
		ntp_restart(src);
		/* Two samples are worth more than one, whatever the options. */
		if (!src->opt.iburst)
			ntp_burst(src, FORGOTTEN_GOOD, FORGOTTEN_TOTAL);
	}
}

/**
 * ntp_set_polls() - change the limits of the interval
 * @src: of whom
 * @minpoll: log2 s
 * @maxpoll: log2 s
 */
void ntp_set_polls(struct ntp_source *src, int minpoll, int maxpoll)
{
	src->opt.minpoll = (int8_t)minpoll;
	src->opt.maxpoll = (int8_t)(maxpoll < minpoll ? minpoll : maxpoll);
	if (src->source.poll < minpoll)
		src->source.poll = (int8_t)minpoll;
	if (src->source.poll > src->opt.maxpoll)
		src->source.poll = src->opt.maxpoll;
}
