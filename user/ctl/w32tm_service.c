// SPDX-License-Identifier: GPL-2.0
/*
 * w32tm /register and /unregister: the module is DKMS's and the service
 * systemd's, so it is they who are told.
 */
#include "w32tm.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ERROR(text)	"The following error occurred: " text
#define UNIT		"kntpd.service"
#define MODULE		"kntp/" KNTP_VERSION
#define SOURCES		"/usr/src/kntp-" KNTP_VERSION

extern char **environ;

/* Its exit status, or -1 where it cannot be run; QUIET: whatever it prints. */
static int run(bool quiet, const char *const argv[])
{
	posix_spawn_file_actions_t files;
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if (posix_spawn_file_actions_init(&files))
		return -1;
	/* What it has to say is no line of w32tm's. */
	if (quiet)
		posix_spawn_file_actions_addopen(&files, 2, "/dev/null", 1, 0);
	if (posix_spawn_file_actions_adddup2(&files, 2, 1) ||
	    posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)argv,
			 environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&files);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#define RUN(quiet, ...)	run(quiet, (const char *const[]){ __VA_ARGS__, NULL })

static bool has_sources(void)
{
	struct stat st;

	return !stat(SOURCES "/dkms.conf", &st);
}

/* Whether it may be done at all; if not it is said why. */
static int may_change(struct w32 *w)
{
	int status = w32_rest(w);

	if (status)
		return status;
	if (geteuid()) {
		puts(ERROR("Access is denied. (0x80070005)"));
		return EXIT_NOT_PERMITTED;
	}
	if (RUN(true, "systemctl", "cat", UNIT)) {
		puts(ERROR("The specified service does not exist as an installed service. (0x80070424)"));
		return EXIT_NOT_RUNNING;
	}
	return 0;
}

int w32_register(struct w32 *w)
{
	int status = may_change(w);

	if (status)
		return status;
	if (has_sources() && RUN(true, "modinfo", "kntp") &&
	    RUN(false, "dkms", "install", MODULE))
		return ctl_failed(w->ctl, "dkms did not install " MODULE);
	if (RUN(false, "systemctl", "enable", "--now", UNIT))
		return ctl_failed(w->ctl, "systemd did not start " UNIT);
	puts("W32Time successfully registered.");
	return 0;
}

int w32_unregister(struct w32 *w)
{
	int status = may_change(w);

	if (status)
		return status;
	if (RUN(false, "systemctl", "disable", "--now", UNIT))
		return ctl_failed(w->ctl, "systemd did not stop " UNIT);
	RUN(true, "rmmod", "kntp");
	if (has_sources() && !RUN(true, "modinfo", "kntp") &&
	    RUN(false, "dkms", "remove", MODULE, "--all"))
		return ctl_failed(w->ctl, "dkms did not remove " MODULE);
	puts("W32Time successfully unregistered.");
	return 0;
}
