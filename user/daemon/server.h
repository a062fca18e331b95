/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The daemon's own UDP/123: it answers what the module does not (all of it,
 * when there is none), and symmetric peers meet it there.
 */
#ifndef KNTPD_SERVER_H
#define KNTPD_SERVER_H

#include "ntp_stamp.h"

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "access.h"

enum {
	SERVER_PACKET_MAX = 2048,	/* longer datagrams are no NTP */
	SERVER_GROUPS_MAX = 32,
};

/**
 * struct server_packet - a datagram that came to the port
 * @data: it
 * @len: octets
 * @fd: socket it came to, and on which an answer leaves
 * @from: its sender
 * @to: the address it was sent to; family AF_UNSPEC where that is not known
 * @ifindex: of the device it came by, or 0
 * @when: it arrived
 */
struct server_packet {
	uint8_t data[SERVER_PACKET_MAX];
	size_t len;
	int fd;
	struct sockaddr_storage from;
	struct sockaddr_storage to;
	unsigned int ifindex;
	struct ntp_when when;
};

/**
 * struct server_group - a multicast address that is listened to
 * @address: it
 * @dev: on this link; empty: where the route to it leads
 * @manycast: who asks there is answered
 */
struct server_group {
	struct sockaddr_storage address;
	char dev[IF_NAMESIZE];
	bool manycast;
};

/**
 * struct server_options - what is listened on
 * @port: 0: nothing is
 * @bind4: address of this host, or family AF_UNSPEC for all of them
 * @bind6: likewise
 * @only: addresses of this host that are answered, of both families; of a family
 *	that is not among them all are; kept by the caller
 * @n_only: how many
 * @shared: requests leave from @port, too, by sockets of their own
 * @no4: not IPv4 at all
 * @no6: likewise
 * @device: only of this network device; NULL: of all
 * @dscp: of the replies, 0 to 63
 * @peers: some are configured, or broadcasts are sent or listened to
 * @access: who is answered; built, and kept by the caller
 * @group: kept by the caller
 * @n_group: how many
 */
struct server_options {
	uint16_t port;
	struct sockaddr_storage bind4, bind6;
	const struct sockaddr_storage *only;
	size_t n_only;
	bool shared;
	bool no4, no6;
	const char *device;
	int dscp;
	bool peers;
	const struct access *access;
	const struct server_group *group;
	size_t n_group;
};

/* 0, also when nothing is to be listened on; -errno when no socket was had. */
int server_start(const struct server_options *o);
void server_stop(void);

/* Another list; NULL answers nobody. The old one may be freed then. */
void server_set_access(const struct access *access);

/*
 * RECEIVED gets each packet in a symmetric mode; true when it was a peer's, and
 * then it is not answered here. SENT gets what server_socket_send() was to stamp.
 */
void server_set_peer_handler(bool (*received)(const struct server_packet *p),
			     void (*sent)(const struct server_packet *p));

/* RECEIVED gets each packet in broadcast mode. */
void server_set_broadcast_handler(void (*received)(const struct server_packet *p));

/* RECEIVED gets each packet first; true when it was a control message. */
void server_set_control_handler(bool (*received)(const struct server_packet *p));

/* What is served in NS from now, 32.32. */
uint64_t server_time(int64_t ns);

/* The socket from which a peer of a family is written to; -1: there is none. */
int server_socket(int family);

/*
 * Sends a packet where P came from, and from where it was sent to. 0 or -errno.
 */
int server_send(const struct server_packet *p, const void *data, size_t len);

#endif
