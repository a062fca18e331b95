/* SPDX-License-Identifier: GPL-2.0 */
/* What every source of time has, be it a server or a reference clock. */
#ifndef KNTPD_SOURCE_H
#define KNTPD_SOURCE_H

#include "estimate.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum source_type { SOURCE_SERVER, SOURCE_PEER, SOURCE_REFCLOCK };

/* Why it is selected or not, with the marks that chronyc's selectdata uses. */
enum source_status {
	SOURCE_NEW,		/* N? no sample yet, or noselect 'N' by option */
	SOURCE_NOSELECT,
	SOURCE_MISSING_SAMPLES,	/* M */
	SOURCE_UNREACHABLE,	/* s? reach is 0 */
	SOURCE_STRATUM,		/* r: outside minstratum to maxstratum */
	SOURCE_DISTANCE,	/* d: root distance over maxdistance */
	SOURCE_JITTERY,		/* ~ */
	SOURCE_WAITS,		/* w: others are awaited */
	SOURCE_STALE,		/* S: samples too old */
	SOURCE_ORPHAN,		/* O */
	SOURCE_UNTRUSTED,	/* T: does not agree with the trusted */
	SOURCE_FALSETICKER,	/* x */
	SOURCE_NOT_PREFERRED,	/* P */
	SOURCE_WAITS_UPDATE,	/* W */
	SOURCE_NOT_COMBINED,	/* U / D: too distant to be combined */
	SOURCE_COMBINED,	/* + */
	SOURCE_SELECTED,	/* * */
};

/**
 * struct source - a source as selection sees it
 * @next: in the list of all sources
 * @type: what it is
 * @name: as configured, for people
 * @address: of a server; family AF_UNSPEC for a reference clock
 * @refid: what this host calls it as its reference (IPv4 address, first four
 *	octets of the MD5 of an IPv6 address, or a refclock's id), host order
 * @own_refid: likewise what it calls this host; 0 until that is known
 * @stratum: it claims
 * @leap: it claims, enum ntp_leap
 * @reach: register of the last eight polls
 * @poll: log2 s
 * @noselect: it is never selected; the same for the next three
 * @asked: these as its options say, without what `authselectmode` adds
 * @authenticated: what it says is, by a key
 * @samples_min: to be selectable, by its options
 * @updates: samples so far
 * @est: its samples
 * @suspect: the newest sample is disjoint from what the older ones say
 * @clean: what the samples before it said
 * @problem: what is wrong with it, where its owner knows; else NULL or empty
 * @status: from the last selection
 * @score: likewise
 * @error_lo: interval of true time by it, at the last selection, s from now
 * @error_hi: likewise
 */
struct source {
	struct source *next;
	enum source_type type;
	char name[256];
	struct sockaddr_storage address;
	uint32_t refid, own_refid;
	uint8_t stratum;
	uint8_t leap;
	uint8_t reach;
	int8_t poll;
	bool noselect, prefer, trust, require;
	struct {
		bool noselect, trust, require;
	} asked;
	bool authenticated;
	unsigned int samples_min;
	unsigned int updates;
	struct estimate est;
	bool suspect;
	struct fit clean;
	const char *problem;
	enum source_status status;
	double score;
	double error_lo, error_hi;
};

extern struct source *sources;

/*
 * A source in the list of all. ADD does not fail; DEL selects anew when it was
 * selected. CHANGED (new sample, reach, leap or stratum) selects anew, and the
 * clock is corrected by what comes out; SRC is whose sample it was.
 */
void source_add(struct source *src);
void source_del(struct source *src);
void source_sample(struct source *src, const struct sample *s);
void source_changed(struct source *src);
/* Adds a sample; after a jump, drops those of before. */
void source_take(struct source *src, const struct sample *s, double growth);

/* All of them: a leap second moves what they said of UTC by NS; or is forgotten. */
void source_leapt_all(int64_t ns);
void source_forget_all(void);
/* From RAW on the frequency of the oscillator is DF more, s/s. */
void source_turn_all(int64_t raw, double df);

/* To the primary source, s: half the one and the other are a bound, at RAW. */
double source_root_delay(const struct source *s);
double source_root_dispersion(const struct source *s, int64_t raw,
			      double growth);

#endif
