// SPDX-License-Identifier: GPL-2.0
/*
 * gpsd's own protocol, which has what its shared memory has and says which
 * receiver it is from. Its library connects and looks names up while the caller
 * waits, which this process must not.
 */
#include "refclock.h"
#include "address.h"
#include "clk.h"

#include <errno.h>
#include <json-c/json.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE = 16384, DEFAULT_PORT = 2947 };

struct gpsd {
	int fd;
	bool asked, lost_fix;
	char line[LINE];
	size_t len;
};

static int64_t number(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) &&
	       json_object_is_type(v, json_type_int) ?
	       json_object_get_int64(v) : -1;
}

static const char *text(struct json_object *o, const char *name)
{
	struct json_object *v;

	/* A null is a NULL here, and other types are no text. */
	return json_object_object_get_ex(o, name, &v) &&
	       json_object_is_type(v, json_type_string) ?
	       json_object_get_string(v) : "";
}

/* When a second began, by the receiver and by CLOCK_REALTIME. */
static void take_time(struct refclock *rc, struct json_object *o)
{
	int64_t precision = number(o, "precision"), clock, real;

	if (!refclock_stamp(number(o, "real_sec"), number(o, "real_nsec"), &real) ||
	    !refclock_stamp(number(o, "clock_sec"), number(o, "clock_nsec"), &clock)) {
		refclock_failed(rc, "what gpsd says is no time");
		return;
	}
	refclock_time(rc, clk_raw_of_real(clock), real,
		      rc->conf->gpsd_pps && precision < 0 && precision > -31 ?
		      ldexp(1, (int)precision) : 0, 0);
}

static void take_object(struct refclock *rc, struct json_object *o)
{
	const char *class = text(o, "class"), *from = text(o, "device");
	const char *want = rc->conf->device;
	struct gpsd *g = rc->data;

	if (!strcmp(class, "ERROR"))
		refclock_failed(rc, "gpsd says: %.80s", text(o, "message"));
	if (*want && strcmp(from, want))
		return;
	if (!strcmp(class, "TPV")) {
		g->lost_fix = number(o, "mode") < 2;
		if (g->lost_fix)
			refclock_failed(rc, "the receiver has no fix");
	} else if (!strcmp(class, rc->conf->gpsd_pps ? "PPS" : "TOFF") &&
		   !g->lost_fix) {
		take_time(rc, o);
	}
}

static void take_line(struct refclock *rc, const char *line)
{
	struct json_object *o = json_tokener_parse(line);

	if (json_object_is_type(o, json_type_object))
		take_object(rc, o);
	else
		refclock_failed(rc, "what comes is not gpsd's: '%.16s'", line);
	json_object_put(o);
}

static void take(struct refclock *rc, struct gpsd *g, const char *data,
		 ssize_t len)
{
	for (; len; len--, data++) {
		if (*data != '\n') {
			if (g->len < LINE)
				g->line[g->len++] = *data;
			continue;
		}
		if (g->len < LINE) {
			g->line[g->len] = '\0';
			take_line(rc, g->line);
		}
		g->len = 0;
	}
}

static int ask(struct refclock *rc, int fd)
{
	struct json_object *o = json_object_new_object();
	char request[CONF_NAME + 128];
	int len;

	json_object_object_add(o, "enable", json_object_new_boolean(true));
	json_object_object_add(o, "json", json_object_new_boolean(true));
	json_object_object_add(o, "pps", json_object_new_boolean(true));
	if (rc->conf->device[0])
		json_object_object_add(o, "device",
				       json_object_new_string(rc->conf->device));
	len = snprintf(request, sizeof(request), "?WATCH=%s\n",
		       json_object_to_json_string_ext(o,
						JSON_C_TO_STRING_PLAIN |
						JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	return send(fd, request, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -EIO;
}

static void lost(struct refclock *rc, int err)
{
	errno = err;
	if (err)
		refclock_failed(rc, "gpsd at %s: %m", rc->conf->parameter);
	else
		refclock_failed(rc, "gpsd at %s is gone", rc->conf->parameter);
	refclock_reopen(rc);
}

/* Once it can be written to, the connection stands or has failed. */
static void connected(struct refclock *rc, struct gpsd *g)
{
	socklen_t len = sizeof(int);
	int err = 0;

	getsockopt(g->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (!err)
		err = -ask(rc, g->fd);
	if (err) {
		lost(rc, err);
		return;
	}
	g->asked = true;
	loop_set_events(g->fd, POLLIN);
}

static void on_ready(int fd, short revents, void *arg)
{
	struct refclock *rc = arg;
	struct gpsd *g = rc->data;
	char data[4096];
	ssize_t len;

	if (!g->asked) {
		connected(rc, g);
		return;
	}
	len = recv(fd, data, sizeof(data), MSG_DONTWAIT);
	if (len < 0 && errno == EAGAIN && !(revents & (POLLHUP | POLLERR)))
		return;
	if (len <= 0)
		lost(rc, len ? errno : 0);
	else
		take(rc, g, data, len);
}

static int start(struct refclock *rc, struct gpsd *g)
{
	const char *name = rc->conf->parameter;
	struct sockaddr_storage a;
	int port = rc->conf->port ? rc->conf->port : DEFAULT_PORT;

	if (!strcmp(name, "localhost"))
		name = "127.0.0.1";
	if (!address_parse(name, &a))
		return -EDESTADDRREQ;
	address_set_port((struct sockaddr *)&a, (uint16_t)port);
	g->fd = socket(a.ss_family,
		       SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (g->fd < 0)
		return -errno;
	if (connect(g->fd, (struct sockaddr *)&a,
		    address_len((struct sockaddr *)&a)) && errno != EINPROGRESS)
		return -errno;
	return loop_add_fd(g->fd, POLLOUT, on_ready, rc);
}

static int open_gpsd(struct refclock *rc)
{
	struct gpsd *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return -ENOMEM;
	g->fd = -1;
	err = start(rc, g);
	if (err == -EDESTADDRREQ) {
		refclock_failed(rc, "'%s' is not an address",
				rc->conf->parameter);
	} else if (err) {
		errno = -err;
		refclock_failed(rc, "gpsd at %s: %m", rc->conf->parameter);
	}
	if (err) {
		if (g->fd >= 0)
			close(g->fd);
		free(g);
		return err;
	}
	rc->data = g;
	return 0;
}

static void close_gpsd(struct refclock *rc)
{
	struct gpsd *g = rc->data;

	loop_del_fd(g->fd);
	close(g->fd);
	free(g);
}

const struct refclock_driver refclock_gpsd = {
	.name = "GPSD",
	.open = open_gpsd,
	.close = close_gpsd,
};
