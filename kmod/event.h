/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_EVENT_H
#define _KNTP_EVENT_H

#include <linux/kntp.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct kntp_net;
struct net;
struct sk_buff;

/**
 * struct kntp_limited - who has crossed a limit, until it is told
 * @work: tells it
 * @lock: of what follows
 * @n: how many; one more is not told
 * @who: their keys in the client table, and a prefix's length
 */
struct kntp_limited {
	struct delayed_work work;
	raw_spinlock_t lock;
	unsigned int n;
	struct {
		u64 key[2];
		u8 len;
	} who[16];
};

void kntp_event_limited_init(struct kntp_net *kn);
void kntp_event_limited(struct kntp_net *kn, const u64 key[2], u8 len);
void kntp_event_limited_exit(struct kntp_net *kn);

void kntp_event_raise(enum kntp_event type);
void kntp_event_send(struct net *net, enum kntp_event type,
		     enum kntp_hook hook, int ifindex);
void kntp_event_enable(bool enable);
void kntp_event_exit(void);

#endif /* _KNTP_EVENT_H */
