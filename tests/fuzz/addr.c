// SPDX-License-Identifier: GPL-2.0
/* Addresses and prefixes as people write them. Input: the word. */
#include <arpa/inet.h>

#include "../../user/lib/addr.h"
#include "words.h"

static void check_prefix(const struct prefix *p)
{
	unsigned int i;

	MUST(p->size == 4 || p->size == 16);
	MUST(p->len <= 8 * p->size);
	for (i = p->len; i < 8 * sizeof(p->addr); i++)
		MUST(!(p->addr[i / 8] >> (7 - i % 8) & 1));
}

/* What is printed is read as what was printed. */
static void check_same(const struct prefix *p)
{
	char text[PREFIX_TEXT], why[ADDR_WHY];
	struct prefix again;

	MUST(prefix_format(p, text) == text);
	MUST(strlen(text) < PREFIX_TEXT);
	MUST(!prefix_parse(text, &again, why));
	MUST(!memcmp(&again, p, sizeof(again)));
}

static void check_address(const char *word)
{
	struct in6_addr six;
	struct in_addr four;
	struct prefix p;
	char why[ADDR_WHY];
	bool is_address;

	is_address = inet_pton(AF_INET, word, &four) == 1 ||
		     inet_pton(AF_INET6, word, &six) == 1;
	MUST(is_address == !addr_parse(word, &p, why));
	if (!is_address) {
		MUST(strlen(why) && strlen(why) < ADDR_WHY);
		return;
	}
	MUST(p.len == 8 * p.size);
	check_prefix(&p);
	check_same(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *word = word_of(data, size);
	char why[ADDR_WHY];
	struct prefix p;

	if (prefix_parse(word, &p, why)) {
		MUST(strlen(why) && strlen(why) < ADDR_WHY);
	} else {
		check_prefix(&p);
		check_same(&p);
	}
	check_address(word);
	free(word);
	return 0;
}
