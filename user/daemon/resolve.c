// SPDX-License-Identifier: GPL-2.0
#include "resolve.h"
#include "child.h"
#include "log.h"
#include "manycast.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN_MAX = 4 };

#define PATIENCE	30.0	/* s, for one name */

/* As it comes through the pipe, in one write: it is no longer than PIPE_BUF. */
struct answer {
	int err;
	unsigned int n;
	struct sockaddr_storage addr[RESOLVE_MAX];
};

static struct lookup *lookups;	/* pending, the oldest first */
static unsigned int children;

static void begin_more(void);

static bool known(const struct answer *a, const struct addrinfo *ai)
{
	unsigned int i;

	for (i = 0; i < a->n; i++)
		if (!memcmp(&a->addr[i], ai->ai_addr, ai->ai_addrlen))
			return true;
	return false;
}

static void ask(const struct lookup *l, struct answer *a)
{
	struct addrinfo hints = {
		.ai_family = l->family,
		.ai_socktype = SOCK_DGRAM,
	};
	struct addrinfo *list = NULL, *ai;

	a->err = getaddrinfo(l->name, NULL, &hints, &list);
	if (a->err)
		return;
	for (ai = list; ai && a->n < RESOLVE_MAX; ai = ai->ai_next)
		if ((ai->ai_family == AF_INET || ai->ai_family == AF_INET6) &&
		    !known(a, ai))
			memcpy(&a->addr[a->n++], ai->ai_addr, ai->ai_addrlen);
}

static _Noreturn void child(const struct lookup *l, int fd)
{
	struct answer a = { .n = 0 };

	child_begin(fd);
	ask(l, &a);
	_exit(write(fd, &a, sizeof(a)) == sizeof(a) ? 0 : 1);
}

static void reap(struct lookup *l)
{
	timer_cancel(&l->timer);
	if (!l->pid)
		return;
	loop_del_fd(l->fd);
	close(l->fd);
	/* It has answered, or is to end without; either way it does at once. */
	kill(l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		;
	l->pid = 0;
	children--;
}

static void forget(struct lookup *l)
{
	struct lookup **p;

	reap(l);
	for (p = &lookups; *p && *p != l; p = &(*p)->next)
		;
	if (*p)
		*p = l->next;
	l->pending = false;
}

static void finish(struct lookup *l, int err,
		   const struct sockaddr_storage *addr, unsigned int n)
{
	forget(l);
	begin_more();
	l->fn(l, err, addr, n);
}

static void on_answer(int fd, short revents, void *arg)
{
	struct lookup *l = arg;
	struct answer a;

	(void)revents;
	if (read(fd, &a, sizeof(a)) != sizeof(a) || a.n > RESOLVE_MAX)
		finish(l, EAI_AGAIN, NULL, 0);
	else
		finish(l, a.err, a.addr, a.n);
}

/* Also when it could not be asked at all: the loop tells its caller then. */
static void on_timer(void *arg)
{
	finish(arg, EAI_AGAIN, NULL, 0);
}

static int begin(struct lookup *l)
{
	int fds[2], err;

	if (pipe(fds))
		return -errno;
	l->pid = fork();
	if (!l->pid)
		child(l, fds[1]);
	err = -errno;
	close(fds[1]);
	if (l->pid < 0) {
		close(fds[0]);
		l->pid = 0;
		return err;
	}
	l->fd = fds[0];
	children++;
	err = loop_add_fd(l->fd, POLLIN, on_answer, l);
	if (err)
		reap(l);
	return err;
}

static void begin_more(void)
{
	struct lookup *l;
	int err;

	for (l = lookups; l && children < CHILDREN_MAX; l = l->next) {
		if (l->pid || l->timer.armed)
			continue;
		err = begin(l);
		if (err)
			log_msg(LOG_WARNING, "%s: cannot be looked up: %s",
				l->name, strerror(-err));
		timer_set(&l->timer, err ? 0 : PATIENCE);
	}
}

/**
 * lookup_start() - look a name up
 * @l: what, and who wants to know; nothing is done when it is pending already
 */
void lookup_start(struct lookup *l)
{
	struct lookup **p;

	if (l->manycast) {
		manycast_start(l);
		return;
	}
	if (l->pending)
		return;
	l->pending = true;
	l->pid = 0;
	l->next = NULL;
	l->timer = (struct timer){ .fn = on_timer, .arg = l };
	for (p = &lookups; *p; p = &(*p)->next)
		;
	*p = l;
	begin_more();
}

/**
 * lookup_cancel() - want to know it no more
 * @l: pending or not
 */
void lookup_cancel(struct lookup *l)
{
	if (l->manycast) {
		manycast_cancel(l);
		return;
	}
	if (!l->pending)
		return;
	forget(l);
	begin_more();
}
