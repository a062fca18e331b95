// SPDX-License-Identifier: GPL-2.0
#include "privs.h"
#include "log.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

/*
 * The module and its clock, the system clock, and UDP/123 where a socket is
 * opened later than at start.
 */
static const cap_value_t kept[] = {
	CAP_NET_ADMIN, CAP_SYS_TIME, CAP_NET_BIND_SERVICE,
};

#define N_KEPT	(sizeof(kept) / sizeof(kept[0]))

/**
 * privs_simulated() - whether clocks and network are simulated
 *
 * The simulator opens files and sockets in this process for itself, so it would
 * be what a filter kills.
 */
bool privs_simulated(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return getenv("CLKNETSIM_NODE") && preload &&
	       strstr(preload, "clknetsim");
}

/* Those of the three that the process has: in a container it may not be all. */
static int limit_capabilities(void)
{
	cap_t have = cap_get_proc(), want = cap_init();
	cap_flag_value_t has;
	cap_value_t on[N_KEPT];
	int i, n = 0, err = 0;
	char *name;

	if (!have || !want)
		err = -ENOMEM;
	for (i = 0; i < (int)N_KEPT && !err; i++) {
		if (!cap_get_flag(have, kept[i], CAP_PERMITTED, &has) &&
		    has == CAP_SET) {
			on[n++] = kept[i];
			continue;
		}
		name = cap_to_name(kept[i]);
		log_msg(LOG_NOTICE, "runs without %s", name ? name : "?");
		cap_free(name);
	}
	if (!err && n && (cap_set_flag(want, CAP_PERMITTED, n, on, CAP_SET) ||
			  cap_set_flag(want, CAP_EFFECTIVE, n, on, CAP_SET)))
		err = -errno;
	if (!err && cap_set_proc(want))
		err = -errno;
	cap_free(have);
	cap_free(want);
	return err;
}

/* Supplementary groups stay the user's own: devices are had by them. */
static int become(const struct passwd *pw)
{
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) ||
	    initgroups(pw->pw_name, pw->pw_gid) ||
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) ||
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid))
		return -errno;
	return 0;
}

/*
 * A user that was named must be there, as chronyd demands: a misspelt one would
 * run the daemon as root. Without the default one it runs as root, but with no
 * more capabilities than any other user has.
 */
static int drop(const char *user)
{
	const struct passwd *pw;
	int err;

	if (geteuid()) {
		log_msg(LOG_INFO, "not started as root: runs as started");
		return limit_capabilities();
	}
	errno = 0;
	pw = getpwnam(user ? user : PRIVS_USER);
	if (!pw && user) {
		log_msg(LOG_ERR, "user: there is no user %s", user);
		return errno ? -errno : -ENOENT;
	}
	if (!pw || !pw->pw_uid) {
		log_msg(LOG_NOTICE, "%s%s: runs as root, with few capabilities",
			pw ? "user " : "there is no user ",
			user ? user : PRIVS_USER);
		return limit_capabilities();
	}
	err = become(pw);
	if (!err)
		err = limit_capabilities();
	if (!err)
		log_msg(LOG_INFO, "runs as user %s", pw->pw_name);
	return err;
}

/**
 * privs_drop() - give up what is not needed
 * @user: to become, NULL for PRIVS_USER
 *
 * After this nothing that is executed gains anything by its file's mode.
 *
 * Return: 0, or -errno; then the process must not go on.
 */
int privs_drop(const char *user)
{
	int err;

	if (privs_simulated()) {
		log_msg(LOG_INFO, "under a simulator: runs as started");
		return 0;
	}
	err = drop(user);
	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	if (err) {
		errno = -err;
		log_msg(LOG_ERR, "privileges cannot be dropped: %m");
	}
	return err;
}
