/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KNTP_EVENT_H
#define _KNTP_EVENT_H

#include <linux/kntp.h>
#include <linux/types.h>

struct net;

void kntp_event_raise(enum kntp_event type);
void kntp_event_send(struct net *net, enum kntp_event type,
		     enum kntp_hook hook, int ifindex);
void kntp_event_enable(bool enable);
void kntp_event_exit(void);

#endif /* _KNTP_EVENT_H */
