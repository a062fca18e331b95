/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `follow`: the clock is another daemon's, and so are the figures. They are
 * mirrored, and nothing is set here.
 */
#ifndef KNTPD_FOLLOW_H
#define KNTPD_FOLLOW_H

#include <stdbool.h>
#include <stdint.h>

struct figures;

/* The daemon that is followed may die at any time: s. */
#define FOLLOW_LEASE	10.0

enum follow_what { FOLLOW_CHRONYD, FOLLOW_KERNEL };

/**
 * struct follow_options - what is followed
 * @what: it
 * @socket: chronyd's, NULL for /run/chrony/chronyd.sock
 * @port: chronyd's on 127.0.0.1, 0 for 323
 * @stratum: what the operator says, the kernel does not know it
 * @refid: likewise, host order
 */
struct follow_options {
	enum follow_what what;
	const char *socket;
	uint16_t port;
	uint8_t stratum;
	uint32_t refid;
};

/* Before publish_start(), which then gets FOLLOW_LEASE. 0 or -EINVAL. */
int follow_start(const struct follow_options *o);
void follow_stop(void);

/* follow_chronyd.c's, and follow_kernel.c's. */
void follow_chronyd_start(const struct follow_options *o);
void follow_chronyd_stop(void);
void follow_chronyd_figures(struct figures *f);
void follow_kernel_start(const struct follow_options *o);
void follow_kernel_stop(void);
void follow_kernel_figures(struct figures *f);

#endif
