/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_CORE_REPLY_H
#define _KNTP_CORE_REPLY_H

#include "ntptime.h"
#include "parse.h"
#include "wire.h"

/**
 * struct ntp_server - what a server says of itself, ready for the wire
 * @leap: enum ntp_leap
 * @stratum: 0 when unsynchronised, else 1 to 15
 * @precision: log2 s
 * @root_delay: s, 16.16
 * @root_dispersion: s, 16.16
 * @refid: reference identifier
 * @reference: reference time, s since 1900, 32.32
 */
struct ntp_server {
	u8 leap;
	u8 stratum;
	s8 precision;
	__be32 root_delay;
	__be32 root_dispersion;
	__be32 refid;
	__be64 reference;
};

/**
 * ntp_reply_as() - ntp_reply() of a server of whom something is said anew
 * @packet: the request's header
 * @server: what the server says of itself, but for
 * @root_dispersion: s, 16.16
 * @ref_time: reference time, s since 1900, 32.32
 * @receive: when the request arrived, host order
 * @transmit: when the reply leaves, likewise
 *
 * So that nobody has to copy what is said. Any context, no lock.
 */
static inline void ntp_reply_as(struct ntp_header *packet,
				const struct ntp_server *server,
				__be32 root_dispersion, __be64 ref_time,
				u64 receive, u64 transmit)
{
	u8 first = packet->li_vn_mode;

	packet->li_vn_mode = (u8)(server->leap << 6) | (first & 0x38) |
			     ntp_reply_mode(first);
	packet->stratum = server->stratum;
	packet->precision = server->precision;
	packet->root_delay = server->root_delay;
	packet->root_dispersion = root_dispersion;
	packet->refid = server->refid;
	packet->reference = ref_time;
	packet->origin = packet->transmit;
	packet->receive = cpu_to_be64(ntp_as_receive(receive));
	packet->transmit = cpu_to_be64(ntp_as_transmit(transmit));
}

/**
 * ntp_reply() - turn a request into its reply, in place
 * @packet: the request's header, accepted by ntp_classify(); may be unaligned
 * @server: what the server says of itself
 * @receive: when the request arrived, s since 1900, 32.32
 * @transmit: when the reply leaves, likewise
 *
 * Version and poll are echoed, the request's transmit time becomes the origin
 * (RFC 5905 section 8); the two times never are one, see ntp_as_receive(). A
 * reply is this header alone and so never longer than its request. Any context,
 * no lock.
 */
static inline void ntp_reply(struct ntp_header *packet,
			     const struct ntp_server *server,
			     u64 receive, u64 transmit)
{
	ntp_reply_as(packet, server, server->root_dispersion,
		     server->reference, receive, transmit);
}

/**
 * ntp_kiss() - turn a request into a kiss-o'-death, in place
 * @packet: the request's header
 * @code: enum ntp_kiss_code
 * @poll: how often to ask at most, log2 s
 *
 * It carries no time: what stands for it is what the client said (RFC 5905
 * section 7.4; RFC 8633 section 5.7). Any context, no lock.
 */
static inline void ntp_kiss(struct ntp_header *packet, u32 code, s8 poll)
{
	u8 first = packet->li_vn_mode;

	packet->li_vn_mode = (u8)(NTP_LEAP_UNSYNC << 6) | (first & 0x38) |
			     ntp_reply_mode(first);
	packet->stratum = 0;
	packet->poll = poll;
	packet->root_delay = 0;
	packet->root_dispersion = 0;
	packet->refid = cpu_to_be32(code);
	packet->reference = 0;
	packet->origin = packet->transmit;
	packet->receive = packet->transmit;
}

#endif /* _KNTP_CORE_REPLY_H */
