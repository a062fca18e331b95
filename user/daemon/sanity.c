// SPDX-License-Identifier: GPL-2.0
#include "sanity.h"
#include "clk.h"
#include "conf.h"
#include "log.h"
#include "loop.h"

#include <math.h>
#include <stdint.h>

static bool exceeds_maxchange(const struct config *c, double offset,
			      unsigned int updates)
{
	return c->maxchange > 0 && !(fabs(offset) <= c->maxchange) &&
	       updates > (unsigned int)c->maxchange_start;
}

static bool exceeds_spike(const struct config *c, double offset)
{
	return c->spike > 0 && !(fabs(offset) <= c->spike);
}

/**
 * sanity_is_usual() - Check an offset against `maxchange` and `spike`
 * @c: the configuration
 * @offset: of the clock, s
 * @updates: number of updates before this one
 *
 * Unlike sanity_allows() this counts nothing, logs nothing and ends nothing.
 * Return: whether the offset exceeds neither limit.
 */
bool sanity_is_usual(const struct config *c, double offset,
		     unsigned int updates)
{
	return !exceeds_maxchange(c, offset, updates) &&
	       !exceeds_spike(c, offset);
}

static bool is_sane(const struct config *c, double offset, unsigned int updates)
{
	static int ignored;

	if (!exceeds_maxchange(c, offset, updates))
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

	if (!exceeds_spike(c, offset) || !updates) {
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
