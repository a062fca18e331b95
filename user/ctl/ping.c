// SPDX-License-Identifier: GPL-2.0
#include "ping.h"

#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/icmp6.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct echo {
	uint8_t type, code;
	uint16_t checksum, id, sequence;
	uint64_t cookie;
};

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* RFC 1071. */
static uint16_t sum_of(const struct echo *e)
{
	uint16_t words[sizeof(*e) / 2];
	uint32_t sum = 0;
	size_t i;

	memcpy(words, e, sizeof(*e));
	for (i = 0; i < sizeof(*e) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

/* Of a socket that is for that, or, where nobody may have one, a raw one. */
static int open_socket(bool is6)
{
	int family = is6 ? AF_INET6 : AF_INET;
	int protocol = is6 ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP;
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, protocol);

	return fd >= 0 ? fd : socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol);
}

/* Whether what came is the answer: a raw IPv4 socket has its IP header as well. */
static bool is_answer(const uint8_t *data, ssize_t len, const struct echo *e,
		      bool is6)
{
	ssize_t head = !is6 && len > 0 && data[0] >> 4 == 4 ?
		       (data[0] & 15) * 4 : 0;
	struct echo got;

	if (len < head + (ssize_t)sizeof(got))
		return false;
	memcpy(&got, data + head, sizeof(got));
	return got.type == (is6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY) &&
	       got.cookie == e->cookie;
}

int ping_ms(const struct sockaddr_storage *address, int timeout_ms)
{
	bool is6 = address->ss_family == AF_INET6;
	int64_t began = now_ns(), end = began + timeout_ms * INT64_C(1000000);
	struct echo e = { .type = is6 ? ICMP6_ECHO_REQUEST : ICMP_ECHO };
	struct sockaddr_storage to = *address;
	uint8_t data[1024];
	struct pollfd p = { .events = POLLIN };
	int ms = -1;

	p.fd = open_socket(is6);
	if (p.fd < 0)
		return -1;
	/* The port of a raw IPv6 socket's peer is a protocol. */
	if (is6)
		((struct sockaddr_in6 *)&to)->sin6_port = 0;
	if (getrandom(&e.cookie, sizeof(e.cookie), 0) == sizeof(e.cookie)) {
		e.checksum = sum_of(&e);
		if (sendto(p.fd, &e, sizeof(e), 0, (const void *)&to, is6 ?
			   sizeof(struct sockaddr_in6) :
			   sizeof(struct sockaddr_in)) == sizeof(e))
			ms = 0;
	}
	while (!ms && now_ns() < end) {
		if (poll(&p, 1, (int)((end - now_ns()) / 1000000) + 1) != 1)
			continue;
		if (is_answer(data, recv(p.fd, data, sizeof(data), 0), &e, is6))
			break;
	}
	close(p.fd);
	if (ms || now_ns() >= end)
		return -1;
	return (int)((now_ns() - began) / 1000000);
}
