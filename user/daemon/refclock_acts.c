// SPDX-License-Identifier: GPL-2.0
/*
 * Time by telephone: a modem dials one number after the other until a service
 * answers, some of its seconds are taken, and it hangs up. A service that hears
 * its marker echoed measures the way and sends ahead by it.
 */
#include "refclock.h"
#include "acts.h"
#include "clk.h"
#include "log.h"
#include "serial.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Seconds. */
#define BEFORE_CALL	1.0
#define MODEM_WAIT	5.0	/* for its OK */
#define ANSWER_WAIT	75.0	/* for the other end */
#define CODE_WAIT	20.0	/* for the first time code, and the next */
#define GUARD		1.2	/* of silence before and after +++ */

/* What a marker may be late by, s: measured, or as far as satellites are. */
#define MEASURED_ERROR	0.005
#define UNMEASURED_ERROR	0.15

enum {
	WANTED = 10,		/* seconds of a call */
	GARBAGE = 1024,		/* octets without a time code */
};

enum acts_state { IDLE, SETUP, DIALLING, CALL, QUIET, ESCAPED };

struct acts {
	int fd;		/* first: refclock_line.c's */
	enum acts_state state;
	struct timer timer;
	unsigned int phone, tried;	/* which one; and since the interval began */
	char line[ACTS_LINE];
	size_t len, garbage;
	unsigned int codes, measured;	/* of this call */
	bool good;
};

static struct acts *state(struct refclock *rc)
{
	return rc->data;
}

static const char *number(struct refclock *rc)
{
	return rc->conf->phone[state(rc)->phone];
}

static void say(struct refclock *rc, const char *what, const char *more)
{
	char text[CONF_NAME];
	int len = snprintf(text, sizeof(text), "%s%s\r", what, more);

	if (write(state(rc)->fd, text, (size_t)len) != len)
		refclock_failed(rc, "%s: %m", rc->conf->parameter);
}

static void enter(struct acts *a, enum acts_state to, double wait)
{
	a->state = to;
	a->len = 0;
	timer_set(&a->timer, wait);
}

/* The line is silent first, so that the modem hears that it is meant. */
static void hang_up(struct refclock *rc)
{
	serial_hang_up(state(rc)->fd);
	enter(state(rc), QUIET, GUARD);
}

static void __attribute__((format(printf, 2, 3)))
give_up(struct refclock *rc, const char *fmt, ...)
{
	char why[REFCLOCK_WHY / 2];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	refclock_failed(rc, "%s: %s", number(rc), why);
	hang_up(rc);
}

/* After a call: the next number at once, or the next time. */
static void next(struct refclock *rc)
{
	struct acts *a = state(rc);
	double wait = ldexp(1, rc->conf->poll);

	if (a->good) {
		a->tried = 0;
	} else if (++a->tried < rc->conf->n_phones) {
		a->phone = (a->phone + 1) % rc->conf->n_phones;
		wait = BEFORE_CALL;
	} else {
		a->phone = (a->phone + 1) % rc->conf->n_phones;
		a->tried = 0;
	}
	if (wait > BEFORE_CALL)
		refclock_flush(rc);
	enter(a, IDLE, wait);
}

static void begin_call(struct refclock *rc)
{
	struct acts *a = state(rc);

	a->codes = a->measured = 0;
	a->garbage = 0;
	a->good = false;
	serial_pick_up(a->fd);
	say(rc, rc->conf->init[0] ? rc->conf->init : "ATE0V1X4", "");
	enter(a, SETUP, MODEM_WAIT);
}

/* What was waited for has not come. */
static void on_timer(void *arg)
{
	struct refclock *rc = arg;

	switch (state(rc)->state) {
	case IDLE:
		begin_call(rc);
		break;
	case SETUP:
		give_up(rc, "the modem does not answer");
		break;
	case DIALLING:
		give_up(rc, "nobody answers");
		break;
	case CALL:
		give_up(rc, "no time code comes");
		break;
	case QUIET:
		if (write(state(rc)->fd, "+++", 3) != 3)
			refclock_failed(rc, "%s: %m", rc->conf->parameter);
		enter(state(rc), ESCAPED, GUARD);
		break;
	case ESCAPED:
		say(rc, "ATH0", "");
		next(rc);
	}
}

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

static void in_setup(struct refclock *rc, const char *line)
{
	if (begins(line, "ERROR")) {
		give_up(rc, "the modem refuses its setup");
	} else if (begins(line, "OK")) {
		log_msg(LOG_INFO, "%s: dials %s", rc->source.name, number(rc));
		say(rc, rc->conf->dial[0] ? rc->conf->dial : "ATDT",
		    number(rc));
		enter(state(rc), DIALLING, ANSWER_WAIT);
	}
}

static void in_dialling(struct refclock *rc, const char *line)
{
	static const struct {
		const char *said, *why;
	} failures[] = {
		{ "BUSY", "is busy" },
		{ "NO CARRIER", "no carrier" },
		{ "NO DIAL", "there is no dial tone" },
		{ "NO ANSWER", "nobody answers" },
		{ "ERROR", "the modem refuses to dial" },
	};
	size_t i;

	if (begins(line, "CONNECT")) {
		enter(state(rc), CALL, CODE_WAIT);
		return;
	}
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		if (!begins(line, failures[i].said))
			continue;
		give_up(rc, "%s", failures[i].why);
		return;
	}
}

static void take_code(struct refclock *rc, const struct acts_time *t,
		      const struct refclock_arrival *at)
{
	struct acts *a = state(rc);

	/* From here on it is known how long the way is. */
	if (t->measured && !a->measured++)
		rc->n_kept = 0;
	if (!t->measured && a->measured)
		return;
	a->garbage = 0;
	timer_set(&a->timer, CODE_WAIT);
	if (!at->raw)
		return;
	refclock_time(rc, at->raw, t->utc, at->error +
		      (t->measured ? MEASURED_ERROR : UNMEASURED_ERROR),
		      t->leap);
	/* Where nothing is measured it is over after twice as many. */
	if (++a->codes >= 2 * WANTED || a->measured >= WANTED) {
		a->good = true;
		hang_up(rc);
	}
}

static bool take_line(struct refclock *rc, bool at_end,
		      const struct refclock_arrival *at)
{
	struct acts *a = state(rc);
	char why[ACTS_WHY];
	enum acts_kind kind;
	struct acts_time t;

	kind = at_end ? acts_european(a->line, &t, why) :
			acts_nist(a->line, &t, why);
	if (kind == ACTS_TIME) {
		if (write(a->fd, t.measured ? "#" : "*", 1) != 1)
			refclock_failed(rc, "%s: %m", rc->conf->parameter);
		take_code(rc, &t, at);
	} else if (kind == ACTS_WRONG) {
		refclock_failed(rc, "%s: %s", number(rc), why);
		a->garbage += a->len;
	}
	return kind != ACTS_OTHER;
}

static void dropped(struct refclock *rc)
{
	struct acts *a = state(rc);

	a->good = a->codes >= rc->least;
	if (a->good)
		hang_up(rc);
	else
		give_up(rc, "the call was dropped");
}

static void in_call(struct refclock *rc, bool at_end,
		    const struct refclock_arrival *at)
{
	struct acts *a = state(rc);

	if (at_end && begins(a->line, "NO CARRIER")) {
		dropped(rc);
		return;
	}
	if (take_line(rc, at_end, at)) {
		a->len = 0;
		return;
	}
	if (!at_end)
		return;
	a->garbage += a->len;
	a->len = 0;
	if (a->garbage > GARBAGE)
		give_up(rc, "what comes is no time code: '%.16s'", a->line);
}

static void take_octet(struct refclock *rc, char c,
		       const struct refclock_arrival *at)
{
	struct acts *a = state(rc);
	bool at_end = c == '\n';

	if (c == '\r' || !c || a->state == IDLE || a->state >= QUIET)
		return;
	if (!at_end && a->len == sizeof(a->line) - 1) {
		a->garbage += a->len;
		a->len = 0;
	}
	if (!at_end)
		a->line[a->len++] = c >= ' ' && c <= '~' ? c : '?';
	a->line[a->len] = '\0';
	if (a->state == CALL) {
		if (at_end || c == '*' || c == '#')
			in_call(rc, at_end, at);
		return;
	}
	if (!at_end)
		return;
	a->len = 0;
	if (a->state == SETUP)
		in_setup(rc, a->line);
	else
		in_dialling(rc, a->line);
}

static void on_ready(int fd, short revents, void *arg)
{
	struct refclock *rc = arg;
	struct refclock_arrival at;
	char data[256];
	size_t len, i;

	(void)fd;
	len = refclock_line_read(rc, revents, data, sizeof(data), &at);
	for (i = 0; i < len; i++)
		take_octet(rc, data[i], &at);
}

static int open_acts(struct refclock *rc)
{
	int err = refclock_line_open(rc, sizeof(struct acts), on_ready);

	if (err)
		return err;
	state(rc)->timer = (struct timer){ .fn = on_timer, .arg = rc };
	enter(state(rc), IDLE, BEFORE_CALL);
	return 0;
}

static void close_acts(struct refclock *rc)
{
	timer_cancel(&state(rc)->timer);
	serial_hang_up(state(rc)->fd);
	refclock_line_close(rc);
}

const struct refclock_driver refclock_acts = {
	.name = "ACTS",
	.open = open_acts,
	.close = close_acts,
	.own_interval = true,
};
