/* SPDX-License-Identifier: GPL-2.0 */
/* What the hypervisor says of this machine's counter (ptp_vmclock, Linux 6.13). */
#ifndef KNTPD_VMCLOCK_H
#define KNTPD_VMCLOCK_H

#include <stdbool.h>

#define VMCLOCK_PATH	"/dev/vmclock0"

/* 0, or -errno: there is no such device. */
int vmclock_open(const char *path);
/* Whether the counter was disrupted since it was opened, or taken. */
bool vmclock_disrupted(void);
void vmclock_take(void);
void vmclock_close(void);

#endif
