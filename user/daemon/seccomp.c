// SPDX-License-Identifier: GPL-2.0
/*
 * The filter names what the daemon and the C library below it call once it
 * runs; execve is not among them. Names that a machine or an older library
 * does not know are passed over.
 */
#include "log.h"
#include "privs.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>

static const char *const allowed[] = {
	/* time */
	"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_getres",
	"clock_getres_time64", "clock_gettime", "clock_gettime64",
	"clock_nanosleep", "clock_nanosleep_time64", "clock_settime",
	"clock_settime64", "gettimeofday", "nanosleep", "settimeofday", "time",
	/* waiting and signals */
	"_newselect", "getitimer", "kill", "pause", "poll", "ppoll",
	"ppoll_time64", "pselect6", "pselect6_time64", "restart_syscall",
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigsuspend", "select", "setitimer", "sigaction", "sigaltstack",
	"sigprocmask", "sigreturn", "tgkill",
	/* sockets; socket itself is below */
	"accept", "accept4", "bind", "connect", "getpeername", "getsockname",
	"getsockopt", "listen", "recv", "recvfrom", "recvmmsg",
	"recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto",
	"setsockopt", "shutdown", "socketcall", "socketpair",
	/* files */
	"_llseek", "access", "chmod", "chown", "close", "close_range", "dup",
	"dup2", "dup3", "faccessat", "faccessat2", "fchmod", "fchmodat",
	"fchmodat2", "fchown", "fchown32", "fchownat", "fcntl", "fcntl64",
	"fdatasync", "flock", "fstat", "fstat64", "fstatat64", "fstatfs",
	"fstatfs64", "fsync", "ftruncate", "ftruncate64", "getcwd", "getdents",
	"getdents64", "lseek", "lstat", "lstat64", "mkdir", "mkdirat",
	"newfstatat", "open", "openat", "pipe", "pipe2", "pread64", "pwrite64",
	"read", "readlink", "readlinkat", "readv", "rename", "renameat",
	"renameat2", "rmdir", "stat", "stat64", "statfs", "statfs64", "statx",
	"umask", "unlink", "unlinkat", "write", "writev",
	/* memory, and the memory that reference clock drivers share */
	"brk", "madvise", "mlock", "mmap", "mmap2", "mprotect", "mremap",
	"munlock", "munmap", "shmat", "shmctl", "shmdt", "shmget",
	/* the process, and the one or the thread that resolves names */
	"arch_prctl", "capget", "clone", "clone3", "exit", "exit_group", "fork",
	"futex", "futex_time64", "get_robust_list", "getegid", "getegid32",
	"geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getpgid",
	"getpid", "getppid", "getrandom", "getrlimit", "getrusage", "gettid",
	"getuid", "getuid32", "membarrier", "prctl", "prlimit64", "rseq",
	"sched_getaffinity", "sched_yield", "set_robust_list",
	"set_tid_address", "sysinfo", "ugetrlimit", "uname", "wait4", "waitid",
	"waitpid",
};

static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };

/*
 * What devices, sockets and the C library are asked by ioctl, by the octet that
 * tells which driver: PTP, PPS and RTC (both 'p'), network devices; of a
 * terminal what a receiver and a modem need: its settings, what is left of what
 * came, and its wires; but no octet can be put into another's input.
 */
static const unsigned int ioctl_kinds[] = { '=' << 8, 'p' << 8, 0x8900 };
static const unsigned int ioctls[] = {
	TCGETS, TCSETS, TCSETSW, TCSETSF, TCFLSH, TCSBRK, TIOCMGET, TIOCMBIS,
	TIOCMBIC, FIONREAD,
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static int allow_names(scmp_filter_ctx ctx)
{
	size_t i;
	int nr, err = 0;

	for (i = 0; i < COUNT(allowed) && !err; i++) {
		nr = seccomp_syscall_resolve_name(allowed[i]);
		if (nr != __NR_SCMP_ERROR)
			err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	}
	return err;
}

static int allow_arguments(scmp_filter_ctx ctx)
{
	size_t i;
	int err = 0;

	for (i = 0; i < COUNT(families) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_EQ,
					       (scmp_datum_t)families[i], 0));
	for (i = 0; i < COUNT(ioctl_kinds) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_MASKED_EQ, 0xff00,
					       ioctl_kinds[i]));
	for (i = 0; i < COUNT(ioctls) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_EQ, ioctls[i], 0));
	return err;
}

/* Threads that are there already come under it too. */
static int load(scmp_filter_ctx ctx)
{
	int err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);

	/* An older kernel has no such thing, and no need where none are. */
	if (err && err != -EOPNOTSUPP)
		return err;
	err = allow_names(ctx);
	if (!err)
		err = allow_arguments(ctx);
	return err ? err : seccomp_load(ctx);
}

/**
 * seccomp_start() - filter the system calls from now on
 * @level: enum seccomp_level
 *
 * Return: 0; -EINVAL for another level; -errno when the kernel refuses.
 */
int seccomp_start(int level)
{
	scmp_filter_ctx ctx;
	int err;

	if (level < SECCOMP_LOG || level > SECCOMP_KILL)
		return -EINVAL;
	if (level == SECCOMP_OFF || privs_simulated()) {
		log_msg(LOG_INFO, "no system call filter%s",
			level == SECCOMP_OFF ? "" : ": under a simulator");
		return 0;
	}
	ctx = seccomp_init(level == SECCOMP_LOG ? SCMP_ACT_LOG :
						  SCMP_ACT_KILL_PROCESS);
	if (!ctx)
		return -ENOMEM;
	err = load(ctx);
	seccomp_release(ctx);
	if (err) {
		errno = -err;
		log_msg(LOG_ERR, "the system call filter is refused: %m");
	} else {
		log_msg(LOG_INFO, "the system call filter is on%s",
			level == SECCOMP_LOG ? ", and only logs" : "");
	}
	return err;
}
