// SPDX-License-Identifier: GPL-2.0
#include "listeners.h"
#include "nl.h"

#include <errno.h>
#include <linux/kntp.h>
#include <string.h>

static const struct nl_attr_name names[] = {
	{ KNTP_A_LISTEN_HOOK, "hook", NULL },
	{ KNTP_A_LISTEN_IFINDEX, "dev", NULL },
	{ 0, NULL, NULL }
};

static int change(struct nl *nl, uint8_t cmd, const struct owned_listener *l)
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

static bool is_same(const struct apply_listen *a, const struct apply_listen *b)
{
	return a->hook == b->hook && !strcmp(a->dev, b->dev);
}

static bool is_wanted(const struct owned_listener *l,
		      const struct apply_listen *want, size_t n)
{
	while (n--)
		if (is_same(&l->listen, &want[n]))
			return l->ifindex == index_of(&l->listen);
	return false;
}

static bool is_owned(const struct owned *o, const struct apply_listen *l)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (is_same(l, &o->listener[i].listen))
			return true;
	return false;
}

/**
 * listeners_drop() - no more of those that are not wanted
 * @nl: the module's
 * @o: what is ours; only that is touched
 * @want: listeners
 * @n: how many
 *
 * A device that is gone took its listener with it.
 */
void listeners_drop(struct nl *nl, struct owned *o,
		    const struct apply_listen *want, size_t n)
{
	struct owned_listener *l = o->listener, *kept = l;

	for (; l < o->listener + o->n; l++) {
		if (is_wanted(l, want, n))
			*kept++ = *l;
		else
			change(nl, KNTP_CMD_LISTEN_DEL, l);
	}
	o->n = (size_t)(kept - o->listener);
}

/**
 * listeners_add() - those that are missing
 * @nl: the module's
 * @o: what is ours, to which they come
 * @want: listeners
 * @n: how many, APPLY_LISTEN_MAX at the most, with what is ours already
 * @again: that there is no such device was said before
 *
 * One that is there already is an operator's, and stays so.
 */
void listeners_add(struct nl *nl, struct owned *o,
		   const struct apply_listen *want, size_t n, bool again)
{
	struct owned_listener new;
	int err;

	for (; n--; want++) {
		if (is_owned(o, want))
			continue;
		new = (struct owned_listener){ *want, index_of(want) };
		err = change(nl, KNTP_CMD_LISTEN_ADD, &new);
		if (!err && o->n < APPLY_LISTEN_MAX)
			o->listener[o->n++] = new;
		else if (err && err != -EEXIST && !again)
			apply_refused(nl, "to listen at",
				      *want->dev ? want->dev : "local", err);
	}
}

/**
 * listeners_confirm() - what is said to be ours is there
 * @nl: the module's
 * @o: what was kept
 *
 * Somebody may have removed one meanwhile: that is added again, or forgotten
 * where it cannot be.
 */
void listeners_confirm(struct nl *nl, struct owned *o)
{
	struct owned_listener *l = o->listener, *kept = l;
	int err;

	for (; l < o->listener + o->n; l++) {
		err = change(nl, KNTP_CMD_LISTEN_ADD, l);
		if (!err || err == -EEXIST)
			*kept++ = *l;
	}
	o->n = (size_t)(kept - o->listener);
}
