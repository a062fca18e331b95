/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_TESTS_FUZZ_MUST_H
#define _KNTP_TESTS_FUZZ_MUST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold, said as it stands in the source when it does not. */
#define MUST(condition)							\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: does not hold: %s\n",	\
				__FILE__, __LINE__, #condition);	\
			abort();					\
		}							\
	} while (0)

#endif /* _KNTP_TESTS_FUZZ_MUST_H */
