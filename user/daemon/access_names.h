/* SPDX-License-Identifier: GPL-2.0 */
/* Hosts that `allow` and `deny` name: their addresses, once they are known. */
#ifndef KNTPD_ACCESS_NAMES_H
#define KNTPD_ACCESS_NAMES_H

#include <sys/socket.h>

struct conf_strings;

/* Looks these names up, again and again until each is known. */
void access_names_set(const struct conf_strings *names, void (*changed)(void));
/* N is 0 of a name that is not known, or not yet. */
const struct sockaddr_storage *access_names_find(const char *name,
						 unsigned int *n);

#endif
