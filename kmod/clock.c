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
#include "event.h"
#include "timekeeping.h"

/**
 * struct published - one publication, ready for the wire; never changed
 * @rcu: frees it
 * @server: the reply's fields, but the dispersion
 * @dispersion: at publication, 32.32 s
 * @rate: its growth, from ntp_rate()
 * @at: when it was published, ns since 1970 UTC
 * @expires: when it may not be believed any more, likewise
 * @steps: steps of the system clock before it
 * @leaps: leap seconds before it
 * @follows: the reference time is now
 * @figures: as they were given
 */
struct published {
	struct rcu_head rcu;
	struct ntp_server server;
	u64 dispersion;
	u64 rate;
	s64 at;
	s64 expires;
	u32 steps;
	u32 leaps;
	bool follows;
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

static enum kntp_clock_state state_at(const struct published *p, s64 now,
				      u64 *dispersion)
{
	*dispersion = NTP_MAX_DISPERSION;
	if (unlikely(!p))
		return KNTP_CLOCK_UNSET;
	if (unlikely(p->steps != kntp_timekeeping_steps()))
		return KNTP_CLOCK_STEPPED;
	if (unlikely(now >= p->expires))
		return KNTP_CLOCK_EXPIRED;
	if (unlikely(p->server.leap == NTP_LEAP_UNSYNC))
		return KNTP_CLOCK_UNSYNC;
	*dispersion = ntp_disperse(p->dispersion, p->rate, now - p->at);
	if (unlikely(*dispersion >= NTP_MAX_DISPERSION))
		return KNTP_CLOCK_DISPERSED;
	return KNTP_CLOCK_SYNC;
}

/**
 * kntp_clock_server() - what a reply that leaves now says of this server
 * @now: CLOCK_REALTIME, read just before
 * @server: where to
 *
 * The dispersion is that of publication, grown since (RFC 5905 section 11.3).
 * Who may not claim the time any more says LI = 3, stratum 0 on the wire (RFC
 * 5905 figure 11) and reference id 0, which is no kiss code, with the largest
 * dispersion. Softirq, RCU read side.
 */
void kntp_clock_server(ktime_t now, struct ntp_server *server)
{
	const struct published *p = rcu_dereference(published);
	u64 dispersion;

	if (unlikely(state_at(p, now, &dispersion) != KNTP_CLOCK_SYNC)) {
		*server = (struct ntp_server){
			.leap = NTP_LEAP_UNSYNC,
			.precision = precision,
			.root_dispersion = cpu_to_be32(ntp_short(dispersion)),
		};
		return;
	}

	*server = p->server;
	server->root_dispersion = cpu_to_be32(ntp_short(dispersion));
	if (unlikely(p->follows))
		server->reference = cpu_to_be64(ntp_from_unix(now));
	if (unlikely(p->leaps != kntp_timekeeping_leaps()))
		server->leap = NTP_LEAP_NONE;	/* it has been taken */
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
	u64 left;

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;

	mutex_lock(&clock_lock);
	p->figures = *f;
	p->steps = f->steps;
	p->leaps = kntp_timekeeping_leaps();
	p->at = ktime_get_real_ns();
	if (p->steps != kntp_timekeeping_steps()) {
		mutex_unlock(&clock_lock);
		kfree(p);
		return -ESTALE;
	}

	p->follows = f->lease == KNTP_LEASE_FOREVER;
	left = S64_MAX - p->at;
	p->expires = f->lease < left ? p->at + (s64)f->lease : S64_MAX;
	p->dispersion = ntp_from_ns(f->root_dispersion);
	p->rate = p->follows ? 0 : ntp_rate(f->growth);
	p->server.leap = f->stratum < NTP_STRATUM_UNSYNC ? f->leap :
			 NTP_LEAP_UNSYNC;
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
	const struct published *p;
	u64 dispersion;

	memset(report, 0, sizeof(*report));
	report->precision = precision;

	rcu_read_lock();
	p = rcu_dereference(published);
	report->time = ktime_get_real_ns();
	report->steps = kntp_timekeeping_steps();
	report->state = state_at(p, report->time, &dispersion);
	report->dispersion = mul_u64_u32_shr(dispersion, NSEC_PER_SEC, 32);
	if (p) {
		report->figures = p->figures;
		report->published = p->at;
		report->lease_left = KNTP_LEASE_FOREVER;
		if (!p->follows)
			report->lease_left = max_t(s64, p->expires - report->time, 0);
		if (p->leaps != kntp_timekeeping_leaps() &&
		    report->figures.leap != NTP_LEAP_UNSYNC)
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
