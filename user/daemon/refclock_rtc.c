// SPDX-License-Identifier: GPL-2.0
/* A real-time clock, which says when its seconds begin. */
#include "refclock.h"
#include "clk.h"
#include "rtc_device.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How late this daemon is when it is told of a second, s. */
#define PRECISION	1e-4

static void on_second(int fd, short revents, void *arg)
{
	struct refclock *rc = arg;
	int64_t raw = clk_raw(), utc;
	int err;

	(void)revents;
	rtc_told(fd);
	err = rtc_read(fd, !rc->conf->utc, &utc);
	if (!err) {
		refclock_time(rc, raw, utc, PRECISION, 0);
		return;
	}
	refclock_failed(rc, "%s: %s", rc->conf->parameter, strerror(-err));
	refclock_reopen(rc);
}

static int open_rtc(struct refclock *rc)
{
	int fd = rtc_open(rc->conf->parameter);
	int err = fd < 0 ? fd : rtc_tell(fd, true);

	if (!err)
		rc->data = malloc(sizeof(fd));
	if (!err && !rc->data)
		err = -ENOMEM;
	if (!err)
		err = loop_add_fd(fd, POLLIN, on_second, rc);
	if (err) {
		free(rc->data);
		rc->data = NULL;
		return refclock_cannot_open(rc, fd < 0 ? -1 : fd, err);
	}
	*(int *)rc->data = fd;
	return 0;
}

static void close_rtc(struct refclock *rc)
{
	int fd = *(int *)rc->data;

	loop_del_fd(fd);
	rtc_tell(fd, false);
	close(fd);
	free(rc->data);
	rc->data = NULL;
}

const struct refclock_driver refclock_rtc = {
	.name = "RTC",
	.open = open_rtc,
	.close = close_rtc,
};
