// SPDX-License-Identifier: GPL-2.0
/*
 * A datagram from its first octet to the reply.
 * Input: source port (2 octets), leap and stratum (1), the datagram.
 */
#include "core.h"
#include "../../kmod/core/reply.h"

enum { PREAMBLE = 3 };

static const struct ntp_server *server_of(u8 said)
{
	static struct ntp_server server = {
		.precision = -23,
		.root_delay = 0x11223344,
		.root_dispersion = 0x55667788,
		.refid = 0x01020304,
		.reference = 0x0807060504030201,
	};

	server.leap = said >> 6;
	server.stratum = said & 15;
	return &server;
}

static void check_reply(const u8 *request, const u8 *reply,
			const struct ntp_server *server)
{
	/* Told apart by their last bit, whatever it was. */
	static const u8 stamps[] = {
		0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,
		0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x01,
	};

	MUST(reply[0] >> 6 == server->leap);
	MUST((reply[0] & 0x38) == (request[0] & 0x38));
	MUST(reply[0] % 8 == (request[0] % 8 == 1 ? 2 : 4));
	MUST(reply[1] == server->stratum);
	MUST(reply[2] == request[2]);
	MUST(!memcmp(reply + 24, request + 40, 8));
	MUST(!memcmp(reply + 32, stamps, sizeof(stamps)));
}

/* Whoever gets the reply does not take it for a request. */
static void check_no_loop(const u8 *reply, size_t len)
{
	static const u16 ports[] = { 0, 123, 40000 };
	size_t i;

	for (i = 0; i < 3; i++)
		MUST(ntp_classify(reply, len, ports[i]) == NTP_CLASS_MODE);
}

/* Behind the header, of a length that there is, and the rest are whole fields. */
static void check_mac(const u8 *packet, size_t len)
{
	size_t mac_len = ntp_mac_len(packet, len);

	MUST(mac_len >= NTP_MAC_LEN_V2 && mac_len <= NTP_MAC_LEN_MAX);
	MUST(mac_len <= len - NTP_HEADER_LEN && mac_len % 4 == 0);
	ntp_is_mssntp(packet, len);
	if (ntp_version(packet[0]) == NTP_VERSION_MAX)
		MUST(mac_len == NTP_MAC_LEN_MD5 || mac_len == NTP_MAC_LEN_SHA1);
	else
		MUST(mac_len == len - NTP_HEADER_LEN);
}

static void check_answer(const u8 *request, size_t len, u16 port, u8 said)
{
	const struct ntp_server *server = server_of(said);
	u8 *packet = exact_copy(request, len);
	unsigned int mode = request[0] % 8;

	MUST(len >= NTP_HEADER_LEN);
	MUST(mode == 1 || mode == 3 || (mode == 0 && port != 123));
	ntp_reply((struct ntp_header *)packet, server, 0x1122334455667789,
		  0x99aabbccddeeff00);
	check_reply(request, packet, server);
	MUST(!memcmp(packet + NTP_HEADER_LEN, request + NTP_HEADER_LEN,
		     len - NTP_HEADER_LEN));
	check_no_loop(packet, NTP_HEADER_LEN);
	free(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum ntp_class class;
	u8 *packet;
	size_t len;
	u16 port;

	if (size < PREAMBLE)
		return 0;
	len = size - PREAMBLE;
	port = (u16)(data[0] << 8 | data[1]);
	packet = exact_copy(data + PREAMBLE, len);

	class = ntp_classify(packet, len, port);
	MUST(class == model_classify(packet, len, port));
	MUST(!len || !memcmp(packet, data + PREAMBLE, len));
	if (class == NTP_CLASS_PLAIN)
		check_answer(packet, len, port, data[2]);
	if (class == NTP_CLASS_MAC)
		check_mac(packet, len);
	free(packet);
	return 0;
}
