// SPDX-License-Identifier: GPL-2.0
/* Client mode: when a server is asked and what becomes of its replies. */
#include "auth.h"
#include "ntp.h"
#include "address.h"
#include "broadcast.h"
#include "clk.h"
#include "log.h"
#include "records.h"
#include "reference.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/ntptime.h"

/* Seconds but where it says otherwise. */
#define BURST_INTERVAL	2.0
#define PRESEND_AHEAD	2.0
#define REPLY_WAIT	4.0
#define SKEW_MAX	100e-6	/* s/s */
#define JITTER		0.02	/* of an interval, to either side */
#define NEAR_DELAY	10e-3	/* polls below 1 s need a server this near */
#define FOREVER		64.0	/* no reply is awaited any longer */

enum {
	BURST_TOTAL = 4,
	BURST_GOOD_DOUBT = 2,	/* replies that settle a doubt */
	PRECISION_MAX = 0,	/* log2 s */
	RATE_POLL_MAX = 10,
	UNREACHABLE_POLLS = 8,	/* before the interval is doubled */
	MISSED_MAX = 3,		/* before an interleaved request is given up */
	DENIED_POLL = 10,	/* before one that denies service is asked again */
	DENIED_POLL_MAX = 17,
};

/**
 * ntp_random_part() - chance
 *
 * Return: from 0 to 1.
 */
double ntp_random_part(void)
{
	return ldexp((double)(ntp_io_random() >> 11), -53);
}

static double around(double interval)
{
	return interval * (1 + JITTER * (2 * ntp_random_part() - 1));
}

static bool in_burst(const struct ntp_source *src)
{
	return src->burst_good && src->burst_left;
}

static void set_burst(struct ntp_source *src, unsigned int good,
		      unsigned int total)
{
	src->burst_good = good;
	src->burst_left = total;
}

/* Of two peers the one that wants to know more often says how often. */
static int interval_log2(const struct ntp_source *src)
{
	int poll = src->source.poll;

	if (src->opt.peer && src->source.reach &&
	    src->report.answer.poll < poll)
		poll = src->report.answer.poll > src->opt.minpoll ?
		       src->report.answer.poll : src->opt.minpoll;
	return poll;
}

/*
 * As chronyd: more than one request a second is sent only to a server that is
 * reached and near (BCP 223, RFC 8633 section 3.1).
 */
static bool is_near(const struct ntp_source *src)
{
	return src->source.reach && src->source.est.n &&
	       estimate_min_delay(&src->source.est) < NEAR_DELAY;
}

static void schedule(struct ntp_source *src)
{
	int poll = interval_log2(src);
	double interval = ldexp(1, poll < 0 && !is_near(src) ? 0 : poll);

	if ((src->state != NTP_ONLINE ||
	     (src->broadcast && src->broadcast->listens)) && !in_burst(src)) {
		timer_cancel(&src->poll_timer);
		return;
	}
	if (in_burst(src) && BURST_INTERVAL < interval)
		interval = BURST_INTERVAL;
	timer_set(&src->poll_timer, around(interval));
}

static void shift_reach(struct ntp_source *src, bool reached)
{
	src->source.reach = (uint8_t)(src->source.reach << 1 | reached);
}

/**
 * ntp_stop_waiting() - a reply that comes from now on is none
 * @src: of whose last request
 */
void ntp_stop_waiting(struct ntp_source *src)
{
	src->waiting = false;
	timer_cancel(&src->reply_timer);
	timer_cancel(&src->hold_timer);
	ntp_io_close(src);
}

/**
 * ntp_no_reply() - a request has been in vain
 * @arg: the source
 */
void ntp_no_reply(void *arg)
{
	struct ntp_source *src = arg;
	bool ahead = src->ahead;

	ntp_stop_waiting(src);
	if (!ahead)
		ntp_missed(src);
}

/**
 * ntp_missed() - a packet was awaited in vain
 * @src: of whom
 *
 * A server that does not answer is asked less and less (RFC 8633 section 3.1).
 */
void ntp_missed(struct ntp_source *src)
{
	shift_reach(src, false);
	src->missed++;
	if (!src->source.reach && src->missed % UNREACHABLE_POLLS == 0 &&
	    !in_burst(src) && src->source.poll < src->opt.maxpoll)
		src->source.poll++;
	/* What it said then is nobody's time any more. */
	if (src->missed > src->opt.maxunreach)
		src->source.leap = NTP_LEAP_UNSYNC;
	source_changed(&src->source);
}

static void make_request(struct ntp_source *src)
{
	struct ntp_request *r = &src->request;

	*r = (struct ntp_request){
		.mode = NTP_MODE_CLIENT,
		.version = src->opt.version,
		.poll = src->source.poll,
		.transmit = ntp_io_random(),
	};
	if (!src->opt.interleaved || !src->last_receive ||
	    src->missed >= MISSED_MAX)
		return;
	r->origin = src->last_receive;
	do {
		r->receive = ntp_io_random();
	} while (r->receive == r->transmit);
}

static int send_request(struct ntp_source *src)
{
	uint8_t packet[NTP_HEADER_LEN + AUTH_MAC_MAX];
	int len, err = ntp_io_open(src);

	if (err)
		return err;
	make_request(src);
	ntp_packet_request(&src->request, packet);
	len = ntp_sign(src, packet);
	err = len < 0 ? len : ntp_io_send(src, packet, (size_t)len);
	if (err)
		ntp_io_close(src);
	return err;
}

static void not_sent(struct ntp_source *src, int err)
{
	if (!src->missed)
		log_msg(LOG_WARNING, "%s: cannot send: %s", src->source.name,
			err == -ENOTCONN ? "the server has no socket" :
			err == -ENOKEY ? "its key is not in the keyfile" :
					 strerror(-err));
	/* Nobody was asked: the network's coming is to be made use of. */
	src->restarts_until = 0;
	if (src->opt.auto_offline && (err == -ENETUNREACH ||
				      err == -EHOSTUNREACH ||
				      err == -ENETDOWN))
		ntp_set_online(src, false);
	else if (!src->ahead)
		ntp_no_reply(src);
}

/* The first of the two packets makes others look up what the second needs. */
static bool goes_ahead(const struct ntp_source *src)
{
	return !src->ahead && !src->opt.peer && !in_burst(src) &&
	       src->source.poll >= src->opt.presend;
}

/*
 * How long a reply is awaited where the next request is due in INTERVAL s. Where
 * replies come later than that, the wait and the interval grow with each one that
 * is missed, until one arrives and shows how long it takes.
 */
static double reply_wait(const struct ntp_source *src, double interval)
{
	double longest = fmin(fmax(REPLY_WAIT, src->opt.maxdelay + 1), FOREVER);
	double wait = 0.9 * interval;
	unsigned int grown = src->missed < 8 ? src->missed : 8;

	if (src->ahead)
		return fmin(REPLY_WAIT, wait);
	if (src->source.est.n)
		wait = fmax(wait, 2 * ntp_min_delay(src));
	/* A burst ends soon, and is not to be slowed down by one lost packet. */
	if (!in_burst(src))
		wait = fmax(wait, ldexp(0.9 * interval, (int)grown));
	return fmin(longest, wait);
}

/* Its socket is free again before the next request needs one. */
static void await_reply(struct ntp_source *src)
{
	double interval = REPLY_WAIT, wait;

	if (src->poll_timer.armed)
		interval = (double)(src->poll_timer.when - loop_now()) * 1e-9;
	wait = reply_wait(src, interval);
	if (src->poll_timer.armed && wait > 0.9 * interval)
		timer_set(&src->poll_timer, wait / 0.9);
	timer_set(&src->reply_timer, wait);
}

/**
 * ntp_poll() - it is time for a request
 * @arg: the source
 */
void ntp_poll(void *arg)
{
	struct ntp_source *src = arg;
	int err;

	if (src->state == NTP_DENIED)
		src->state = NTP_ONLINE;
	if (src->waiting && !src->ahead)
		ntp_no_reply(src);
	src->ahead = goes_ahead(src);
	if (!src->ahead && src->opt.burst && !in_burst(src))
		set_burst(src, 1, BURST_TOTAL);
	if (!src->ahead && src->burst_left)
		src->burst_left--;

	if (src->ahead)
		timer_set(&src->poll_timer, PRESEND_AHEAD);
	else
		schedule(src);
	err = src->opt.peer ? ntp_peer_send(src) : send_request(src);
	if (err) {
		not_sent(src, err);
		return;
	}
	src->waiting = true;
	if (!src->opt.peer)
		await_reply(src);
}

/*
 * RFC 5905 section 7.4 ends the association. A server that was restarted, or one
 * packet of somebody on the path, must not cost the source for ever: it is asked
 * again once after 2^10 s, then 2^11 s, and so on up to 2^17 s.
 */
static void deny(struct ntp_source *src, const char *text)
{
	bool online = src->state == NTP_ONLINE;
	double wait = ldexp(1, DENIED_POLL + (int)src->denials);

	ntp_set_online(src, false);
	set_burst(src, 0, 0);
	if (DENIED_POLL + src->denials < DENIED_POLL_MAX)
		src->denials++;
	log_msg(LOG_WARNING, "%s: denies service (%s): %s", src->source.name,
		text, online ? "it is asked again later" : "it is offline");
	if (!online)
		return;
	src->state = NTP_DENIED;
	timer_set(&src->poll_timer, around(wait));
}

/**
 * ntp_kissed() - a server sends a kiss code (RFC 5905 section 7.4)
 * @src: it; the request's cookie has already been matched
 * @code: four letters
 */
void ntp_kissed(struct ntp_source *src, uint32_t code)
{
	const char text[] = { (char)(code >> 24), (char)(code >> 16),
			      (char)(code >> 8), (char)code, '\0' };
	int8_t limit = src->opt.maxpoll > RATE_POLL_MAX ? src->opt.maxpoll :
							  RATE_POLL_MAX;

	switch (code) {
	case NTP_KISS_DENY:
	case NTP_KISS_RSTR:
		deny(src, text);
		return;
	case NTP_KISS_RATE:
		if (src->source.poll < limit)
			src->source.poll++;
		if (src->floor < src->source.poll)
			log_msg(LOG_WARNING, "%s: wants to be asked less: "
				"every %g s from now on", src->source.name,
				ldexp(1, src->source.poll));
		src->floor = src->source.poll;
		set_burst(src, 0, 0);
		schedule(src);
		break;
	default:
		log_msg(LOG_INFO, "%s: kiss code %s ignored",
			src->source.name, text);
	}
	shift_reach(src, false);
	source_changed(&src->source);
}

/**
 * ntp_precision() - of a server's clock, as it says
 * @log2: of a packet
 *
 * Return: s; 1 s at the most, whatever stands there.
 */
double ntp_precision(int8_t log2)
{
	return ldexp(1, log2 < PRECISION_MAX ? log2 : PRECISION_MAX);
}

/*
 * RFC 9769 section 2, the first of its two sets of times: all of them belong to
 * the exchange before this one, whose reply's true time of leaving is told now.
 */
static void exchange_of(const struct ntp_source *src,
			const struct ntp_answer *a, const struct ntp_when *when,
			struct ntp_exchange *x)
{
	const struct estimate *e = &src->source.est;
	int64_t now = clk_real();

	x->t1 = src->sent.raw;
	x->t2 = ntp_to_unix(a->receive, now);
	x->t3 = ntp_to_unix(a->transmit, now);
	x->t4 = when->raw;
	if (a->interleaved) {
		x->t1 = src->last_sent.raw;
		x->t2 = ntp_to_unix(src->last_receive, now);
		x->t4 = src->last_arrived.raw;
	}
	x->precision = clk_precision();
	x->remote_precision = ntp_precision(a->precision);
	x->frequency = e->valid ? e->fit.frequency : reference.frequency;
	/* Two samples near each other say less than what crystals are like. */
	x->skew = e->valid ? fmin(e->skew, SKEW_MAX) : NTP_PHI;
}

/* What the operator knows of the path. */
static void correct(const struct ntp_source *src, struct sample *s)
{
	double by = src->opt.offset;

	if (src->opt.has_asymmetry &&
	    (src->source.est.n || src->opt.mindelay > 0))
		by += src->opt.asymmetry *
		      (s->delay - ntp_min_delay(src));
	s->utc += llround(by * 1e9);
}

static void learn_own_refid(struct ntp_source *src)
{
	const struct sockaddr_storage *local = &src->report.local;

	src->source.own_refid = local->ss_family == AF_UNSPEC ? 0 :
				address_refid((const struct sockaddr *)local);
}

/*
 * As chronyd: a host that is in its own list of servers, under whatever address,
 * answers with its own reference. No other host has the same reference time.
 */
static bool is_self(const struct ntp_answer *a)
{
	const struct reference *r = &reference;

	return r->synced && r->ref_time > 0 && a->stratum == r->stratum &&
	       a->refid == r->refid &&
	       a->reference == ntp_from_unix(r->ref_time);
}

/* The tests that need to know more than the packet and its request. */
static unsigned int more_tests(struct ntp_source *src,
			       const struct ntp_answer *a,
			       const struct ntp_exchange *x, struct sample *s)
{
	unsigned int tests = 0;

	if (!is_self(a) && (a->stratum <= 1 || !src->source.own_refid ||
			    a->refid != src->source.own_refid))
		tests |= NTP_TEST_LOOP;
	if (!ntp_packet_sample(x, s))
		return tests;
	s->root_delay = a->root_delay;
	s->root_dispersion = a->root_dispersion;
	return tests | ntp_delay_tests(src, s);
}

static void report_sample(struct ntp_report *r, const struct sample *s)
{
	int64_t raw, real;

	clk_pair(&raw, &real);
	r->sample = *s;
	r->offset = (double)(s->utc - real) * 1e-9 +
		    (double)(raw - s->raw) * 1e-9 * (1 + clk_frequency());
}

static void report(struct ntp_source *src, const struct ntp_answer *a,
		   const struct ntp_exchange *x, const struct sample *s)
{
	struct ntp_report *r = &src->report;

	report_sample(r, s);
	r->response = (double)(x->t3 - x->t2) * 1e-9;
	r->transmit = a->interleaved ? src->last_sent.kind : src->sent.kind;
}

static void use_sample(struct ntp_source *src, const struct sample *s)
{
	const struct sample *best, *last = NULL;
	unsigned int n = src->source.est.n;
	bool suspect;

	if (n)
		last = estimate_last(&src->source.est);
	/* An interleaved reply can tell again of the exchange known last. */
	best = last && s->raw <= last->raw ? NULL : ntp_filter(src, s);
	if (best && last && best->raw <= last->raw)
		best = NULL;
	if (!best) {
		source_changed(&src->source);
		return;
	}
	suspect = src->source.suspect;
	source_sample(&src->source, best);
	/* A second sample tells whether something jumped: ask for it at once. */
	if (src->source.suspect && !suspect && !src->opt.peer && !in_burst(src))
		set_burst(src, BURST_GOOD_DOUBT, BURST_TOTAL);
}

static void take_identity(struct ntp_source *src, const struct ntp_answer *a)
{
	uint8_t stratum = a->stratum;

	if (stratum < src->opt.minstratum)
		stratum = src->opt.minstratum;
	src->source.leap = a->leap;
	src->source.stratum = stratum;
	/* Two hosts, or two daemons, that are to look like one. */
	if (src->opt.copy && a->stratum) {
		src->source.stratum = (uint8_t)(stratum - 1);
		src->source.refid = a->refid;
	}
}

/* Whether the server has time to give, and what it says of itself. */
static void take_claims(struct ntp_source *src, const struct ntp_answer *a,
			bool synced)
{
	/* A server that says it is unsynchronised says nothing else that counts. */
	if (synced)
		take_identity(src, a);
	else if (a->leap == NTP_LEAP_UNSYNC)
		src->source.leap = a->leap;
	if (synced && !src->source.reach && src->missed >= UNREACHABLE_POLLS &&
	    src->source.poll > src->opt.minpoll)
		src->source.poll = src->opt.minpoll > src->floor ?
				   src->opt.minpoll : src->floor;
	shift_reach(src, synced);
	src->missed = 0;
}

static void burst_goes_on(struct ntp_source *src, bool good)
{
	bool bursting = in_burst(src);

	if (good && src->burst_good)
		src->burst_good--;
	if (bursting && !in_burst(src))
		set_burst(src, 0, 0);
}

/**
 * ntp_accept() - use a packet that answers the last request
 * @src: of whom
 * @a: it
 * @tests: that it passed; the others are made here
 * @when: it arrived
 */
void ntp_accept(struct ntp_source *src, const struct ntp_answer *a,
		unsigned int tests, const struct ntp_when *when)
{
	struct sample s = { 0 };
	struct ntp_exchange x;
	bool good;

	src->report.valid++;
	src->denials = 0;
	learn_own_refid(src);
	exchange_of(src, a, when, &x);
	tests |= more_tests(src, a, &x, &s);
	good = (tests & NTP_TESTS_GOOD) == NTP_TESTS_GOOD;
	if (tests & NTP_TEST_DELAY)
		correct(src, &s);
	report(src, a, &x, &s);
	src->report.tests = tests;
	src->report.receive = a->interleaved ? src->last_arrived.kind :
					       when->kind;
	take_claims(src, a,
		    (tests & NTP_TESTS_SYNCED) == NTP_TESTS_SYNCED);
	src->last_receive = a->receive;
	src->last_transmit = a->transmit;
	src->last_sent = src->sent;
	src->last_arrived = *when;
	burst_goes_on(src, good);
	if (good) {
		src->report.good++;
		use_sample(src, &s);
		ntp_poll_adapt(src);
	} else {
		source_changed(&src->source);
	}
	record_measurement(src, (tests & NTP_TESTS_SYNCED) == NTP_TESTS_SYNCED);
	/* Two peers that put each other off would never write again. */
	if (!src->opt.peer)
		schedule(src);
}

/**
 * ntp_use_broadcast() - use what a server says unasked
 * @src: of whom
 * @a: it, which is sound
 * @s: what follows from it
 * @when: it arrived
 */
void ntp_use_broadcast(struct ntp_source *src, const struct ntp_answer *a,
		       const struct sample *s, const struct ntp_when *when)
{
	struct ntp_report *r = &src->report;

	r->answer = *a;
	r->tests = NTP_TESTS_GOOD;
	r->receive = when->kind;
	r->response = 0;
	r->valid++;
	r->good++;
	report_sample(r, s);
	take_claims(src, a, true);
	use_sample(src, s);
	record_measurement(src, true);
}
