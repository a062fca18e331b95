// SPDX-License-Identifier: GPL-2.0
#include "reply.h"
#include "parse.h"

void ntp_reply(struct ntp_header *packet, const struct ntp_server *server,
	       u64 receive, u64 transmit)
{
	u8 first = packet->li_vn_mode;

	packet->li_vn_mode = (u8)(server->leap << 6) | (first & 0x38) |
			     ntp_reply_mode(first);
	packet->stratum = server->stratum;
	packet->precision = server->precision;
	packet->root_delay = server->root_delay;
	packet->root_dispersion = server->root_dispersion;
	packet->refid = server->refid;
	packet->reference = server->reference;
	packet->origin = packet->transmit;
	packet->receive = cpu_to_be64(receive);
	packet->transmit = cpu_to_be64(transmit);
}
