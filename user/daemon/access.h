/* SPDX-License-Identifier: GPL-2.0 */
/* Who is answered: `allow` and `deny`, and the peers. Nobody else is. */
#ifndef KNTPD_ACCESS_H
#define KNTPD_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/prefix.h"

/* The longest list: more is a file for `kntp acl load`. */
#define ACCESS_MAX	65536

/**
 * struct access - an access list
 * @list: of each family as it is written; sorted once it is built
 * @n: how many
 * @room: for so many
 * @tree: made of @list, NULL before
 */
struct access {
	struct access_family {
		struct prefix *list;
		size_t n, room;
		struct prefix_node *tree;
	} v4, v6;
};

/*
 * Adds a prefix with a verdict of enum kntp_verdict; the bits of ADDR (4 or 16
 * octets) beyond LEN do not count. What comes later counts where a prefix
 * stands twice; with ALL, those below that came before are forgotten. 0,
 * -EINVAL, -E2BIG or -ENOMEM.
 */
int access_add(struct access *a, int family, const void *addr, uint8_t len,
	       uint8_t verdict, bool all);

/* Makes it ready for access_check(); once. 0 or -ENOMEM. */
int access_build(struct access *a);

/* Of a built list: enum kntp_verdict, NONE also for families it knows not. */
uint8_t access_check(const struct access *a, const struct sockaddr *from);

/* Whether anybody may be answered. */
bool access_allows(const struct access *a);

void access_free(struct access *a);

#endif
