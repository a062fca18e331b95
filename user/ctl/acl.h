/* SPDX-License-Identifier: GPL-2.0 */
/* Access list entries on their way to the kernel and back. */
#ifndef KNTP_CTL_ACL_H
#define KNTP_CTL_ACL_H

#include "addr.h"
#include "ctl.h"

struct acl_entry {
	struct prefix prefix;
	uint8_t verdict;
	uint32_t line;		/* of the file it was read from */
};

struct acl_entries {
	struct acl_entry *at;
	size_t n, room;
};

/* The next free entry, or NULL without memory. */
struct acl_entry *acl_append(struct acl_entries *list);
void acl_free(struct acl_entries *list);

/* Appends PREFIX or `all`; 0, or -1 with the reason in WHY (ADDR_WHY). */
int acl_word(struct acl_entries *list, const char *word, uint8_t verdict,
	     uint32_t line, char *why);

/* Adds ENTRY to a message. */
void acl_put(struct nlmsghdr *nlh, const struct acl_entry *e, bool verdict);

/* The bytes that acl_put() adds at most. */
#define ACL_ENTRY_BYTES	(4 + 20 + 8 + 8)

#endif
