// SPDX-License-Identifier: GPL-2.0
/* When a server is asked, and what nobody can make of its replies. */
#include "ntpworld.h"

static void plain(void)
{
	struct ntp_options opt = options();
	double first, second;
	int64_t at;

	begin(&opt);
	first = until_request();
	CHECK(first >= 0.2 && first <= 0.4, "first after %g", first);
	at = now;
	answered();
	CHECK(samples == 1 && src->source.reach == 1, "%u samples", samples);
	CHECK(sample.raw == at + 1000000 && llabs(sample.utc - BOOT -
						  sample.raw) <= 1,
	      "offset %lld", (long long)(sample.utc - BOOT - sample.raw));
	CHECK(fabs(sample.delay - 0.002) < 1e-9, "delay %g", sample.delay);
	CHECK(!opened, "closed");
	second = until_request();
	CHECK(second > 62 && second < 66, "second after %g", second);
	end();
}

/* The same reply once more, late, or without its request. */
static void replay(void)
{
	struct ntp_options opt = options();
	struct ntp_header h, old;

	begin(&opt);
	until_request();
	h = answer_at(now);
	advance(0.001);
	deliver(&h);
	deliver(&h);
	deliver(&h);
	CHECK(samples == 1 && src->report.valid == 1, "%u samples", samples);
	old = h;
	until_request();
	deliver(&old);
	CHECK(samples == 1 && opened == 1, "%u samples", samples);
	answered();
	CHECK(samples == 2, "the true one is still waited for");
	until_request();
	h = answer_at(now);
	advance(5);
	CHECK(!opened, "closed after a while");
	deliver(&h);
	CHECK(samples == 2, "late");
	end();
}

static void left(enum ntp_stamp kind, int64_t raw)
{
	struct ntp_when when = { raw, kind };

	ntp_transmitted(src, &out, sizeof(out), &when);
}

/* The device's stamp of a request comes when it comes. */
static void stamped(void)
{
	struct ntp_options opt = options();
	struct ntp_header h;
	int64_t at;

	ntp_network.stamp_wait = 0.5;
	begin(&opt);
	until_request();
	at = now;
	left(NTP_STAMP_HARDWARE, at + 1000);
	left(NTP_STAMP_KERNEL, at + 2000);
	h = answer_at(now);
	advance(0.001);
	deliver_by(&h, NTP_STAMP_HARDWARE);
	CHECK(samples == 1 && src->report.transmit == NTP_STAMP_HARDWARE &&
	      fabs(sample.delay - 0.000999) < 1e-9, "the device knows best: %g",
	      sample.delay);

	until_request();
	at = now;
	h = answer_at(now);
	advance(0.001);
	left(NTP_STAMP_KERNEL, at + 2000);
	deliver_by(&h, NTP_STAMP_HARDWARE);
	CHECK(samples == 1 && opened == 1, "it is not waited for");
	advance(0.1);
	deliver_by(&h, NTP_STAMP_HARDWARE);
	left(NTP_STAMP_HARDWARE, at + 3000);
	advance(0.01);
	CHECK(samples == 2 && !opened &&
	      src->report.transmit == NTP_STAMP_HARDWARE &&
	      fabs(sample.delay - 0.000997) < 1e-9, "one that is late: %g",
	      sample.delay);

	until_request();
	h = answer_at(now);
	left(NTP_STAMP_KERNEL, now + 2000);
	advance(0.001);
	deliver_by(&h, NTP_STAMP_HARDWARE);
	advance(0.6);
	CHECK(samples == 3 && src->report.transmit == NTP_STAMP_KERNEL,
	      "one that never comes");

	until_request();
	h = answer_at(now);
	deliver_by(&h, NTP_STAMP_HARDWARE);
	ntp_forget_all();
	advance(0.1);
	CHECK(samples == 3, "what was held is forgotten with the rest");
	ntp_network.stamp_wait = 0;
	end();
}

/* The machine has slept between a request and its reply. */
static void slept(void)
{
	struct ntp_options opt = options();
	struct ntp_header h;
	double next;

	opt.interleaved = true;
	begin(&opt);
	until_request();
	answered();
	until_request();
	CHECK(out.origin, "it is not interleaved");
	h = answer_at(now);
	ntp_forget_all();
	advance(0.001);
	deliver(&h);
	CHECK(samples == 1 && !opened, "the reply is taken");
	next = until_request();
	CHECK(next < 1 && !out.origin, "asked after %g s, built on what was",
	      next);
	answered();
	CHECK(samples == 2, "%u samples", samples);
	ntp_set_online(src, false);
	ntp_forget_all();
	CHECK(!src->poll_timer.armed, "one that is offline is asked");
	end();
}

/* What does not know the cookie changes nothing at all. */
static void forged(void)
{
	struct ntp_options opt = options();
	struct ntp_header h;
	struct ntp_source was;
	u8 junk[NTP_HEADER_LEN];
	int i;

	begin(&opt);
	until_request();
	was = *src;
	for (i = 0; i < 10000; i++) {
		h = answer_at(now);
		h.origin = cpu_to_be64(random64());
		if (i & 1) {
			h.li_vn_mode = 0xe4;
			h.stratum = 0;
			h.refid = cpu_to_be32(i & 2 ? NTP_KISS_RATE :
						      NTP_KISS_DENY);
		}
		deliver(&h);
		random_bytes(junk, sizeof(junk));
		memcpy(&h, junk, sizeof(h));
		deliver(&h);
	}
	CHECK(!memcmp(&was, src, sizeof(was)), "it has changed");
	answered();
	CHECK(samples == 1, "%u samples", samples);
	end();
}

static void kiss(uint32_t code)
{
	struct ntp_header h = answer_at(now);

	h.li_vn_mode = 0xe4;
	h.stratum = 0;
	h.refid = cpu_to_be32(code);
	deliver(&h);
}

static void kisses(void)
{
	struct ntp_options opt = options();
	double wait;
	int i;

	opt.minpoll = 4;
	opt.iburst = true;
	begin(&opt);
	until_request();
	kiss(NTP_KISS_RATE);
	CHECK(!src->burst_left && src->source.poll == 5, "%d",
	      src->source.poll);
	wait = until_request();
	CHECK(wait > 31 && wait < 33, "waits %g", wait);
	for (i = 0; i < 20; i++) {
		kiss(NTP_KISS_RATE);
		until_request();
	}
	CHECK(src->source.poll == 10, "no end: %d", src->source.poll);
	src->source.est.valid = true;
	src->source.est.fit.noise = 1e-9;
	src->source.est.fit.wander = 1;
	for (i = 0; i < 20; i++) {
		answered();
		until_request();
	}
	CHECK(src->source.poll == 10, "forgotten: %d", src->source.poll);
	kiss(0x4e4b4559);
	CHECK(src->state == NTP_ONLINE && src->source.poll == 10, "other code");
	until_request();
	kiss(NTP_KISS_DENY);
	CHECK(src->state == NTP_DENIED && !src->source.reach, "denied");
	ntp_set_online(src, true);
	until_request();
	answered();
	CHECK(src->source.reach == 1, "asked again by the operator");
	end();
}

/* One DENY ended a source for good: it is asked again, less and less often. */
static void denied(void)
{
	struct ntp_options opt = options();
	double wait;
	int i;

	begin(&opt);
	until_request();
	for (i = 10; i < 20; i++) {
		kiss(i & 1 ? NTP_KISS_DENY : NTP_KISS_RSTR);
		CHECK(src->state == NTP_DENIED, "it is asked on");
		wait = until_request();
		CHECK(fabs(wait / ldexp(1, i < 17 ? i : 17) - 1) < 0.03,
		      "2^%d: waits %g s", i, wait);
		CHECK(src->state == NTP_ONLINE, "it is not asked");
	}
	answered();
	CHECK(src->source.reach == 1, "it answers");
	until_request();
	kiss(NTP_KISS_DENY);
	CHECK(fabs(until_request() / 1024 - 1) < 0.03, "forgotten");
	kiss(NTP_KISS_DENY);
	ntp_set_online(src, false);
	CHECK(src->state == NTP_OFFLINE && !timers, "the operator's word");
	end();
}

/* Of two minutes: requests to a server with a round trip of DELAY s; 0 none. */
static unsigned int asked(const struct ntp_options *opt, double delay)
{
	struct ntp_header h;
	int64_t until, arrives;
	unsigned int n;

	begin(opt);
	until = now + 120 * NS_PER_S;
	while (now < until) {
		n = sent;
		until_request();
		while (delay > 0 && sent != n) {
			n = sent;
			h = answer_at(now + (int64_t)(delay * 5e8));
			arrives = now + (int64_t)(delay * 1e9);
			while (timers && timers->when < arrives && sent == n)
				advance((double)(timers->when - now) * 1e-9);
			if (sent != n)
				continue;
			advance((double)(arrives - now) * 1e-9);
			deliver(&h);
		}
	}
	n = sent;
	return n;
}

/*
 * minpoll -6 towards a server that is dead sent 64 requests a second for ever; a
 * poll interval shorter than the round trip never got a reply.
 */
static void fast_polls(void)
{
	static const struct {
		int poll;
		double delay, maxdelay;
		unsigned int least, most;	/* requests in two minutes */
	} cases[] = {
		{ -6, 0, 3, 10, 130 },		/* nobody there */
		{ -6, 0.04, 3, 110, 130 },	/* far: one a second */
		{ -7, 0.2, 3, 90, 130 },
		{ -4, 0.001, 3, 1500, 2000 },	/* near: as often as it says */
		{ -7, 0.009, 3, 4000, 15500 },	/* longer than the interval */
		{ 0, 2.2, 3, 25, 120 },
		{ 2, 10, 16, 4, 30 },
	};
	struct ntp_options opt = options();
	unsigned int n;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		opt.minpoll = opt.maxpoll = (int8_t)cases[i].poll;
		opt.maxdelay = cases[i].maxdelay;
		opt.maxdelaydevratio = 0;
		n = asked(&opt, cases[i].delay);
		CHECK(n >= cases[i].least && n <= cases[i].most,
		      "poll %d, %g s: %u requests", cases[i].poll,
		      cases[i].delay, n);
		CHECK(cases[i].delay > 0 ? samples > 3 : !samples,
		      "poll %d, %g s: %u samples of %u requests",
		      cases[i].poll, cases[i].delay, samples, n);
		end();
	}
}

/* A reply of the stratum and reference id of this host, with that reference time. */
static void answer_like_self(int64_t ref_time)
{
	struct ntp_header h;

	until_request();
	h = answer_at(now);
	h.stratum = 2;
	h.refid = cpu_to_be32(0xc0000263);
	h.reference = cpu_to_be64(ntp_from_unix(ref_time));
	deliver(&h);
}

/* A host that is in its own list of servers does not believe itself. */
static void itself(void)
{
	struct ntp_options opt = options();

	begin(&opt);
	reference = (struct reference){
		.synced = true, .stratum = 2, .refid = 0xc0000263,
		.ref_time = BOOT + 12345678901LL,
	};
	answer_like_self(BOOT + 12345678901LL);
	CHECK(!samples && !(src->report.tests & NTP_TEST_LOOP), "tests %x",
	      src->report.tests);
	/* Another host that follows the same server. */
	answer_like_self(BOOT + 12345678000LL);
	CHECK(samples == 1, "tests %x", src->report.tests);
	memset(&reference, 0, sizeof(reference));
	end();
}

static void bursts(void)
{
	struct ntp_options opt = options();
	double wait;
	int i;

	opt.iburst = true;
	begin(&opt);
	until_request();
	for (i = 0; i < 3; i++) {
		answered();
		wait = until_request();
		CHECK(wait > 1.9 && wait < 2.1, "waits %g", wait);
	}
	answered();
	wait = until_request();
	CHECK(wait > 60, "four were good, then %g", wait);
	end();

	begin(&opt);
	until_request();
	for (i = 0; i < 7; i++) {
		wait = until_request();
		CHECK(wait > 1.9 && wait < 2.1, "waits %g", wait);
	}
	wait = until_request();
	CHECK(wait > 60, "eight were in vain, then %g", wait);
	end();

	opt.iburst = false;
	opt.burst = true;
	begin(&opt);
	until_request();
	wait = until_request();
	CHECK(wait < 2.1, "again after %g", wait);
	answered();
	wait = until_request();
	CHECK(wait > 60, "one was good, then %g", wait);
	end();
}

/* By the operator, of a source that is offline: and offline again then. */
static void bursts_offline(void)
{
	struct ntp_options opt = options();
	unsigned int i;

	opt.offline = true;
	begin(&opt);
	CHECK(!timers, "it sleeps");
	ntp_burst(src, 2, 4);
	until_request();
	answered();
	until_request();
	answered();
	CHECK(samples == 2 && sent == 2 && !timers, "%u of %u", samples, sent);
	ntp_burst(src, 2, 4);
	for (i = 0; i < 4; i++)
		until_request();
	advance(10);
	CHECK(sent == 6 && !timers && !opened, "%u sent", sent);
	end();
}

static void reach(void)
{
	struct ntp_options opt = options();
	unsigned int i, before;

	begin(&opt);
	until_request();
	answered();
	before = changes;
	for (i = 0; i < 8; i++)
		until_request();
	advance(5);
	CHECK(!src->source.reach && changes == before + 8, "%o",
	      src->source.reach);
	CHECK(src->source.poll == 7, "asked less: %d", src->source.poll);
	until_request();
	answered();
	CHECK(src->source.reach == 1 && src->source.poll == 6, "back: %d",
	      src->source.poll);
	until_request();
	answered();
	CHECK(src->source.reach == 3, "%o", src->source.reach);
	/* The network is down: it is tried all the same. */
	out_error = -ENETUNREACH;
	advance(200);
	CHECK(src->source.reach == (3 << 3 & 0xff) ||
	      src->source.reach == (3 << 4 & 0xff), "%o", src->source.reach);
	out_error = 0;
	until_request();
	answered();
	CHECK(src->source.reach & 1, "%o", src->source.reach);
	end();
}

static void unsynchronised(void)
{
	struct ntp_options opt = options();
	struct ntp_header h;

	opt.minstratum = 3;
	begin(&opt);
	until_request();
	answered();
	CHECK(src->source.stratum == 3, "minstratum: %u", src->source.stratum);
	until_request();
	h = answer_at(now);
	h.li_vn_mode |= 0xc0;
	h.stratum = 0;
	deliver(&h);
	CHECK(samples == 1 && src->source.leap == 3 && src->source.reach == 2,
	      "leap %u reach %o", src->source.leap, src->source.reach);
	until_request();
	h = answer_at(now);
	h.stratum = 15;
	h.root_dispersion = cpu_to_be32(16 << 16);
	deliver(&h);
	CHECK(samples == 1, "16 s off");
	end();
}

static const struct test_case cases[] = {
	{ "a request, its reply, the next", plain },
	{ "a reply counts once", replay },
	{ "a device stamps in its own time", stamped },
	{ "a machine that has slept", slept },
	{ "forged replies and kisses", forged },
	{ "kisses are obeyed", kisses },
	{ "who denies service is asked again much later", denied },
	{ "polls that are shorter than a second or the round trip", fast_polls },
	{ "a host does not follow itself", itself },
	{ "bursts", bursts },
	{ "bursts of what is offline", bursts_offline },
	{ "reach and the interval without replies", reach },
	{ "a server without time", unsynchronised },
};

TEST_MAIN(cases)
