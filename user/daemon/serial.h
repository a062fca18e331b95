/* SPDX-License-Identifier: GPL-2.0 */
/* Serial lines of receivers and modems. */
#ifndef KNTPD_SERIAL_H
#define KNTPD_SERIAL_H

/*
 * Eight bits, no parity, nothing between the line and us; BAUD as in conf.c's
 * table. A descriptor that does not wait, or -errno.
 */
int serial_open(const char *path, int baud);
/* Tells a modem to hang up, or that it is wanted, where there is a wire for it. */
void serial_hang_up(int fd);
void serial_pick_up(int fd);

#endif
