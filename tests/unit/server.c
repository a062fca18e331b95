// SPDX-License-Identifier: GPL-2.0
/* The daemon's own server, asked over the loopback: user/daemon/server.c. */
#include "harness.h"
#include "nohwts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <linux/kntp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../kmod/core/ntptime.h"
#include "../../kmod/core/wire.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/figures.h"
#include "../../user/daemon/loop.h"
#include "../../user/daemon/reference.h"
#include "../../user/daemon/report.h"
#include "../../user/daemon/server.h"

#define ASKED	"127.0.0.2"

struct reference reference;
struct report_status daemon_status;

double reference_dispersion(int64_t raw)
{
	(void)raw;
	return 0.5;
}

double reference_correction(void)
{
	return 0;
}

/* An hour ahead of the system clock, so that it is seen what is served. */
int64_t reference_time(int64_t raw)
{
	int64_t now_raw, real;

	clk_pair(&now_raw, &real);
	return real + raw - now_raw + 3600 * NS_PER_S;
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

static const struct ask {
	const char *name;
	const char *from;
	u8 first;
	u8 len;
	u8 answer;		/* first octet of the reply, 0: there is none */
} asks[] = {
	{ "client, version 4", "127.0.0.1", 0x23, 48, 0x64 },
	{ "client, version 1", "127.0.0.1", 0x0b, 48, 0x4c },
	{ "NTPv1 without a mode", "127.0.0.1", 0x08, 48, 0x4c },
	{ "leap 3 in the request", "127.0.0.1", 0xe3, 48, 0x64 },
	{ "symmetric active, no peer", "127.0.0.1", 0x21, 48, 0x62 },
	{ "symmetric active, a peer", "127.0.0.4", 0x21, 48, 0 },
	{ "symmetric passive, no peer", "127.0.0.1", 0x22, 48, 0 },
	{ "a server's", "127.0.0.1", 0x24, 48, 0 },
	{ "control", "127.0.0.1", 0x26, 48, 0 },
	{ "version 5", "127.0.0.1", 0x2b, 48, 0 },
	{ "version 0", "127.0.0.1", 0x03, 48, 0 },
	{ "short", "127.0.0.1", 0x23, 47, 0 },
	{ "empty", "127.0.0.1", 0x23, 0, 0 },
	{ "a MAC", "127.0.0.1", 0x23, 68, 0 },
	{ "long, and no fields", "127.0.0.1", 0x23, 200, 0 },
	{ "denied", "127.0.0.6", 0x23, 48, 0 },
	{ "not listed", "127.0.0.9", 0x23, 48, 0 },
	{ "to authenticate", "127.0.0.5", 0x23, 48, 0 },
};

enum { ASKS = sizeof(asks) / sizeof(asks[0]) };

static struct {
	int fd[ASKS], fd6;
	u8 sent[ASKS][256];
	unsigned int peer_packets;
	uint16_t port;
} net;

static struct sockaddr_in at(const char *addr, uint16_t port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
	};

	inet_pton(AF_INET, addr, &a.sin_addr);
	return a;
}

static int bound(const char *addr)
{
	struct sockaddr_in a = at(addr, 0);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	if (fd < 0 || bind(fd, (const void *)&a, sizeof(a)))
		abort();
	return fd;
}

static uint16_t free_port(void)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd = bound("127.0.0.1");

	if (getsockname(fd, (void *)&a, &len))
		abort();
	close(fd);
	return ntohs(a.sin_port);
}

static bool is_peer(const struct server_packet *p)
{
	const struct sockaddr_in *in = (const void *)&p->from;

	net.peer_packets++;
	return ntohl(in->sin_addr.s_addr) == 0x7f000004;
}

static void ask(size_t i)
{
	struct sockaddr_in to = at(ASKED, net.port);

	random_bytes(net.sent[i], sizeof(net.sent[i]));
	net.sent[i][0] = asks[i].first;
	net.fd[i] = bound(asks[i].from);
	/* What comes from another address than was asked is not received. */
	if (connect(net.fd[i], (const void *)&to, sizeof(to)) ||
	    send(net.fd[i], net.sent[i], asks[i].len, 0) != asks[i].len)
		abort();
}

static void ask6(void)
{
	struct sockaddr_in6 to = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(net.port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
	};
	u8 request[48] = { 0x23 };

	net.fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (net.fd6 >= 0 && server_socket(AF_INET6) >= 0 &&
	    !connect(net.fd6, (const void *)&to, sizeof(to)) &&
	    send(net.fd6, request, sizeof(request), 0) == sizeof(request))
		return;
	close(net.fd6);
	net.fd6 = -1;
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop();
}

static void rules(struct access *a)
{
	static const u8 base[4] = { 127 }, denied[4] = { 127, 0, 0, 6 };
	static const u8 demanded[4] = { 127, 0, 0, 5 };
	static const struct in6_addr own = IN6ADDR_LOOPBACK_INIT;

	if (access_add(a, AF_INET6, &own, 128, KNTP_VERDICT_ALLOW, false) ||
	    access_add(a, AF_INET, base, 29, KNTP_VERDICT_ALLOW, false) ||
	    access_add(a, AF_INET, denied, 32, KNTP_VERDICT_DENY, false) ||
	    access_add(a, AF_INET, demanded, 32, KNTP_VERDICT_AUTH, false) ||
	    access_build(a))
		abort();
}

/* All are asked at once, and what came back is looked at case by case. */
static void run_once(void)
{
	static struct timer timer = { .fn = stop };
	static struct access access;
	static bool done;
	struct server_options o = { .access = &access };
	size_t i;

	if (done)
		return;
	done = true;
	reference = (struct reference){
		.synced = true, .leap = NTP_LEAP_INSERT, .stratum = 2,
		.refid = 0x0a000001,
		.ref_time = 1900000000 * NS_PER_S,
	};
	clk_init(false);
	rules(&access);
	o.port = net.port = free_port();
	server_set_peer_handler(is_peer, NULL);
	CHECK(!server_start(&o), "not started");
	CHECK(server_socket(AF_INET) >= 0, "no socket");
	for (i = 0; i < ASKS; i++)
		ask(i);
	ask6();
	timer_set(&timer, 0.3);
	loop_run();
}

static void check_reply(size_t i, const struct ntp_header *ntp, u64 before)
{
	u64 receive = be64_to_cpu(ntp->receive);
	u64 transmit = be64_to_cpu(ntp->transmit);
	const char *name = asks[i].name;

	CHECK(ntp->li_vn_mode == asks[i].answer, "%s: %02x, not %02x", name,
	      ntp->li_vn_mode, asks[i].answer);
	CHECK(ntp->stratum == 2 && be32_to_cpu(ntp->refid) == 0x0a000001,
	      "%s: stratum %u", name, ntp->stratum);
	CHECK(be32_to_cpu(ntp->root_dispersion) == 0x8000, "%s: dispersion",
	      name);
	CHECK((u8)ntp->poll == net.sent[i][2], "%s: poll", name);
	CHECK(!memcmp(&ntp->origin, net.sent[i] + 40, 8), "%s: origin", name);
	CHECK(receive <= transmit && transmit - receive < 1ULL << 32,
	      "%s: transmit before receive", name);
	/* An hour ahead, give or take what has passed since. */
	CHECK(transmit - before < 3601ULL << 32 &&
	      transmit - before > 3590ULL << 32, "%s: not the map's time", name);
}

static void test_replies(void)
{
	struct ntp_header ntp;
	u8 data[512];
	ssize_t n;
	size_t i;

	run_once();
	for (i = 0; i < ASKS; i++) {
		n = recv(net.fd[i], data, sizeof(data), 0);
		CHECK((n == 48) == !!asks[i].answer, "%s: %zd octets",
		      asks[i].name, n);
		if (n != 48)
			continue;
		memcpy(&ntp, data, sizeof(ntp));
		check_reply(i, &ntp, ntp_from_unix(clk_real()));
		CHECK(recv(net.fd[i], data, sizeof(data), 0) < 0,
		      "%s: answered twice", asks[i].name);
	}
}

static void test_counted(void)
{
	struct report_serverstats s;
	u64 hits;

	run_once();
	report_serverstats(&s);
	hits = net.fd6 < 0 ? 5 : 6;
	CHECK(s.ntp_hits == hits, "%llu hits", (unsigned long long)s.ntp_hits);
	CHECK(s.rx_kernel + s.rx_daemon == hits && s.tx_daemon == hits,
	      "stamps");
	CHECK(net.peer_packets == 3, "%u symmetric packets", net.peer_packets);
	CHECK(daemon_status.answers, "it is not said that it answers");
}

/* A loopback without IPv6 has nothing to be asked at. */
static void test_ipv6(void)
{
	u8 data[512];
	ssize_t n;

	run_once();
	if (net.fd6 < 0)
		return;
	n = recv(net.fd6, data, sizeof(data), 0);
	CHECK(n == 48 && data[0] == 0x64, "%zd octets", n);
}

static void test_closed(void)
{
	struct access nobody = { 0 };
	struct server_options o = { .access = &nobody, .port = net.port };

	run_once();
	server_stop();
	CHECK(server_socket(AF_INET) < 0 && !daemon_status.answers, "open");
	CHECK(!server_start(&o) && server_socket(AF_INET) < 0,
	      "open though nobody would be answered");
	o.access = NULL;
	o.peers = true;
	CHECK(!server_start(&o) && server_socket(AF_INET) >= 0,
	      "not open though there are peers");
	CHECK(!daemon_status.answers, "answers nobody, and says it does");
	server_stop();
	o.port = 0;
	CHECK(!server_start(&o) && server_socket(AF_INET) < 0, "port 0");
}

static const struct test_case cases[] = {
	{ "who is answered, and how", test_replies },
	{ "what was answered is counted", test_counted },
	{ "IPv6", test_ipv6 },
	{ "open only where somebody is expected", test_closed },
};

TEST_MAIN(cases)
