/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A unit test is a program: a table of cases, and TEST_MAIN() over it. It
 * prints KTAP and exits as kselftest wants it. What is random comes from one
 * seed, printed first and settable: KNTP_SEED=N program.
 */
#ifndef _KNTP_TESTS_UNIT_HARNESS_H
#define _KNTP_TESTS_UNIT_HARNESS_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../kmod/core/plat.h"

enum { MESSAGES_MAX = 10 };

struct test_case {
	const char *name;
	void (*run)(void);
};

static u64 random_state;
static unsigned int failures;

/* splitmix64: small, and every seed is a good one. */
static inline u64 random64(void)
{
	u64 z = random_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/* Below @n, which is small: the bias does not matter to a test. */
static inline u64 random_below(u64 n)
{
	return random64() % n;
}

/* All magnitudes alike, where random64() gives hardly any small number. */
static inline u64 random_magnitude(void)
{
	return random64() >> random_below(64);
}

static inline void random_bytes(void *to, size_t len)
{
	u8 *p = to;

	while (len--)
		*p++ = (u8)random64();
}

/*
 * A copy whose end is the end of its heap block, so that the sanitizer traps
 * the first octet read beyond it. The caller frees it.
 */
static inline u8 *flush_copy(const void *data, size_t len)
{
	u8 *copy = calloc(1, len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, data, len);
	return len ? copy : copy + 1;
}

static inline void flush_free(u8 *copy, size_t len)
{
	free(len ? copy : copy - 1);
}

static void __attribute__((format(printf, 3, 4), unused))
test_fail(const char *file, int line, const char *format, ...)
{
	va_list args;

	if (failures++ >= MESSAGES_MAX)
		return;
	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

#define CHECK(condition, ...)						\
	do {								\
		if (!(condition))					\
			test_fail(__FILE__, __LINE__, __VA_ARGS__);	\
	} while (0)

static inline void print_hex(const char *what, const u8 *data, size_t len)
{
	size_t i;

	if (failures > MESSAGES_MAX)
		return;
	printf("# %s ", what);
	for (i = 0; i < len; i++)
		printf("%02x", data[i]);
	putchar('\n');
}

static inline int run_cases(const struct test_case *cases, size_t count)
{
	const char *seed = getenv("KNTP_SEED");
	unsigned int failed = 0;
	u64 start;
	size_t i;

	start = seed && *seed ? strtoull(seed, NULL, 0) : (u64)time(NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("KTAP version 1\n1..%zu\n", count);
	printf("# KNTP_SEED=%llu\n", (unsigned long long)start);

	for (i = 0; i < count; i++) {
		/* A case is the same whether the others run or not. */
		random_state = start + i;
		failures = 0;
		cases[i].run();
		if (failures > MESSAGES_MAX)
			printf("# and %u more\n", failures - MESSAGES_MAX);
		printf("%sok %zu %s\n", failures ? "not " : "", i + 1,
		       cases[i].name);
		failed += !!failures;
	}
	return failed ? 1 : 0;
}

#define TEST_MAIN(cases)						\
	int main(void)							\
	{								\
		return run_cases(cases, sizeof(cases) / sizeof((cases)[0])); \
	}

#endif /* _KNTP_TESTS_UNIT_HARNESS_H */
