/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of a bucket's eight slots holds a client, and which is given to a new
 * one. All of it is decided by octets that lie together, so that a look-up
 * touches this and the one slot that is meant.
 */
#ifndef _KNTP_CORE_SLOTS_H
#define _KNTP_CORE_SLOTS_H

#include "plat.h"

#define SLOTS		8U
#define SLOTS_LOW	0x0101010101010101ULL
#define SLOTS_BELOW	0x7f7f7f7f7f7f7f7fULL

/* Units of age: a client that was not seen for as long is known no more. */
#define SLOTS_STALE	128U
#define SLOTS_OLDEST	255U

/**
 * struct slots - eight slots, an octet each
 * @tags: of its key's hash; 0: the slot is empty
 * @ages: units between its last use and @aged, SLOTS_OLDEST: that or more
 * @aged: the moment that @ages are of, by a clock of units
 * @known: a bit each: used more than once
 */
struct slots {
	u64 tags;
	u64 ages;
	u32 aged;
	u8 known;
};

/**
 * slots_match() - the slots that have a tag
 * @slots: a bucket
 * @tag: what is looked for
 *
 * Any context. Return: the highest bit of the octet of each.
 */
static inline u64 slots_match(const struct slots *slots, u8 tag)
{
	u64 x = slots->tags ^ tag * SLOTS_LOW;

	/* No octet carries into the next, so that it is exact. */
	return ~(((x & SLOTS_BELOW) + SLOTS_BELOW) | x | SLOTS_BELOW);
}

/**
 * slots_first() - the first slot of a match
 * @match: from slots_match(), not 0
 *
 * Any context. The next one: @match & (@match - 1).
 */
static inline unsigned int slots_first(u64 match)
{
	return (unsigned int)__builtin_ctzll(match) / 8;
}

static inline void slots_set(u64 *octets, unsigned int slot, u8 octet)
{
	*octets = (*octets & ~(0xffULL << slot * 8)) | (u64)octet << slot * 8;
}

/**
 * slots_age() - Bring the ages of a bucket to a moment
 * @slots: a bucket
 * @now: the clock of ages
 *
 * What becomes older than SLOTS_OLDEST stays at it, however long nobody looked:
 * ages never go round. @now may be of before @aged, where another CPU was first.
 * Any context, under the bucket's lock.
 */
static inline void slots_age(struct slots *slots, u32 now)
{
	s32 elapsed = (s32)(now - slots->aged);
	u64 add, sum, carry;

	if (elapsed <= 0)
		return;
	slots->aged = now;
	if ((u32)elapsed >= SLOTS_OLDEST) {
		slots->ages = ~0ULL;
		return;
	}
	/* Eight sums; the octets that carry are full. */
	add = (u32)elapsed * SLOTS_LOW;
	sum = (slots->ages & SLOTS_BELOW) + (add & SLOTS_BELOW);
	sum ^= (slots->ages ^ add) & ~SLOTS_BELOW;
	carry = ((slots->ages & add) | ((slots->ages | add) & ~sum)) &
		~SLOTS_BELOW;
	slots->ages = sum | (carry >> 7) * 0xff;
}

/**
 * slots_use() - Note that a slot was used again
 * @slots: a bucket
 * @slot: the slot
 * @now: the clock of ages
 *
 * Any context, under the bucket's lock.
 */
static inline void slots_use(struct slots *slots, unsigned int slot, u32 now)
{
	slots_age(slots, now);
	slots_set(&slots->ages, slot, 0);
	slots->known |= 1U << slot;
}

/**
 * slots_give() - give a slot to a newcomer
 * @slots: a bucket
 * @tag: of the newcomer, not 0
 * @now: the clock of ages
 * @start: any number: among equals the first one from here on goes
 *
 * An empty slot, else the one whose owner is worth least: who asked only once
 * or was not seen for long goes before who is known, and then who was seen
 * longest ago. So a flood of addresses that ask once each drives out others
 * that do, not those who come back. Any context, under the bucket's lock.
 *
 * Return: the slot.
 */
static inline unsigned int slots_give(struct slots *slots, u8 tag, u32 now,
				      unsigned int start)
{
	u64 empty = slots_match(slots, 0);
	unsigned int best = 0, slot = 0, i;

	slots_age(slots, now);
	if (empty) {
		slot = slots_first(empty);
		goto give;
	}
	for (i = start; i < start + SLOTS; i++) {
		unsigned int at = i % SLOTS;
		u8 age = (u8)(slots->ages >> at * 8);
		unsigned int worth = age + 1U;

		if (!(slots->known >> at & 1) || age >= SLOTS_STALE)
			worth += 256;
		if (worth > best) {
			best = worth;
			slot = at;
		}
	}
give:
	slots_set(&slots->tags, slot, tag);
	slots_set(&slots->ages, slot, 0);
	slots->known &= (u8)~(1U << slot);
	return slot;
}

#endif /* _KNTP_CORE_SLOTS_H */
