// SPDX-License-Identifier: GPL-2.0
#include "process.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Open files: those of the loop, and as many beside. */
enum { FILES = 4096 };

static struct {
	int started;	/* pipe to the parent that waits; -1 without one */
	int lock;	/* the pid file, open for as long as the process lives */
} process = { .started = -1, .lock = -1 };

/* Wait until the child has begun, or could not. Return: the exit status. */
static int await_child(int fd)
{
	char status = 1;
	ssize_t n;

	do {
		n = read(fd, &status, 1);
	} while (n < 0 && errno == EINTR);
	/* Nothing written: the child died before it could say why. */
	return n == 1 ? status : 1;
}

/**
 * process_leave_terminal() - go on in a child, in a session of its own
 *
 * The parent ends when process_started() is called, with status 0 only if kntpd
 * runs, so that a boot script which waits for it knows. Return: 0 or -errno.
 */
int process_leave_terminal(void)
{
	int ends[2], null;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid) {
		close(ends[1]);
		_exit(await_child(ends[0]));
	}
	close(ends[0]);
	process.started = ends[1];
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (setsid() < 0 || chdir("/") || null < 0 || dup2(null, 0) < 0 ||
	    dup2(null, 1) < 0 || dup2(null, 2) < 0)
		return -errno;
	if (null > 2)
		close(null);
	return 0;
}

/**
 * process_started() - tell the parent that waits
 * @well: whether kntpd runs
 */
void process_started(bool well)
{
	const char status = well ? 0 : 1;

	if (process.started < 0)
		return;
	while (write(process.started, &status, 1) < 0 && errno == EINTR)
		;
	close(process.started);
	process.started = -1;
}

static int pid_in(int fd)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? atoi(text) : 0;
}

/**
 * process_other() - whether another kntpd has a pid file
 * @pidfile: its name
 * @pid: is set to the process id in it when there is one, else 0
 *
 * The lock tells, not the number, which may be another program's after a reboot.
 */
bool process_other(const char *pidfile, int *pid)
{
	int fd = open(pidfile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool other;

	*pid = 0;
	if (fd < 0)
		return false;
	other = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
	if (other)
		*pid = pid_in(fd);
	close(fd);
	return other;
}

/**
 * process_lock() - be the only kntpd with this pid file, and write it
 * @pidfile: name; a directory that is missing is made
 *
 * No link is followed: the file is opened as root, before privileges are dropped.
 * Return: 0; -EBUSY when another kntpd has it; another -errno when it cannot be
 * written, and then the process may go on without.
 */
int process_lock(const char *pidfile)
{
	int fd = open(pidfile, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = errno == EWOULDBLOCK ? -EBUSY : -errno;

		close(fd);
		return err;
	}
	process.lock = fd;
	if (ftruncate(fd, 0) || dprintf(fd, "%d\n", (int)getpid()) < 0)
		return -errno;
	return 0;
}

/**
 * process_unlock() - remove the pid file
 * @pidfile: of process_lock()
 */
void process_unlock(const char *pidfile)
{
	if (process.lock < 0)
		return;
	/* Where the directory is root's it stays, empty. */
	if (unlink(pidfile) && ftruncate(process.lock, 0))
		log_msg(LOG_INFO, "%s: cannot be removed: %m", pidfile);
	close(process.lock);
	process.lock = -1;
}

/**
 * process_allow_files() - as many open files as the system lets us have
 *
 * Each request to a server has a socket: 1,000 servers need more than the usual
 * soft limit.
 */
void process_allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max < FILES ? limit.rlim_max : FILES;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/**
 * process_lock_memory() - `lock_all`: never wait for memory to be swapped in
 */
void process_lock_memory(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int what = MCL_CURRENT | MCL_FUTURE;

	/* With a limit a later allocation would fail instead. */
	if (setrlimit(RLIMIT_MEMLOCK, &all))
		what = MCL_CURRENT;
	if (mlockall(what))
		log_msg(LOG_WARNING, "lock_all: memory is not locked: %m (it needs CAP_IPC_LOCK, or LimitMEMLOCK=infinity in the unit)");
	else if (what == MCL_CURRENT)
		log_msg(LOG_WARNING, "lock_all: only the memory of now is locked (the rest needs LimitMEMLOCK=infinity in the unit)");
}

/**
 * process_set_priority() - `sched_priority`: run before all but the like
 * @priority: of SCHED_FIFO, 1 to 99; more is 99
 *
 * Children, which look names up, do not inherit it.
 */
void process_set_priority(int priority)
{
	int most = sched_get_priority_max(SCHED_FIFO);
	struct sched_param p = {
		.sched_priority = priority > most ? most : priority,
	};

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p))
		log_msg(LOG_WARNING, "sched_priority: not set: %m (it needs CAP_SYS_NICE, and RestrictRealtime=no in the unit)");
}

/**
 * process_parent() - Name the directory that a file is in
 * @path: of the file
 * @parent: result, PATH_MAX octets
 *
 * Return: false where @path names no directory but the root, or is too long.
 */
bool process_parent(const char *path, char *parent)
{
	char *end;

	if (strlen(path) >= PATH_MAX)
		return false;
	strcpy(parent, path);
	end = strrchr(parent, '/');
	if (!end || end == parent)
		return false;
	*end = '\0';
	return true;
}

/* Make missing parents too, with a mode that lets everybody pass. */
static int make_directory(const char *path, mode_t mode, const struct passwd *pw)
{
	char parent[PATH_MAX];
	int err;

	if (!mkdir(path, mode))
		return pw && lchown(path, pw->pw_uid, pw->pw_gid) ? -errno : 0;
	if (errno == EEXIST)
		return 0;
	if (errno != ENOENT)
		return -errno;
	if (!process_parent(path, parent))
		return -ENOENT;
	err = make_directory(parent, 0755, NULL);
	return err ? err : make_directory(path, mode, pw);
}

/**
 * process_make_directory() - have a directory that files will be written to
 * @what: directive that names it, for messages
 * @path: its name; absolute
 * @user: whose it is to be, where this process is root; NULL: nobody's else
 *
 * As chronyd makes its directories of logs and dumps.
 */
void process_make_directory(const char *what, const char *path,
			    const char *user)
{
	const struct passwd *pw = user && !geteuid() ? getpwnam(user) : NULL;
	int err = make_directory(path, 0750, pw);

	if (err)
		log_msg(LOG_WARNING, "%s: %s: cannot be made: %s", what, path,
			strerror(-err));
}

/**
 * process_check_directory() - say where a directory cannot be written to
 * @what: directive that names it
 * @path: its name
 *
 * After privileges are dropped, that is when files are written.
 */
void process_check_directory(const char *what, const char *path)
{
	if (access(path, W_OK | X_OK))
		log_msg(LOG_WARNING, "%s: %s cannot be written to: %m (it has to belong to the user that kntpd runs as; under systemd ReadWritePaths= in a drop-in has to name it)",
			what, path);
}
