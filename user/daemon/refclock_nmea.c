// SPDX-License-Identifier: GPL-2.0
/*
 * A receiver's sentences on a serial line. All that it sends for a second begins
 * at a moment after it, which is the same each time: that one is stamped,
 * whichever sentence it is that says the time.
 */
#include "refclock.h"
#include "clk.h"
#include "nmea.h"

/* The line is quiet for longer between what belongs to two seconds, ns. */
#define GAP		(NS_PER_S / 10)
/* Sentences without time, before it is said that there is none. */
#define PATIENCE	50
/* Times without a word about a fix, before the receiver is one that has none. */
#define ALONE		4

struct nmea {
	int fd;		/* first: refclock_line.c's */
	char line[NMEA_LINE];
	size_t len;
	struct refclock_arrival begun;	/* of this second's */
	int64_t last;		/* RAW: some octet */
	int64_t told;		/* UTC of the last time that was used */
	unsigned int without;	/* time, sentences in a row */
	bool used;		/* the stamp in BEGUN has served a time */
	bool fix;		/* the last word about it was that there is one */
	bool told_of_fix;	/* there was such a word */
	unsigned int alone;	/* times before any word about a fix */
};

/* One beginning serves one time: a later one did not begin then. */
static void use_time(struct refclock *rc, struct nmea *n, int64_t utc)
{
	n->without = 0;
	if (utc == n->told)
		return;
	n->told = utc;
	if (n->used) {
		refclock_failed(rc, "the line is never quiet: nobody knows when a second's sentences begin");
		return;
	}
	n->used = true;
	if (n->begun.raw)
		refclock_time(rc, n->begun.raw, utc,
			      10.0 / rc->conf->baud + n->begun.error, 0);
}

/*
 * A receiver runs on its own clock until it has a fix, and ZDA does not say
 * whether it has. One that never tells of a fix in RMC or GGA is believed.
 */
static bool has_fix(struct nmea *n)
{
	if (n->told_of_fix)
		return n->fix;
	return ++n->alone > ALONE;
}

static void tell_fix(struct nmea *n, bool fix)
{
	n->fix = fix;
	n->told_of_fix = true;
}

static void take_sentence(struct refclock *rc, struct nmea *n)
{
	int64_t utc;

	switch (nmea_parse(n->line, &utc)) {
	case NMEA_TIME:
		tell_fix(n, true);
		use_time(rc, n, utc);
		break;
	case NMEA_CLOCK:
		n->without = 0;
		if (has_fix(n))
			use_time(rc, n, utc);
		break;
	case NMEA_FIX:
		tell_fix(n, true);
		break;
	case NMEA_VOID:
		tell_fix(n, false);
		refclock_failed(rc, "the receiver does not know the time");
		break;
	case NMEA_GARBLED:
		refclock_failed(rc, "what comes is garbled: '%.16s'", n->line);
		break;
	case NMEA_OTHER:
		if (++n->without % PATIENCE == 0)
			refclock_failed(rc, "the receiver sends neither RMC nor ZDA");
	}
}

static void take_octet(struct refclock *rc, struct nmea *n, char c)
{
	if (c == '$')
		n->len = 0;
	if (c == '\r' || c == '\n') {
		n->line[n->len] = '\0';
		if (n->len)
			take_sentence(rc, n);
		n->len = 0;
		return;
	}
	/* Binary protocols of some receivers come between the sentences. */
	if (c < ' ' || c > '~' || (!n->len && c != '$'))
		return;
	if (n->len < sizeof(n->line) - 1)
		n->line[n->len++] = c;
}

static void on_ready(int fd, short revents, void *arg)
{
	struct refclock *rc = arg;
	struct nmea *n = rc->data;
	struct refclock_arrival at;
	int64_t now = clk_raw();
	char data[256];
	size_t len, i;

	(void)fd;
	len = refclock_line_read(rc, revents, data, sizeof(data), &at);
	if (!len)
		return;
	/* What comes first of all may have begun before. */
	if (n->last && now - n->last > GAP) {
		n->begun = at;
		n->used = false;
	}
	n->last = now;
	for (i = 0; i < len; i++)
		take_octet(rc, n, data[i]);
}

static int open_nmea(struct refclock *rc)
{
	return refclock_line_open(rc, sizeof(struct nmea), on_ready);
}

const struct refclock_driver refclock_nmea = {
	.name = "NMEA",
	.open = open_nmea,
	.close = refclock_line_close,
};
