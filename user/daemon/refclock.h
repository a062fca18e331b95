/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reference clocks: receivers, hardware clocks, pulses and time services that
 * this host has true time from without a network. A driver says what its device
 * says; all else (filter, pulses, whether it is believed) is the same for all.
 */
#ifndef KNTPD_REFCLOCK_H
#define KNTPD_REFCLOCK_H

#include "conf.h"
#include "loop.h"
#include "source.h"

#include <stdbool.h>
#include <stdint.h>

enum { REFCLOCK_WHY = 160 };

/**
 * struct reading - what a device said once
 * @raw: when, CLOCK_MONOTONIC_RAW, ns
 * @utc: what the time was then, ns since 1970
 * @dispersion: what the reading itself may be off by, s
 */
struct reading {
	int64_t raw;
	int64_t utc;
	double dispersion;
};

struct refclock;

/**
 * struct refclock_driver - how a kind of device is read
 * @name: of it
 * @open: 0, or -errno with refclock_failed() called; it is tried again
 * @close: of one that is open
 * @read: is called every 2^dpoll s; NULL where the device speaks by itself
 * @own_interval: the driver says when a sample is to be made of the readings
 */
struct refclock_driver {
	const char *name;
	int (*open)(struct refclock *rc);
	void (*close)(struct refclock *rc);
	void (*read)(struct refclock *rc);
	bool own_interval;
};

/**
 * struct refclock_phase - testimony that contradicts an earlier one
 * @since: it began, CLOCK_MONOTONIC_RAW, ns
 * @lasted: the one before it, ns
 * @doubt: how far both are apart, s; 0 when there is none
 * @last: the last sample that was not believed
 * @refused: how many in a row, and near each other
 */
struct refclock_phase {
	int64_t since, lasted;
	double doubt;
	struct sample last;
	unsigned int refused;
};

/**
 * struct refclock - one of them
 * @source: what selection sees of it; the first member
 * @next: in refclocks
 * @conf: its line
 * @driver: reads it
 * @data: the driver's
 * @is_open: it is
 * @read_timer: next reading, or the next try to open it
 * @poll_timer: next sample, where the device speaks by itself
 * @lock: that numbers its pulses
 * @frequency: of true time against RAW, less one, as far as it is known
 * @kept: readings since the last sample, a ring
 * @room: of it
 * @n_kept: how many there have been
 * @least: of them are wanted for a sample
 * @readings: of the driver since the last sample
 * @last: reading, for clocks that are locked to this one
 * @phase: which testimony of it is believed
 * @missed: samples in a row that could not be had
 * @bad: readings that were not used
 * @why: what is wrong, or empty
 * @said: what was logged of that last, while it is not long over
 * @good: samples since something was wrong
 */
struct refclock {
	struct source source;
	struct refclock *next;
	const struct refclock_conf *conf;
	const struct refclock_driver *driver;
	void *data;
	bool is_open;
	struct timer read_timer, poll_timer;
	struct refclock *lock;
	double frequency;
	struct reading *kept;
	size_t room, n_kept, least;
	unsigned int readings;
	struct reading last;
	struct refclock_phase phase;
	unsigned int missed;
	uint64_t bad;
	char why[REFCLOCK_WHY], said[REFCLOCK_WHY];
	unsigned int good;
};

extern struct refclock *refclocks;

/* All of C's, which stays. 0 or -ENOMEM: a device that fails is tried again. */
int refclock_start(const struct config *c);
void refclock_stop(void);
/* The machine has slept: what was read is of another time. */
void refclock_forget(void);
bool refclock_same(const struct config *c);

/*
 * For drivers. The time at RAW, by the device; or that a pulse was at RAW: UTC
 * is right but for a multiple of the pulses' period. DISPERSION: s. LEAP: enum
 * ntp_leap.
 */
void refclock_time(struct refclock *rc, int64_t raw, int64_t utc,
		   double dispersion, uint8_t leap);
void refclock_pulse(struct refclock *rc, int64_t raw, int64_t utc,
		    double dispersion);
/* Says what is wrong, once until it is otherwise. */
void refclock_failed(struct refclock *rc, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* How open() ends when it fails: says why, and closes FD, if any. Returns ERR. */
int refclock_cannot_open(struct refclock *rc, int fd, int err);
/* A stamp of seconds and ns, as ns since 1970; false: it is none. */
bool refclock_stamp(int64_t s, int64_t ns, int64_t *at);
uint8_t refclock_leap(int leap);
/* Makes a sample of what was read: of a driver with an interval of its own. */
void refclock_flush(struct refclock *rc);
/* The device is gone: closes it, and opens it again later. */
void refclock_reopen(struct refclock *rc);

/**
 * struct refclock_arrival - when what a line says came
 * @raw: CLOCK_MONOTONIC_RAW, ns; 0: that is not known
 * @error: how much earlier it may have been, s
 */
struct refclock_arrival {
	int64_t raw;
	double error;
};

/* refclock_line.c: for drivers whose device is at a serial line. */
int refclock_line_open(struct refclock *rc, size_t size, loop_fd_fn fn);
void refclock_line_close(struct refclock *rc);
size_t refclock_line_read(struct refclock *rc, short revents, char *data,
			  size_t size, struct refclock_arrival *at);

/* refclock_filter.c */
void refclock_keep(struct refclock *rc, const struct reading *r);
bool refclock_sample(struct refclock *rc, struct sample *s);
bool refclock_believes(struct refclock *rc, struct sample *s);

extern const struct refclock_driver refclock_shm, refclock_sock, refclock_pps,
				    refclock_phc, refclock_nmea, refclock_gpsd,
				    refclock_acts, refclock_rtc;

#endif
