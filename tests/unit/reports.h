/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A daemon that has nothing behind its control socket: reports of fixed
 * figures, actions that note what was asked for, a loop that is turned by hand.
 */
#ifndef _KNTP_TESTS_UNIT_REPORTS_H
#define _KNTP_TESTS_UNIT_REPORTS_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../user/daemon/conf.h"
#include "../../user/daemon/log.h"
#include "../../user/daemon/loop.h"
#include "../../user/daemon/report.h"

struct report_status daemon_status = {
	.started = 1795578600000000000, .follow = "sources",
	.controls_clock = true, .answers = true,
};

static char asked[512];		/* what the last action was */
static bool acts = true;	/* or they fail */
static size_t source_count = 3;

void report_address(const struct sockaddr_storage *ss, char *buf)
{
	*buf = '\0';
	if (ss->ss_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)ss)->sin_addr,
			  buf, REPORT_ADDRESS);
}

void report_tracking(struct report_tracking *t)
{
	*t = (struct report_tracking){
		.synced = true, .refid = 0xcb00710f,
		.name = "ntp1.example.net", .address = "203.0.113.15",
		.stratum = 3, .ref_time = 1485510557123456789,
		.correction = 6.523e-6, .last_offset = -6.747e-6,
		.rms_offset = 35.822e-6, .frequency = -3.225e-6,
		.residual = -0.0004e-6, .skew = 0.129e-6,
		.root_delay = 0.013639022, .root_dispersion = 0.001100737,
		.interval = 64.2,
	};
}

size_t report_sources(struct report_source *s, size_t max)
{
	static const struct report_source fixed[] = {
		{ SOURCE_REFCLOCK, '*', "GPS0", "", 0, 4, 0377, true, 11.9,
		  -479e-9, -621e-9, 134e-9, "no carrier" },
		{ SOURCE_SERVER, '?', "ntp1.example.net", "203.0.113.15", 2, 6,
		  0376, true, 1300, -923e-6, -924e-6, 43e-3, NULL },
		{ SOURCE_PEER, '+', "198.51.100.7", "198.51.100.7", 1, -2, 1,
		  false, 0, 0, 0, 0, "" },
	};
	size_t i;

	for (i = 0; i < max && i < source_count; i++)
		s[i] = fixed[i % 3];
	return i;
}

size_t report_sourcestats(struct report_sourcestats *s, size_t max)
{
	if (!max)
		return 0;
	*s = (struct report_sourcestats){
		.name = "ntp1.example.net", .address = "203.0.113.15",
		.samples = 11, .runs = 5, .span = 46 * 60,
		.frequency = -0.001e-6, .skew = 0.045e-6, .offset = 1e-6,
		.deviation = 25e-6,
	};
	return 1;
}

size_t report_select(struct report_select *s, size_t max)
{
	if (!max)
		return 0;
	*s = (struct report_select){
		.mark = 'D', .name = "ntp1.example.net",
		.address = "203.0.113.15", .authenticated = true, .trust = true,
		.require = true, .sampled = true, .since_sample = 4.2,
		.score = 1, .lo = -0.061, .hi = 0.062,
	};
	return 1;
}

static struct sockaddr_storage ipv4(const char *text)
{
	struct sockaddr_storage ss = { .ss_family = AF_INET };

	inet_pton(AF_INET, text, &((struct sockaddr_in *)&ss)->sin_addr);
	return ss;
}

size_t report_ntpdata(struct report_ntpdata *n, size_t max)
{
	if (max < 2)
		return 0;
	n[0] = (struct report_ntpdata){
		.name = "ntp1.example.net", .remote = ipv4("203.0.113.15"),
		.local = ipv4("203.0.113.74"), .remote_refid = 0xcb00710f,
		.local_refid = 0xcb00714a, .remote_port = 123, .version = 4,
		.mode = 4, .stratum = 1, .poll = 10, .precision = -24,
		.root_delay = 15e-6, .root_dispersion = 15e-6,
		.refid = 0x47505300, .ref_time = 1480087332500000000,
		.offset = -60.878e-6, .delay = 175.634e-6,
		.dispersion = 0.681e-6, .response_time = 53.05e-6,
		.tests = 0x3fe, .tx_stamp = 'K', .rx_stamp = 'H',
		.total_tx = 24, .total_rx = 23, .total_valid_rx = 22,
		.total_good_rx = 21, .total_kernel_tx = 20,
		.total_kernel_rx = 19, .total_hw_tx = 18, .total_hw_rx = 17,
	};
	n[1] = (struct report_ntpdata){
		.name = "127.0.0.2", .remote = ipv4("127.0.0.2"),
		.remote_refid = 0x7f000002, .remote_port = 11125,
		.total_tx = 3, .total_kernel_tx = 3,
	};
	return 2;
}

void report_activity(struct report_activity *a)
{
	*a = (struct report_activity){ 8, 1, 2, 3, 4 };
}

void report_serverstats(struct report_serverstats *s)
{
	*s = (struct report_serverstats){
		1598, 8, 1, 189, 43, 44, 120, 2, 1537, 1590, 43, 5, 6,
		77, 9,
	};
}

const struct config *report_config(void)
{
	static struct source_conf one = {
		.name = "ntp.example", .file = "t", .minpoll = 4, .maxpoll = 6,
		.prefer = true,
	};
	static const struct config c = {
		.sources = { .at = &one, .n = 1 }, .spike = 0.25,
		.spike_watch = 900, .makestep = 1, .makestep_limit = 3,
	};

	return &c;
}

void report_smoothing(struct smooth_state *s)
{
	*s = (struct smooth_state){
		true, true, true, 1.000268817, -0.142859e-6, -1e-8, 17.8,
		19988.4,
	};
}

static int note(char *why, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static int note(char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(asked, sizeof(asked), fmt, ap);
	va_end(ap);
	if (acts)
		return 0;
	snprintf(why, REPORT_WHY, "it would not");
	return -EINVAL;
}

int act_makestep(char *why)
{
	return note(why, "makestep");
}

int act_smoothing(bool reset, char *why)
{
	return note(why, "smoothing %s", reset ? "reset" : "activate");
}

int act_burst(unsigned int good, unsigned int total, const char *which,
	      char *why)
{
	return note(why, "burst %u/%u %s", good, total, which ? which : "all");
}

int act_online(const char *which, char *why)
{
	return note(why, "online %s", which ? which : "all");
}

int act_offline(const char *which, char *why)
{
	return note(why, "offline %s", which ? which : "all");
}

int act_add(const char *line, char *why)
{
	return note(why, "add %s", line);
}

int act_delete(const char *which, char *why)
{
	return note(why, "delete %s", which);
}

int act_reload(char *why)
{
	return note(why, "reload");
}

void log_msg(int priority, const char *fmt, ...)
{
	(void)priority;
	(void)fmt;
}

/* The loop: what is waited for, and one turn of it. */
enum { LOOP_FDS = 32 };

static struct pollfd loop_poll[LOOP_FDS];
static struct {
	loop_fd_fn fn;
	void *arg;
} loop_fn[LOOP_FDS];
static nfds_t loop_n;
static struct timer *loop_timers[LOOP_FDS];

static nfds_t loop_find(int fd)
{
	nfds_t i;

	for (i = 0; i < loop_n && loop_poll[i].fd != fd; i++)
		;
	return i;
}

int loop_add_fd(int fd, short events, loop_fd_fn fn, void *arg)
{
	if (loop_n == LOOP_FDS)
		return -ENFILE;
	loop_poll[loop_n] = (struct pollfd){ .fd = fd, .events = events };
	loop_fn[loop_n].fn = fn;
	loop_fn[loop_n++].arg = arg;
	return 0;
}

void loop_set_events(int fd, short events)
{
	loop_poll[loop_find(fd)].events = events;
}

void loop_del_fd(int fd)
{
	nfds_t i = loop_find(fd);

	loop_n--;
	loop_poll[i] = loop_poll[loop_n];
	loop_fn[i] = loop_fn[loop_n];
}

void timer_set(struct timer *t, double delay)
{
	size_t i;

	(void)delay;
	timer_cancel(t);
	for (i = 0; i < LOOP_FDS && loop_timers[i]; i++)
		;
	loop_timers[i] = t;
	t->armed = true;
}

void timer_cancel(struct timer *t)
{
	size_t i;

	for (i = 0; i < LOOP_FDS; i++)
		if (loop_timers[i] == t)
			loop_timers[i] = NULL;
	t->armed = false;
}

/* As many turns as there is something to do, or TURNS. */
static int loop_turn(int turns, int timeout)
{
	struct pollfd ready[LOOP_FDS];
	nfds_t i, n, at;
	int done = 0;

	while (done < turns && poll(loop_poll, loop_n, timeout) > 0) {
		n = loop_n;
		memcpy(ready, loop_poll, sizeof(ready));
		for (i = 0; i < n; i++) {
			at = loop_find(ready[i].fd);
			if (ready[i].revents && at < loop_n)
				loop_fn[at].fn(ready[i].fd, ready[i].revents,
					       loop_fn[at].arg);
		}
		done++;
	}
	return done;
}

#endif /* _KNTP_TESTS_UNIT_REPORTS_H */
