/* SPDX-License-Identifier: GPL-2.0 */
/* Files that are written whole or not at all. */
#ifndef KNTP_LIB_WHOLE_H
#define KNTP_LIB_WHOLE_H

#include <stddef.h>
#include <sys/types.h>

/* In the place of NAME, if there is one. 0 or -errno. */
int whole_write(const char *name, const char *text, size_t len, mode_t mode);

#endif
