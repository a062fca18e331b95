// SPDX-License-Identifier: GPL-2.0
/*
 * Anybody of this machine may connect, so all is bounded: clients, what they
 * send, how long they take, and one answer a turn of the loop for each.
 */
#include "control.h"
#include "answer.h"
#include "log.h"
#include "loop.h"

#include <errno.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	CLIENTS_MAX = 16,
	/* Of these for anybody, and of these for any one of them. */
	OTHERS_MAX = 12,
	SAME_MAX = 4,
	LINE_MAX_OCTETS = 4096,
	GROUPS_MAX = 65536,	/* the kernel's own limit */
	BACKLOG = 16,
};

#define IDLE_S		10.0
#define CHANGERS	"kntp"	/* the group that may change things */

/**
 * struct client - one connection
 * @fd: -1 when it is free
 * @uid: who it is
 * @may_change: and may change things
 * @line: what was received and is not answered yet
 * @have: octets of that
 * @answer: what is being sent, or NULL
 * @text: it as text, with the end of its line
 * @len: octets of that
 * @sent: so far
 * @last: hang up after that
 * @idle: hangs up when nothing comes or goes
 */
struct client {
	int fd;
	uid_t uid;
	bool may_change;
	char line[LINE_MAX_OCTETS];
	size_t have;
	struct json_object *answer;
	const char *text;
	size_t len, sent;
	bool last;
	struct timer idle;
};

static struct {
	int fd;
	bool open;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	bool has_group;
	gid_t group;
	struct timer pause;
	struct client client[CLIENTS_MAX];
} control;

static gid_t groups[GROUPS_MAX];

static void hang_up(struct client *c)
{
	loop_del_fd(c->fd);
	timer_cancel(&c->idle);
	close(c->fd);
	json_object_put(c->answer);
	c->answer = NULL;
	c->fd = -1;
}

static void on_idle(void *arg)
{
	hang_up(arg);
}

/* True for as long as something is to be sent or answered. */
static bool busy(const struct client *c)
{
	return c->answer || memchr(c->line, '\n', c->have);
}

static void begin(struct client *c, struct json_object *object)
{
	c->answer = object;
	c->sent = 0;
	c->text = object ? json_object_to_json_string_length(object,
				JSON_C_TO_STRING_PLAIN |
				JSON_C_TO_STRING_NOSLASHESCAPE, &c->len) : NULL;
	if (!c->text)
		hang_up(c);
}

/* Sends what the socket takes of the text and the end of its line. */
static void send_some(struct client *c)
{
	static char end = '\n';
	struct iovec part[2] = {
		{ (char *)c->text + c->sent, c->len - c->sent },
		{ &end, 1 },
	};
	struct msghdr msg = { .msg_iov = part, .msg_iovlen = 2 };
	ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			hang_up(c);
		return;
	}
	c->sent += (size_t)n;
	if (c->sent <= c->len)
		return;
	json_object_put(c->answer);
	c->answer = NULL;
	timer_set(&c->idle, IDLE_S);
	if (c->last)
		hang_up(c);
}

/* Answers the first line that is there, which is then forgotten. */
static void answer_line(struct client *c, const char *end)
{
	size_t len = (size_t)(end - c->line);

	begin(c, answer(c->line, len, c->may_change));
	c->have -= len + 1;
	memmove(c->line, end + 1, c->have);
}

static void receive(struct client *c)
{
	ssize_t n = recv(c->fd, c->line + c->have, sizeof(c->line) - c->have,
			 MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	c->have += (size_t)n;
	if (c->have == sizeof(c->line) && !busy(c)) {
		c->last = true;
		begin(c, answer_refusal(EMSGSIZE, "the request is too long"));
	}
}

/* One step: receive, answer or send; what is left is for the next turn. */
static void on_client(int fd, short revents, void *arg)
{
	struct client *c = arg;
	const char *end;

	(void)revents;
	if (!busy(c))
		receive(c);
	end = memchr(c->line, '\n', c->have);
	if (c->fd >= 0 && !c->answer && end)
		answer_line(c, end);
	if (c->fd >= 0 && c->answer)
		send_some(c);
	if (c->fd >= 0)
		loop_set_events(fd, busy(c) ? POLLOUT : POLLIN);
}

/* Is the peer in the group, be it its own or one more? */
static bool in_group(int fd, const struct ucred *peer)
{
	socklen_t len = sizeof(groups);
	size_t i;

	if (!control.has_group)
		return false;
	if (peer->gid == control.group)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len))
		return false;
	for (i = 0; i < len / sizeof(groups[0]); i++)
		if (groups[i] == control.group)
			return true;
	return false;
}

static bool may_change(int fd, const struct ucred *peer)
{
	return !peer->uid || peer->uid == geteuid() || in_group(fd, peer);
}

/*
 * A free place for this one, or NULL: those who may change things have some
 * that nobody else can take.
 */
static struct client *place(bool changer, uid_t uid)
{
	unsigned int taken = 0, same = 0;
	struct client *c, *empty = NULL;

	for (c = control.client; c < control.client + CLIENTS_MAX; c++) {
		if (c->fd < 0) {
			empty = c;
			continue;
		}
		taken += !c->may_change;
		same += !c->may_change && c->uid == uid;
	}
	if (!changer && (taken >= OTHERS_MAX || same >= SAME_MAX))
		return NULL;
	return empty;
}

/* Says why, as far as it goes without waiting. */
static void turn_away(int fd)
{
	static const char text[] =
		"{\"ok\":false,\"errno\":\"EBUSY\","
		"\"error\":\"kntpd has as many clients as it takes\"}\n";

	send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void take_client(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct client *c;
	bool changer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len)) {
		close(fd);
		return;
	}
	changer = may_change(fd, &peer);
	c = place(changer, peer.uid);
	if (!c || loop_add_fd(fd, POLLIN, on_client, c)) {
		turn_away(fd);
		return;
	}
	c->fd = fd;
	c->uid = peer.uid;
	c->may_change = changer;
	c->have = 0;
	c->last = false;
	c->idle.fn = on_idle;
	c->idle.arg = c;
	timer_set(&c->idle, IDLE_S);
}

static void on_pause(void *arg)
{
	(void)arg;
	loop_set_events(control.fd, POLLIN);
}

static void on_listen(int fd, short revents, void *arg)
{
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	(void)arg;
	if (client >= 0) {
		take_client(client);
	} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		/* No descriptors left, likely: it would be tried for ever. */
		loop_set_events(fd, 0);
		control.pause.fn = on_pause;
		timer_set(&control.pause, 1);
	}
}

/* Removes what a dead daemon has left; -EADDRINUSE when it is not dead. */
static int remove_stale(const struct sockaddr_un *un)
{
	struct stat st;
	int fd, err = 0;

	if (lstat(un->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EADDRINUSE;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)un, sizeof(*un)) ||
	    errno != ECONNREFUSED)
		err = -EADDRINUSE;
	else if (unlink(un->sun_path))
		err = -errno;
	close(fd);
	return err;
}

static void make_directory(const char *path)
{
	char dir[sizeof(control.path)];
	char *slash;
	mode_t mask;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return;
	*slash = '\0';
	mask = umask(0022);
	mkdir(dir, 0755);
	umask(mask);
}

/* Anybody may connect, whatever the umask is. */
static int bind_open(int fd, const struct sockaddr_un *un)
{
	mode_t mask = umask(0111);
	int err = 0;

	if (bind(fd, (const struct sockaddr *)un, sizeof(*un)))
		err = -errno;
	umask(mask);
	return err;
}

static int listen_on(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd, err;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	make_directory(path);
	err = remove_stale(&un);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = bind_open(fd, &un);
	if (!err && listen(fd, BACKLOG))
		err = -errno;
	if (!err)
		err = loop_add_fd(fd, POLLIN, on_listen, NULL);
	if (!err)
		return fd;
	close(fd);
	return err;
}

int control_open(const char *path)
{
	const struct group *gr;
	struct client *c;
	int fd;

	if (!*path || strlen(path) >= sizeof(control.path))
		return -ENAMETOOLONG;
	gr = getgrnam(CHANGERS);
	control.has_group = gr;
	control.group = gr ? gr->gr_gid : 0;
	if (!gr)
		log_msg(LOG_INFO, "there is no group %s: only root may change things by the control socket",
			CHANGERS);
	fd = listen_on(path);
	if (fd < 0)
		return fd;
	for (c = control.client; c < control.client + CLIENTS_MAX; c++)
		c->fd = -1;
	snprintf(control.path, sizeof(control.path), "%s", path);
	control.fd = fd;
	control.open = true;
	return 0;
}

void control_close(void)
{
	struct client *c;

	if (!control.open)
		return;
	for (c = control.client; c < control.client + CLIENTS_MAX; c++)
		if (c->fd >= 0)
			hang_up(c);
	timer_cancel(&control.pause);
	loop_del_fd(control.fd);
	close(control.fd);
	unlink(control.path);
	control.open = false;
}
