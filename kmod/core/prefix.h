/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Longest-prefix match by a tree of 64-way nodes whose children are found by
 * counting bits: the poptrie of Asai and Ohara (SIGCOMM 2015). A verdict has
 * two bits, so the leaves are two bitmaps in the node instead of an array.
 *
 * A tree is built once from a sorted list and never changed; its reader needs
 * nothing but that it stays in memory. It is told the two low bits of a verdict,
 * 0 where nothing matches, too.
 */
#ifndef _KNTP_CORE_PREFIX_H
#define _KNTP_CORE_PREFIX_H

#include "plat.h"

enum prefix_limits {
	PREFIX_STRIDE = 6,
	PREFIX_FOUND = 3,	/* the bits of a verdict that a look-up finds */

	/* The bits that a table of three steps in one is indexed by. */
	PREFIX_TABLE_BITS = 3 * PREFIX_STRIDE,
	PREFIX_TABLE_SIZE = 1 << PREFIX_TABLE_BITS,
};

/* An entry of such a table is the index of a node, or with this a verdict. */
#define PREFIX_TABLE_VERDICT	0x80000000U

/**
 * struct prefix - an address prefix and what to do with those below it
 * @hi: first 64 bits of the address, host order; IPv4 in the upper half
 * @lo: the others
 * @len: bits that count
 * @verdict: its low bits, PREFIX_FOUND, are what a look-up finds
 * @order: for who sorts a list in which a prefix may stand twice; unused here
 */
struct prefix {
	u64 hi;
	u64 lo;
	u32 order;
	u8 len;
	u8 verdict;
};

/**
 * struct prefix_node - one step of PREFIX_STRIDE bits
 * @child: slots that go on in another node
 * @v0: low bit of the verdict of the slots that do not
 * @v1: high bit
 * @base: index of the first child, less one
 */
struct prefix_node {
	u64 child;
	u64 v0;
	u64 v1;
	u32 base;
};

int prefix_compare(const void *a, const void *b);
bool prefix_is_valid(const struct prefix *p, unsigned int bits);
bool prefix_covers(const struct prefix *p, u64 hi, u64 lo);
const struct prefix *prefix_match(const struct prefix *list, size_t n,
				  u64 hi, u64 lo);
size_t prefix_count_nodes(const struct prefix *list, size_t n);
void prefix_build(struct prefix_node *nodes, const struct prefix *list,
		  size_t n);
void prefix_build_table(u32 *table, const struct prefix_node *nodes);

/**
 * prefix_lookup_below() - the verdict of an address whose first bits are done
 * @nodes: a tree that prefix_build() made
 * @index: of the node that those bits lead to
 * @hi: the address without them, host order; IPv4 in the upper half
 * @lo: its last 64 bits
 *
 * Any context; the caller keeps @nodes in memory.
 */
static inline unsigned int prefix_lookup_below(const struct prefix_node *nodes,
					       u32 index, u64 hi, u64 lo)
{
	const struct prefix_node *node = &nodes[index];
	unsigned int slot = (unsigned int)(hi >> 58);
	u64 children;

	/* The slot's own bit uppermost, below it those of the slots before. */
	while ((s64)(children = node->child << (~slot & 63)) < 0) {
		node = &nodes[node->base + hweight64(children)];
		hi = hi << PREFIX_STRIDE | lo >> 58;
		lo <<= PREFIX_STRIDE;
		slot = (unsigned int)(hi >> 58);
	}
	return (unsigned int)((node->v0 >> slot & 1) |
			      (node->v1 >> slot & 1) << 1);
}

/**
 * prefix_lookup() - the verdict of the longest prefix that covers an address
 * @nodes: a tree that prefix_build() made
 * @hi: first 64 bits of the address, host order; IPv4 in the upper half
 * @lo: the others
 *
 * At most six nodes are read for IPv4, 22 for IPv6, however many prefixes
 * there are. Any context; the caller keeps @nodes in memory.
 */
static inline unsigned int prefix_lookup(const struct prefix_node *nodes,
					 u64 hi, u64 lo)
{
	return prefix_lookup_below(nodes, 0, hi, lo);
}

/**
 * prefix_lookup_table() - prefix_lookup() of IPv4 where there is a table
 * @nodes: the tree
 * @table: what prefix_build_table() made of it
 * @addr: the address, host order
 *
 * The table and at most three nodes are read. Any context.
 */
static inline unsigned int prefix_lookup_table(const struct prefix_node *nodes,
					       const u32 *table, u32 addr)
{
	u32 entry = table[addr >> (32 - PREFIX_TABLE_BITS)];

	if (entry & PREFIX_TABLE_VERDICT)
		return entry & PREFIX_FOUND;
	return prefix_lookup_below(nodes, entry,
				   (u64)addr << (32 + PREFIX_TABLE_BITS), 0);
}

#endif /* _KNTP_CORE_PREFIX_H */
