/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_CORE_PARSE_H
#define _KNTP_CORE_PARSE_H

#include "wire.h"

/**
 * enum ntp_class - what a datagram to the NTP port is
 * @NTP_CLASS_PLAIN: a request without authentication
 * @NTP_CLASS_MAC: a request that ends in a message authentication code
 * @NTP_CLASS_NTS: a request with network time security fields (RFC 8915)
 * @NTP_CLASS_MODE: not a request
 * @NTP_CLASS_VERSION: a version this server does not speak
 * @NTP_CLASS_SHORT: less than a header
 * @NTP_CLASS_MALFORMED: a request with a trailer that does not add up
 */
enum ntp_class {
	NTP_CLASS_PLAIN,
	NTP_CLASS_MAC,
	NTP_CLASS_NTS,
	NTP_CLASS_MODE,
	NTP_CLASS_VERSION,
	NTP_CLASS_SHORT,
	NTP_CLASS_MALFORMED,
};

/**
 * ntp_is_common() - whether a packet of one header is a request beyond doubt
 * @li_vn_mode: its first octet
 *
 * Client or symmetric active, version 1 to 4: ntp_classify() calls it
 * NTP_CLASS_PLAIN, wherever it came from. Any context.
 */
static inline bool ntp_is_common(u8 li_vn_mode)
{
	return 0x0a0a0a0a00ULL >> (li_vn_mode & 0x3f) & 1;
}

enum ntp_class ntp_classify(const u8 *data, size_t len, u16 source_port);
size_t ntp_mac_len(const u8 *data, size_t len);
bool ntp_is_mssntp(const u8 *data, size_t len);

/**
 * ntp_reply_mode() - the mode a request is answered in, RFC 5905 figure 10
 * @li_vn_mode: first octet of a request that ntp_classify() accepted
 *
 * Client is answered by server, symmetric active by symmetric passive, and
 * NTPv1's client without a mode by server (RFC 5905 appendix A.5.1).
 * Any context.
 */
static inline u8 ntp_reply_mode(u8 li_vn_mode)
{
	return ntp_mode(li_vn_mode) == NTP_MODE_SYMMETRIC_ACTIVE ?
		NTP_MODE_SYMMETRIC_PASSIVE : NTP_MODE_SERVER;
}

#endif /* _KNTP_CORE_PARSE_H */
