// SPDX-License-Identifier: GPL-2.0
#include "rates.h"
#include "clk.h"
#include "conf.h"
#include "counters.h"
#include "loop.h"
#include "names.h"
#include "nl.h"
#include "publish.h"
#include "records.h"

#include <linux/kntp.h>

/* s */
#define INTERVAL	16.0

static struct {
	const struct config *conf;
	struct timer timer;
	struct stats before;
	int64_t at;		/* CLOCK_MONOTONIC_RAW, ns, of that; 0: none */
} rates;

static void record(const struct stats *now, double s)
{
	const struct hook_stats *h, *b;
	struct record_requests r;
	size_t i;

	for (i = 0; i < now->n && i < rates.before.n; i++) {
		h = &now->hook[i];
		b = &rates.before.hook[i];
		r.hook = hook_name(h->hook);
		r.interval = s;
		r.in = counter_rate(b->count[KNTP_STAT_IN],
				    h->count[KNTP_STAT_IN], s);
		r.answered = counter_rate(b->count[KNTP_STAT_ANSWERED],
					  h->count[KNTP_STAT_ANSWERED], s);
		r.passed = counter_rate(b->passed, h->passed, s);
		r.dropped = counter_rate(b->dropped, h->dropped, s);
		if (h->count[KNTP_STAT_IN])
			record_requests(&r);
	}
}

static void look(void *arg)
{
	struct nl *nl = rates.conf->log & CONF_LOG_REQUESTS ? publish_nl() : NULL;
	struct stats now = { 0 };
	int64_t raw = clk_raw();

	(void)arg;
	timer_set(&rates.timer, INTERVAL);
	if (nl) {
		nl_begin(nl, KNTP_CMD_STATS_GET, NULL);
		if (nl_do(nl, counters_collect, &now))
			nl = NULL;
	}
	if (nl && rates.at)
		record(&now, (double)(raw - rates.at) * 1e-9);
	rates.before = now;
	rates.at = nl ? raw : 0;
}

/**
 * rates_start() - begin to count requests, for `log requests`
 * @c: the configuration; stays
 */
void rates_start(const struct config *c)
{
	rates.conf = c;
	rates.timer.fn = look;
	look(NULL);
}

/**
 * rates_stop() - it is over
 */
void rates_stop(void)
{
	timer_cancel(&rates.timer);
}
