/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The daemon's one thread: file descriptors, timers and signals, waited for in
 * poll(2) alone, so that it runs under a simulator as it does on a machine.
 */
#ifndef KNTPD_LOOP_H
#define KNTPD_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* REVENTS as poll(2) gave them. One datagram a call: it is called again. */
typedef void (*loop_fd_fn)(int fd, short revents, void *arg);
typedef void (*timer_fn)(void *arg);

/**
 * struct timer - something to be done later
 * @fn: what; may set the timer again
 * @arg: handed to @fn
 * @when: CLOCK_MONOTONIC, ns
 * @next: kept by the loop
 * @armed: it is waited for
 *
 * Zeroed but for @fn and @arg when it is made. In no other list meanwhile.
 */
struct timer {
	timer_fn fn;
	void *arg;
	int64_t when;
	struct timer *next;
	bool armed;
};

/* 0 or -errno. A descriptor stands once; DEL forgets it, closing is not done. */
int loop_add_fd(int fd, short events, loop_fd_fn fn, void *arg);
void loop_set_events(int fd, short events);
void loop_del_fd(int fd);

/* In DELAY seconds from now (0: as soon as the loop turns). Setting moves it. */
void timer_set(struct timer *t, double delay);
void timer_cancel(struct timer *t);

/* CLOCK_MONOTONIC, ns: what timers run by. */
int64_t loop_now(void);

/* In a handler: what it is called for came at most that long ago, ns. */
int64_t loop_overdue(void);

/* Runs until loop_stop() or a signal that is caught and stops it. */
int loop_run(void);
void loop_catch_signals(void);
void loop_stop(void);
bool loop_has_successor(void);
void loop_on_hangup(void (*fn)(void));

#endif
