/* SPDX-License-Identifier: GPL-2.0 */
/* What a child process of kntpd does first. */
#ifndef KNTPD_CHILD_H
#define KNTPD_CHILD_H

/* Closes all descriptors but the standard ones and FD. */
void child_keep_only(int fd);
/* Ends with its parent, takes signals as usual, and keeps FD only. */
void child_begin(int fd);

#endif
