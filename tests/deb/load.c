// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
/*
 * load SERVER RATE [SECONDS]: as many requests a second, until SIGTERM or for so
 * long, from one client. Which of them were never answered is printed as JSON:
 * the stretches of them, and when. A client that got no processor for a while
 * asks for nothing in that time, and says how long that was.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LEN = 48, STRATUM = 1, ORIGIN = 24, TRANSMIT = 40, LI_UNSYNC = 3,
	AT_ONCE = 16,		/* before answers are looked at */
	ROOM = 8 << 20,		/* octets of the socket for answers */
	MOST = 64 << 20,	/* requests */
};

/* A client that is so late was not running; two losses further apart are two. */
#define STARVED	0.02
#define APART	0.1

static struct {
	double *sent;		/* CLOCK_REALTIME, s; 0: answered */
	uint64_t n, answered, bad, strange;
	double starved, longest;
} load;

static volatile sig_atomic_t ended;

static void end(int sig)
{
	(void)sig;
	ended = 1;
}

static double now(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void ask(int fd)
{
	unsigned char buf[LEN] = { 0x23 };
	uint64_t id = load.n + 1;

	memcpy(buf + TRANSMIT, &id, sizeof(id));
	load.sent[load.n++] = now(CLOCK_REALTIME);
	/* The server's host may say that nobody listens: that is a loss. */
	while (send(fd, buf, LEN, 0) < 0 && errno == ECONNREFUSED)
		;
}

static void take(const unsigned char *buf, ssize_t len)
{
	uint64_t id;

	memcpy(&id, buf + ORIGIN, sizeof(id));
	if (len != LEN || !id || id > load.n || !load.sent[id - 1]) {
		load.strange++;
		return;
	}
	load.sent[id - 1] = 0;
	load.answered++;
	if (buf[0] >> 6 == LI_UNSYNC || !buf[STRATUM] || buf[STRATUM] > 15)
		load.bad++;
}

static void listen_to(int fd, double *last)
{
	unsigned char buf[512];
	ssize_t len;

	while ((len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) != -1 ||
	       errno == ECONNREFUSED) {
		double t = now(CLOCK_MONOTONIC);

		if (len < 0)
			continue;
		take(buf, len);
		if (t - *last > load.longest)
			load.longest = t - *last;
		*last = t;
	}
}

/* Until the next is due, which is more often than a millisecond apart. */
static void wait_until(double t)
{
	struct timespec until = {
		.tv_sec = (time_t)t,
		.tv_nsec = (long)((t - (double)(time_t)t) * 1e9),
	};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void run(int fd, double rate, double seconds)
{
	double begin = now(CLOCK_MONOTONIC), from = begin, last = begin, t;
	uint64_t base = 0, due;
	int i;

	while (!ended && load.n < MOST) {
		t = now(CLOCK_MONOTONIC);
		if (seconds && t - begin > seconds)
			break;
		due = base + (uint64_t)((t - from) * rate);
		if (due > load.n + (uint64_t)(STARVED * rate) + AT_ONCE) {
			load.starved += (double)(due - load.n) / rate;
			base = load.n;
			from = t;
			due = base;
		}
		for (i = 0; i < AT_ONCE && load.n < due; i++)
			ask(fd);
		listen_to(fd, &last);
		if (load.n >= due)
			wait_until(from + (double)(due + 1 - base) / rate);
	}
	t = now(CLOCK_MONOTONIC);
	while (load.answered < load.n && now(CLOCK_MONOTONIC) - t < 2)
		listen_to(fd, &last);
	begin = t - begin;
	printf("{\"sent\": %llu, \"answered\": %llu, \"bad\": %llu, \"strange\": %llu, \"seconds\": %.3f, \"starved\": %.3f, \"silence\": %.4f, \"lost\": [",
	       (unsigned long long)load.n, (unsigned long long)load.answered,
	       (unsigned long long)load.bad, (unsigned long long)load.strange,
	       begin, load.starved, load.longest);
}

static void tell_lost(void)
{
	const char *sep = "";
	uint64_t i, n;
	double first, last;

	for (i = 0; i < load.n; i++) {
		if (!load.sent[i])
			continue;
		first = last = load.sent[i];
		for (n = 0; i < load.n && (!load.sent[i] || load.sent[i] - last < APART); i++) {
			if (!load.sent[i])
				continue;
			last = load.sent[i];
			n++;
		}
		printf("%s{\"from\": %.4f, \"seconds\": %.4f, \"n\": %llu}",
		       sep, first, last - first, (unsigned long long)n);
		sep = ", ";
		i--;
	}
	printf("]}\n");
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(123) };
	struct sigaction sa = { .sa_handler = end };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), room = ROOM;
	double rate = argc > 2 ? atof(argv[2]) : 0;

	if (argc < 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1 || rate <= 0) {
		fprintf(stderr, "usage: load SERVER RATE [SECONDS]\n");
		return 2;
	}
	load.sent = calloc(MOST, sizeof(*load.sent));
	sigaction(SIGTERM, &sa, NULL);
	if (fd < 0 || !load.sent ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		perror("load");
		return 1;
	}
	run(fd, rate, argc > 3 ? atof(argv[3]) : 0);
	tell_lost();
	return 0;
}
