// SPDX-License-Identifier: GPL-2.0
#include "notify.h"
#include "loop.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct timer watchdog;
static double interval;

/**
 * notify_send() - say something to the service manager
 * @state: lines of VAR=VALUE
 *
 * The socket is a path, or a name in the abstract space that begins with '@'.
 */
void notify_send(const char *state)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len = path ? strlen(path) : 0;
	int fd;

	if (!len || len >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const void *)&to,
	       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

/* From the loop: one that hangs does not come here. */
static void feed(void *arg)
{
	(void)arg;
	notify_send("WATCHDOG=1");
	timer_set(&watchdog, interval);
}

/* Twice in the time that the manager waits, as it asks for. */
static void start_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	double s = usec ? strtod(usec, NULL) * 1e-6 : 0;

	if (!(s > 0) || (pid && strtol(pid, NULL, 10) != getpid()))
		return;
	interval = s / 2;
	watchdog = (struct timer){ .fn = feed };
	timer_set(&watchdog, 0);
}

/**
 * notify_ready() - the start is over, or a reload is
 */
void notify_ready(void)
{
	notify_send("READY=1");
	if (!watchdog.armed)
		start_watchdog();
}

/**
 * notify_reloading() - the configuration is read anew
 *
 * notify_ready() ends it.
 */
void notify_reloading(void)
{
	char text[64];

	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
		 loop_now() / 1000);
	notify_send(text);
}

/**
 * notify_stopping() - the end has begun
 */
void notify_stopping(void)
{
	notify_send("STOPPING=1");
}
