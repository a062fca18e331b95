// SPDX-License-Identifier: GPL-2.0
/*
 * Following a chronyd that is made up here: over UDP, then silent, then over a
 * socket of the file system. It takes some ten seconds, as its silence does.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <math.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../kmod/core/wire.h"
#include "../../user/daemon/chronyd.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/figures.h"
#include "../../user/daemon/follow.h"
#include "../../user/daemon/loop.h"
#include "../../user/daemon/publish.h"
#include "../../user/daemon/reference.h"
#include "../../user/daemon/report.h"

struct reference reference;
struct report_status daemon_status;

static char dir[] = "/tmp/kntp-follow-XXXXXX";
static char path[64];

static struct {
	int udp, unix_fd;
	bool silent, unsynced;
	unsigned int asked_udp, asked_unix, prepared;
	struct figures published;
	unsigned int publications;
} fake;

double reference_dispersion(int64_t raw)
{
	(void)raw;
	return 1;
}

double reference_correction(void)
{
	return 0;
}

int64_t reference_time(int64_t raw)
{
	return raw;
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

void publish_prepare(void)
{
	fake.prepared++;
}

void publish_now(void)
{
	figures_now(&fake.published, false);
	fake.publications++;
}

static void put(u8 *to, u32 v)
{
	v = htonl(v);
	memcpy(to, &v, 4);
}

/* Stratum 3, 1/4 s of delay, 1/8 s of dispersion and as much to correct. */
static void answer(int fd, short revents, void *arg)
{
	u8 p[CHRONYD_TRACKING_LEN], q[512];
	struct sockaddr_storage from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(fd, q, sizeof(q), 0, (void *)&from, &len);

	(void)revents, (void)arg;
	if (fd == fake.udp)
		fake.asked_udp++;
	else
		fake.asked_unix++;
	CHECK(n == CHRONYD_TRACKING_LEN, "%zd octets were asked", n);
	if (fake.silent)
		return;
	memset(p, 0, sizeof(p));
	p[0] = 6;
	p[1] = 2;
	p[5] = 33;
	p[7] = 5;
	memcpy(p + 16, q + 8, 4);
	put(p + 28, 0x0a000001);
	p[53] = 3;
	p[55] = fake.unsynced ? 3 : 1;
	put(p + 60, 1900000000);
	put(p + 68, 0x7fU << 25 | 1U << 23);
	put(p + 92, 0U << 25 | 1U << 23);
	put(p + 96, 0x7fU << 25 | 1U << 23);
	CHECK(sendto(fd, p, sizeof(p), 0, (void *)&from, len) == sizeof(p),
	      "not sent");
}

static uint16_t open_udp(void)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);

	fake.udp = socket(AF_INET, SOCK_DGRAM, 0);
	if (fake.udp < 0 || bind(fake.udp, (void *)&a, sizeof(a)) ||
	    getsockname(fake.udp, (void *)&a, &len))
		abort();
	loop_add_fd(fake.udp, POLLIN, answer, NULL);
	return ntohs(a.sin_port);
}

static void open_unix(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, path);
	fake.unix_fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fake.unix_fd < 0 || bind(fake.unix_fd, (void *)&a, sizeof(a)))
		abort();
	loop_add_fd(fake.unix_fd, POLLIN, answer, NULL);
}

static void check_synced(const char *when)
{
	const struct figures *f = &fake.published;

	CHECK(f->stratum == 3 && f->leap == 1 && f->refid == 0x0a000001,
	      "%s: stratum %u leap %u", when, f->stratum, f->leap);
	CHECK(f->root_delay == 250000000, "%s: delay", when);
	/* Both eighths, and what 1 ppm adds in seconds. */
	CHECK(f->root_dispersion >= 250000000 &&
	      f->root_dispersion < 250010000, "%s: dispersion %llu", when,
	      (unsigned long long)f->root_dispersion);
	CHECK(f->step == FIGURES_STEP_UPDATE, "%s: step", when);
	CHECK(f->growth == 1000, "%s: growth %u", when, f->growth);
}

static void check_none(const char *when)
{
	CHECK(fake.published.stratum == 16 && fake.published.leap == 3,
	      "%s: stratum %u", when, fake.published.stratum);
}

/* What there is to see at some seconds, and what changes then. */
static void scene(void *arg)
{
	static struct timer next = { .fn = scene };
	static int at;
	double wait = 0;

	(void)arg;
	switch (at++) {
	case 0:
		wait = 1.6;
		break;
	case 1:
		check_synced("over UDP");
		CHECK(fake.prepared >= 2 && fake.asked_udp >= 2, "asked");
		CHECK(reference.synced && reference.stratum == 3, "for people");
		fake.unsynced = true;
		wait = 1;
		break;
	case 2:
		check_none("chronyd says so");
		fake.unsynced = false;
		wait = 1;
		break;
	case 3:
		check_synced("again");
		fake.silent = true;
		wait = 3;
		break;
	case 4:
		check_synced("a short silence is none");
		wait = 3.5;
		break;
	case 5:
		check_none("silence");
		CHECK(!reference.synced, "for people");
		fake.silent = false;
		loop_del_fd(fake.udp);
		close(fake.udp);
		fake.udp = -1;
		open_unix();
		wait = 5;
		break;
	default:
		check_synced("over the socket");
		CHECK(fake.asked_unix, "not asked");
		loop_stop();
		return;
	}
	timer_set(&next, wait);
}

static void test_chronyd(void)
{
	struct follow_options o = { .what = FOLLOW_CHRONYD, .socket = path };

	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/chronyd.sock", dir);
	clk_init(false);
	o.port = open_udp();
	CHECK(!follow_start(&o), "not started");
	CHECK(!strcmp(daemon_status.follow, "chronyd"), "it is not said");
	scene(NULL);
	loop_run();
	follow_stop();
	unlink(path);
	CHECK(!rmdir(dir), "something is left behind");
}

static void test_kernel(void)
{
	struct follow_options o = { .what = FOLLOW_KERNEL, .stratum = 16 };
	struct figures f;

	CHECK(follow_start(&o), "a stratum that is none");
	o.stratum = 4;
	o.refid = 0x4b45524e;
	CHECK(!follow_start(&o), "not started");
	figures_now(&f, false);
	/* Whether this machine's clock is kept is not known here. */
	CHECK((f.stratum == 4 && f.leap < 3 && f.refid == o.refid &&
	       f.ref_time > 0) || (f.stratum == 16 && f.leap == 3),
	      "stratum %u leap %u", f.stratum, f.leap);
	CHECK(!figures_mapped(), "the system clock is not served");
	follow_stop();
	CHECK(figures_mapped(), "still following");
}

static const struct test_case cases[] = {
	{ "the kernel's clock", test_kernel },
	{ "chronyd, its silence and both its sockets", test_chronyd },
};

TEST_MAIN(cases)
