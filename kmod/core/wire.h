/* SPDX-License-Identifier: GPL-2.0 */
/*
 * NTP as it is on the wire: RFC 5905 section 7.3 (header), RFC 7822 section 3
 * (extension fields), RFC 8915 section 5.7 (NTS field types).
 */
#ifndef _KNTP_CORE_WIRE_H
#define _KNTP_CORE_WIRE_H

#include "plat.h"

enum ntp_limits {
	NTP_PORT = 123,
	NTP_HEADER_LEN = 48,
	NTP_VERSION_MIN = 1,
	NTP_VERSION_MAX = 4,
	NTP_STRATUM_UNSYNC = 16,

	/* Key identifier and digest; RFC 1119 appendix C has the short one. */
	NTP_MAC_LEN_V2 = 12,
	NTP_MAC_LEN_MD5 = 20,
	NTP_MAC_LEN_SHA1 = 24,
	NTP_MAC_LEN_MAX = 72,
	/* A key identifier alone, 0, says that a MAC was wrong: crypto-NAK. */
	NTP_MAC_LEN_NAK = 4,
	/* RFC 7822: of a digest of version 4 no more than these octets are sent. */
	NTP_DIGEST_LEN_V4 = 20,

	NTP_EXT_LEN_MIN = 16,
};

enum ntp_mode {
	NTP_MODE_RESERVED,
	NTP_MODE_SYMMETRIC_ACTIVE,
	NTP_MODE_SYMMETRIC_PASSIVE,
	NTP_MODE_CLIENT,
	NTP_MODE_SERVER,
	NTP_MODE_BROADCAST,
	NTP_MODE_CONTROL,
	NTP_MODE_PRIVATE,
};

/* RFC 5905 section 7.4: in the place of a reference id, with stratum 0. */
enum ntp_kiss_code {
	NTP_KISS_DENY = 0x44454e59,
	NTP_KISS_RSTR = 0x52535452,
	NTP_KISS_RATE = 0x52415445,
};

enum ntp_leap {
	NTP_LEAP_NONE,
	NTP_LEAP_INSERT,
	NTP_LEAP_DELETE,
	NTP_LEAP_UNSYNC,
};

enum ntp_ext_type {
	NTP_EXT_NTS_UNIQUE_ID = 0x0104,
	NTP_EXT_NTS_COOKIE = 0x0204,
	NTP_EXT_NTS_PLACEHOLDER = 0x0304,
	NTP_EXT_NTS_AUTHENTICATOR = 0x0404,
};

/**
 * struct ntp_header - the 48 octets every packet begins with
 * @li_vn_mode: leap indicator (2 bits), version (3), mode (3)
 * @stratum: 0 unspecified or kiss code, 1 primary, 2 to 15 secondary
 * @poll: log2 s
 * @precision: log2 s
 * @root_delay: s, 16.16
 * @root_dispersion: s, 16.16
 * @refid: reference identifier
 * @reference: when the clock was last set, s since 1900, 32.32
 * @origin: transmit time of the packet this one answers
 * @receive: when that packet arrived
 * @transmit: when this one left
 */
struct ntp_header {
	u8 li_vn_mode;
	u8 stratum;
	s8 poll;
	s8 precision;
	__be32 root_delay;
	__be32 root_dispersion;
	__be32 refid;
	__be64 reference;
	__be64 origin;
	__be64 receive;
	__be64 transmit;
} __packed;

static_assert(sizeof(struct ntp_header) == NTP_HEADER_LEN, "NTP header");

struct ntp_ext {
	__be16 type;
	__be16 len;		/* of the whole field, these four octets too */
} __packed;

static_assert(sizeof(struct ntp_ext) == 4, "NTP extension field header");

static inline unsigned int ntp_mode(u8 li_vn_mode)
{
	return li_vn_mode & 7;
}

static inline unsigned int ntp_version(u8 li_vn_mode)
{
	return li_vn_mode >> 3 & 7;
}

#endif /* _KNTP_CORE_WIRE_H */
