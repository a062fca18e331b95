/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What replies say of the time they carry, as of one moment: the same numbers
 * whether the module answers or this process does.
 */
#ifndef KNTPD_FIGURES_H
#define KNTPD_FIGURES_H

#include <stdbool.h>
#include <stdint.h>

struct ntp_server;

/* What makes the clock right again after somebody stepped it. */
enum figures_step {
	FIGURES_STEP_TAKEN,	/* it is: the figures hold for the clock now */
	FIGURES_STEP_OPEN,	/* it is not: they do not hold */
	FIGURES_STEP_UPDATE,	/* it is when the reference time is another */
};

/**
 * struct figures - RFC 5905's system variables, in the module's units
 * @leap: enum ntp_leap; NTP_LEAP_UNSYNC with stratum 16 and no other
 * @stratum: 1 to 15; 16 when the time is nobody's
 * @refid: host order
 * @ref_time: ns since 1970, not negative
 * @root_delay: ns, 16 s at the most
 * @root_dispersion: ns, as of now, 16 s at the most
 * @growth: of the dispersion, ppb, rounded up, 10 % at the most
 * @step: whether all this holds after a step by somebody else
 */
struct figures {
	uint8_t leap;
	uint8_t stratum;
	uint32_t refid;
	int64_t ref_time;
	uint64_t root_delay;
	uint64_t root_dispersion;
	uint32_t growth;
	enum figures_step step;
};

/* A span in seconds as ns, rounded up: 0 to 16 s, which is also what NaN is. */
uint64_t figures_ns(double s);

/* Nobody's time. */
void figures_none(struct figures *f);

/* Of struct reference; MAPPED: what is served is the estimate of true time. */
void reference_figures(struct figures *f, bool mapped);

/* Who says the figures, when it is not struct reference; NULL: it is again. */
void figures_set_source(void (*fn)(struct figures *f));

/* FN returns true when the time may no longer be claimed; NULL removes the check. */
void figures_set_guard(bool (*fn)(void));

/* Whether figures_time() is served instead of the system clock. */
bool figures_mapped(void);
void figures_set_hardware(bool has);
int64_t figures_time(int64_t raw);

/**
 * struct figures_line - true time as a function of the undisciplined clock
 * @raw: CLOCK_MONOTONIC_RAW, ns
 * @utc: then, ns since 1970
 * @rate: what UTC gains on RAW, in units of 2^-64
 * @lasts: s; infinite unless it ends with a leap second, or bends
 * @straight: another is to be taken after so many s
 */
struct figures_line {
	int64_t raw, utc, rate;
	double lasts, straight;
};

void figures_line(struct figures_line *line);

/* The figures of now, whoever says them. */
void figures_now(struct figures *f, bool mapped);

/* As the module has them on the wire. PRECISION: s. */
void figures_wire(const struct figures *f, double precision,
		  struct ntp_server *server);

#endif
