// SPDX-License-Identifier: GPL-2.0
/*
 * A list of prefixes, its tree, and the linear search.
 * Input: family (1 octet, odd is IPv6), then for each prefix: length and
 * verdict (1 each) and as many octets of address as the length needs.
 */
#include "core.h"

enum { LIST_MAX = 64 };

static size_t read_list(struct prefix *list, const uint8_t *data, size_t size,
			unsigned int bits)
{
	size_t octets, n, i;

	for (n = 0; n < LIST_MAX && size >= 2; n++) {
		list[n] = (struct prefix){
			.len = (u8)(data[0] % (bits + 1)),
			.verdict = (u8)(1 + data[1] % 3),
		};
		octets = (list[n].len + 7U) / 8;
		data += 2;
		size -= 2;
		for (i = 0; i < octets && size; i++, data++, size--) {
			if (i < 8)
				list[n].hi |= (u64)*data << (56 - 8 * i);
			else
				list[n].lo |= (u64)*data << (120 - 8 * i);
		}
		prefix_trim(&list[n]);
		MUST(prefix_is_valid(&list[n], bits));
	}
	return prefix_sort_unique(list, n);
}

static void check_address(const struct prefix_node *nodes,
			  const struct prefix *list, size_t n, u64 hi, u64 lo)
{
	const struct prefix *want = model_match(list, n, hi, lo);

	MUST(prefix_match(list, n, hi, lo) == want);
	MUST(prefix_lookup(nodes, hi, lo) == (want ? want->verdict : 0));
}

/* Its first and last address, and those one bit away from the first. */
static void check_around(const struct prefix_node *nodes,
			 const struct prefix *list, size_t n,
			 const struct prefix *p, unsigned int bits)
{
	struct prefix inverse = { .hi = ~p->hi, .lo = ~p->lo, .len = p->len };
	struct prefix end = { .hi = ~0ULL, .lo = ~0ULL, .len = (u8)bits };
	unsigned int i;

	prefix_trim(&inverse);
	prefix_trim(&end);
	check_address(nodes, list, n, p->hi, p->lo);
	check_address(nodes, list, n, ~inverse.hi & end.hi,
		      ~inverse.lo & end.lo);
	for (i = 0; i < bits; i++)
		check_address(nodes, list, n,
			      i < 64 ? p->hi ^ 1ULL << (63 - i) : p->hi,
			      i < 64 ? p->lo : p->lo ^ 1ULL << (127 - i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prefix list[LIST_MAX];
	struct prefix_node *nodes;
	unsigned int bits;
	size_t count, n, i;

	if (!size)
		return 0;
	bits = data[0] & 1 ? 128 : 32;
	n = read_list(list, data + 1, size - 1, bits);
	count = prefix_count_nodes(list, n);
	MUST(count <= 1 + n * ((bits + PREFIX_STRIDE - 1) / PREFIX_STRIDE));
	nodes = malloc(count * sizeof(*nodes));
	MUST(nodes);
	prefix_build(nodes, list, n);

	check_address(nodes, list, n, 0, 0);
	for (i = 0; i < n; i++)
		check_around(nodes, list, n, &list[i], bits);
	free(nodes);
	return 0;
}
