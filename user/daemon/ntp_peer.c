// SPDX-License-Identifier: GPL-2.0
/*
 * Symmetric active mode: both ask each other in the same packets, which leave
 * from and come to the server's own port.
 */
#include "ntp.h"
#include "address.h"
#include "auth.h"
#include "clk.h"
#include "figures.h"
#include "keys.h"
#include "server.h"
#include "server_socket.h"

#include "core/ntptime.h"
#include "core/reply.h"

#include <errno.h>
#include <string.h>

/*
 * A peer measures by our stamps, so they cannot be random as a client's are; what
 * lies below our precision can. It also tells our packets apart.
 */
static uint64_t blur(uint64_t stamp, int8_t precision)
{
	uint64_t noise = ntp_io_random();

	if (precision > -8)
		precision = -8;
	if (precision <= -32 || !stamp)
		return stamp;
	return stamp ^ (noise & ((1ULL << (32 + precision)) - 1));
}

/*
 * RFC 9769 section 3: the origin is the peer's receive stamp, and the transmit
 * stamp is that of our packet before this one, as the kernel or the device took
 * it. After a lost packet both ends go back to basic mode.
 */
static void fill(const struct ntp_source *src, struct ntp_header *h,
		 const struct ntp_server *says)
{
	bool interleaved = src->opt.interleaved && src->last_receive &&
			   !src->missed;
	int64_t left = interleaved ? clk_real_of_raw(src->sent.raw) : clk_real();

	ntp_packet_says(h, says, src->opt.version, NTP_MODE_SYMMETRIC_ACTIVE,
			src->source.poll);
	h->origin = cpu_to_be64(interleaved ? src->peer_origin :
					      src->peer_transmit);
	h->receive = cpu_to_be64(blur(src->peer_receive, says->precision));
	do {
		h->transmit = cpu_to_be64(blur(ntp_from_unix(left),
					       says->precision));
	} while (h->transmit == h->receive);
}

/**
 * ntp_peer_send() - write to a peer
 * @src: to whom
 *
 * Return: 0 or -errno: -ENOTCONN while the server has no socket.
 */
int ntp_peer_send(struct ntp_source *src)
{
	static const struct sockaddr_storage any;
	int fd = server_socket(src->source.address.ss_family);
	uint8_t packet[NTP_HEADER_LEN + AUTH_MAC_MAX];
	struct ntp_server says;
	struct ntp_header h;
	struct figures f;
	int err, len;

	if (fd < 0)
		return -ENOTCONN;
	reference_figures(&f, figures_mapped());
	figures_wire(&f, clk_precision(), &says);
	fill(src, &h, &says);
	src->request = (struct ntp_request){
		.mode = NTP_MODE_SYMMETRIC_ACTIVE,
		.version = src->opt.version,
		.poll = src->source.poll,
		.transmit = be64_to_cpu(h.transmit),
		/* By this an interleaved packet of the peer is known. */
		.receive = src->opt.interleaved ? be64_to_cpu(h.receive) : 0,
	};
	memcpy(packet, &h, sizeof(h));
	len = ntp_sign(src, packet);
	if (len < 0)
		return len;
	src->sent = ntp_stamp_now();
	err = server_socket_send(fd, &src->source.address, &any, 0, packet,
				 (size_t)len, true);
	if (err < 0)
		return err;
	src->report.sent++;
	return 0;
}

/*
 * What the next packet gives back to the peer. One that does not know our last
 * packet may be made up, or be the first after one of both was lost or began:
 * taking it would let anybody keep two peers apart for ever, not taking it
 * would do so without anybody. So it counts only when we have missed one.
 */
static void keep_stamps(struct ntp_source *src, const struct ntp_answer *a,
			bool genuine, int64_t raw)
{
	if (!genuine && src->peer_transmit && !src->missed)
		return;
	src->peer_transmit = a->transmit;
	src->peer_origin = a->receive;
	src->peer_receive = ntp_from_unix(clk_real_of_raw(raw));
}

static void take(struct ntp_source *src, struct ntp_answer *a,
		 const struct server_packet *p)
{
	unsigned int tests = ntp_packet_check(&src->request, a);
	bool genuine = tests & NTP_TEST_ORIGIN;

	if (a->kiss || a->transmit == src->peer_transmit)
		return;
	keep_stamps(src, a, genuine, p->when.raw);
	if (!genuine || !src->waiting)
		return;
	ntp_stop_waiting(src);
	src->report.local = p->to;
	src->report.answer = *a;
	ntp_accept(src, a, tests, &p->when);
}

/**
 * ntp_peer_receive() - a packet in a symmetric mode has come to the server
 * @p: it
 *
 * For server_set_peer_handler(). A peer is known by its address and port.
 * Return: whether it was a configured peer's, and nobody else is to answer it.
 */
bool ntp_peer_receive(const struct server_packet *p)
{
	struct ntp_source *src = ntp_find((const void *)&p->from);
	struct ntp_answer a;

	if (!src || src->source.type != SOURCE_PEER)
		return false;
	src->report.received++;
	if (src->state == NTP_ONLINE &&
	    ntp_packet_parse(p->data, p->len, &a) &&
	    ntp_is_authentic(src, p->data, p->len))
		take(src, &a, p);
	return true;
}

/**
 * ntp_peer_sent() - a packet to a peer has left the server's socket
 * @p: it, with its lower headers, and when
 */
void ntp_peer_sent(const struct server_packet *p)
{
	const struct keyfile_key *key;
	struct ntp_source *src;
	size_t len;

	if (p->when.kind == NTP_STAMP_DAEMON)
		return;
	for (src = ntp_sources; src; src = src->next) {
		if (src->source.type != SOURCE_PEER)
			continue;
		key = src->opt.key ? keys_find(src->opt.key) : NULL;
		len = NTP_HEADER_LEN +
		      (key ? auth_mac_len(key, src->opt.version) : 0);
		if (p->len >= len)
			ntp_transmitted(src, p->data + p->len - len, len,
					&p->when);
	}
}
