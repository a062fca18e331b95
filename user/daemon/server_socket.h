/* SPDX-License-Identifier: GPL-2.0 */
/* The server's sockets: where a datagram came from, to and when. */
#ifndef KNTPD_SERVER_SOCKET_H
#define KNTPD_SERVER_SOCKET_H

#include "server.h"

/* The descriptor, or -errno. */
int server_socket_open(int family, const struct server_options *o);

/* From now on FD gets what is sent to a group. 0 or -errno. */
int server_socket_join(int fd, const struct server_group *group);

/* One datagram; -EAGAIN when there is none that counts. */
int server_socket_receive(int fd, struct server_packet *p);

/* When one left that was to be stamped. 0 or -errno. */
int server_socket_sent(int fd, struct server_packet *p);

/* What is sent to many from now on goes so far. */
void server_socket_ttl(int fd, int family, int ttl);

/* FROM: the address of this host it leaves from, or family AF_UNSPEC. */
int server_socket_send(int fd, const struct sockaddr_storage *to,
		       const struct sockaddr_storage *from,
		       unsigned int ifindex, const void *data, size_t len,
		       bool stamp);

#endif
