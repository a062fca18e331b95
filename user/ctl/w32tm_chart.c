// SPDX-License-Identifier: GPL-2.0
/* w32tm /stripchart: another computer's time against this one's. */
#include "w32tm.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PERIOD		2	/* s */
#define MANY		1000000
#define WIDTH		28	/* of the strip, half of it to each side */
/* As far as that the strip goes each way, s. */
#define SCALE		1.0

/* RFC 5905 figure 8: octets of the packet, and where its times are. */
enum { PACKET = W32_PACKET, ORIGIN = 24, RECEIVE = 32, TRANSMIT = 40 };
#define NTP_UNIX	2208988800ULL
/* 1970 in 10^-7 s since 1601. */
#define NT_UNIX_TICKS	INT64_C(116444736000000000)

struct chart {
	const char *name;
	struct sockaddr_storage address;
	bool data_only, rdtsc;
};

static uint64_t stamp_of(int64_t ns)
{
	uint64_t whole = (uint64_t)ns / 1000000000;
	uint64_t part = (uint64_t)ns % 1000000000;

	return (whole + NTP_UNIX) << 32 | (part << 32) / 1000000000;
}

static double seconds_between(uint64_t a, uint64_t b)
{
	return (double)(int64_t)(a - b) / 4294967296.0;
}

static uint64_t stamp_at(const uint8_t *packet, int at)
{
	uint64_t stamp;

	memcpy(&stamp, packet + at, sizeof(stamp));
	return be64toh(stamp);
}

/* The answer to a cookie, from the socket: when it came, or 0. */
static int64_t receive(int fd, uint64_t cookie, uint8_t packet[PACKET],
		       int64_t end)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int64_t left, at;

	while ((left = end - w32_now()) > 0) {
		if (poll(&p, 1, (int)(left / 1000000) + 1) != 1 ||
		    recv(fd, packet, PACKET, 0) != PACKET)
			return 0;
		at = w32_now();
		/* A server's, and no kiss code. */
		if (stamp_at(packet, ORIGIN) == cookie &&
		    (packet[0] & 7) == 4 && packet[1])
			return at;
	}
	return 0;
}

static socklen_t length_of(const struct sockaddr_storage *a)
{
	return a->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					  sizeof(struct sockaddr_in);
}

int w32_exchange(const struct sockaddr_storage *address, double *offset,
		 double *delay, uint8_t packet[PACKET])
{
	int fd = socket(address->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0, there;
	int64_t t1 = 0, t4 = 0;
	double out, back;

	if (fd < 0)
		return -1;
	memset(packet, 0, PACKET);
	packet[0] = 0x23;
	if (getrandom(&cookie, sizeof(cookie), 0) == sizeof(cookie) &&
	    !connect(fd, (const void *)address, length_of(address))) {
		there = htobe64(cookie);
		memcpy(packet + TRANSMIT, &there, sizeof(there));
		t1 = w32_now();
		if (send(fd, packet, PACKET, 0) == PACKET)
			t4 = receive(fd, cookie, packet,
				     t1 + W32_TIMEOUT_MS * INT64_C(1000000));
	}
	close(fd);
	if (!t4)
		return -1;
	out = seconds_between(stamp_at(packet, RECEIVE), stamp_of(t1));
	back = seconds_between(stamp_of(t4), stamp_at(packet, TRANSMIT));
	*offset = (out - back) / 2;
	*delay = out + back;
	return 0;
}

static void print_strip(double offset)
{
	char strip[WIDTH + 2];
	int at = WIDTH / 2 + (int)(offset / SCALE * WIDTH / 2);

	memset(strip, ' ', sizeof(strip));
	strip[WIDTH / 2] = '|';
	strip[WIDTH + 1] = '\0';
	if (at < 0 || at > WIDTH)
		strip[at < 0 ? 0 : WIDTH] = '@';
	else
		strip[at] = '*';
	printf("  [%s]", strip);
}

/* The CPU's own counter, or the clock that is nearest to it. */
static uint64_t counter(void)
{
#if defined(__x86_64__) || defined(__i386__)
	return __builtin_ia32_rdtsc();
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
#endif
}

/* Delay and offset in units of FileTime. */
static void rdtsc_row(const struct chart *c)
{
	uint64_t start = counter(), end;
	double offset = 0, delay = 0;
	uint8_t packet[PACKET];
	int err = w32_exchange(&c->address, &offset, &delay, packet);
	int64_t now = w32_now();

	end = counter();
	if (err)
		puts("error: 0x800705B4");
	else
		printf("%" PRIu64 ", %" PRIu64 ", %" PRId64 ", %+lld, %+lld\n",
		       start, end, now / 100 + NT_UNIX_TICKS,
		       llround(delay * 1e7), llround(offset * 1e7));
	fflush(stdout);
}

static void row(const struct chart *c)
{
	double offset = 0, delay = 0;
	uint8_t packet[PACKET];
	int err = w32_exchange(&c->address, &offset, &delay, packet);
	time_t t = time(NULL);
	struct tm tm;

	localtime_r(&t, &tm);
	printf("%02d:%02d:%02d, ", tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (err) {
		printf("error: 0x800705B4");
	} else if (c->data_only) {
		printf("%+011.7fs", offset);
	} else {
		printf("d:%+011.7fs o:%+011.7fs", delay, offset);
		print_strip(offset);
	}
	putchar('\n');
	fflush(stdout);
}

int w32_look_up(const char *name, struct sockaddr_storage *address)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *found;
	int err = getaddrinfo(name, "123", &hints, &found);

	if (err)
		return err;
	memset(address, 0, sizeof(*address));
	memcpy(address, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

static int look_up(struct w32 *w, struct chart *c)
{
	int err = w32_look_up(c->name, &c->address);

	return err ? ctl_failed(w->ctl, "%s: %s", c->name, gai_strerror(err)) :
		     0;
}

int w32_number(struct w32 *w, const char *name, long least, long most, long *n)
{
	const char *value = NULL;
	char *end;

	if (!w32_has(w, name, &value))
		return 0;
	*n = value ? strtol(value, &end, 10) : -1;
	if (!value || *end || end == value || *n < least || *n > most)
		return ctl_usage(w->ctl, "/%s: a number from %ld to %ld is wanted",
				 name, least, most);
	return 0;
}

static void print_head(const struct chart *c, long samples)
{
	char host[NI_MAXHOST] = "?", date[W32_DATE];

	getnameinfo((const void *)&c->address, length_of(&c->address), host, sizeof(host), NULL,
		    0, NI_NUMERICHOST);
	printf("Tracking %s [%s:123].\n", c->name, host);
	if (samples)
		printf("Collecting %ld samples.\n", samples);
	printf("The current time is %s.\n", w32_date(w32_now(), date));
}

int w32_stripchart(struct w32 *w)
{
	struct chart c = {
		.data_only = w32_has(w, "dataonly", NULL),
		.rdtsc = w32_has(w, "rdtsc", NULL),
	};
	long period = PERIOD, samples = 0, i;
	int status;

	if (!w32_has(w, "computer", &c.name) || !c.name || !*c.name)
		return ctl_usage(w->ctl, "/stripchart: /computer:NAME is wanted");
	status = w32_number(w, "period", 1, MANY, &period);
	if (!status)
		status = w32_number(w, "samples", 1, MANY, &samples);
	if (!status)
		status = w32_rest(w);
	if (!status)
		status = look_up(w, &c);
	if (status)
		return status;
	print_head(&c, samples);
	if (c.rdtsc)
		puts("RdtscStart, RdtscEnd, FileTime, RoundtripDelay, NtpOffset");
	for (i = 0; !samples || i < samples; i++) {
		if (i)
			sleep((unsigned int)period);
		if (c.rdtsc)
			rdtsc_row(&c);
		else
			row(&c);
	}
	return 0;
}
