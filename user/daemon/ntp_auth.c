// SPDX-License-Identifier: GPL-2.0
/* What is asked of a server or peer by a key, and answered by it. */
#include "auth.h"
#include "keys.h"
#include "log.h"
#include "ntp.h"

#include <errno.h>

int ntp_sign_by(uint32_t id, uint8_t *to)
{
	const struct keyfile_key *key;

	if (!id)
		return NTP_HEADER_LEN;
	key = keys_find(id);
	if (!key)
		return -ENOKEY;
	return (int)auth_sign(key, to, NTP_HEADER_LEN);
}

bool ntp_is_by(uint32_t id, const void *data, size_t len)
{
	const struct keyfile_key *key;

	if (!id)
		return true;
	key = keys_find(id);
	return key && auth_verify(key, data, len);
}

int ntp_sign(const struct ntp_source *src, uint8_t *to)
{
	return ntp_sign_by(src->opt.key, to);
}

bool ntp_is_authentic(struct ntp_source *src, const void *data, size_t len)
{
	bool good = ntp_is_by(src->opt.key, data, len);

	if (!good && !src->told_forged)
		log_msg(LOG_WARNING, "%s: a reply is not authentic by key %u%s",
			src->source.name, src->opt.key,
			len == NTP_HEADER_LEN + NTP_MAC_LEN_NAK ?
			": the server says that it does not know it so" : "");
	src->told_forged = !good;
	return good;
}
