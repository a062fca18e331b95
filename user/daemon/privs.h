/* SPDX-License-Identifier: GPL-2.0 */
/* What the process may do after start: no more than its work needs. */
#ifndef KNTPD_PRIVS_H
#define KNTPD_PRIVS_H

#include <stdbool.h>

#define PRIVS_USER	"kntp"

/* Under a preloaded simulator nothing of this is done. */
bool privs_simulated(void);

/*
 * Becomes USER (NULL: PRIVS_USER) with three capabilities. 0, also where the
 * process runs on as it was started, which is said; -errno when it should
 * have been possible and was not.
 */
int privs_drop(const char *user);

/**
 * enum seccomp_level - what a system call outside the filter does
 * @SECCOMP_LOG: it is done, and the kernel logs it
 * @SECCOMP_OFF: there is no filter
 * @SECCOMP_KILL: it ends the process
 */
enum seccomp_level {
	SECCOMP_LOG = -1,
	SECCOMP_OFF = 0,
	SECCOMP_KILL = 1,
};

/* When all is open that needs more than the loop does. 0 or -errno. */
int seccomp_start(int level);

#endif
