/* SPDX-License-Identifier: GPL-2.0 */
/* No link stamps packets. Included once by a program. */
#ifndef _KNTP_TESTS_UNIT_NOHWTS_H
#define _KNTP_TESTS_UNIT_NOHWTS_H

#include "../../user/daemon/hwts.h"

bool hwts_any(void)
{
	return false;
}

bool hwts_raw(unsigned int ifindex, int64_t stamp, enum ntp_way way,
	      unsigned int octets, int64_t *raw)
{
	(void)ifindex, (void)stamp, (void)way, (void)octets, (void)raw;
	return false;
}

#endif /* _KNTP_TESTS_UNIT_NOHWTS_H */
