// SPDX-License-Identifier: GPL-2.0
#include "publish.h"
#include "clk.h"
#include "figures.h"
#include "log.h"
#include "loop.h"
#include "nl.h"
#include "report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/kntp.h>
#include <math.h>
#include <poll.h>
#include <string.h>

#include "core/wire.h"

/* How often a module is looked for, and a step not yet corrected at, s. */
#define RETRY	5.0
#define RECHECK	1.0

static const struct nl_attr_name clock_names[] = {
	{ KNTP_A_CLOCK_LEAP, "leap", NULL },
	{ KNTP_A_CLOCK_STRATUM, "stratum", NULL },
	{ KNTP_A_CLOCK_REFID, "refid", NULL },
	{ KNTP_A_CLOCK_REF_TIME, "reference time", NULL },
	{ KNTP_A_CLOCK_ROOT_DELAY, "root delay", NULL },
	{ KNTP_A_CLOCK_ROOT_DISPERSION, "root dispersion", NULL },
	{ KNTP_A_CLOCK_GROWTH, "growth", NULL },
	{ KNTP_A_CLOCK_LEASE, "lease", NULL },
	{ KNTP_A_CLOCK_STEPS, "steps", NULL },
	{ KNTP_A_CLOCK_MAP_RAW, "map raw", NULL },
	{ KNTP_A_CLOCK_MAP_UTC, "map utc", NULL },
	{ KNTP_A_CLOCK_MAP_RATE, "map rate", NULL },
	{ 0, NULL, NULL }
};

/*
 * Events have a socket of their own: one that comes while a request waits for
 * its answer is not lost.
 */
static struct {
	struct nl nl, events;
	bool attached;
	enum publish_state state;
	double lease;
	bool cut;		/* the last one given is shorter, as the map is */
	double straight;	/* what was given is to be given anew, s */
	int refusal;		/* the last one, said once */
	struct mnl_socket *watch;	/* tells of the module's coming; stays */
	struct timer retry;	/* looks for it where that fails */
	struct timer renew;
	void (*on_attach)(struct nl *nl);

	bool prepared;		/* STEPS is as it was before the figures */
	uint32_t steps;
	bool leased;		/* and the module vouches for a while */
	bool knows;		/* figures, or that there are none */
	bool step_said;
	bool vouched;		/* for this module, and then: */
	uint32_t vouched_steps;
	int64_t vouched_ref_time;
} pub;

static void retry(void *arg);
static void renew(void *arg);

static void detach(void)
{
	if (!pub.attached)
		return;
	loop_del_fd(mnl_socket_get_fd(pub.events.sock));
	nl_close(&pub.events);
	nl_close(&pub.nl);
	timer_cancel(&pub.renew);
	pub.attached = false;
	daemon_status.module = false;
	pub.prepared = false;
	pub.vouched = false;
	pub.step_said = false;
	pub.refusal = 0;
	pub.state = PUBLISH_NO_MODULE;
}

/* To ask for it would load it, which whoever unloaded it does not want. */
static void look_again(int err)
{
	if (err != -ENOENT || !pub.watch)
		timer_set(&pub.retry, RETRY);
}

static void lost(void)
{
	detach();
	log_msg(LOG_NOTICE, "the kntp module was unloaded");
	look_again(-ENOENT);
}

/* A refusal that lasts is said once; the module's end is none. */
static void refused(const char *what, int err)
{
	const struct nl_error *e = &pub.nl.error;

	if (err == -ENOENT) {
		lost();
		return;
	}
	if (err != pub.refusal) {
		errno = -err;
		log_msg(LOG_ERR, "the kntp module refuses %s: %s%s%m%s%s", what,
			e->attr ? e->attr : "", e->attr ? ": " : "",
			e->text[0] ? ": " : "", e->text);
	}
	pub.refusal = err;
	pub.state = PUBLISH_REFUSED;
	timer_set(&pub.renew, RETRY);
}

static int take_clock(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_CLOCK_MAX + 1];

	(void)data;
	nl_parse(nlh, tb, KNTP_A_CLOCK_MAX);
	pub.steps = nl_u32(tb[KNTP_A_CLOCK_STEPS]);
	pub.leased = nl_u32(tb[KNTP_A_CLOCK_STATE]) == KNTP_CLOCK_SYNC &&
		     nl_u64(tb[KNTP_A_CLOCK_LEASE_LEFT]) != KNTP_LEASE_FOREVER;
	return 0;
}

static int read_clock(void)
{
	int err;

	nl_begin(&pub.nl, KNTP_CMD_CLOCK_GET, clock_names);
	err = nl_do(&pub.nl, take_clock, NULL);
	if (err)
		refused("to say its clock", err);
	pub.prepared = !err;
	return err;
}

/**
 * publish_prepare() - the figures are about to be asked for
 *
 * A step of the system clock from now until publish_now() makes those figures
 * void. Nothing to do where publish_now() computes them itself.
 */
void publish_prepare(void)
{
	if (pub.attached)
		read_clock();
}

/*
 * Where the system clock is not kept (-x) it is not what is served. A map that
 * ran on over a leap second would be wrong by it. Return: the lease, s.
 */
static double put_base(struct nlmsghdr *nlh, bool mapped)
{
	struct figures_line l;

	mnl_attr_put_u32(nlh, KNTP_A_CLOCK_BASE, mapped ? KNTP_BASE_MAP :
							  KNTP_BASE_SYSTEM);
	pub.straight = HUGE_VAL;
	if (!mapped)
		return pub.lease;
	figures_line(&l);
	pub.straight = l.straight;
	mnl_attr_put_u64(nlh, KNTP_A_CLOCK_MAP_RAW, (uint64_t)l.raw);
	mnl_attr_put_u64(nlh, KNTP_A_CLOCK_MAP_UTC, (uint64_t)l.utc);
	mnl_attr_put_u64(nlh, KNTP_A_CLOCK_MAP_RATE, (uint64_t)l.rate);
	return fmin(pub.lease, l.lasts);
}

static int send_figures(const struct figures *f, bool mapped)
{
	struct nlmsghdr *nlh = nl_begin(&pub.nl, KNTP_CMD_CLOCK_SET,
					clock_names);
	/* Nobody's time needs no map. */
	double lease = put_base(nlh, mapped && f->stratum < NTP_STRATUM_UNSYNC);

	pub.cut = lease < pub.lease;
	mnl_attr_put_u8(nlh, KNTP_A_CLOCK_STRATUM, f->stratum);
	mnl_attr_put_u8(nlh, KNTP_A_CLOCK_LEAP, f->leap);
	mnl_attr_put_u32(nlh, KNTP_A_CLOCK_REFID, htonl(f->refid));
	mnl_attr_put_u64(nlh, KNTP_A_CLOCK_REF_TIME, (uint64_t)f->ref_time);
	mnl_attr_put_u64(nlh, KNTP_A_CLOCK_ROOT_DELAY, f->root_delay);
	mnl_attr_put_u64(nlh, KNTP_A_CLOCK_ROOT_DISPERSION, f->root_dispersion);
	mnl_attr_put_u32(nlh, KNTP_A_CLOCK_GROWTH, f->growth);
	mnl_attr_put_u64(nlh, KNTP_A_CLOCK_LEASE, (uint64_t)(lease * 1e9));
	/* Nobody's time can be said whatever became of the clock. */
	if (f->stratum < NTP_STRATUM_UNSYNC)
		mnl_attr_put_u32(nlh, KNTP_A_CLOCK_STEPS, pub.steps);
	return nl_do(&pub.nl, NULL, NULL);
}

/*
 * The figures are for the clock as whoever made them knows it. After a step
 * that was not theirs they are false until it is corrected, or, where another
 * daemon's are followed, until it has measured anew.
 */
static bool may_vouch(const struct figures *f)
{
	if (f->stratum >= NTP_STRATUM_UNSYNC || !pub.vouched ||
	    pub.steps == pub.vouched_steps)
		return true;
	switch (f->step) {
	case FIGURES_STEP_TAKEN:
		return true;
	case FIGURES_STEP_OPEN:
		return false;
	case FIGURES_STEP_UPDATE:
		return f->ref_time != pub.vouched_ref_time;
	}
	return false;
}

static void vouched(const struct figures *f)
{
	pub.refusal = 0;
	if (f->stratum >= NTP_STRATUM_UNSYNC) {
		/* That nobody's time expires changes nothing. */
		timer_cancel(&pub.renew);
		pub.state = PUBLISH_UNSYNCED;
		return;
	}
	if (pub.step_said)
		log_msg(LOG_NOTICE, "the system clock is vouched for again");
	pub.step_said = false;
	pub.vouched = true;
	pub.vouched_steps = pub.steps;
	pub.vouched_ref_time = f->ref_time;
	pub.state = PUBLISH_VOUCHED;
	timer_set(&pub.renew, fmin(pub.lease / 4, pub.straight));
}

static void wait_for_correction(void)
{
	/* Whoever made the step may need a moment to say so. */
	if (pub.state == PUBLISH_STEPPED && !pub.step_said) {
		log_msg(LOG_WARNING, "the system clock was stepped by somebody else: it is not vouched for until that is corrected");
		pub.step_said = true;
	}
	pub.state = PUBLISH_STEPPED;
	timer_set(&pub.renew, RECHECK);
}

/*
 * Until the first figures there is nothing that makes those of the daemon before
 * untrue: its lease, and the dispersion that grows, were given for this.
 */
static bool inherits(const struct figures *f)
{
	return f->stratum >= NTP_STRATUM_UNSYNC && !pub.knows && pub.leased;
}

static void wait_for_figures(void)
{
	if (pub.state != PUBLISH_INHERITED)
		log_msg(LOG_INFO, "the module goes on with what it was told before, until its lease is over");
	pub.state = PUBLISH_INHERITED;
	timer_cancel(&pub.renew);
}

/* -ESTALE when there was a step meanwhile. */
static int publish_once(void)
{
	bool mapped = figures_mapped();
	struct figures f;
	int err;

	if (!pub.prepared) {
		err = read_clock();
		if (err)
			return err;
	}
	pub.prepared = false;
	figures_now(&f, mapped);
	if (inherits(&f)) {
		wait_for_figures();
		return 0;
	}
	if (!may_vouch(&f)) {
		wait_for_correction();
		return 0;
	}
	err = send_figures(&f, mapped);
	if (!err)
		vouched(&f);
	else if (err != -ESTALE)
		refused("its clock", err);
	return err;
}

/*
 * A step while the figures were made is answered by making them again; one that
 * comes each time is left to the timer.
 */
static void tell(void)
{
	int tries;

	for (tries = 0; tries < 3 && pub.attached; tries++)
		if (publish_once() != -ESTALE)
			return;
	if (pub.attached)
		wait_for_correction();
}

/**
 * publish_now() - tell the module the figures, which are other ones
 *
 * Also what renews the lease. Nothing is inherited any more: where they are
 * nobody's that is known now.
 */
void publish_now(void)
{
	pub.knows = true;
	tell();
}

static void renew(void *arg)
{
	(void)arg;
	tell();
}

static int event(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_EVENT_MAX + 1];
	bool *again = data;

	nl_parse(nlh, tb, KNTP_A_EVENT_MAX);
	switch (nl_u32(tb[KNTP_A_EVENT_TYPE])) {
	case KNTP_EVENT_CLOCK_EXPIRED:
		if (pub.state == PUBLISH_VOUCHED && !pub.cut)
			log_msg(LOG_WARNING, "the module's lease ran out before it was renewed");
		/* fall through */
	case KNTP_EVENT_CLOCK_STEPPED:
	case KNTP_EVENT_CLOCK_LEAP:
		*again = true;
		break;
	}
	return 0;
}

static void on_events(int fd, short revents, void *arg)
{
	bool again = false;
	int err;

	(void)fd, (void)revents, (void)arg;
	err = nl_events(&pub.events, event, &again);
	if (err == -ENOENT) {
		lost();
		return;
	}
	/* Those that were lost may have been the ones that matter. */
	if (again || err == -ENOBUFS)
		tell();
}

/* Both sockets, or none and -errno. */
static int open_sockets(void)
{
	int err = nl_open(&pub.nl);

	if (err)
		return err;
	err = nl_open(&pub.events);
	if (!err) {
		err = nl_subscribe(&pub.events);
		if (!err)
			err = loop_add_fd(mnl_socket_get_fd(pub.events.sock),
					  POLLIN, on_events, NULL);
		if (err)
			nl_close(&pub.events);
	}
	if (err)
		nl_close(&pub.nl);
	return err;
}

/* Whether what nl_open() said will be said for ever. */
static bool no_netlink(int err)
{
	return err == -EINVAL || err == -EAFNOSUPPORT ||
	       err == -EPROTONOSUPPORT || err == -ESOCKTNOSUPPORT;
}

static int attach(void)
{
	int err = open_sockets();

	if (no_netlink(err)) {
		pub.state = PUBLISH_OFF;
		return err;
	}
	if (err) {
		look_again(err);
		return err;
	}
	timer_cancel(&pub.retry);
	pub.attached = true;
	daemon_status.module = true;
	pub.state = PUBLISH_UNSYNCED;
	log_msg(LOG_INFO, "the kntp module is loaded: it is told the time");
	/* The clock first: its listeners answer as soon as they are there. */
	tell();
	if (pub.attached && pub.on_attach)
		pub.on_attach(&pub.nl);
	return 0;
}

static void retry(void *arg)
{
	(void)arg;
	attach();
}

/* Of one that was there before nothing is of use any more. */
static void on_family(int fd, short revents, void *arg)
{
	(void)fd, (void)revents, (void)arg;
	if (!nl_came(pub.watch))
		return;
	detach();
	attach();
}

/**
 * publish_on_attach() - what else the module is to be told
 * @fn: called each time it is found, with a socket for requests
 */
void publish_on_attach(void (*fn)(struct nl *nl))
{
	pub.on_attach = fn;
}

/**
 * publish_start() - look for the module, from now on
 * @lease: how long the module may go on without hearing of us, s
 *
 * That there is none is no error.
 */
void publish_start(double lease)
{
	int err;

	pub.lease = lease > 0 ? lease : PUBLISH_LEASE;
	pub.state = PUBLISH_NO_MODULE;
	pub.retry = (struct timer){ .fn = retry };
	pub.renew = (struct timer){ .fn = renew };
	if (!nl_watch(&pub.watch))
		loop_add_fd(mnl_socket_get_fd(pub.watch), POLLIN, on_family, NULL);
	err = attach();
	if (!err)
		return;
	errno = -err;
	if (err == -ENOENT)
		log_msg(LOG_INFO, "the kntp module is not loaded: waiting for it");
	else if (no_netlink(err))
		log_msg(LOG_INFO, "no netlink here (%m): running without the kntp module");
	else
		log_msg(LOG_WARNING, "the kntp module cannot be asked for: %m");
}

/**
 * publish_stop() - say no more
 *
 * The module goes on until the lease is over, and then says so.
 */
void publish_stop(void)
{
	detach();
	timer_cancel(&pub.retry);
}

/**
 * publish_nl() - the module's socket
 *
 * Return: for requests, not for waiting; NULL while there is no module.
 */
struct nl *publish_nl(void)
{
	return pub.attached ? &pub.nl : NULL;
}

/**
 * publish_state() - how the module stands
 */
enum publish_state publish_state(void)
{
	return pub.state;
}
