// SPDX-License-Identifier: GPL-2.0
#include "manycast.h"
#include "address.h"
#include "auth.h"
#include "log.h"
#include "ntp.h"
#include "server_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define RING_WAIT	1.0	/* s, for the answers of a ring */

static void hang_up(struct lookup *l)
{
	timer_cancel(&l->timer);
	if (l->fd < 0)
		return;
	loop_del_fd(l->fd);
	close(l->fd);
	l->fd = -1;
}

static void finish(struct lookup *l)
{
	struct manycast *m = l->manycast;

	hang_up(l);
	l->pending = false;
	l->fn(l, m->n ? 0 : EAI_NONAME, m->found, m->n);
}

static bool is_known(const struct manycast *m, const struct sockaddr_storage *a)
{
	unsigned int i;

	for (i = 0; i < m->n; i++)
		if (address_same((const void *)&m->found[i], (const void *)a))
			return true;
	return false;
}

/* Whoever answers what only this request has said, and has the time. */
static void on_ready(int fd, short revents, void *arg)
{
	const unsigned int wants = NTP_TESTS_SYNCED;
	struct sockaddr_storage from = { 0 };
	socklen_t from_len = sizeof(from);
	struct lookup *l = arg;
	struct manycast *m = l->manycast;
	struct ntp_answer a;
	uint8_t data[512];
	ssize_t n;

	(void)revents;
	n = recvfrom(fd, data, sizeof(data), 0, (void *)&from, &from_len);
	if (n < 0 || m->n == RESOLVE_MAX ||
	    address_port((const void *)&from) !=
		address_port((const void *)&m->address) ||
	    !ntp_packet_parse(data, (size_t)n, &a) || a.kiss ||
	    (ntp_packet_check(&m->request, &a) & wants) != wants ||
	    !ntp_is_by(m->key, data, (size_t)n) || is_known(m, &from))
		return;
	m->found[m->n++] = from;
}

static int open_socket(struct lookup *l)
{
	int family = l->manycast->address.ss_family, off = 0;
	int fd = socket(family, SOCK_DGRAM, 0), err;

	if (fd < 0)
		return -errno;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* A server of this host is no other's time. */
	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &off, sizeof(off));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off,
			   sizeof(off));
	err = loop_add_fd(fd, POLLIN, on_ready, l);
	if (err) {
		close(fd);
		return err;
	}
	l->fd = fd;
	return 0;
}

static int ask(struct lookup *l)
{
	static const struct sockaddr_storage any;
	struct manycast *m = l->manycast;
	unsigned int link = m->dev[0] ? if_nametoindex(m->dev) : 0;
	uint8_t packet[NTP_HEADER_LEN + AUTH_MAC_MAX];
	int len;

	if (m->dev[0] && !link)
		return -ENODEV;
	m->request = (struct ntp_request){
		.mode = NTP_MODE_CLIENT,
		.version = m->version,
		.transmit = ntp_io_random(),
	};
	ntp_packet_request(&m->request, packet);
	len = ntp_sign_by(m->key, packet);
	if (len < 0)
		return len;
	server_socket_ttl(l->fd, m->address.ss_family, m->ring);
	return server_socket_send(l->fd, &m->address, &any, link, packet,
				  (size_t)len, false);
}

/* Rings of 1, 2, 4 and so on, and the widest one last. */
static bool next_ring(struct manycast *m)
{
	if (m->n >= m->wanted || m->ring >= m->ttl)
		return false;
	m->ring = m->ring ? m->ring * 2 : 1;
	if (m->ring > m->ttl)
		m->ring = m->ttl;
	return true;
}

static void on_timer(void *arg)
{
	struct lookup *l = arg;
	int err = 0;

	if (!next_ring(l->manycast)) {
		finish(l);
		return;
	}
	if (l->fd < 0)
		err = open_socket(l);
	if (!err)
		err = ask(l);
	if (err) {
		log_msg(LOG_WARNING, "%s: cannot be asked: %s", l->name,
			err == -ENOKEY ? "its key is not in the keyfile" :
					 strerror(-err));
		finish(l);
		return;
	}
	timer_set(&l->timer, RING_WAIT);
}

/**
 * manycast_start() - find servers
 * @l: of whom, and who wants to know; its function is not called from here
 */
void manycast_start(struct lookup *l)
{
	if (l->pending)
		return;
	l->pending = true;
	l->fd = -1;
	l->manycast->n = 0;
	l->manycast->ring = 0;
	l->timer = (struct timer){ .fn = on_timer, .arg = l };
	timer_set(&l->timer, 0);
}

/**
 * manycast_cancel() - want to know it no more
 * @l: pending or not
 */
void manycast_cancel(struct lookup *l)
{
	if (!l->pending)
		return;
	hang_up(l);
	l->pending = false;
}
