/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `ratelimit`, for what this daemon answers itself: the module has limits of its
 * own, and is told the same.
 */
#ifndef KNTPD_RATELIMIT_H
#define KNTPD_RATELIMIT_H

#include <stdint.h>
#include <sys/socket.h>

struct ratelimit_conf;

enum ratelimit {
	RATELIMIT_ANSWER,
	RATELIMIT_TELL,		/* refused, and told so by a kiss code */
	RATELIMIT_DROP,
};

/* From now on; those who have asked are forgotten. */
void ratelimit_set(const struct ratelimit_conf *c);
/* One more request of FROM; AT: of any clock, ms. */
enum ratelimit ratelimit_ask(const struct sockaddr *from, uint32_t at);
/* How often one may ask, log2 s. */
int8_t ratelimit_interval(void);

#endif
