// SPDX-License-Identifier: GPL-2.0
#include "prefix.h"

/* The @n most significant of 128 bits. */
static void mask(unsigned int n, u64 *hi, u64 *lo)
{
	*hi = n >= 64 ? ~0ULL : ~(~0ULL >> n);
	*lo = n <= 64 ? 0 : n >= 128 ? ~0ULL : ~(~0ULL >> (n - 64));
}

/* The six bits that follow the first @depth. */
static unsigned int slot_at(const struct prefix *p, unsigned int depth)
{
	u64 hi = p->hi;

	if (depth >= 64)
		hi = p->lo << (depth - 64);
	else if (depth)
		hi = hi << depth | p->lo >> (64 - depth);
	return (unsigned int)(hi >> 58);
}

static bool same_bits(const struct prefix *a, const struct prefix *b,
		      unsigned int n)
{
	u64 hi, lo;

	mask(n, &hi, &lo);
	return !((a->hi ^ b->hi) & hi) && !((a->lo ^ b->lo) & lo);
}

/**
 * prefix_compare() - order for sort(): by address, the shorter first
 * @a: a struct prefix
 * @b: another
 *
 * Any context. Return: negative, 0 (same prefix, whatever verdict), positive.
 */
int prefix_compare(const void *a, const void *b)
{
	const struct prefix *p = a, *q = b;

	if (p->hi != q->hi)
		return p->hi < q->hi ? -1 : 1;
	if (p->lo != q->lo)
		return p->lo < q->lo ? -1 : 1;
	return (int)p->len - (int)q->len;
}

/**
 * prefix_is_valid() - whether a prefix is one
 * @p: the prefix
 * @bits: length of an address, 32 or 128
 *
 * Any context. Return: false when it is longer than an address, or has bits
 * set beyond its length.
 */
bool prefix_is_valid(const struct prefix *p, unsigned int bits)
{
	u64 hi, lo;

	mask(p->len, &hi, &lo);
	return p->len <= bits && !(p->hi & ~hi) && !(p->lo & ~lo);
}

/**
 * prefix_covers() - whether an address is below a prefix
 * @p: the prefix
 * @hi: first 64 bits of the address, as in struct prefix
 * @lo: the others
 *
 * Any context.
 */
bool prefix_covers(const struct prefix *p, u64 hi, u64 lo)
{
	struct prefix address = { .hi = hi, .lo = lo };

	return same_bits(p, &address, p->len);
}

/**
 * prefix_match() - the longest prefix of a list that covers an address
 * @list: sorted by prefix_compare(), none twice
 * @n: how many
 * @hi: first 64 bits of the address, as in struct prefix
 * @lo: the others
 *
 * Takes as long as the list is: for those who want to know why, not for
 * packets. Any context. Return: the prefix, or NULL.
 */
const struct prefix *prefix_match(const struct prefix *list, size_t n,
				  u64 hi, u64 lo)
{
	while (n--)
		if (prefix_covers(&list[n], hi, lo))
			return &list[n];
	return NULL;
}

/**
 * prefix_count_nodes() - how many nodes prefix_build() will write
 * @list: sorted by prefix_compare(), none twice
 * @n: how many
 *
 * A node stands for a string of bits that is shorter than some prefix below
 * it. Those with the same string follow each other in the list, so a node is
 * new when the prefix before does not call for it. Any context.
 */
size_t prefix_count_nodes(const struct prefix *list, size_t n)
{
	unsigned int depth;
	size_t count = 1;
	size_t i;

	for (i = 0; i < n; i++)
		for (depth = PREFIX_STRIDE; depth < list[i].len;
		     depth += PREFIX_STRIDE)
			if (!i || list[i - 1].len <= depth ||
			    !same_bits(&list[i - 1], &list[i], depth))
				count++;
	return count;
}

/*
 * A node that is still to be built keeps what it is to be built from where
 * its bitmaps will be: list[first .. end), the bits before it, and the
 * verdict of what is above.
 */
static struct prefix_node pending(size_t first, size_t end, unsigned int depth,
				  unsigned int verdict)
{
	return (struct prefix_node){
		.child = first, .v0 = end, .v1 = depth, .base = verdict,
	};
}

static unsigned int leaf(const struct prefix_node *node, unsigned int slot)
{
	return (unsigned int)((node->v0 >> slot & 1) |
			      (node->v1 >> slot & 1) << 1);
}

static void fill(struct prefix_node *node, unsigned int slot,
		 unsigned int slots, unsigned int verdict)
{
	u64 bits = slots == 64 ? ~0ULL : ((1ULL << slots) - 1) << slot;

	node->v0 = verdict & 1 ? node->v0 | bits : node->v0 & ~bits;
	node->v1 = verdict & 2 ? node->v1 | bits : node->v1 & ~bits;
}

/**
 * prefix_build() - make the tree of a list
 * @nodes: where to; room for prefix_count_nodes()
 * @list: sorted by prefix_compare(), none twice, all valid
 * @n: how many, below 2^32
 *
 * Breadth first, so that the children of a node stand side by side. A shorter
 * prefix comes before the longer ones below it, so writing them in order
 * leaves the longest. Any context.
 */
void prefix_build(struct prefix_node *nodes, const struct prefix *list,
		  size_t n)
{
	struct prefix_node todo, node;
	unsigned int depth, slot;
	size_t next = 1;
	size_t i, p, q;

	nodes[0] = pending(0, n, 0, 0);
	for (i = 0; i < next; i++) {
		todo = nodes[i];
		depth = (unsigned int)todo.v1;
		node = (struct prefix_node){ .base = (u32)next - 1 };
		fill(&node, 0, 64, todo.base);

		for (p = todo.child; p < todo.v0; p = q) {
			slot = slot_at(&list[p], depth);
			q = p + 1;
			if (list[p].len <= depth + PREFIX_STRIDE) {
				fill(&node, slot,
				     1U << (depth + PREFIX_STRIDE - list[p].len),
				     list[p].verdict);
				continue;
			}
			while (q < todo.v0 && slot_at(&list[q], depth) == slot)
				q++;
			nodes[next++] = pending(p, q, depth + PREFIX_STRIDE,
						leaf(&node, slot));
			node.child |= 1ULL << slot;
		}
		nodes[i] = node;
	}
}

/* What the bits of a slot of the table lead to. */
static u32 table_entry(const struct prefix_node *nodes, u32 bits)
{
	const struct prefix_node *node = nodes;
	unsigned int shift = PREFIX_TABLE_BITS;
	unsigned int slot;
	u64 children;

	while (shift) {
		shift -= PREFIX_STRIDE;
		slot = bits >> shift & 63;
		children = node->child << (~slot & 63);
		if ((s64)children >= 0)
			return PREFIX_TABLE_VERDICT | leaf(node, slot);
		node = &nodes[node->base + hweight64(children)];
	}
	return (u32)(node - nodes);
}

/**
 * prefix_build_table() - make the table of a tree of IPv4 prefixes
 * @table: where to; room for PREFIX_TABLE_SIZE entries
 * @nodes: the tree, of less than 2^31 nodes
 *
 * Takes the first three steps of prefix_lookup() in one. Any context.
 */
void prefix_build_table(u32 *table, const struct prefix_node *nodes)
{
	u32 bits;

	for (bits = 0; bits < PREFIX_TABLE_SIZE; bits++)
		table[bits] = table_entry(nodes, bits);
}
