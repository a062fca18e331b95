// SPDX-License-Identifier: GPL-2.0
/*
 * chronyd is asked each second for its tracking report: over its socket in the
 * file system where this process may use that, else over UDP, which it answers
 * to anybody on this host. Where one is silent the other is tried.
 */
#include "follow.h"
#include "chronyd.h"
#include "clk.h"
#include "figures.h"
#include "log.h"
#include "loop.h"
#include "publish.h"
#include "reference.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET		"/run/chrony/chronyd.sock"
#define PORT		323
#define INTERVAL	1.0
/* Without an answer for so long there is no time any more, ns. */
#define SILENCE		(5 * NS_PER_S)
/* What chronyd adds to the growth of its dispersion: maxclockerror, s/s. */
#define CLOCK_ERROR	1e-6

static struct {
	const struct follow_options *opt;
	struct timer timer;
	int fd;
	bool over_udp;
	struct sockaddr_un own;	/* our end's name, to be removed */
	uint32_t sequence;
	unsigned int unanswered;

	struct chronyd_tracking tracking;
	int64_t at;		/* it came (or we), CLOCK_MONOTONIC_RAW, ns */
	bool heard;		/* it is no older than SILENCE */
	bool lost;		/* for so long nothing came: that is known */
	int said;		/* -1 nothing, 0 not synchronised, 1 it is */
} follow = { .fd = -1, .said = -1 };

static bool is_recent(int64_t raw)
{
	return follow.heard && raw - follow.at < SILENCE;
}

static double growth(const struct chronyd_tracking *t)
{
	return t->skew + fabs(t->residual) + CLOCK_ERROR;
}

/**
 * follow_chronyd_figures() - the figures as chronyd has them
 * @f: where to
 *
 * What it has still to correct is an error of the clock that is served. A
 * report from before a step says nothing of the clock after it: there must be
 * another update of chronyd's.
 */
void follow_chronyd_figures(struct figures *f)
{
	const struct chronyd_tracking *t = &follow.tracking;
	int64_t raw = clk_raw();
	double age = (double)(raw - follow.at) * 1e-9;

	if (!is_recent(raw) || !t->synced) {
		figures_none(f);
		return;
	}
	*f = (struct figures){
		.leap = t->leap,
		.stratum = t->stratum,
		.refid = t->refid,
		.ref_time = t->ref_time,
		.root_delay = figures_ns(t->root_delay),
		.root_dispersion = figures_ns(t->root_dispersion +
					      fabs(t->correction) +
					      growth(t) * age),
		.growth = (uint32_t)fmin(ceil(growth(t) * 1e9), 1e8),
		.step = FIGURES_STEP_UPDATE,
	};
}

/* For people who ask this daemon. */
static void mirror(const struct chronyd_tracking *t)
{
	reference.synced = t->synced;
	reference.leap = t->leap;
	reference.stratum = t->stratum;
	reference.refid = t->refid;
	reference.ref_time = t->ref_time;
	reference.ref_raw = follow.at;
	reference.root_delay = t->root_delay;
	reference.root_dispersion = t->root_dispersion + fabs(t->correction);
	reference.growth = growth(t);
	reference.frequency = -t->frequency;
	reference.skew = t->skew;
	reference.residual = -t->residual;
	reference.last_offset = t->last_offset;
	reference.rms_offset = t->rms_offset;
	reference.interval = t->interval;
	snprintf(reference.name, sizeof(reference.name), "chronyd");
}

static void say(bool synced, const char *why)
{
	if (follow.said == synced)
		return;
	follow.said = synced;
	log_msg(synced ? LOG_INFO : LOG_WARNING, "chronyd %s", why);
}

static void close_socket(void)
{
	if (follow.fd < 0)
		return;
	loop_del_fd(follow.fd);
	close(follow.fd);
	follow.fd = -1;
	if (follow.own.sun_path[0])
		unlink(follow.own.sun_path);
	follow.own.sun_path[0] = '\0';
}

static void on_report(int fd, short revents, void *arg)
{
	uint8_t data[1024];
	ssize_t n;
	int err;

	(void)revents, (void)arg;
	n = recv(fd, data, sizeof(data), 0);
	if (n < 0) {
		/* Nobody is there: the next tick opens it anew. */
		if (errno != EAGAIN && errno != EINTR)
			close_socket();
		return;
	}
	err = chronyd_parse(data, (size_t)n, follow.sequence, &follow.tracking);
	if (err == -EPROTO)
		say(false, "refuses to report: its version is not known here");
	if (err)
		return;
	/* A second copy of the same answer would be older than it looks. */
	follow.sequence++;
	follow.at = clk_raw();
	follow.heard = true;
	follow.lost = false;
	follow.unanswered = 0;
	mirror(&follow.tracking);
	if (follow.tracking.synced)
		say(true, "is synchronised");
	else
		say(false, "is not synchronised");
	publish_now();
}

static int connect_udp(int fd)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(follow.opt->port ? follow.opt->port : PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	return connect(fd, (const void *)&to, sizeof(to)) ? -errno : 0;
}

/*
 * chronyd answers to a name, which must be where both may write: beside its
 * own, as its own client does it.
 */
static int connect_unix(int fd)
{
	const char *path = follow.opt->socket ? follow.opt->socket : SOCKET;
	const char *slash = strrchr(path, '/');
	int dir = slash ? (int)(slash + 1 - path) : 0;
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	struct sockaddr_un own = { .sun_family = AF_UNIX };
	int n = snprintf(own.sun_path, sizeof(own.sun_path), "%.*skntpd.%d.sock",
			 dir, path, (int)getpid());

	if (n >= (int)sizeof(own.sun_path) ||
	    strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	/* First this: where it fails no name is made. */
	if (connect(fd, (const void *)&to, sizeof(to)))
		return -errno;
	unlink(own.sun_path);
	if (bind(fd, (const void *)&own, sizeof(own)))
		return -errno;
	follow.own = own;
	chmod(own.sun_path, 0666);
	return 0;
}

static int open_socket(void)
{
	int fd, err;

	fd = socket(follow.over_udp ? AF_INET : AF_UNIX, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	err = follow.over_udp ? connect_udp(fd) : connect_unix(fd);
	if (!err)
		err = loop_add_fd(fd, POLLIN, on_report, NULL);
	follow.fd = fd;
	if (err)
		close_socket();
	return err;
}

/* The other way in, after two questions without an answer. */
static void open_some(void)
{
	if (follow.unanswered >= 2) {
		close_socket();
		follow.over_udp = !follow.over_udp;
		follow.unanswered = 0;
	}
	if (follow.fd >= 0)
		return;
	if (open_socket()) {
		follow.over_udp = !follow.over_udp;
		open_socket();
	}
}

static void ask(void)
{
	uint8_t request[CHRONYD_TRACKING_LEN];

	follow.unanswered++;
	if (follow.fd < 0)
		return;
	/* Steps are counted before it is asked: see publish_prepare(). */
	publish_prepare();
	chronyd_request(request, ++follow.sequence);
	if (send(follow.fd, request, sizeof(request), 0) < 0 &&
	    errno != EAGAIN && errno != EINTR)
		close_socket();
}

/* Whatever was said last, by whomever, chronyd does not say it any more. */
static void lose(void)
{
	if (follow.lost)
		return;
	follow.lost = true;
	follow.heard = false;
	reference.synced = false;
	publish_now();
}

static void tick(void *arg)
{
	(void)arg;
	timer_set(&follow.timer, INTERVAL);
	if (clk_raw() - follow.at >= SILENCE) {
		say(false, "does not answer");
		lose();
	}
	open_some();
	ask();
}

/**
 * follow_chronyd_start() - ask chronyd each second
 * @o: where it is; kept
 */
void follow_chronyd_start(const struct follow_options *o)
{
	follow.opt = o;
	/* Others on this host must not be able to answer in its place. */
	if (getrandom(&follow.sequence, sizeof(follow.sequence), 0) < 0)
		follow.sequence = (uint32_t)clk_raw();
	follow.at = clk_raw();
	follow.timer = (struct timer){ .fn = tick };
	timer_set(&follow.timer, 0);
}

/**
 * follow_chronyd_stop() - ask no more
 */
void follow_chronyd_stop(void)
{
	timer_cancel(&follow.timer);
	close_socket();
}
