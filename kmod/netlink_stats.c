// SPDX-License-Identifier: GPL-2.0
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <net/sock.h>
#include "kntp.h"
#include "netlink.h"

/* A nest of the counts from 1 to MAX; what pads them is the next. */
static int put_counts(struct sk_buff *msg, int type, const u64 *counts, int max)
{
	struct nlattr *nest = nla_nest_start(msg, type);
	int i;

	if (!nest)
		return -EMSGSIZE;
	for (i = 1; i <= max; i++)
		if (nla_put_u64_64bit(msg, i, counts[i], max + 1))
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_hook(struct sk_buff *msg, enum kntp_hook hook, const u64 *counts)
{
	struct nlattr *outer;

	outer = nla_nest_start(msg, KNTP_A_STATS_HOOK);
	if (!outer || nla_put_u32(msg, KNTP_A_STATS_HOOK_HOOK, hook))
		return -EMSGSIZE;
	if (put_counts(msg, KNTP_A_STATS_HOOK_COUNTERS, counts, KNTP_STAT_MAX) ||
	    put_counts(msg, KNTP_A_STATS_HOOK_TIMES, counts + KNTP_STAT_MAX,
		       KNTP_TIME_MAX))
		return -EMSGSIZE;
	nla_nest_end(msg, outer);
	return 0;
}

/**
 * kntp_nl_stats_get() - STATS_GET: the counters, of all CPUs together
 * @skb: the request
 * @info: likewise
 *
 * Process context, genl_mutex. Return: 0 or a negative error.
 */
int kntp_nl_stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct kntp_net *kn = kntp_net(genl_info_net(info));
	struct kntp_counts *counts;
	struct sk_buff *msg = NULL;
	int hook, err = -ENOMEM;
	void *head;

	counts = kmalloc(sizeof(*counts), GFP_KERNEL);
	if (!counts)
		return err;
	kntp_stats_read(&kn->stats, counts);
	msg = kntp_nl_answer(info, NLMSG_GOODSIZE, &head);
	if (!msg)
		goto out;
	err = 0;
	for (hook = 1; hook <= KNTP_HOOK_MAX && !err; hook++)
		err = put_hook(msg, hook, counts->count[hook - 1]);
	err = kntp_nl_reply(info, msg, head, err);
out:
	kfree(counts);
	return err;
}

static int put_one_cpu(struct sk_buff *skb, const struct netlink_callback *cb,
		       unsigned int cpu, const struct kntp_counts *counts)
{
	int hook, err;
	void *head;

	head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			   &kntp_genl_family, NLM_F_MULTI, KNTP_CMD_STATS_GET);
	if (!head)
		return -EMSGSIZE;
	err = nla_put_u32(skb, KNTP_A_STATS_CPU, cpu);
	for (hook = 1; hook <= KNTP_HOOK_MAX && !err; hook++)
		err = put_hook(skb, hook, counts->count[hook - 1]);
	if (err) {
		genlmsg_cancel(skb, head);
		return err;
	}
	genlmsg_end(skb, head);
	return 0;
}

/**
 * kntp_nl_stats_dump() - STATS_GET: the counters of each CPU
 * @skb: the answer
 * @cb: cb->args[0] is the next CPU
 *
 * Process context. Return: the length of the answer, or -ENOMEM.
 */
int kntp_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct kntp_net *kn = kntp_net(sock_net(skb->sk));
	struct kntp_counts *counts;
	unsigned int cpu;

	counts = kmalloc(sizeof(*counts), GFP_KERNEL);
	if (!counts)
		return -ENOMEM;
	for (cpu = cb->args[0]; cpu < nr_cpu_ids; cpu++) {
		if (kntp_stats_read_cpu(&kn->stats, cpu, counts) &&
		    put_one_cpu(skb, cb, cpu, counts))
			break;
	}
	cb->args[0] = cpu;
	kfree(counts);
	return skb->len;
}

/**
 * kntp_nl_stats_reset() - STATS_RESET
 * @skb: the request
 * @info: likewise
 *
 * Process context, genl_mutex. Return: 0.
 */
int kntp_nl_stats_reset(struct sk_buff *skb, struct genl_info *info)
{
	kntp_stats_reset(&kntp_net(genl_info_net(info))->stats);
	return 0;
}
