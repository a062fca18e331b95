// SPDX-License-Identifier: GPL-2.0
/*
 * As little of HTTP (RFC 9112) as Prometheus needs: one request a connection, and
 * who is slow, or sends too much, is hung up on. Whoever can connect may read, and
 * nobody can change anything.
 */
#include "metrics.h"
#include "address.h"
#include "conf.h"
#include "log.h"
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE	5.0	/* s, for all of a connection */
#define PAUSE		1.0	/* s, where no descriptor is left */

enum {
	VISITORS_MAX = 16,
	SAME_MAX = 4,		/* of one address */
	REQUEST_MAX = 4096,
	BACKLOG = 8,
};

/**
 * struct visitor - a connection
 * @fd: -1 when it is free
 * @from: whose it is
 * @request: what came, as far as it has
 * @have: octets of that
 * @answer: what is sent, or NULL while there is none
 * @len: octets of that
 * @sent: so far
 * @timer: ends it
 */
struct visitor {
	int fd;
	struct sockaddr_storage from;
	char request[REQUEST_MAX];
	size_t have;
	char *answer;
	size_t len, sent;
	struct timer timer;
};

static struct {
	struct sockaddr_storage at;
	int fd;
	struct timer pause;
	struct visitor visitor[VISITORS_MAX];
} metrics = { .fd = -1 };

static void hang_up(void *arg)
{
	struct visitor *v = arg;

	loop_del_fd(v->fd);
	timer_cancel(&v->timer);
	close(v->fd);
	free(v->answer);
	v->answer = NULL;
	v->fd = -1;
}

static void put_answer(FILE *to, const char *status, const char *more,
		       const char *body, size_t len)
{
	fprintf(to, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n",
		status, more, len);
	fwrite(body, 1, len, to);
}

static void put_metrics(FILE *to, bool body)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return;
	metrics_write(f);
	if (fclose(f))
		len = 0;
	put_answer(to, "200 OK",
		   "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n",
		   text ? text : "", body ? len : 0);
	free(text);
}

/* A request that has come to its end. */
static void answer(struct visitor *v)
{
	static const char lost[] = "kntpd's metrics are at /metrics\n";
	bool is_head = !strncmp(v->request, "HEAD ", 5);
	const char *path = v->request + (is_head ? 5 : 4);
	FILE *to = open_memstream(&v->answer, &v->len);

	if (!to)
		return;
	if (!is_head && strncmp(v->request, "GET ", 4))
		put_answer(to, "405 Method Not Allowed", "Allow: GET, HEAD\r\n",
			   "", 0);
	else if (strncmp(path, "/metrics", 8) || !strchr(" ?", path[8]))
		put_answer(to, "404 Not Found", "Content-Type: text/plain\r\n",
			   lost, is_head ? 0 : sizeof(lost) - 1);
	else
		put_metrics(to, !is_head);
	if (fclose(to)) {
		free(v->answer);
		v->answer = NULL;
	}
}

static void on_writable(struct visitor *v)
{
	ssize_t n = send(v->fd, v->answer + v->sent, v->len - v->sent,
			 MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	v->sent += n > 0 ? (size_t)n : 0;
	if (n < 0 || v->sent == v->len)
		hang_up(v);
}

static void on_visitor(int fd, short revents, void *arg)
{
	struct visitor *v = arg;
	ssize_t n;

	(void)revents;
	if (v->answer) {
		on_writable(v);
		return;
	}
	n = recv(fd, v->request + v->have, REQUEST_MAX - 1 - v->have, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(v);
		return;
	}
	v->have += (size_t)n;
	v->request[v->have] = '\0';
	if (strstr(v->request, "\r\n\r\n") || strstr(v->request, "\n\n"))
		answer(v);
	else if (v->have < REQUEST_MAX - 1)
		return;
	if (!v->answer) {
		hang_up(v);
		return;
	}
	loop_set_events(fd, POLLOUT);
}

static void listen_again(void *arg)
{
	(void)arg;
	loop_set_events(metrics.fd, POLLIN);
}

/* So that one host, however slow its requests are, cannot keep others out. */
static unsigned int connections_of(const struct sockaddr_storage *from)
{
	const struct visitor *v;
	unsigned int n = 0;

	for (v = metrics.visitor; v < metrics.visitor + VISITORS_MAX; v++)
		n += v->fd >= 0 && address_same((const void *)&v->from,
						(const void *)from);
	return n;
}

static void on_connection(int fd, short revents, void *arg)
{
	struct visitor *v = metrics.visitor;
	struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(from);
	int to = accept(fd, (void *)&from, &len);

	(void)revents;
	(void)arg;
	if (to < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
		/* It stays readable, and the loop would do nothing else. */
		loop_set_events(fd, 0);
		timer_set(&metrics.pause, PAUSE);
	}
	if (to < 0)
		return;
	if (connections_of(&from) >= SAME_MAX) {
		close(to);
		return;
	}
	while (v < metrics.visitor + VISITORS_MAX && v->fd >= 0)
		v++;
	fcntl(to, F_SETFL, O_NONBLOCK);
	fcntl(to, F_SETFD, FD_CLOEXEC);
	if (v == metrics.visitor + VISITORS_MAX ||
	    loop_add_fd(to, POLLIN, on_visitor, v)) {
		close(to);
		return;
	}
	v->fd = to;
	v->from = from;
	v->have = 0;
	v->sent = 0;
	v->timer = (struct timer){ .fn = hang_up, .arg = v };
	timer_set(&v->timer, PATIENCE);
}

/**
 * metrics_stop() - tell nobody any more
 */
void metrics_stop(void)
{
	struct visitor *v;

	if (metrics.fd < 0)
		return;
	for (v = metrics.visitor; v < metrics.visitor + VISITORS_MAX; v++)
		if (v->fd >= 0)
			hang_up(v);
	timer_cancel(&metrics.pause);
	loop_del_fd(metrics.fd);
	close(metrics.fd);
	metrics.fd = -1;
}

static int start(const struct sockaddr_storage *at)
{
	int fd = socket(at->ss_family, SOCK_STREAM, 0), on = 1, err = 0;
	size_t i;

	if (fd < 0)
		return -errno;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const void *)at, address_len((const void *)at)) ||
	    listen(fd, BACKLOG))
		err = -errno;
	if (!err)
		err = loop_add_fd(fd, POLLIN, on_connection, NULL);
	if (err) {
		close(fd);
		return err;
	}
	for (i = 0; i < VISITORS_MAX; i++)
		metrics.visitor[i].fd = -1;
	metrics.pause = (struct timer){ .fn = listen_again };
	metrics.fd = fd;
	return 0;
}

/**
 * metrics_set() - where it is told
 * @c: says so
 */
void metrics_set(const struct config *c)
{
	char buf[ADDRESS_TEXT];
	int err;

	if (metrics.fd >= 0 && !memcmp(&c->metrics, &metrics.at, sizeof(metrics.at)))
		return;
	metrics_stop();
	metrics.at = c->metrics;
	if (c->metrics.ss_family == AF_UNSPEC)
		return;
	err = start(&c->metrics);
	if (err)
		log_msg(LOG_WARNING, "metrics: %s port %u: %s",
			address_format((const void *)&c->metrics, buf),
			address_port((const void *)&c->metrics), strerror(-err));
}
