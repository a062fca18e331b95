/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_TX_H
#define _KNTP_TX_H

#include <linux/ktime.h>
#include <linux/skbuff.h>
#include "kntp.h"

/* A reply's UDP datagram. */
#define KNTP_REPLY_LEN	(sizeof(struct udphdr) + NTP_HEADER_LEN)

/**
 * kntp_tx_writable() - make a packet one's own to write to
 * @skb: the packet; its headers may move
 *
 * Whoever captures packets holds a clone. Softirq. Return: false where memory
 * is short.
 */
static inline bool kntp_tx_writable(struct sk_buff *skb)
{
	return likely(!skb_cloned(skb)) || !skb_ensure_writable(skb, skb->len);
}

void kntp_tx_scrub(struct sk_buff *skb);
void kntp_tx_turn4(struct kntp_net *kn, struct sk_buff *skb, ktime_t received);
void kntp_tx_turn6(struct kntp_net *kn, struct sk_buff *skb, ktime_t received);
void kntp_tx_done(struct kntp_net *kn, enum kntp_hook hook, int err);

#endif /* _KNTP_TX_H */
