// SPDX-License-Identifier: GPL-2.0
#define CREATE_TRACE_POINTS
#include "trace.h"

#undef EM
#undef EMe
#define EM(name)	+ (1ULL << KNTP_STAT_##name)
#define EMe(name)	+ (1ULL << KNTP_STAT_##name)

/* Each of enum kntp_stat is in the list once. */
static_assert(KNTP_STAT_MAX < 63);
static_assert(0 KNTP_TRACE_STATS == (1ULL << (KNTP_STAT_MAX + 1)) - 2);
