/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_TESTS_CHANCE_H
#define _KNTP_TESTS_CHANCE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t rng;

/* xorshift64*: fast, and the same for the same seed everywhere. */
static uint32_t any(uint32_t below)
{
	rng ^= rng >> 12;
	rng ^= rng << 25;
	rng ^= rng >> 27;
	return (uint32_t)((rng * 0x2545f4914f6cdd1dULL) >> 32) % below;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

#endif /* _KNTP_TESTS_CHANCE_H */
