// SPDX-License-Identifier: GPL-2.0
/* chrony's socket: each datagram is how far the system clock was off. */
#include "refclock.h"
#include "clk.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* "SOCK" */
#define MAGIC	0x534f434b
/* The system clock is not further off than all time since 1970, s. */
#define OFFSET_MAX	4e9

/**
 * struct sock_sample - a datagram
 * @at: when, CLOCK_REALTIME
 * @offset: of true time against it, s
 * @pulse: only a fraction of a second is known
 * @leap: enum ntp_leap
 * @unused: nothing
 * @magic: MAGIC
 */
struct sock_sample {
	struct timeval at;
	double offset;
	int pulse;
	int leap;
	int unused;
	int magic;
};

static bool is_sane(const struct sock_sample *s)
{
	return s->magic == MAGIC && isfinite(s->offset) &&
	       fabs(s->offset) < OFFSET_MAX && s->at.tv_sec >= 0 &&
	       s->at.tv_sec < (time_t)OFFSET_MAX && s->at.tv_usec >= 0 &&
	       s->at.tv_usec < 1000000;
}

static void on_ready(int fd, short revents, void *arg)
{
	struct refclock *rc = arg;
	struct sock_sample s;
	int64_t real, raw;
	ssize_t len;

	(void)revents;
	len = recv(fd, &s, sizeof(s), MSG_DONTWAIT | MSG_TRUNC);
	if (len < 0)
		return;
	if (len != sizeof(s)) {
		refclock_failed(rc, "a datagram of %zd octets, not of %zu", len,
				sizeof(s));
		return;
	}
	if (!is_sane(&s)) {
		refclock_failed(rc, "what a datagram says is no time");
		return;
	}
	real = s.at.tv_sec * NS_PER_S + s.at.tv_usec * 1000;
	raw = clk_raw_of_real(real);
	real += llround(s.offset * 1e9);
	if (s.pulse)
		refclock_pulse(rc, raw, real, 0);
	else
		refclock_time(rc, raw, real, 0, refclock_leap(s.leap));
}

/* What an earlier run left is taken away, but nothing else that stands there. */
static int bind_path(int fd, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct stat st;

	if (strlen(path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	memcpy(a.sun_path, path, strlen(path));
	if (!lstat(path, &st) && S_ISSOCK(st.st_mode))
		unlink(path);
	return bind(fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;
}

static int open_sock(struct refclock *rc)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = fd < 0 ? -errno : bind_path(fd, rc->conf->parameter);

	if (!err)
		err = loop_add_fd(fd, POLLIN, on_ready, rc);
	if (err)
		return refclock_cannot_open(rc, fd, err);
	rc->data = (void *)(intptr_t)fd;
	return 0;
}

static void close_sock(struct refclock *rc)
{
	int fd = (int)(intptr_t)rc->data;

	loop_del_fd(fd);
	close(fd);
	unlink(rc->conf->parameter);
}

const struct refclock_driver refclock_sock = {
	.name = "SOCK",
	.open = open_sock,
	.close = close_sock,
};
