/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `manycastclient`: servers are found by asking a multicast address, in rings
 * that are wider each time, until enough have answered (RFC 5905 section 3.1).
 * Each is then asked for the time as any other server is.
 */
#ifndef KNTPD_MANYCAST_H
#define KNTPD_MANYCAST_H

#include "ntp_packet.h"
#include "resolve.h"

#include <net/if.h>

/**
 * struct manycast - where servers are to be found
 * @address: that, with its port
 * @dev: on this link; empty: where the route leads
 * @ttl: of the widest ring
 * @wanted: servers
 * @version: of the protocol
 * @key: what they have to know; 0: nothing
 * @request: that is answered now
 * @ring: TTL of that
 * @found: those that have answered
 * @n: how many
 */
struct manycast {
	struct sockaddr_storage address;
	char dev[IF_NAMESIZE];
	int ttl;
	unsigned int wanted;
	uint8_t version;
	uint32_t key;
	struct ntp_request request;
	int ring;
	struct sockaddr_storage found[RESOLVE_MAX];
	unsigned int n;
};

/* For lookup_start() and lookup_cancel(), of a look-up that is a manycast's. */
void manycast_start(struct lookup *l);
void manycast_cancel(struct lookup *l);

#endif
