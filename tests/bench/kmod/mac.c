// SPDX-License-Identifier: GPL-2.0
/* AES-128-CMAC of requests, and of their replies (RFC 8573), by one key. */
#include "bench.h"

#include <crypto/hash.h>

static const u8 secret[16] = {
	0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6,
	0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
};

static struct crypto_shash *tfm;

/**
 * bench_mac_init() - have the key
 *
 * Process context. Return: 0 or a negative error.
 */
int bench_mac_init(void)
{
	int err;

	tfm = crypto_alloc_shash("cmac(aes)", 0, 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_setkey(tfm, secret, sizeof(secret));
	if (err)
		crypto_free_shash(tfm);
	return err;
}

void bench_mac_exit(void)
{
	crypto_free_shash(tfm);
}

/**
 * bench_mac() - what is put behind a packet
 * @ntp: the packet
 * @mac: BENCH_MAC_LEN octets
 */
void bench_mac(const struct bench_ntp *ntp, u8 *mac)
{
	__be32 id = htonl(BENCH_KEY);

	memcpy(mac, &id, sizeof(id));
	if (crypto_shash_tfm_digest(tfm, (const u8 *)ntp, sizeof(*ntp),
				    mac + sizeof(id)))
		memset(mac, 0, BENCH_MAC_LEN);
}
