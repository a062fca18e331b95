// SPDX-License-Identifier: GPL-2.0
/* What drivers have in common whose device is at a serial line. */
#include "refclock.h"
#include "clk.h"
#include "serial.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* What may be later than that is of no known time, ns. */
#define OVERDUE_MAX	(NS_PER_S / 100)

/**
 * refclock_line_open() - open a driver's line
 * @rc: its parameter is the path; its data is made, and begins with the
 *	descriptor, an int
 * @size: of the data; the rest of it is zero
 * @fn: is called when something has come
 *
 * Return: 0, or -errno, which has been said.
 */
int refclock_line_open(struct refclock *rc, size_t size, loop_fd_fn fn)
{
	int fd = serial_open(rc->conf->parameter, rc->conf->baud);
	int *data = fd < 0 ? NULL : calloc(1, size);
	int err = fd < 0 ? fd : !data ? -ENOMEM :
		  loop_add_fd(fd, POLLIN, fn, rc);

	if (err) {
		free(data);
		return refclock_cannot_open(rc, fd, err);
	}
	*data = fd;
	rc->data = data;
	return 0;
}

/**
 * refclock_line_close() - close it, and forget the driver's data
 * @rc: of refclock_line_open()
 */
void refclock_line_close(struct refclock *rc)
{
	int fd = *(int *)rc->data;

	loop_del_fd(fd);
	close(fd);
	free(rc->data);
}

/**
 * refclock_line_read() - what has come
 * @rc: whose line; it is closed and tried again when the line is dead
 * @revents: as poll(2) gave them
 * @data: where to
 * @size: of @data
 * @at: is told when it came, as far as that is known
 *
 * Return: octets; 0: nothing, and the driver's data may be gone.
 */
size_t refclock_line_read(struct refclock *rc, short revents, char *data,
			  size_t size, struct refclock_arrival *at)
{
	int64_t overdue = loop_overdue(), raw = clk_raw();
	ssize_t len = read(*(int *)rc->data, data, size);

	at->raw = overdue > OVERDUE_MAX ? 0 : raw;
	at->error = (double)overdue * 1e-9;
	if (len > 0)
		return (size_t)len;
	if (len < 0 && errno == EAGAIN && !(revents & (POLLHUP | POLLERR)))
		return 0;
	refclock_failed(rc, "%s: the line is dead", rc->conf->parameter);
	refclock_reopen(rc);
	return 0;
}
