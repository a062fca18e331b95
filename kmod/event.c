// SPDX-License-Identifier: GPL-2.0
/* What happens is told to the multicast group; see the netlink manual. */
#include "event.h"

#include <linux/bitops.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/rtnetlink.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include "netlink.h"

/* Held while telling; protects telling. */
static DEFINE_MUTEX(tell_lock);
static bool telling;

static unsigned long raised;

static struct sk_buff *event_message(enum kntp_event type, enum kntp_hook hook,
				     int ifindex)
{
	struct sk_buff *msg;
	void *head;

	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return NULL;
	head = genlmsg_put(msg, 0, 0, &kntp_genl_family, 0, KNTP_CMD_EVENT);
	if (!head ||
	    nla_put_u32(msg, KNTP_A_EVENT_TYPE, type) ||
	    nla_put_s64(msg, KNTP_A_EVENT_TIME, ktime_get_real_ns(),
			KNTP_A_EVENT_PAD) ||
	    (hook && nla_put_u32(msg, KNTP_A_EVENT_HOOK, hook)) ||
	    (ifindex && nla_put_u32(msg, KNTP_A_EVENT_IFINDEX, ifindex))) {
		nlmsg_free(msg);
		return NULL;
	}
	genlmsg_end(msg, head);
	return msg;
}

/**
 * kntp_event_send() - tell the listeners of one network namespace
 * @net: the network namespace
 * @type: what happened
 * @hook: where, or 0
 * @ifindex: on which device, or 0
 *
 * Process context. An event that finds no memory is lost, as one is that finds
 * a listener's queue full.
 */
void kntp_event_send(struct net *net, enum kntp_event type,
		     enum kntp_hook hook, int ifindex)
{
	struct sk_buff *msg;

	mutex_lock(&tell_lock);
	if (!telling || !genl_has_listeners(&kntp_genl_family, net, 0))
		goto out;
	msg = event_message(type, hook, ifindex);
	if (msg)
		genlmsg_multicast_netns(&kntp_genl_family, net, msg, 0, 0,
					GFP_KERNEL);
out:
	mutex_unlock(&tell_lock);
}

static void tell_all(struct work_struct *work)
{
	unsigned long types = xchg(&raised, 0);
	struct net *net;
	int type;

	down_read(&net_rwsem);
	for_each_net(net)
		for_each_set_bit(type, &types, KNTP_EVENT_MAX + 1)
			kntp_event_send(net, type, 0, 0);
	up_read(&net_rwsem);
}

static DECLARE_WORK(tell_work, tell_all);

static void queue_tell(struct irq_work *work)
{
	schedule_work(&tell_work);
}

/* The timekeeper's lock is held where steps are noticed: no work from there. */
static DEFINE_IRQ_WORK(tell_irq_work, queue_tell);

/**
 * kntp_event_raise() - tell all network namespaces, soon
 * @type: what happened
 *
 * Any context. An event that is raised again before it was told is told once.
 */
void kntp_event_raise(enum kntp_event type)
{
	set_bit(type, &raised);
	irq_work_queue(&tell_irq_work);
}

/**
 * kntp_event_enable() - begin or cease to tell
 * @enable: the netlink family is registered; to be false before it is not
 *
 * Process context.
 */
void kntp_event_enable(bool enable)
{
	mutex_lock(&tell_lock);
	telling = enable;
	mutex_unlock(&tell_lock);
}

/**
 * kntp_event_exit() - the end; nobody raises anything any more
 *
 * Process context.
 */
void kntp_event_exit(void)
{
	irq_work_sync(&tell_irq_work);
	cancel_work_sync(&tell_work);
}
