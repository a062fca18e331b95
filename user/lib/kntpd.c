// SPDX-License-Identifier: GPL-2.0
#include "kntpd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS	5000
/* ntpdata of CONF_SOURCES_MAX sources is 1.5 MB. */
#define ANSWER_MAX	(8 * 1024 * 1024)

static const struct {
	int err;
	const char *name;
} errors[] = {
	{ EPERM, "EPERM" }, { ENOENT, "ENOENT" }, { EIO, "EIO" },
	{ EAGAIN, "EAGAIN" }, { ENOMEM, "ENOMEM" }, { EACCES, "EACCES" },
	{ EBUSY, "EBUSY" }, { EEXIST, "EEXIST" }, { EINVAL, "EINVAL" },
	{ ENOSPC, "ENOSPC" }, { ERANGE, "ERANGE" }, { ENOSYS, "ENOSYS" },
	{ E2BIG, "E2BIG" }, { EMSGSIZE, "EMSGSIZE" },
	{ EOPNOTSUPP, "EOPNOTSUPP" },
};

#define ERRORS (sizeof(errors) / sizeof(errors[0]))

const char *kntpd_errno_name(int err)
{
	size_t i;

	for (i = 0; i < ERRORS; i++)
		if (errors[i].err == err)
			return errors[i].name;
	return "EIO";
}

int kntpd_errno(const char *name)
{
	size_t i;

	for (i = 0; i < ERRORS; i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].err;
	return EIO;
}

const char *kntpd_path(void)
{
	const char *path = getenv("KNTPD_SOCKET");

	return path && *path ? path : KNTPD_PATH;
}

int kntpd_connect(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const char *path = kntpd_path();
	int fd, err;

	if (strlen(path) >= sizeof(un.sun_path))
		return -ENAMETOOLONG;
	strcpy(un.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)&un, sizeof(un)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* 0 once EVENTS are there, -ETIMEDOUT at the deadline. */
static int await(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline - now_ms();
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

static int send_all(int fd, const char *data, size_t len, int64_t deadline)
{
	ssize_t n;
	int err;

	while (len) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		/* It may have said why before it hung up: that is read next. */
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		err = await(fd, POLLOUT, deadline);
		if (err)
			return err;
	}
	return 0;
}

/* Reads one line into *LINE, without its end; the caller frees it. */
static int receive_line(int fd, char **line, int64_t deadline)
{
	size_t size = 0, have = 0;
	char *buf = NULL, *end = NULL, *more;
	ssize_t n;
	int err;

	while (!end) {
		if (size - have < 2) {
			size = size ? size * 2 : 8192;
			more = size > ANSWER_MAX ? NULL : realloc(buf, size);
			if (!more) {
				free(buf);
				return size > ANSWER_MAX ? -EMSGSIZE : -ENOMEM;
			}
			buf = more;
		}
		n = recv(fd, buf + have, size - have - 1, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			err = await(fd, POLLIN, deadline);
		else
			err = n < 0 ? -errno : n ? 0 : -ECONNRESET;
		if (err) {
			free(buf);
			return err;
		}
		if (n < 0)
			continue;
		end = memchr(buf + have, '\n', (size_t)n);
		have += (size_t)n;
	}
	*end = '\0';
	*line = buf;
	return 0;
}

static const char *exchange_error(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "kntpd does not answer";
	case -ECONNRESET:
		return "kntpd hung up";
	case -EMSGSIZE:
		return "kntpd's answer is too long";
	default:
		return strerror(-err);
	}
}

static int exchange(int fd, struct json_object *request, char **line)
{
	int64_t deadline = now_ms() + DEADLINE_MS;
	const char *text;
	int err;

	text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);
	if (!text)
		return -ENOMEM;
	err = send_all(fd, text, strlen(text), deadline);
	if (!err)
		err = send_all(fd, "\n", 1, deadline);
	if (!err)
		err = receive_line(fd, line, deadline);
	return err;
}

int kntpd_request(int fd, struct json_object *request,
		    struct json_object **answer, char why[KNTPD_WHY])
{
	struct json_object *object;
	char *line;
	int err;

	err = exchange(fd, request, &line);
	json_object_put(request);
	if (err) {
		snprintf(why, KNTPD_WHY, "%s", exchange_error(err));
		return err;
	}
	object = json_tokener_parse(line);
	free(line);
	if (!json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		snprintf(why, KNTPD_WHY, "kntpd's answer is not JSON");
		return -EBADMSG;
	}
	if (member_bool(object, "ok")) {
		json_object_object_del(object, "ok");
		*answer = object;
		return 0;
	}
	snprintf(why, KNTPD_WHY, "%s", member_str(object, "error"));
	err = -kntpd_errno(member_str(object, "errno"));
	json_object_put(object);
	return err;
}

static struct json_object *member(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

int64_t member_i64(struct json_object *object, const char *key)
{
	return json_object_get_int64(member(object, key));
}

double member_double(struct json_object *object, const char *key)
{
	return json_object_get_double(member(object, key));
}

bool member_bool(struct json_object *object, const char *key)
{
	return json_object_get_boolean(member(object, key));
}

const char *member_str(struct json_object *object, const char *key)
{
	struct json_object *value = member(object, key);

	return value ? json_object_get_string(value) : "";
}

bool member_has(struct json_object *object, const char *key)
{
	return member(object, key);
}
