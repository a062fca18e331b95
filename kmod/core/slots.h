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

/* Of 256 units of age: who has not been seen for as long is known no more. */
#define SLOTS_STALE	128U

/**
 * struct slots - eight slots, an octet each
 * @tags: of its key's hash; 0: the slot is empty
 * @ages: when it was used last, by a clock of 256 units that goes round
 * @known: a bit each: used more than once
 */
struct slots {
	u64 tags;
	u64 ages;
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
 * slots_use() - note that a slot was used again
 * @slots: a bucket
 * @slot: the slot
 * @now: the age clock
 *
 * Any context, under the bucket's lock.
 */
static inline void slots_use(struct slots *slots, unsigned int slot, u8 now)
{
	slots_set(&slots->ages, slot, now);
	slots->known |= 1U << slot;
}

/**
 * slots_give() - give a slot to a newcomer
 * @slots: a bucket
 * @tag: of the newcomer, not 0
 * @now: the age clock
 * @start: any number: among equals the first one from here on goes
 *
 * An empty slot, else the one whose owner is worth least: who asked only once
 * or was not seen for long goes before who is known, and then who was seen
 * longest ago. So a flood of addresses that ask once each drives out others
 * that do, not those who come back. Any context, under the bucket's lock.
 *
 * Return: the slot.
 */
static inline unsigned int slots_give(struct slots *slots, u8 tag, u8 now,
				      unsigned int start)
{
	u64 empty = slots_match(slots, 0);
	unsigned int best = 0, slot = 0, i;

	if (empty) {
		slot = slots_first(empty);
		goto give;
	}
	for (i = start; i < start + SLOTS; i++) {
		unsigned int at = i % SLOTS;
		u8 age = (u8)(now - (u8)(slots->ages >> at * 8));
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
	slots_set(&slots->ages, slot, now);
	slots->known &= (u8)~(1U << slot);
	return slot;
}

#endif /* _KNTP_CORE_SLOTS_H */
