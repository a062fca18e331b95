// SPDX-License-Identifier: GPL-2.0
/*
 * The access list. Readers follow one RCU pointer to a list that never
 * changes; a writer makes a new one beside it. That is linear in the length of
 * the list, which a transaction pays once for however many prefixes.
 */
#include "acl.h"

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <linux/sort.h>

/*
 * A list as long as this takes more memory than a table beside it, and has
 * clients spread so wide that they would walk three steps or more.
 */
#define TABLE_MIN	32768

static atomic_t generations = ATOMIC_INIT(0);

static void acl_free(struct kntp_acl *acl)
{
	int f;

	kvfree(acl->table);
	for (f = 0; f < KNTP_ACL_FAMILIES; f++) {
		kvfree(acl->tree[f]);
		kvfree(acl->list[f]);
	}
	kfree(acl);
}

static void acl_free_rcu(struct rcu_head *rcu)
{
	acl_free(container_of(rcu, struct kntp_acl, rcu));
}

static void acl_publish(struct kntp_acl_set *set, struct kntp_acl *acl)
{
	struct kntp_acl *old;

	old = rcu_replace_pointer(set->active, acl,
				  lockdep_is_held(&set->lock));
	call_rcu(&old->rcu, acl_free_rcu);
}

static int compare_order(const void *a, const void *b)
{
	const struct prefix *p = a, *q = b;
	int order = prefix_compare(p, q);

	if (order)
		return order;
	return p->order < q->order ? -1 : p->order > q->order;
}

/* Sorted, and of several with the same address only the one that came last. */
static u32 sort_unique(struct prefix *list, u32 n)
{
	u32 kept = 0, i;

	for (i = 0; i < n; i++)
		list[i].order = i;
	sort(list, n, sizeof(*list), compare_order, NULL);
	for (i = 0; i < n; i++)
		if (i + 1 == n || prefix_compare(&list[i], &list[i + 1]))
			list[kept++] = list[i];
	return kept;
}

/*
 * Both lists sorted. An edit replaces or, with KNTP_VERDICT_NONE, deletes its
 * like in the base. Returns how many remain, -ENOENT if there is no like of
 * one that deletes.
 */
static int merge(struct prefix *to, const struct prefix *base, u32 n_base,
		 const struct prefix *edit, u32 n_edit)
{
	u32 n = 0, b = 0, e = 0;
	int order;

	while (b < n_base || e < n_edit) {
		if (e == n_edit)
			order = -1;
		else if (b == n_base)
			order = 1;
		else
			order = prefix_compare(&base[b], &edit[e]);

		if (order < 0) {
			to[n++] = base[b++];
			continue;
		}
		if (edit[e].verdict != KNTP_VERDICT_NONE)
			to[n++] = edit[e];
		else if (order > 0)
			return -ENOENT;
		if (!order)
			b++;
		e++;
	}
	return n;
}

static int acl_derive_family(struct kntp_acl *acl, const struct kntp_acl *base,
			     struct kntp_acl_edit *edit, int f)
{
	u32 n_base = base ? base->count[f] : 0;
	struct prefix_node *tree;
	struct prefix *list;
	size_t nodes;
	int n;

	edit->count[f] = sort_unique(edit->list[f], edit->count[f]);
	list = kvmalloc_array(max(n_base + edit->count[f], 1U), sizeof(*list),
			      GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	acl->list[f] = list;

	n = merge(list, base ? base->list[f] : NULL, n_base,
		  edit->list[f], edit->count[f]);
	if (n < 0)
		return n;
	acl->count[f] = n;

	nodes = prefix_count_nodes(list, n);
	tree = kvmalloc_array(nodes, sizeof(*tree), GFP_KERNEL_ACCOUNT);
	if (!tree)
		return -ENOMEM;
	acl->tree[f] = tree;
	prefix_build(tree, list, n);
	return 0;
}

static int acl_derive_table(struct kntp_acl *acl)
{
	if (acl->count[KNTP_ACL_IPV4] < TABLE_MIN)
		return 0;
	acl->table = kvmalloc_array(PREFIX_TABLE_SIZE, sizeof(*acl->table),
				    GFP_KERNEL_ACCOUNT);
	if (!acl->table)
		return -ENOMEM;
	prefix_build_table(acl->table, acl->tree[KNTP_ACL_IPV4]);
	return 0;
}

/* A new list: the base, or an empty one, with the edit applied. */
static struct kntp_acl *acl_derive(const struct kntp_acl *base,
				   struct kntp_acl_edit *edit,
				   struct netlink_ext_ack *extack)
{
	struct kntp_acl *acl;
	int f, err;

	acl = kzalloc(sizeof(*acl), GFP_KERNEL_ACCOUNT);
	if (!acl)
		return ERR_PTR(-ENOMEM);
	acl->generation = atomic_inc_return(&generations);

	for (f = 0; f < KNTP_ACL_FAMILIES; f++) {
		err = acl_derive_family(acl, base, edit, f);
		if (err == -ENOENT)
			NL_SET_ERR_MSG(extack, "no such prefix in the access list");
		if (err)
			goto err_free;
	}
	if (acl->count[KNTP_ACL_IPV4] + acl->count[KNTP_ACL_IPV6] > KNTP_ACL_MAX) {
		NL_SET_ERR_MSG(extack, "more prefixes than an access list holds");
		err = -E2BIG;
		goto err_free;
	}
	err = acl_derive_table(acl);
	if (err)
		goto err_free;
	return acl;

err_free:
	acl_free(acl);
	return ERR_PTR(err);
}

/**
 * kntp_acl_edit_clear() - forget what an edit has collected
 * @edit: the edit
 *
 * Process context.
 */
void kntp_acl_edit_clear(struct kntp_acl_edit *edit)
{
	int f;

	for (f = 0; f < KNTP_ACL_FAMILIES; f++)
		kvfree(edit->list[f]);
	memset(edit, 0, sizeof(*edit));
}

static int edit_reserve(struct kntp_acl_edit *edit, int f, u32 more)
{
	u32 need = edit->count[f] + more;
	struct prefix *list;
	u32 room;

	if (need <= edit->room[f])
		return 0;
	if (need > KNTP_ACL_MAX)
		return -E2BIG;
	room = max3(need, 2 * edit->room[f], 64U);
	list = kvmalloc_array(room, sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return -ENOMEM;
	if (edit->count[f])
		memcpy(list, edit->list[f], edit->count[f] * sizeof(*list));
	kvfree(edit->list[f]);
	edit->list[f] = list;
	edit->room[f] = room;
	return 0;
}

/**
 * kntp_acl_edit_add() - add a prefix to an edit
 * @edit: the edit
 * @family: of the prefix
 * @prefix: a valid one
 *
 * Process context. Return: 0, -ENOMEM, or -E2BIG past KNTP_ACL_MAX.
 */
int kntp_acl_edit_add(struct kntp_acl_edit *edit, enum kntp_acl_family family,
		      const struct prefix *prefix)
{
	int err = edit_reserve(edit, family, 1);

	if (!err)
		edit->list[family][edit->count[family]++] = *prefix;
	return err;
}

static int edit_append(struct kntp_acl_edit *to, const struct kntp_acl_edit *from)
{
	int f, err;

	for (f = 0; f < KNTP_ACL_FAMILIES; f++) {
		err = edit_reserve(to, f, from->count[f]);
		if (err)
			return err;
	}
	for (f = 0; f < KNTP_ACL_FAMILIES; f++) {
		if (!from->count[f])
			continue;
		memcpy(to->list[f] + to->count[f], from->list[f],
		       from->count[f] * sizeof(*to->list[f]));
		to->count[f] += from->count[f];
	}
	return 0;
}

static int acl_change(struct kntp_acl_set *set, const struct kntp_acl *base,
		      struct kntp_acl_edit *edit,
		      struct netlink_ext_ack *extack)
{
	struct kntp_acl *acl = acl_derive(base, edit, extack);

	if (IS_ERR(acl))
		return PTR_ERR(acl);
	acl_publish(set, acl);
	return 0;
}

static void staged_free(struct kntp_acl_set *set)
{
	kntp_acl_edit_clear(set->staged);
	kfree(set->staged);
	set->staged = NULL;
}

/**
 * kntp_acl_add() - add prefixes, to the transaction where one is open
 * @set: the access list
 * @portid: the socket that asks
 * @edit: the prefixes; sorted here
 * @extack: where to say why not
 *
 * Process context. Return: 0, 1 when they went into the transaction, -ENOMEM,
 * -E2BIG, or -EBUSY while another socket has a transaction open, whose commit
 * would undo this.
 */
int kntp_acl_add(struct kntp_acl_set *set, u32 portid,
		 struct kntp_acl_edit *edit, struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&set->lock);
	if (!set->staged) {
		err = acl_change(set, rcu_dereference_protected(set->active,
								lockdep_is_held(&set->lock)),
				 edit, extack);
	} else if (set->portid != portid) {
		NL_SET_ERR_MSG(extack, "another socket has a transaction open");
		err = -EBUSY;
	} else {
		err = edit_append(set->staged, edit);
		if (err == -E2BIG)
			NL_SET_ERR_MSG(extack, "more prefixes than an access list holds");
		err = err ?: 1;
	}
	mutex_unlock(&set->lock);
	return err;
}

static int refuse_staged(const struct kntp_acl_set *set,
			 struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&set->lock);
	if (!set->staged)
		return 0;
	NL_SET_ERR_MSG(extack, "not while a transaction is open");
	return -EBUSY;
}

/**
 * kntp_acl_del() - delete prefixes, all or none
 * @set: the access list
 * @edit: the prefixes, with KNTP_VERDICT_NONE; sorted here
 * @extack: where to say why not
 *
 * Process context. Return: 0, -ENOMEM, -ENOENT, or -EBUSY while a transaction
 * is open.
 */
int kntp_acl_del(struct kntp_acl_set *set, struct kntp_acl_edit *edit,
		 struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&set->lock);
	err = refuse_staged(set, extack);
	if (!err)
		err = acl_change(set, rcu_dereference_protected(set->active,
								lockdep_is_held(&set->lock)),
				 edit, extack);
	mutex_unlock(&set->lock);
	return err;
}

/**
 * kntp_acl_flush() - delete all prefixes
 * @set: the access list
 * @extack: where to say why not
 *
 * Process context. Return: 0, -ENOMEM, or -EBUSY while a transaction is open.
 */
int kntp_acl_flush(struct kntp_acl_set *set, struct netlink_ext_ack *extack)
{
	struct kntp_acl_edit none = {};
	int err;

	mutex_lock(&set->lock);
	err = refuse_staged(set, extack);
	if (!err)
		err = acl_change(set, NULL, &none, extack);
	mutex_unlock(&set->lock);
	return err;
}

/**
 * kntp_acl_begin() - open a transaction, with an empty list
 * @set: the access list
 * @portid: the socket it belongs to
 * @extack: where to say why not
 *
 * Process context. Return: 0, -ENOMEM, or -EBUSY when one is open.
 */
int kntp_acl_begin(struct kntp_acl_set *set, u32 portid,
		   struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&set->lock);
	err = refuse_staged(set, extack);
	if (err)
		goto out;
	set->staged = kzalloc(sizeof(*set->staged), GFP_KERNEL_ACCOUNT);
	if (set->staged)
		WRITE_ONCE(set->portid, portid);	/* kntp_acl_abandon() */
	else
		err = -ENOMEM;
out:
	mutex_unlock(&set->lock);
	return err;
}

static int need_staged(const struct kntp_acl_set *set, u32 portid,
		       struct netlink_ext_ack *extack)
{
	lockdep_assert_held(&set->lock);
	if (set->staged && set->portid == portid)
		return 0;
	NL_SET_ERR_MSG(extack, "no transaction is open on this socket");
	return -EINVAL;
}

/**
 * kntp_acl_commit() - put a transaction's list in the place of the one in force
 * @set: the access list
 * @portid: the socket the transaction belongs to
 * @extack: where to say why not
 *
 * Process context. The transaction is over unless this fails. Return: 0,
 * -ENOMEM, -E2BIG, or -EINVAL when none is open on this socket.
 */
int kntp_acl_commit(struct kntp_acl_set *set, u32 portid,
		    struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&set->lock);
	err = need_staged(set, portid, extack);
	if (!err)
		err = acl_change(set, NULL, set->staged, extack);
	if (!err)
		staged_free(set);
	mutex_unlock(&set->lock);
	return err;
}

/**
 * kntp_acl_abort() - throw a transaction away
 * @set: the access list
 * @portid: the socket it belongs to
 * @extack: where to say why not
 *
 * Process context. Return: 0, or -EINVAL when none is open on this socket.
 */
int kntp_acl_abort(struct kntp_acl_set *set, u32 portid,
		   struct netlink_ext_ack *extack)
{
	int err;

	mutex_lock(&set->lock);
	err = need_staged(set, portid, extack);
	if (!err)
		staged_free(set);
	mutex_unlock(&set->lock);
	return err;
}

/**
 * kntp_acl_abandon() - a socket has closed: throw its transaction away
 * @set: the access list
 * @portid: the socket
 *
 * Process context.
 */
void kntp_acl_abandon(struct kntp_acl_set *set, u32 portid)
{
	/*
	 * Any generic netlink socket ends here, so do not wait for the lock,
	 * which a long load holds, unless this socket may own the transaction.
	 * Only the socket's own ACL_BEGIN writes its port, and no request of it
	 * runs any more: a write that races is that of another socket.
	 */
	if (READ_ONCE(set->portid) != portid)
		return;
	mutex_lock(&set->lock);
	if (set->staged && set->portid == portid)
		staged_free(set);
	mutex_unlock(&set->lock);
}

/**
 * kntp_acl_init() - set up an empty list: nobody is answered
 * @set: the access list
 *
 * Process context. Return: 0 or -ENOMEM.
 */
int kntp_acl_init(struct kntp_acl_set *set)
{
	struct kntp_acl_edit none = {};
	struct kntp_acl *acl;

	acl = acl_derive(NULL, &none, NULL);
	if (IS_ERR(acl))
		return PTR_ERR(acl);
	mutex_init(&set->lock);
	RCU_INIT_POINTER(set->active, acl);
	return 0;
}

/**
 * kntp_acl_exit() - free the list; nobody reads it any more
 * @set: the access list
 *
 * Process context.
 */
void kntp_acl_exit(struct kntp_acl_set *set)
{
	if (set->staged)
		staged_free(set);
	acl_free(rcu_dereference_protected(set->active, true));
	mutex_destroy(&set->lock);
}
