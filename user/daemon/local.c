// SPDX-License-Identifier: GPL-2.0
#include "local.h"
#include "clk.h"
#include "conf.h"
#include "log.h"
#include "loop.h"
#include "reference.h"

#include <linux/types.h>
#include <math.h>

#include "core/wire.h"

/* How often the host's own clock is its reference anew, s. */
#define INTERVAL	64.0
/* How often it is looked whether it has to be, s. */
#define LOOK_MIN	0.1
#define LOOK_MAX	16.0
/* 127.127.1.1, by which a host's own clock is known. */
#define REFID		0x7f7f0101

static struct {
	const struct local_conf *conf;
	void (*tell)(void);
	struct timer timer;
	int64_t begun;		/* CLOCK_MONOTONIC_RAW, ns; and so the next */
	int64_t updated;	/* by a source; 0: never was */
	bool good;		/* it once was as good as `activate` wants it */
	bool active;
} local;

static double seconds_since(int64_t raw)
{
	return (double)(clk_raw() - raw) * 1e-9;
}

/* How long it has to be waited for at least, s; 0 or less: it is time. */
static double remaining(void)
{
	const struct local_conf *c = local.conf;
	double left, distance;

	if (c->activate > 0 && !local.good)
		return LOOK_MAX;
	if (!reference.synced)
		return c->waitunsynced -
		       seconds_since(local.updated ?: local.begun);
	left = c->waitsynced - seconds_since(local.updated);
	distance = reference_distance(clk_raw());
	if (!(reference.growth > 0))
		return fmax(left, distance < c->distance ? LOOK_MAX : 0);
	return fmax(left, (c->distance - distance) / reference.growth);
}

/*
 * Nobody else knows better, and the operator has said that this host's clock
 * will do. It claims the error that was said of it, which may be none.
 */
static void use(void)
{
	struct reference *r = &reference;

	if (!local.active)
		log_msg(LOG_NOTICE, "no source is left: this host's own clock is the reference, at stratum %d",
			local.conf->stratum);
	local.active = true;
	clk_pair(&r->ref_raw, &r->ref_time);
	r->ref_time += reference_off(r->ref_raw, r->ref_time);
	r->synced = true;
	r->leap = NTP_LEAP_NONE;
	r->stratum = (uint8_t)local.conf->stratum;
	r->refid = REFID;
	r->root_delay = 0;
	r->root_dispersion = local.conf->dispersion;
	r->growth = 0;
	r->name[0] = '\0';
	timer_set(&local.timer, INTERVAL);
	local.tell();
}

static void look(void *arg)
{
	double left = local.active ? 0 : remaining();

	(void)arg;
	if (left > 0)
		timer_set(&local.timer, fmin(fmax(left, LOOK_MIN), LOOK_MAX));
	else
		use();
}

/**
 * local_init() - before any source
 * @c: the configuration; stays
 * @tell: calls those who are to know of a change of the reference
 */
void local_init(const struct config *c, void (*tell)(void))
{
	local.conf = &c->local;
	local.tell = tell;
	local.timer.fn = look;
}

/**
 * local_begin() - whoever there is to ask is being asked
 */
void local_begin(void)
{
	local.begun = clk_raw();
	if (local.conf->enabled && !reference.synced)
		look(NULL);
}

/**
 * local_updated() - the reference is another, by what sources say
 *
 * It is theirs again, or it is known that nobody has any.
 */
void local_updated(void)
{
	if (!local.conf->enabled)
		return;
	timer_cancel(&local.timer);
	local.active = false;
	if (reference.synced) {
		local.updated = clk_raw();
		local.good |= reference_distance(local.updated) <
			      local.conf->activate;
	}
	if (local.begun)
		look(NULL);
}

/**
 * local_reload() - the configuration is another
 * @lost: ends a reference that is none any more
 */
void local_reload(void (*lost)(void))
{
	bool was = local.active;

	timer_cancel(&local.timer);
	local.active = false;
	if (was)
		lost();	/* and so looks whether it is to be again */
	else if (local.conf->enabled && local.begun)
		look(NULL);
}

/**
 * local_active() - the host's own clock is the reference
 */
bool local_active(void)
{
	return local.active;
}

/**
 * local_stop() - it is over
 */
void local_stop(void)
{
	timer_cancel(&local.timer);
}
