/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_TESTS_FUZZ_CORE_H
#define _KNTP_TESTS_FUZZ_CORE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/model.h"
#include "must.h"

/* A copy that ends where its heap block ends; for free(). */
static inline u8 *exact_copy(const uint8_t *data, size_t len)
{
	u8 *copy = calloc(1, len ? len : 1);

	MUST(copy);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

#endif /* _KNTP_TESTS_FUZZ_CORE_H */
