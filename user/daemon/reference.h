/* SPDX-License-Identifier: GPL-2.0 */
/* What this host says of its own time: RFC 5905's system variables. */
#ifndef KNTPD_REFERENCE_H
#define KNTPD_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct reference - the system variables
 * @synced: a source, or `local`, is followed; else leap is 3 in all replies
 * @leap: enum ntp_leap
 * @stratum: 1 to 15; 16 when not @synced
 * @refid: host order
 * @ref_time: last update, ns since 1970
 * @ref_raw: the same moment, CLOCK_MONOTONIC_RAW, ns
 * @root_delay: s
 * @root_dispersion: at @ref_raw, s; for now add growth and what is left to correct
 * @growth: of the dispersion since (skew and the clock's own), s/s
 * @foreign: rate that another program gives the system clock, s/s; 0: none does
 * @frequency: of the oscillator's correction, s/s (rate of true time against RAW)
 * @skew: its error bound, s/s
 * @residual: frequency, s/s
 * @last_offset: estimated at the last update, s
 * @rms_offset: long-term average, s
 * @interval: between the last two updates, s
 * @name: of the selected source
 */
struct reference {
	bool synced;
	uint8_t leap;
	uint8_t stratum;
	uint32_t refid;
	int64_t ref_time;
	int64_t ref_raw;
	double root_delay;
	double root_dispersion;
	double growth;
	double foreign;
	double frequency;
	double skew;
	double residual;
	double last_offset;
	double rms_offset;
	double interval;
	char name[256];
};

extern struct reference reference;

/* Root dispersion for a reply that leaves at RAW, s: RFC 5905 section 11.3. */
double reference_dispersion(int64_t raw);
/* Half the root delay and that dispersion, s: what the estimate may be off by. */
double reference_distance(int64_t raw);
/* What CLOCK_REALTIME still has to be corrected by, s (positive: it is slow). */
double reference_correction(void);
/* Likewise for one moment, ns: true time less REAL. */
int64_t reference_off(int64_t raw, int64_t real);
/* How long reference_time() goes on as a line, s. */
double reference_lasts(int64_t raw);
/* True time as it is estimated for RAW, ns since 1970: what -x serves. */
int64_t reference_time(int64_t raw);
/* Likewise, but a leap second that has just been is not in it yet. */
int64_t reference_line(int64_t raw);

/* Calls FN after every change of the reference; at most four. */
void reference_on_change(void (*fn)(void));

#endif
