// SPDX-License-Identifier: GPL-2.0
/*
 * ntpq's mrulist: who asks, those that were seen longest ago first. It asks again
 * and again for those after the last one that it has.
 *
 * The module's table is read and sorted by a child process. The loop, which the
 * clock hangs on, takes a bounded part of what the child writes in each turn.
 */
#include "mode6.h"
#include "child.h"
#include "clientrow.h"
#include "clk.h"
#include "loop.h"
#include "publish.h"

#include "core/ntptime.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/kntp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Of a table with more clients only those are told who came lately: in the last
 * minute, or in less the more there are, so that reading them takes no longer. ms.
 */
#define MANY		65536
#define LATELY		UINT64_C(60000)
#define LATELY_MIN	1000
/* How long what was read of the module is told from, ns. */
#define FRESH		(5 * NS_PER_S)
/* An entry's text, and what comes behind the last. */
#define ENTRY_TEXT	256

static const struct nl_attr_name names[] = {
	{ KNTP_A_CLIENT_FILTER, "filter", NULL },
	{ 0, NULL, NULL }
};

/* The longest the child may take, s. */
#define PATIENCE	10.0
/* Octets that one turn of the loop reads from the child. */
#define PART		65536

struct row {
	struct client client;
	int64_t first, last;	/* ns since 1970 */
};

static struct {
	struct row *at;
	size_t n, room;
	int64_t read;	/* RAW; 0: never */
	int64_t now;	/* then, ns since 1970 */
	struct client_table table;
} mru;

/* The child that reads the table, and what has come from it. */
static struct {
	pid_t pid;	/* 0: no child runs */
	int fd;
	int64_t now;
	char *data;
	size_t len, room;
	struct timer timer;
	bool failed;
} pending;

static int collect(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	struct row *row;
	int err;

	(void)data;
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) != KNTP_A_CLIENT_CLIENT)
			continue;
		if (mru.n == mru.room) {
			size_t room = mru.room ? 2 * mru.room : 64;
			void *at = reallocarray(mru.at, room, sizeof(*mru.at));

			if (!at)
				return -ENOMEM;
			mru.at = at;
			mru.room = room;
		}
		row = &mru.at[mru.n];
		err = client_parse(attr, &row->client, mru.table.prefix6);
		if (err)
			return err;
		row->first = mru.now - row->client.first_ms * INT64_C(1000000);
		row->last = mru.now - row->client.last_ms * INT64_C(1000000);
		mru.n++;
	}
	return 0;
}

static void restart(void *data)
{
	(void)data;
	mru.n = 0;
}

static int by_last(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return (x->last > y->last) - (x->last < y->last);
}

/* In the child, by a socket of its own. */
static int look(void)
{
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	struct nl nl;
	uint64_t lately;
	int err = nl_open(&nl);

	if (err)
		return err;
	mru.n = 0;
	nl_begin(&nl, KNTP_CMD_CLIENT_GET, names);
	err = nl_do(&nl, client_table_told, &mru.table);
	if (err)
		return err;
	nlh = nl_begin(&nl, KNTP_CMD_CLIENT_GET, names);
	if (mru.table.used > MANY) {
		lately = LATELY * MANY / mru.table.used;
		if (lately < LATELY_MIN)
			lately = LATELY_MIN;
		nest = mnl_attr_nest_start(nlh, KNTP_A_CLIENT_FILTER);
		mnl_attr_put_u32(nlh, KNTP_A_CLIENT_FILTER_SEEN,
				 (uint32_t)lately);
		mnl_attr_nest_end(nlh, nest);
	}
	err = nl_dump(&nl, collect, restart, NULL);
	qsort(mru.at, mru.n, sizeof(*mru.at), by_last);
	return err;
}

/* Write the sorted rows to the pipe FD. */
static _Noreturn void child(int fd)
{
	const char *at;
	size_t left;
	ssize_t n;

	child_begin(fd);
	if (look())
		_exit(1);
	at = (const char *)mru.at;
	for (left = mru.n * sizeof(*mru.at); left; left -= (size_t)n, at += n) {
		n = write(fd, at, left);
		if (n < 0 && errno == EINTR)
			n = 0;
		if (n < 0)
			_exit(1);
	}
	_exit(0);
}

static void end(bool well)
{
	timer_cancel(&pending.timer);
	loop_del_fd(pending.fd);
	close(pending.fd);
	pending.pid = 0;
	pending.failed = !well;
	free(well ? (char *)mru.at : pending.data);
	if (well) {
		mru.at = (struct row *)(void *)pending.data;
		mru.n = pending.len / sizeof(*mru.at);
		mru.room = mru.n;
		mru.now = pending.now;
	}
	pending.data = NULL;
	mru.read = clk_raw();
	mode6_again();
}

static bool has_ended_well(void)
{
	int status = -1;

	while (waitpid(pending.pid, &status, 0) < 0 && errno == EINTR)
		;
	return status == 0;
}

static void on_timer(void *arg)
{
	(void)arg;
	kill(pending.pid, SIGKILL);
	has_ended_well();
	end(false);
}

static void on_part(int fd, short revents, void *arg)
{
	size_t room = pending.len + PART;
	ssize_t n;
	char *data;

	(void)revents;
	if (room > pending.room) {
		room = 2 * room;
		data = realloc(pending.data, room);
		if (!data) {
			on_timer(arg);
			return;
		}
		pending.data = data;
		pending.room = room;
	}
	n = read(fd, pending.data + pending.len, PART);
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		pending.len += (size_t)n;
	else
		end(has_ended_well() && !n);
}

static int begin(void)
{
	int fds[2], err = 0;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pending.now = clk_real();
	mru.now = pending.now;
	pending.pid = fork();
	if (!pending.pid)
		child(fds[1]);
	if (pending.pid < 0)
		err = -errno;
	close(fds[1]);
	if (!err)
		err = loop_add_fd(fds[0], POLLIN, on_part, NULL);
	if (err) {
		close(fds[0]);
		if (pending.pid > 0) {
			kill(pending.pid, SIGKILL);
			has_ended_well();
		}
		pending.pid = 0;
		return err;
	}
	pending.fd = fds[0];
	pending.data = NULL;
	pending.len = 0;
	pending.room = 0;
	pending.timer.fn = on_timer;
	timer_set(&pending.timer, PATIENCE);
	return 0;
}

/* 0 when what was read before serves, or an enum mode6_error. */
static int await(void)
{
	if (!publish_nl()) {
		mru.n = 0;
		mru.now = clk_real();
		return 0;
	}
	if (!pending.pid && begin())
		return MODE6_BAD_VALUE;
	return MODE6_LATER;
}

static void put_row(struct mode6_text *t, const struct row *row, unsigned int i)
{
	char text[PREFIX_TEXT], name[24];
	const struct client *c = &row->client;

	snprintf(name, sizeof(name), "addr.%u", i);
	addr_format(&c->prefix, text);
	mode6_put(t, name, c->prefix.size == 16 ? "[%s]:123" : "%s:123", text);
	snprintf(name, sizeof(name), "last.%u", i);
	mode6_put_time(t, name, row->last);
	snprintf(name, sizeof(name), "first.%u", i);
	mode6_put_time(t, name, row->first);
	snprintf(name, sizeof(name), "ct.%u", i);
	mode6_put(t, name, "%llu", (unsigned long long)client_asked(c));
	snprintf(name, sizeof(name), "mv.%u", i);
	mode6_put(t, name, "%u", c->li_vn_mode & 0x3f);
	snprintf(name, sizeof(name), "rs.%u", i);
	mode6_put(t, name, "0x%x", 0);
	snprintf(name, sizeof(name), "dr.%u", i);
	mode6_put(t, name, "%u", c->refused);
}

/* The first that is to be told: behind the last that ntpq has. */
static size_t next_of(const char *asked)
{
	const char *value = mode6_value(asked, "last.0");
	unsigned int whole, part;
	uint64_t stamp;
	size_t i = 0;

	if (!value || sscanf(value, "0x%8x.%8x", &whole, &part) != 2)
		return 0;
	stamp = (uint64_t)whole << 32 | part;
	while (i < mru.n && ntp_from_unix(mru.at[i].last) <= stamp)
		i++;
	return i;
}

static unsigned long number(const char *asked, const char *name,
			    unsigned long most)
{
	const char *value = mode6_value(asked, name);
	unsigned long n = value ? strtoul(value, NULL, 0) : 0;

	return n && n < most ? n : most;
}

/**
 * mode6_mru() - entries that were seen after the last one that ntpq has
 * @t: is filled
 * @asked: by ntpq
 *
 * Return: 0; MODE6_LATER where the table is to be read first: mode6_again() is
 * called then; or another enum mode6_error.
 */
int mode6_mru(struct mode6_text *t, const char *asked)
{
	size_t room = number(asked, "frags", MODE6_TEXT / MODE6_DATA) *
		      MODE6_DATA;
	unsigned long limit = number(asked, "limit", MODE6_TEXT);
	int64_t now = clk_raw();
	unsigned int told_now = 0;
	int error;
	size_t i;

	/* One look serves all that are asked for after it. */
	if (!mru.read || now - mru.read > FRESH ||
	    !mode6_value(asked, "last.0")) {
		if (!mru.read || now - mru.read >= NS_PER_S) {
			error = await();
			if (error)
				return error;
		} else if (pending.failed) {
			return MODE6_BAD_VALUE;
		}
	}
	for (i = next_of(asked); i < mru.n && told_now < limit &&
	     t->len + 2 * ENTRY_TEXT < room; i++)
		put_row(t, &mru.at[i], told_now++);
	if (i < mru.n)
		return 0;
	mode6_put_time(t, "now", mru.now);
	if (mru.n)
		mode6_put_time(t, "last.newest", mru.at[mru.n - 1].last);
	return 0;
}
