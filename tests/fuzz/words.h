/* SPDX-License-Identifier: GPL-2.0 */
/* For targets that are given text. */
#ifndef _KNTP_TESTS_FUZZ_WORDS_H
#define _KNTP_TESTS_FUZZ_WORDS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"

/* The input as a string whose NUL is the last octet of its block. */
static inline char *word_of(const uint8_t *data, size_t size)
{
	const uint8_t *nul = memchr(data, '\0', size);
	size_t len = nul ? (size_t)(nul - data) : size;
	char *word = malloc(len + 1);

	MUST(word);
	if (len)
		memcpy(word, data, len);
	word[len] = '\0';
	return word;
}

#endif /* _KNTP_TESTS_FUZZ_WORDS_H */
