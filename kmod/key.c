// SPDX-License-Identifier: GPL-2.0
#include "key.h"

#include <crypto/hash.h>
#include <linux/err.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "client.h"
#include "compat/compat.h"
#include "core/parse.h"
#include "kntp.h"

static const struct {
	const char *algorithm;
	u8 digest_len;
	u8 secret_len;	/* 0: any */
} types[KNTP_KEY_TYPE_MAX + 1] = {
	[KNTP_KEY_MD5] = { "md5", 16, 0 },
	[KNTP_KEY_SHA1] = { "sha1", 20, 0 },
	[KNTP_KEY_SHA256] = { "sha256", 32, 0 },
	[KNTP_KEY_SHA512] = { "sha512", 64, 0 },
	[KNTP_KEY_AES128] = { "cmac(aes)", 16, 16 },
	[KNTP_KEY_AES256] = { "cmac(aes)", 16, 32 },
};

#define DIGEST_MAX	64

/* Octets of the digest that go with a packet: version 4 cuts long ones off. */
static size_t digest_sent(const struct kntp_key *key, const struct ntp_header *ntp)
{
	if (ntp_version(ntp->li_vn_mode) == NTP_VERSION_MAX)
		return min_t(size_t, key->digest_len, NTP_DIGEST_LEN_V4);
	return key->digest_len;
}

/* Of the first LEN octets of a packet. */
static int digest(const struct kntp_key *key, const void *data, size_t len,
		  u8 out[DIGEST_MAX])
{
	SHASH_DESC_ON_STACK(desc, key->tfm);
	int err;

	desc->tfm = key->tfm;
	err = crypto_shash_init(desc) ?:
	      crypto_shash_update(desc, key->secret, key->secret_len) ?:
	      crypto_shash_finup(desc, data, len, out);
	shash_desc_zero(desc);
	return err;
}

/**
 * kntp_key_find() - the key that a request names
 * @kn: the network namespace
 * @who: is told of it, and how long the reply's MAC is
 * @ntp: the request, of NTP_CLASS_MAC
 * @len: its length, octets
 *
 * Softirq, RCU read side, in which @who is good. Return: false when there is none.
 */
bool kntp_key_find(struct kntp_net *kn, struct kntp_asker *who,
		   const struct ntp_header *ntp, size_t len)
{
	size_t mac_len = ntp_mac_len((const u8 *)ntp, len);
	__be32 id;

	if (ntp_is_mssntp((const u8 *)ntp, len))
		return false;
	memcpy(&id, (const u8 *)ntp + len - mac_len, sizeof(id));
	who->key = xa_load(&kn->keys.by_id, be32_to_cpu(id));
	who->mac_len = mac_len;
	return who->key;
}

/**
 * kntp_key_verify() - whether a request is by who has the key
 * @who: of kntp_key_find(); its MAC becomes a crypto-NAK when it is not
 * @ntp: the request
 * @len: its length, octets
 *
 * Softirq, in the RCU read side of kntp_key_find().
 */
bool kntp_key_verify(struct kntp_asker *who, const struct ntp_header *ntp,
		     size_t len)
{
	const u8 *sent = (const u8 *)ntp + len - who->mac_len + sizeof(__be32);
	size_t sent_len = who->mac_len - sizeof(__be32);
	u8 right[DIGEST_MAX];
	bool good;

	good = sent_len == digest_sent(who->key, ntp) &&
	       !digest(who->key, ntp, len - who->mac_len, right) &&
	       !crypto_memneq(sent, right, sent_len);
	memzero_explicit(right, sizeof(right));
	if (good)
		return true;
	who->key = NULL;
	who->mac_len = NTP_MAC_LEN_NAK;
	return false;
}

/**
 * kntp_key_sign() - put the MAC of a reply behind it
 * @who: whose it is; without a key it is a crypto-NAK
 * @ntp: the reply, behind which there is room for that
 *
 * Softirq, in the RCU read side of kntp_key_find().
 */
void kntp_key_sign(const struct kntp_asker *who, struct ntp_header *ntp)
{
	size_t digest_len = who->mac_len - sizeof(__be32);
	__be32 id = cpu_to_be32(who->key ? who->key->id : 0);
	u8 *mac = (u8 *)(ntp + 1), right[DIGEST_MAX];

	/* A digest that fails is none that anybody takes. */
	if (who->key && !digest(who->key, ntp, sizeof(*ntp), right))
		memcpy(mac + sizeof(id), right, digest_len);
	memcpy(mac, &id, sizeof(id));
	memzero_explicit(right, sizeof(right));
}

/**
 * kntp_key_init() - no keys yet
 * @keys: the namespace's
 */
void kntp_key_init(struct kntp_keys *keys)
{
	xa_init(&keys->by_id);
}

static void free_key(struct kntp_key *key)
{
	if (!IS_ERR_OR_NULL(key->tfm))
		crypto_free_shash(key->tfm);
	kfree_sensitive(key);
}

/* Some that softirq finds no more; one grace period does for all. */
static void retire(struct kntp_key *key)
{
	struct kntp_key *next;

	if (key)
		synchronize_net();
	for (; key; key = next) {
		next = key->next;
		free_key(key);
	}
}

static struct kntp_key *make_key(u32 id, enum kntp_key_type type,
				 const u8 *secret, size_t len)
{
	bool is_digest = !types[type].secret_len;
	struct kntp_key *key;
	int err = 0;

	if (!is_digest && len != types[type].secret_len)
		return ERR_PTR(-EINVAL);
	key = kzalloc(struct_size(key, secret, is_digest ? len : 0),
		      GFP_KERNEL_ACCOUNT);
	if (!key)
		return ERR_PTR(-ENOMEM);
	key->id = id;
	key->type = type;
	key->digest_len = types[type].digest_len;
	key->tfm = crypto_alloc_shash(types[type].algorithm, 0, 0);
	if (IS_ERR(key->tfm)) {
		err = PTR_ERR(key->tfm);
		err = err == -ENOENT ? -EOPNOTSUPP : err;
	} else if (is_digest) {
		key->secret_len = len;
		memcpy(key->secret, secret, len);
	} else {
		err = crypto_shash_setkey(key->tfm, secret, len);
	}
	if (!err)
		return key;
	free_key(key);
	return ERR_PTR(err);
}

/**
 * kntp_key_set() - have a key, in the place of one with its identifier
 * @keys: the namespace's
 * @id: its identifier
 * @type: what is reckoned with it
 * @secret: it
 * @len: octets of it
 *
 * Process context, rtnl held. Return: 0; -EINVAL for a @len that is none;
 * -EOPNOTSUPP without that algorithm; -E2BIG; -ENOMEM; all is then as it was.
 */
int kntp_key_set(struct kntp_keys *keys, u32 id, enum kntp_key_type type,
		 const u8 *secret, size_t len)
{
	struct kntp_key *key, *old;

	ASSERT_RTNL();
	if (keys->count == KNTP_KEY_MAX && !xa_load(&keys->by_id, id))
		return -E2BIG;
	key = make_key(id, type, secret, len);
	if (IS_ERR(key))
		return PTR_ERR(key);
	old = xa_store(&keys->by_id, id, key, GFP_KERNEL_ACCOUNT);
	if (xa_is_err(old)) {
		free_key(key);
		return xa_err(old);
	}
	keys->count += !old;
	retire(old);
	return 0;
}

/**
 * kntp_key_del() - have a key no more
 * @keys: the namespace's
 * @id: its identifier
 *
 * Process context, rtnl held. Return: 0 or -ENOENT.
 */
int kntp_key_del(struct kntp_keys *keys, u32 id)
{
	struct kntp_key *key;

	ASSERT_RTNL();
	key = xa_erase(&keys->by_id, id);
	if (!key)
		return -ENOENT;
	keys->count--;
	retire(key);
	return 0;
}

/**
 * kntp_key_flush() - have no keys any more
 * @keys: the namespace's
 *
 * Process context, rtnl held.
 */
void kntp_key_flush(struct kntp_keys *keys)
{
	struct kntp_key *key, *retired = NULL;
	unsigned long id;

	ASSERT_RTNL();
	xa_for_each(&keys->by_id, id, key) {
		xa_erase(&keys->by_id, id);
		key->next = retired;
		retired = key;
	}
	keys->count = 0;
	retire(retired);
}

/**
 * kntp_key_exit() - free the keys; nobody asks any more
 * @keys: the namespace's
 *
 * Process context.
 */
void kntp_key_exit(struct kntp_keys *keys)
{
	struct kntp_key *key;
	unsigned long id;

	xa_for_each(&keys->by_id, id, key)
		free_key(key);
	xa_destroy(&keys->by_id);
}
