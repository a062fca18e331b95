/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Symmetric keys: requests that are authenticated, and so their replies. RFC 5905
 * appendix A.2 (digests of secret and packet), RFC 8573 (AES-CMAC).
 */
#ifndef _KNTP_KEY_H
#define _KNTP_KEY_H

#include <linux/kntp.h>
#include <linux/types.h>
#include <linux/xarray.h>
#include "core/wire.h"

struct crypto_shash;
struct kntp_asker;
struct kntp_net;

/**
 * struct kntp_key - a symmetric key
 * @id: its identifier
 * @type: what is reckoned with it
 * @digest_len: octets of that
 * @secret_len: of @secret; 0 where @tfm has it
 * @next: of those that are retired together
 * @tfm: the algorithm; with CMAC also the secret
 * @secret: what the digest begins with
 */
struct kntp_key {
	u32 id;
	enum kntp_key_type type;
	u8 digest_len;
	u16 secret_len;
	struct kntp_key *next;
	struct crypto_shash *tfm;
	u8 secret[];
};

/**
 * struct kntp_keys - the keys of a network namespace
 * @by_id: struct kntp_key; written under rtnl, read by RCU
 * @count: how many
 */
struct kntp_keys {
	struct xarray by_id;
	unsigned int count;
};

bool kntp_key_find(struct kntp_net *kn, struct kntp_asker *who,
		   const struct ntp_header *ntp, size_t len);
bool kntp_key_verify(struct kntp_asker *who, const struct ntp_header *ntp,
		     size_t len);
void kntp_key_sign(const struct kntp_asker *who, struct ntp_header *ntp);

void kntp_key_init(struct kntp_keys *keys);
void kntp_key_exit(struct kntp_keys *keys);
int kntp_key_set(struct kntp_keys *keys, u32 id, enum kntp_key_type type,
		 const u8 *secret, size_t len);
int kntp_key_del(struct kntp_keys *keys, u32 id);
void kntp_key_flush(struct kntp_keys *keys);

#endif /* _KNTP_KEY_H */
