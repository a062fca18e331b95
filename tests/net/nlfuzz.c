// SPDX-License-Identifier: GPL-2.0
/*
 * nlfuzz COUNT SEED [nobody]: send COUNT messages to the family kntp, from
 * almost right to random, as root or as nobody. Prints how many were refused
 * and how many were not; fails when the family stops answering.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/genetlink.h>
#include <linux/kntp.h>
#include <linux/netlink.h>
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

#define MESSAGE_MAX	4096
#define FAMILY_ATTR_ID	1
#define FAMILY_ATTR_NAME	2
#define FAMILY_GET	3

struct message {
	struct nlmsghdr nlh;
	struct genlmsghdr genl;
	uint8_t attrs[MESSAGE_MAX];
};

static struct message msg;
static size_t attrs_len;
static unsigned long refused, taken, bad_errno;

static void *put(uint16_t type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(msg.attrs + attrs_len);
	size_t room = NLA_ALIGN(NLA_HDRLEN + len);

	if (attrs_len + room > MESSAGE_MAX - 64)
		return NULL;
	memset(attr, 0, room);
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy((uint8_t *)attr + NLA_HDRLEN, data, len);
	attrs_len += room;
	return attr;
}

/* Of about the right size, and often in range. */
static void put_any(uint16_t type)
{
	static const uint8_t sizes[] = { 0, 1, 2, 4, 4, 8, 8, 16, 17, 64 };
	uint8_t data[64];
	size_t i, len = sizes[any(sizeof(sizes))];

	for (i = 0; i < len; i++)
		data[i] = any(256);
	if (any(2) && len)
		memset(data + 1, 0, len - 1);
	if (!any(4))
		memset(data, any(2) * 255, len);
	put(type, data, len);
}

static void put_entry(void)
{
	static const uint8_t nothing;
	size_t start = attrs_len, addr_len = any(2) ? 4 : 16;
	struct nlattr *nest = put(KNTP_A_ACL_ENTRY | (any(8) ? NLA_F_NESTED : 0),
				  &nothing, 0);
	uint8_t addr[16] = {}, len = any(8) ? any(addr_len * 8 + 1) : any(256);
	uint8_t verdict = any(8) ? 1 + any(3) : any(256);
	unsigned int i;

	if (!nest)
		return;
	for (i = 0; i < len / 8u && i < addr_len; i++)
		addr[i] = any(4);
	if (any(10))
		put(KNTP_A_ACL_ENTRY_ADDR, addr, any(20) ? addr_len : any(17));
	if (any(10))
		put(KNTP_A_ACL_ENTRY_LEN, &len, 1);
	if (any(3))
		put(KNTP_A_ACL_ENTRY_VERDICT, &verdict, 1);
	if (!any(20))
		put_any(any(8));
	nest->nla_len = attrs_len - start;
}

static void put_u32(uint16_t type, uint32_t value)
{
	put(type, &value, sizeof(value));
}

/* Mostly right, so that maps are served as well as refused. */
static void put_map(void)
{
	struct timespec raw;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC_RAW, &raw);
	put_u32(KNTP_A_CLOCK_BASE, any(20) ? KNTP_BASE_MAP : any(4));
	ns = raw.tv_sec * 1000000000LL + raw.tv_nsec + any(20) - 18;
	put(KNTP_A_CLOCK_MAP_RAW, &ns, sizeof(ns));
	ns = (int64_t)any(1U << 31) * 2000000000;
	put(KNTP_A_CLOCK_MAP_UTC, &ns, sizeof(ns));
	ns = KNTP_MAP_RATE_MAX / 1000 * ((int64_t)any(2020) - 1010);
	if (any(20))
		put(KNTP_A_CLOCK_MAP_RATE, &ns, sizeof(ns));
}

static void put_clock(void)
{
	uint64_t ns = (uint64_t)any(20000) * 1000000;
	uint8_t stratum = any(18), leap = any(5);

	put(KNTP_A_CLOCK_STRATUM, &stratum, 1);
	if (!any(3))
		put_map();
	if (any(2))
		put(KNTP_A_CLOCK_LEAP, &leap, 1);
	if (any(2))
		put_u32(KNTP_A_CLOCK_REFID, any(~0U));
	if (any(2))
		put(KNTP_A_CLOCK_ROOT_DELAY, &ns, sizeof(ns));
	if (any(2))
		put(KNTP_A_CLOCK_ROOT_DISPERSION, &ns, sizeof(ns));
	if (any(2))
		put_u32(KNTP_A_CLOCK_GROWTH, any(120000000));
	if (any(2))
		put(KNTP_A_CLOCK_LEASE, &ns, sizeof(ns));
	if (any(2))
		put_u32(KNTP_A_CLOCK_STEPS, any(3));
}

static void put_right(uint8_t cmd)
{
	unsigned int n;

	switch (cmd) {
	case KNTP_CMD_LISTEN_ADD:
	case KNTP_CMD_LISTEN_DEL:
		put_u32(KNTP_A_LISTEN_HOOK, any(4));
		if (any(2))
			put_u32(KNTP_A_LISTEN_IFINDEX, any(5));
		break;
	case KNTP_CMD_ACL_GET:
	case KNTP_CMD_ACL_ADD:
	case KNTP_CMD_ACL_DEL:
		for (n = any(6); n; n--)
			put_entry();
		break;
	case KNTP_CMD_CLOCK_SET:
		put_clock();
		break;
	}
}

static void mutate(size_t len)
{
	uint8_t *data = (uint8_t *)&msg;
	unsigned int times = 1 + any(4);

	while (times--)
		data[NLMSG_HDRLEN + any(len - NLMSG_HDRLEN)] = any(256);
}

static size_t build(uint16_t family)
{
	uint8_t cmd = any(16) ? 1 + any(KNTP_CMD_MAX) : any(256);
	unsigned int n;
	size_t len;

	memset(&msg, 0, 256);
	attrs_len = 0;
	msg.genl.cmd = cmd;
	msg.genl.version = any(20) ? 1 : any(256);
	msg.genl.reserved = any(50) ? 0 : any(65536);
	if (any(4))
		put_right(cmd);
	for (n = any(3) ? 0 : any(6); n; n--)
		put_any(any(24));
	len = NLMSG_HDRLEN + GENL_HDRLEN + attrs_len;
	msg.nlh.nlmsg_type = family;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK |
			      (any(4) ? 0 : NLM_F_DUMP) |
			      (any(20) ? 0 : any(65536));
	if (!any(3))
		mutate(len);
	if (!any(20))
		len = NLMSG_HDRLEN + any(len - NLMSG_HDRLEN + 1);
	msg.nlh.nlmsg_len = len;
	return len;
}

/* What is there, or nothing when it does not come. Returns whether all came. */
static bool drain(int fd, uint32_t seq, int wait)
{
	static uint8_t buffer[1 << 16];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct nlmsghdr *nlh;
	ssize_t len;
	int error;

	while (poll(&p, 1, wait) > 0) {
		len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (len < 0 && (errno == ENOBUFS || errno == EAGAIN))
			continue;
		if (len < 0)
			die("recv");
		for (nlh = (void *)buffer; NLMSG_OK(nlh, len);
		     nlh = NLMSG_NEXT(nlh, len)) {
			if (nlh->nlmsg_seq != seq ||
			    (nlh->nlmsg_type != NLMSG_ERROR &&
			     nlh->nlmsg_type != NLMSG_DONE))
				continue;
			memcpy(&error, NLMSG_DATA(nlh), sizeof(error));
			if (error)
				refused++;
			else
				taken++;
			if (error < -4095 || error > 0)
				bad_errno++;
			return true;
		}
	}
	return false;
}

static void check_dump(int fd, uint16_t family, uint8_t cmd, uint32_t seq)
{
	struct {
		struct nlmsghdr nlh;
		struct genlmsghdr genl;
	} get = {
		.nlh = {
			.nlmsg_len = sizeof(get),
			.nlmsg_type = family,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
			.nlmsg_seq = seq,
		},
		.genl = { .cmd = cmd, .version = 1 },
	};

	if (send(fd, &get, sizeof(get), 0) < 0 || !drain(fd, seq, 60000))
		die("the family does not answer any more");
}

static uint16_t resolve(int fd)
{
	uint8_t buffer[8192];
	struct nlattr *attr;
	ssize_t len;
	size_t at;

	msg.nlh.nlmsg_type = GENL_ID_CTRL;
	msg.nlh.nlmsg_flags = NLM_F_REQUEST;
	msg.genl.cmd = FAMILY_GET;
	msg.genl.version = 1;
	put(FAMILY_ATTR_NAME, KNTP_GENL_NAME, sizeof(KNTP_GENL_NAME));
	msg.nlh.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + attrs_len;
	if (send(fd, &msg, msg.nlh.nlmsg_len, 0) < 0)
		die("send");
	len = recv(fd, buffer, sizeof(buffer), 0);
	for (at = NLMSG_HDRLEN + GENL_HDRLEN; at + NLA_HDRLEN <= (size_t)len;
	     at += NLA_ALIGN(attr->nla_len)) {
		attr = (struct nlattr *)(buffer + at);
		if (attr->nla_type == FAMILY_ATTR_ID)
			return *(uint16_t *)(attr + 1);
		if (attr->nla_len < NLA_HDRLEN)
			break;
	}
	fprintf(stderr, "no family\n");
	exit(1);
}

static int open_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);

	if (fd < 0)
		die("socket");
	return fd;
}

int main(int argc, char **argv)
{
	unsigned long count, i;
	uint16_t family;
	uint32_t seq = 0;
	int fd;

	if (argc < 3)
		return 2;
	if (argc > 3 && (setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
			 setresuid(65534, 65534, 65534)))
		die("setresuid");
	count = strtoul(argv[1], NULL, 0);
	rng = strtoull(argv[2], NULL, 0) * 2 + 1;
	fd = open_socket();
	family = resolve(fd);
	for (i = 0; i < count; i++) {
		size_t len = build(family);

		msg.nlh.nlmsg_seq = ++seq;
		if (send(fd, &msg, len, 0) < 0 && errno != ENOBUFS)
			die("send");
		/* Without its flags, a message may have no answer. */
		drain(fd, seq, msg.nlh.nlmsg_flags & NLM_F_ACK ? 50 : 0);
		if (!any(500)) {
			close(fd);
			fd = open_socket();
		}
		if (i % 1000 == 999)
			check_dump(fd, family, KNTP_CMD_STATS_GET, ++seq);
	}
	printf("%lu refused, %lu taken, %lu with a strange errno\n", refused,
	       taken, bad_errno);
	return bad_errno ? 1 : 0;
}
