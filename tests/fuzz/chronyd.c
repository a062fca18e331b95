// SPDX-License-Identifier: GPL-2.0
/* chronyd's tracking report. Input: four octets of sequence, the datagram. */
#include "must.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "../../user/daemon/chronyd.h"

static void check(const struct chronyd_tracking *t)
{
	MUST(t->synced ? t->leap < 3 && t->stratum >= 1 && t->stratum < 16 :
			 t->leap == 3 && t->stratum == 16);
	MUST(t->ref_time >= 0);
	MUST(!t->synced || t->ref_time > 0);
	MUST(isfinite(t->correction) && isfinite(t->last_offset));
	MUST(isfinite(t->frequency) && isfinite(t->residual));
	MUST(isfinite(t->root_delay) && t->root_delay >= 0);
	MUST(isfinite(t->root_dispersion) && t->root_dispersion >= 0);
	MUST(isfinite(t->skew) && t->skew >= 0);
	MUST(isfinite(t->rms_offset) && t->rms_offset >= 0);
	MUST(isfinite(t->interval) && t->interval >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chronyd_tracking t, before;
	uint32_t sequence;
	int err;

	if (size < sizeof(sequence))
		return 0;
	memcpy(&sequence, data, sizeof(sequence));
	memset(&t, 0x5a, sizeof(t));
	before = t;
	err = chronyd_parse(data + sizeof(sequence), size - sizeof(sequence),
			    sequence, &t);
	MUST(!err || err == -EAGAIN || err == -EPROTO);
	if (err)
		MUST(!memcmp(&t, &before, sizeof(t)));
	else
		check(&t);
	return 0;
}
