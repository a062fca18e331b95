/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the core must do, said again slowly: the unit tests and the fuzzers
 * compare the two. Nothing here shares code with what it judges.
 */
#ifndef _KNTP_TESTS_UNIT_MODEL_H
#define _KNTP_TESTS_UNIT_MODEL_H

#include <stdlib.h>

#include "../../kmod/core/parse.h"
#include "../../kmod/core/prefix.h"

struct model_trailer {
	bool sound;
	bool mac;
	bool nts;
};

/*
 * RFC 7822 section 3: fields, then perhaps a MAC of 20 or 24 octets. A field
 * is a multiple of 4, 16 or longer, the last one 28 or longer where no MAC
 * follows; hence 20 or 24 octets that are left are a MAC and nothing else.
 */
static inline struct model_trailer model_fields(const u8 *data, size_t left)
{
	struct model_trailer none = { .sound = true };
	struct model_trailer mac = { .sound = true, .mac = true };
	struct model_trailer bad = { .sound = false };
	struct model_trailer rest;
	unsigned int type, size;

	if (left == 0)
		return none;
	if (left == 20 || left == 24)
		return mac;
	if (left < 28)
		return bad;

	type = data[0] * 256U + data[1];
	size = data[2] * 256U + data[3];
	if (size < 16 || size % 4 != 0 || size > left)
		return bad;
	rest = model_fields(data + size, left - size);
	if (type == 0x0104 || type == 0x0204 || type == 0x0304 ||
	    type == 0x0404)
		rest.nts = true;
	return rest;
}

/* RFC 1305 and before: no fields; key identifier and digest, whole words. */
static inline struct model_trailer model_old_mac(size_t left)
{
	struct model_trailer trailer = { .sound = left == 0 };
	size_t size;

	for (size = 12; size <= 72; size += 4)
		if (left == size)
			trailer = (struct model_trailer){
				.sound = true, .mac = true,
			};
	return trailer;
}

static inline bool model_is_request(unsigned int version, unsigned int mode,
				    u16 source_port)
{
	switch (mode) {
	case 1:
	case 3:
		return true;
	case 0:
		return version == 1 && source_port != 123;
	default:
		return false;
	}
}

static inline enum ntp_class model_classify(const u8 *data, size_t len,
					    u16 source_port)
{
	struct model_trailer trailer;
	unsigned int version, mode;

	if (len == 0)
		return NTP_CLASS_SHORT;
	version = data[0] / 8 % 8;
	mode = data[0] % 8;

	if (!model_is_request(version, mode, source_port))
		return NTP_CLASS_MODE;
	if (version == 0 || version == 5 || version == 6 || version == 7)
		return NTP_CLASS_VERSION;
	if (len < 48)
		return NTP_CLASS_SHORT;

	trailer = version == 4 ? model_fields(data + 48, len - 48) :
				 model_old_mac(len - 48);
	if (!trailer.sound)
		return NTP_CLASS_MALFORMED;
	if (trailer.nts)
		return NTP_CLASS_NTS;
	return trailer.mac ? NTP_CLASS_MAC : NTP_CLASS_PLAIN;
}

/* Bit @i of an address, the most significant first. */
static inline unsigned int model_bit(u64 hi, u64 lo, unsigned int i)
{
	return i < 64 ? hi >> (63 - i) & 1 : lo >> (127 - i) & 1;
}

static inline bool model_covers(const struct prefix *p, u64 hi, u64 lo)
{
	unsigned int i;

	for (i = 0; i < p->len; i++)
		if (model_bit(p->hi, p->lo, i) != model_bit(hi, lo, i))
			return false;
	return true;
}

/* The longest of a list in whatever order, or NULL. */
static inline const struct prefix *
model_match(const struct prefix *list, size_t n, u64 hi, u64 lo)
{
	const struct prefix *best = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if ((!best || list[i].len > best->len) &&
		    model_covers(&list[i], hi, lo))
			best = &list[i];
	return best;
}

/* Sorts, and leaves one of those that are the same. Return: how many. */
static inline size_t prefix_sort_unique(struct prefix *list, size_t n)
{
	size_t kept = 0;
	size_t i;

	qsort(list, n, sizeof(*list), prefix_compare);
	for (i = 0; i < n; i++)
		if (!kept || prefix_compare(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	return kept;
}

/* Clears what lies beyond the length. */
static inline void prefix_trim(struct prefix *p)
{
	unsigned int i;

	for (i = p->len; i < 128; i++) {
		if (i < 64)
			p->hi &= ~(1ULL << (63 - i));
		else
			p->lo &= ~(1ULL << (127 - i));
	}
}

#endif /* _KNTP_TESTS_UNIT_MODEL_H */
