// SPDX-License-Identifier: GPL-2.0
/*
 * The clock that is served, CLOCK_REALTIME or a map of CLOCK_MONOTONIC_RAW, and
 * what its publisher says of it. The reader follows one RCU pointer and reads
 * the clock once.
 */
#include "clock.h"

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include "compat/compat.h"
#include "core/ntptime.h"
#include "core/reply.h"
#include "event.h"
#include "timekeeping.h"

/**
 * struct published - one publication, ready for the wire; never changed but for
 *	@fast_until and @server.root_dispersion, which go together
 * @rcu: frees it
 * @server: the reply's fields; the dispersion as at @fast_until
 * @epoch: kntp_timekeeping_epoch() that it belongs to
 * @until: when a reply may not claim it any more, by the clock it ages by: the
 *	lease is over, or the dispersion has reached its end; or never could
 * @fast_until: until when @server is all there is to say, of CLOCK_REALTIME: not
 *	later than @until; S64_MIN before the first reply, and always for a map
 * @at: when it was published, by the clock it ages by
 * @published: when it was published, ns since 1970 UTC as served
 * @dispersion: then, 32.32 s
 * @rate: its growth, from ntp_rate()
 * @follows: the reference time is now
 * @jumps: how often what is served jumped, so far
 * @era: era_of() while @epoch lasts
 * @since: CLOCK_REALTIME behind its last step, as at publication: while @epoch
 *	lasts, an earlier stamp is from before that step
 * @window: length of the time up to @fast_until, log2 ns
 * @expires: when the lease is over, by the clock it ages by
 * @figures: as they were given
 */
struct published {
	struct rcu_head rcu;
	struct ntp_server server;
	u64 epoch;
	s64 since;
	atomic64_t fast_until;	/* an s64 would be read torn on 32 bits */
	s64 until;
	s64 at;
	s64 published;
	u64 dispersion;
	u64 rate;
	bool follows;
	u16 jumps;
	u32 era;
	u8 window;
	s64 expires;
	struct kntp_clock_figures figures;
};

static DEFINE_MUTEX(clock_lock);
static struct published __rcu *published;
static s8 precision __ro_after_init;

static bool is_map(const struct published *p)
{
	return p && p->figures.base == KNTP_BASE_MAP;
}

/*
 * By the clock that it ages by: a lease on CLOCK_REALTIME ends with a step, one
 * on a map must not feel any.
 */
static s64 now_of(const struct published *p)
{
	return is_map(p) ? ktime_get_raw_ns() : ktime_get_real_ns();
}

static u64 dispersion_at(const struct published *p, s64 now)
{
	return ntp_disperse(p->dispersion, p->rate, now - p->at);
}

/* A dispersion is said as at the end of its window, in which it grows by this. */
#define WINDOW_GROWTH_NS	2000ULL
/* NSEC_PER_SEC is a long: on 32 bits a product of it overflows. */
static_assert(WINDOW_GROWTH_NS * NSEC_PER_SEC == 2000000000000ULL);

static DEFINE_RAW_SPINLOCK(window_lock);

/*
 * Replies up to the end of the window have one root dispersion, that of its end.
 * Trylock: where another CPU opens the window, this reply has computed its own.
 */
static void open_window(struct published *p, s64 now)
{
	s64 end = now + (1LL << p->window);

	if (now < atomic64_read(&p->fast_until) ||
	    !raw_spin_trylock(&window_lock))
		return;
	if (now >= atomic64_read(&p->fast_until)) {
		WRITE_ONCE(p->server.root_dispersion,
			   cpu_to_be32(ntp_short(dispersion_at(p, end))));
		smp_wmb();	/* pairs with kntp_clock_reply() */
		atomic64_set(&p->fast_until, min(end, p->until));
	}
	raw_spin_unlock(&window_lock);
}

/*
 * A leap second since the publication is none any more, but no step either. A
 * map has its publisher's leap second, not the system clock's.
 */
static bool has_leapt(const struct published *p)
{
	u64 epoch = kntp_timekeeping_epoch();

	return !is_map(p) && p->epoch != epoch && p->epoch >> 32 == epoch >> 32;
}

/* A step is none to a map, but CLOCK_MONOTONIC_RAW stands still in suspend. */
static bool is_invalid(const struct published *p)
{
	u32 steps = p->epoch >> 32;

	return is_map(p) ? kntp_timekeeping_slept(steps) :
			   steps != kntp_timekeeping_steps();
}

static enum kntp_clock_state state_at(const struct published *p, s64 now)
{
	if (!p)
		return KNTP_CLOCK_UNSET;
	if (is_invalid(p))
		return KNTP_CLOCK_STEPPED;
	if (now >= p->expires)
		return KNTP_CLOCK_EXPIRED;
	if (p->server.leap == NTP_LEAP_UNSYNC)
		return KNTP_CLOCK_UNSYNC;
	return now < p->until ? KNTP_CLOCK_SYNC : KNTP_CLOCK_DISPERSED;
}

/*
 * Tells times apart between which the time that is served jumped: two of one
 * era can be compared. For CLOCK_REALTIME steps and leap seconds count, too.
 */
static u32 era_of(const struct published *p)
{
	u64 epoch = kntp_timekeeping_epoch();
	u32 jumps = p ? (u32)p->jumps << 16 : 0;

	return is_map(p) ? jumps : jumps | (u16)((epoch >> 32) + epoch);
}

/* How old a stamp is, ns, or negative: it is of another time, or none. */
static s64 age_of(ktime_t stamp, const struct kntp_snapshot *now)
{
	s64 age = stamp < 0 ? kntp_raw_age(stamp, now->raw) : now->real - stamp;

	/* Of CLOCK_REALTIME it is true unless that was stepped since. */
	if (age > NSEC_PER_SEC || (stamp > 0 && kntp_timekeeping_spans(stamp)))
		return -1;
	return age;
}

/* What was served so long ago. */
static s64 served_at(const struct published *p,
		     const struct kntp_snapshot *now, s64 age)
{
	return is_map(p) ? ntp_map_utc(&p->figures.map, now->raw - age) :
			   now->real - age;
}

/*
 * Nobody vouches for the time: LI = 3, stratum 0 on the wire (RFC 5905 figure
 * 11), reference id 0, which is no kiss code, and the largest dispersion.
 */
static noinline void reply_unsync(struct ntp_header *ntp, u64 receive,
				  u64 transmit)
{
	struct ntp_server server = {
		.leap = NTP_LEAP_UNSYNC,
		.precision = precision,
		.root_dispersion = cpu_to_be32(ntp_short(NTP_MAX_DISPERSION)),
	};

	ntp_reply(ntp, &server, receive, transmit);
}

/* Both clocks, at one moment; a map needs CLOCK_REALTIME for its stamps only. */
static void read_clocks(const struct published *p, ktime_t received,
			struct kntp_snapshot *now)
{
	if (!is_map(p) || received > 0) {
		kntp_snapshot(now);
		return;
	}
	now->raw = ktime_get_raw();
	now->real = 0;
}

/*
 * The reply where the window does not hold: by a map, to a request that a device
 * stamped, with an error to be added, and the first one of a window.
 */
static noinline u32 reply_exact(struct ntp_header *ntp, struct published *p,
				ktime_t received, u64 error)
{
	struct kntp_snapshot now;
	u64 receive, transmit;
	u64 dispersion;
	s64 served, at;
	s64 age = 0;

	read_clocks(p, received, &now);
	if (received)
		age = age_of(received, &now);
	if (age < 0)
		age = 0;
	else
		error = max_t(u64, error, kntp_stamp_error(received));
	served = served_at(p, &now, 0);
	transmit = ntp_from_unix(served);
	receive = age ? ntp_from_unix(served_at(p, &now, age)) : transmit;
	at = is_map(p) ? now.raw : now.real;
	if (unlikely(!p || at >= p->until || is_invalid(p))) {
		reply_unsync(ntp, receive, transmit);
		return era_of(p);
	}
	dispersion = dispersion_at(p, at);
	if (error)
		dispersion += ntp_from_ns(error) + 1;
	ntp_reply_as(ntp, &p->server,
		     cpu_to_be32(ntp_short(min(dispersion, NTP_MAX_DISPERSION))),
		     p->follows ? cpu_to_be64(transmit) : p->server.reference,
		     receive, transmit);
	if (unlikely(has_leapt(p)))
		ntp->li_vn_mode &= ~(NTP_LEAP_UNSYNC << 6);
	else if (!is_map(p))
		open_window(p, at);
	return era_of(p);
}

/**
 * kntp_clock_reply() - turn a request into a reply that leaves now
 * @ntp: the request's header
 * @received: when it arrived: CLOCK_REALTIME, or kntp_raw_stamp(); 0 for now
 *
 * The dispersion is that of publication, grown since (RFC 5905 section 11.3),
 * and the error of a kntp_raw_stamp(). Softirq, RCU read side.
 *
 * Return: the era of the times in the reply: they can be compared with others of
 * it, not with those of another one.
 */
u32 kntp_clock_reply(struct ntp_header *ntp, ktime_t received)
{
	struct published *p = rcu_dereference(published);
	s64 fast_until = p ? atomic64_read(&p->fast_until) : S64_MIN;
	u64 receive, transmit;
	ktime_t now;

	/* No window is open, or a device stamped the request. */
	if (unlikely(fast_until < 0 || received < 0))
		return reply_exact(ntp, p, received, 0);
	now = ktime_get_real();
	if (unlikely(now >= fast_until || p->epoch != kntp_timekeeping_epoch()))
		return reply_exact(ntp, p, received, 0);
	/* Pairs with open_window(): the dispersion is of that window or later. */
	smp_rmb();
	/* Use no stamp of another clock, none that is old or from before a step. */
	if (unlikely((u64)(now - received) > NSEC_PER_SEC || received < p->since))
		received = now;
	transmit = ntp_from_unix(now);
	receive = received == now ? transmit : ntp_from_unix(received);
	ntp_reply_as(ntp, &p->server, READ_ONCE(p->server.root_dispersion),
		     p->follows ? cpu_to_be64(transmit) : p->server.reference,
		     receive, transmit);
	return p->era;
}

/**
 * kntp_clock_reply_within() - kntp_clock_reply() with an error of a time in it
 * @ntp: the request's header
 * @received: as there
 * @error: of another time that the reply will have, ns
 *
 * The root dispersion has the larger of this error and that of @received.
 * Softirq, RCU read side. Return: as kntp_clock_reply().
 */
u32 kntp_clock_reply_within(struct ntp_header *ntp, ktime_t received, u64 error)
{
	if (!error)
		return kntp_clock_reply(ntp, received);
	return reply_exact(ntp, rcu_dereference(published), received, error);
}

/**
 * kntp_clock_served() - a time as it is served
 * @stamp: CLOCK_REALTIME, or kntp_raw_stamp(), of a moment ago
 * @era: where to put what kntp_clock_reply() returns
 *
 * Any context, RCU read side. Return: ns since 1970 UTC, or 0 where it cannot be
 * told: it is not of the last second, or the clock was stepped since.
 */
s64 kntp_clock_served(ktime_t stamp, u32 *era)
{
	const struct published *p = rcu_dereference(published);
	struct kntp_snapshot now;
	s64 age;

	kntp_snapshot(&now);
	age = age_of(stamp, &now);
	if (!stamp || age < 0)
		return 0;
	*era = era_of(p);
	return served_at(p, &now, age);
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

/* No timer of the kernel reaches further than 24 days: then it looks again. */
#define LOOK_MAX_NS	(86400LL * NSEC_PER_SEC)

/* Under clock_lock: of the clock that is published. */
static bool told_dispersed;

static void look(struct work_struct *work);
static DECLARE_DELAYED_WORK(watch, look);

/* Under clock_lock. */
static void look_at(s64 when, s64 now)
{
	s64 wait = when > now ? min_t(u64, (u64)when - now, LOOK_MAX_NS) : 0;

	if (when == S64_MAX) {
		cancel_delayed_work(&watch);
		return;
	}
	/* rounded up: no look is a little too early, again and again */
	mod_delayed_work(system_wq, &watch, nsecs_to_jiffies(wait) + 1);
}

/*
 * Tells of what comes by itself. A clock that was stepped was told of already,
 * and its lease is of no consequence any more.
 */
static void look(struct work_struct *work)
{
	const struct published *p;
	s64 now;

	mutex_lock(&clock_lock);
	p = rcu_dereference_protected(published, lockdep_is_held(&clock_lock));
	now = now_of(p);
	switch (state_at(p, now)) {
	case KNTP_CLOCK_EXPIRED:
		kntp_event_raise(KNTP_EVENT_CLOCK_EXPIRED);
		break;
	case KNTP_CLOCK_DISPERSED:
		if (!told_dispersed)
			kntp_event_raise(KNTP_EVENT_CLOCK_DISPERSED);
		told_dispersed = true;
		look_at(p->expires, now);
		break;
	case KNTP_CLOCK_SYNC:
		look_at(p->until, now);
		break;
	case KNTP_CLOCK_UNSYNC:
		look_at(p->expires, now);
		break;
	default:
		break;
	}
	mutex_unlock(&clock_lock);
}

/* The reply's fields, and when they may be said. */
static void prepare(struct published *p)
{
	const struct kntp_clock_figures *f = &p->figures;

	p->follows = f->lease == KNTP_LEASE_FOREVER;
	p->expires = later(p->at, f->lease);
	p->dispersion = ntp_from_ns(f->root_dispersion);
	p->rate = p->follows ? 0 : ntp_rate(f->growth);
	p->window = min(ilog2(div_u64(WINDOW_GROWTH_NS * NSEC_PER_SEC,
				      f->growth ?: 1)), 30);
	p->server.leap = f->stratum < NTP_STRATUM_UNSYNC ? f->leap :
			 NTP_LEAP_UNSYNC;
	p->until = p->server.leap == NTP_LEAP_UNSYNC ? S64_MIN :
		   min(p->expires, later(p->at, lasts(f)));
	atomic64_set(&p->fast_until, S64_MIN);	/* no window is open */
	p->server.stratum = f->stratum;
	p->server.precision = precision;
	p->server.refid = f->refid;
	p->server.reference = cpu_to_be64(ntp_from_unix(f->ref_time));
	p->server.root_delay = cpu_to_be32(ntp_short(ntp_from_ns(f->root_delay)));
}

/*
 * Under clock_lock: whether what is served moves by more than is now said that
 * it can be off.
 */
static bool jumps_from(const struct published *old, const struct published *p)
{
	struct kntp_snapshot now;
	u64 moved;

	if (!old || state_at(old, now_of(old)) != KNTP_CLOCK_SYNC)
		return true;
	if (!is_map(old) && !is_map(p))
		return false;
	kntp_snapshot(&now);
	moved = abs(served_at(p, &now, 0) - served_at(old, &now, 0));
	return moved > p->figures.root_dispersion + p->figures.root_delay / 2;
}

/**
 * kntp_clock_publish() - vouch for the clock
 * @f: what is said of it; all within the ranges of the netlink manual
 *
 * A step of the system clock that the publisher did not know of, even one at
 * this moment, leaves the clock unvouched for; a map is left so by suspend only.
 * Process context. Return: 0, -ENOMEM, or -ESTALE when that was since @f->steps.
 */
int kntp_clock_publish(const struct kntp_clock_figures *f)
{
	struct published *p, *old;

	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;

	mutex_lock(&clock_lock);
	p->figures = *f;
	p->at = now_of(p);
	p->published = is_map(p) ? ntp_map_utc(&f->map, p->at) : p->at;
	p->epoch = kntp_timekeeping_epoch();
	/* A step after this changes the epoch, so @since is not looked at then. */
	p->since = kntp_timekeeping_since();
	if (is_map(p) ? kntp_timekeeping_slept(f->steps) :
			f->steps != p->epoch >> 32) {
		mutex_unlock(&clock_lock);
		kfree(p);
		return -ESTALE;
	}

	prepare(p);
	old = rcu_dereference_protected(published, lockdep_is_held(&clock_lock));
	p->jumps = (old ? old->jumps : 0) + jumps_from(old, p);
	p->era = era_of(p);
	rcu_assign_pointer(published, p);
	told_dispersed = false;
	look_at(p->until == S64_MIN ? p->expires : p->until, p->at);
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
	struct kntp_snapshot snapshot;
	u64 dispersion = NTP_MAX_DISPERSION;
	const struct published *p;
	s64 now;

	memset(report, 0, sizeof(*report));
	report->precision = precision;

	rcu_read_lock();
	p = rcu_dereference(published);
	kntp_snapshot(&snapshot);
	report->raw = snapshot.raw;
	report->time = served_at(p, &snapshot, 0);
	now = is_map(p) ? snapshot.raw : snapshot.real;
	report->steps = kntp_timekeeping_steps();
	report->state = state_at(p, now);
	if (report->state == KNTP_CLOCK_SYNC)
		dispersion = dispersion_at(p, now);
	report->dispersion = mul_u64_u32_shr(dispersion, NSEC_PER_SEC, 32);
	if (p) {
		report->figures = p->figures;
		report->published = p->published;
		report->lease_left = KNTP_LEASE_FOREVER;
		if (!p->follows)
			report->lease_left = max_t(s64, p->expires - now, 0);
		if (has_leapt(p) && report->figures.leap != NTP_LEAP_UNSYNC)
			report->figures.leap = NTP_LEAP_NONE;
	}
	rcu_read_unlock();
}

/**
 * kntp_clock_init() - Measure the precision; nobody has vouched yet
 *
 * Process context.
 */
void __init kntp_clock_init(void)
{
	precision = kntp_timekeeping_precision();
}

/**
 * kntp_clock_exit() - forget the clock; nobody reads it any more
 *
 * Process context.
 */
void kntp_clock_exit(void)
{
	cancel_delayed_work_sync(&watch);
	kfree(rcu_dereference_protected(published, true));
}
