// SPDX-License-Identifier: GPL-2.0
#include "whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/**
 * whole_write() - write a file in the place of another
 * @name: of both; what is beside it with .new at its end is removed
 * @text: all of it
 * @len: octets
 * @mode: of a new file
 *
 * What is killed while it writes leaves the old file. Return: 0 or -errno, and
 * then all is as it was.
 */
int whole_write(const char *name, const char *text, size_t len, mode_t mode)
{
	char new[4096];
	int fd, err = 0;

	if (snprintf(new, sizeof(new), "%s.new", name) >= (int)sizeof(new))
		return -ENAMETOOLONG;
	/* One that a killed writer has left goes; a link there is not followed. */
	if (unlink(new) && errno != ENOENT)
		return -errno;
	fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		  mode);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		err = -EIO;
	/* Else a power loss after the rename leaves an empty file of that name. */
	if (!err && fsync(fd) && errno != EINVAL)
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(new, name))
		err = -errno;
	if (err)
		unlink(new);
	return err;
}
