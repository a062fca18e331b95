// SPDX-License-Identifier: GPL-2.0
/* The prefix tree against a linear search for the longest match. */
#include "harness.h"
#include "model.h"

enum {
	LIST_MAX = 400,
	MANY = 100000,
	NODE_UNUSED = 0x5a,
	DEPTH_IPV4 = 6,
	DEPTH_IPV6 = 22,
};

struct address {
	u64 hi;
	u64 lo;
};

static struct address random_address(unsigned int bits)
{
	struct address a = { random64(), random64() };

	if (bits == 32)
		a = (struct address){ a.hi & ~0ULL << 32, 0 };
	return a;
}

/* One bit away at most, so that many share what comes before. */
static struct address near(const struct prefix *p, unsigned int bits)
{
	struct address a = random_address(bits);
	unsigned int keep = (unsigned int)random_below(bits + 1);
	unsigned int i;

	if (keep > p->len && random_below(2))
		keep = p->len;
	for (i = 0; i < keep; i++) {
		u64 bit = 1ULL << (63 - i % 64);

		if (i < 64)
			a.hi = (a.hi & ~bit) | (p->hi & bit);
		else
			a.lo = (a.lo & ~bit) | (p->lo & bit);
	}
	return a;
}

static struct address last_of(const struct prefix *p, unsigned int bits)
{
	struct prefix all = { .hi = ~p->hi, .lo = ~p->lo, .len = p->len };
	struct prefix end = { .hi = ~0ULL, .lo = ~0ULL, .len = (u8)bits };

	prefix_trim(&all);
	prefix_trim(&end);
	return (struct address){ ~all.hi & end.hi, ~all.lo & end.lo };
}

static size_t random_list(struct prefix *list, size_t n, unsigned int bits,
			  bool nested)
{
	struct address a;
	size_t i;

	for (i = 0; i < n; i++) {
		a = i && nested ? near(&list[random_below(i)], bits) :
				  random_address(bits);
		list[i] = (struct prefix){
			.hi = a.hi, .lo = a.lo,
			.len = (u8)random_below(bits + 1),
			.verdict = (u8)(1 + random_below(3)),
		};
		prefix_trim(&list[i]);
	}
	return prefix_sort_unique(list, n);
}

/* Walks as prefix_lookup() does, but counts. */
static unsigned int nodes_read(const struct prefix_node *nodes, size_t count,
			       struct address a)
{
	unsigned int slot, i, depth, read;
	size_t at = 0;

	for (read = 1, depth = 0;; read++, depth += PREFIX_STRIDE) {
		for (slot = 0, i = depth; i < depth + PREFIX_STRIDE; i++)
			slot = slot * 2 + (i < 128 ? model_bit(a.hi, a.lo, i) : 0);
		if (!(nodes[at].child >> slot & 1))
			return read;
		/* The root's children are the first: that is what base means. */
		i = nodes[at].base - nodes[0].base + 1;
		while (slot--)
			i += nodes[at].child >> slot & 1;
		CHECK(i < count && i > at, "child %u of %zu in %zu", i, at,
		      count);
		if (i >= count || i <= at)
			return read;
		at = i;
	}
}

static void check_address(const struct prefix_node *nodes,
			  const struct prefix *list, size_t n, struct address a)
{
	const struct prefix *want = model_match(list, n, a.hi, a.lo);
	const struct prefix *match = prefix_match(list, n, a.hi, a.lo);
	unsigned int verdict = prefix_lookup(nodes, a.hi, a.lo);

	CHECK(verdict == (want ? want->verdict : 0),
	      "%016llx%016llx: verdict %u, not %u", (unsigned long long)a.hi,
	      (unsigned long long)a.lo, verdict, want ? want->verdict : 0);
	CHECK(match == want, "%016llx%016llx: another match",
	      (unsigned long long)a.hi, (unsigned long long)a.lo);
}

/* In room for exactly as many nodes as were counted. */
static struct prefix_node *build(const struct prefix *list, size_t n,
				 size_t *count)
{
	struct prefix *copy = (struct prefix *)flush_copy(list,
							  n * sizeof(*list));
	struct prefix_node *nodes;

	*count = prefix_count_nodes(copy, n);
	nodes = malloc(*count * sizeof(*nodes));
	if (!nodes)
		abort();
	memset(nodes, NODE_UNUSED, *count * sizeof(*nodes));
	prefix_build(nodes, copy, n);
	flush_free((u8 *)copy, n * sizeof(*list));
	return nodes;
}

/* Every node that was counted is written, and is the child of one other. */
static void check_nodes(const struct prefix_node *nodes, size_t count)
{
	size_t children = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		CHECK(nodes[i].base - nodes[0].base == children,
		      "node %zu of %zu: base %u, root's %u, not %zu between",
		      i, count, nodes[i].base, nodes[0].base, children);
		children += (size_t)__builtin_popcountll(nodes[i].child);
	}
	CHECK(children + 1 == count, "%zu nodes counted, %zu written", count,
	      children + 1);
}

/* The table leads to what the walk finds, wherever that ends. */
static u32 *build_table(const struct prefix_node *nodes, unsigned int bits)
{
	static u32 table[PREFIX_TABLE_SIZE];

	if (bits != 32)
		return NULL;
	prefix_build_table(table, nodes);
	return table;
}

static void check_table(const u32 *table, const struct prefix_node *nodes,
			struct address a)
{
	CHECK(prefix_lookup_table(nodes, table, (u32)(a.hi >> 32)) ==
	      prefix_lookup(nodes, a.hi, a.lo),
	      "%08x: another verdict by the table", (u32)(a.hi >> 32));
}

static void check_list(const struct prefix *list, size_t n, unsigned int bits,
		       unsigned int probes)
{
	unsigned int depth = bits == 32 ? DEPTH_IPV4 : DEPTH_IPV6;
	struct prefix_node *nodes;
	size_t count, i;
	u32 *table;

	nodes = build(list, n, &count);
	check_nodes(nodes, count);
	table = build_table(nodes, bits);
	for (i = 0; i < probes; i++) {
		const struct prefix *p = n ? &list[random_below(n)] : NULL;
		struct address a = random_address(bits);

		if (p && i % 4 == 1)
			a = (struct address){ p->hi, p->lo };
		if (p && i % 4 == 2)
			a = last_of(p, bits);
		if (p && i % 4 == 3)
			a = near(p, bits);
		check_address(nodes, list, n, a);
		if (table)
			check_table(table, nodes, a);
		CHECK(nodes_read(nodes, count, a) <= depth, "too deep");
	}
	free(nodes);
}

static void random_lists(void)
{
	static struct prefix list[LIST_MAX];
	unsigned int i, bits;
	size_t n;

	for (i = 0; i < 1500; i++) {
		bits = i % 2 ? 32 : 128;
		n = random_list(list, random_below(i % 10 ? 40 : LIST_MAX),
				bits, i % 3);
		check_list(list, n, bits, 200);
	}
}

static void empty_list(void)
{
	struct prefix none[1] = { 0 };

	CHECK(prefix_count_nodes(none, 0) == 1, "nodes");
	check_list(none, 0, 32, 100);
	check_list(none, 0, 128, 100);
	CHECK(!prefix_match(none, 0, 0, 0), "a match");
}

/* One prefix of each length, by itself and over the default. */
static void every_length(void)
{
	struct prefix list[2];
	unsigned int bits, len;
	struct address a;

	for (bits = 32; bits <= 128; bits += 96)
		for (len = 0; len <= bits; len++) {
			a = random_address(bits);
			list[1] = (struct prefix){
				.hi = a.hi, .lo = a.lo, .len = (u8)len,
				.verdict = 2,
			};
			prefix_trim(&list[1]);
			check_list(&list[1], 1, bits, 200);
			list[0] = (struct prefix){ .verdict = 1 };
			if (len)
				check_list(list, 2, bits, 200);
		}
}

/* All lengths above one address, each with another verdict than the last. */
static void deepest_nest(void)
{
	struct prefix list[129];
	unsigned int bits, len;
	struct address a;

	for (bits = 32; bits <= 128; bits += 96) {
		a = random_address(bits);
		for (len = 0; len <= bits; len++) {
			list[len] = (struct prefix){
				.hi = a.hi, .lo = a.lo, .len = (u8)len,
				.verdict = (u8)(1 + len % 3),
			};
			prefix_trim(&list[len]);
		}
		CHECK(prefix_sort_unique(list, bits + 1) == bits + 1, "order");
		CHECK(prefix_count_nodes(list, bits + 1) ==
		      (bits == 32 ? DEPTH_IPV4 : DEPTH_IPV6), "nodes");
		check_list(list, bits + 1, bits, 20000);
	}
}

/* All 256 addresses of a /24, and all of the last eight bits of IPv6. */
static void neighbours(void)
{
	struct prefix list[256];
	unsigned int i;

	for (i = 0; i < 256; i++)
		list[i] = (struct prefix){
			.hi = (0xc0000200ULL + i) << 32, .len = 32,
			.verdict = (u8)(1 + i % 3),
		};
	check_list(list, 256, 32, 2000);
	for (i = 0; i < 256; i++)
		list[i] = (struct prefix){
			.hi = 0x20010db8ULL << 32, .lo = i, .len = 128,
			.verdict = (u8)(1 + i % 3),
		};
	check_list(list, 256, 128, 2000);
}

/* A random choice of @want of them, in their order. */
static size_t thin(struct prefix *list, size_t n, size_t want)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (random_below(n - i) < want - kept)
			list[kept++] = list[i];
	return kept;
}

static void hundred_thousand(void)
{
	struct prefix *list = malloc(3 * MANY * sizeof(*list));
	unsigned int bits;
	size_t n;

	if (!list)
		abort();
	for (bits = 32; bits <= 128; bits += 96) {
		n = random_list(list, 3 * MANY, bits, true);
		n = thin(list, n, MANY);
		CHECK(n == MANY, "only %zu", n);
		check_list(list, n, bits, 300);
		printf("# %zu prefixes of %u bits: %zu nodes\n", n, bits,
		       prefix_count_nodes(list, n));
	}
	free(list);
}

static void validity(void)
{
	unsigned int len, bit, bits, i;
	struct prefix p;
	bool want;

	for (bits = 32; bits <= 128; bits += 96)
		for (len = 0; len < 256; len++) {
			p = (struct prefix){ .len = (u8)len };
			CHECK(prefix_is_valid(&p, bits) == (len <= bits),
			      "length %u of %u", len, bits);
			for (bit = 0; bit < 128; bit++) {
				p.hi = bit < 64 ? 1ULL << (63 - bit) : 0;
				p.lo = bit < 64 ? 0 : 1ULL << (127 - bit);
				want = len <= bits && bit < len;
				CHECK(prefix_is_valid(&p, bits) == want,
				      "bit %u, length %u of %u", bit, len, bits);
			}
		}
	for (i = 0; i < 10000; i++) {
		p = (struct prefix){
			.hi = random64(), .lo = random64(),
			.len = (u8)random_below(129),
		};
		prefix_trim(&p);
		CHECK(prefix_is_valid(&p, 128), "trimmed to %u", p.len);
	}
}

static void covering(void)
{
	unsigned int i;

	for (i = 0; i < 300000; i++) {
		unsigned int bits = i % 2 ? 32 : 128;
		struct address a = random_address(bits);
		struct prefix p = {
			.hi = a.hi, .lo = a.lo,
			.len = (u8)random_below(bits + 1),
		};

		prefix_trim(&p);
		a = near(&p, bits);
		CHECK(prefix_covers(&p, a.hi, a.lo) ==
		      model_covers(&p, a.hi, a.lo), "%016llx%016llx/%u",
		      (unsigned long long)p.hi, (unsigned long long)p.lo,
		      p.len);
	}
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void ordering(void)
{
	struct prefix list[3];
	unsigned int i;

	for (i = 0; i < 200000; i++) {
		unsigned int k;

		for (k = 0; k < 3; k++)
			list[k] = (struct prefix){
				.hi = random_below(3) << random_below(64),
				.lo = random_below(3) << random_below(64),
				.len = (u8)random64(),
				.verdict = (u8)random_below(4),
			};
		CHECK(!prefix_compare(&list[0], &list[0]), "with itself");
		CHECK(sign(prefix_compare(&list[0], &list[1])) ==
		      -sign(prefix_compare(&list[1], &list[0])), "symmetry");
		if (prefix_compare(&list[0], &list[1]) <= 0 &&
		    prefix_compare(&list[1], &list[2]) <= 0)
			CHECK(prefix_compare(&list[0], &list[2]) <= 0, "chain");
	}
}

static const struct test_case cases[] = {
	{ "empty list", empty_list },
	{ "every length", every_length },
	{ "every length above one address", deepest_nest },
	{ "neighbours", neighbours },
	{ "random lists", random_lists },
	{ "hundred thousand prefixes", hundred_thousand },
	{ "validity", validity },
	{ "covering", covering },
	{ "ordering", ordering },
};

TEST_MAIN(cases)
