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
#include "kntp.h"
#include "netlink.h"

/* Who cross limits are told of together: a flood of them is no flood of events. */
#define TELL_INTERVAL	(HZ / 10)

/* Held while telling; protects telling. */
static DEFINE_MUTEX(tell_lock);
static bool telling;

static unsigned long raised;

/* One that is to be said more of: what it begins with. */
static struct sk_buff *event_begin(enum kntp_event type, void **head)
{
	struct sk_buff *msg;

	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return NULL;
	*head = genlmsg_put(msg, 0, 0, &kntp_genl_family, 0, KNTP_CMD_EVENT);
	if (!*head ||
	    nla_put_u32(msg, KNTP_A_EVENT_TYPE, type) ||
	    nla_put_s64(msg, KNTP_A_EVENT_TIME, ktime_get_real_ns(),
			KNTP_A_EVENT_PAD)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* Send an event, or drop it where @err says that it did not fit. */
static void event_end(struct net *net, struct sk_buff *msg, void *head, int err,
		      enum kntp_group group)
{
	if (err) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, head);
	genlmsg_multicast_netns(&kntp_genl_family, net, msg, 0, group,
				GFP_KERNEL);
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
	void *head;

	mutex_lock(&tell_lock);
	if (!telling ||
	    !genl_has_listeners(&kntp_genl_family, net, KNTP_GROUP_EVENTS))
		goto out;
	msg = event_begin(type, &head);
	if (!msg)
		goto out;
	event_end(net, msg, head,
		  (hook ? nla_put_u32(msg, KNTP_A_EVENT_HOOK, hook) : 0) ?:
		  (ifindex ? nla_put_u32(msg, KNTP_A_EVENT_IFINDEX, ifindex) :
			     0), KNTP_GROUP_EVENTS);
out:
	mutex_unlock(&tell_lock);
}

static void tell_limited(struct net *net, const u64 key[2], u8 len)
{
	struct sk_buff *msg;
	void *head;

	mutex_lock(&tell_lock);
	if (!telling ||
	    !genl_has_listeners(&kntp_genl_family, net, KNTP_GROUP_LIMITS))
		goto out;
	msg = event_begin(KNTP_EVENT_LIMIT, &head);
	if (!msg)
		goto out;
	event_end(net, msg, head,
		  kntp_nl_put_client(msg, KNTP_A_EVENT_ADDR,
				     KNTP_A_EVENT_IFINDEX, key, len) ?:
		  (len ? nla_put_u8(msg, KNTP_A_EVENT_LEN, len) : 0),
		  KNTP_GROUP_LIMITS);
out:
	mutex_unlock(&tell_lock);
}

static void tell_all_limited(struct work_struct *work)
{
	struct kntp_limited *limited =
		container_of(to_delayed_work(work), struct kntp_limited, work);
	struct kntp_net *kn = container_of(limited, struct kntp_net, limited);
	unsigned int i, n;

	raw_spin_lock_bh(&limited->lock);
	n = limited->n;
	raw_spin_unlock_bh(&limited->lock);
	/* Those are not written to until there is room again. */
	for (i = 0; i < n; i++)
		tell_limited(kn->net, limited->who[i].key,
			     limited->who[i].len);
	raw_spin_lock_bh(&limited->lock);
	limited->n -= n;
	memmove(limited->who, limited->who + n,
		limited->n * sizeof(limited->who[0]));
	n = limited->n;
	raw_spin_unlock_bh(&limited->lock);
	if (n)
		schedule_delayed_work(&limited->work, TELL_INTERVAL);
}

/**
 * kntp_event_limited() - tell that somebody has crossed a limit, soon
 * @kn: the network namespace
 * @key: who it is in the client table
 * @len: length of a prefix, 0 for a client
 *
 * Of many at once some are told. Softirq.
 */
void kntp_event_limited(struct kntp_net *kn, const u64 key[2], u8 len)
{
	struct kntp_limited *limited = &kn->limited;
	unsigned int n;

	if (!genl_has_listeners(&kntp_genl_family, kn->net, KNTP_GROUP_LIMITS))
		return;
	raw_spin_lock(&limited->lock);
	n = limited->n;
	if (n < ARRAY_SIZE(limited->who)) {
		limited->who[n].key[0] = key[0];
		limited->who[n].key[1] = key[1];
		limited->who[n].len = len;
		limited->n = n + 1;
	}
	raw_spin_unlock(&limited->lock);
	schedule_delayed_work(&limited->work, TELL_INTERVAL);
}

/**
 * kntp_event_limited_init() - nobody has crossed a limit
 * @kn: a new network namespace
 *
 * Process context.
 */
void kntp_event_limited_init(struct kntp_net *kn)
{
	INIT_DELAYED_WORK(&kn->limited.work, tell_all_limited);
	raw_spin_lock_init(&kn->limited.lock);
}

/**
 * kntp_event_limited_exit() - nobody does any more
 * @kn: a network namespace that goes
 *
 * Process context.
 */
void kntp_event_limited_exit(struct kntp_net *kn)
{
	cancel_delayed_work_sync(&kn->limited.work);
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
