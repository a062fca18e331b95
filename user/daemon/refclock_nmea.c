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

struct nmea {
	int fd;		/* first: refclock_line.c's */
	char line[NMEA_LINE];
	size_t len;
	struct refclock_arrival begun;	/* of this second's */
	int64_t last;		/* RAW: some octet */
	int64_t told;		/* UTC of the last time that was used */
	unsigned int without;	/* time, sentences in a row */
};

static void take_sentence(struct refclock *rc, struct nmea *n)
{
	int64_t utc;

	switch (nmea_parse(n->line, &utc)) {
	case NMEA_TIME:
		n->without = 0;
		if (utc == n->told)
			return;
		n->told = utc;
		if (n->begun.raw)
			refclock_time(rc, n->begun.raw, utc,
				      10.0 / rc->conf->baud + n->begun.error, 0);
		break;
	case NMEA_VOID:
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
	if (now - n->last > GAP)
		n->begun = at;
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
