// SPDX-License-Identifier: GPL-2.0
/* Sources of a configuration, and of the next one. */
#include "ntpworld.h"
#include "../../user/daemon/keys.h"
#include "../../user/lib/keyfile.h"
#include "../../user/daemon/pool.h"

#include <time.h>
#include <unistd.h>

enum { LINES = 4 };

static struct source_conf lines[LINES];
static struct config conf;
static char why[NTP_WHY];

bool conf_source_equal(const struct source_conf *a,
		       const struct source_conf *b)
{
	return !memcmp(a, b, sizeof(*a));
}

void lookup_start(struct lookup *l)
{
	l->pending = true;
}

void lookup_cancel(struct lookup *l)
{
	l->pending = false;
}

static struct source_conf line(const char *name)
{
	struct source_conf s = {
		.file = "kntp.conf", .line = 7, .port = 123,
		.minpoll = 4, .maxpoll = 8, .presend = 100,
		.minsamples = -1, .maxsamples = -1, .polltarget = 8,
		.maxsources = 4, .maxunreach = 100000, .maxdelay = 3,
		.maxdelaydevratio = 10,
	};

	strcpy(s.name, name);
	return s;
}

static void configure(void)
{
	now = NS_PER_S;
	memset(&conf, 0, sizeof(conf));
	memset(&ntp_network, 0, sizeof(ntp_network));
	lines[0] = line("192.0.2.1");
	lines[1] = line("192.0.2.2");
	lines[2] = line("2001:db8::1");
	lines[3] = line("pool.example");
	lines[3].is_pool = true;
	conf.sources.at = lines;
	conf.sources.n = LINES;
	conf.acquisitionport = -1;
	conf.refresh = 1209600;
}

static struct ntp_source *at(const char *address)
{
	struct sockaddr_storage a;

	address_parse(address, &a);
	address_set_port((void *)&a, NTP_PORT);
	return ntp_find((void *)&a);
}

static void starts(void)
{
	configure();
	lines[0].iburst = true;
	lines[0].maxsamples = 20;
	conf.maxsamples = 50;
	CHECK(!ntp_start(&conf, why), "%s", why);
	CHECK(at("192.0.2.1") && at("192.0.2.2") && at("2001:db8::1"), "all");
	CHECK(at("192.0.2.1")->burst_left && !at("192.0.2.2")->burst_left &&
	      at("192.0.2.1")->source.est.max == 20 &&
	      at("192.0.2.2")->source.est.max == 50 &&
	      at("192.0.2.2")->source.poll == 4, "options");
	CHECK(pool_unresolved() == 4 && ntp_groups->lookup.pending, "names");
	CHECK(ntp_groups->refresh == 1209600, "%g", ntp_groups->refresh);
	ntp_stop();
	/* chrony.conf(5): "a value of 0 disables the periodic refreshment" */
	conf.refresh = 0;
	CHECK(!ntp_start(&conf, why) && ntp_groups->refresh > 1e300, "never");
	ntp_stop();
	CHECK(!ntp_sources && !ntp_groups && !timers, "all is given back");
}

/*
 * Two links of one network have leases that name one server; and what a file
 * names need not be of the family that is used. The others are used.
 */
static void left_out(void)
{
	configure();
	lines[2] = lines[0];
	CHECK(!ntp_start(&conf, why) && at("192.0.2.1") && at("192.0.2.2") &&
	      pool_unresolved() == 4, "twice: %s", why);
	CHECK(!strcmp(why, "kntp.conf:7: 192.0.2.1: another source has this "
			   "address"), "%s", why);
	CHECK(!ntp_reload(&conf, why) && at("192.0.2.1"), "a reload: %s", why);
	/* The one that was left out is used when the other goes. */
	lines[0] = line("192.0.2.4");
	CHECK(!ntp_reload(&conf, why) && at("192.0.2.1") && at("192.0.2.4"),
	      "later: %s", why);
	ntp_stop();
	configure();
	ntp_network.family = AF_INET;
	CHECK(!ntp_start(&conf, why) && at("192.0.2.1") && !at("2001:db8::1"),
	      "-4: %s", why);
	ntp_stop();
}

/*
 * chrony 4.3 keys.c, KEY_Reload(): a line that cannot be used is skipped with a
 * warning. "0 xyzzy" is what puppet-chrony writes.
 */
static void key_file(void)
{
	static const char written[] =
		"0 xyzzy\n2 SHA384 HEX:0102\n3 MD5 abc # the old one\n"
		"7 MD5 first\n1 M abc\n4 MD5 HEX:ABC\n5 AES128 HEX:01\n"
		"9 SHA1 HEX:0a0b\n6 MD5 good\n7 MD5 second\n";
	char path[] = "/tmp/kntp-keys-XXXXXX", text[KEYS_WHY] = "";
	int fd = mkstemp(path), i;
	FILE *f = fdopen(fd, "w");
	clock_t begun;

	fputs(written, f);
	fflush(f);
	CHECK(!keys_read(path, text), "%s", text);
	CHECK(keys_held()->n == 3 && keys_find(6) && keys_find(7) &&
	      keys_find(9) && !keys_find(2) && !keys_find(3), "%zu keys",
	      keys_held()->n);
	CHECK(keys_find(7)->len == 6 && keys_find(9)->secret[1] == 0x0b,
	      "the later one counts");
	/* Seconds when each key was compared with, and copied beside, all others. */
	for (i = 60000; i; i--)
		fprintf(f, "%d MD5 secret%d\n", i % 2 ? i : 100000 + i, i);
	fflush(f);
	begun = clock();
	CHECK(!keys_read(path, text) && keys_held()->n == 60001, "%zu keys",
	      keys_held()->n);
	CHECK(keys_find(59999) && keys_find(160000) && !keys_find(60000),
	      "each is found");
	CHECK(clock() - begun < 10 * CLOCKS_PER_SEC, "%g s",
	      (double)(clock() - begun) / CLOCKS_PER_SEC);
	fclose(f);
	unlink(path);
	keys_forget();
}

/* Who is told apart by a key from those without. */
/* Who stays knows all that was known. */
static void reloads(void)
{
	struct ntp_source *first, *third;
	struct source_conf by_hand = line("192.0.2.77");

	configure();
	ntp_start(&conf, why);
	CHECK(!ntp_add_line(&conf, &by_hand, true, why), "%s", why);
	first = at("192.0.2.1");
	third = at("2001:db8::1");
	first->source.reach = 0377;
	third->source.reach = 0377;
	/* One goes, one changes, one moves in the file, one comes. */
	lines[0] = line("192.0.2.3");
	lines[1] = line("192.0.2.1");
	lines[2].maxpoll = 7;
	CHECK(!ntp_reload(&conf, why), "%s", why);
	CHECK(at("192.0.2.1") == first && first->source.reach == 0377,
	      "it stays");
	CHECK(!at("192.0.2.2") && at("192.0.2.3") && at("192.0.2.77"),
	      "goes, comes, stays by hand");
	CHECK(at("2001:db8::1") && !at("2001:db8::1")->source.reach &&
	      at("2001:db8::1")->opt.maxpoll == 7, "changes");
	/* What is wrong with one does not keep the others. */
	lines[0] = line("192.0.2.1");
	lines[2] = line("192.0.2.4");
	CHECK(!ntp_reload(&conf, why) &&
	      strstr(why, "another source has this address"), "%s", why);
	CHECK(!at("192.0.2.3") && at("192.0.2.4") &&
	      at("192.0.2.1") == first, "the others");
	/* The rest of the file means another thing by all lines. */
	conf.maxsamples = 5;
	lines[0] = line("192.0.2.5");
	CHECK(!ntp_reload(&conf, why) &&
	      at("192.0.2.1")->opt.samples_max == 5, "%s", why);
	ntp_stop();
	CHECK(!ntp_sources && !ntp_groups && !timers, "all is given back");
}

/* Times of what is gone, and of two that are to look like one. */
static void told(void)
{
	struct ntp_options opt = options();
	struct ntp_header h;
	int i;

	opt.copy = true;
	opt.maxunreach = 3;
	begin(&opt);
	until_request();
	h = answer_at(now);
	h.stratum = 3;
	h.refid = cpu_to_be32(0xc0000263);
	deliver(&h);
	CHECK(src->source.stratum == 2 && src->source.refid == 0xc0000263,
	      "copied: %u %x", src->source.stratum, src->source.refid);
	for (i = 0; i < 4; i++)
		until_request();
	CHECK(src->source.leap == NTP_LEAP_NONE, "for a while");
	advance(5);
	CHECK(src->source.leap == NTP_LEAP_UNSYNC, "not for ever");
	end();
}

static const struct test_case cases[] = {
	{ "a configuration", starts },
	{ "what is left out", left_out },
	{ "a key file", key_file },
	{ "another configuration", reloads },
	{ "copy and maxunreach", told },
};

TEST_MAIN(cases)
