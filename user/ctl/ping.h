/* SPDX-License-Identifier: GPL-2.0 */
/* One ICMP echo request. */
#ifndef KNTP_CTL_PING_H
#define KNTP_CTL_PING_H

struct sockaddr_storage;

/* ms to the answer, or -1 where none comes in time or nobody may ask. */
int ping_ms(const struct sockaddr_storage *address, int timeout_ms);

#endif
