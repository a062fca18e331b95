// SPDX-License-Identifier: GPL-2.0
#include "follow.h"
#include "figures.h"
#include "log.h"
#include "report.h"

#include <errno.h>

#include "core/wire.h"

static struct follow_options following;
static bool started;

/**
 * follow_start() - mirror another daemon's figures
 * @o: whose; its strings are kept
 *
 * Return: 0, or -EINVAL for a stratum that is none.
 */
int follow_start(const struct follow_options *o)
{
	if (o->what == FOLLOW_KERNEL &&
	    (o->stratum < 1 || o->stratum >= NTP_STRATUM_UNSYNC))
		return -EINVAL;
	following = *o;
	started = true;
	if (o->what == FOLLOW_KERNEL) {
		daemon_status.follow = "kernel";
		follow_kernel_start(&following);
		figures_set_source(follow_kernel_figures);
	} else {
		daemon_status.follow = "chronyd";
		follow_chronyd_start(&following);
		figures_set_source(follow_chronyd_figures);
	}
	log_msg(LOG_INFO, "following %s: the clock and its sources are left to it",
		daemon_status.follow);
	return 0;
}

/**
 * follow_stop() - mirror nobody any more
 *
 * What was published last expires with its lease.
 */
void follow_stop(void)
{
	if (!started)
		return;
	started = false;
	figures_set_source(0);
	if (following.what == FOLLOW_KERNEL)
		follow_kernel_stop();
	else
		follow_chronyd_stop();
}
