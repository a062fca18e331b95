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

/* All eight taken, by tags 1 to 8, last used when it is given; it is NOW. */
static struct slots full(const u8 used[SLOTS], u8 known, u8 now)
{
	struct slots s = { .aged = now };
	unsigned int i;

	for (i = 0; i < SLOTS; i++) {
		slots_set(&s.tags, i, (u8)(i + 1));
		slots_set(&s.ages, i, (u8)(now - used[i]));
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
	CHECK(s.known == 1 << 3 && !(u8)(s.ages >> 24) && (u8)s.ages == 1, "who comes back is known, and seen now");
}

static void who_goes(void)
{
	const u8 ages[SLOTS] = { 100, 90, 95, 80, 99, 97, 98, 96 };
	struct slots s = full(ages, 0xff, 100);
	unsigned int start, seen = 0;

	CHECK(slots_give(&s, 9, 100, 0) == 3, "all known: the oldest goes");
	CHECK(tag_of(&s, 3) == 9 && !(s.known >> 3 & 1) &&
	      !(u8)(s.ages >> 24), "and the newcomer is in its place");
	s = full(ages, 0xff & ~(1 << 4), 100);
	CHECK(slots_give(&s, 9, 100, 0) == 4, "who asked once goes before who is known");
	s = full(ages, 0xff & ~(1 << 4) & ~(1 << 1), 100);
	CHECK(slots_give(&s, 9, 100, 0) == 1, "of two that did, the older");
	s = full(ages, 0xff & ~(1 << 4), 100);
	CHECK(slots_give(&s, 9, 80 + SLOTS_STALE, 0) == 3, "who was not seen for long is known no more");
	for (start = 0; start < SLOTS; start++) {
		s = full((const u8[SLOTS]){ 7, 7, 7, 7, 7, 7, 7, 7 }, 0, 7);
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

/* Forty-nine days are when jiffies of 32 bits have gone round, at 1000 a second. */
enum { DAYS49 = 49 * 24 * 60 };

/*
 * One client is gone, seven ask every LIVE units or more often. Whenever the next
 * newcomer comes, the dead one goes.
 */
static void dead_first(void)
{
	u32 begun = (u32)random_below(1 << 30), live, idle;
	unsigned int i;

	for (idle = 2; idle < DAYS49; idle++) {
		struct slots s = { 0 };

		live = (u32)random_below(idle < SLOTS_STALE ? idle - 1 : SLOTS_STALE - 1);
		for (i = 0; i < SLOTS; i++) {
			slots_give(&s, (u8)(1 + i), begun, 0);
			slots_use(&s, i, begun);
		}
		for (i = 1; i < SLOTS; i++)
			slots_use(&s, i, begun + idle - live);
		CHECK(slots_give(&s, 9, begun + idle, (unsigned int)random64()) == 0,
		      "dead for %u units, the others for %u", idle, live);
	}
}

/* What a slot is worth, by when it was used: the less, the more. */
static u64 model_worth(u64 used, bool known, u64 now)
{
	u64 age = now - used;

	if (age > SLOTS_OLDEST)
		age = SLOTS_OLDEST;
	return age + (!known || age >= SLOTS_STALE ? 1000 : 0);
}

/* Against times of 64 bits, over years: often at once, or after days of silence. */
static void model(void)
{
	static const u64 gaps[] = { 2, 40, 300, 2 * DAYS49 };
	struct slots s = { 0 };
	u64 used[SLOTS] = { 0 }, now = 0x7fffff00, most;
	bool known[SLOTS] = { false };
	unsigned int i, n, slot;

	for (i = 0; i < SLOTS; i++) {
		slot = slots_give(&s, 1, (u32)now, 0);
		used[slot] = now;
	}
	for (n = 0; n < 300000; n++) {
		now += random_below(gaps[random_below(n % 50 ? 2 : 4)]);
		slot = (unsigned int)random_below(SLOTS);
		if (random_below(3)) {
			slots_use(&s, slot, (u32)now);
			known[slot] = true;
			used[slot] = now;
			continue;
		}
		for (i = 0, most = 0; i < SLOTS; i++)
			if (model_worth(used[i], known[i], now) > most)
				most = model_worth(used[i], known[i], now);
		slot = slots_give(&s, 1, (u32)now, (unsigned int)random64());
		CHECK(model_worth(used[slot], known[slot], now) == most,
		      "at %llu: %llu, not %llu", (unsigned long long)now,
		      (unsigned long long)model_worth(used[slot], known[slot], now),
		      (unsigned long long)most);
		used[slot] = now;
		known[slot] = false;
	}
}

/* Another CPU may have looked at the clock before and come later. */
static void late(void)
{
	struct slots s = { 0 };

	slots_give(&s, 1, 1000, 0);
	slots_use(&s, 0, 1001);
	slots_use(&s, 1, 1000);
	CHECK(s.aged == 1001 && !(u16)s.ages, "no age is negative: %u", s.aged);
}

static const struct test_case cases[] = {
	{ "a match is each slot with the tag and no other", matches },
	{ "empty slots are given first", empty_first },
	{ "who is worth least goes", who_goes },
	{ "who comes back outlasts a flood", flood },
	{ "a dead client goes before a live one, after any time", dead_first },
	{ "ages are those of a model, over years", model },
	{ "a clock that was read earlier ages nothing", late },
};

TEST_MAIN(cases)
