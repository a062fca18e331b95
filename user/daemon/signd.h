/* SPDX-License-Identifier: GPL-2.0 */
/*
 * `ntpsigndsocket`: members of a Windows domain want replies that a domain
 * controller has signed (MS-SNTP); Samba's does it for those who ask at its
 * socket. Nobody here ever waits for it.
 */
#ifndef KNTPD_SIGND_H
#define KNTPD_SIGND_H

#include <stdbool.h>
#include <stdint.h>

struct server_packet;

/* Where it is, ntp_signd's directory; NULL: nowhere. */
void signd_set(const char *directory);
/* Whether there is to be one. */
bool signd_signs(void);
/*
 * P begins with the reply, and goes on with the MAC of the request. It is sent
 * when it is signed; false: it never will be, there are too many.
 */
bool signd_sign(const struct server_packet *p);
/* Those that wait are not sent any more: their socket goes. */
void signd_forget(void);
void signd_count(uint64_t *done, uint64_t *failed);

#endif
