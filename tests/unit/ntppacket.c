// SPDX-License-Identifier: GPL-2.0
/* What a client sends, takes for its reply, and reads from it. */
#include "harness.h"
#include "../../user/daemon/address.h"
#include "../../user/daemon/ntp_packet.h"
#include "../../kmod/core/ntptime.h"

#include <math.h>
#include <netinet/in.h>

#define S		1000000000LL
#define ERA_1		2085978496LL	/* 2036-02-07 06:28:16 */
#define Y2026		1767225600LL

static const struct ntp_request asked = {
	.mode = 3, .version = 4, .poll = 6, .transmit = 0x0123456789abcdef,
};

static u64 stamp(int64_t s, u32 fraction)
{
	return (u64)(s + (int64_t)NTP_UNIX_SECONDS) << 32 | fraction;
}

/* A good reply to ASKED. */
static struct ntp_header good(void)
{
	return (struct ntp_header){
		.li_vn_mode = 0x24,
		.stratum = 2,
		.poll = 6,
		.precision = -20,
		.root_delay = cpu_to_be32(0x00008000),
		.root_dispersion = cpu_to_be32(0x00000148),
		.refid = cpu_to_be32(0xc0000201),
		.reference = cpu_to_be64(stamp(1900000000, 0)),
		.origin = cpu_to_be64(asked.transmit),
		.receive = cpu_to_be64(stamp(1900000010, 0x1000)),
		.transmit = cpu_to_be64(stamp(1900000010, 0x2000)),
	};
}

static unsigned int check(const struct ntp_header *h,
			  const struct ntp_request *r, struct ntp_answer *a)
{
	u8 *copy = flush_copy(h, sizeof(*h));
	unsigned int tests = 0;

	if (ntp_packet_parse(copy, sizeof(*h), a))
		tests = ntp_packet_check(r, a);
	free(copy);
	return tests;
}

#define SYNCED	((unsigned int)NTP_TESTS_SYNCED)

/* One thing wrong, one test failed. */
#define WRONG(lost, change)						\
	do {								\
		struct ntp_header h = good();				\
		struct ntp_answer got;					\
		unsigned int tests;					\
									\
		change;							\
		tests = check(&h, &asked, &got);			\
		CHECK(tests == (SYNCED & ~(unsigned int)(lost)),	\
		      "%s: %x", #change, tests);			\
	} while (0)

/* It is no reply at all. */
#define FOREIGN(change)							\
	do {								\
		struct ntp_header h = good();				\
		struct ntp_answer got;					\
									\
		change;							\
		CHECK(!(check(&h, &asked, &got) & NTP_TEST_ORIGIN),	\
		      "%s", #change);					\
	} while (0)

static void origin(void)
{
	u64 bit;

	WRONG(0, (void)h);
	FOREIGN(h.origin = 0);
	FOREIGN(h.origin = h.transmit);
	for (bit = 1; bit; bit <<= 1)
		FOREIGN(h.origin ^= cpu_to_be64(bit));
}

static void mode_and_version(void)
{
	unsigned int mode, version;

	for (mode = 0; mode < 8; mode++)
		if (mode != NTP_MODE_SERVER)
			FOREIGN(h.li_vn_mode = (u8)(0x20 | mode));
	for (version = 0; version < 8; version++)
		if (version >= 1 && version <= 4)
			WRONG(0, h.li_vn_mode = (u8)(version << 3 | 4));
		else
			FOREIGN(h.li_vn_mode = (u8)(version << 3 | 4));
}

static void server_state(void)
{
	unsigned int stratum;

	WRONG(0, h.li_vn_mode = 0x64);
	WRONG(0, h.li_vn_mode = 0xa4);
	WRONG(NTP_TEST_SYNCED, h.li_vn_mode = 0xe4);
	for (stratum = 0; stratum < 256; stratum++)
		if (stratum >= 1 && stratum <= 15)
			WRONG(0, h.stratum = (u8)stratum);
		else
			WRONG(NTP_TEST_SYNCED, h.stratum = (u8)stratum);
}

static void root(void)
{
	/* Half of the one and all of the other. */
	WRONG(0, h.root_dispersion = cpu_to_be32(0x000fbfff));
	WRONG(NTP_TEST_ROOT, h.root_dispersion = cpu_to_be32(0x000fc000));
	WRONG(NTP_TEST_ROOT, h.root_dispersion = cpu_to_be32(0xffffffff));
	WRONG(NTP_TEST_ROOT, h.root_delay = cpu_to_be32(0x00200000));
	WRONG(NTP_TEST_ROOT, h.root_delay = cpu_to_be32(0xffffffff));
	WRONG(0, h.reference = 0);
	WRONG(0, h.reference = h.transmit);
	/* Two of its own precision of 2^-20 s are forgiven. */
	WRONG(0, h.reference = cpu_to_be64(stamp(1900000010, 0x4000)));
	WRONG(NTP_TEST_ROOT,
	      h.reference = cpu_to_be64(stamp(1900000010, 0x4001)));
}

static void stamps(void)
{
	WRONG(NTP_TEST_STAMPS, h.receive = 0);
	WRONG(NTP_TEST_STAMPS, h.transmit = 0);
	WRONG(NTP_TEST_STAMPS, h.receive = h.transmit = 0);
	WRONG(0, h.receive = h.transmit);
	WRONG(0, h.receive = cpu_to_be64(stamp(1900000010, 0x4000)));
	WRONG(NTP_TEST_STAMPS,
	      h.receive = cpu_to_be64(stamp(1900000010, 0x4001)));
	WRONG(NTP_TEST_STAMPS, h.receive = cpu_to_be64(stamp(1900000011, 0)));
	/* Between two eras, and the other way round. */
	WRONG(0, h.receive = cpu_to_be64(0xffffffffffffffff);
	      h.transmit = cpu_to_be64(1));
	WRONG(NTP_TEST_STAMPS | NTP_TEST_ROOT,
	      h.receive = cpu_to_be64(0x10000000001);
	      h.transmit = cpu_to_be64(0xffffffff00000000);
	      h.reference = cpu_to_be64(0x20000000000));
	/* Whatever precision is claimed, an hour is not below it. */
	WRONG(NTP_TEST_STAMPS, h.precision = 127;
	      h.receive = cpu_to_be64(stamp(1900003610, 0)));
}

static void kiss(void)
{
	struct ntp_header h = good();
	struct ntp_answer a;

	h.li_vn_mode = 0xe4;
	h.stratum = 0;
	h.refid = cpu_to_be32(NTP_KISS_RATE);
	check(&h, &asked, &a);
	CHECK(a.kiss == NTP_KISS_RATE, "%x", a.kiss);
	h.refid = cpu_to_be32(NTP_KISS_DENY);
	check(&h, &asked, &a);
	CHECK(a.kiss == NTP_KISS_DENY, "%x", a.kiss);
	/* One that nobody asked for is as foreign as any. */
	h.origin ^= 1;
	CHECK(!check(&h, &asked, &a), "forged kiss");
	h.origin ^= 1;
	/* A server without time is none. */
	h.refid = 0;
	check(&h, &asked, &a);
	CHECK(!a.kiss, "no code");
	h.refid = cpu_to_be32(0x52415400);
	check(&h, &asked, &a);
	CHECK(!a.kiss, "three letters");
	/* "RATE" is an address where the stratum is not 0. */
	h.refid = cpu_to_be32(NTP_KISS_RATE);
	h.stratum = 2;
	check(&h, &asked, &a);
	CHECK(!a.kiss, "an address");
}

static void interleaved(void)
{
	struct ntp_request r = asked;
	struct ntp_header h = good();
	struct ntp_answer a;
	unsigned int tests;

	/* Not asked for: only the basic form is a reply. */
	h.origin = cpu_to_be64(77);
	CHECK(!check(&h, &r, &a), "not asked for");
	h.origin = 0;
	CHECK(!check(&h, &r, &a) && !a.interleaved, "zero");

	r.receive = 77;
	r.origin = stamp(1900000000, 5);
	h.origin = cpu_to_be64(77);
	tests = check(&h, &r, &a);
	CHECK(tests == SYNCED && a.interleaved, "interleaved: %x", tests);
	/* What it transmitted was the reply before this one. */
	h.transmit = cpu_to_be64(stamp(1900000000, 0x10));
	tests = check(&h, &r, &a);
	CHECK(tests == SYNCED && a.interleaved, "last reply: %x", tests);
	h.origin = cpu_to_be64(r.transmit);
	tests = check(&h, &r, &a);
	CHECK(!(tests & NTP_TEST_STAMPS) && !a.interleaved, "basic: %x",
	      tests);
	h.origin = cpu_to_be64(r.origin);
	CHECK(!check(&h, &r, &a), "its own receive time");
	h.origin = cpu_to_be64(78);
	CHECK(!check(&h, &r, &a), "neither");
}

static void symmetric(void)
{
	struct ntp_request r = asked;
	struct ntp_header h = good();
	struct ntp_answer a;
	unsigned int mode;

	r.mode = NTP_MODE_SYMMETRIC_ACTIVE;
	for (mode = 0; mode < 8; mode++) {
		h.li_vn_mode = (u8)(0x20 | mode);
		CHECK(!!check(&h, &r, &a) == (mode == 1 || mode == 2),
		      "mode %u", mode);
	}
}

/* Nothing is told but what the server needs. */
static void request(void)
{
	struct ntp_request r = asked;
	u8 want[NTP_HEADER_LEN] = { 0x23, 0, 6 };
	u8 out[NTP_HEADER_LEN];
	unsigned int i;

	for (i = 0; i < 8; i++)
		want[40 + i] = (u8)(asked.transmit >> (56 - 8 * i));
	memset(out, 0xaa, sizeof(out));
	ntp_packet_request(&r, out);
	CHECK(!memcmp(out, want, sizeof(out)), "basic");
	r.origin = 0x1122334455667788;
	r.receive = 0x99aabbccddeeff00;
	for (i = 0; i < 8; i++) {
		want[24 + i] = (u8)(r.origin >> (56 - 8 * i));
		want[32 + i] = (u8)(r.receive >> (56 - 8 * i));
	}
	ntp_packet_request(&r, out);
	CHECK(!memcmp(out, want, sizeof(out)), "interleaved");
}

static void lengths(void)
{
	struct ntp_header h = good();
	u8 data[120] = { 0 };
	struct ntp_answer a;
	size_t len;
	u8 *copy;

	memcpy(data, &h, sizeof(h));
	for (len = 0; len <= sizeof(data); len++) {
		copy = flush_copy(data, len);
		CHECK(ntp_packet_parse(copy, len, &a) ==
		      (len >= 48 && len % 4 == 0), "length %zu", len);
		flush_free(copy, len);
	}
}

/* Every era is read by what is near to it. */
static void eras(void)
{
	static const int64_t near[] = {
		Y2026, ERA_1 - 1, ERA_1, ERA_1 + 1, 2 * ERA_1,
		ERA_1 + (1LL << 32) - 1, ERA_1 + (1LL << 32),
	};
	static const int64_t off[] = {
		0, 1, -1, 3600, -3600, (1LL << 31) - 1, -(1LL << 31) + 1,
	};
	size_t i, j;

	for (i = 0; i < sizeof(near) / sizeof(near[0]); i++)
		for (j = 0; j < sizeof(off) / sizeof(off[0]); j++) {
			int64_t want = near[i] + off[j];
			int64_t got = ntp_to_unix(stamp(want, 1U << 31),
						  near[i] * S);

			CHECK(got == want * S + S / 2, "%lld near %lld: %lld",
			      (long long)want, (long long)near[i],
			      (long long)got);
		}
	/* A clock that was not set yet does not mean 1970. */
	CHECK(ntp_to_unix(stamp(ERA_1 + 5, 0), 0) == (ERA_1 + 5) * S, "unset");
	CHECK(ntp_to_unix(stamp(Y2026, 0), 12345) == Y2026 * S, "unset");
}

static void fractions(void)
{
	int64_t ns;
	int i;

	for (i = 0; i < 100000; i++) {
		ns = Y2026 * S + (int64_t)random_below(68ULL << 31) * 10;
		/* The core's own conversion is up to 4 units above. */
		CHECK(llabs(ntp_to_unix(ntp_from_unix(ns), ns) - ns) <= 1,
		      "%lld", (long long)ns);
	}
	CHECK(ntp_to_unix(stamp(Y2026, 2), Y2026 * S) == Y2026 * S, "down");
	CHECK(ntp_to_unix(stamp(Y2026, 3), Y2026 * S) == Y2026 * S + 1, "up");
}

static struct ntp_exchange exchange(void)
{
	return (struct ntp_exchange){
		.t1 = 5 * S,
		.t2 = 1900000000 * S + 10000,
		.t3 = 1900000000 * S + 30000,
		.t4 = 5 * S + 60000,
		.precision = 1e-7, .remote_precision = 1e-6,
	};
}

static void samples(void)
{
	struct ntp_exchange x = exchange();
	struct sample s;

	CHECK(ntp_packet_sample(&x, &s), "good");
	CHECK(s.raw == 5 * S + 30000 && s.utc == 1900000000 * S + 20000,
	      "%lld %lld", (long long)s.raw, (long long)s.utc);
	CHECK(fabs(s.delay - 40e-6) < 1e-12, "delay %g", s.delay);
	CHECK(fabs(s.dispersion - 1.1e-6) < 1e-12, "disp %g", s.dispersion);

	x.frequency = 1e-2;
	x.skew = 1e-3;
	CHECK(ntp_packet_sample(&x, &s), "frequency");
	CHECK(fabs(s.delay - 40.6e-6) < 1e-12, "delay %g", s.delay);
	CHECK(fabs(s.dispersion - 1.16e-6) < 1e-12, "disp %g", s.dispersion);
}

static void contradictions(void)
{
	struct ntp_exchange x = exchange();
	struct sample s;

	/* Nothing is faster than light, but what is below the precision. */
	x.t4 = x.t1 + 20000 - 1000;
	CHECK(ntp_packet_sample(&x, &s) && s.delay == x.precision, "%g",
	      s.delay);
	x.t4 = x.t1 + 20000 - 5000;
	CHECK(!ntp_packet_sample(&x, &s), "negative");
	x = exchange();
	x.t4 = x.t1 - 1;
	CHECK(!ntp_packet_sample(&x, &s), "before it was sent");
	x = exchange();
	x.t3 = x.t2 - 3000;
	CHECK(!ntp_packet_sample(&x, &s), "left before it arrived");
	x.t3 = x.t2 + 3600 * S;
	CHECK(!ntp_packet_sample(&x, &s), "an hour there");
	/* As far apart as stamps can be. */
	x.t2 = ntp_to_unix(stamp(Y2026, 0) + (1ULL << 63), Y2026 * S);
	x.t3 = ntp_to_unix(stamp(Y2026, 0) + (1ULL << 63) - 1, Y2026 * S);
	CHECK(!ntp_packet_sample(&x, &s), "eras");
}

static void addresses(void)
{
	struct sockaddr_storage a, b;
	char buf[ADDRESS_TEXT];

	CHECK(address_parse("192.0.2.1", &a), "IPv4");
	CHECK(address_refid((void *)&a) == 0xc0000201, "IPv4 refid");
	address_set_port((void *)&a, 123);
	CHECK(address_port((void *)&a) == 123, "port");
	CHECK(address_parse("192.0.2.1", &b) &&
	      !address_equal((void *)&a, (void *)&b), "other port");
	CHECK(address_parse("2001:db8::1", &b), "IPv6");
	/* MD5 of 20010db8000000000000000000000001. */
	CHECK(address_refid((void *)&b) == 0x39ab9b37, "IPv6 refid %x",
	      address_refid((void *)&b));
	CHECK(!strcmp(address_format((void *)&b, buf), "2001:db8::1"), "%s",
	      buf);
	CHECK(address_parse("fe80::1%lo", &a) &&
	      ((struct sockaddr_in6 *)&a)->sin6_scope_id, "scope");
	CHECK(!address_parse("fe80::1%no-such-link", &a), "no link");
	CHECK(!address_parse("ntp.example", &a) && !address_parse("", &a) &&
	      !address_parse("1.2.3", &a), "names");
}

static const struct test_case cases[] = {
	{ "the request tells nothing", request },
	{ "only our cookie is a reply", origin },
	{ "mode and version", mode_and_version },
	{ "leap and stratum", server_state },
	{ "root distance and reference time", root },
	{ "receive and transmit times", stamps },
	{ "kiss codes", kiss },
	{ "interleaved replies", interleaved },
	{ "symmetric modes", symmetric },
	{ "lengths", lengths },
	{ "eras", eras },
	{ "fractions of a second", fractions },
	{ "samples", samples },
	{ "contradictory times", contradictions },
	{ "addresses", addresses },
};

TEST_MAIN(cases)
