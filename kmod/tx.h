/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_TX_H
#define _KNTP_TX_H

#include <linux/ip.h>
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/ip.h>
#include "client.h"
#include "clock.h"
#include "compat/compat.h"
#include "core/wire.h"
#include "kntp.h"
#include "sum.h"

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

void kntp_tx_turn6(struct kntp_net *kn, const struct kntp_asker *who,
		   struct sk_buff *skb, ktime_t received, enum kntp_hook hook);

/**
 * kntp_tx_scrub() - take off a buffer what it had from being received
 * @skb: the packet, not cloned; its route and connection are dropped
 *
 * Softirq.
 */
static __always_inline void kntp_tx_scrub(struct sk_buff *skb)
{
	struct skb_shared_info *shared = skb_shinfo(skb);

	skb_scrub_packet(skb, true);
	/* What forwarding would keep: delivery time, sender's stamp requests. */
	kntp_skb_clear_tstamp(skb);
	skb_orphan(skb);
	shared->tx_flags = 0;
	shared->hwtstamps.hwtstamp = 0;
	skb->encapsulation = 0;
	skb->priority = 0;
	skb->ip_summed = CHECKSUM_NONE;
}

static __always_inline u64 sum_header(const struct ntp_header *ntp)
{
	const struct kntp_octets *octets = (const void *)ntp;
	u64 sum = octets[0].word;

	static_assert(NTP_HEADER_LEN == 6 * sizeof(*octets));
	sum = kntp_sum_add(sum, octets[1].word);
	sum = kntp_sum_add(sum, octets[2].word);
	sum = kntp_sum_add(sum, octets[3].word);
	sum = kntp_sum_add(sum, octets[4].word);
	return kntp_sum_add(sum, octets[5].word);
}

/**
 * kntp_tx_took() - count how long a reply took
 * @kn: the network namespace
 * @ntp: the reply
 * @hook: where its request was seen
 *
 * Where arrival was not seen the two times are one but for their last bits; in
 * interleaved mode they are not of one reply. Softirq.
 */
static inline void kntp_tx_took(struct kntp_net *kn,
				const struct ntp_header *ntp,
				enum kntp_hook hook)
{
	u64 took = be64_to_cpu(ntp->transmit) - be64_to_cpu(ntp->receive);

	/* log2 of the bucket's end in units of 2^-32 s is 7 more than its number */
	if (likely(took - 2 < (1ULL << 32) - 2))
		kntp_count(&kn->stats, hook, KNTP_STAT_MAX +
			   max(fls64(took), 8) - 7);
}

u32 kntp_tx_tell(const struct kntp_asker *who, struct sk_buff *skb,
		 struct ntp_header *ntp, ktime_t received, enum kntp_hook hook);

/**
 * kntp_tx_turn4() - turn an IPv4 request into its reply
 * @kn: the network namespace
 * @who: whose it is, of kntp_rx_admit(); NULL where neither limits nor keys are
 * @skb: the request, linear and writable, without IP options
 * @received: when it arrived, as kntp_clock_reply() takes it
 * @hook: where it was seen; for a routed reply the IP layer sees to the IP
 *	header's checksum
 *
 * The transmit time is read here: behind it come checksum and device alone.
 * Softirq, RCU read side.
 */
static __always_inline void kntp_tx_turn4(struct kntp_net *kn,
					  const struct kntp_asker *who,
					  struct sk_buff *skb, ktime_t received,
					  enum kntp_hook hook)
{
	struct kntp_clients *clients = rcu_dereference(kn->clients.table);
	struct iphdr *iph = (struct iphdr *)skb->data;
	struct udphdr *udp = (struct udphdr *)(iph + 1);
	struct ntp_header *ntp = (struct ntp_header *)(udp + 1);
	u8 ttl = READ_ONCE(kn->net->ipv4.sysctl_ip_default_ttl);
	__be32 saddr = iph->daddr, daddr = iph->saddr;
	unsigned int len = KNTP_REPLY_LEN + (who ? who->mac_len : 0);
	__be16 dport = udp->source;
	u64 sum = (u64)(__force u32)saddr + (__force u32)daddr;

	if (unlikely(skb->len != sizeof(*iph) + len))
		skb_trim(skb, sizeof(*iph) + len);
	((struct kntp_octets *)iph)->word = (__force u64)
		cpu_to_be64(0x4500000000000000ULL | IP_DF |
			    (u64)(sizeof(*iph) + len) << 32);
	iph->ttl = ttl;
	if (hook == KNTP_HOOK_INGRESS)
		iph->check = kntp_sum_fold(sum +
			(__force u16)htons(0x4500) + (__force u16)htons(IP_DF) +
			(__force u16)htons(sizeof(*iph) + len) +
			(__force u16)htons(ttl << 8 | IPPROTO_UDP));
	iph->saddr = saddr;
	iph->daddr = daddr;
	udp->source = htons(NTP_PORT);
	udp->dest = dport;
	udp->len = htons(len);

	if (who)
		sum += kntp_tx_tell(who, skb, ntp, received, hook);
	else if (likely(clients))
		kntp_client_reply(clients, 0, kntp_acl_mapped(daddr), skb,
				  received, hook);
	else
		kntp_clock_reply(ntp, received);
	if (received)
		kntp_tx_took(kn, ntp, hook);
	/* The length counts twice, in the pseudo header and in its own. */
	sum += (__force u16)dport + (__force u16)htons(NTP_PORT) +
	       (__force u16)htons(IPPROTO_UDP) +
	       (__force u16)htons(2 * len);
	udp->check = kntp_sum_fold(kntp_sum_add(sum_header(ntp), sum)) ?:
		     CSUM_MANGLED_0;
}

/**
 * kntp_tx_stat() - what a request is counted as when its reply is sent
 * @who: who asked, of kntp_rx_admit(), or NULL
 */
static inline enum kntp_stat kntp_tx_stat(const struct kntp_asker *who)
{
	return who && who->stat ? who->stat : KNTP_STAT_ANSWERED;
}

/**
 * kntp_tx_done() - count a reply that was handed on
 * @kn: the network namespace
 * @who: who asked, of kntp_rx_admit(), or NULL
 * @hook: where that was seen
 * @err: what the output said: negative, or NET_XMIT_*
 *
 * Softirq. The packet is gone.
 */
static inline void kntp_tx_done(struct kntp_net *kn,
				const struct kntp_asker *who,
				enum kntp_hook hook, int err)
{
	bool failed = net_xmit_eval(err);

	if (who && who->stat) {
		kntp_count(&kn->stats, hook, who->stat);
		if (!failed)
			kntp_count(&kn->stats, hook, KNTP_STAT_OF_KISS);
		return;
	}
	if (who && who->key)
		kntp_count(&kn->stats, hook, KNTP_STAT_OF_KEYED);
	kntp_count(&kn->stats, hook, unlikely(failed) ?
		   KNTP_STAT_DROP_TRANSMIT : KNTP_STAT_ANSWERED);
}

#endif /* _KNTP_TX_H */
