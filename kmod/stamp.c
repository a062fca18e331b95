// SPDX-License-Identifier: GPL-2.0
#include "stamp.h"

#include <linux/errqueue.h>
#include <linux/in.h>
#include <linux/net_tstamp.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include "client.h"
#include "clock.h"
#include "kntp.h"

/*
 * Puts a time into the place that is kept for it, if it still is: the client
 * may have asked again since, or be another.
 */
static void told(struct kntp_stamps *stamps, u32 key, const struct sk_buff *skb)
{
	ktime_t by_device = skb_shinfo(skb)->hwtstamps.hwtstamp;
	u64 slot = READ_ONCE(stamps->ring[key % KNTP_STAMP_RING]);
	s64 awaited = kntp_stamp_awaited(key), sent;
	u32 index = slot;
	struct kntp_client *client;
	struct kntp_clients *table;
	u32 era;

	table = rcu_dereference(stamps->kn->clients.table);
	if (!table || index >= table->count * SLOTS)
		return;
	client = &table->clients[index];
	if (atomic64_read_acquire(&client->transmit) != awaited)
		return;
	sent = kntp_clock_served(by_device ?
				 kntp_phc_sent(stamps->kn, slot >> 32, by_device) :
				 skb->tstamp, &era);
	/* A stamp that came but is of no use is not one that was lost: 0. */
	atomic64_cmpxchg(&client->transmit, awaited,
			 sent > 0 && READ_ONCE(client->era) == era ?
			 kntp_stamp_by(sent, by_device) : 0);
}

/*
 * The wait queue's callback rather than the socket's own one: when it has been
 * removed it does not run any more. In whatever context the driver tells of the
 * stamp, interrupts off, the wait queue locked: sock_dequeue_err_skb() would wake
 * it once more for what another CPU has queued meanwhile.
 */
static int stamped(wait_queue_entry_t *wait, unsigned int mode, int sync,
		   void *key)
{
	struct kntp_stamps *stamps = container_of(wait, struct kntp_stamps, wait);
	const struct sock_exterr_skb *err;
	struct sk_buff *skb;

	if (key && !(key_to_poll(key) & EPOLLERR))
		return 0;
	rcu_read_lock();
	while ((skb = skb_dequeue(&stamps->sock->sk->sk_error_queue))) {
		err = SKB_EXT_ERR(skb);
		if (err->ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING &&
		    err->ee.ee_info == SCM_TSTAMP_SND)
			told(stamps, err->ee.ee_data, skb);
		/*
		 * Interrupts are off, so freeing waits for NET_TX. Charged to the
		 * socket until then, some 220 of them fill its receive buffer, and
		 * the kernel drops every further stamp.
		 */
		skb_orphan(skb);
		dev_kfree_skb_any(skb);
	}
	rcu_read_unlock();
	return 0;
}

/* The kernel keeps no data of the packet: its stamp alone, and its key. */
static int ask_for_stamps(struct socket *sock)
{
	int flags = SOF_TIMESTAMPING_OPT_TSONLY | SOF_TIMESTAMPING_OPT_ID |
		    SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE |
		    SOF_TIMESTAMPING_RAW_HARDWARE |
		    SOF_TIMESTAMPING_TX_HARDWARE;

	return sock_setsockopt(sock, SOL_SOCKET, SO_TIMESTAMPING_NEW,
			       KERNEL_SOCKPTR(&flags), sizeof(flags));
}

/**
 * kntp_stamp_start() - be told of transmit stamps
 * @kn: the network namespace
 *
 * Once; as kntp_stats_start(). Process context, rtnl held.
 * Return: 0 or a negative error.
 */
int kntp_stamp_start(struct kntp_net *kn)
{
	struct kntp_stamps *stamps;
	int err;

	ASSERT_RTNL();
	if (kn->stamps)
		return 0;
	stamps = kvzalloc(sizeof(*stamps), GFP_KERNEL_ACCOUNT);
	if (!stamps)
		return -ENOMEM;
	err = sock_create_kern(kn->net, AF_INET, SOCK_DGRAM, IPPROTO_UDP,
			       &stamps->sock);
	if (err)
		goto err_free;
	err = ask_for_stamps(stamps->sock);
	if (err)
		goto err_sock;
	/* Nobody waits until it can be written to. */
	sock_set_flag(stamps->sock->sk, SOCK_USE_WRITE_QUEUE);
	__sock_tx_timestamp(SOF_TIMESTAMPING_TX_SOFTWARE, &stamps->tx_flags);
	__sock_tx_timestamp(SOF_TIMESTAMPING_TX_SOFTWARE |
			    SOF_TIMESTAMPING_TX_HARDWARE, &stamps->hw_flags);
	stamps->kn = kn;
	init_waitqueue_func_entry(&stamps->wait, stamped);
	add_wait_queue(sk_sleep(stamps->sock->sk), &stamps->wait);
	kn->stamps = stamps;
	return 0;

err_sock:
	sock_release(stamps->sock);
err_free:
	kvfree(stamps);
	return err;
}

/**
 * kntp_stamp_exit() - be told no more; nothing is sent any more
 * @kn: the network namespace
 *
 * Replies on their way keep the socket, not this. Process context.
 */
void kntp_stamp_exit(struct kntp_net *kn)
{
	struct kntp_stamps *stamps = kn->stamps;

	if (!stamps)
		return;
	remove_wait_queue(sk_sleep(stamps->sock->sk), &stamps->wait);
	sock_release(stamps->sock);
	kvfree(stamps);
}
