// SPDX-License-Identifier: GPL-2.0
#include "apply.h"
#include "keyload.h"
#include "keys.h"
#include "listeners.h"
#include "log.h"
#include "loop.h"
#include "nl.h"
#include "ntp.h"
#include "publish.h"

#include <endian.h>
#include <errno.h>
#include <linux/kntp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* Names of peers are resolved some time, and may change, s. */
#define LOOK_AGAIN	5.0

/* An entry of IPv6: its nest, address, length and verdict; some to spare. */
#define ENTRIES_AT_ONCE	(NL_REQUEST_MAX / 48)

static const struct nl_attr_name client_names[] = {
	{ KNTP_A_CLIENT_ENTRIES, "entries", NULL },
	{ 0, NULL, NULL }
};

static const struct nl_attr_name limit_names[] = {
	{ KNTP_A_LIMIT_CLIENT, "ratelimit", NULL },
	{ 0, NULL, NULL }
};

static const struct nl_attr_name acl_names[] = {
	{ KNTP_A_ACL_ENTRY, "prefix", NULL },
	{ 0, NULL, NULL }
};

/* An entry of the list: an address and how many bits of it. */
struct entry {
	uint8_t addr[16];
	uint8_t size, len, verdict;
};

static struct {
	struct apply_options opt;
	struct timer timer;
	struct owned own;
	struct owned kept;	/* what the next kntpd will find */
	bool keeps;		/* it will */
	uint16_t module;	/* where it is set: the family's id */
	struct entry peers[APPLY_PEERS_MAX];	/* as the module has them */
	size_t n_peers;
	bool refused;		/* the access list: it is tried again */
} apply;

/**
 * apply_refused() - the module refuses something that it was told
 * @nl: the socket, with what it said
 * @what: it was told
 * @on: of what; may be empty
 * @err: negative errno
 */
void apply_refused(const struct nl *nl, const char *what, const char *on,
		   int err)
{
	errno = -err;
	log_msg(LOG_WARNING, "the kntp module refuses %s%s%s: %m%s%s", what,
		*on ? " " : "", on, nl->error.text[0] ? ": " : "",
		nl->error.text);
}

static void put_entry(struct nlmsghdr *nlh, const struct entry *e)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, KNTP_A_ACL_ENTRY);

	mnl_attr_put(nlh, KNTP_A_ACL_ENTRY_ADDR, e->size, e->addr);
	mnl_attr_put_u8(nlh, KNTP_A_ACL_ENTRY_LEN, e->len);
	if (e->verdict)
		mnl_attr_put_u8(nlh, KNTP_A_ACL_ENTRY_VERDICT, e->verdict);
	mnl_attr_nest_end(nlh, nest);
}

static int send_entries(struct nl *nl, uint8_t cmd, const struct entry *e,
			size_t n)
{
	struct nlmsghdr *nlh = nl_begin(nl, cmd, acl_names);

	if (!n)
		return 0;
	while (n--)
		put_entry(nlh, e++);
	return nl_do(nl, NULL, NULL);
}

static int send_family(struct nl *nl, const struct access_family *f,
		       uint8_t size)
{
	struct nlmsghdr *nlh;
	struct entry e;
	size_t i, k;
	int err = 0;

	for (i = 0; i < f->n && !err; i = k) {
		nlh = nl_begin(nl, KNTP_CMD_ACL_ADD, acl_names);
		for (k = i; k < f->n && k - i < ENTRIES_AT_ONCE; k++) {
			uint64_t word[2] = {
				htobe64(f->list[k].hi), htobe64(f->list[k].lo),
			};

			memcpy(e.addr, word, sizeof(e.addr));
			e.size = size;
			e.len = f->list[k].len;
			e.verdict = f->list[k].verdict;
			put_entry(nlh, &e);
		}
		err = nl_do(nl, NULL, NULL);
	}
	return err;
}

static int command(struct nl *nl, uint8_t cmd)
{
	nl_begin(nl, cmd, acl_names);
	return nl_do(nl, NULL, NULL);
}

/*
 * The whole list at once, which is empty without rules; peers last, for they
 * stand above the rules.
 */
static int replace_list(struct nl *nl, const struct entry *peers, size_t n)
{
	const struct access *a = apply.opt.access;
	int err = command(nl, KNTP_CMD_ACL_BEGIN);

	if (err)
		return err;
	if (a)
		err = send_family(nl, &a->v4, 4);
	if (a && !err)
		err = send_family(nl, &a->v6, 16);
	if (!err)
		err = send_entries(nl, KNTP_CMD_ACL_ADD, peers, n);
	if (!err)
		return command(nl, KNTP_CMD_ACL_COMMIT);
	command(nl, KNTP_CMD_ACL_ABORT);
	return err;
}

/* Of an operator's list only the peers are ours. */
static int change_peers(struct nl *nl, const struct entry *peers, size_t n)
{
	struct entry e;
	size_t i;

	for (i = 0; i < apply.n_peers; i++) {
		e = apply.peers[i];
		e.verdict = KNTP_VERDICT_NONE;
		send_entries(nl, KNTP_CMD_ACL_DEL, &e, 1);
	}
	return send_entries(nl, KNTP_CMD_ACL_ADD, peers, n);
}

static bool peer_entry(const struct sockaddr_storage *a, struct entry *e)
{
	const struct sockaddr_in6 *in6 = (const void *)a;
	const struct sockaddr_in *in = (const void *)a;

	memset(e, 0, sizeof(*e));
	if (a->ss_family == AF_INET) {
		e->size = 4;
		memcpy(e->addr, &in->sin_addr, 4);
	} else if (a->ss_family == AF_INET6) {
		e->size = 16;
		memcpy(e->addr, &in6->sin6_addr, 16);
	}
	e->len = (uint8_t)(8 * e->size);
	e->verdict = KNTP_VERDICT_PASS;
	return e->size;
}

static size_t find_peers(struct entry *to)
{
	const struct ntp_source *s;
	size_t n = 0;

	for (s = ntp_sources; s && n < APPLY_PEERS_MAX; s = s->next)
		if (s->opt.peer && peer_entry(&s->source.address, &to[n]))
			n++;
	return n;
}

/* ANEW: whatever the module has, it has not from us. */
static void tell_access(struct nl *nl, bool anew)
{
	struct entry peers[APPLY_PEERS_MAX];
	size_t n = find_peers(peers);
	int err;

	if (!anew && !apply.refused && n == apply.n_peers &&
	    !memcmp(peers, apply.peers, n * sizeof(*peers)))
		return;
	err = apply.opt.access || apply.own.set[OWNED_ACCESS] ?
	      replace_list(nl, peers, n) : change_peers(nl, peers, n);
	if (err && !apply.refused)
		apply_refused(nl, "its access list", "", err);
	apply.refused = err;
	if (err)
		n = 0;
	else
		apply.own.set[OWNED_ACCESS] = apply.opt.access;
	memcpy(apply.peers, peers, n * sizeof(*peers));
	apply.n_peers = n;
}

/* What kntpd has set, and is to be no more, is taken back: as a module begins. */
static void tell_clients(struct nl *nl)
{
	bool alone = apply.opt.clients == APPLY_CLIENTS_ALONE;
	int err;

	if (alone && !apply.own.set[OWNED_CLIENTS])
		return;
	mnl_attr_put_u32(nl_begin(nl, KNTP_CMD_CLIENT_SET, client_names),
			 KNTP_A_CLIENT_ENTRIES,
			 alone ? KNTP_CLIENT_ENTRIES_DEFAULT : apply.opt.clients);
	err = nl_do(nl, NULL, NULL);
	if (err)
		apply_refused(nl, "its client table", "", err);
	else
		apply.own.set[OWNED_CLIENTS] = !alone;
}

static void put_limit(struct nlmsghdr *nlh, const struct apply_limit *limit)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, KNTP_A_LIMIT_CLIENT);

	mnl_attr_put_u8(nlh, KNTP_A_LIMIT_ONE_INTERVAL,
			(uint8_t)limit->interval);
	mnl_attr_put_u8(nlh, KNTP_A_LIMIT_ONE_BURST, limit->burst);
	mnl_attr_put_u8(nlh, KNTP_A_LIMIT_ONE_LEAK, limit->leak);
	mnl_attr_put_u8(nlh, KNTP_A_LIMIT_ONE_KOD, limit->kod);
	mnl_attr_nest_end(nlh, nest);
}

/* Likewise. */
static void tell_limit(struct nl *nl)
{
	const struct apply_limit *limit = &apply.opt.limit;
	struct nlmsghdr *nlh;
	int err;

	if (!limit->burst && !apply.own.set[OWNED_LIMIT])
		return;
	nlh = nl_begin(nl, limit->burst ? KNTP_CMD_LIMIT_SET :
					  KNTP_CMD_LIMIT_DEL, limit_names);
	if (limit->burst)
		put_limit(nlh, limit);
	else
		mnl_attr_put(nlh, KNTP_A_LIMIT_CLIENT, 0, NULL);
	err = nl_do(nl, NULL, NULL);
	if (err)
		apply_refused(nl, "its limits", "", err);
	else
		apply.own.set[OWNED_LIMIT] = limit->burst;
}

/* Likewise: those of a file that is none any more open nothing. */
static void tell_keys(struct nl *nl)
{
	static const struct keyfile none;
	const struct keyfile *keys = keys_held();
	uint32_t at = 0;
	char which[16];
	int err;

	if (!keys && !apply.own.set[OWNED_KEYS])
		return;
	err = keyload(nl, keys ? keys : &none, &at);
	snprintf(which, sizeof(which), "%u", at);
	if (err)
		apply_refused(nl, "key", which, err);
	else
		apply.own.set[OWNED_KEYS] = keys;
}

/* Whoever is killed does not know when: each change is kept at once. */
static void keep(void)
{
	int err;

	if (!memcmp(&apply.own, &apply.kept, sizeof(apply.own)))
		return;
	apply.kept = apply.own;
	err = owned_keep(apply.opt.keep_in, apply.module, &apply.own);
	apply.keeps = !err;
	if (err && apply.opt.keep_in) {
		errno = -err;
		log_msg(LOG_WARNING, "%s: what kntpd has set in the module cannot be kept: %m",
			apply.opt.keep_in);
	}
}

static void keep_anew(void)
{
	memset(&apply.kept, 0xff, sizeof(apply.kept));
}

/* FOUND: the module, just now; AGAIN: nothing is known to have changed. */
enum when { FOUND, CHANGED, AGAIN };

static void tell_listeners(struct nl *nl, enum when when)
{
	const struct apply_options *o = &apply.opt;

	listeners_drop(nl, &apply.own, o->listen, o->n_listen);
	if (when == FOUND)
		listeners_confirm(nl, &apply.own);
	listeners_add(nl, &apply.own, o->listen, o->n_listen, when == AGAIN);
	keep();
	timer_set(&apply.timer, LOOK_AGAIN);
}

/**
 * apply_look() - look at once at what may be otherwise now
 *
 * Addresses of peers, and devices that have come, gone or changed their names.
 */
void apply_look(void)
{
	struct nl *nl = publish_nl();

	if (!nl)
		return;
	tell_access(nl, false);
	tell_listeners(nl, AGAIN);
}

static void look_again(void *arg)
{
	(void)arg;
	apply_look();
}

/*
 * It comes before the listeners, so that nobody is answered by a list that was
 * left there.
 */
static void tell_rules(struct nl *nl)
{
	tell_access(nl, true);
	/* The module refuses a limit without a client table. */
	if (!apply.opt.limit.burst)
		tell_limit(nl);
	tell_clients(nl);
	if (apply.opt.limit.burst)
		tell_limit(nl);
	tell_keys(nl);
}

static void attached(struct nl *nl)
{
	apply.n_peers = 0;
	if (nl->family != apply.module) {
		apply.module = nl->family;
		owned_load(apply.opt.keep_in, apply.module, &apply.own);
		keep_anew();
	}
	tell_rules(nl);
	tell_listeners(nl, FOUND);
}

/**
 * apply_set() - what the module is to be told
 * @o: it; what it points to is kept
 */
void apply_set(const struct apply_options *o)
{
	struct nl *nl = publish_nl();

	apply.opt = *o;
	keep_anew();	/* it may be elsewhere */
	apply.timer.fn = look_again;
	publish_on_attach(attached);
	if (!nl)
		return;
	tell_rules(nl);
	tell_listeners(nl, CHANGED);
}

/**
 * apply_stop() - take back what was added
 * @succeeded: the listeners stay, for another kntpd that will know them
 *
 * The access list and the limits stay: without them listeners of others would
 * be left alone.
 */
void apply_stop(bool succeeded)
{
	struct nl *nl = publish_nl();

	timer_cancel(&apply.timer);
	if (!nl)
		return;
	if (!succeeded || !apply.keeps)
		listeners_drop(nl, &apply.own, NULL, 0);
	keep();
	if (!apply.opt.access)
		change_peers(nl, NULL, 0);
	apply.n_peers = 0;
}
