// SPDX-License-Identifier: GPL-2.0
#include "auth.h"
#include "core/wire.h"

#include <endian.h>
#include <nettle/memops.h>
#include <nettle/nettle-meta.h>
#include <string.h>

/* Of a library that is well kept; here it is only said what goes into them. */
static const struct nettle_hash *const hashes[KNTP_KEY_TYPE_MAX + 1] = {
	[KNTP_KEY_MD5] = &nettle_md5,
	[KNTP_KEY_SHA1] = &nettle_sha1,
	[KNTP_KEY_SHA256] = &nettle_sha256,
	[KNTP_KEY_SHA512] = &nettle_sha512,
};

static const struct nettle_mac *const macs[KNTP_KEY_TYPE_MAX + 1] = {
	[KNTP_KEY_AES128] = &nettle_cmac_aes128,
	[KNTP_KEY_AES256] = &nettle_cmac_aes256,
};

/* Room for the context of any of them. */
#define CONTEXT_MAX	1024

static size_t digest_len(const struct keyfile_key *key, unsigned int version)
{
	size_t n = hashes[key->type] ? hashes[key->type]->digest_size :
				       macs[key->type]->digest_size;

	/* RFC 7822: a longer one would look like an extension field. */
	if (version == NTP_VERSION_MAX && n > NTP_DIGEST_LEN_V4)
		return NTP_DIGEST_LEN_V4;
	return n;
}

size_t auth_mac_len(const struct keyfile_key *key, unsigned int version)
{
	return sizeof(uint32_t) + digest_len(key, version);
}

static void digest(const struct keyfile_key *key, const uint8_t *data,
		   size_t len, uint8_t *out, size_t out_len)
{
	const struct nettle_hash *hash = hashes[key->type];
	const struct nettle_mac *mac = macs[key->type];
	uint64_t context[CONTEXT_MAX / sizeof(uint64_t)];

	if (hash) {
		hash->init(context);
		hash->update(context, key->len, key->secret);
		hash->update(context, len, data);
		hash->digest(context, out_len, out);
	} else {
		mac->set_key(context, key->secret);
		mac->update(context, len, data);
		mac->digest(context, out_len, out);
	}
	explicit_bzero(context, sizeof(context));
}

size_t auth_sign(const struct keyfile_key *key, uint8_t *packet, size_t len)
{
	size_t n = digest_len(key, ntp_version(packet[0]));
	uint32_t id = htobe32(key->id);

	memcpy(packet + len, &id, sizeof(id));
	digest(key, packet, len, packet + len + sizeof(id), n);
	return len + sizeof(id) + n;
}

bool auth_verify(const struct keyfile_key *key, const uint8_t *packet,
		 size_t len)
{
	size_t n = digest_len(key, ntp_version(packet[0]));
	uint8_t right[AUTH_MAC_MAX];
	uint32_t id;
	bool good;

	if (len < NTP_HEADER_LEN + sizeof(id) + n)
		return false;
	len -= sizeof(id) + n;
	memcpy(&id, packet + len, sizeof(id));
	if (be32toh(id) != key->id)
		return false;
	digest(key, packet, len, right, n);
	good = memeql_sec(right, packet + len + sizeof(id), n);
	explicit_bzero(right, sizeof(right));
	return good;
}
