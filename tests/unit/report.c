// SPDX-License-Identifier: GPL-2.0
/*
 * The reports: signs and marks as chronyc has them, and which sources a word
 * means. The oscillator of this test is 10 ppm slow, and the local clock 2 ms
 * ahead of what is estimated.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <math.h>
#include <stddef.h>

#include "../../user/daemon/clk.h"
#include "../../user/daemon/ntp.h"
#include "../../user/daemon/reference.h"
#include "../../user/daemon/report.h"

#define NOW	(1000 * NS_PER_S)
#define EPOCH	(1700000000 * NS_PER_S)

struct reference reference;
struct source *sources;
static struct ntp_source server, peer;
static struct source clock_source;

int64_t clk_raw(void)
{
	return NOW;
}

int64_t reference_time(int64_t raw)
{
	return EPOCH + raw;
}

int64_t reference_line(int64_t raw)
{
	return reference_time(raw);
}

int64_t reference_off(int64_t raw, int64_t real)
{
	return (int64_t)((uint64_t)reference_time(raw) - (uint64_t)real);
}

double reference_lasts(int64_t raw)
{
	(void)raw;
	return INFINITY;
}

double reference_dispersion(int64_t raw)
{
	return raw == NOW ? 0.5 : 0;
}

double reference_correction(void)
{
	return -0.002;
}

const struct sample *estimate_last(const struct estimate *e)
{
	return e->n ? &e->sample[(e->first + e->n - 1) % ESTIMATE_SAMPLES] :
		      NULL;
}

struct fit fit_at(const struct fit *f, int64_t raw)
{
	struct fit at = *f;

	at.raw = raw;
	at.utc += raw - f->raw;
	return at;
}

static void set_address(struct source *src, const char *text)
{
	struct sockaddr_in6 *in6 = (void *)&src->address;
	struct sockaddr_in *in = (void *)&src->address;

	memset(&src->address, 0, sizeof(src->address));
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		in->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		in6->sin6_family = AF_INET6;
}

/* Samples 16 s apart, UTC ahead of the reference by OFFSETS, ns. */
static void set_samples(struct source *src, const int64_t *offsets,
			unsigned int n)
{
	struct estimate *e = &src->est;
	struct sample *s;
	unsigned int i;

	memset(e, 0, sizeof(*e));
	/* The ring goes round its end. */
	e->first = ESTIMATE_SAMPLES - 2;
	e->n = n;
	e->valid = n > 2;
	e->skew = 1e-7;
	e->fit = (struct fit){ .raw = 0, .utc = EPOCH, .noise = 1e-4,
			       .frequency = 12e-6 };
	for (i = 0; i < n; i++) {
		s = &e->sample[(e->first + i) % ESTIMATE_SAMPLES];
		s->raw = NOW - (n - i) * 16 * NS_PER_S;
		s->utc = EPOCH + s->raw + offsets[i];
		s->delay = 0.02;
		s->dispersion = 0.001;
		s->root_delay = 0.04;
		s->root_dispersion = 0.003;
	}
}

static void setup(void)
{
	static const int64_t offsets[] = { 100, 200, -100, -300, 5000000 };
	struct source *src = &server.source;

	memset(&server, 0, sizeof(server));
	memset(&peer, 0, sizeof(peer));
	memset(&clock_source, 0, sizeof(clock_source));
	sources = src;
	src->next = &peer.source;
	peer.source.next = &clock_source;

	strcpy(src->name, "ntp1.example.net");
	set_address(src, "203.0.113.15");
	src->status = SOURCE_SELECTED;
	src->reach = 0377;
	src->error_lo = -0.001;
	src->error_hi = 0.004;
	set_samples(src, offsets, 5);
	server.report.sample = *estimate_last(&src->est);
	server.report.offset = 0.003;

	strcpy(peer.source.name, "2001:db8::7");
	peer.source.type = SOURCE_PEER;
	set_address(&peer.source, "2001:db8::7");
	peer.source.leap = 3;
	peer.source.status = SOURCE_COMBINED;

	strcpy(clock_source.name, "GPS");
	clock_source.type = SOURCE_REFCLOCK;
	clock_source.status = SOURCE_FALSETICKER;
	set_samples(&clock_source, offsets, 2);

	reference = (struct reference){
		.synced = true, .stratum = 3, .refid = 0xcb00710f,
		.frequency = 10e-6, .residual = 1e-6,
		.name = "ntp1.example.net",
	};
}

#define NEAR(got, wanted)						\
	CHECK(fabs((got) - (wanted)) < 1e-12, "%s is %.12g, not %.12g",	\
	      #got, (double)(got), (double)(wanted))

static void tracking(void)
{
	struct report_tracking t;

	setup();
	report_tracking(&t);
	CHECK(t.synced && t.stratum == 3 && t.refid == 0xcb00710f, "followed");
	CHECK(!strcmp(t.address, "203.0.113.15"), "address %s", t.address);
	NEAR(t.correction, -0.002);
	NEAR(t.frequency, -10e-6);
	NEAR(t.residual, -1e-6);
	NEAR(t.root_dispersion, 0.5);
	reference.synced = false;
	reference.stratum = 16;
	report_tracking(&t);
	CHECK(!t.synced && !t.stratum && !t.refid && t.leap == 3 && !*t.name &&
	      !*t.address, "not synchronised");
}

static void list(void)
{
	struct report_source s[4];

	setup();
	CHECK(report_sources(s, 2) == 2, "no more than there is room for");
	CHECK(report_sources(s, 4) == 3, "all of them");
	CHECK(s[0].mark == '*' && s[1].mark == '?' && s[2].mark == 'x',
	      "marks %c%c%c", s[0].mark, s[1].mark, s[2].mark);
	CHECK(s[0].sampled && !s[1].sampled, "samples");
	NEAR(s[0].since_sample, 16);
	NEAR(s[0].offset, -0.005);
	NEAR(s[0].measured, -0.003);
	NEAR(s[0].error, 0.01 + 0.02 + 0.004);
	NEAR(s[2].measured, s[2].offset);
	CHECK(!strcmp(s[1].address, "2001:db8::7") && !*s[2].address,
	      "addresses");
	server.report.sample.raw++;
	report_sources(s, 1);
	NEAR(s[0].measured, -0.005);
}

static void stats(void)
{
	struct report_sourcestats s[4];

	setup();
	CHECK(report_sourcestats(s, 4) == 3, "all of them");
	CHECK(s[0].samples == 5 && s[0].runs == 3, "%u samples, %u runs",
	      s[0].samples, s[0].runs);
	NEAR(s[0].span, 64);
	NEAR(s[0].frequency, -2e-6);
	NEAR(s[0].offset, 0);
	NEAR(s[0].deviation, 1e-4);
	CHECK(s[2].samples == 2 && !s[2].runs, "nothing is estimated");
}

static void selection(void)
{
	struct report_select s[4];

	setup();
	peer.source.prefer = true;
	CHECK(report_select(s, 4) == 3, "all of them");
	CHECK(s[0].mark == '*' && s[1].mark == '+' && s[2].mark == 'x',
	      "marks %c%c%c", s[0].mark, s[1].mark, s[2].mark);
	NEAR(s[0].lo, -0.004);
	NEAR(s[0].hi, 0.001);
	CHECK(s[1].prefer && !s[1].trust, "options");
	CHECK(s[0].leap == 0 && s[1].leap == 3, "leap");
}

static void matches(void)
{
	static const struct {
		const char *which;
		bool server, peer, clock;
	} cases[] = {
		{ NULL, true, true, true },
		{ "NTP1.example.NET", true, false, false },
		{ "ntp1.example", false, false, false },
		{ "203.0.113.15", true, false, false },
		{ "203.0.113.14", false, false, false },
		{ "203.0.113.14/31", true, false, false },
		{ "203.0.113.12/31", false, false, false },
		{ "203.0.0.0/16", true, false, false },
		{ "0.0.0.0/0", true, false, false },
		{ "::/0", false, true, false },
		{ "2001:DB8::7", false, true, false },
		{ "2001:db8::/125", false, true, false },
		{ "2001:db8::/126", false, false, false },
		{ "gps", false, false, true },
		{ "", false, false, false },
		{ "203.0.113.15/24", false, false, false },
	};
	size_t i;

	setup();
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(report_matches(&server.source, cases[i].which) ==
		      cases[i].server &&
		      report_matches(&peer.source, cases[i].which) ==
		      cases[i].peer &&
		      report_matches(&clock_source, cases[i].which) ==
		      cases[i].clock, "'%s'", cases[i].which);
}

static const struct test_case cases[] = {
	{ "tracking", tracking },
	{ "sources", list },
	{ "sourcestats", stats },
	{ "selectdata", selection },
	{ "what a name, an address or a prefix means", matches },
};

TEST_MAIN(cases)
