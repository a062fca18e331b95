// SPDX-License-Identifier: GPL-2.0
#include "sanity.h"
#include "clk.h"
#include "conf.h"
#include "log.h"
#include "loop.h"

#include <math.h>
#include <stdint.h>

/**
 * sanity_is_usual() - whether an offset is one that no limit speaks of
 * @c: `maxchange` and `spike`
 * @offset: of the clock, s
 * @updates: that there were before
 *
 * As sanity_allows(), but nothing is counted, logged or ended by it.
 */
bool sanity_is_usual(const struct config *c, double offset,
		     unsigned int updates)
{
	if (c->maxchange > 0 && fabs(offset) > c->maxchange &&
	    updates > (unsigned int)c->maxchange_start)
		return false;
	return !(c->spike > 0) || fabs(offset) <= c->spike;
}

static bool is_sane(const struct config *c, double offset, unsigned int updates)
{
	static int ignored;

	if (!(c->maxchange > 0) || fabs(offset) <= c->maxchange ||
	    updates <= (unsigned int)c->maxchange_start)
		return true;
	if (c->maxchange_ignore < 0 || ignored++ < c->maxchange_ignore) {
		log_msg(LOG_WARNING, "an offset of %.6f s is ignored", offset);
		return false;
	}
	log_msg(LOG_ERR, "an offset of %.6f s is more than maxchange allows: giving up",
		offset);
	loop_stop();
	return false;
}

static bool is_spike(const struct config *c, double offset, unsigned int updates)
{
	static int64_t since;

	if (!(c->spike > 0) || fabs(offset) <= c->spike || !updates) {
		since = 0;
		return false;
	}
	if (!since) {
		since = clk_raw();
		log_msg(LOG_WARNING, "an offset of %.6f s is a spike, unless it is there for %g s",
			offset, c->spike_watch);
	}
	if ((double)(clk_raw() - since) * 1e-9 < c->spike_watch)
		return true;
	since = 0;
	return false;
}

/**
 * sanity_allows() - whether an offset may be corrected
 * @c: `maxchange`, beyond which nothing is, and `spike`, beyond which it has to
 *	be there for a while first (RFC 5905 section 12, state SPIK)
 * @offset: of the clock, s
 * @updates: that there were before
 *
 * Ends the daemon where maxchange says so.
 */
bool sanity_allows(const struct config *c, double offset, unsigned int updates)
{
	return is_sane(c, offset, updates) && !is_spike(c, offset, updates);
}
