// SPDX-License-Identifier: GPL-2.0
/* ntp_reply(), octet by octet. */
#include "harness.h"
#include "../../kmod/core/parse.h"
#include "../../kmod/core/reply.h"

static void put32(u8 *to, u32 value)
{
	to[0] = (u8)(value >> 24);
	to[1] = (u8)(value >> 16);
	to[2] = (u8)(value >> 8);
	to[3] = (u8)value;
}

static void put64(u8 *to, u64 value)
{
	put32(to, (u32)(value >> 32));
	put32(to + 4, (u32)value);
}

struct reply_case {
	u8 request[NTP_HEADER_LEN];
	u32 delay, dispersion, refid;
	u64 reference, receive, transmit;
	u8 leap, stratum;
	s8 precision;
};

static struct reply_case random_case(u8 first)
{
	struct reply_case c = {
		.delay = (u32)random64(),
		.dispersion = (u32)random64(),
		.refid = (u32)random64(),
		.reference = random64(),
		.receive = random64(),
		.transmit = random64(),
		.leap = (u8)random_below(4),
		.stratum = (u8)random_below(16),
		.precision = (s8)random64(),
	};

	random_bytes(c.request, sizeof(c.request));
	c.request[0] = first;
	return c;
}

/* RFC 5905 figure 8, written down by its offsets. */
static void expect(const struct reply_case *c, u8 *out)
{
	u8 mode = c->request[0] % 8 == 1 ? 2 : 4;

	out[0] = (u8)(c->leap * 64 + c->request[0] / 8 % 8 * 8 + mode);
	out[1] = c->stratum;
	out[2] = c->request[2];
	out[3] = (u8)c->precision;
	put32(out + 4, c->delay);
	put32(out + 8, c->dispersion);
	put32(out + 12, c->refid);
	put64(out + 16, c->reference);
	memcpy(out + 24, c->request + 40, 8);
	/* told apart by their last bit */
	put64(out + 32, c->receive & ~1ULL);
	put64(out + 40, c->transmit | 1);
}

/* At @offset from an aligned address, nothing around the header touched. */
static void check_at(const struct reply_case *c, size_t offset)
{
	struct ntp_server server = {
		.leap = c->leap,
		.stratum = c->stratum,
		.precision = c->precision,
		.root_delay = cpu_to_be32(c->delay),
		.root_dispersion = cpu_to_be32(c->dispersion),
		.refid = cpu_to_be32(c->refid),
		.reference = cpu_to_be64(c->reference),
	};
	u8 around[8 + NTP_HEADER_LEN];
	u8 want[NTP_HEADER_LEN];
	u8 *copy;

	random_bytes(around, sizeof(around));
	memcpy(around + offset, c->request, NTP_HEADER_LEN);
	copy = flush_copy(around, offset + NTP_HEADER_LEN);
	expect(c, want);
	ntp_reply((struct ntp_header *)(copy + offset), &server, c->receive,
		  c->transmit);
	CHECK(!memcmp(copy, around, offset), "octets before were changed");
	CHECK(!memcmp(copy + offset, want, sizeof(want)), "offset %zu", offset);
	if (memcmp(copy + offset, want, sizeof(want))) {
		print_hex("request", c->request, sizeof(c->request));
		print_hex("want   ", want, sizeof(want));
		print_hex("got    ", copy + offset, sizeof(want));
	}
	free(copy);
}

static void every_octet(void)
{
	unsigned int first, i;
	size_t offset;

	for (first = 0; first < 256; first++)
		for (i = 0; i < 50; i++) {
			struct reply_case c = random_case((u8)first);

			for (offset = 0; offset < 8; offset++)
				check_at(&c, offset);
		}
}

/* LI = 3 is stratum 0 and reference identifier 0, and all else as ever. */
static void unsynchronised(void)
{
	struct reply_case c = random_case(0x23);
	u8 want[NTP_HEADER_LEN];

	c.leap = NTP_LEAP_UNSYNC;
	c.stratum = 0;
	c.refid = 0;
	expect(&c, want);
	CHECK(want[0] == 0xe4, "model says %02x", want[0]);
	check_at(&c, 0);
}

/* Two servers can never be made to answer each other for ever. */
static void reply_is_no_request(void)
{
	static const u16 ports[] = { 0, 123, 40000 };
	struct ntp_server server = { .stratum = 1 };
	unsigned int first, p, q;

	for (first = 0; first < 256; first++)
		for (p = 0; p < 3; p++) {
			struct ntp_header h = { .li_vn_mode = (u8)first };

			if (ntp_classify((u8 *)&h, sizeof(h), ports[p]) !=
			    NTP_CLASS_PLAIN)
				continue;
			ntp_reply(&h, &server, 1, 2);
			for (q = 0; q < 3; q++)
				CHECK(ntp_classify((u8 *)&h, sizeof(h),
						   ports[q]) == NTP_CLASS_MODE,
				      "reply to %02x is a request", first);
		}
}

static const struct test_case cases[] = {
	{ "every first octet, every alignment", every_octet },
	{ "unsynchronised", unsynchronised },
	{ "a reply is no request", reply_is_no_request },
};

TEST_MAIN(cases)
