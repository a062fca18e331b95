/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The one exchange of chronyd's monitoring protocol (version 6) that is needed
 * to follow it: tracking. Octets only; the sockets are follow_chronyd.c's.
 */
#ifndef KNTPD_CHRONYD_H
#define KNTPD_CHRONYD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request is as long as its reply, so that it is no amplifier. */
enum { CHRONYD_TRACKING_LEN = 104 };

/**
 * struct chronyd_tracking - what chronyd says of its time
 * @synced: it would answer clients with it
 * @leap: enum ntp_leap
 * @stratum: 1 to 15; 16 when not @synced
 * @refid: host order
 * @ref_time: last update, ns since 1970
 * @correction: the system clock is still to be corrected by, s
 * @last_offset: s
 * @rms_offset: s
 * @frequency: by which the uncorrected clock gains, s/s
 * @residual: s/s
 * @skew: s/s, not negative
 * @root_delay: s, not negative
 * @root_dispersion: as of the report, s, not negative
 * @interval: between the last two updates, s
 */
struct chronyd_tracking {
	bool synced;
	uint8_t leap;
	uint8_t stratum;
	uint32_t refid;
	int64_t ref_time;
	double correction;
	double last_offset;
	double rms_offset;
	double frequency;
	double residual;
	double skew;
	double root_delay;
	double root_dispersion;
	double interval;
};

/* TO has room for CHRONYD_TRACKING_LEN octets, all of which are sent. */
void chronyd_request(uint8_t *to, uint32_t sequence);

/*
 * 0; -EAGAIN for what is no answer to the request with that SEQUENCE, -EPROTO
 * for an answer that cannot be used: chronyd refused, or makes no sense.
 */
int chronyd_parse(const void *data, size_t len, uint32_t sequence,
		  struct chronyd_tracking *t);

#endif
