// SPDX-License-Identifier: GPL-2.0
/*
 * xload DEVICE FROM TO CLIENTS PART PARTS SEED: many clients in interleaved mode
 * (RFC 9769), half of them IPv4, half IPv6, behind a device that stamps.
 *
 * FROM and TO are the Ethernet addresses. For each line of standard input every
 * client asks once, and a line of JSON says what came of it: how many replies
 * were of which mode, how many were neither, and how far the times in them were
 * from what this end of the wire had stamped, ns at most: but for requests that
 * waited for a CPU longer than the module believes a device's stamp.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"

enum {
	BATCH = 64,
	NTP = 48,
	FRAME_MAX = 14 + 40 + 8 + NTP,
	WAIT = 10000,		/* ms, for what does not come any more */
	OLD = 100000000,	/* ns that a stamp is not believed after */
};

/* What it remembers of the reply before. 0: nothing. */
struct client {
	uint64_t receive;
	int64_t arrived;
};

static struct {
	struct client *client;
	uint64_t mine, transmit;
	int64_t sent, arrived, t2, t3;
	enum { WAITS, BASIC, INTERLEAVED, WRONG } mode;
} slot[BATCH];

static struct {
	uint64_t asked, mode[WRONG + 1], t2, t2_old, t3;
	int64_t t2_max, t3_max;
} sum;

static struct client *clients;
static uint8_t from[6], to[6];
static uint32_t part, parts, count, stamps;
static int fd;

static uint64_t any64(void)
{
	return (uint64_t)any(0xffffffff) << 32 | any(0xffffffff);
}

static void put(uint8_t *p, uint64_t value, int octets)
{
	while (octets--) {
		p[octets] = (uint8_t)value;
		value >>= 8;
	}
}

static uint64_t get(const uint8_t *p, int octets)
{
	uint64_t value = 0;

	while (octets--)
		value = value << 8 | *p++;
	return value;
}

static uint32_t sum_of(const uint8_t *p, size_t len)
{
	uint32_t total = 0;
	size_t i;

	for (i = 0; i < len; i += 2)
		total += (uint32_t)p[i] << 8 | p[i + 1];
	return total;
}

static uint16_t fold(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

static int64_t unix_ns(uint64_t ntp)
{
	uint64_t s = (ntp >> 32) - 2208988800U;

	return (int64_t)(s * 1000000000 + ((ntp & 0xffffffff) * 1000000000 >> 32));
}

/* Even ones speak IPv4, odd ones IPv6; the address ends with the part's number. */
static size_t build(uint8_t *f, uint32_t index, size_t at)
{
	uint32_t number = (index >> 1) * parts + part;
	uint8_t *ip = f + 14, *udp;
	const struct client *c = slot[at].client;
	bool six = index & 1;
	uint16_t check;

	memset(f, 0, FRAME_MAX);
	memcpy(f, to, 6);
	memcpy(f + 6, from, 6);
	put(f + 12, six ? ETH_P_IPV6 : ETH_P_IP, 2);
	if (six) {
		udp = ip + 40;
		put(ip, 6ULL << 28, 4);
		put(ip + 4, 8 + NTP, 2);
		put(ip + 6, IPPROTO_UDP << 8 | 64, 2);
		put(ip + 8, 0x20010db8000f0000ULL, 8);
		put(ip + 16, number, 8);
		put(ip + 24, 0x20010db800010000ULL, 8);
		put(ip + 32, 1, 8);
	} else {
		udp = ip + 20;
		put(ip, 0x4500, 2);
		put(ip + 2, 20 + 8 + NTP, 2);
		put(ip + 8, 64 << 8 | IPPROTO_UDP, 2);
		put(ip + 12, 10U << 24 | number, 4);
		put(ip + 16, 0xc0000201, 4);
		put(ip + 10, fold(sum_of(ip, 20)), 2);
	}
	put(udp, 123 << 16 | 123, 4);
	put(udp, 40000, 2);
	put(udp + 2, 123, 2);
	put(udp + 4, 8 + NTP, 2);
	udp[8] = 0x23;
	udp[10] = 6;
	put(udp + 32, c->receive, 8);
	put(udp + 40, slot[at].mine, 8);
	put(udp + 48, slot[at].transmit, 8);
	check = fold(sum_of(six ? ip + 8 : ip + 12, six ? 32 : 8) +
		     IPPROTO_UDP + 8 + NTP + sum_of(udp, 8 + NTP));
	put(udp + 6, check ? check : 0xffff, 2);
	return (size_t)(udp - f) + 8 + NTP;
}

static int64_t ns_of(const struct timespec *ts)
{
	return ts->tv_sec * 1000000000LL + ts->tv_nsec;
}

/* The device's stamp, and of which packet, of one message. */
static ssize_t receive(int flags, uint8_t *data, size_t room, int64_t *stamp,
		       uint32_t *id)
{
	_Alignas(struct cmsghdr) char control[512];
	struct iovec iov = { data, room };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
	struct scm_timestamping ts;
	struct sock_extended_err err;
	struct cmsghdr *c;

	*stamp = 0;
	for (c = n < 0 ? NULL : CMSG_FIRSTHDR(&msg); c;
	     c = CMSG_NXTHDR(&msg, c)) {
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_TIMESTAMPING) {
			memcpy(&ts, CMSG_DATA(c), sizeof(ts));
			*stamp = ns_of(&ts.ts[2]);
		} else if (c->cmsg_level == SOL_PACKET) {
			memcpy(&err, CMSG_DATA(c), sizeof(err));
			*id = err.ee_data;
		}
	}
	return n;
}

/* Whether it is one that is waited for. */
static bool take_reply(const uint8_t *f, size_t len, int64_t arrived,
		       uint32_t first, size_t n)
{
	bool six = get(f + 12, 2) == ETH_P_IPV6;
	const uint8_t *ip = f + 14, *udp = ip + (six ? 40 : 20);
	uint32_t number, index;
	uint64_t origin;
	size_t at;

	if (len != (size_t)(udp - f) + 8 + NTP || get(udp, 2) != 123)
		return false;
	number = (uint32_t)(six ? get(ip + 36, 4) : get(ip + 16, 4) & 0xffffff);
	index = number / parts << 1 | six;
	at = index - first;
	if (number % parts != part || at >= n || slot[at].mode != WAITS)
		return false;
	origin = get(udp + 32, 8);
	slot[at].mode = origin == slot[at].mine ? INTERLEAVED :
			origin == slot[at].transmit ? BASIC : WRONG;
	slot[at].arrived = arrived;
	slot[at].t2 = unix_ns(get(udp + 40, 8));
	slot[at].t3 = unix_ns(get(udp + 48, 8));
	slot[at].client->receive = get(udp + 40, 8);
	return true;
}

static void note(int64_t *max, uint64_t *n, int64_t said, int64_t true_one)
{
	int64_t off = llabs(said - true_one);

	(*n)++;
	if (off > *max)
		*max = off;
}

static void judge(size_t n)
{
	size_t at;

	for (at = 0; at < n; at++) {
		struct client *c = slot[at].client;

		sum.mode[slot[at].mode]++;
		if (slot[at].mode == WAITS)
			continue;
		if (slot[at].sent && slot[at].arrived - slot[at].sent > OLD)
			sum.t2_old++;
		else if (slot[at].sent)
			note(&sum.t2_max, &sum.t2, slot[at].t2, slot[at].sent);
		if (slot[at].mode == INTERLEAVED && c->arrived)
			note(&sum.t3_max, &sum.t3, slot[at].t3, c->arrived);
		c->arrived = slot[at].arrived;
	}
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ns_of(&ts) / 1000000;
}

/* Until all have answered, or for a while; a stamp that is not lost is sooner. */
static void collect(uint32_t first, size_t n, uint32_t first_stamp)
{
	size_t sent = stamps - first_stamp;
	int64_t end = now_ms() + WAIT, stamp;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t replies = 0;
	uint8_t data[2048];
	uint32_t id = 0;
	ssize_t len;

	do {
		poll(&p, 1, 5);
		while ((len = receive(0, data, sizeof(data), &stamp, &id)) > 0)
			replies += take_reply(data, (size_t)len, stamp, first,
					      n);
		while (receive(MSG_ERRQUEUE, data, sizeof(data), &stamp, &id) >= 0)
			if (stamp && id - first_stamp < sent)
				slot[id - first_stamp].sent = stamp;
	} while (replies < sent && now_ms() < end);
}

static void ask(uint32_t first, size_t n)
{
	uint32_t first_stamp = stamps;
	uint8_t frame[FRAME_MAX];
	size_t at, len;

	for (at = 0; at < n; at++) {
		memset(&slot[at], 0, sizeof(slot[at]));
		slot[at].client = &clients[first + at];
		slot[at].mine = any64();
		slot[at].transmit = any64();
		len = build(frame, first + (uint32_t)at, at);
		sum.asked++;
		stamps++;
		if (send(fd, frame, len, 0) != (ssize_t)len) {
			/* A device that is down takes none. */
			if (errno != ENETDOWN && errno != ENXIO)
				die("send");
			stamps--;
		}
	}
	collect(first, n, first_stamp);
	judge(n);
}

static void listen_on(const char *device)
{
	/* Replies to this part's clients. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 2, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 14 + 16),
		BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 14 + 36),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffffff),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, parts),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, part, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };
	int flags = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE |
		    SOF_TIMESTAMPING_RAW_HARDWARE | SOF_TIMESTAMPING_OPT_TSONLY |
		    SOF_TIMESTAMPING_OPT_ID;
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(device),
	};
	int on = 1, room = 16 << 20;

	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		die(device);
}

static void print(void)
{
	printf("{\"asked\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"basic\": %" PRIu64 ", \"interleaved\": %" PRIu64
	       ", \"wrong\": %" PRIu64 ", \"t2\": %" PRIu64 ", \"t3\": %" PRIu64
	       ", \"t2_old\": %" PRIu64 ", \"t2_max\": %" PRId64 ", \"t3_max\": %" PRId64 "}\n",
	       sum.asked, sum.mode[WAITS], sum.mode[BASIC],
	       sum.mode[INTERLEAVED], sum.mode[WRONG], sum.t2, sum.t3,
	       sum.t2_old, sum.t2_max, sum.t3_max);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct ether_addr *a;
	uint32_t first;
	char line[16];

	if (argc != 8 || !(a = ether_aton(argv[2])))
		return 2;
	memcpy(from, a, 6);
	a = ether_aton(argv[3]);
	if (!a)
		return 2;
	memcpy(to, a, 6);
	count = (uint32_t)atoi(argv[4]);
	part = (uint32_t)atoi(argv[5]);
	parts = (uint32_t)atoi(argv[6]);
	rng = strtoull(argv[7], NULL, 0) | 1;
	clients = calloc(count, sizeof(*clients));
	if (!clients || !parts || part >= parts)
		die("clients");
	listen_on(argv[1]);
	while (fgets(line, sizeof(line), stdin)) {
		memset(&sum, 0, sizeof(sum));
		for (first = 0; first < count; first += BATCH)
			ask(first, count - first < BATCH ? count - first : BATCH);
		print();
	}
	return 0;
}
