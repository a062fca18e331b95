/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Names are looked up in a child process, because what the C library asks may
 * take its time, and the clock cannot wait for it.
 */
#ifndef KNTPD_RESOLVE_H
#define KNTPD_RESOLVE_H

#include "loop.h"

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { RESOLVE_MAX = 16 };	/* addresses that are taken of a name */

struct lookup;
struct manycast;

/* N is 0 when there is no address; ERR is then getaddrinfo(3)'s. */
typedef void (*lookup_fn)(struct lookup *l, int err,
			  const struct sockaddr_storage *addr, unsigned int n);

/**
 * struct lookup - one name
 * @name: stays the caller's
 * @family: AF_INET, AF_INET6, or AF_UNSPEC for both
 * @fn: called when it is known, not from within lookup_start()
 * @arg: for @fn
 * @manycast: it is no name, but where others are asked; else NULL
 * @next: resolve.c's, as all that follows
 * @timer: ends what takes too long
 * @pid: of the child, 0 while it waits for others to end
 * @fd: the child's answer comes here
 * @pending: between the start and the call of @fn
 *
 * Zeroed but for the first five when it is made.
 */
struct lookup {
	const char *name;
	int family;
	lookup_fn fn;
	void *arg;
	struct manycast *manycast;
	struct lookup *next;
	struct timer timer;
	pid_t pid;
	int fd;
	bool pending;
};

void lookup_start(struct lookup *l);
/* Without calling its function; nothing when it is not pending. */
void lookup_cancel(struct lookup *l);

#endif
