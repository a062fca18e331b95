/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The core is compiled into the module, the daemon, the unit tests and the
 * fuzzers. This is the one place that knows which of them it is in.
 */
#ifndef _KNTP_CORE_PLAT_H
#define _KNTP_CORE_PLAT_H

#ifdef __KERNEL__
#include <linux/bitops.h>
#include <linux/build_bug.h>
#include <linux/math64.h>
#include <linux/string.h>
#include <linux/types.h>
#include <asm/byteorder.h>
#else
#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/types.h>
#include <asm/byteorder.h>

typedef __s8 s8;
typedef __u8 u8;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;

#define __packed		__attribute__((packed))
#define cpu_to_be16		__cpu_to_be16
#define cpu_to_be32		__cpu_to_be32
#define cpu_to_be64		__cpu_to_be64
#define be16_to_cpu		__be16_to_cpu
#define be32_to_cpu		__be32_to_cpu
#define be64_to_cpu		__be64_to_cpu
#define hweight64(w)		((unsigned int)__builtin_popcountll(w))

static inline u64 mul_u64_u64_shr(u64 a, u64 b, unsigned int shift)
{
	return (u64)((unsigned __int128)a * b >> shift);
}
#endif

#endif /* _KNTP_CORE_PLAT_H */
