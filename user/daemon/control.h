/* SPDX-License-Identifier: GPL-2.0 */
/* The local socket that the command line talks to. */
#ifndef KNTPD_CONTROL_H
#define KNTPD_CONTROL_H

/**
 * control_open() - take requests from now on
 * @path: of the socket, in a directory that is made when it is missing
 *
 * A socket that a dead daemon has left there is replaced. The group that may
 * change things is looked up here, once: before privileges are dropped.
 *
 * Return: 0, -EADDRINUSE when a daemon answers there, or -errno.
 */
int control_open(const char *path);

/* Hangs up on all clients and removes the socket. */
void control_close(void);

#endif
