// SPDX-License-Identifier: GPL-2.0
/* kmod/core/slots.h: who is found, and who goes. */
#include "harness.h"
#include "../../kmod/core/slots.h"

static u8 tag_of(const struct slots *s, unsigned int slot)
{
	return (u8)(s->tags >> slot * 8);
}

/* Against a loop over the octets, tags that differ in one bit among them. */
static void matches(void)
{
	bool good = true;
	int i;

	for (i = 0; i < 100000 && good; i++) {
		struct slots s = { .tags = random64() };
		u8 tag = (u8)random64();
		u64 match, wanted = 0;
		unsigned int slot;

		slots_set(&s.tags, (unsigned int)(random64() % SLOTS), tag);
		slots_set(&s.tags, (unsigned int)(random64() % SLOTS), tag ^ 1);
		for (slot = 0; slot < SLOTS; slot++)
			if (tag_of(&s, slot) == tag)
				wanted |= 0x80ULL << slot * 8;
		match = slots_match(&s, tag);
		good = match == wanted;
		if (wanted)
			good = good && tag_of(&s, slots_first(match)) == tag;
	}
	CHECK(good, "a match is each slot with the tag and no other");
}

/* All eight taken, by tags 1 to 8 at the ages that are given. */
static struct slots full(const u8 ages[SLOTS], u8 known)
{
	struct slots s = { 0 };
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		slots_set(&s.tags, i, (u8)(i + 1));
		slots_set(&s.ages, i, ages[i]);
	}
	s.known = known;
	return s;
}

static void empty_first(void)
{
	struct slots s = { 0 };
	unsigned int seen = 0, i;

	for (i = 0; i < SLOTS; i++)
		seen |= 1U << slots_give(&s, (u8)(i + 1), 10, i * 5);
	CHECK(seen == 0xff, "empty slots are given first, each once");
	CHECK(s.known == 0, "a newcomer is not known");
	slots_use(&s, 3, 11);
	CHECK(s.known == 1 << 3 && (u8)(s.ages >> 24) == 11, "who comes back is known, and seen now");
}

static void who_goes(void)
{
	const u8 ages[SLOTS] = { 100, 90, 95, 80, 99, 97, 98, 96 };
	struct slots s = full(ages, 0xff);
	unsigned int start, seen = 0;

	CHECK(slots_give(&s, 9, 100, 0) == 3, "all known: the oldest goes");
	CHECK(tag_of(&s, 3) == 9 && !(s.known >> 3 & 1) &&
	      (u8)(s.ages >> 24) == 100, "and the newcomer is in its place");
	s = full(ages, 0xff & ~(1 << 4));
	CHECK(slots_give(&s, 9, 100, 0) == 4, "who asked once goes before who is known");
	s = full(ages, 0xff & ~(1 << 4) & ~(1 << 1));
	CHECK(slots_give(&s, 9, 100, 0) == 1, "of two that did, the older");
	s = full(ages, 0xff & ~(1 << 4));
	CHECK(slots_give(&s, 9, 80 + SLOTS_STALE, 0) == 3, "who was not seen for long is known no more");
	/* The age clock goes round. */
	s = full((const u8[SLOTS]){ 2, 250, 1, 0, 255, 3, 254, 253 }, 0xff);
	CHECK(slots_give(&s, 9, 4, 0) == 1, "ages go round");
	for (start = 0; start < SLOTS; start++) {
		s = full((const u8[SLOTS]){ 7, 7, 7, 7, 7, 7, 7, 7 }, 0);
		seen |= 1U << slots_give(&s, 9, 7, start);
	}
	CHECK(seen == 0xff, "among equals it is one after the other");
}

/* A hundred strangers for each time that those who are known ask. */
static void flood(void)
{
	struct slots s = { 0 };
	unsigned int at[7], i, n, lost = 0;

	for (i = 0; i < 7; i++) {
		at[i] = slots_give(&s, (u8)(100 + i), 0, 0);
		slots_use(&s, at[i], 0);
	}
	for (n = 1; n < 100; n++) {
		for (i = 0; i < 100; i++)
			slots_give(&s, (u8)(1 + random64() % 90), (u8)n,
				   (unsigned int)random64());
		for (i = 0; i < 7; i++) {
			lost += tag_of(&s, at[i]) != 100 + i;
			slots_use(&s, at[i], (u8)n);
		}
	}
	CHECK(lost == 0, "seven that come back outlast any flood of strangers");
}

static const struct test_case cases[] = {
	{ "a match is each slot with the tag and no other", matches },
	{ "empty slots are given first", empty_first },
	{ "who is worth least goes", who_goes },
	{ "who comes back outlasts a flood", flood },
};

TEST_MAIN(cases)
