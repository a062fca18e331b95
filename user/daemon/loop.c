// SPDX-License-Identifier: GPL-2.0
#include "loop.h"
#include "clk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

/* A socket for each of CONF_SOURCES_MAX servers, and what else there is. */
#define FDS_MAX	2048
/* Whoever was in poll(2) for longer slept there until something came, ns. */
#define SLEPT	100000

static struct {
	struct pollfd poll[FDS_MAX];
	struct {
		loop_fd_fn fn;
		void *arg;
	} fd[FDS_MAX];
	nfds_t n;
	struct timer *timers;	/* the earliest first */
	int64_t woken;		/* when poll(2) returned last; 0: never */
	int64_t overdue;	/* for how long poll(2) had not been asked, ns */
	void (*hangup)(void);
	bool stop;
} loop;

static volatile sig_atomic_t got_stop, got_hangup;

static nfds_t find(int fd)
{
	nfds_t i;

	for (i = 0; i < loop.n && loop.poll[i].fd != fd; i++)
		;
	return i;
}

/**
 * loop_add_fd() - wait for a descriptor too
 * @fd: that descriptor; it stays the caller's
 * @events: poll(2)'s
 * @fn: called when there are any, or an error
 * @arg: handed to @fn
 *
 * Return: 0, -EEXIST, or -ENFILE when there are too many.
 */
int loop_add_fd(int fd, short events, loop_fd_fn fn, void *arg)
{
	if (find(fd) < loop.n)
		return -EEXIST;
	if (loop.n == FDS_MAX)
		return -ENFILE;
	loop.poll[loop.n] = (struct pollfd){ .fd = fd, .events = events };
	loop.fd[loop.n].fn = fn;
	loop.fd[loop.n].arg = arg;
	loop.n++;
	return 0;
}

/**
 * loop_set_events() - wait for other events of a descriptor
 * @fd: one that was added
 * @events: poll(2)'s
 */
void loop_set_events(int fd, short events)
{
	nfds_t i = find(fd);

	if (i < loop.n)
		loop.poll[i].events = events;
}

/**
 * loop_del_fd() - wait for a descriptor no more
 * @fd: to be called before it is closed; unknown ones are ignored
 */
void loop_del_fd(int fd)
{
	nfds_t i = find(fd);

	if (i == loop.n)
		return;
	loop.n--;
	loop.poll[i] = loop.poll[loop.n];
	loop.fd[i] = loop.fd[loop.n];
}

/**
 * loop_now() - what timers run by
 *
 * Return: CLOCK_MONOTONIC, ns.
 */
int64_t loop_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/**
 * timer_cancel() - do it not
 * @t: any timer, armed or not
 */
void timer_cancel(struct timer *t)
{
	struct timer **p;

	for (p = &loop.timers; t->armed && *p; p = &(*p)->next) {
		if (*p == t) {
			*p = t->next;
			break;
		}
	}
	t->armed = false;
}

/**
 * timer_set() - do it later
 * @t: the timer; it is moved where it was armed
 * @delay: from now, s
 */
void timer_set(struct timer *t, double delay)
{
	struct timer **p;

	timer_cancel(t);
	if (!(delay > 0))
		delay = 0;
	if (delay > 1e9)
		delay = 1e9;
	t->when = loop_now() + (int64_t)(delay * 1e9);
	for (p = &loop.timers; *p && (*p)->when <= t->when; p = &(*p)->next)
		;
	t->next = *p;
	*p = t;
	t->armed = true;
}

/**
 * loop_overdue() - how late what is handled now may be
 *
 * What came while something else was done was seen only afterwards, and nobody
 * knows when it was.
 *
 * Return: the most that it may have waited for its handler, ns.
 */
int64_t loop_overdue(void)
{
	return loop.overdue + loop_now() - loop.woken;
}

static int wait_for_events(int ms)
{
	int64_t entered = loop_now(), before = loop.woken;
	int n = poll(loop.poll, loop.n, ms);

	loop.woken = loop_now();
	loop.overdue = loop.woken - entered < SLEPT ? entered - before : 0;
	return n;
}

static void run_timers(void)
{
	int64_t now = loop_now();

	/* One that sets itself for now comes in the next turn. */
	while (loop.timers && loop.timers->when <= now) {
		struct timer *t = loop.timers;

		loop.timers = t->next;
		t->armed = false;
		t->fn(t->arg);
	}
}

/* Until the next timer, ms, never too early by the rounding. */
static int timeout(void)
{
	int64_t left;

	if (!loop.timers)
		return -1;
	left = loop.timers->when - loop_now();
	if (left <= 0)
		return 0;
	left = (left + 999999) / 1000000;
	return left > 1000000 ? 1000000 : (int)left;
}

/*
 * A handler may add and delete descriptors. Deleting moves the last one, so
 * what is there is copied first and each is looked up before it is called.
 */
static void run_fds(void)
{
	struct pollfd ready[FDS_MAX];
	nfds_t i, at, n = 0;

	for (i = 0; i < loop.n; i++)
		if (loop.poll[i].revents)
			ready[n++] = loop.poll[i];
	for (i = 0; i < n; i++) {
		at = find(ready[i].fd);
		if (at < loop.n && loop.poll[at].revents) {
			loop.poll[at].revents = 0;
			loop.fd[at].fn(ready[i].fd, ready[i].revents,
				       loop.fd[at].arg);
		}
	}
}

static void on_signal(int sig)
{
	if (sig == SIGHUP)
		got_hangup = 1;
	else
		got_stop = sig;
}

/**
 * loop_catch_signals() - end by loop_run()'s end, and not at once, from now on
 *
 * SIGTERM, SIGINT and SIGQUIT; SIGHUP calls what loop_on_hangup() says.
 */
void loop_catch_signals(void)
{
	static const int caught[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP };
	struct sigaction sa = { .sa_handler = on_signal };
	size_t i;

	for (i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		sigaction(caught[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/**
 * loop_on_hangup() - what SIGHUP does
 * @fn: called in the loop, not in the signal's handler
 */
void loop_on_hangup(void (*fn)(void))
{
	loop.hangup = fn;
}

/**
 * loop_has_successor() - whether SIGQUIT ended it, and another is started at once
 */
bool loop_has_successor(void)
{
	return got_stop == SIGQUIT;
}

/**
 * loop_stop() - leave loop_run() when what is being done is done
 */
void loop_stop(void)
{
	loop.stop = true;
}

/**
 * loop_run() - wait and do, until it is stopped
 *
 * Return: 0, or -errno when poll(2) fails.
 */
int loop_run(void)
{
	int n;

	while (!loop.stop && !got_stop) {
		n = wait_for_events(timeout());
		if (n < 0 && errno != EINTR)
			return -errno;
		if (got_hangup) {
			got_hangup = 0;
			if (loop.hangup)
				loop.hangup();
		}
		if (n > 0)
			run_fds();
		run_timers();
	}
	return 0;
}
