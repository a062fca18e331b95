// SPDX-License-Identifier: GPL-2.0
/* The kernel's pulses (RFC 2783), which its interrupt has stamped. */
#include "refclock.h"
#include "clk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pps.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What is open: its edge, and the number of the pulse that was read last. */
struct pps {
	int fd;
	bool clear, seen;
	uint32_t last;
};

/* The edge is captured; what else the device does for others goes on. */
static int prepare(int fd, int edge)
{
	struct pps_kparams p;
	int can;

	if (ioctl(fd, PPS_GETCAP, &can) || ioctl(fd, PPS_GETPARAMS, &p))
		return -errno;
	if (!(can & edge))
		return -EOPNOTSUPP;
	if (p.mode & edge)
		return 0;
	p.mode = (p.mode | edge) & can;
	return ioctl(fd, PPS_SETPARAMS, &p) ? -errno : 0;
}

static int open_pps(struct refclock *rc)
{
	int edge = rc->conf->clear ? PPS_CAPTURECLEAR : PPS_CAPTUREASSERT;
	int fd = open(rc->conf->parameter, O_RDWR | O_CLOEXEC), err;
	struct pps *p = NULL;

	err = fd < 0 ? -errno : prepare(fd, edge);
	if (!err) {
		p = calloc(1, sizeof(*p));
		err = p ? 0 : -ENOMEM;
	}
	if (err)
		return refclock_cannot_open(rc, fd, err);
	*p = (struct pps){ .fd = fd, .clear = rc->conf->clear };
	rc->data = p;
	return 0;
}

static void close_pps(struct refclock *rc)
{
	struct pps *p = rc->data;

	close(p->fd);
	free(p);
}

/* The last pulse; one that was there before this run is not of now. */
static void read_pps(struct refclock *rc)
{
	struct pps_fdata data = { .timeout.flags = 0 };
	struct pps *p = rc->data;
	struct pps_ktime *at;
	uint32_t number;
	bool new;

	if (ioctl(p->fd, PPS_FETCH, &data)) {
		refclock_failed(rc, "%s: %m", rc->conf->parameter);
		if (errno == ENODEV)
			refclock_reopen(rc);
		return;
	}
	number = p->clear ? data.info.clear_sequence :
			    data.info.assert_sequence;
	at = p->clear ? &data.info.clear_tu : &data.info.assert_tu;
	new = p->seen && number != p->last;
	p->seen = true;
	p->last = number;
	if (new)
		refclock_pulse(rc, clk_raw_of_real(at->sec * NS_PER_S +
						   at->nsec), 0, 0);
}

const struct refclock_driver refclock_pps = {
	.name = "PPS",
	.open = open_pps,
	.close = close_pps,
	.read = read_pps,
};
