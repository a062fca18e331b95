// SPDX-License-Identifier: GPL-2.0
#include "serve.h"
#include "access.h"
#include "access_names.h"
#include "apply.h"
#include "broadcast.h"
#include "conf.h"
#include "follow.h"
#include "keys.h"
#include "log.h"
#include "loop.h"
#include "metrics.h"
#include "mode6.h"
#include "ntp.h"
#include "publish.h"
#include "ratelimit.h"
#include "reference.h"
#include "server.h"
#include "signd.h"

#include <errno.h>
#include <linux/kntp.h>
#include <netinet/in.h>
#include <string.h>

/* What a client takes in the module's table, octets. */
#define CLIENT_SIZE	68

static struct {
	const struct config *conf;	/* of serve_look_up() */
	struct access access;
	struct access control;	/* who may ask in mode 6 */
	struct server_group group[CONF_GROUPS_MAX];
	size_t n_group;
	struct apply_listen listen[APPLY_LISTEN_MAX];
	struct server_options opt;
	char device[IF_NAMESIZE];
	unsigned int ifindex;	/* of DEVICE when the port was opened */
	struct sockaddr_storage only[CONF_BIND_MAX];
	struct follow_options follow;
} serve;

static_assert((int)CONF_LISTEN_MAX <= (int)APPLY_LISTEN_MAX, "listeners");

static uint8_t verdict(const struct access_conf *r)
{
	return r->auth ? KNTP_VERDICT_AUTH :
	       r->allow ? KNTP_VERDICT_ALLOW : KNTP_VERDICT_DENY;
}

/* A rule each for the addresses that the host is known to have. */
static int add_host(struct access *to, const struct access_conf *r,
		    const char *name)
{
	const struct sockaddr_storage *a;
	unsigned int n, i;
	int err = 0;

	a = access_names_find(name, &n);
	for (i = 0; i < n && !err; i++) {
		const struct sockaddr_in6 *in6 = (const void *)&a[i];
		const struct sockaddr_in *in = (const void *)&a[i];
		bool four = a[i].ss_family == AF_INET;

		err = access_add(to, a[i].ss_family,
				 four ? (const void *)&in->sin_addr :
					(const void *)&in6->sin6_addr,
				 four ? 32 : 128, verdict(r), r->all);
	}
	return err;
}

static int read_access(const struct config *c, const struct access_list *list,
		       struct access *to)
{
	const struct access_conf *r;
	int err = 0;

	memset(to, 0, sizeof(*to));
	for (r = list->at; r < list->at + list->n && !err; r++)
		err = r->name ? add_host(to, r, c->names.at[r->name - 1]) :
		      access_add(to, r->family, r->addr, r->len, verdict(r),
				 r->all);
	if (!err)
		err = access_build(to);
	if (err) {
		errno = -err;
		log_msg(LOG_ERR, "the access list cannot be built: %m");
		access_free(to);
	}
	return err;
}

/* How many clients the module is to have room for. */
static uint32_t clients(const struct config *c)
{
	uint64_t n = c->clientloglimit / CLIENT_SIZE;

	if (c->noclientlog)
		return 0;
	if (!c->clientloglimit)
		return APPLY_CLIENTS_ALONE;
	if (n < KNTP_CLIENT_ENTRIES_MIN)
		return KNTP_CLIENT_ENTRIES_MIN;
	return n < KNTP_CLIENT_ENTRIES_MAX ? (uint32_t)n :
					     KNTP_CLIENT_ENTRIES_MAX;
}

/* Its listeners and its list; without one rule an operator's is left alone. */
static void tell_module(const struct config *c)
{
	struct apply_options o = {
		.listen = serve.listen,
		.n_listen = c->n_listen,
		.access = c->access.n ? &serve.access : NULL,
		.clients = clients(c),
		.keep_in = c->dumpdir,
	};
	size_t i;

	if (c->ratelimit.enabled)
		o.limit = (struct apply_limit){
			.interval = (int8_t)c->ratelimit.interval,
			.burst = (uint8_t)c->ratelimit.burst,
			.leak = (uint8_t)c->ratelimit.leak,
			.kod = (uint8_t)c->ratelimit.kod,
		};
	for (i = 0; i < c->n_listen; i++) {
		serve.listen[i].hook = c->listen[i].hook == CONF_HOOK_INGRESS ?
				       KNTP_HOOK_INGRESS : KNTP_HOOK_LOCAL;
		memcpy(serve.listen[i].dev, c->listen[i].dev, IF_NAMESIZE);
	}
	apply_set(&o);
}

static bool has_peers(const struct config *c)
{
	size_t i;

	for (i = 0; i < c->sources.n; i++)
		if (c->sources.at[i].is_peer)
			return true;
	return false;
}

/* What is joined; the rest is sent to, or heard without. */
static void read_groups(const struct config *c)
{
	const struct group_conf *g;
	struct server_group *to;
	size_t i;

	memset(serve.group, 0, sizeof(serve.group));
	serve.n_group = 0;
	for (i = 0; i < c->n_group; i++) {
		g = &c->group[i];
		if (g->what == CONF_BROADCAST ||
		    g->address.ss_family == AF_UNSPEC)
			continue;
		to = &serve.group[serve.n_group++];
		to->address = g->address;
		memcpy(to->dev, g->dev, sizeof(to->dev));
		to->manycast = g->what == CONF_MANYCAST_SERVER;
	}
}

/*
 * One address of a family is bound to. With more of them the socket is open to
 * all, and server.c answers what came to one of them.
 */
static void read_bind(const struct config *c, int family,
		      struct sockaddr_storage *to)
{
	size_t i, n = 0;

	for (i = 0; i < c->n_bind; i++)
		if (c->bind[i].ss_family == family && !n++)
			*to = c->bind[i];
	if (n > 1)
		memset(to, 0, sizeof(*to));
}

static void read_options(const struct config *c, struct server_options *o)
{
	memset(o, 0, sizeof(*o));
	o->port = (uint16_t)c->port;
	read_bind(c, AF_INET, &o->bind4);
	read_bind(c, AF_INET6, &o->bind6);
	memcpy(serve.only, c->bind, sizeof(serve.only));
	o->only = serve.only;
	o->n_only = c->n_bind;
	o->shared = c->port && c->acquisitionport == c->port;
	o->dscp = c->dscp;
	o->peers = has_peers(c) || c->n_group;
	read_groups(c);
	o->group = serve.group;
	o->n_group = serve.n_group;
	o->access = &serve.access;
	memcpy(serve.device, c->binddevice, sizeof(serve.device));
	o->device = serve.device[0] ? serve.device : NULL;
}

/* A port that somebody else has leaves the module, which needs none. */
static void open_port(void)
{
	server_set_peer_handler(ntp_peer_receive, ntp_peer_sent);
	server_set_control_handler(mode6_receive);
	/* Before: a link that comes meanwhile is then another one. */
	serve.ifindex = serve.device[0] ? if_nametoindex(serve.device) : 0;
	if (server_start(&serve.opt))
		log_msg(LOG_WARNING, "requests are not answered by kntpd itself%s%s%s",
			serve.device[0] ? ", as long as there is no " : "",
			serve.device, serve.device[0] ? " to bind to" : "");
}

/**
 * serve_look() - links have come or gone
 *
 * A socket is bound to a link's index: one that was made again under the same
 * name, as a management VRF is at boot, needs a new socket.
 */
void serve_look(void)
{
	unsigned int now = serve.device[0] ? if_nametoindex(serve.device) : 0;

	if (!now || now == serve.ifindex)
		return;
	server_stop();
	open_port();
}

static int start_following(const struct follow_conf *f)
{
	int err;

	serve.follow = (struct follow_options){
		.what = f->what == CONF_FOLLOW_KERNEL ? FOLLOW_KERNEL :
							FOLLOW_CHRONYD,
		.socket = f->socket ? strdup(f->socket) : NULL,
		.port = (uint16_t)f->port,
		.stratum = (uint8_t)f->stratum,
		.refid = f->refid,
	};
	err = follow_start(&serve.follow);
	if (err)
		log_msg(LOG_ERR, "follow: stratum %d is none", f->stratum);
	return err;
}

/**
 * serve_start() - give the time away
 * @c: how and to whom
 *
 * Return: 0 or -errno.
 */
int serve_start(const struct config *c)
{
	bool follows = c->follow.what != CONF_FOLLOW_NOTHING;
	int err = read_access(c, &c->access, &serve.access);
	char why[KEYS_WHY];

	if (!err)
		err = read_access(c, &c->cmdaccess, &serve.control);
	if (!err) {
		/* As chronyd: who needs no key is served all the same. */
		if (keys_read(c->keyfile, why))
			log_msg(LOG_WARNING, "%s: no key is used", why);
	}
	if (!err && follows)
		err = start_following(&c->follow);
	if (err)
		return err;
	if (!follows)
		reference_on_change(publish_now);
	read_options(c, &serve.opt);
	ratelimit_set(&c->ratelimit);
	signd_set(c->ntpsigndsocket);
	mode6_set_access(&serve.control);
	open_port();
	broadcast_send_set(c);
	broadcast_listen_set(c);
	metrics_set(c);
	tell_module(c);
	publish_start(follows ? FOLLOW_LEASE : PUBLISH_LEASE);
	return 0;
}

/* Whether the sockets that are open would be opened so again. */
static bool same_port(const struct server_options *a, bool allowed,
		      const struct server_options *b, const char *device)
{
	return a->port == b->port && a->peers == b->peers &&
	       a->dscp == b->dscp && a->shared == b->shared &&
	       (!serve.device[0] ||
		if_nametoindex(serve.device) == serve.ifindex) &&
	       a->n_only == b->n_only && allowed == access_allows(b->access) &&
	       !memcmp(&a->bind4, &b->bind4, sizeof(a->bind4)) &&
	       !memcmp(&a->bind6, &b->bind6, sizeof(a->bind6)) &&
	       !strcmp(device, serve.device);
}

/**
 * serve_prepare() - make ready what a reload puts in force
 * @c: the configuration to come
 * @p: is filled; serve_reload() takes it, or serve_discard()
 * @why: KEYS_WHY bytes for what is wrong, or ""
 *
 * All that can fail is done here, and nothing in force is touched. Files are read
 * as the user that kntpd runs as. Return: 0 or -errno.
 */
int serve_prepare(const struct config *c, struct serve_prepared *p, char *why)
{
	int err;

	memset(p, 0, sizeof(*p));
	err = read_access(c, &c->access, &p->access);
	if (!err)
		err = read_access(c, &c->cmdaccess, &p->control);
	if (!err)
		err = keys_prepare(c->keyfile, &p->keys, why);
	if (err)
		serve_discard(p);
	return err;
}

/**
 * serve_discard() - forget what was made ready
 * @p: from serve_prepare()
 */
void serve_discard(struct serve_prepared *p)
{
	access_free(&p->access);
	access_free(&p->control);
	keyfile_free(&p->keys);
}

/* Put other access lists in force; @access and @control are taken over. */
static void take_lists(const struct access *access, const struct access *control)
{
	server_set_access(NULL);
	access_free(&serve.access);
	access_free(&serve.control);
	serve.access = *access;
	serve.control = *control;
}

/* SAME: the port that is open serves on, by the access list in force. */
static void serve_port(bool same)
{
	if (same) {
		server_set_access(&serve.access);
		return;
	}
	server_stop();
	open_port();
}

/**
 * serve_reload() - serve by another configuration
 * @c: it; `follow` stays as it was at the start
 * @p: from serve_prepare() of @c; is empty afterwards
 *
 * A port below 1024 needs CAP_NET_BIND_SERVICE, which kntpd keeps.
 */
void serve_reload(const struct config *c, struct serve_prepared *p)
{
	struct server_options old = serve.opt;
	struct server_group groups[CONF_GROUPS_MAX];
	bool allowed = access_allows(&serve.access), same;
	size_t old_groups = serve.n_group;
	char device[IF_NAMESIZE];

	memcpy(device, serve.device, sizeof(device));
	memcpy(groups, serve.group, sizeof(groups));
	take_lists(&p->access, &p->control);
	keys_take(c->keyfile, &p->keys);
	memset(p, 0, sizeof(*p));
	read_options(c, &serve.opt);
	ratelimit_set(&c->ratelimit);
	signd_set(c->ntpsigndsocket);
	same = old_groups == serve.n_group &&
	       !memcmp(groups, serve.group, sizeof(groups)) &&
	       same_port(&old, allowed, &serve.opt, device);
	serve_port(same);
	broadcast_send_set(c);
	broadcast_listen_set(c);
	metrics_set(c);
	tell_module(c);
	serve_look_up(c);
}

/* The addresses of a host that a rule names have become known. */
static void hosts_changed(void)
{
	struct access access, control;
	bool allowed = access_allows(&serve.access);

	if (read_access(serve.conf, &serve.conf->access, &access))
		return;
	if (read_access(serve.conf, &serve.conf->cmdaccess, &control)) {
		access_free(&access);
		return;
	}
	take_lists(&access, &control);
	serve_port(allowed == access_allows(&serve.access));
	tell_module(serve.conf);
}

/**
 * serve_look_up() - look up the hosts that the access list names
 * @c: the configuration in force; is to stay until the next call
 *
 * Without privileges: what a resolver sends is parsed.
 */
void serve_look_up(const struct config *c)
{
	serve.conf = c;
	access_names_set(&c->names, hosts_changed);
}

/**
 * serve_stop() - give it away no more
 *
 * The module goes on with what it was told until the lease is over.
 */
void serve_stop(void)
{
	apply_stop(loop_has_successor());
	publish_stop();
	follow_stop();
	metrics_stop();
	broadcast_stop();
	server_stop();
	signd_set(NULL);
	access_free(&serve.access);
	access_free(&serve.control);
	keys_forget();
}
