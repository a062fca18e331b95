/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What in the module is kntpd's, and not an operator's: kept for the next one
 * (`dumpdir`), whose it is then, whatever became of this one.
 */
#ifndef KNTPD_OWNED_H
#define KNTPD_OWNED_H

#include "apply.h"

#include <stdbool.h>
#include <stdint.h>

/* What there is one of: access list, room for clients, their limit, the keys. */
enum { OWNED_ACCESS, OWNED_CLIENTS, OWNED_LIMIT, OWNED_KEYS, OWNED_MAX };

/**
 * struct owned - what was set by a kntpd
 * @set: which of these
 * @n: how many listeners were added
 * @listener: they, as the configuration has them, and the index of the device, or 0
 */
struct owned {
	bool set[OWNED_MAX];
	size_t n;
	struct owned_listener {
		struct apply_listen listen;
		unsigned int ifindex;
	} listener[APPLY_LISTEN_MAX];
};

/* MODULE: its family's id, which no other module of this boot has had. */
void owned_load(const char *dir, uint16_t module, struct owned *o);
/* In the place of what was kept before; 0 or -errno. */
int owned_keep(const char *dir, uint16_t module, const struct owned *o);

#endif
