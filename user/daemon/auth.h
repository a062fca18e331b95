/* SPDX-License-Identifier: GPL-2.0 */
/* Message authentication codes of packets: RFC 5905 appendix A.2, RFC 8573. */
#ifndef KNTPD_AUTH_H
#define KNTPD_AUTH_H

#include "keyfile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Octets of the longest one: key identifier and digest. */
#define AUTH_MAC_MAX	(4 + 64)

/* Octets of a key's MAC in packets of a version. */
size_t auth_mac_len(const struct keyfile_key *key, unsigned int version);
/* The MAC of LEN octets at PACKET behind them; returns octets of both. */
size_t auth_sign(const struct keyfile_key *key, uint8_t *packet, size_t len);
/* Whether a packet ends in the MAC of this key. */
bool auth_verify(const struct keyfile_key *key, const uint8_t *packet,
		 size_t len);

#endif
