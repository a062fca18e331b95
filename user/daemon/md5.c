// SPDX-License-Identifier: GPL-2.0
#include "md5.h"

#include <math.h>
#include <string.h>

enum {
	BLOCK = 64,
	LEN_AT = 56,	/* of the last block, where the length in bits is */
};

static uint32_t rotate(uint32_t v, unsigned int by)
{
	return v << by | v >> (32 - by);
}

static uint32_t word(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* RFC 1321 section 3.4: four rounds of sixteen steps. */
static void block(uint32_t state[4], const uint8_t *p)
{
	static const uint8_t shift[4][4] = {
		{ 7, 12, 17, 22 }, { 5, 9, 14, 20 },
		{ 4, 11, 16, 23 }, { 6, 10, 15, 21 },
	};
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	unsigned int i, at;
	uint32_t f, sum;

	for (i = 0; i < 64; i++) {
		switch (i / 16) {
		case 0:
			f = (b & c) | (~b & d);
			at = i;
			break;
		case 1:
			f = (b & d) | (c & ~d);
			at = (5 * i + 1) % 16;
			break;
		case 2:
			f = b ^ c ^ d;
			at = (3 * i + 5) % 16;
			break;
		default:
			f = c ^ (b | ~d);
			at = 7 * i % 16;
		}
		/* Its constants are defined as this. */
		sum = a + f + word(p + 4 * at) +
		      (uint32_t)(fabs(sin(i + 1.0)) * 4294967296.0);
		a = d;
		d = c;
		c = b;
		b += rotate(sum, shift[i / 16][i % 4]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

/**
 * md5() - digest of a message, RFC 1321
 * @data: the message
 * @len: its length, octets
 * @digest: is filled
 */
void md5(const void *data, size_t len, uint8_t digest[MD5_LEN])
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint8_t last[2 * BLOCK] = { 0 };
	const uint8_t *p = data;
	size_t left = len, i, end;

	for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
		block(state, p);
	if (left)
		memcpy(last, p, left);
	last[left] = 0x80;
	end = left < LEN_AT ? BLOCK : 2 * BLOCK;
	for (i = 0; i < 8; i++)
		last[end - 8 + i] = (uint8_t)((uint64_t)len * 8 >> 8 * i);
	for (i = 0; i < end; i += BLOCK)
		block(state, last + i);
	for (i = 0; i < MD5_LEN; i++)
		digest[i] = (uint8_t)(state[i / 4] >> 8 * (i % 4));
}
