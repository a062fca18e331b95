// SPDX-License-Identifier: GPL-2.0
/* What the service manager hears: user/daemon/notify.c. */
#include "harness.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../user/daemon/loop.h"
#include "../../user/daemon/notify.h"

static int heard(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(name);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(a.sun_path, name, len);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	if (fd < 0 || bind(fd, (const void *)&a,
			   (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				       len)))
		abort();
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static void hears(int fd, const char *text)
{
	char got[256];
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	got[n > 0 ? n : 0] = '\0';
	CHECK(!strncmp(got, text, strlen(text)), "'%s', not '%s'", got, text);
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop();
}

static void test_path(void)
{
	char dir[] = "/tmp/kntp-notify-XXXXXX", path[64];
	int fd;

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/socket", dir);
	fd = heard(path);
	notify_ready();
	hears(fd, "READY=1");
	notify_reloading();
	hears(fd, "RELOADING=1\nMONOTONIC_USEC=");
	notify_stopping();
	hears(fd, "STOPPING=1");
	close(fd);
	unlink(path);
	rmdir(dir);
	/* Nobody there, and no name at all. */
	notify_ready();
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
}

static void test_watchdog(void)
{
	static struct timer timer = { .fn = stop };
	char name[64], pid[32];
	unsigned int fed = 0;
	char got[64];
	int fd;

	snprintf(name, sizeof(name), "@kntp-notify-%d", (int)getpid());
	fd = heard(name);
	setenv("WATCHDOG_USEC", "200000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	notify_ready();
	hears(fd, "READY=1");
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	notify_ready();
	hears(fd, "READY=1");
	timer_set(&timer, 0.55);
	loop_run();
	while (recv(fd, got, sizeof(got), 0) == 10)
		fed += !memcmp(got, "WATCHDOG=1", 10);
	/* At 0, 0.1 and so on; another process's would be none. */
	CHECK(fed >= 3 && fed <= 6, "fed %u times in 0.55 s", fed);
	close(fd);
}

static const struct test_case cases[] = {
	{ "said to a path", test_path },
	{ "the watchdog is fed from the loop", test_watchdog },
};

TEST_MAIN(cases)
