// SPDX-License-Identifier: GPL-2.0
/*
 * The clock that is served: CLOCK_REALTIME, and what its publisher says of it.
 * The reader follows one RCU pointer and reads the clock once.
 */
#include "clock.h"

#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include "core/ntptime.h"
#include "core/reply.h"
#include "event.h"
#include "timekeeping.h"

/**
 * struct published - one publication, ready for the wire; never changed
 * @rcu: frees it
 * @server: the reply's fields, but the dispersion
 * @epoch: kntp_timekeeping_epoch() that it belongs to
 * @until: when a reply may not claim it any more, ns since 1970 UTC: the lease
 *	is over, or the dispersion has reached its end; or never could
 * @at: when it was published, likewise
 * @dispersion: then, 32.32 s
 * @rate: its growth, from ntp_rate()
 * @follows: the reference time is now
 * @expires: when the lease is over
 * @figures: as they were given
 */
struct published {
	struct rcu_head rcu;
	struct ntp_server server;
	u64 epoch;
	s64 until;
	s64 at;
	u64 dispersion;
	u64 rate;
	bool follows;
	s64 expires;
	struct kntp_clock_figures figures;
};

static DEFINE_MUTEX(clock_lock);
static struct published __rcu *published;
static s8 precision __ro_after_init;

static void expired(struct work_struct *work)
{
	kntp_event_raise(KNTP_EVENT_CLOCK_EXPIRED);
}

static DECLARE_DELAYED_WORK(expiry, expired);

static bool is_current(const struct published *p, s64 now)
{
	return p && p->epoch == kntp_timekeeping_epoch() && now < p->until;
}

static u64 dispersion_at(const struct published *p, s64 now)
{
	return ntp_disperse(p->dispersion, p->rate, now - p->at);
}

/* A leap second since the publication is none any more, but no step either. */
static bool has_leapt(const struct published *p)
{
	u64 epoch = kntp_timekeeping_epoch();

	return p->epoch != epoch && p->epoch >> 32 == epoch >> 32;
}

static enum kntp_clock_state state_at(const struct published *p, s64 now)
{
	if (!p)
		return KNTP_CLOCK_UNSET;
	if (p->epoch >> 32 != kntp_timekeeping_steps())
		return KNTP_CLOCK_STEPPED;
	if (now >= p->expires)
		return KNTP_CLOCK_EXPIRED;
	if (p->server.leap == NTP_LEAP_UNSYNC)
		return KNTP_CLOCK_UNSYNC;
	return now < p->until ? KNTP_CLOCK_SYNC : KNTP_CLOCK_DISPERSED;
}

/*
 * Who may not claim the time any more says LI = 3, stratum 0 on the wire (RFC
 * 5905 figure 11) and reference id 0, which is no kiss code, with the largest
 * dispersion.
 */
static noinline void reply_rare(struct ntp_header *ntp,
				const struct published *p, s64 now,
				u64 receive, u64 transmit)
{
	struct ntp_server server = {
		.leap = NTP_LEAP_UNSYNC,
		.precision = precision,
		.root_dispersion = cpu_to_be32(ntp_short(NTP_MAX_DISPERSION)),
	};

	if (state_at(p, now) == KNTP_CLOCK_SYNC) {
		server = p->server;
		server.root_dispersion = cpu_to_be32(ntp_short(dispersion_at(p, now)));
		if (has_leapt(p))
			server.leap = NTP_LEAP_NONE;
		if (p->follows)
			server.reference = cpu_to_be64(transmit);
	}
	ntp_reply(ntp, &server, receive, transmit);
}

/**
 * kntp_clock_reply() - turn a request into a reply that leaves now
 * @ntp: the request's header
 * @received: when it arrived, CLOCK_REALTIME; 0 for now
 *
 * The dispersion is that of publication, grown since (RFC 5905 section 11.3).
 * Softirq, RCU read side.
 */
void kntp_clock_reply(struct ntp_header *ntp, ktime_t received)
{
	const struct published *p = rcu_dereference(published);
	ktime_t now = ktime_get_real();
	u64 transmit = ntp_from_unix(now);
	u64 receive = transmit;

	/* A stamp from before a step, or of another clock, is none. */
	if ((u64)(now - received) <= NSEC_PER_SEC)
		receive = ntp_from_unix(received);

	if (unlikely(!is_current(p, now))) {
		reply_rare(ntp, p, now, receive, transmit);
		return;
	}
	ntp_reply_as(ntp, &p->server,
		     cpu_to_be32(ntp_short(dispersion_at(p, now))),
		     p->follows ? cpu_to_be64(transmit) : p->server.reference,
		     receive, transmit);
}

/* How long until a dispersion that grows has reached its end, ns. */
static u64 lasts(const struct kntp_clock_figures *f)
{
	u64 max = NTP_MAX_DISPERSION >> 32;
	u64 ns;

	if (f->root_dispersion >= max * NSEC_PER_SEC)
		return 0;
	if (!f->growth || f->lease == KNTP_LEASE_FOREVER)
		return S64_MAX;
	ns = div_u64((max * NSEC_PER_SEC - f->root_dispersion) * NSEC_PER_SEC,
		     f->growth);
	/* ntp_rate() is rounded up, by less than this */
	return ns - min(ns, (ns >> 32) + 1);
}

static s64 later(s64 time, u64 ns)
{
	return ns < S64_MAX - time ? time + (s64)ns : S64_MAX;
}

/**
 * kntp_clock_publish() - vouch for the clock
 * @f: what is said of it; all within the ranges of the netlink manual
 *
 * A step of the system clock that the publisher did not know of, even one at
 * this moment, leaves the clock unvouched for. Process context. Return: 0,
 * -ENOMEM, or -ESTALE when the clock was stepped since @f->steps.
 */
int kntp_clock_publish(const struct kntp_clock_figures *f)
{
	struct published *p, *old;

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;

	mutex_lock(&clock_lock);
	p->figures = *f;
	p->at = ktime_get_real_ns();
	p->epoch = kntp_timekeeping_epoch();
	if (f->steps != p->epoch >> 32) {
		mutex_unlock(&clock_lock);
		kfree(p);
		return -ESTALE;
	}

	p->follows = f->lease == KNTP_LEASE_FOREVER;
	p->expires = later(p->at, f->lease);
	p->dispersion = ntp_from_ns(f->root_dispersion);
	p->rate = p->follows ? 0 : ntp_rate(f->growth);
	p->server.leap = f->stratum < NTP_STRATUM_UNSYNC ? f->leap :
			 NTP_LEAP_UNSYNC;
	p->until = p->server.leap == NTP_LEAP_UNSYNC ? S64_MIN :
		   min(p->expires, later(p->at, lasts(f)));
	p->server.stratum = f->stratum;
	p->server.precision = precision;
	p->server.refid = f->refid;
	p->server.reference = cpu_to_be64(ntp_from_unix(f->ref_time));
	p->server.root_delay = cpu_to_be32(ntp_short(ntp_from_ns(f->root_delay)));

	old = rcu_replace_pointer(published, p, lockdep_is_held(&clock_lock));
	if (p->follows)
		cancel_delayed_work(&expiry);
	else
		mod_delayed_work(system_wq, &expiry,
				 nsecs_to_jiffies(min_t(u64, f->lease, S32_MAX * 1000000ULL)));
	mutex_unlock(&clock_lock);

	if (old)
		kfree_rcu(old, rcu);
	kntp_event_raise(KNTP_EVENT_CLOCK_SET);
	return 0;
}

/**
 * kntp_clock_report() - the clock as the next reply will have it
 * @report: where to
 *
 * Process context.
 */
void kntp_clock_report(struct kntp_clock_report *report)
{
	u64 dispersion = NTP_MAX_DISPERSION;
	const struct published *p;

	memset(report, 0, sizeof(*report));
	report->precision = precision;

	rcu_read_lock();
	p = rcu_dereference(published);
	report->time = ktime_get_real_ns();
	report->steps = kntp_timekeeping_steps();
	report->state = state_at(p, report->time);
	if (report->state == KNTP_CLOCK_SYNC)
		dispersion = dispersion_at(p, report->time);
	report->dispersion = mul_u64_u32_shr(dispersion, NSEC_PER_SEC, 32);
	if (p) {
		report->figures = p->figures;
		report->published = p->at;
		report->lease_left = KNTP_LEASE_FOREVER;
		if (!p->follows)
			report->lease_left = max_t(s64, p->expires - report->time, 0);
		if (has_leapt(p) && report->figures.leap != NTP_LEAP_UNSYNC)
			report->figures.leap = NTP_LEAP_NONE;
	}
	rcu_read_unlock();
}

/*
 * RFC 5905 section 7.3: the precision is the time it takes to read the clock,
 * or its resolution where that is coarser: the smallest step seen.
 */
static s8 __init measure_precision(void)
{
	s64 smallest = NSEC_PER_SEC;
	s64 last, now;
	int i;

	for (i = 0; i < 100; i++) {
		last = ktime_get_real_ns();
		do {
			now = ktime_get_real_ns();
		} while (now == last);
		if (now > last)
			smallest = min(smallest, now - last);
	}
	/* 10^9 is 2^40 / 1100: log2 of seconds, rounded up */
	return ilog2((u64)smallest * 1100) - 40 + 1;
}

/**
 * kntp_clock_init() - nobody has vouched yet
 *
 * Process context. Return: 0.
 */
int __init kntp_clock_init(void)
{
	precision = measure_precision();
	return 0;
}

/**
 * kntp_clock_exit() - forget the clock; nobody reads it any more
 *
 * Process context.
 */
void kntp_clock_exit(void)
{
	cancel_delayed_work_sync(&expiry);
	kfree(rcu_dereference_protected(published, true));
}
