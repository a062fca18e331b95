// SPDX-License-Identifier: GPL-2.0
/* Those that send. */
#include "broadcast.h"
#include "address.h"
#include "auth.h"
#include "clk.h"
#include "figures.h"
#include "log.h"
#include "reference.h"
#include "server.h"
#include "server_socket.h"

#include "core/reply.h"

#include <endian.h>
#include <errno.h>
#include <math.h>
#include <string.h>

/**
 * struct sender - a `broadcast`
 * @conf: it
 * @timer: next one
 * @failed: why the last one was not sent, -errno
 */
struct sender {
	struct group_conf conf;
	struct timer timer;
	int failed;
};

static struct sender senders[CONF_GROUPS_MAX];
static size_t n_senders;

static int8_t log2_of(int seconds)
{
	return (int8_t)lround(log2(seconds));
}

/* Octets, or -errno. The transmit time is the last that is known. */
static int make(const struct group_conf *g, uint8_t *packet)
{
	bool mapped = figures_mapped();
	struct ntp_server says;
	struct ntp_header h;
	struct figures f;

	figures_now(&f, mapped);
	figures_wire(&f, clk_precision(), &says);
	ntp_packet_says(&h, &says, (uint8_t)g->version, NTP_MODE_BROADCAST,
			log2_of(g->interval));
	h.transmit = htobe64(server_time(0));
	memcpy(packet, &h, sizeof(h));
	return ntp_sign_by(g->key, packet);
}

static int send_one(const struct group_conf *g)
{
	static const struct sockaddr_storage any;
	unsigned int link = g->dev[0] ? if_nametoindex(g->dev) : 0;
	uint8_t packet[NTP_HEADER_LEN + AUTH_MAC_MAX];
	int fd = server_socket(g->address.ss_family);
	int len;

	if (fd < 0)
		return -ENOTCONN;
	if (g->dev[0] && !link)
		return -ENODEV;
	server_socket_ttl(fd, g->address.ss_family, g->ttl);
	len = make(g, packet);
	if (len < 0)
		return len;
	return server_socket_send(fd, &g->address, &any, link, packet,
				  (size_t)len, false);
}

static void on_timer(void *arg)
{
	struct sender *s = arg;
	char buf[ADDRESS_TEXT];
	int err = 0;

	timer_set(&s->timer, s->conf.interval);
	/* Who has no time tells nobody so unasked. */
	if (reference.synced)
		err = send_one(&s->conf);
	if (err && err != s->failed)
		log_msg(LOG_WARNING, "%s: cannot be sent to: %s",
			address_format((const void *)&s->conf.address, buf),
			err == -ENOTCONN ? "the server has no socket" :
			err == -ENOKEY ? "its key is not in the keyfile" :
					 strerror(-err));
	s->failed = err;
}

static void stop_sending(void)
{
	while (n_senders)
		timer_cancel(&senders[--n_senders].timer);
}

/**
 * broadcast_send_set() - what is sent from now on
 * @c: says so by its `broadcast`
 */
void broadcast_send_set(const struct config *c)
{
	struct sender *s;
	size_t i;

	stop_sending();
	for (i = 0; i < c->n_group; i++) {
		if (c->group[i].what != CONF_BROADCAST)
			continue;
		s = &senders[n_senders++];
		*s = (struct sender){
			.conf = c->group[i],
			.timer = { .fn = on_timer, .arg = s },
		};
		timer_set(&s->timer, 1 + ntp_random_part());
	}
}

/**
 * broadcast_stop() - neither send nor listen
 */
void broadcast_stop(void)
{
	static const struct config nothing;

	stop_sending();
	broadcast_listen_set(&nothing);
}
