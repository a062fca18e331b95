// SPDX-License-Identifier: GPL-2.0
/*
 * Sockets of requests: one for each, on a port nobody can guess, open no
 * longer than its reply is waited for.
 */
#include "ntp.h"
#include "address.h"
#include "clk.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	/* Room for an NTP packet behind all that a link puts before it. */
	PACKET_MAX = 1024,
	/* Of a request: the kernel's stamp and the device's; and an error. */
	STAMPS_MAX = 4,
};

/**
 * ntp_io_random() - what nobody can guess
 *
 * Return: any 64 bits but 0.
 */
uint64_t ntp_io_random(void)
{
	uint64_t v = 0;

	while (!v)
		/* A request that could be guessed is worse than none. */
		if (getrandom(&v, sizeof(v), 0) != sizeof(v) && errno != EINTR)
			abort();
	return v;
}

/*
 * The kernel stamps what arrives only while somebody asks for it, and takes
 * its time to begin: longer than a reply on a local network. A socket that is
 * never used keeps it at it from one request to the next.
 */
static void keep_stamping(int family)
{
	static int keeper = -1;

	if (keeper >= 0)
		return;
	keeper = socket(family, SOCK_DGRAM, 0);
	if (keeper < 0)
		return;
	fcntl(keeper, F_SETFD, FD_CLOEXEC);
	ntp_stamp_ask(keeper, (sa_family_t)family, false);
}

/*
 * With a port of one's own choice all sources share it; each socket gets only
 * what its own server sends, because it is connected.
 */
static int bind_socket(int fd, sa_family_t family)
{
	struct sockaddr_storage from = { .ss_family = family };
	int on = 1, traffic = ntp_network.dscp << 2;

	if (traffic && family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_TOS, &traffic, sizeof(traffic));
	else if (traffic)
		setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &traffic,
			   sizeof(traffic));

	if (ntp_network.device[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, ntp_network.device,
		       (socklen_t)strlen(ntp_network.device)))
		return -errno;
	if (family == AF_INET && ntp_network.address4.ss_family)
		from = ntp_network.address4;
	else if (family == AF_INET6 && ntp_network.address6.ss_family)
		from = ntp_network.address6;
	else if (!ntp_network.port)
		return 0;
	if (ntp_network.port) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	}
	address_set_port((struct sockaddr *)&from, ntp_network.port);
	if (bind(fd, (struct sockaddr *)&from,
		 address_len((struct sockaddr *)&from)))
		return -errno;
	return 0;
}

/* One datagram, of the socket or of its error queue; its length or -errno. */
static ssize_t read_one(int fd, int flags, void *data,
			struct sockaddr_storage *from, struct ntp_when *when)
{
	_Alignas(struct cmsghdr) char control[NTP_STAMP_CONTROL];
	struct iovec iov = { .iov_base = data, .iov_len = PACKET_MAX };
	struct msghdr msg = {
		.msg_name = from,
		.msg_namelen = sizeof(*from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &msg, flags | MSG_DONTWAIT);

	if (len < 0)
		return -errno;
	if (msg.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	*when = ntp_stamp_of(&msg, flags & MSG_ERRQUEUE ? NTP_SENT :
							  NTP_RECEIVED);
	return len;
}

/*
 * The request comes back with the time it left, behind its lower headers: it is
 * the end, as long as it was sent, with its MAC.
 * Without one it was an error of the path, which the next read takes away.
 */
static void read_error_queue(struct ntp_source *src, bool error)
{
	struct sockaddr_storage from = { 0 };
	uint8_t data[PACKET_MAX];
	struct ntp_when when = { .kind = NTP_STAMP_DAEMON };
	ssize_t len;
	int n;

	for (n = 0; n < STAMPS_MAX; n++) {
		len = read_one(src->fd, MSG_ERRQUEUE, data, &from, &when);
		if (len == -EAGAIN)
			break;
		if (len >= (ssize_t)src->sent_len && src->sent_len &&
		    when.kind != NTP_STAMP_DAEMON)
			ntp_transmitted(src, data + len - src->sent_len,
					src->sent_len, &when);
	}
	if (!n && error)
		read_one(src->fd, 0, data, &from, &when);
}

static void on_ready(int fd, short revents, void *arg)
{
	struct sockaddr_storage from = { 0 };
	struct ntp_source *src = arg;
	uint8_t data[PACKET_MAX];
	struct ntp_when when = { .kind = NTP_STAMP_DAEMON };
	ssize_t len;

	if (revents & (POLLERR | POLLPRI))
		read_error_queue(src, revents & POLLERR);
	if (!(revents & POLLIN))
		return;
	len = read_one(fd, 0, data, &from, &when);
	if (len < 0)
		return;
	src->report.received++;
	src->report.kernel_received += when.kind == NTP_STAMP_KERNEL;
	src->report.hw_received += when.kind == NTP_STAMP_HARDWARE;
	if (address_equal((struct sockaddr *)&from,
			  (struct sockaddr *)&src->source.address))
		ntp_receive(src, data, (size_t)len, &when);
}

static int prepare(struct ntp_source *src, int fd)
{
	const struct sockaddr *to = (struct sockaddr *)&src->source.address;
	socklen_t len = sizeof(src->report.local);
	int err;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	err = bind_socket(fd, to->sa_family);
	if (err)
		return err;
	ntp_stamp_ask(fd, to->sa_family, true);
	/* Only what comes from that address and port is received. */
	if (connect(fd, to, address_len(to)))
		return -errno;
	getsockname(fd, (struct sockaddr *)&src->report.local, &len);
	return loop_add_fd(fd, POLLIN | POLLPRI, on_ready, src);
}

/**
 * ntp_io_open() - a socket for one request
 * @src: to where; its fd is set
 *
 * Return: 0 or -errno.
 */
int ntp_io_open(struct ntp_source *src)
{
	int fd, err;

	ntp_io_close(src);
	keep_stamping(src->source.address.ss_family);
	fd = socket(src->source.address.ss_family, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	err = prepare(src, fd);
	if (err) {
		close(fd);
		return err;
	}
	src->fd = fd;
	return 0;
}

/**
 * ntp_io_close() - receive nothing more
 * @src: whose socket is closed, where it has one
 */
void ntp_io_close(struct ntp_source *src)
{
	if (src->fd < 0)
		return;
	loop_del_fd(src->fd);
	close(src->fd);
	src->fd = -1;
}

/**
 * ntp_io_send() - send a packet
 * @src: from its open socket; its time of sending is set
 * @data: UDP payload
 * @len: its length, octets
 *
 * Return: 0 or -errno.
 */
int ntp_io_send(struct ntp_source *src, const void *data, size_t len)
{
	/* Until the kernel says better. */
	src->sent = ntp_stamp_now();
	src->sent_len = len;
	if (send(src->fd, data, len, MSG_DONTWAIT) < 0)
		return -errno;
	src->report.sent++;
	return 0;
}
