/* SPDX-License-Identifier: GPL-2.0 */
/* The other clocks of this host: beside the system clock, which all are held to. */
#ifndef KNTP_CTL_HOST_H
#define KNTP_CTL_HOST_H

/* A list: UTC, TAI, local time, RTCs, hardware clocks. TAI_OFFSET: s. */
void host_clocks(int tai_offset);

#endif
