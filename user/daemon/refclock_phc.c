// SPDX-License-Identifier: GPL-2.0
/* A hardware clock that keeps true time, or stamps a pulse that does. */
#include "refclock.h"
#include "clk.h"
#include "phc.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a hardware clock's rate is off by, at the most, before it is known. */
#define RATE_ERROR	1e-4

/* What is open, and the last two readings: by them stamps are carried over. */
struct phc {
	int fd;
	bool cross;
	int64_t pulse;		/* the last one, by the hardware clock, ns */
	struct phc_reading last, before;
};

static struct phc *state(struct refclock *rc)
{
	return rc->data;
}

static bool look(struct refclock *rc)
{
	struct phc *p = state(rc);
	struct phc_reading r;
	int err = phc_read(p->fd, &p->cross, &r);

	if (err) {
		errno = -err;
		refclock_failed(rc, "%s: %m", rc->conf->parameter);
		if (err == -ENODEV)
			refclock_reopen(rc);
		return false;
	}
	if (!r.raw)
		r.raw = clk_raw_of_real(r.real);
	p->before = p->last;
	p->last = r;
	return true;
}

/* A stamp of the hardware clock, from less than some seconds ago, as RAW. */
static int64_t carried(const struct phc *p, int64_t at, double *dispersion)
{
	int64_t raw = p->last.raw - p->before.raw;
	int64_t phc = p->last.phc - p->before.phc;
	double ago = (double)(p->last.phc - at), rate = 1;

	*dispersion = p->last.dispersion;
	/* The clock may have been set in between. */
	if (p->before.raw && raw > 0 &&
	    fabs((double)phc / (double)raw - 1) < RATE_ERROR)
		rate = (double)raw / (double)phc;
	else
		*dispersion += fabs(ago) * 1e-9 * RATE_ERROR;
	return p->last.raw - llround(ago * rate);
}

static void take_pulse(struct refclock *rc, int64_t at)
{
	double dispersion;
	int64_t raw;

	if (at == state(rc)->pulse || !look(rc))
		return;
	state(rc)->pulse = at;
	raw = carried(state(rc), at, &dispersion);
	refclock_pulse(rc, raw, 0, dispersion);
}

/*
 * Another channel's pulse goes to the reference clock that has it: before Linux
 * 6.7 it is in no other queue, since then perhaps in that one's, too.
 */
static void on_pulse(int fd, short revents, void *arg)
{
	struct refclock *rc = arg, *other;
	unsigned int channel;
	int64_t at;
	int err = phc_pulse(fd, &channel, &at);

	(void)revents;
	if (err && err != -EAGAIN) {
		errno = -err;
		refclock_failed(rc, "%s: %m", rc->conf->parameter);
		refclock_reopen(rc);
	}
	if (err)
		return;
	for (other = refclocks; other; other = other->next)
		if (other->driver == rc->driver && other->is_open &&
		    other->conf->extpps &&
		    other->conf->channel == (int)channel &&
		    !strcmp(other->conf->parameter, rc->conf->parameter))
			take_pulse(other, at);
}

static int begin_pulses(struct refclock *rc, int fd)
{
	const struct refclock_conf *conf = rc->conf;
	int err;

	if (!conf->extpps)
		return 0;
	err = phc_pulses(fd, conf->pin, (unsigned int)conf->channel,
			 conf->clear, true);
	return err ? err : loop_add_fd(fd, POLLIN, on_pulse, rc);
}

static int open_phc(struct refclock *rc)
{
	struct phc *p = calloc(1, sizeof(*p));
	int err = p ? 0 : -ENOMEM;

	if (!err) {
		p->fd = phc_open(rc->conf->parameter);
		p->cross = !rc->conf->nocrossts;
		err = p->fd < 0 ? p->fd : begin_pulses(rc, p->fd);
	}
	if (err) {
		err = refclock_cannot_open(rc, p ? p->fd : -1, err);
		free(p);
		return err;
	}
	rc->data = p;
	return 0;
}

static void close_phc(struct refclock *rc)
{
	struct phc *p = state(rc);

	if (rc->conf->extpps) {
		loop_del_fd(p->fd);
		phc_pulses(p->fd, -1, (unsigned int)rc->conf->channel, false,
			   false);
	}
	close(p->fd);
	free(p);
}

static void read_phc(struct refclock *rc)
{
	const struct phc *p = state(rc);

	if (!look(rc) || rc->conf->extpps)
		return;
	refclock_time(rc, p->last.raw, p->last.phc, p->last.dispersion, 0);
}

const struct refclock_driver refclock_phc = {
	.name = "PHC",
	.open = open_phc,
	.close = close_phc,
	.read = read_phc,
};
