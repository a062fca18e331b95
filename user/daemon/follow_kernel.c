// SPDX-License-Identifier: GPL-2.0
/*
 * Whoever keeps the clock tells the kernel how good it is (RFC 5905 section
 * 11.3 leaves that to the implementation; all of them do it by adjtimex). A
 * step by anybody makes the kernel say that it is not synchronised.
 */
#include "follow.h"
#include "clk.h"
#include "figures.h"
#include "log.h"
#include "loop.h"
#include "publish.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timex.h>

#include "core/wire.h"

#define INTERVAL	1.0
#define GROWTH_PPB	15000	/* RFC 5905 PHI */

static struct {
	const struct follow_options *opt;
	struct timer timer;
	bool synced, said;
	long max_error;
	int64_t ref_time;
} follow;

static int64_t offset_left(const struct timex *tx)
{
	int64_t offset = tx->offset;

	return llabs(tx->status & STA_NANO ? offset : offset * 1000);
}

static uint8_t leap_of(int state)
{
	switch (state) {
	case TIME_INS:
	case TIME_OOP:
		return NTP_LEAP_INSERT;
	case TIME_DEL:
		return NTP_LEAP_DELETE;
	}
	return NTP_LEAP_NONE;
}

/* The kernel lets its error grow: less of it is an update by the daemon. */
static void note_update(const struct timex *tx, bool synced)
{
	if (synced && (!follow.synced || tx->maxerror < follow.max_error))
		follow.ref_time = clk_real();
	if (synced != follow.synced || !follow.said)
		log_msg(LOG_INFO, "the kernel says its clock is %ssynchronised",
			synced ? "" : "not ");
	follow.said = true;
	follow.synced = synced;
	follow.max_error = tx->maxerror;
}

/**
 * follow_kernel_figures() - the figures as the kernel has them
 * @f: where to
 *
 * maxerror is a bound of all the error, so it is the dispersion and there is no
 * delay beside it.
 */
void follow_kernel_figures(struct figures *f)
{
	struct timex tx = { .modes = 0 };
	int state = adjtimex(&tx);
	bool synced = state >= 0 && !(tx.status & STA_UNSYNC);
	long error = tx.maxerror > tx.esterror ? tx.maxerror : tx.esterror;

	note_update(&tx, synced);
	if (!synced) {
		figures_none(f);
		return;
	}
	*f = (struct figures){
		.leap = leap_of(state),
		.stratum = follow.opt->stratum,
		.refid = follow.opt->refid,
		.ref_time = follow.ref_time,
		.root_dispersion = figures_ns((double)error * 1e-6 +
					      (double)offset_left(&tx) * 1e-9),
		.growth = GROWTH_PPB,
	};
}

static void tick(void *arg)
{
	(void)arg;
	timer_set(&follow.timer, INTERVAL);
	publish_now();
}

/**
 * follow_kernel_start() - read the kernel's clock each second
 * @o: what the operator says of it; kept
 */
void follow_kernel_start(const struct follow_options *o)
{
	follow.opt = o;
	follow.timer = (struct timer){ .fn = tick };
	timer_set(&follow.timer, INTERVAL);
}

/**
 * follow_kernel_stop() - read it no more
 */
void follow_kernel_stop(void)
{
	timer_cancel(&follow.timer);
}
