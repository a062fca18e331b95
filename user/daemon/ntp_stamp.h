/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When packets left and arrived, by who can say it best: the device, the
 * kernel, or this daemon.
 */
#ifndef KNTPD_NTP_STAMP_H
#define KNTPD_NTP_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Where a time stamp was taken; what chronyc's ntpdata calls it. */
enum ntp_stamp {
	NTP_STAMP_DAEMON = 'D',
	NTP_STAMP_KERNEL = 'K',
	NTP_STAMP_HARDWARE = 'H',
};

/**
 * struct ntp_when - a stamp of a packet
 * @raw: CLOCK_MONOTONIC_RAW, ns
 * @kind: who took it
 */
struct ntp_when {
	int64_t raw;
	enum ntp_stamp kind;
};

/* Whether a packet was sent or received. */
enum ntp_way { NTP_SENT, NTP_RECEIVED };

/* Room for all that a packet comes with. */
enum { NTP_STAMP_CONTROL = 1024 };

struct ntp_when ntp_stamp_now(void);
void ntp_stamp_ask(int fd, sa_family_t family, bool sent);
/* Asks for the time a packet leaves, in its own control message; its size. */
size_t ntp_stamp_request(struct cmsghdr *c);
bool ntp_stamp_holds(const struct cmsghdr *c, int level, int type, size_t size);
struct ntp_when ntp_stamp_of(struct msghdr *msg, enum ntp_way way);

#endif
