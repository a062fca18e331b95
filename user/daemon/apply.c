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

static const struct nl_attr_name names[] = {
	{ KNTP_A_LISTEN_HOOK, "hook", NULL },
	{ KNTP_A_LISTEN_IFINDEX, "dev", NULL },
	{ 0, NULL, NULL }
};

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
	struct listener added[APPLY_LISTEN_MAX];	/* by us */
	size_t n_added;
	bool changed;		/* since they were kept */
	bool kept;		/* the next kntpd will know them */
	bool begun;		/* what the last one left is taken over */
	struct entry peers[APPLY_PEERS_MAX];	/* as the module has them */
	size_t n_peers;
	bool refused;		/* the access list: it is tried again */
} apply;

static void complain(const struct nl *nl, const char *what, const char *on,
		     int err)
{
	errno = -err;
	log_msg(LOG_WARNING, "the kntp module refuses %s%s%s: %m%s%s", what,
		*on ? " " : "", on, nl->error.text[0] ? ": " : "",
		nl->error.text);
}

static int change_listener(struct nl *nl, uint8_t cmd, const struct listener *l)
{
	struct nlmsghdr *nlh;

	if (*l->listen.dev && !l->ifindex)
		return -ENODEV;
	nlh = nl_begin(nl, cmd, names);
	mnl_attr_put_u32(nlh, KNTP_A_LISTEN_HOOK, l->listen.hook);
	if (l->ifindex)
		mnl_attr_put_u32(nlh, KNTP_A_LISTEN_IFINDEX, l->ifindex);
	return nl_do(nl, NULL, NULL);
}

static unsigned int index_of(const struct apply_listen *l)
{
	return *l->dev ? if_nametoindex(l->dev) : 0;
}

static bool same_listener(const struct apply_listen *a,
			  const struct apply_listen *b)
{
	return a->hook == b->hook && !strcmp(a->dev, b->dev);
}

static bool in_list(const struct apply_listen *l,
		    const struct apply_listen *list, size_t n)
{
	while (n--)
		if (same_listener(l, &list[n]))
			return true;
	return false;
}

static bool is_added(const struct apply_listen *l)
{
	size_t i;

	for (i = 0; i < apply.n_added; i++)
		if (same_listener(l, &apply.added[i].listen))
			return true;
	return false;
}

/*
 * One that is there already is somebody else's, and stays when we go. AGAIN: a
 * device that is still not there was spoken of before.
 */
static void add_listeners(struct nl *nl, bool again)
{
	const struct apply_listen *l = apply.opt.listen;
	struct listener new;
	size_t i;
	int err;

	for (i = 0; i < apply.opt.n_listen; i++, l++) {
		if (is_added(l))
			continue;
		new = (struct listener){ *l, index_of(l) };
		err = change_listener(nl, KNTP_CMD_LISTEN_ADD, &new);
		if (!err && apply.n_added < APPLY_LISTEN_MAX) {
			apply.added[apply.n_added++] = new;
			apply.changed = true;
		} else if (err && err != -EEXIST && !again) {
			complain(nl, "to listen at", *l->dev ? l->dev : "local",
				 err);
		}
	}
}

/*
 * Those of ours that are not to be KEPT, and those whose device has another name
 * now or is gone, which took its listener with it.
 */
static void drop_listeners(struct nl *nl, const struct apply_listen *keep,
			   size_t n)
{
	const struct listener *l = apply.added;
	size_t i, kept = 0;

	for (i = 0; i < apply.n_added; i++, l++) {
		if (in_list(&l->listen, keep, n) &&
		    l->ifindex == index_of(&l->listen))
			apply.added[kept++] = *l;
		else
			change_listener(nl, KNTP_CMD_LISTEN_DEL, l);
	}
	apply.changed |= kept != apply.n_added;
	apply.n_added = kept;
}

/*
 * What the last kntpd has left, and was to be there still. Each is added again:
 * the module may be another one since, and then it is not there.
 */
static void take_over(struct nl *nl)
{
	const struct listener *l = apply.added;
	size_t i, there = 0;
	int err;

	apply.n_added = 0;
	if (!apply.begun)
		apply.n_added = listeners_load(apply.opt.keep_in, apply.added,
					       APPLY_LISTEN_MAX);
	apply.begun = true;
	drop_listeners(nl, apply.opt.listen, apply.opt.n_listen);
	for (i = 0; i < apply.n_added; i++, l++) {
		err = change_listener(nl, KNTP_CMD_LISTEN_ADD, l);
		if (!err || err == -EEXIST)
			apply.added[there++] = *l;
	}
	apply.n_added = there;
	apply.changed = true;
}

/* Whoever is killed does not know when: each change is kept at once. */
static void keep_listeners(void)
{
	int err;

	if (!apply.changed)
		return;
	apply.changed = false;
	err = listeners_keep(apply.opt.keep_in, apply.added, apply.n_added);
	apply.kept = !err;
	if (err && apply.opt.keep_in) {
		errno = -err;
		log_msg(LOG_WARNING, "%s: which listeners are kntpd's cannot be kept: %m",
			apply.opt.keep_in);
	}
}

static void tell_listeners(struct nl *nl, bool again)
{
	drop_listeners(nl, apply.opt.listen, apply.opt.n_listen);
	add_listeners(nl, again);
	keep_listeners();
	timer_set(&apply.timer, LOOK_AGAIN);
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

/* The whole list at once; peers last, for they stand above the rules. */
static int replace_list(struct nl *nl, const struct entry *peers, size_t n)
{
	const struct access *a = apply.opt.access;
	int err = command(nl, KNTP_CMD_ACL_BEGIN);

	if (err)
		return err;
	err = send_family(nl, &a->v4, 4);
	if (!err)
		err = send_family(nl, &a->v6, 16);
	if (!err)
		err = send_entries(nl, KNTP_CMD_ACL_ADD, peers, n);
	if (!err)
		return command(nl, KNTP_CMD_ACL_COMMIT);
	command(nl, KNTP_CMD_ACL_ABORT);
	return err;
}

/* The list is the operator's: only what is ours in it is touched. */
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
	err = apply.opt.access ? replace_list(nl, peers, n) :
				 change_peers(nl, peers, n);
	if (err && !apply.refused)
		complain(nl, "its access list", "", err);
	apply.refused = err;
	if (err)
		n = 0;
	memcpy(apply.peers, peers, n * sizeof(*peers));
	apply.n_peers = n;
}

static void tell_clients(struct nl *nl)
{
	int err;

	if (apply.opt.clients == APPLY_CLIENTS_ALONE)
		return;
	mnl_attr_put_u32(nl_begin(nl, KNTP_CMD_CLIENT_SET, client_names),
			 KNTP_A_CLIENT_ENTRIES, apply.opt.clients);
	err = nl_do(nl, NULL, NULL);
	if (err)
		complain(nl, "its client table", "", err);
}

static void tell_limit(struct nl *nl)
{
	const struct apply_limit *limit = &apply.opt.limit;
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	int err;

	if (!limit->burst)
		return;
	nlh = nl_begin(nl, KNTP_CMD_LIMIT_SET, limit_names);
	nest = mnl_attr_nest_start(nlh, KNTP_A_LIMIT_CLIENT);
	mnl_attr_put_u8(nlh, KNTP_A_LIMIT_ONE_INTERVAL,
			(uint8_t)limit->interval);
	mnl_attr_put_u8(nlh, KNTP_A_LIMIT_ONE_BURST, limit->burst);
	mnl_attr_put_u8(nlh, KNTP_A_LIMIT_ONE_LEAK, limit->leak);
	mnl_attr_put_u8(nlh, KNTP_A_LIMIT_ONE_KOD, limit->kod);
	mnl_attr_nest_end(nlh, nest);
	err = nl_do(nl, NULL, NULL);
	if (err)
		complain(nl, "its limits", "", err);
}

static void tell_keys(struct nl *nl)
{
	const struct keyfile *keys = keys_held();
	char which[16];
	uint32_t at;
	int err;

	if (!keys)
		return;
	err = keyload(nl, keys, &at);
	snprintf(which, sizeof(which), "%u", at);
	if (err)
		complain(nl, "key", which, err);
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
	tell_listeners(nl, true);
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
	tell_clients(nl);
	tell_limit(nl);
	tell_keys(nl);
}

static void attached(struct nl *nl)
{
	apply.n_peers = 0;
	tell_rules(nl);
	take_over(nl);
	tell_listeners(nl, false);
}

/**
 * apply_set() - what the module is to be told
 * @o: it; what it points to is kept
 */
void apply_set(const struct apply_options *o)
{
	struct nl *nl = publish_nl();

	apply.opt = *o;
	apply.changed = true;	/* as may be where it is kept */
	apply.timer.fn = look_again;
	publish_on_attach(attached);
	if (!nl)
		return;
	tell_rules(nl);
	tell_listeners(nl, false);
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
	if (!succeeded || !apply.kept)
		drop_listeners(nl, NULL, 0);
	keep_listeners();
	if (!apply.opt.access)
		change_peers(nl, NULL, 0);
	apply.n_peers = 0;
}
