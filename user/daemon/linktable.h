/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The links of this network namespace, and which of them send by others.
 */
#ifndef KNTPD_LINKTABLE_H
#define KNTPD_LINKTABLE_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * BELOW is the index of the link that a VLAN, a macvlan and their like send by,
 * where that is in this namespace; MASTER that of the bond or bridge it is a
 * part of; else 0. A BOND sends by its parts.
 */
struct link_entry {
	unsigned int ifindex, below, master;
	bool bond;
	char dev[IF_NAMESIZE];
};

struct link_table {
	struct link_entry *links;
	size_t n;
};

int linktable_read(struct link_table *table);
/* Whether it has packets of its own to stamp. */
bool linktable_is_real(const struct link_entry *link);
/* Whether packets of UPPER leave by LINK. */
bool linktable_sends_by(const struct link_table *table,
			const struct link_entry *upper,
			const struct link_entry *link);
void linktable_free(struct link_table *table);

#endif
