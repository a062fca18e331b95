/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The bench: a network device that injects NTP requests and takes the replies,
 * counting the instructions between (the guest's time stamp counter, which
 * under QEMU's -icount shift=0 advances by one each instruction).
 */
#ifndef _KNTP_BENCH_H
#define _KNTP_BENCH_H

#include <linux/in6.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/udp.h>

/* As many as a driver receives in one poll before it lets others go on. */
#define BENCH_BATCH	64
/* Frames that one batch may send; more than that is a fault. */
#define BENCH_TAKEN	(2 * BENCH_BATCH)

/* The key that requests may be made with, and octets of what is behind them. */
#define BENCH_KEY	1
#define BENCH_MAC_LEN	20

/* The header of an NTP packet, RFC 5905 section 7.3. */
struct bench_ntp {
	u8 li_vn_mode;
	u8 stratum;
	s8 poll;
	s8 precision;
	__be32 root_delay;
	__be32 root_dispersion;
	__be32 refid;
	__be64 reference;
	__be64 origin;
	__be64 receive;
	__be64 transmit;
} __packed;

/**
 * enum bench_kind - what happens to the frames, and so what is measured
 * @BENCH_ANSWER: all are answered before injecting returns
 * @BENCH_PROCESS: all are answered by a process
 * @BENCH_SILENT: none is answered, the server takes them
 * @BENCH_REFUSE: the device's receive handler drops what comes so far; with
 *	nothing listening this is the cost of injecting alone
 * @BENCH_NETDEV: a netdev ingress hook drops them
 * @BENCH_LOCAL_IN: a LOCAL_IN hook drops them, right behind kntp's
 * @BENCH_SEND: frames are sent through dev_queue_xmit(), none is received
 */
enum bench_kind {
	BENCH_ANSWER,
	BENCH_PROCESS,
	BENCH_SILENT,
	BENCH_REFUSE,
	BENCH_NETDEV,
	BENCH_LOCAL_IN,
	BENCH_SEND,
	BENCH_KINDS,
};

/**
 * struct bench_order - what to measure
 * @kind: enum bench_kind
 * @family: AF_INET or AF_INET6
 * @count: how many frames
 * @sources: how many of the addresses to draw from; when there are not so many,
 *	and it is IPv4, those from BENCH_FIRST4 on
 * @verified: the device has verified the checksum (CHECKSUM_UNNECESSARY)
 * @port: UDP destination port
 * @mode: NTP mode
 * @seed: of the random numbers
 * @keyed: requests and replies have a MAC
 * @in_turn: sources ask one after the other, not at random
 */
struct bench_order {
	enum bench_kind kind;
	int family;
	u32 count;
	u32 sources;
	bool verified;
	u16 port;
	u8 mode;
	u32 seed;
	bool keyed;
	bool in_turn;
};

/**
 * struct bench_request - what a reply is compared with
 * @client: who asks; IPv4 in s6_addr32[0]
 * @port: from where
 * @transmit: the request's transmit stamp
 */
struct bench_request {
	struct in6_addr client;
	__be16 port;
	__be64 transmit;
};

/**
 * struct bench_result - what was measured
 * @instructions: from injecting to the last reply's transmission
 * @free: for freeing the replies, as a driver does once they are sent
 * @replies: frames that are replies to the requests, in their order
 * @bad: frames sent from port 123 that are not
 * @stray: other frames
 * @lost: requests without a reply
 * @waits: BENCH_PROCESS: how often the processor was given up for a batch
 * @complaint: about the first bad one
 */
struct bench_result {
	u64 instructions;
	u64 free;
	u32 replies;
	u32 bad;
	u32 stray;
	u32 lost;
	u32 waits;
	const char *complaint;
};

extern struct net_device *bench_dev;
extern struct sk_buff *bench_taken[BENCH_TAKEN];
extern unsigned int bench_n_taken;
extern bool bench_taking;

int bench_device_init(void);
void bench_device_exit(void);

/* Octets of a UDP datagram. */
static inline unsigned int bench_udp_len(const struct bench_order *order)
{
	return sizeof(struct udphdr) + sizeof(struct bench_ntp) +
	       (order->keyed ? BENCH_MAC_LEN : 0);
}

int bench_mac_init(void);
void bench_mac_exit(void);
void bench_mac(const struct bench_ntp *ntp, u8 *mac);

/* The TSC, in its order. */
static inline u64 bench_time(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc" : "=a" (low), "=d" (high) :: "memory");
	return (u64)high << 32 | low;
}

struct sk_buff *bench_frame(const struct bench_order *order, u64 random,
			    u32 number, struct bench_request *request);
void bench_frame_received(struct sk_buff *skb, const struct bench_order *order);
const char *bench_verify(struct sk_buff *skb, const struct bench_order *order,
			 const struct bench_request *request);

int bench_place(enum bench_kind kind, int family);
void bench_displace(enum bench_kind kind, int family);

int bench_run(const struct bench_order *order, struct bench_result *result);

/* Addresses of the guest, and of the gateway that all replies go by. */
extern const u8 bench_server_mac[ETH_ALEN];
extern const u8 bench_gateway_mac[ETH_ALEN];
extern const struct in6_addr bench_server6;
#define BENCH_FIRST4	0x10000000	/* 16.0.0.0, host order */
#define BENCH_SERVER4	htonl(0xc6336401)	/* 198.51.100.1 */

/* The clients; 16 bytes each, IPv4 in the first four. */
extern const struct in6_addr *bench_sources;
extern u32 bench_n_sources;

#endif /* _KNTP_BENCH_H */
