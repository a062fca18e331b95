// SPDX-License-Identifier: GPL-2.0
#include "ntp_stamp.h"
#include "clk.h"
#include "hwts.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

/* Older or later than this it was taken before the clock was stepped. */
#define STAMP_AGE_MAX	NS_PER_S
#define STAMP_AHEAD_MAX	(NS_PER_S / 1000)

/* What a packet came with. IFINDEX and OCTETS: 0 where that was not said. */
struct told {
	struct timespec kernel, device;
	unsigned int ifindex, octets;
	/* Of the route; the device's own number is better. */
	unsigned int routed;
};

/**
 * ntp_stamp_now() - this daemon's own stamp
 */
struct ntp_when ntp_stamp_now(void)
{
	return (struct ntp_when){ clk_raw(), NTP_STAMP_DAEMON };
}

/* Who is to say when a packet leaves. */
static int senders(void)
{
	return SOF_TIMESTAMPING_TX_SOFTWARE |
	       (hwts_any() ? SOF_TIMESTAMPING_TX_HARDWARE : 0);
}

/**
 * ntp_stamp_ask() - have the kernel say when packets of a socket arrive
 * @fd: the socket
 * @family: AF_INET or AF_INET6
 * @sent: and when they leave, too, in its error queue
 *
 * By devices as well while there are any that do it (hwts_any()). Where the
 * kernel does not, they have ntp_stamp_now().
 */
void ntp_stamp_ask(int fd, sa_family_t family, bool sent)
{
	int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
	int on = 1;

	if (sent)
		flags |= senders();
	if (hwts_any()) {
		flags |= SOF_TIMESTAMPING_RAW_HARDWARE |
			 SOF_TIMESTAMPING_RX_HARDWARE |
			 SOF_TIMESTAMPING_OPT_PKTINFO |
			 SOF_TIMESTAMPING_OPT_CMSG |
			 SOF_TIMESTAMPING_OPT_TX_SWHW;
		/* Says by which device it left. */
		if (family == AF_INET)
			setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
		else
			setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
				   sizeof(on));
	}
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)))
		setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on));
}

/**
 * ntp_stamp_request() - ask for the time that one packet leaves
 * @c: its control message, of a socket that has been through ntp_stamp_ask();
 *	filled in
 *
 * Return: the room it takes, CMSG_SPACE() of 32 bits.
 */
size_t ntp_stamp_request(struct cmsghdr *c)
{
	int flags = senders();

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SO_TIMESTAMPING;
	c->cmsg_len = CMSG_LEN(sizeof(flags));
	memcpy(CMSG_DATA(c), &flags, sizeof(flags));
	return CMSG_SPACE(sizeof(flags));
}

/**
 * ntp_stamp_holds() - whether a control message is of a kind, and whole
 * @c: it
 * @level: wanted
 * @type: likewise
 * @size: of what it is to hold
 */
bool ntp_stamp_holds(const struct cmsghdr *c, int level, int type, size_t size)
{
	return c->cmsg_level == level && c->cmsg_type == type &&
	       c->cmsg_len >= CMSG_LEN(size);
}

static void take(struct told *t, const struct cmsghdr *c)
{
	struct scm_ts_pktinfo device;
	struct scm_timestamping all;
	struct in6_pktinfo in6;
	struct in_pktinfo in;

	if (ntp_stamp_holds(c, SOL_SOCKET, SCM_TIMESTAMPING, sizeof(all))) {
		memcpy(&all, CMSG_DATA(c), sizeof(all));
		t->kernel = all.ts[0];
		t->device = all.ts[2];
	} else if (ntp_stamp_holds(c, SOL_SOCKET, SCM_TIMESTAMPNS,
				   sizeof(t->kernel))) {
		memcpy(&t->kernel, CMSG_DATA(c), sizeof(t->kernel));
	} else if (ntp_stamp_holds(c, SOL_SOCKET, SCM_TIMESTAMPING_PKTINFO,
				   sizeof(device))) {
		memcpy(&device, CMSG_DATA(c), sizeof(device));
		t->ifindex = device.if_index;
		t->octets = device.pkt_length;
	} else if (ntp_stamp_holds(c, IPPROTO_IP, IP_PKTINFO, sizeof(in))) {
		memcpy(&in, CMSG_DATA(c), sizeof(in));
		t->routed = (unsigned int)in.ipi_ifindex;
	} else if (ntp_stamp_holds(c, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(in6))) {
		memcpy(&in6, CMSG_DATA(c), sizeof(in6));
		t->routed = in6.ipi6_ifindex;
	}
}

static int64_t ns_of(const struct timespec *ts)
{
	return ts->tv_sec * NS_PER_S + ts->tv_nsec;
}

/* Whether it can be of a packet that is handled now. */
static bool is_recent(int64_t raw)
{
	int64_t age = clk_raw() - raw;

	return age > -STAMP_AHEAD_MAX && age < STAMP_AGE_MAX;
}

/**
 * ntp_stamp_of() - when a packet left or arrived
 * @msg: as recvmsg(2) has filled it in
 * @way: which of both
 *
 * Return: the best stamp that it came with and that can be true; without one,
 * now.
 */
struct ntp_when ntp_stamp_of(struct msghdr *msg, enum ntp_way way)
{
	struct told t = { .ifindex = 0 };
	struct ntp_when when;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		take(&t, c);
	when.kind = NTP_STAMP_HARDWARE;
	if (t.device.tv_sec &&
	    hwts_raw(t.ifindex ? t.ifindex : t.routed, ns_of(&t.device), way,
		     t.octets, &when.raw) && is_recent(when.raw))
		return when;
	when.kind = NTP_STAMP_KERNEL;
	when.raw = t.kernel.tv_sec ? clk_raw_of_real(ns_of(&t.kernel)) : 0;
	if (when.raw && is_recent(when.raw))
		return when;
	return ntp_stamp_now();
}
