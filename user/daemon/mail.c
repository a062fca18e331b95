// SPDX-License-Identifier: GPL-2.0
#include "mail.h"
#include "child.h"
#include "clk.h"
#include "conf.h"
#include "log.h"
#include "privs.h"

#include <errno.h>
#include <grp.h>
#include <math.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ADDRESS_MAX = 256, HOST_MAX = 256, PATH_ROOM = 4096 };

/* As it goes through the socket, a datagram each. */
struct message {
	char to[ADDRESS_MAX];
	int64_t real;		/* ns since 1970 */
	double offset, limit;	/* s */
};

static const int signals[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGPIPE };

static struct {
	int fd;			/* to the child; -1 without one */
	pid_t pid;
	bool told;		/* that there is no child */
} mail = { .fd = -1 };

static void write_mail(FILE *to, const struct message *m)
{
	time_t s = (time_t)(m->real / NS_PER_S);
	char host[HOST_MAX] = "", date[64] = "";
	struct tm tm;

	gethostname(host, sizeof(host) - 1);
	if (localtime_r(&s, &tm))
		strftime(date, sizeof(date), "%A, %d %B %Y, %H:%M:%S (%Z)", &tm);
	fprintf(to, "To: %s\nSubject: kntpd on %s corrects the system clock\n\n",
		m->to, host);
	fprintf(to, "On %s by the system clock, kntpd began to correct it by %.3f seconds,\nwhich is more than the %.3f seconds of mailonchange.\n",
		date, m->offset, m->limit);
}

static void handle_signals(void (*handler)(int))
{
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], handler);
}

/* sendmail(8) takes the address from the mail itself: no shell sees it. */
static void send_mail(const struct message *m)
{
	int ends[2];
	pid_t pid;
	FILE *to;

	if (pipe(ends))
		return;
	pid = fork();
	if (!pid) {
		handle_signals(SIG_DFL);
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		execlp("sendmail", "sendmail", "-t", (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	to = pid > 0 ? fdopen(ends[1], "w") : NULL;
	if (to) {
		write_mail(to, m);
		fclose(to);
	} else {
		close(ends[1]);
	}
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
}

/* A mail program may be set-group-ID: it must be able to gain that group. */
static bool become(const char *user)
{
	const struct passwd *pw;

	if (geteuid())
		return !prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	pw = getpwnam(user ? user : PRIVS_USER);
	/* Root's mail program runs as root nowhere else either. */
	if (!pw || !pw->pw_uid)
		pw = getpwnam("nobody");
	return pw && pw->pw_uid && !initgroups(pw->pw_name, pw->pw_gid) &&
	       !setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) &&
	       !setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid);
}

/* Lives as long as its parent has the other end of the socket. */
static _Noreturn void child(int fd, const char *user)
{
	const char *path = getenv("PATH");
	char wider[PATH_ROOM];
	struct message m;

	/* A signal to the whole group ends the daemon, and this by its end. */
	handle_signals(SIG_IGN);
	child_keep_only(fd);
	if (!become(user))
		_exit(1);
	snprintf(wider, sizeof(wider), "%s%s/usr/sbin:/usr/lib", path ? path : "",
		 path && *path ? ":" : "");
	setenv("PATH", wider, 1);
	while (recv(fd, &m, sizeof(m), 0) == sizeof(m)) {
		m.to[sizeof(m.to) - 1] = '\0';
		send_mail(&m);
	}
	_exit(0);
}

/**
 * mail_start() - make the child that sends mail
 * @c: whether it is wanted, and as whom kntpd runs
 *
 * Before privileges are dropped, and before the system call filter.
 */
void mail_start(const struct config *c)
{
	int ends[2];

	if (!c->mailonchange || privs_simulated())
		return;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends)) {
		log_msg(LOG_WARNING, "mailonchange: no mail is sent: %m");
		return;
	}
	mail.pid = fork();
	if (!mail.pid)
		child(ends[1], c->user);
	if (mail.pid < 0)
		log_msg(LOG_WARNING, "mailonchange: no mail is sent: %m");
	close(ends[1]);
	if (mail.pid > 0)
		mail.fd = ends[0];
	else
		close(ends[0]);
}

/**
 * mail_change() - report a correction, where it is large
 * @c: to whom, and what is large
 * @offset: by which the clock is corrected, s
 *
 * The clock does not wait for mail: what the child has no room for is lost.
 */
void mail_change(const struct config *c, double offset)
{
	struct message m = {
		.real = clk_real(), .offset = offset,
		.limit = c->mailonchange_limit,
	};

	if (!c->mailonchange || !(fabs(offset) > c->mailonchange_limit))
		return;
	if (mail.fd < 0) {
		if (!mail.told)
			log_msg(LOG_WARNING, "mailonchange: it was not there when kntpd began: no mail is sent before the next start");
		mail.told = true;
		return;
	}
	snprintf(m.to, sizeof(m.to), "%s", c->mailonchange);
	if (send(mail.fd, &m, sizeof(m), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_msg(LOG_WARNING, "mailonchange: the mail is not sent: %m");
}

/**
 * mail_stop() - no more mail
 *
 * What was handed over is still sent: the child ends after it, by itself.
 */
void mail_stop(void)
{
	if (mail.fd >= 0)
		close(mail.fd);
	mail.fd = -1;
}
