// SPDX-License-Identifier: GPL-2.0
#include "initstep.h"
#include "conf.h"
#include "discipline.h"
#include "log.h"
#include "loop.h"
#include "ntp.h"
#include "pool.h"
#include "reference.h"

#include <stdio.h>
#include <string.h>

/* How long names may take; and then the bursts, eight requests 2 s apart, s. */
#define LOOKUP	10.0
#define LONGEST	30.0
#define LOOK	0.1

/* Stands in place of the configuration file and marks these sources. */
static const char origin[] = "initstepslew";

static struct {
	bool pending;
	int64_t began;
	struct timer timer;
	void (*over)(void);
} initial;

static bool is_initial(const struct ntp_group *g)
{
	return g && !strcmp(g->conf.file, origin);
}

static void forget_servers(void)
{
	struct ntp_group *g, *next;

	for (g = ntp_groups; g; g = next) {
		next = g->next;
		if (is_initial(g))
			ntp_group_del(g);
	}
}

/* Whether a server may still give a sample for the step. */
static bool has_hope(double elapsed)
{
	const struct ntp_source *src;

	if (elapsed >= LONGEST)
		return false;
	if (elapsed < LOOKUP && pool_unresolved())
		return true;
	for (src = ntp_sources; src; src = src->next)
		if (is_initial(src->group) && src->state == NTP_ONLINE &&
		    (src->burst_left || src->waiting))
			return true;
	return false;
}

static void look(void *arg)
{
	double elapsed = (double)(loop_now() - initial.began) * 1e-9;

	(void)arg;
	if (!reference.synced && has_hope(elapsed)) {
		timer_set(&initial.timer, LOOK);
		return;
	}
	if (!reference.synced)
		log_msg(LOG_WARNING, "No suitable source for initstepslew");
	discipline_step_first(-1);
	forget_servers();
	initial.pending = false;
	initial.over();
}

static void add(const struct config *c, const char *name)
{
	struct conf_error error = { .text = "" };
	char line[CONF_NAME + 16], why[NTP_WHY] = "";
	struct source_conf s;
	int err;

	snprintf(line, sizeof(line), "server %s iburst", name);
	err = conf_source_parse(&s, line, &error);
	if (!err) {
		snprintf(s.file, sizeof(s.file), "%s", origin);
		err = ntp_add_line(c, &s, true, why);
	}
	if (err)
		log_msg(LOG_WARNING, "initstepslew: %s", *why ? why : error.text);
}

/**
 * initstep_start() - ask the servers of `initstepslew`
 * @c: the configuration; without such servers nothing is done
 * @over: called when the clock has been corrected, or nobody has answered
 */
void initstep_start(const struct config *c, void (*over)(void))
{
	size_t i;

	if (!c->initstep.n)
		return;
	initial.pending = true;
	initial.over = over;
	initial.began = loop_now();
	initial.timer.fn = look;
	discipline_step_first(c->initstep_threshold);
	for (i = 0; i < c->initstep.n; i++)
		add(c, c->initstep.at[i]);
	timer_set(&initial.timer, LOOK);
}

/**
 * initstep_pending() - Check whether the initial step is still to be made
 */
bool initstep_pending(void)
{
	return initial.pending;
}

/**
 * initstep_stop() - Cancel the initial step
 */
void initstep_stop(void)
{
	timer_cancel(&initial.timer);
	initial.pending = false;
}
