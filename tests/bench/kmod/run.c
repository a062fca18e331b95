// SPDX-License-Identifier: GPL-2.0
/*
 * One measurement. Building the requests and verifying the replies are not
 * timed; freeing the replies is, in a stretch of its own, because a request
 * that is dropped is freed too.
 */
#include "bench.h"

#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

/* A process that has not answered a batch by then never will. */
#define WAITS_MAX	100000

static struct sk_buff *batch[BENCH_BATCH];
static struct bench_request requests[BENCH_BATCH];

static u64 random64(struct rnd_state *state)
{
	u64 high = prandom_u32_state(state);

	return high << 32 | prandom_u32_state(state);
}

/* FIRST: number of the first one of them. */
static int make_batch(const struct bench_order *order, struct rnd_state *random,
		      u32 first, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		batch[i] = bench_frame(order, random64(random), first + i,
				       &requests[i]);
		if (!batch[i])
			goto err_free;
		if (order->kind == BENCH_SEND)
			batch[i]->dev = bench_dev;
		else
			bench_frame_received(batch[i], order);
	}
	return 0;

err_free:
	while (i--)
		kfree_skb(batch[i]);
	return -ENOMEM;
}

/* Give the processor to the server until it has answered them all. */
static u32 wait_for_process(unsigned int n)
{
	u32 waits = 0;

	while (READ_ONCE(bench_n_taken) < n && waits < WAITS_MAX &&
	       !signal_pending(current)) {
		schedule();
		waits++;
	}
	return waits;
}

static void time_batch(const struct bench_order *order,
		       struct bench_result *result, unsigned int n)
{
	unsigned int i;
	u64 begin;

	local_bh_disable();
	begin = bench_time();
	if (order->kind == BENCH_SEND)
		for (i = 0; i < n; i++)
			dev_queue_xmit(batch[i]);
	else
		for (i = 0; i < n; i++)
			netif_receive_skb(batch[i]);
	if (order->kind != BENCH_PROCESS) {
		result->instructions += bench_time() - begin;
		local_bh_enable();
		return;
	}
	local_bh_enable();
	result->waits += wait_for_process(n);
	result->instructions += bench_time() - begin;
}

static bool is_stray(const struct sk_buff *skb, int family)
{
	unsigned int offset = ETH_HLEN + (family == AF_INET ? 20 : 40);
	__be16 *port, buffer;

	port = skb_header_pointer(skb, offset, sizeof(buffer), &buffer);
	return !port || *port != htons(123);
}

/* The replies must come in the order of the requests. */
static void verify_batch(const struct bench_order *order,
			 struct bench_result *result, unsigned int n)
{
	const char *complaint;
	unsigned int i, next = 0;

	for (i = 0; i < bench_n_taken; i++) {
		if (order->kind == BENCH_SEND) {
			result->replies++;
			continue;
		}
		if (is_stray(bench_taken[i], order->family)) {
			result->stray++;
			continue;
		}
		complaint = next == n ? "more replies than requests" :
			bench_verify(bench_taken[i], order, &requests[next++]);
		if (!complaint) {
			result->replies++;
			continue;
		}
		result->bad++;
		if (!result->complaint)
			result->complaint = complaint;
	}
	result->lost += n - next;
}

static void free_batch(struct bench_result *result)
{
	unsigned int i;
	u64 begin;

	local_bh_disable();
	begin = bench_time();
	for (i = 0; i < bench_n_taken; i++)
		consume_skb(bench_taken[i]);
	result->free += bench_time() - begin;
	local_bh_enable();
	bench_n_taken = 0;
}

/**
 * bench_run() - measure
 * @order: what
 * @result: where to
 *
 * Process context, one at a time. Return: 0 or a negative error.
 */
int bench_run(const struct bench_order *order, struct bench_result *result)
{
	unsigned int n;
	struct rnd_state random;
	u32 left;
	int err;

	memset(result, 0, sizeof(*result));
	prandom_seed_state(&random, order->seed);
	err = bench_place(order->kind, order->family);
	if (err)
		return err;
	bench_taking = true;
	for (left = order->count; left && !err; left -= n) {
		n = min_t(u32, left, BENCH_BATCH);
		err = make_batch(order, &random, order->count - left, n);
		if (err)
			break;
		time_batch(order, result, n);
		verify_batch(order, result, n);
		free_batch(result);
		cond_resched();
		if (signal_pending(current))
			err = -EINTR;
	}
	bench_taking = false;
	free_batch(result);
	bench_displace(order->kind, order->family);
	return err;
}
