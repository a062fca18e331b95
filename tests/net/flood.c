// SPDX-License-Identifier: GPL-2.0
/*
 * flood DEVICE COUNT SEED plain|spoof[N]|mutate: send frames as fast as it goes.
 *
 * Standard input has the frames, each after its length in two octets, host
 * order. They are sent in turn: as they are; from a source of their own each, or
 * one of N (and the checksums to match); or changed at random, half of them with
 * checksums that are right again, so that what is behind the checksum is
 * reached too. COUNT 0 goes on until it is killed. Prints how many were sent.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "chance.h"

#define FRAMES		256
#define FRAME_MAX	2048
#define BATCH		64

struct frame {
	size_t len;
	uint8_t data[FRAME_MAX];
};

static struct frame corpus[FRAMES];
static size_t corpus_len;

static void read_corpus(void)
{
	uint16_t len;

	while (corpus_len < FRAMES && fread(&len, sizeof(len), 1, stdin) == 1) {
		struct frame *f = &corpus[corpus_len++];

		if (len > FRAME_MAX || fread(f->data, 1, len, stdin) != len)
			die("corpus");
		f->len = len;
	}
	if (!corpus_len)
		die("no corpus");
}

static uint32_t sum(const uint8_t *p, size_t len, uint32_t total)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		total += p[i] << 8 | p[i + 1];
	if (len & 1)
		total += p[len - 1] << 8;
	return total;
}

static void put_sum(uint8_t *at, uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	total = ~total & 0xffff;
	at[0] = total >> 8;
	at[1] = total;
}

static void fix_udp(uint8_t *udp, size_t room, const uint8_t *addrs,
		    size_t addrs_len)
{
	size_t len;

	if (room < 8)
		return;
	len = udp[4] << 8 | udp[5];
	if (len < 8 || len > room)
		return;
	udp[6] = udp[7] = 0;
	put_sum(udp + 6, sum(udp, len, sum(addrs, addrs_len, 17 + len)));
	if (!udp[6] && !udp[7])
		udp[6] = udp[7] = 0xff;
}

/* The IP header of a frame, or NULL; *room: how much there is of it. */
static uint8_t *find_ip(struct frame *f, size_t *room)
{
	size_t at = 12;

	while (at + 2 <= f->len && f->data[at] == 0x81 && !f->data[at + 1])
		at += 4;
	at += 2;
	if (at + 20 > f->len)
		return NULL;
	*room = f->len - at;
	return f->data + at;
}

static void fix_sums(struct frame *f)
{
	uint8_t *ip;
	size_t room, head;

	ip = find_ip(f, &room);
	if (!ip)
		return;
	if (ip[0] >> 4 == 4) {
		head = (ip[0] & 15) * 4;
		if (head < 20 || head > room)
			return;
		ip[10] = ip[11] = 0;
		put_sum(ip + 10, sum(ip, head, 0));
		if (ip[9] == 17)
			fix_udp(ip + head, room - head, ip + 12, 8);
	} else if (room >= 40 && ip[6] == 17) {
		fix_udp(ip + 40, room - 40, ip + 8, 32);
	}
}

static void spoof(struct frame *f, uint64_t n)
{
	size_t room;
	uint8_t *ip = find_ip(f, &room);

	if (!ip)
		return;
	if (ip[0] >> 4 == 4) {
		ip[12] = 10;
		ip[13] = n >> 16;
		ip[14] = n >> 8;
		ip[15] = n;
	} else {
		ip[20] = n >> 24;
		ip[21] = n >> 16;
		ip[22] = n >> 8;
		ip[23] = n;
	}
	fix_sums(f);
}

static void move(struct frame *f)
{
	size_t at = any(f->len), by = 1 + any(7);

	if (any(2) && f->len + by <= FRAME_MAX) {
		memmove(f->data + at + by, f->data + at, f->len - at);
		f->len += by;
	} else if (at + by < f->len) {
		memmove(f->data + at, f->data + at + by, f->len - at - by);
		f->len -= by;
	}
}

static void lengthen(struct frame *f)
{
	size_t by = any(2) ? any(64) : any(1400);

	if (f->len + by > 1514)
		return;
	while (by--)
		f->data[f->len++] = any(256);
}

/* Where lengths, flags and next headers are, for the most part. */
static void lie(struct frame *f)
{
	static const uint8_t at[] = { 12, 13, 14, 16, 17, 18, 19, 20, 21, 23, 38,
				      39, 42, 58, 59, 90, 92, 93, 110 };
	size_t i = at[any(sizeof(at))];

	if (i < f->len)
		f->data[i] = any(3) ? any(256) : any(2) * 255;
}

static void mutate(struct frame *f)
{
	uint32_t times = 1 + any(4);

	while (times--) {
		switch (any(6)) {
		case 0:
			f->data[any(f->len)] ^= 1 << any(8);
			break;
		case 1:
			f->data[any(f->len)] = any(256);
			break;
		case 2:
			f->len = 14 + any(f->len - 13);
			break;
		case 3:
			move(f);
			break;
		case 4:
			lengthen(f);
			break;
		case 5:
			lie(f);
		}
		if (f->len < 14)
			f->len = 14;
	}
	if (any(2))
		fix_sums(f);
}

static int open_device(const char *device)
{
	struct sockaddr_ll ll = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 || !ll.sll_ifindex ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll)))
		die(device);
	return fd;
}

/* Those that cannot be sent, such as too long ones, are passed over. */
static unsigned long send_batch(int fd, struct mmsghdr *msgs, unsigned int n)
{
	unsigned long sent = 0;
	unsigned int at = 0;
	int done;

	while (at < n) {
		done = sendmmsg(fd, msgs + at, n - at, 0);
		if (done > 0) {
			at += done;
			sent += done;
		} else if (errno == ENETDOWN || errno == ENXIO ||
			   errno == ENODEV) {
			die("send");
		} else if (errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
			at++;
		}
	}
	return sent;
}

int main(int argc, char **argv)
{
	static struct frame batch[BATCH];
	struct mmsghdr msgs[BATCH] = {};
	struct iovec iov[BATCH];
	unsigned long count, sources, n, sent = 0;
	bool forever;
	unsigned int i;
	int fd;

	if (argc != 5)
		return 2;
	fd = open_device(argv[1]);
	count = strtoul(argv[2], NULL, 0);
	forever = !count;
	sources = strtoul(argv[4] + strcspn(argv[4], "123456789"), NULL, 10);
	rng = strtoull(argv[3], NULL, 0) * 2 + 1;
	read_corpus();
	for (n = 0; forever || n < count; n += i) {
		for (i = 0; i < BATCH && (forever || n + i < count); i++) {
			struct frame *f = &batch[i];

			*f = corpus[(n + i) % corpus_len];
			if (argv[4][0] == 's')
				spoof(f, sources ? (n + i) % sources : n + i);
			else if (argv[4][0] == 'm')
				mutate(f);
			iov[i].iov_base = f->data;
			iov[i].iov_len = f->len;
			msgs[i].msg_hdr.msg_iov = &iov[i];
			msgs[i].msg_hdr.msg_iovlen = 1;
		}
		sent += send_batch(fd, msgs, i);
	}
	printf("%lu\n", sent);
	return 0;
}
