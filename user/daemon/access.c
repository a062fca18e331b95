// SPDX-License-Identifier: GPL-2.0
#include "access.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/kntp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* The @len first bits of 128. */
static void cut(struct prefix *p, uint8_t len)
{
	p->hi &= len >= 64 ? ~0ULL : ~(~0ULL >> len);
	p->lo &= len <= 64 ? 0 : len >= 128 ? ~0ULL : ~(~0ULL >> (len - 64));
	p->len = len;
}

/* IPv4 in the upper half of the first word, as the core has it. */
static void take_address(struct prefix *p, int family, const void *addr)
{
	uint64_t word[2] = { 0, 0 };

	memcpy(word, addr, family == AF_INET ? 4 : 16);
	p->hi = be64toh(word[0]);
	p->lo = be64toh(word[1]);
}

static struct access_family *family_of(struct access *a, int family)
{
	switch (family) {
	case AF_INET:
		return &a->v4;
	case AF_INET6:
		return &a->v6;
	}
	return NULL;
}

static void forget_below(struct access_family *f, const struct prefix *p)
{
	size_t i, kept = 0;

	for (i = 0; i < f->n; i++)
		if (f->list[i].len < p->len ||
		    !prefix_covers(p, f->list[i].hi, f->list[i].lo))
			f->list[kept++] = f->list[i];
	f->n = kept;
}

/**
 * access_add() - one more rule
 * @a: zeroed before the first, not built yet
 * @family: AF_INET or AF_INET6
 * @addr: 4 or 16 octets, network order
 * @len: of the prefix, bits
 * @verdict: enum kntp_verdict, but not NONE
 * @all: it stands in place of all before it that are below it
 *
 * Return: 0, -EINVAL, -E2BIG or -ENOMEM.
 */
int access_add(struct access *a, int family, const void *addr, uint8_t len,
	       uint8_t verdict, bool all)
{
	struct access_family *f = family_of(a, family);
	struct prefix p = { .verdict = verdict }, *list;
	size_t room;

	if (!f || len > (family == AF_INET ? 32 : 128) ||
	    verdict < KNTP_VERDICT_ALLOW || verdict > KNTP_VERDICT_MAX)
		return -EINVAL;
	take_address(&p, family, addr);
	cut(&p, len);
	if (all)
		forget_below(f, &p);
	if (f->n == ACCESS_MAX)
		return -E2BIG;
	if (f->n == f->room) {
		room = f->room ? f->room * 2 : 16;
		list = reallocarray(f->list, room, sizeof(*list));
		if (!list)
			return -ENOMEM;
		f->list = list;
		f->room = room;
	}
	f->list[f->n++] = p;
	return 0;
}

static int by_prefix_then_order(const void *a, const void *b)
{
	const struct prefix *p = a, *q = b;
	int c = prefix_compare(p, q);

	return c ? c : (p->order > q->order) - (p->order < q->order);
}

/* Of those that are the same, the last. */
static void drop_doubles(struct access_family *f)
{
	size_t i, kept = 0;

	for (i = 0; i < f->n; i++) {
		if (i + 1 < f->n &&
		    !prefix_compare(&f->list[i], &f->list[i + 1]))
			continue;
		f->list[kept++] = f->list[i];
	}
	f->n = kept;
}

static int build(struct access_family *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		f->list[i].order = (u32)i;
	/* qsort(3) does not take a null pointer */
	if (f->n)
		qsort(f->list, f->n, sizeof(*f->list), by_prefix_then_order);
	drop_doubles(f);
	f->tree = calloc(prefix_count_nodes(f->list, f->n), sizeof(*f->tree));
	if (!f->tree)
		return -ENOMEM;
	prefix_build(f->tree, f->list, f->n);
	return 0;
}

/**
 * access_build() - make a list ready for looking up
 * @a: all of its rules are added
 *
 * Return: 0 or -ENOMEM.
 */
int access_build(struct access *a)
{
	int err = build(&a->v4);

	return err ? err : build(&a->v6);
}

/**
 * access_check() - what is to be done with a sender
 * @a: a built list
 * @from: its address
 *
 * Return: enum kntp_verdict of the longest prefix; NONE for DENY, and when there
 * is none.
 */
uint8_t access_check(const struct access *a, const struct sockaddr *from)
{
	const struct sockaddr_in6 *in6 = (const void *)from;
	const struct sockaddr_in *in = (const void *)from;
	struct prefix p;

	switch (from->sa_family) {
	case AF_INET:
		if (!a->v4.tree)
			break;
		take_address(&p, AF_INET, &in->sin_addr);
		return (uint8_t)prefix_lookup(a->v4.tree, p.hi, p.lo);
	case AF_INET6:
		if (!a->v6.tree)
			break;
		take_address(&p, AF_INET6, &in6->sin6_addr);
		return (uint8_t)prefix_lookup(a->v6.tree, p.hi, p.lo);
	}
	return KNTP_VERDICT_NONE;
}

static bool any_allowed(const struct access_family *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (f->list[i].verdict == KNTP_VERDICT_ALLOW ||
		    f->list[i].verdict == KNTP_VERDICT_AUTH)
			return true;
	return false;
}

/**
 * access_allows() - whether anybody may be answered
 * @a: built or not
 */
bool access_allows(const struct access *a)
{
	return any_allowed(&a->v4) || any_allowed(&a->v6);
}

/**
 * access_free() - forget a list
 * @a: is empty then, as it began
 */
void access_free(struct access *a)
{
	free(a->v4.list);
	free(a->v4.tree);
	free(a->v6.list);
	free(a->v6.tree);
	memset(a, 0, sizeof(*a));
}
