/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When a reply was sent: the transmit stamps of devices and drivers. They come
 * to the error queue of the socket that the reply belongs to, so there is one
 * that does nothing else.
 */
#ifndef _KNTP_STAMP_H
#define _KNTP_STAMP_H

#include <linux/atomic.h>
#include <linux/skbuff.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <net/sock.h>
#include "hwstamp.h"

struct kntp_net;

/*
 * Stamps that may be awaited at one time: a later one takes the place of one
 * that is lost.
 */
#define KNTP_STAMP_RING		16384

/**
 * struct kntp_stamps - the transmit stamps of a network namespace
 * @kn: that
 * @sock: whose error queue they come to
 * @wait: on that
 * @next: key of the next one
 * @tx_flags: for skb_shared_info, to ask for a stamp
 * @hw_flags: likewise, for the device's own
 * @ring: by key: the client, an index into the table, and above that the device
 *	whose own stamp was asked for, or 0
 */
struct kntp_stamps {
	struct kntp_net *kn;
	struct socket *sock;
	wait_queue_entry_t wait;
	atomic_t next;
	u8 tx_flags;
	u8 hw_flags;
	u64 ring[KNTP_STAMP_RING];
};

/**
 * kntp_stamp_awaited() - a transmit time that is not known yet
 * @key: of the stamp
 *
 * Return: what stands in its place; negative, so no time.
 */
static inline s64 kntp_stamp_awaited(u32 key)
{
	return S64_MIN | (s64)key;
}

/**
 * kntp_stamp_by() - note who stamped a transmit time
 * @time: ns since 1970
 * @device: it was the device, not its driver
 *
 * Return: the same, with that in the last bit.
 */
static inline s64 kntp_stamp_by(s64 time, bool device)
{
	return (time & ~1LL) | device;
}

/**
 * kntp_stamp_by_device() - who stamped it
 * @time: from kntp_stamp_by()
 */
static inline bool kntp_stamp_by_device(s64 time)
{
	return time & 1;
}

/**
 * kntp_stamp_code() - Encode the error of a hardware clock in one octet
 * @error: ns
 *
 * Return: the error's logarithm, base 2, rounded up; see kntp_stamp_error_of().
 */
static inline u8 kntp_stamp_code(u64 error)
{
	return error ? fls64(error - 1) : 0;
}

/**
 * kntp_stamp_error_of() - Decode kntp_stamp_code()
 * @code: up to the one of KNTP_RAW_ERROR_MAX
 *
 * Return: ns, not less than the error, and less than twice as much.
 */
static inline u64 kntp_stamp_error_of(u8 code)
{
	return 1ULL << code;
}

/**
 * kntp_stamp_request() - have a reply's transmit time told
 * @stamps: the namespace's
 * @skb: the reply, which belongs to nobody
 * @client: whose it is, an index into the client table
 * @dev: by which it is sent
 * @error: result: kntp_stamp_code() of the device's clock; unchanged otherwise
 *
 * The device's own where kntp_phc_may_stamp(): one that could not be told would
 * come in the place of the driver's. Softirq, RCU read side.
 *
 * Return: kntp_stamp_awaited(), to be put in the client's place for the time
 * before the packet is handed on.
 */
static inline s64 kntp_stamp_request(struct kntp_stamps *stamps,
				     struct sk_buff *skb, u32 client,
				     struct net_device *dev, u8 *error)
{
	const struct kntp_phc *phc = kntp_phc_may_stamp(stamps->kn, dev);
	u32 key = atomic_inc_return(&stamps->next);
	u64 by = 0;

	if (phc) {
		by = phc->ifindex;
		*error = kntp_stamp_code(phc->error);
	}
	WRITE_ONCE(stamps->ring[key % KNTP_STAMP_RING],
		   by << 32 | client);
	skb_shinfo(skb)->tx_flags = by ? stamps->hw_flags : stamps->tx_flags;
	skb_shinfo(skb)->tskey = key;
	skb_set_owner_w(skb, stamps->sock->sk);
	return kntp_stamp_awaited(key);
}

int kntp_stamp_start(struct kntp_net *kn);
void kntp_stamp_exit(struct kntp_net *kn);

#endif /* _KNTP_STAMP_H */
