// SPDX-License-Identifier: GPL-2.0
#include "parse.h"

static bool is_nts(u16 type)
{
	return type == NTP_EXT_NTS_UNIQUE_ID || type == NTP_EXT_NTS_COOKIE ||
	       type == NTP_EXT_NTS_PLACEHOLDER ||
	       type == NTP_EXT_NTS_AUTHENTICATOR;
}

/*
 * RFC 7822 section 3: 20 or 24 octets at the end are a MAC, because the last
 * field of a packet without one is 28 octets or longer; whatever is longer
 * than a MAC begins with a field. Returns what is left behind the fields, or
 * more than there was when they do not add up.
 */
static size_t skip_extensions(const u8 *data, size_t len, enum ntp_class *class)
{
	struct ntp_ext ext;
	size_t ext_len;

	while (len > NTP_MAC_LEN_SHA1) {
		memcpy(&ext, data, sizeof(ext));
		ext_len = be16_to_cpu(ext.len);
		if (ext_len < NTP_EXT_LEN_MIN || ext_len % 4 || ext_len > len)
			return ~(size_t)0;
		if (is_nts(be16_to_cpu(ext.type)))
			*class = NTP_CLASS_NTS;
		data += ext_len;
		len -= ext_len;
	}
	return len;
}

static enum ntp_class classify_extensions(const u8 *data, size_t len)
{
	enum ntp_class class = NTP_CLASS_PLAIN;

	len = skip_extensions(data, len, &class);
	if (!len)
		return class;
	if (len != NTP_MAC_LEN_MD5 && len != NTP_MAC_LEN_SHA1)
		return NTP_CLASS_MALFORMED;
	return class == NTP_CLASS_NTS ? class : NTP_CLASS_MAC;
}

/**
 * ntp_mac_len() - how long the MAC of a request is
 * @data: a request that ntp_classify() calls NTP_CLASS_MAC
 * @len: its length, octets
 *
 * Any context, no lock. Return: octets at its end, key identifier and digest.
 */
size_t ntp_mac_len(const u8 *data, size_t len)
{
	enum ntp_class class;

	if (ntp_version(data[0]) != NTP_VERSION_MAX)
		return len - NTP_HEADER_LEN;
	return skip_extensions(data + NTP_HEADER_LEN, len - NTP_HEADER_LEN,
			       &class);
}

/**
 * ntp_is_mssntp() - whether a request is of a member of a Windows domain
 * @data: a request that ntp_classify() calls NTP_CLASS_MAC
 * @len: its length, octets
 *
 * It knows no secret by which it could be signed: the digest is left empty, and a
 * domain controller signs the reply (MS-SNTP 2.2.1 and, extended, 2.2.2). What it
 * names is an account, no key. Any context, no lock.
 */
bool ntp_is_mssntp(const u8 *data, size_t len)
{
	size_t mac_len = ntp_mac_len(data, len), i;

	if (mac_len != NTP_MAC_LEN_MD5 && mac_len != NTP_MAC_LEN_MAX)
		return false;
	for (i = len - mac_len + NTP_MAC_LEN_NAK; i < len; i++)
		if (data[i])
			return false;
	return true;
}

/* Before version 4 there are no fields: what follows the header is a MAC. */
static enum ntp_class classify_trailer(const u8 *data, size_t len,
				       unsigned int version)
{
	if (version == NTP_VERSION_MAX)
		return classify_extensions(data, len);
	if (len % 4 || len < NTP_MAC_LEN_V2 || len > NTP_MAC_LEN_MAX)
		return NTP_CLASS_MALFORMED;
	return NTP_CLASS_MAC;
}

/**
 * ntp_classify() - say what a datagram to the NTP port is
 * @data: UDP payload
 * @len: its length, octets
 * @source_port: where it came from, host order
 *
 * Reads nothing beyond @len. The mode is told from the first octet alone,
 * because control messages (modes 6 and 7) have headers of their own. Mode 0
 * is a request only from an NTPv1 client that is no server itself (RFC 5905
 * section 9.2 has no such mode; appendix A.5.1 has the rule).
 * Any context, no lock.
 */
enum ntp_class ntp_classify(const u8 *data, size_t len, u16 source_port)
{
	unsigned int version, mode;

	if (!len)
		return NTP_CLASS_SHORT;

	mode = ntp_mode(data[0]);
	version = ntp_version(data[0]);
	if (mode != NTP_MODE_CLIENT && mode != NTP_MODE_SYMMETRIC_ACTIVE &&
	    (mode != NTP_MODE_RESERVED || version != 1 ||
	     source_port == NTP_PORT))
		return NTP_CLASS_MODE;
	if (version < NTP_VERSION_MIN || version > NTP_VERSION_MAX)
		return NTP_CLASS_VERSION;
	if (len < NTP_HEADER_LEN)
		return NTP_CLASS_SHORT;
	if (len == NTP_HEADER_LEN)
		return NTP_CLASS_PLAIN;
	return classify_trailer(data + NTP_HEADER_LEN, len - NTP_HEADER_LEN,
				version);
}
