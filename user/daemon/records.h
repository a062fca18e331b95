/* SPDX-License-Identifier: GPL-2.0 */
/* `log`: what was measured and what was made of it, a line each, in files. */
#ifndef KNTPD_RECORDS_H
#define KNTPD_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct estimate;
struct fit;
struct ntp_source;
struct source;

/**
 * struct record_update - an update of the clock
 * @source: that was selected
 * @offset: of the clock since the update before, positive is fast, s
 * @left: what was left to be corrected by the update before, positive is slow, s
 * @deviation: of the offset, s
 * @max_error: what the clock may have been off by at the most until now, s
 */
struct record_update {
	const struct source *source;
	double offset, left, deviation;
	double max_error;
};

/**
 * struct record_reading - what a reference clock said
 * @source: it
 * @number: of the reading between two samples, from 1; 0: it is a sample
 * @pulse: another clock has said which second it was
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 * @utc: what it said, ns since 1970
 * @dispersion: s
 */
struct record_reading {
	const struct source *source;
	unsigned int number;
	bool pulse;
	int64_t raw, utc;
	double dispersion;
};

/**
 * struct record_rtc - a measurement of the RTC
 * @fast: by how much it is ahead of this host's time, s
 * @known: there is an estimate
 * @estimated: of the same, s
 * @gains: of its rate against true time, less one
 * @estimate: all of it
 * @interval: since the measurement before, s
 */
struct record_rtc {
	double fast;
	bool known;
	double estimated, gains;
	const struct estimate *estimate;
	double interval;
};

/**
 * struct record_requests - what came to a hook of the module
 * @hook: its name
 * @interval: how long, s; the others a second
 * @in: requests
 * @answered: of these; the next two likewise
 * @passed: up the stack
 * @dropped: or not
 */
struct record_requests {
	const char *hook;
	double interval, in, answered, passed, dropped;
};

void records_init(const struct config *c);
/* Files that were renamed are begun anew. */
void records_reopen(void);
void record_measurement(const struct ntp_source *src, bool synced);
void record_statistics(const struct source *src, const struct fit *before);
void record_selection(void);
void record_reading(const struct record_reading *r);
void record_update(const struct record_update *u);
void record_rtc(const struct record_rtc *r);
void record_tempcomp(double temperature, double compensation);
void record_requests(const struct record_requests *r);

#endif
