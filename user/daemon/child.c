// SPDX-License-Identifier: GPL-2.0
#include "child.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

/**
 * child_keep_only() - Close the descriptors that the parent had open
 * @fd: is kept, as are the standard ones
 */
void child_keep_only(int fd)
{
	if (fd > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)fd - 1, 0);
	close_range((unsigned int)fd + 1, ~0U, 0);
}

/**
 * child_begin() - Prepare a child that does one job for its parent
 * @fd: the descriptor that the child writes its result to
 *
 * The child inherits the parent's signal handlers and descriptors. It restores the
 * default actions, closes the descriptors, and ends when its parent ends.
 */
void child_begin(int fd)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };
	size_t i;

	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		signal(caught[i], SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	child_keep_only(fd);
}
