// SPDX-License-Identifier: GPL-2.0
/*
 * The daemon's control socket: what it answers, to whom, and that nobody can
 * make it hang, grow or fall. `control serve PATH` serves fixed figures for the
 * tests of the command line.
 */
#include "harness.h"
#include "reports.h"

#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../user/daemon/answer.h"
#include "../../user/daemon/control.h"

static char dir[64], path[80];

/* The member KEY of the answer to LINE as text; the next call forgets it. */
static const char *ask(const char *line, size_t len, bool may, const char *key)
{
	static char text[256];
	struct json_object *object = answer(line, len, may), *value;

	text[0] = '\0';
	if (json_object_object_get_ex(object, key, &value))
		snprintf(text, sizeof(text), "%s",
			 json_object_get_string(value));
	json_object_put(object);
	return text;
}

#define ASK(line, may, key) ask(line, strlen(line), may, key)

#define IS(got, wanted)							\
	do {								\
		const char *_got = got;					\
									\
		CHECK(!strcmp(_got, wanted), "got '%s', not '%s'",	\
		      _got, wanted);					\
	} while (0)

static void commands(void)
{
	static const char *const reads[] = {
		"status", "tracking", "sources", "sourcestats", "selectdata",
		"ntpdata", "activity", "serverstats", "smoothing",
		"configuration",
	};
	char line[128];
	size_t i;

	for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		snprintf(line, sizeof(line), " { \"cmd\" : \"%s\" } \r", reads[i]);
		IS(ASK(line, false, "ok"), "true");
	}
	IS(ASK("{\"cmd\":\"tracking\"}", false, "frequency_ppb"), "-3225.000000");
	IS(ASK("{\"cmd\":\"tracking\"}", false, "root_delay_ns"), "13639022");
	IS(ASK("{\"cmd\":\"tracking\"}", false, "refid_hex"), "0xcb00710f");
	IS(ASK("{\"cmd\":\"configuration\"}", false, "spike_ns"), "250000000");
	IS(ASK("{\"cmd\":\"ntpdata\",\"source\":\"127.0.0.2\"}", false, "ok"),
	   "true");
	IS(ASK("{\"cmd\":\"ntpdata\",\"source\":\"NTP1.example.net\"}", false,
	       "ok"), "true");
	IS(ASK("{\"cmd\":\"ntpdata\",\"source\":\"127.0.0.3\"}", false,
	       "errno"), "ENOENT");
}

static void actions(void)
{
	static const struct {
		const char *line, *asked;
	} cases[] = {
		{ "{\"cmd\":\"makestep\"}", "makestep" },
		{ "{\"cmd\":\"reload\"}", "reload" },
		{ "{\"cmd\":\"smoothing-reset\"}", "smoothing reset" },
		{ "{\"cmd\":\"smoothing-activate\"}", "smoothing activate" },
		{ "{\"cmd\":\"online\"}", "online all" },
		{ "{\"cmd\":\"online\",\"source\":\"a\"}", "online a" },
		{ "{\"cmd\":\"offline\",\"source\":\"10.0.0.0/8\"}",
		  "offline 10.0.0.0/8" },
		{ "{\"cmd\":\"delete\",\"source\":\"a\"}", "delete a" },
		{ "{\"cmd\":\"burst\",\"good\":4,\"total\":8}", "burst 4/8 all" },
		{ "{\"source\":\"b\",\"total\":1,\"good\":1,\"cmd\":\"burst\"}",
		  "burst 1/1 b" },
		{ "{\"cmd\":\"add\",\"line\":\"server a iburst\"}",
		  "add server a iburst" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		*asked = '\0';
		IS(ASK(cases[i].line, false, "errno"), "EPERM");
		IS(asked, "");
		IS(ASK(cases[i].line, true, "ok"), "true");
		IS(asked, cases[i].asked);
		acts = false;
		IS(ASK(cases[i].line, true, "errno"), "EINVAL");
		IS(ASK(cases[i].line, true, "error"), "it would not");
		acts = true;
	}
}

static void refusals(void)
{
	static const struct {
		const char *line, *error;
	} cases[] = {
		{ "{}", "the request has no 'cmd'" },
		{ "{\"cmd\":1}", "the request has no 'cmd'" },
		{ "{\"cmd\":\"track\"}", "'track' is not a command it knows" },
		{ "{\"cmd\":\"tracking\",\"x\":1}",
		  "tracking takes no such member: 'x'" },
		{ "{\"cmd\":\"burst\",\"good\":1}", "burst: 'total' is missing" },
		{ "{\"cmd\":\"burst\",\"good\":\"1\",\"total\":2}",
		  "burst: 'good' is not what it should be" },
		{ "{\"cmd\":\"burst\",\"good\":-1,\"total\":2}",
		  "burst: 'good' is not what it should be" },
		{ "{\"cmd\":\"burst\",\"good\":2,\"total\":1}",
		  "a burst is of 1 to 1000 requests, and no fewer than are to be good" },
		{ "{\"cmd\":\"delete\"}", "delete: 'source' is missing" },
		{ "{\"cmd\":\"delete\",\"source\":\"\"}",
		  "delete: 'source' is not what it should be" },
		{ "{\"cmd\":\"delete\",\"source\":\"a\\u0000b\"}",
		  "delete: 'source' is not what it should be" },
		{ "{\"cmd\":\"delete\",\"source\":null}",
		  "delete: 'source' is not what it should be" },
		{ "{\"cmd\":\"add\",\"line\":\"server a\\nallow all\"}",
		  "the line holds a control character" },
		{ "{\"cmd\":\"makestep\",\"source\":\"a\"}",
		  "makestep takes no such member: 'source'" },
	};
	size_t i;

	*asked = '\0';
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		IS(ASK(cases[i].line, true, "error"), cases[i].error);
		IS(ASK(cases[i].line, true, "ok"), "false");
	}
	IS(asked, "");
}

static void garbage(void)
{
	static const char *const lines[] = {
		"", " ", "{", "}", "null", "1", "\"cmd\"", "[]", "[1,2]",
		"{\"cmd\":\"tracking\"}x", "{\"cmd\":\"tracking\"}{}",
		"{'cmd':'tracking'}", "{\"cmd\":\"tracking\",}",
		"{\"cmd\":\"tracking\"/**/}", "{\"cmd\":{\"cmd\":\"tracking\"}}",
		"{\"cmd\":[\"tracking\"]}", "{\"cmd\":\"\xff\"}",
		"{\"cmd\":\"tracking\" \"x\":1}", "{\"cmd\":NaN}",
	};
	char line[4096], *copy;
	size_t i, len;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		IS(ASK(lines[i], true, "errno"), "EINVAL");
	/* Nested as deep as a request can be. */
	for (i = 0; i < 2; i++) {
		memset(line, i ? '[' : '{', sizeof(line));
		IS(ask(line, sizeof(line), true, "errno"), "EINVAL");
	}
	for (i = 0; i + 5 < sizeof(line); i += 5)
		memcpy(line + i, "{\"a\":", 5);
	IS(ask(line, i, true, "errno"), "EINVAL");
	IS(ask("{\"cmd\":\"tracking\"\0}", 20, true, "errno"), "EINVAL");
	for (i = 0; i < 20000; i++) {
		len = random_below(200);
		random_bytes(line, len);
		copy = (char *)flush_copy(line, len);
		IS(ask(copy, len, true, "ok"), "false");
		flush_free((u8 *)copy, len);
	}
}

/* A valid request with some octets changed: an answer, whatever it is. */
static void mutations(void)
{
	static const char *const seeds[] = {
		"{\"cmd\":\"burst\",\"good\":4,\"total\":8,\"source\":\"a\"}",
		"{\"cmd\":\"add\",\"line\":\"server a iburst\"}",
		"{\"cmd\":\"ntpdata\",\"source\":\"127.0.0.2\"}",
	};
	struct json_object *object;
	size_t i, n, len;
	char line[128];

	for (i = 0; i < 30000; i++) {
		len = strlen(strcpy(line, seeds[random_below(3)]));
		for (n = random_below(4); n--; )
			line[random_below(len)] = (char)random64();
		object = answer(line, len, true);
		CHECK(object, "no answer");
		json_object_put(object);
	}
}

static int connect_to(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(un.sun_path, path);
	if (connect(fd, (struct sockaddr *)&un, sizeof(un))) {
		close(fd);
		return -1;
	}
	return fd;
}

static int dial(void)
{
	int fd = connect_to();

	loop_turn(1, 0);
	return fd;
}

/* Sends, and returns what came back until nothing more does: -1 hung up. */
static ssize_t talk(int fd, const char *text, size_t len, char *got, size_t size)
{
	size_t have = 0;
	ssize_t n;

	if (len)
		send(fd, text, len, MSG_NOSIGNAL);
	do {
		loop_turn(1, 0);
		n = recv(fd, got + have, size - 1 - have, MSG_DONTWAIT);
		if (n > 0)
			have += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EAGAIN && loop_turn(1, 0)));
	got[have] = '\0';
	return n < 0 && errno == EAGAIN ? (ssize_t)have : have ? (ssize_t)have : -1;
}

#define ACTIVITY "{\"cmd\":\"activity\"}\n"
#define ACTIVE	"{\"ok\":true,\"online\":8,\"offline\":1,\"burst_online\":2," \
		"\"burst_offline\":3,\"unresolved\":4}\n"

static void lines(void)
{
	int fd = dial();
	char got[2048];
	struct stat st;
	size_t i;

	CHECK(!stat(path, &st) && (st.st_mode & 0777) == 0666,
	      "the socket's mode is %o", st.st_mode & 0777);
	talk(fd, ACTIVITY, strlen(ACTIVITY), got, sizeof(got));
	IS(got, ACTIVE);
	/* In pieces, with nothing said in between. */
	for (i = 0; i + 1 < strlen(ACTIVITY); i++) {
		talk(fd, &ACTIVITY[i], 1, got, sizeof(got));
		IS(got, "");
	}
	talk(fd, "\n", 1, got, sizeof(got));
	IS(got, ACTIVE);
	/* Three at once, and the beginning of one more. */
	talk(fd, ACTIVITY ACTIVITY ACTIVITY "{\"cmd\"", 3 * strlen(ACTIVITY) + 6,
	     got, sizeof(got));
	IS(got, ACTIVE ACTIVE ACTIVE);
	talk(fd, ":\"activity\"}\n", 13, got, sizeof(got));
	IS(got, ACTIVE);
	close(fd);
	loop_turn(3, 0);
	CHECK(loop_n == 1, "%d descriptors are left", (int)loop_n);
}

static void long_line(void)
{
	char text[5000], got[512];
	int fd = dial();

	memset(text, 'x', sizeof(text));
	talk(fd, text, sizeof(text), got, sizeof(got));
	IS(got, "{\"ok\":false,\"errno\":\"EMSGSIZE\",\"error\":\"the request is too long\"}\n");
	CHECK(talk(fd, "", 0, got, sizeof(got)) < 0, "it did not hang up");
	close(fd);
	/* The longest one that is taken: its end is the last octet. */
	fd = dial();
	text[4095] = '\n';
	talk(fd, text, 4096, got, sizeof(got));
	CHECK(strstr(got, "EINVAL"), "said: %s", got);
	close(fd);
	loop_turn(3, 0);
	CHECK(loop_n == 1, "%d descriptors are left", (int)loop_n);
}

/* One that asks and asks and never reads: it fills its socket, no more. */
static void no_reader(void)
{
	int fd = dial(), i, turns = 0;
	char got[512];
	size_t t;

	source_count = REPORT_SOURCES_MAX;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (i = 0; i < 3000; i++) {
		send(fd, "{\"cmd\":\"sources\"}\n", 18, MSG_NOSIGNAL);
		turns += loop_turn(1, 0);
	}
	CHECK(turns < 3000, "%d turns: it is turned round for nothing", turns);
	CHECK(!loop_turn(1, 0), "it turns for nothing");
	i = dial();
	talk(i, ACTIVITY, strlen(ACTIVITY), got, sizeof(got));
	IS(got, ACTIVE);
	close(i);
	loop_turn(3, 0);
	for (t = 0; t < LOOP_FDS; t++)
		if (loop_timers[t])
			loop_timers[t]->fn(loop_timers[t]->arg);
	CHECK(loop_n == 1, "it was not hung up on: %d", (int)loop_n);
	source_count = 3;
	close(fd);
}

static void many_clients(void)
{
	char got[512];
	int fd[17], i;

	for (i = 0; i < 17; i++)
		fd[i] = dial();
	CHECK(loop_n == 17, "%d clients, not 16", (int)loop_n - 1);
	talk(fd[16], "", 0, got, sizeof(got));
	CHECK(strstr(got, "EBUSY"), "said: %s", got);
	for (i = 0; i < 16; i++) {
		talk(fd[i], ACTIVITY, strlen(ACTIVITY), got, sizeof(got));
		IS(got, ACTIVE);
		close(fd[i]);
	}
	close(fd[16]);
	loop_turn(3, 0);
	CHECK(loop_n == 1, "%d descriptors are left", (int)loop_n);
}

static int dial_as(uid_t uid)
{
	int fd;

	if (setegid(65534) || seteuid(uid))
		return -1;
	fd = connect_to();
	if (seteuid(0) || setegid(0))
		abort();
	loop_turn(1, 0);
	return fd;
}

/* Other users: they may look, not change, and not keep root out. */
static void other_users(void)
{
	static const char step[] = "{\"cmd\":\"makestep\"}\n";
	int fd[20], i, n = 0;
	char got[512];

	if (geteuid())
		return;
	*asked = '\0';
	fd[0] = dial_as(65534);
	talk(fd[0], step, strlen(step), got, sizeof(got));
	CHECK(strstr(got, "EPERM"), "said: %s", got);
	IS(asked, "");
	talk(fd[0], ACTIVITY, strlen(ACTIVITY), got, sizeof(got));
	IS(got, ACTIVE);
	close(fd[0]);
	loop_turn(3, 0);

	for (i = 0; i < 5; i++)
		fd[n++] = dial_as(65534);
	CHECK(loop_n == 1 + 4, "%d of one user", (int)loop_n - 1);
	for (i = 0; i < 12; i++)
		fd[n++] = dial_as(60000 + (uid_t)i / 4);
	CHECK(loop_n == 1 + 12, "%d of all users", (int)loop_n - 1);
	fd[n] = dial();
	talk(fd[n++], step, strlen(step), got, sizeof(got));
	IS(got, "{\"ok\":true}\n");
	IS(asked, "makestep");
	while (n--)
		close(fd[n]);
	loop_turn(3, 0);
	CHECK(loop_n == 1, "%d descriptors are left", (int)loop_n);
}

/* What another process gets that opens it, and ends without closing. */
static int opened_by_another(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		loop_n = 0;
		_exit(-control_open(path));
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static void socket_file(void)
{
	char other[96];
	FILE *file;

	CHECK(control_open("") == -ENAMETOOLONG, "no path");
	control_close();
	CHECK(access(path, F_OK), "the socket is left behind");
	CHECK(loop_n == 0, "%d descriptors are left", (int)loop_n);

	/* What a daemon that was killed leaves, and one that lives. */
	CHECK(opened_by_another() == 0, "it does not open there");
	CHECK(!access(path, F_OK), "the dead daemon left nothing");
	CHECK(!control_open(path), "a stale socket is in the way");
	CHECK(opened_by_another() == EADDRINUSE, "a live one is replaced");
	snprintf(other, sizeof(other), "%s/file", dir);
	file = fopen(other, "w");
	if (file)
		fclose(file);
	control_close();
	CHECK(control_open(other) == -EADDRINUSE, "a file is overwritten");
	CHECK(!access(other, F_OK), "a file is removed");
	unlink(other);
	CHECK(!control_open(path), "it does not open again");
}

static int serve(const char *where)
{
	signal(SIGPIPE, SIG_IGN);
	if (control_open(where))
		return 1;
	for (;;) {
		loop_turn(1, 1000);
		/* The tests see what was asked for. */
		if (*asked)
			puts(asked);
		fflush(stdout);
		*asked = '\0';
	}
}

int main(int argc, char **argv)
{
	static const struct test_case cases[] = {
		{ "commands are answered", commands },
		{ "actions are for the permitted, and reach the daemon", actions },
		{ "what makes no sense is refused, with the reason", refusals },
		{ "garbage is refused", garbage },
		{ "changed requests are answered", mutations },
		{ "lines come in pieces and in bunches", lines },
		{ "a line that is too long ends the connection", long_line },
		{ "one who never reads holds nothing up", no_reader },
		{ "sixteen clients, and no more", many_clients },
		{ "other users look and do not touch", other_users },
		{ "the socket's file", socket_file },
	};
	int status;

	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	strcpy(dir, "/tmp/kntp-control.XXXXXX");
	if (!mkdtemp(dir) || chmod(dir, 0755))
		return 1;
	snprintf(path, sizeof(path), "%s/new/sock", dir);
	if (control_open(path))
		return 1;
	status = run_cases(cases, sizeof(cases) / sizeof(cases[0]));
	control_close();
	*strrchr(path, '/') = '\0';
	rmdir(path);
	rmdir(dir);
	return status;
}
