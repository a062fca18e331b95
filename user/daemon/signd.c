// SPDX-License-Identifier: GPL-2.0
#include "signd.h"
#include "log.h"
#include "loop.h"
#include "server_socket.h"

#include "core/parse.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SIGN_TIMEOUT	1.0		/* s, for one signature */
#define RETRY_NS	1000000000	/* before a socket is tried again */

enum {
	QUEUE_MAX = 64,
	DELAYS = 8,		/* of which the least counts */
	DELAY_MAX = 100000000,	/* ns; longer ones say nothing of the next */
	REPLY_MAX = NTP_HEADER_LEN + NTP_MAC_LEN_MAX,
};

/* Samba's ntp_signd: all big endian but for the account, which is as it came. */
enum { SIGN_TO_CLIENT = 0, SIGNING_SUCCESS = 3 };

struct question {
	uint32_t len;		/* of what follows */
	uint32_t version;	/* 0 */
	uint32_t op;
	uint16_t id;
	uint16_t pad;
	uint8_t account[4];
	uint8_t packet[NTP_HEADER_LEN];
};

struct answer {
	uint32_t len;
	uint32_t version;
	uint32_t op;
	uint32_t id;
	uint8_t packet[REPLY_MAX];
};

enum {
	LEN_SIZE = sizeof(uint32_t),
	ANSWER_HEAD = offsetof(struct answer, packet),
};

static_assert(sizeof(struct question) == 20 + NTP_HEADER_LEN, "question");

/**
 * struct waiting - a reply that is to be signed
 * @fd: socket to send it from
 * @to: whose it is
 * @from: the address it was asked at
 * @ifindex: by which device
 * @max: octets of what was asked: the reply is no longer
 * @question: it, as it goes to who signs
 */
struct waiting {
	int fd;
	struct sockaddr_storage to, from;
	unsigned int ifindex;
	size_t max;
	struct question question;
};

static void on_ready(int fd, short revents, void *arg);
static void on_timeout(void *arg);

static struct {
	struct sockaddr_un at;	/* empty path: nobody signs */
	int fd;
	struct waiting queue[QUEUE_MAX];
	unsigned int first, n;
	uint16_t id;
	size_t sent, got;	/* octets of the first one's question and answer */
	struct answer answer;
	int64_t asked;		/* when, of the first one */
	int64_t delay[DELAYS];
	unsigned int n_delays;
	struct timer timeout;
	int64_t retry_at;	/* CLOCK_MONOTONIC, ns; 0: at once */
	bool complained;
	uint64_t done, failed;
} signd = {
	.fd = -1,
	.timeout = { .fn = on_timeout },
};

static void hang_up(void)
{
	if (signd.fd < 0)
		return;
	loop_del_fd(signd.fd);
	close(signd.fd);
	signd.fd = -1;
}

/* The first one is done with. */
static void next(void)
{
	signd.first = (signd.first + 1) % QUEUE_MAX;
	signd.n--;
	signd.sent = 0;
	signd.got = 0;
	timer_cancel(&signd.timeout);
}

static void complain(const char *what)
{
	if (!signd.complained)
		log_msg(LOG_WARNING, "%s: %s: domain members are not answered",
			signd.at.sun_path, what);
	signd.complained = true;
}

/* Whoever waits has asked somebody who is not there. */
static void give_up(const char *what)
{
	complain(what);
	hang_up();
	signd.failed += signd.n;
	while (signd.n)
		next();
	signd.retry_at = loop_now() + RETRY_NS;
}

static void connect_now(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int err = fd < 0 ? -errno : 0;

	if (!err) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		fcntl(fd, F_SETFD, FD_CLOEXEC);
		if (connect(fd, (const void *)&signd.at, sizeof(signd.at)))
			err = -errno;
		else
			err = loop_add_fd(fd, POLLIN, on_ready, NULL);
	}
	if (!err) {
		signd.fd = fd;
		return;
	}
	if (fd >= 0)
		close(fd);
	give_up(strerror(-err));
}

/* What a signature takes at the least, ns: the reply leaves no earlier. */
static int64_t signd_delay(void)
{
	int64_t least = DELAY_MAX;
	unsigned int i;

	for (i = 0; i < signd.n_delays && i < DELAYS; i++)
		if (signd.delay[i] < least)
			least = signd.delay[i];
	return signd.n_delays ? least : 0;
}

/* Begins with the first one, if there is one. It leaves when it is signed. */
static void ask(void)
{
	struct question *question = &signd.queue[signd.first].question;
	struct ntp_header *ntp = (void *)question->packet;

	if (!signd.n || signd.timeout.armed)
		return;
	if (signd.fd < 0)
		connect_now();
	if (signd.fd < 0)
		return;
	question->id = htobe16(++signd.id);
	ntp->transmit = htobe64(server_time(signd_delay()));
	signd.asked = loop_now();
	timer_set(&signd.timeout, SIGN_TIMEOUT);
	loop_set_events(signd.fd, POLLIN | POLLOUT);
	on_ready(signd.fd, POLLOUT, NULL);
}

/*
 * Those behind it have waited as long. What it says later is not to be taken for
 * an answer to another: it has to be called again.
 */
static void on_timeout(void *arg)
{
	(void)arg;
	give_up("does not answer");
}

static void keep_delay(int64_t ns)
{
	if (ns >= 0 && ns < DELAY_MAX)
		signd.delay[signd.n_delays++ % DELAYS] = ns;
}

/* What was signed is what was to be, and no longer than what was asked. */
static bool is_right(const struct waiting *w, size_t len)
{
	const struct answer *a = &signd.answer;

	return !a->version && be32toh(a->op) == SIGNING_SUCCESS &&
	       be32toh(a->id) == be16toh(w->question.id) &&
	       len > NTP_HEADER_LEN && len <= w->max &&
	       !memcmp(a->packet, w->question.packet, NTP_HEADER_LEN);
}

static void take_answer(size_t len)
{
	struct waiting *w = &signd.queue[signd.first];

	if (be32toh(signd.answer.op) != SIGNING_SUCCESS) {
		/* An account that it does not know, say: its fault, not ours. */
		signd.failed++;
	} else if (!is_right(w, len)) {
		complain("an answer that is none");
		signd.failed++;
	} else if (server_socket_send(w->fd, &w->to, &w->from, w->ifindex,
				      signd.answer.packet, len, false)) {
		signd.failed++;
	} else {
		keep_delay(loop_now() - signd.asked);
		signd.complained = false;
		signd.done++;
	}
	next();
	ask();
}

/* Octets of the whole answer, as far as that is known. */
static size_t wanted(void)
{
	uint32_t len;

	if (signd.got < LEN_SIZE)
		return LEN_SIZE;
	len = be32toh(signd.answer.len);
	if (len < ANSWER_HEAD - LEN_SIZE ||
	    len > sizeof(signd.answer) - LEN_SIZE)
		return 0;
	return LEN_SIZE + len;
}

static void receive(void)
{
	size_t want = wanted();
	ssize_t n;

	while (want && signd.got < want) {
		n = recv(signd.fd, (char *)&signd.answer + signd.got,
			 want - signd.got, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* Nothing was asked that has to be asked again. */
		if (n <= 0 && !signd.n) {
			hang_up();
			return;
		}
		if (n <= 0) {
			give_up(n ? strerror(errno) : "has hung up");
			return;
		}
		signd.got += (size_t)n;
		want = wanted();
	}
	if (!want || !signd.n || signd.sent < sizeof(struct question))
		give_up("an answer that is none");
	else
		take_answer(want - ANSWER_HEAD);
}

static void on_ready(int fd, short revents, void *arg)
{
	const struct waiting *w = &signd.queue[signd.first];
	ssize_t n;

	(void)arg;
	if (revents & POLLOUT && signd.n &&
	    signd.sent < sizeof(w->question)) {
		n = send(fd, (const char *)&w->question + signd.sent,
			 sizeof(w->question) - signd.sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			give_up(strerror(errno));
			return;
		}
		signd.sent += n > 0 ? (size_t)n : 0;
		if (signd.sent == sizeof(w->question))
			loop_set_events(fd, POLLIN);
	}
	if (revents & (POLLIN | POLLHUP | POLLERR))
		receive();
}

/**
 * signd_set() - who signs
 * @directory: where its socket is, called "socket"; NULL: nobody
 */
void signd_set(const char *directory)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int len = 0;

	if (directory)
		len = snprintf(at.sun_path, sizeof(at.sun_path), "%s/socket",
			       directory);
	if (len >= (int)sizeof(at.sun_path)) {
		log_msg(LOG_ERR, "ntpsigndsocket: '%s' is too long a path: nobody signs",
			directory);
		at.sun_path[0] = '\0';
	}
	if (!strcmp(at.sun_path, signd.at.sun_path))
		return;
	signd_forget();
	signd.at = at;
	signd.complained = false;
	signd.n_delays = 0;
	signd.retry_at = 0;
}

bool signd_signs(void)
{
	return signd.at.sun_path[0];
}

/**
 * signd_sign() - have a reply signed, and then sent
 * @p: the packet that it answers, of ntp_is_mssntp(), with the reply in the place
 *	of its header
 *
 * Return: false when it will not be: too many wait, or nobody signs just now.
 */
bool signd_sign(const struct server_packet *p)
{
	struct waiting *w = &signd.queue[(signd.first + signd.n) % QUEUE_MAX];

	if (signd.n == QUEUE_MAX || loop_now() < signd.retry_at) {
		signd.failed++;
		return false;
	}
	*w = (struct waiting){
		.fd = p->fd, .to = p->from, .from = p->to,
		.ifindex = p->ifindex, .max = p->len,
		.question = {
			.len = htobe32(sizeof(w->question) - LEN_SIZE),
			.op = htobe32(SIGN_TO_CLIENT),
		},
	};
	memcpy(w->question.packet, p->data, NTP_HEADER_LEN);
	memcpy(w->question.account,
	       p->data + p->len - ntp_mac_len(p->data, p->len),
	       sizeof(w->question.account));
	signd.n++;
	ask();
	return signd.n;
}

/**
 * signd_forget() - send none of those that wait
 */
void signd_forget(void)
{
	hang_up();
	signd.failed += signd.n;
	while (signd.n)
		next();
}

void signd_count(uint64_t *done, uint64_t *failed)
{
	*done = signd.done;
	*failed = signd.failed;
}
