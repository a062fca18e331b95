/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses and prefixes as people write them. */
#ifndef KNTP_USER_ADDR_H
#define KNTP_USER_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In network order; bytes after the address's own four or sixteen are zero. */
struct prefix {
	uint8_t addr[16];
	uint8_t size;		/* of the address: 4 or 16 bytes */
	uint8_t len;		/* of the prefix, in bits */
};

#define PREFIX_TEXT	64	/* longest text of a prefix, with its NUL */
#define ADDR_WHY	160	/* longest reason, with its NUL */

/*
 * Both return 0, or -1 with the reason in WHY (ADDR_WHY bytes). The reason
 * names the word, so it needs no other context.
 */
int addr_parse(const char *word, struct prefix *p, char *why);
int prefix_parse(const char *word, struct prefix *p, char *why);

/* "10.0.0.0/8"; BUF has PREFIX_TEXT bytes. Returns BUF. */
char *prefix_format(const struct prefix *p, char *buf);
char *addr_format(const struct prefix *p, char *buf);

#endif
