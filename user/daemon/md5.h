/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KNTPD_MD5_H
#define KNTPD_MD5_H

#include <stddef.h>
#include <stdint.h>

enum { MD5_LEN = 16 };

/* RFC 1321; here for naming addresses only, no secret depends on it. */
void md5(const void *data, size_t len, uint8_t digest[MD5_LEN]);

#endif
