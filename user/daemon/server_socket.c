// SPDX-License-Identifier: GPL-2.0
#include "server_socket.h"
#include "clk.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) ?
	       -errno : 0;
}

/* Flags are set afterwards: a simulator takes none in socket(2). */
static void set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static socklen_t any_address(struct sockaddr_storage *a, int family,
			     uint16_t port)
{
	struct sockaddr_in6 *in6 = (void *)a;
	struct sockaddr_in *in = (void *)a;

	if (a->ss_family != family) {
		memset(a, 0, sizeof(*a));
		a->ss_family = (sa_family_t)family;
	}
	if (family == AF_INET) {
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	in6->sin6_port = htons(port);
	return sizeof(*in6);
}

/*
 * What others on this host have joined is not ours, nor what we send ourselves;
 * and it may be sent to a whole subnet.
 */
static void set_groups(int fd, int family)
{
	if (family == AF_INET6) {
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	} else {
		set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
		set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
		set(fd, SOL_SOCKET, SO_BROADCAST, 1);
	}
}

/**
 * server_socket_open() - a socket that is listened on
 * @family: AF_INET or AF_INET6
 * @o: where and how
 *
 * Return: the descriptor, or -errno.
 */
int server_socket_open(int family, const struct server_options *o)
{
	struct sockaddr_storage a = family == AF_INET ? o->bind4 : o->bind6;
	socklen_t len = any_address(&a, family, o->port);
	int fd = socket(family, SOCK_DGRAM, 0);
	int err;

	if (fd < 0)
		return -errno;
	set_flags(fd);
	if (family == AF_INET6) {
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		err = set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	} else {
		err = set(fd, IPPROTO_IP, IP_PKTINFO, 1);
	}
	set_groups(fd, family);
	/* Connected sockets with this port get what their servers send. */
	if (o->shared)
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	ntp_stamp_ask(fd, (sa_family_t)family, false);
	/* An address that is still to be configured may be waited for. */
	if (family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	else
		set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	if (o->dscp && family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_TCLASS, o->dscp << 2);
	else if (o->dscp)
		set(fd, IPPROTO_IP, IP_TOS, o->dscp << 2);
	if (!err && o->device &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->device,
		       (socklen_t)strlen(o->device) + 1))
		err = -errno;
	if (!err && bind(fd, (const void *)&a, len) < 0)
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/**
 * server_socket_join() - be one of those who listen to an address
 * @fd: a socket of ours, of its family
 * @group: the address
 *
 * Return: 0, also when it is one already; or -errno: -ENODEV without a link for it.
 */
int server_socket_join(int fd, const struct server_group *group)
{
	const struct sockaddr_in6 *in6 = (const void *)&group->address;
	const struct sockaddr_in *in = (const void *)&group->address;
	unsigned int link = group->dev[0] ? if_nametoindex(group->dev) : 0;
	struct ip_mreqn v4 = { .imr_ifindex = (int)link };
	struct ipv6_mreq v6 = { .ipv6mr_interface = link };
	int ret;

	if (group->dev[0] && !link)
		return -ENODEV;
	if (group->address.ss_family == AF_INET) {
		v4.imr_multiaddr = in->sin_addr;
		ret = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4,
				 sizeof(v4));
	} else {
		v6.ipv6mr_multiaddr = in6->sin6_addr;
		ret = setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &v6,
				 sizeof(v6));
	}
	return ret && errno != EADDRINUSE ? -errno : 0;
}

/**
 * server_socket_ttl() - how far goes what is sent to many
 * @fd: a socket of ours
 * @family: of it
 * @ttl: routers that it passes, and one
 */
void server_socket_ttl(int fd, int family, int ttl)
{
	if (family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, ttl);
	else
		set(fd, IPPROTO_IP, IP_MULTICAST_TTL, ttl);
}

/* IPv4's own address differs from the one asked when that is a broadcast. */
static void take_pktinfo(struct server_packet *p, const struct cmsghdr *c)
{
	struct sockaddr_in6 *in6 = (void *)&p->to;
	struct sockaddr_in *in = (void *)&p->to;
	struct in6_pktinfo i6;
	struct in_pktinfo i4;

	if (c->cmsg_level == IPPROTO_IP) {
		memcpy(&i4, CMSG_DATA(c), sizeof(i4));
		in->sin_family = AF_INET;
		in->sin_addr = i4.ipi_addr;
		if (i4.ipi_addr.s_addr != i4.ipi_spec_dst.s_addr &&
		    !IN_MULTICAST(ntohl(i4.ipi_addr.s_addr)))
			in->sin_addr.s_addr = htonl(INADDR_BROADCAST);
		p->ifindex = (unsigned int)i4.ipi_ifindex;
	} else {
		memcpy(&i6, CMSG_DATA(c), sizeof(i6));
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = i6.ipi6_addr;
		p->ifindex = i6.ipi6_ifindex;
	}
}

static void take_control(struct server_packet *p, struct msghdr *msg)
{
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (ntp_stamp_holds(c, IPPROTO_IP, IP_PKTINFO,
				    sizeof(struct in_pktinfo)) ||
		    ntp_stamp_holds(c, IPPROTO_IPV6, IPV6_PKTINFO,
				    sizeof(struct in6_pktinfo)))
			take_pktinfo(p, c);
}

/* One datagram, of the socket or of its error queue. */
static int read_one(int fd, int flags, struct server_packet *p)
{
	_Alignas(struct cmsghdr) char control[NTP_STAMP_CONTROL];
	struct iovec iov = { .iov_base = p->data, .iov_len = sizeof(p->data) };
	struct msghdr msg = {
		.msg_name = &p->from,
		.msg_namelen = sizeof(p->from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, flags);

	if (n < 0)
		return -errno;
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EMSGSIZE;
	p->len = (size_t)n;
	p->fd = fd;
	p->to.ss_family = AF_UNSPEC;
	p->ifindex = 0;
	take_control(p, &msg);
	p->when = ntp_stamp_of(&msg, flags & MSG_ERRQUEUE ? NTP_SENT :
							    NTP_RECEIVED);
	return 0;
}

/**
 * server_socket_receive() - read one datagram
 * @fd: a socket of ours that is readable
 * @p: where to
 *
 * Return: 0, -EMSGSIZE for one too long, or another -errno.
 */
int server_socket_receive(int fd, struct server_packet *p)
{
	return read_one(fd, 0, p);
}

/**
 * server_socket_sent() - read when one datagram left
 * @fd: a socket of ours with something in its error queue
 * @p: where to: its data, behind its lower headers, and when
 *
 * Return: 0 or -errno.
 */
int server_socket_sent(int fd, struct server_packet *p)
{
	return read_one(fd, MSG_ERRQUEUE, p);
}

/* By which link, where that is said. */
static size_t put_link(struct cmsghdr *c, int family, unsigned int ifindex)
{
	struct in_pktinfo i4 = { .ipi_ifindex = (int)ifindex };
	struct in6_pktinfo i6 = { .ipi6_ifindex = ifindex };
	const void *info = family == AF_INET ? (void *)&i4 : (void *)&i6;
	size_t len = family == AF_INET ? sizeof(i4) : sizeof(i6);

	c->cmsg_level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	c->cmsg_type = family == AF_INET ? IP_PKTINFO : IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), info, len);
	return CMSG_SPACE(len);
}

static size_t put_pktinfo(struct cmsghdr *c,
			  const struct sockaddr_storage *from,
			  unsigned int ifindex)
{
	const struct sockaddr_in6 *in6 = (const void *)from;
	const struct sockaddr_in *in = (const void *)from;
	struct in6_pktinfo i6 = { .ipi6_ifindex = 0 };
	struct in_pktinfo i4 = { .ipi_ifindex = 0 };

	if (from->ss_family == AF_INET) {
		i4.ipi_spec_dst = in->sin_addr;
		c->cmsg_level = IPPROTO_IP;
		c->cmsg_type = IP_PKTINFO;
		c->cmsg_len = CMSG_LEN(sizeof(i4));
		memcpy(CMSG_DATA(c), &i4, sizeof(i4));
		return CMSG_SPACE(sizeof(i4));
	}
	i6.ipi6_addr = in6->sin6_addr;
	/* Routing finds the device, but where an address means one of each. */
	if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		i6.ipi6_ifindex = ifindex;
	c->cmsg_level = IPPROTO_IPV6;
	c->cmsg_type = IPV6_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof(i6));
	memcpy(CMSG_DATA(c), &i6, sizeof(i6));
	return CMSG_SPACE(sizeof(i6));
}

/**
 * server_socket_send() - send one datagram
 * @fd: a socket of ours
 * @to: with its port
 * @from: address of this host, or family AF_UNSPEC for what routing gives
 * @ifindex: of the device, for link-local addresses, and when @from is not said
 * @data: it
 * @len: octets
 * @stamp: server_socket_sent() is to tell of it
 *
 * Return: 0 or -errno; what cannot be sent at once is lost.
 */
int server_socket_send(int fd, const struct sockaddr_storage *to,
		       const struct sockaddr_storage *from,
		       unsigned int ifindex, const void *data, size_t len,
		       bool stamp)
{
	_Alignas(struct cmsghdr) char control[128] = { 0 };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = {
		.msg_name = (void *)to,
		.msg_namelen = to->ss_family == AF_INET ?
			       sizeof(struct sockaddr_in) :
			       sizeof(struct sockaddr_in6),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};

	if (from->ss_family == AF_UNSPEC && ifindex)
		msg.msg_controllen = put_link((void *)control, to->ss_family,
					      ifindex);
	else if (from->ss_family == to->ss_family)
		msg.msg_controllen = put_pktinfo((void *)control, from,
						 ifindex);
	if (stamp)
		msg.msg_controllen += ntp_stamp_request(
			(void *)(control + msg.msg_controllen));
	if (msg.msg_controllen)
		msg.msg_control = control;
	return sendmsg(fd, &msg, 0) < 0 ? -errno : 0;
}
