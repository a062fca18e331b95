// SPDX-License-Identifier: GPL-2.0
/* Options of servers, interleaved mode, peers, and pools of names. */
#include "ntpworld.h"
#include "../../user/daemon/pool.h"

#include <netinet/in.h>

static struct lookup *looked_up;
static unsigned int lookups;

void lookup_start(struct lookup *l)
{
	looked_up = l;
	lookups++;
}

void lookup_cancel(struct lookup *l)
{
	if (looked_up == l)
		looked_up = NULL;
}

/* As an interleaved server, RFC 9769 section 2. */
struct server_memory {
	u64 receive, transmit;
};

static void interleaved_reply(struct server_memory *m, int64_t leaves)
{
	struct ntp_header h = answer_at(now + 1000000);
	struct ntp_header request = out;
	u64 left = ntp_from_unix(BOOT + leaves);

	if (m->receive && be64_to_cpu(request.origin) == m->receive &&
	    request.receive != request.transmit) {
		h.origin = request.receive;
		h.transmit = cpu_to_be64(m->transmit);
	}
	m->receive = be64_to_cpu(h.receive);
	m->transmit = left;
	advance((double)(leaves - now) * 1e-9 + 0.001);
	deliver(&h);
}

static void interleaved(void)
{
	struct ntp_options opt = options();
	struct server_memory m = { 0 };
	int64_t last;
	int i;

	opt.interleaved = true;
	begin(&opt);
	until_request();
	CHECK(!out.origin && !out.receive, "first one is basic");
	/* The basic reply knows nothing of the 10 ms that it lay there. */
	last = now;
	interleaved_reply(&m, now + 11000000);
	CHECK(samples == 1 && fabs(sample.delay - 0.012) < 1e-6, "delay %g",
	      sample.delay);
	until_request();
	CHECK(be64_to_cpu(out.origin) == m.receive && out.receive &&
	      out.receive != out.transmit, "then it is interleaved");
	interleaved_reply(&m, now + 11000000);
	CHECK(src->report.answer.interleaved && src->source.reach == 3, "%d",
	      src->report.answer.interleaved);
	for (i = 0; i < 3; i++) {
		last = now;
		until_request();
		interleaved_reply(&m, now + 11000000);
		CHECK(fabs(sample.delay - 0.002) < 1e-6, "delay %g",
		      sample.delay);
		CHECK(sample.raw < last, "of the exchange before");
	}
	/* It has lost its memory: basic again, and no sample twice. */
	m.receive = 0;
	until_request();
	interleaved_reply(&m, now + 11000000);
	CHECK(!src->report.answer.interleaved && src->report.tests ==
	      NTP_TESTS_GOOD, "%x", src->report.tests);
	for (i = 0; i < 4; i++)
		until_request();
	CHECK(!out.origin && !out.receive, "given up");
	end();
}

static void feed(double delay, int64_t error)
{
	struct ntp_header h;

	until_request();
	h = answer_at(now + (int64_t)(delay * 5e8) + error);
	advance(delay);
	deliver(&h);
}

static void delays(void)
{
	struct ntp_options opt = options();
	int i;

	opt.maxdelay = 0.1;
	opt.maxdelayratio = 3;
	begin(&opt);
	feed(0.0501, 0);
	CHECK(samples == 1, "first");
	feed(0.1001, 0);
	CHECK(samples == 1 && src->report.tests ==
	      (NTP_TESTS_GOOD & ~NTP_TEST_DELAY), "%x", src->report.tests);
	feed(0.010, 0);
	feed(0.031, 0);
	CHECK(samples == 2 && src->report.tests ==
	      (NTP_TESTS_GOOD & ~NTP_TEST_RATIO), "%x", src->report.tests);
	end();

	opt = options();
	begin(&opt);
	for (i = 0; i < 3; i++)
		feed(0.002, 0);
	src->source.est.valid = true;
	src->source.est.fit = (struct fit){
		.raw = sample.raw, .utc = sample.utc, .noise = 1e-4,
		.time_error = 1e-5,
	};
	feed(0.0039, 0);
	CHECK(samples == 4, "within ten deviations");
	feed(0.010, 0);
	CHECK(samples == 4 && src->report.tests ==
	      (NTP_TESTS_GOOD & ~NTP_TEST_DEVIATION), "%x", src->report.tests);
	/* The time is another one, not only the path. */
	feed(0.010, 100000000);
	CHECK(samples == 5, "it jumps: %x", src->report.tests);
	end();
}

static void corrections(void)
{
	struct ntp_options opt = options();

	opt.offset = -0.25;
	opt.asymmetry = -0.5;
	opt.has_asymmetry = true;
	begin(&opt);
	feed(0.002, 0);
	CHECK(llabs(sample.utc - BOOT - sample.raw + 250000000) < 100, "%lld",
	      (long long)(sample.utc - BOOT - sample.raw));
	/* All of 10 ms more was on the way there: 5 ms too much. */
	feed(0.012, 5000000);
	CHECK(llabs(sample.utc - BOOT - sample.raw + 250000000) < 100, "%lld",
	      (long long)(sample.utc - BOOT - sample.raw));
	end();
}

static void filter(void)
{
	static const double delay[] = { 0.9, 0.002, 0.4, 0.003, 0.004 };
	static const int64_t error[] = { 1, 300, 2, 100, 200 };
	struct ntp_options opt = options();
	int round, i;

	opt.filter = 5;
	begin(&opt);
	for (round = 1; round < 4; round++) {
		for (i = 0; i < 5; i++)
			feed(delay[i], error[i] * 1000);
		CHECK(samples == (unsigned int)round, "%u samples", samples);
		CHECK(llabs(sample.utc - BOOT - sample.raw - 200000) < 100,
		      "%lld", (long long)(sample.utc - BOOT - sample.raw));
	}
	CHECK(src->source.reach == 0xff, "%o", src->source.reach);
	end();
}

static void presend(void)
{
	struct ntp_options opt = options();
	double wait;

	opt.presend = 6;
	begin(&opt);
	until_request();
	answered();
	CHECK(!samples && !src->source.reach && src->ahead, "goes ahead");
	wait = until_request();
	CHECK(fabs(wait - 2) < 0.01, "then the true one: %g", wait);
	answered();
	CHECK(samples == 1 && src->source.reach == 1, "%u", samples);
	wait = until_request();
	CHECK(wait > 62 && wait < 66, "%g", wait);
	end();
}

/* Until it does not change: the interval that noise and wander ask for. */
static int settled(double noise, double wander)
{
	int i;

	src->source.est.valid = true;
	src->source.est.n = 10;
	src->source.est.fit.noise = noise;
	src->source.est.fit.wander = wander;
	for (i = 0; i < 100; i++)
		ntp_poll_adapt(src);
	return src->source.poll;
}

static void adaptive(void)
{
	struct ntp_options opt = options();
	int i;

	opt.minpoll = 2;
	opt.maxpoll = 12;
	begin(&opt);
	CHECK(settled(1e-3, 0) == 12, "no wander");
	CHECK(settled(1e-9, 1e-10) == 2, "hardly noise");
	/* They balance at 1000 s: 64 s * 8 < 1000 s < 64 s * 32. */
	i = settled(1e-4, 1e-17);
	CHECK(i == 5 || i == 6, "in between: %d", i);
	src->source.poll = 5;
	src->steady = 0;
	src->source.est.fit.noise = 1e-2;
	for (i = 0; i < 3; i++)
		CHECK(!ntp_poll_adapt(src), "patience");
	CHECK(ntp_poll_adapt(src) && src->source.poll == 6, "grows");
	src->source.est.fit.noise = 1e-6;
	CHECK(ntp_poll_adapt(src) && src->source.poll == 5, "at once");
	src->source.est.fit.noise = NAN;
	for (i = 0; i < 100; i++)
		ntp_poll_adapt(src);
	CHECK(src->source.poll >= 2 && src->source.poll <= 12, "no number");
	end();
}

static void receive_peer(const struct ntp_header *h)
{
	static struct server_packet p;

	p = (struct server_packet){
		.len = sizeof(*h), .when = { now, NTP_STAMP_KERNEL },
	};
	p.from = src->source.address;
	memcpy(p.data, h, sizeof(*h));
	CHECK(ntp_peer_receive(&p), "it is the peer's");
	address_set_port((void *)&p.from, 5000);
	CHECK(!ntp_peer_receive(&p), "another port is another host");
}

/* What the other end writes, having got ORIGIN at RECEIVED. */
static struct ntp_header from_peer(__be64 origin, int64_t received)
{
	return (struct ntp_header){
		.li_vn_mode = 0x21, .stratum = 2, .poll = 6, .precision = -20,
		.origin = origin,
		.receive = cpu_to_be64(ntp_from_unix(BOOT + received)),
		.transmit = cpu_to_be64(ntp_from_unix(BOOT + now)),
	};
}

static void peers(void)
{
	struct ntp_options opt = options();
	struct ntp_header h, forged;
	__be64 ours, seen;
	int64_t at;

	opt.peer = true;
	begin(&opt);
	until_request();
	CHECK((out.li_vn_mode & 0x3f) == 0x21 && !out.origin, "first");
	ours = out.transmit;
	at = now + 1000000;
	advance(20);
	h = from_peer(ours, at);
	advance(0.001);
	receive_peer(&h);
	CHECK(samples == 1 && fabs(sample.delay - 0.002) < 1e-6, "delay %g",
	      sample.delay);
	/* Again, or from somebody who has not seen our packet. */
	receive_peer(&h);
	seen = h.transmit;
	advance(1);
	forged = from_peer(ours ^ 1, at);
	receive_peer(&forged);
	CHECK(samples == 1, "%u samples", samples);
	until_request();
	CHECK(out.origin == seen && out.receive, "they are told what we got");
	/* After a loss both begin anew. */
	until_request();
	until_request();
	h = from_peer(ours, now);
	receive_peer(&h);
	CHECK(samples == 1, "%u samples", samples);
	until_request();
	CHECK(out.origin == h.transmit, "begins anew");
	h = from_peer(out.transmit, now);
	advance(0.001);
	receive_peer(&h);
	CHECK(samples == 2, "%u samples", samples);
	end();
}

/*
 * RFC 9769 section 3: a peer that stamps its packets 5 ms before they leave, which
 * only the next packet tells. In basic mode all of it would be delay.
 */
static void interleaved_peers(void)
{
	struct ntp_options opt = options();
	u64 origin = 0, left = 0;
	struct ntp_header h, last;
	int64_t arrived, first;
	int i;

	opt.peer = true;
	opt.interleaved = true;
	begin(&opt);
	until_request();
	CHECK(!out.origin && !out.receive, "first one is basic");
	for (i = 0; i < 5; i++) {
		arrived = now + 1000000;
		advance(20);
		h = from_peer(i ? out.receive : out.transmit, arrived);
		if (i)
			h.transmit = cpu_to_be64(left);
		origin = be64_to_cpu(h.receive);
		/* 5 ms in its queue, 1 ms on its way. */
		left = ntp_from_unix(BOOT + now + 5000000);
		advance(0.006);
		receive_peer(&h);
		/* The first one tells once more of the exchange before. */
		CHECK(samples == (unsigned int)(i ? i : 1), "%u samples",
		      samples);
		CHECK(src->report.answer.interleaved == !!i, "packet %d", i);
		CHECK(fabs(sample.delay - (i > 1 ? 0.002 : 0.007)) < 2e-6,
		      "packet %d: delay %g", i, sample.delay);
		first = src->sent.raw;
		last = out;
		until_request();
		CHECK(be64_to_cpu(out.origin) == origin, "names the packet");
		CHECK(out.receive != last.receive && out.transmit != out.receive,
		      "can be told apart");
		CHECK(llabs(ntp_to_unix(be64_to_cpu(out.transmit), BOOT + now) -
			    BOOT - first) < 1000,
		      "says when the one before left");
	}
	/* A packet that is lost: what it told is not mixed with the next one. */
	until_request();
	CHECK(llabs(ntp_to_unix(be64_to_cpu(out.transmit), BOOT + now) - BOOT -
		    now) < 1000, "basic after a loss");
	advance(20);
	h = from_peer(out.receive, now - 20 * NS_PER_S + 1000000);
	h.transmit = cpu_to_be64(ntp_from_unix(BOOT + now - 64 * NS_PER_S));
	receive_peer(&h);
	CHECK(samples == 4 || sample.delay < 3, "delay %g", sample.delay);
	end();
}

static void resolved(const char *first, unsigned int n)
{
	struct sockaddr_storage a[RESOLVE_MAX];
	struct lookup *l = looked_up;
	unsigned int i;

	looked_up = NULL;
	CHECK(l, "is asked for");
	for (i = 0; i < n; i++) {
		address_parse(first, &a[i]);
		((u8 *)&((struct sockaddr_in *)&a[i])->sin_addr)[3] +=
			(u8)i;
	}
	if (l)
		l->fn(l, n ? 0 : -2, a, n);
}

static unsigned int count(void)
{
	struct ntp_source *s;
	unsigned int n = 0;

	for (s = ntp_sources; s; s = s->next)
		n++;
	return n;
}

static void pools(void)
{
	struct ntp_options opt = options();
	struct ntp_group *g;
	struct ntp_source *bad;

	now = NS_PER_S;
	out_error = 0;
	lookups = 0;
	g = ntp_group_add("pool.example", 123, AF_UNSPEC, 3, &opt, NULL);
	CHECK(g && looked_up && pool_unresolved() == 3, "a name");
	resolved("192.0.2.1", 0);
	CHECK(!looked_up && !count(), "none yet");
	advance(10);
	CHECK(lookups == 2, "asked again: %u", lookups);
	resolved("192.0.2.1", 5);
	CHECK(count() == 3 && g->n_spare == 2 && !pool_unresolved(), "three");
	CHECK(!ntp_group_add("192.0.2.1", 123, AF_UNSPEC, 1, &opt, NULL) &&
	      errno == EEXIST, "the same as one of them");
	CHECK(!ntp_group_add("192.0.2.9", 123, AF_INET6, 1, &opt, NULL) &&
	      errno == EAFNOSUPPORT, "not of this family");

	/* A liar is replaced by a spare one, once it is sure. */
	bad = ntp_sources;
	bad->source.status = SOURCE_FALSETICKER;
	bad->source.reach = 1;
	bad->source.updates = 8;
	timer_set(&bad->poll_timer, 1000);
	advance(130);
	CHECK(g->n_spare == 1 && count() == 3 && g->n_dropped == 1,
	      "%u spare", g->n_spare);
	ntp_group_del(g);
	CHECK(!timers && !count(), "all is given back");
}

/* A pool is deleted with what it lacks, and remembers what its members are to be. */
static void commands(void)
{
	struct ntp_options opt = options();
	struct ntp_source *s;

	now = NS_PER_S;
	out_error = 0;
	CHECK(ntp_group_add("pool.example", 123, AF_UNSPEC, 3, &opt, NULL), "added");
	resolved("192.0.2.1", 1);
	CHECK(count() == 1, "one of three");
	CHECK(ntp_groups_set_online("pool.example", false) == 1, "offline");
	CHECK(!ntp_groups_set_online("other.example", false), "another");
	ntp_refresh();
	resolved("192.0.2.1", 3);
	for (s = ntp_sources; s; s = s->next)
		CHECK((s->state == NTP_OFFLINE) ==
		      (((struct sockaddr_in *)&s->source.address)->sin_addr.s_addr !=
		       htonl(0xc0000201)), "one that came later is asked");
	CHECK(count() == 3, "%u", count());
	CHECK(ntp_groups_del("pool.example") == 1 && !count() && !ntp_groups,
	      "deleted");
	/* A name that has never been resolved. */
	CHECK(ntp_group_add("none.example", 123, AF_UNSPEC, 1, &opt, NULL), "added");
	resolved("192.0.2.1", 0);
	CHECK(ntp_groups_del("none.example") == 1 && !ntp_groups && !timers,
	      "deleted");
}

/* All look bad when the network is down: they stay as they are. */
static void outage(void)
{
	struct ntp_options opt = options();
	struct ntp_group *g;
	unsigned int asked;

	now = NS_PER_S;
	g = ntp_group_add("pool.example", 123, AF_UNSPEC, 2, &opt, NULL);
	resolved("192.0.2.1", 2);
	CHECK(count() == 2, "two");
	lookups = 0;
	for (asked = 0; now < 20000 * NS_PER_S; asked = lookups) {
		advance(1);
		if (lookups != asked)
			resolved("192.0.2.1", 0);
	}
	CHECK(count() == 2 && lookups > 10 && lookups < 100, "%u look-ups",
	      lookups);
	while (!looked_up)
		advance(1);
	resolved("192.0.2.101", 2);
	CHECK(count() == 2 && g->n_dropped >= 1, "moved: %u", g->n_dropped);
	while (count())
		ntp_remove(ntp_sources);
	CHECK(!ntp_groups && !timers, "all is given back");
}

/*
 * A change of the network every 10 s, as routers see: a server that drops what it
 * is sent was asked each 2 s for ever. Two bursts are free, for the network may
 * have come up in between; then one in each poll interval, which grows.
 */
static void changes_of_network(void)
{
	struct ntp_options opt = options();
	unsigned int i, before;

	opt.iburst = true;
	begin(&opt);
	for (i = 0; i < 360; i++) {
		advance(10);
		ntp_network_changed();
	}
	CHECK(sent < 200, "%u requests in an hour", sent);
	before = sent;
	for (i = 0; i < 360; i++) {
		advance(10);
		ntp_network_changed();
	}
	CHECK(sent - before < 60, "%u requests in the next", sent - before);
	end();
	/* No route: nobody was asked, and the first event with one counts. */
	begin(&opt);
	out_error = -ENETUNREACH;
	for (i = 0; i < 30; i++) {
		advance(10);
		ntp_network_changed();
	}
	out_error = 0;
	before = sent;
	ntp_network_changed();
	advance(1);
	CHECK(sent == before + 1, "not asked when the network comes");
	end();
}

/*
 * chrony.conf(5), maxdelayquant: only the shortest delays, up to the quantile, are
 * accepted, and those that are refused belong to it as well.
 */
static void quantile_of_delays(void)
{
	struct ntp_options opt = options();
	unsigned int i, good = 0, before;
	struct ntp_header h;
	double delay;

	opt.maxdelayquant = 0.25;
	opt.minpoll = opt.maxpoll = 2;
	begin(&opt);
	for (i = 0; i < 400; i++) {
		delay = 1e-3 + (double)(i * 37 % 100) * 1e-5;
		until_request();
		h = answer_at(now + (int64_t)(delay * 5e8));
		advance(delay);
		before = samples;
		deliver(&h);
		if (i < 128)
			continue;
		good += samples > before;
		CHECK(samples == before || sample.delay < 1.28e-3,
		      "a delay of %g", sample.delay);
	}
	CHECK(good > 272 * 0.2 && good < 272 * 0.3, "%u of 272", good);
	end();
	/* It takes the place of maxdelaydevratio. */
	opt.maxdelayquant = 0;
	begin(&opt);
	CHECK(src->opt.maxdelaydevratio > 0, "the default");
	end();
}

static const struct test_case cases[] = {
	{ "interleaved mode", interleaved },
	{ "unusual delays", delays },
	{ "offset and asymmetry", corrections },
	{ "filter", filter },
	{ "presend", presend },
	{ "the interval follows noise and wander", adaptive },
	{ "peers", peers },
	{ "interleaved peers", interleaved_peers },
	{ "pools", pools },
	{ "an outage", outage },
	{ "delete and offline of a name", commands },
	{ "changes of the network", changes_of_network },
	{ "maxdelayquant", quantile_of_delays },
};

TEST_MAIN(cases)
