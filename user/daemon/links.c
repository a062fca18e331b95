// SPDX-License-Identifier: GPL-2.0
/*
 * That something has changed is all that is taken from rtnetlink: what is then
 * is looked up where it is needed. So it costs the same however many routes a
 * router's daemons change, and nothing is lost with a message.
 */
#include "links.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* A link comes with its addresses and routes, one after the other, s. */
#define SETTLE		1.0
/* Where changes never end they are looked at no more often, s. */
#define QUIET		10.0
/* Messages at once; what is left is read the next time. */
#define DRAIN_MAX	4096

static struct {
	struct mnl_socket *sock;
	struct timer timer;
	void (*changed)(void);
} links;

static void on_message(int fd, short revents, void *arg)
{
	(void)revents, (void)arg;
	/* Deaf until it is looked at. */
	loop_set_events(fd, 0);
	if (!links.timer.armed)
		timer_set(&links.timer, SETTLE);
}

/* Whether there was a message. */
static bool drain(int fd)
{
	char byte;
	int n = 0;

	while (n < DRAIN_MAX &&
	       recv(fd, &byte, sizeof(byte), MSG_DONTWAIT | MSG_TRUNC) >= 0)
		n++;
	return n;
}

static int prepare(struct mnl_socket *sock)
{
	unsigned int groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR |
			      RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
			      RTMGRP_IPV6_ROUTE;
	int on = 1;

	/* Those that are lost would be told of as an error until it is read. */
	if (mnl_socket_setsockopt(sock, NETLINK_NO_ENOBUFS, &on, sizeof(on)) ||
	    mnl_socket_bind(sock, groups, MNL_SOCKET_AUTOPID))
		return -errno;
	return loop_add_fd(mnl_socket_get_fd(sock), POLLIN, on_message, NULL);
}

static void look(void *arg)
{
	int fd = mnl_socket_get_fd(links.sock);
	bool any = drain(fd);

	(void)arg;
	if (!any) {
		loop_set_events(fd, POLLIN);
		return;
	}
	links.changed();
	/* Once more for what came meanwhile, and then it is waited for. */
	timer_set(&links.timer, QUIET);
}

/**
 * links_start() - watch the machine's links, addresses and routes
 * @changed: called in the loop, a second after a change and not more often than
 *	each ten
 *
 * Those of this network namespace. Return: 0 or -errno.
 */
int links_start(void (*changed)(void))
{
	int err;

	links.changed = changed;
	links.timer = (struct timer){ .fn = look };
	links.sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!links.sock)
		return -errno;
	err = prepare(links.sock);
	if (err) {
		mnl_socket_close(links.sock);
		links.sock = NULL;
	}
	return err;
}

/**
 * links_stop() - watch no more
 */
void links_stop(void)
{
	if (!links.sock)
		return;
	timer_cancel(&links.timer);
	loop_del_fd(mnl_socket_get_fd(links.sock));
	mnl_socket_close(links.sock);
	links.sock = NULL;
}
