// SPDX-License-Identifier: GPL-2.0
/* True sockets, clocks and the loop, on the loopback. */
#include "ntpstub.h"
#include "../../user/daemon/address.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/loop.h"
#include "../../kmod/core/ntptime.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { REQUESTS = 6 };

/* A server in the same process: what it is asked from, and what it does. */
static struct {
	int fd;
	int family;
	u16 port;
	u16 client[REQUESTS];
	unsigned int requests;
	bool junk;		/* others write to the client as well */
	bool twice;		/* its replies come again */
} server;

static void junk_for(const struct sockaddr_storage *to, socklen_t len)
{
	int other = socket(server.family, SOCK_DGRAM, 0);
	u8 junk[NTP_HEADER_LEN];
	int i;

	for (i = 0; i < 20; i++) {
		random_bytes(junk, sizeof(junk));
		sendto(other, junk, sizeof(junk), 0, (const void *)to, len);
		sendto(server.fd, junk, (size_t)i, 0, (const void *)to, len);
	}
	close(other);
}

static void serve(int fd, short revents, void *arg)
{
	struct ntp_server says = { .stratum = 1, .precision = -23 };
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	struct ntp_header h;
	u64 stamp = ntp_from_unix(clk_real());

	(void)revents, (void)arg;
	if (recvfrom(fd, &h, sizeof(h), 0, (void *)&from, &len) != sizeof(h))
		return;
	if (server.requests < REQUESTS)
		server.client[server.requests++] =
			address_port((void *)&from);
	ntp_reply(&h, &says, stamp, ntp_from_unix(clk_real()));
	if (server.junk)
		junk_for(&from, len);
	sendto(fd, &h, sizeof(h), 0, (void *)&from, len);
	if (server.twice)
		sendto(fd, &h, sizeof(h), 0, (void *)&from, len);
}

static bool server_begin(const char *address, struct sockaddr_storage *at)
{
	socklen_t len = sizeof(*at);

	memset(&server, 0, sizeof(server));
	address_parse(address, at);
	server.family = at->ss_family;
	server.fd = socket(at->ss_family, SOCK_DGRAM, 0);
	if (server.fd < 0 ||
	    bind(server.fd, (void *)at, address_len((void *)at)))
		return false;
	getsockname(server.fd, (void *)at, &len);
	return !loop_add_fd(server.fd, POLLIN, serve, NULL);
}

static void server_end(void)
{
	loop_del_fd(server.fd);
	close(server.fd);
}

static unsigned int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static void stop(void *arg)
{
	(void)arg;
	loop_stop();
}

static void run(double s)
{
	static struct timer t = { .fn = stop };

	timer_set(&t, s);
	loop_run();
}

static struct ntp_source *add(const struct sockaddr_storage *at)
{
	struct ntp_options opt;

	ntp_options_default(&opt);
	opt.minpoll = -2;
	opt.maxpoll = -2;
	return ntp_add("test", (const void *)at, &opt);
}

static unsigned int ports_alike(void)
{
	unsigned int i, j, alike = 0;

	for (i = 0; i < server.requests; i++)
		for (j = 0; j < i; j++)
			alike += server.client[i] == server.client[j];
	return alike;
}

static void exchange(const char *address, bool junk)
{
	struct sockaddr_storage at;
	struct ntp_source *s;
	unsigned int before;

	if (!server_begin(address, &at)) {
		printf("# %s: not on this host\n", address);
		return;
	}
	server.junk = junk;
	server.twice = junk;
	before = descriptors();
	s = add(&at);
	run(2.5);
	CHECK(samples >= 6 && s->report.sent - samples <= 2, "%u of %u",
	      samples, s->report.sent);
	CHECK(server.requests == REQUESTS && ports_alike() <= 1,
	      "%u requests, %u ports alike", server.requests, ports_alike());
	CHECK(s->report.receive == NTP_STAMP_KERNEL, "received: %c",
	      s->report.receive);
	CHECK(s->report.transmit == NTP_STAMP_KERNEL, "transmitted: %c",
	      s->report.transmit);
	CHECK(sample.delay > 0 && sample.delay < 0.1 &&
	      fabs((double)(sample.utc - clk_real() + clk_raw() - sample.raw)) <
	      1e8, "delay %g", sample.delay);
	CHECK(address_port((void *)&s->report.local) &&
	      s->report.local.ss_family == at.ss_family, "local address");
	ntp_del(s);
	server_end();
	/* The server's is gone, that which keeps the stamps on has come. */
	CHECK(descriptors() == before, "descriptors are left");
}

/* The kernel's stamp is found where a MAC of 20 octets follows the header. */
static void mac_child(void)
{
	u8 packet[NTP_HEADER_LEN + 20] = { 0x23 };
	struct sockaddr_storage at;
	struct ntp_source *s;
	int i;

	if (!server_begin("127.0.0.1", &at))
		return;
	s = add(&at);
	timer_cancel(&s->poll_timer);
	s->request.transmit = ntp_io_random();
	for (i = 0; i < 8; i++)
		packet[40 + i] = (u8)(s->request.transmit >> (56 - 8 * i));
	CHECK(!ntp_io_open(s) && !ntp_io_send(s, packet, sizeof(packet)),
	      "not sent");
	run(0.3);
	CHECK(s->report.kernel_sent == 1, "%u stamps", s->report.kernel_sent);
	ntp_del(s);
	server_end();
}

static void ipv4_child(void)
{
	exchange("127.0.0.1", false);
}

static void ipv6_child(void)
{
	exchange("::1", false);
}

static void junk_child(void)
{
	exchange("127.0.0.1", true);
}

static void acquisition_child(void)
{
	struct sockaddr_storage at, second, from;
	struct ntp_source *s, *t;
	int probe = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t len = sizeof(from);
	u16 port;

	/* A port that is free now. */
	address_parse("127.0.0.1", &from);
	bind(probe, (void *)&from, address_len((void *)&from));
	getsockname(probe, (void *)&from, &len);
	port = address_port((void *)&from);
	close(probe);
	address_parse("127.0.0.1", &from);
	ntp_network.port = port;
	ntp_network.address4 = from;
	ntp_network.dscp = 46;
	CHECK(server_begin("127.0.0.2", &at), "server");
	address_parse("127.0.0.3", &second);
	address_set_port((void *)&second, 9);
	s = add(&at);
	t = add(&second);
	run(2);
	CHECK(samples >= 4 && server.client[0] == port &&
	      server.client[1] == port, "%u samples, from %u", samples,
	      server.client[0]);
	CHECK(address_port((void *)&t->report.local) == port, "both of them");
	ntp_del(s);
	ntp_del(t);
	server_end();
}

/*
 * A host that says it has no such port: no reason to be busy. What does not answer
 * is asked once a second at the most, whatever minpoll says.
 */
static void refused_child(void)
{
	struct sockaddr_storage at;
	struct rusage used;
	struct ntp_source *s;

	address_parse("127.0.0.1", &at);
	address_set_port((void *)&at, 9);
	s = add(&at);
	run(2.5);
	getrusage(RUSAGE_SELF, &used);
	CHECK(!samples && !s->source.reach && s->report.sent >= 2 &&
	      s->report.sent <= 4, "%u sent",
	      s->report.sent);
	CHECK(used.ru_utime.tv_sec * 1000000 + used.ru_utime.tv_usec < 700000,
	      "%ld us of CPU", (long)used.ru_utime.tv_usec);
	ntp_del(s);
}

/* The loop runs once in a process, and so each case has its own. */
static void in_child(void (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		fn();
		exit(failures ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	CHECK(!status, "status %d", status);
}

#define CASE(name)							\
	static void name(void)						\
	{								\
		in_child(name##_child);					\
	}

CASE(ipv4)
CASE(ipv6)
CASE(junk)
CASE(acquisition)
CASE(mac)
CASE(refused)

static const struct test_case cases[] = {
	{ "IPv4", ipv4 },
	{ "IPv6", ipv6 },
	{ "junk and replays at the client's port", junk },
	{ "a port of one's own choice", acquisition },
	{ "the stamp of a request with a MAC", mac },
	{ "refused", refused },
};

TEST_MAIN(cases)
