// SPDX-License-Identifier: GPL-2.0
/*
 * What kntpd may still do once it has given up the rest: each case in a child,
 * for what is dropped does not come back, and a system call that is not allowed
 * ends the process.
 */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <pwd.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../user/daemon/privs.h"

/* The status of a child that calls FN; -1 and why where it was killed. */
static int child(void (*fn)(void), int *sig)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		abort();
	if (!pid) {
		fn();
		_exit(failures ? 1 : 0);
	}
	while (waitpid(pid, &status, 0) < 0)
		;
	*sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void must_pass(const char *what, void (*fn)(void))
{
	int sig, status = child(fn, &sig);

	CHECK(!status, "%s: status %d, signal %d", what, status, sig);
}

static void must_die(const char *what, void (*fn)(void))
{
	int sig, status = child(fn, &sig);

	CHECK(sig == SIGSYS, "%s: status %d, signal %d", what, status, sig);
}

static void filter(void)
{
	if (seccomp_start(SECCOMP_KILL))
		_exit(2);
}

static void sockets(void)
{
	static const int families[] = {
		AF_UNIX, AF_INET, AF_INET6, AF_NETLINK,
	};
	size_t i;
	int fd;

	filter();
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		fd = socket(families[i], SOCK_DGRAM, 0);
		if (fd >= 0)
			close(fd);
	}
}

static void names(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *list = NULL;
	int fds[2], status;
	pid_t pid;

	filter();
	if (pipe(fds))
		_exit(3);
	pid = fork();
	if (!pid) {
		/* Whether there is an answer does not matter here. */
		if (!getaddrinfo("localhost", "123", &hints, &list))
			freeaddrinfo(list);
		_exit(write(fds[1], "", 1) != 1);
	}
	CHECK(read(fds[0], &status, 1) == 1, "nothing from the resolver");
	CHECK(waitpid(pid, &status, 0) == pid && !status, "status %x", status);
}

static void clocks(void)
{
	struct timex tx = { .modes = 0 };
	struct timespec ts;

	filter();
	clock_gettime(CLOCK_REALTIME, &ts);
	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	CHECK(clock_adjtime(CLOCK_REALTIME, &tx) >= 0, "clock_adjtime");
	CHECK(adjtimex(&tx) >= 0, "adjtimex");
	clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = 1 },
			NULL);
}

static void files(void)
{
	char dir[] = "/tmp/kntp-privs-XXXXXX", path[64], to[64];
	FILE *f;

	filter();
	if (!mkdtemp(dir))
		_exit(3);
	snprintf(path, sizeof(path), "%s/a", dir);
	snprintf(to, sizeof(to), "%s/b", dir);
	f = fopen(path, "w");
	CHECK(f && fprintf(f, "text\n") == 5 && !fclose(f), "write");
	CHECK(!rename(path, to) && !chmod(to, 0600), "rename");
	f = fopen(to, "r");
	CHECK(f && fgetc(f) == 't' && !fclose(f), "read");
	CHECK(!unlink(to) && !rmdir(dir), "remove");
}

static void execs(void)
{
	filter();
	execl("/bin/true", "true", (char *)NULL);
}

static void packets(void)
{
	filter();
	socket(AF_PACKET, SOCK_RAW, 0);
}

static void traces(void)
{
	filter();
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void off(void)
{
	int fd;

	CHECK(seccomp_start(7) == -EINVAL, "a level that is none");
	CHECK(!seccomp_start(SECCOMP_OFF), "off");
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd >= 0)
		close(fd);
}

static void simulated(void)
{
	setenv("CLKNETSIM_NODE", "1", 1);
	CHECK(!privs_simulated(), "without its library");
	setenv("LD_PRELOAD", "/somewhere/clknetsim.so", 1);
	CHECK(privs_simulated(), "with its library");
	CHECK(!privs_drop(NULL), "not dropped");
	CHECK(!seccomp_start(SECCOMP_KILL), "no filter");
	CHECK(!prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), "dropped");
	/* Would end it. */
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void test_allowed(void)
{
	must_pass("sockets", sockets);
	must_pass("names", names);
	must_pass("clocks", clocks);
	must_pass("files", files);
}

static void test_killed(void)
{
	must_die("execve", execs);
	must_die("packet socket", packets);
	must_die("ptrace", traces);
}

static void test_off(void)
{
	must_pass("off", off);
	must_pass("simulator", simulated);
}

static void dropped(void)
{
	cap_t have;
	char *text;

	CHECK(!privs_drop("nobody"), "not dropped");
	CHECK(getuid() == getpwnam("nobody")->pw_uid && geteuid() == getuid(),
	      "still user %u", getuid());
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1, "no_new_privs");
	CHECK(setuid(0), "root again");
	have = cap_get_proc();
	text = cap_to_text(have, NULL);
	CHECK(!strstr(text, "setuid") && !strstr(text, "dac_override") &&
	      !strstr(text, "sys_admin"), "kept: %s", text);
	CHECK(access("/etc/shadow", R_OK), "reads what only root may");
}

static void missing(void)
{
	/* chronyd: fatal; a misspelt user would otherwise run it as root. */
	CHECK(privs_drop("no-such-user-here") == -ENOENT, "it runs on");
	CHECK(!geteuid(), "another user");
}

/* As root there are no more capabilities than as anybody else. */
static void as_root(void)
{
	cap_t have;
	char *text;

	CHECK(!privs_drop("root"), "it does not run on");
	have = cap_get_proc();
	text = cap_to_text(have, NULL);
	CHECK(!strstr(text, "setuid") && !strstr(text, "dac_override") &&
	      !strstr(text, "sys_admin"), "kept: %s", text);
}

static void unprivileged(void)
{
	uid_t uid = getuid();

	CHECK(!privs_drop(NULL), "it does not run on");
	CHECK(getuid() == uid, "another user");
}

static void test_drop(void)
{
	if (geteuid()) {
		must_pass("not root", unprivileged);
		return;
	}
	must_pass("root becomes a user", dropped);
	must_pass("no such user", missing);
	must_pass("root stays root", as_root);
}

static const struct test_case cases[] = {
	{ "what the daemon calls passes the filter", test_allowed },
	{ "what it does not call ends it", test_killed },
	{ "no filter where none is asked for or can be", test_off },
	{ "privileges are dropped, or it runs as started", test_drop },
};

TEST_MAIN(cases)
