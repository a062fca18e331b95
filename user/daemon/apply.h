/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the configuration says of the module: its listeners, its access list,
 * and that the packets of peers are left to this process.
 */
#ifndef KNTPD_APPLY_H
#define KNTPD_APPLY_H

#include "access.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { APPLY_LISTEN_MAX = 64, APPLY_PEERS_MAX = 128 };

#define APPLY_CLIENTS_ALONE	UINT32_MAX

/**
 * struct apply_listen - one `listen` directive
 * @hook: enum kntp_hook
 * @dev: of the ingress hook, else empty
 */
struct apply_listen {
	uint32_t hook;
	char dev[IF_NAMESIZE];
};

/**
 * struct apply_options - what the module is told each time it is found
 * @listen: listeners
 * @n_listen: how many, APPLY_LISTEN_MAX at the most
 * @access: built list that takes the place of the module's; NULL where there
 *	is neither `allow` nor `deny`: an operator's is left alone then
 * @clients: room in its client table; APPLY_CLIENTS_ALONE: it is left alone
 * @keep_in: directory where the next kntpd finds what is kntpd's, of all this;
 *	NULL: nowhere
 * @limit: each client's; burst 0: an operator's is left alone
 */
struct apply_options {
	const struct apply_listen *listen;
	size_t n_listen;
	const struct access *access;
	uint32_t clients;
	const char *keep_in;
	struct apply_limit {
		int8_t interval;
		uint8_t burst, leak, kod;
	} limit;
};

/*
 * Before publish_start(), and after a reload; what O points to is kept until
 * the next. Listeners that were added and are in it no more are removed.
 */
void apply_set(const struct apply_options *o);

/* Devices and names may have changed: looks at what was not to be had. */
void apply_look(void);

struct nl;

/* A refusal is told. */
void apply_refused(const struct nl *nl, const char *what, const char *on,
		   int err);

/* An orderly end: what was added here is removed, before publish_stop(). */
void apply_stop(bool succeeded);

#endif
