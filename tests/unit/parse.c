// SPDX-License-Identifier: GPL-2.0
/* ntp_classify() against the rules said again slowly, and its bounds. */
#include "harness.h"
#include "model.h"

enum {
	LENGTH_MAX = 120,
	FIELDS_MAX = 600,
};

static const u16 ports[] = { 0, 123, 40000 };

static void check_one(const u8 *data, size_t len, u16 port)
{
	u8 *copy = flush_copy(data, len);
	enum ntp_class want, got;

	want = model_classify(copy, len, port);
	got = ntp_classify(copy, len, port);
	CHECK(got == want, "port %u length %zu: class %d, not %d", port, len,
	      got, want);
	if (got != want)
		print_hex("packet", data, len);
	flush_free(copy, len);
}

static void put_field(u8 *to, unsigned int type, unsigned int len)
{
	to[0] = (u8)(type >> 8);
	to[1] = (u8)type;
	to[2] = (u8)(len >> 8);
	to[3] = (u8)len;
}

/* Whatever the rest is, with one field that fills the trailer or does not. */
static void fill_rest(u8 *data, unsigned int kind, size_t len)
{
	memset(data, kind == 0 ? 0 : 0xff, LENGTH_MAX);
	if (kind >= 2)
		random_bytes(data, LENGTH_MAX);
	if (kind == 3 && len >= 52)
		put_field(data + 48, 0x0002, (unsigned int)(len - 48));
	if (kind == 4)
		put_field(data + 48, 0x0204, 28);
}

static void every_first_octet(void)
{
	u8 data[LENGTH_MAX];
	unsigned int first, kind, p;
	size_t len;

	for (first = 0; first < 256; first++)
		for (len = 0; len <= LENGTH_MAX; len++)
			for (kind = 0; kind < 5; kind++) {
				fill_rest(data, kind, len);
				data[0] = (u8)first;
				for (p = 0; p < 3; p++)
					check_one(data, len, ports[p]);
			}
}

static void every_port(void)
{
	u8 data[48] = { 0x08 };
	unsigned int port;

	for (port = 0; port < 65536; port++)
		check_one(data, sizeof(data), (u16)port);
}

/* Every length a first field can claim, in every trailer. */
static void first_field_lengths(void)
{
	u8 data[48 + LENGTH_MAX] = { 0x23 };
	unsigned int claim;
	size_t len;

	for (len = 0; len <= LENGTH_MAX; len++)
		for (claim = 0; claim < 160; claim++) {
			put_field(data + 48, 0x2005, claim);
			check_one(data, 48 + len, 40000);
		}
	for (claim = 0; claim < 65536; claim++) {
		put_field(data + 48, 0x2005, claim);
		check_one(data, sizeof(data), 40000);
	}
}

static void every_field_type(void)
{
	u8 data[48 + 28 + 32] = { 0x23 };
	unsigned int type;

	put_field(data + 48, 0x0002, 28);
	for (type = 0; type < 65536; type++) {
		put_field(data + 48 + 28, type, 32);
		check_one(data, sizeof(data), 40000);
	}
}

/* Chains of fields that are mostly right, whose last step is often not. */
static size_t random_chain(u8 *data)
{
	static const u16 types[] = {
		0x0104, 0x0204, 0x0304, 0x0404, 0x0002, 0x2005, 0xf323,
	};
	size_t end = 48;
	unsigned int n;

	random_bytes(data, FIELDS_MAX);
	data[0] = random_below(4) ? 0x23 : (u8)random64();
	for (n = random_below(6); n; n--) {
		unsigned int len = 16 + 4 * (unsigned int)random_below(20);

		put_field(data + end, types[random_below(7)],
			  random_below(12) ? len : (u16)random_magnitude());
		end += len;
	}
	switch (random_below(5)) {
	case 0:
		end += random_below(2) ? 20 : 24;
		break;
	case 1:
		end += random_below(80);
		break;
	case 2:
		end -= random_below(end);
		break;
	}
	return end;
}

static void field_chains(void)
{
	u8 data[FIELDS_MAX];
	unsigned int i;

	for (i = 0; i < 300000; i++) {
		size_t len = random_chain(data);

		check_one(data, len, ports[random_below(3)]);
	}
}

/* A chain as long as a datagram can be ends, and within it. */
static void longest_datagram(void)
{
	size_t len = 48 + 16 * 4000 + 20;
	u8 *data = calloc(1, len);
	size_t at;

	if (!data)
		abort();
	data[0] = 0x23;
	for (at = 48; at + 20 < len; at += 16)
		put_field(data + at, 0x0002, 16);
	check_one(data, len, 40000);
	CHECK(ntp_classify(data, len, 1) == NTP_CLASS_MAC, "not a MAC");
	check_one(data, len - 1, 40000);
	check_one(data, len - 20, 40000);
	free(data);
}

static void reply_modes(void)
{
	unsigned int first;

	for (first = 0; first < 256; first++) {
		u8 mode = ntp_reply_mode((u8)first);

		if (first % 8 == 1)
			CHECK(mode == 2, "octet %02x: mode %u", first, mode);
		if (first % 8 == 3 || first % 8 == 0)
			CHECK(mode == 4, "octet %02x: mode %u", first, mode);
	}
}

/* The short cut of a plain header says what the long way says. */
static void common_requests(void)
{
	u8 data[NTP_HEADER_LEN] = { 0 };
	unsigned int first;
	bool want;

	for (first = 0; first < 256; first++) {
		data[0] = (u8)first;
		want = model_classify(data, sizeof(data), 123) ==
			       NTP_CLASS_PLAIN &&
		       model_classify(data, sizeof(data), 40000) ==
			       NTP_CLASS_PLAIN;
		CHECK(ntp_is_common((u8)first) == want, "octet %02x", first);
	}
}

/* Of each length that a MAC may have: two, and nothing but zeroes behind the name. */
static void windows_members(void)
{
	u8 data[48 + 72] = { 0x1b };
	size_t len, at;
	bool can;
	u8 *copy;

	random_bytes(data + 1, 51);
	for (len = 60; len <= sizeof(data); len += 4) {
		can = len == 68 || len == 120;
		copy = flush_copy(data, len);
		CHECK(ntp_is_mssntp(copy, len) == can, "%zu octets", len);
		for (at = 52; at < len; at++) {
			copy[at] = (u8)(1 << at % 8);
			CHECK(!ntp_is_mssntp(copy, len),
			      "%zu octets: a digest, at %zu", len, at);
			copy[at] = 0;
		}
		flush_free(copy, len);
	}
	data[0] = 0x23;
	CHECK(ntp_is_mssntp(data, 68), "version 4");
}

static const struct test_case cases[] = {
	{ "members of a Windows domain", windows_members },
	{ "every first octet, length and port", every_first_octet },
	{ "NTPv1 mode 0 from every port", every_port },
	{ "every length of a first field", first_field_lengths },
	{ "every type of a second field", every_field_type },
	{ "random chains of fields", field_chains },
	{ "chain as long as a datagram", longest_datagram },
	{ "mode of the reply", reply_modes },
	{ "common requests", common_requests },
};

TEST_MAIN(cases)
