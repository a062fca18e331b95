// SPDX-License-Identifier: GPL-2.0
#include "limit.h"

#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include "client.h"
#include "core/mix.h"
#include "kntp.h"

/* Windows of the budget: 32 to 64 ms, in jiffies. */
#define WINDOW_SHIFT	(ilog2(HZ) - 4)

static u32 window_now(void)
{
	u32 now = jiffies;

	return now >> WINDOW_SHIFT;
}

static DEFINE_PER_CPU(u64, draws);

/*
 * True for one request in 2^ONE_IN; never for 0. A sender who forges a client's
 * address must not be able to choose that the client's requests are all refused,
 * or that the forged ones are all answered. So a draw depends on nothing in the
 * request: only on a counter, which each refused request on this CPU advances
 * whatever comes of it, and on secrets. A sender sees one to four bits of the mix
 * at most, as an answer that comes or does not, and the next draw is of another
 * number. Under a raw lock, where get_random_u32() would take a local_lock.
 */
static bool is_one_in(const struct kntp_limits *limits, u8 one_in)
{
	u64 drawn;

	if (!one_in)
		return false;
	drawn = mix(limits->secret, this_cpu_inc_return(draws),
		    raw_smp_processor_id());
	return !(drawn >> 32 & (BIT(one_in) - 1));
}

/*
 * Take a token for a DENY kiss code from the bucket that all denied sources share,
 * as the kernel limits ICMP errors: the sources are not in the client table, so no limit of
 * their own holds them, and a forged source gets what somebody else asked for.
 * Only what is taken is written, so that a flood reads a shared cache line.
 */
static bool take_denial(struct kntp_limits *limits)
{
	s64 old = atomic64_read(&limits->denials), new;
	u32 now, level, elapsed;

	do {
		level = (u32)old;
		now = jiffies;
		/* Another CPU may have read a later tick before us. */
		elapsed = now - (u32)((u64)old >> 32);
		if (elapsed > U32_MAX - HZ) {
			now -= elapsed;
			elapsed = 0;
		}
		if (!bucket_take(&level, elapsed, &limits->denial))
			return false;
		new = (u64)now << 32 | level;
	} while (!atomic64_try_cmpxchg(&limits->denials, &old, new));
	return true;
}

/**
 * kntp_limit_kiss() - Take a kiss code from the budget
 * @limits: the limits of the network namespace
 *
 * All that is sent spends from the budget. A kiss code answers a request that was
 * refused, so it comes last, as a reply to an unknown client does. Softirq.
 *
 * Return: whether the kiss code may be sent.
 */
bool kntp_limit_kiss(struct kntp_limits *limits)
{
	return !limits->budget.in_window || kntp_limit_spends(limits, false);
}

/**
 * kntp_limit_denied() - Decide whether a denied source gets a kiss code
 * @limits: the limits of the network namespace
 * @who: gets the kiss code
 *
 * Softirq. Return: whether it does.
 */
bool kntp_limit_denied(struct kntp_limits *limits, struct kntp_asker *who)
{
	if (!is_one_in(limits, limits->deny) || !take_denial(limits) ||
	    !kntp_limit_kiss(limits))
		return false;
	who->stat = KNTP_STAT_DROP_DENIED;
	who->kiss = NTP_KISS_DENY;
	who->poll = S8_MAX;
	return true;
}

/**
 * kntp_limit_refuses() - Decide what becomes of a request beyond a rate limit
 * @limits: the limits of the network namespace
 * @limit: the one of them that the request exceeds
 * @kiss: set when the request is refused: whether a RATE kiss code says so
 *
 * Softirq; the client's bucket may be locked. Return: false when the request is
 * answered all the same.
 */
bool kntp_limit_refuses(const struct kntp_limits *limits,
			const struct kntp_limit *limit, bool *kiss)
{
	if (is_one_in(limits, limit->leak))
		return false;
	*kiss = is_one_in(limits, limit->kod);
	return true;
}

/*
 * What those who are known did not ask for in a window is for others in the next
 * one, but for a quarter: a flood from addresses nobody knows finds what there is
 * to spare. When more of the known come than were expected, what they have beyond
 * the budget is taken from the next window.
 */
static void next_window(struct kntp_budget *budget, u32 before, u32 window)
{
	u32 all = budget->in_window, known = 0, used = 0, left;

	if (atomic_cmpxchg(&budget->window, before, window) != before)
		return;
	if (window - before == 1) {
		known = atomic_read(&budget->known);
		used = min(known, READ_ONCE(budget->left)) +
		       min_t(u32, atomic_read(&budget->fresh),
			     READ_ONCE(budget->share));
	}
	left = all - (used > all ? used - all : 0);
	known = clamp(known + (known >> 3), all >> 2, all - (all >> 4));
	WRITE_ONCE(budget->left, left);
	WRITE_ONCE(budget->share, left > known ? left - known : 0);
	atomic_set(&budget->known, 0);
	atomic_set(&budget->fresh, 0);
}

/**
 * kntp_limit_spends() - take one reply from the budget
 * @limits: which has one
 * @known: is for one who was answered before
 *
 * Softirq. Return: false when there is none left.
 */
bool kntp_limit_spends(struct kntp_limits *limits, bool known)
{
	struct kntp_budget *budget = &limits->budget;
	u32 window = window_now();
	u32 before = atomic_read(&budget->window);

	if (before != window)
		next_window(budget, before, window);
	if (known)
		return atomic_inc_return(&budget->known) <=
		       READ_ONCE(budget->left);
	return atomic_inc_return(&budget->fresh) <= READ_ONCE(budget->share);
}

/**
 * kntp_limit_set() - other limits
 * @kn: the network namespace
 * @limits: they; copied; or NULL for none
 *
 * Process context, rtnl held. Return: 0 or -ENOMEM, and then all is as it was.
 */
int kntp_limit_set(struct kntp_net *kn, const struct kntp_limits *limits)
{
	struct kntp_limits *new = NULL, *old;
	u32 now = jiffies;

	ASSERT_RTNL();
	if (limits) {
		new = kmemdup(limits, sizeof(*limits), GFP_KERNEL_ACCOUNT);
		if (!new)
			return -ENOMEM;
		get_random_bytes(new->secret, sizeof(new->secret));
		bucket_rate_init(&new->denial, -ilog2(KNTP_LIMIT_DENIALS),
				 KNTP_LIMIT_DENIALS_BURST, HZ);
		/* Full: a LIMIT_SET may give one burst more. */
		atomic64_set(&new->denials, (u64)now << 32 | BUCKET_FULL);
		new->budget.in_window =
			div_u64((u64)new->replies << WINDOW_SHIFT, HZ);
		new->budget.left = new->budget.in_window;
		new->budget.share = new->budget.in_window -
				    (new->budget.in_window >> 2);
	}
	old = rtnl_dereference(kn->limits);
	rcu_assign_pointer(kn->limits, new);
	if (old)
		kfree_rcu(old, rcu);
	return 0;
}

/**
 * kntp_limit_exit() - no limits any more; nobody asks any more
 * @kn: the network namespace
 *
 * Process context.
 */
void kntp_limit_exit(struct kntp_net *kn)
{
	kfree(rcu_dereference_protected(kn->limits, true));
}
