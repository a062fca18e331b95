/* SPDX-License-Identifier: GPL-2.0 */
/* The module's client table, and a client of it, as they come over netlink. */
#ifndef KNTP_USER_CLIENTROW_H
#define KNTP_USER_CLIENTROW_H

#include "addr.h"
#include "nl.h"

#include <stdbool.h>
#include <stdint.h>

struct client {
	struct prefix prefix;
	uint32_t requests, refused, interleaved, first_ms, last_ms;
	bool has_mode;		/* not a prefix; else the next two are 0 */
	uint8_t li_vn_mode;
	int8_t poll;
	uint32_t ifindex;	/* of the link of a link-local client, else 0 */
};

struct client_table {
	uint32_t entries, used;
	uint64_t memory;
	uint8_t prefix6;
};

/* An nl_fn: the answer to CLIENT_GET of no client, into a struct client_table. */
int client_table_told(const struct nlmsghdr *nlh, void *data);

/* Both 0 or -EBADMSG. PREFIX6: of the table. */
int client_parse(const struct nlattr *nest, struct client *c, uint8_t prefix6);
int client_prefix(const struct nlattr *addr, const struct nlattr *len,
		  uint8_t prefix6, struct prefix *p);

static inline uint64_t client_asked(const struct client *c)
{
	return (uint64_t)c->requests + c->refused;
}

#endif
