/* SPDX-License-Identifier: GPL-2.0 */
/* Symmetric keys as chrony's key file has them. */
#ifndef KNTP_USER_KEYFILE_H
#define KNTP_USER_KEYFILE_H

#include <linux/kntp.h>
#include <stddef.h>
#include <stdint.h>

/* TYPE is an enum kntp_key_type. */
struct keyfile_key {
	uint32_t id;
	uint8_t type;
	uint16_t len;
	uint8_t secret[KNTP_KEY_SECRET_MAX];
};

struct keyfile {
	struct keyfile_key *at;
	size_t n;
};

#define KEYFILE_WHY	160	/* longest reason, with its NUL */

/* "AES128" and so on, in either case: an enum kntp_key_type, or 0. */
uint8_t keyfile_type(const char *word);
const char *keyfile_type_name(uint8_t type);

/*
 * "HEX:0a0b…", "ASCII:text" or text, whose type is set already: 0, or -1 with
 * the reason in WHY (KEYFILE_WHY bytes), which does not say the secret.
 */
int keyfile_secret(const char *word, struct keyfile_key *key, char *why);

/*
 * All keys of a file, by identifier: 0, or -1 with "FILE:LINE: reason" in WHY.
 * Of two keys with one identifier the later counts, as in chrony.
 */
int keyfile_read(const char *path, struct keyfile *keys, char *why);
/* The same, but a bad line is left out and SKIPPED called with the reason. */
int keyfile_read_good(const char *path, struct keyfile *keys,
		      void (*skipped)(const char *why), char *why);
/* The key of an identifier, or NULL. */
const struct keyfile_key *keyfile_find(const struct keyfile *keys, uint32_t id);
/* Wiped first. */
void keyfile_free(struct keyfile *keys);

#endif
