// SPDX-License-Identifier: GPL-2.0
/* Asking kntpd, and what does no more than ask it. */
#include "daemon.h"
#include "print.h"
#include "units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct json_object *daemon_request(const char *cmd)
{
	struct json_object *request = json_object_new_object();

	daemon_add_str(request, "cmd", cmd);
	return request;
}

void daemon_add_str(struct json_object *request, const char *key,
		    const char *value)
{
	if (request)
		json_object_object_add(request, key,
				       json_object_new_string(value));
}

static int not_connected(const struct ctl *ctl, int err)
{
	if (err != -ENOENT && err != -ECONNREFUSED && err != -ENOTDIR) {
		ctl_failed(ctl, "%s: %s", kntpd_path(), strerror(-err));
		return exit_of(err);
	}
	ctl_failed(ctl, "kntpd is not running: nobody listens at %s: start it with: systemctl start kntpd",
		   kntpd_path());
	return EXIT_NOT_RUNNING;
}

int daemon_ask(const struct ctl *ctl, struct json_object *request,
	       struct json_object **answer)
{
	char why[KNTPD_WHY];
	int fd, err;

	if (!request)
		return ctl_failed(ctl, "%s", strerror(ENOMEM));
	fd = kntpd_connect();
	if (fd < 0) {
		json_object_put(request);
		return not_connected(ctl, fd);
	}
	err = kntpd_request(fd, request, answer, why);
	close(fd);
	if (err)
		ctl_failed(ctl, "%s", why);
	return exit_of(err);
}

struct json_object *daemon_peek(const char *cmd)
{
	struct json_object *request = daemon_request(cmd), *answer;
	int fd = request ? kntpd_connect() : -ENOMEM;
	char why[KNTPD_WHY];
	int err;

	if (fd < 0) {
		json_object_put(request);
		return NULL;
	}
	err = kntpd_request(fd, request, &answer, why);
	close(fd);
	return err ? NULL : answer;
}

bool daemon_printed(const struct ctl *ctl, struct json_object *answer)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	if (pr_format() != PR_JSON)
		return false;
	if (ctl->pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	puts(json_object_to_json_string_ext(answer, flags));
	return true;
}

int daemon_options(const struct ctl *ctl, const char *allowed,
		   struct daemon_flags *flags, int *argc, char ***argv)
{
	const char *word;

	*flags = (struct daemon_flags){ .explain = ctl->verbose };
	for (; *argc && (*argv)[0][0] == '-'; (*argc)--, (*argv)++) {
		word = (*argv)[0];
		if (!word[1] || word[2] || !strchr(allowed, word[1]))
			return ctl_usage(ctl, "'%s' is not an option it knows",
					 word);
		flags->explain |= word[1] == 'v';
		flags->numeric |= word[1] == 'n';
	}
	return 0;
}

const char *daemon_name(struct json_object *source,
			const struct daemon_flags *flags)
{
	if (flags->numeric && member_has(source, "address"))
		return member_str(source, "address");
	return member_str(source, "name");
}

/* Does it, and has nothing to print. */
int daemon_act(const struct ctl *ctl, struct json_object *request)
{
	struct json_object *answer;
	int status = daemon_ask(ctl, request, &answer);

	if (!status)
		json_object_put(answer);
	return status;
}

/* CMD [NAME|ADDRESS|PREFIX], which is needed or not. */
static int act_on(struct ctl *ctl, const char *cmd, bool needed, int argc,
		  char **argv)
{
	struct json_object *request;
	int status;

	if (!argc && needed)
		return ctl_usage(ctl, "a NAME is missing, or an ADDRESS");
	status = words_none(ctl, argc ? argc - 1 : 0, argv + 1);
	if (status)
		return status;
	request = daemon_request(cmd);
	if (argc)
		daemon_add_str(request, "source", argv[0]);
	return daemon_act(ctl, request);
}

int cmd_online(struct ctl *ctl, int argc, char **argv)
{
	return act_on(ctl, "online", false, argc, argv);
}

int cmd_offline(struct ctl *ctl, int argc, char **argv)
{
	return act_on(ctl, "offline", false, argc, argv);
}

int cmd_delete(struct ctl *ctl, int argc, char **argv)
{
	return act_on(ctl, "delete", true, argc, argv);
}

int cmd_makestep(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);

	return status ? status : daemon_act(ctl, daemon_request("makestep"));
}

int cmd_reload(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);

	return status ? status : daemon_act(ctl, daemon_request("reload"));
}

#define BURST_MAX	1000

/* GOOD/MAX */
static int burst_counts(const struct ctl *ctl, char *word, uint64_t *good,
			uint64_t *total)
{
	char *slash = strchr(word, '/');
	char why[UNITS_WHY];
	const char *bad;

	if (!slash)
		return ctl_usage(ctl, "'%s' is not GOOD/MAX, such as 4/8", word);
	*slash = '\0';
	bad = uint_parse(word, 1, BURST_MAX, good, why);
	if (bad)
		return ctl_usage(ctl, "GOOD: '%s' %s", word, bad);
	bad = uint_parse(slash + 1, *good, BURST_MAX, total, why);
	if (bad)
		return ctl_usage(ctl, "MAX: '%s' %s", slash + 1, bad);
	return 0;
}

int cmd_burst(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *request;
	uint64_t good, total;
	int status;

	if (!argc)
		return ctl_usage(ctl, "GOOD/MAX is missing, such as 4/8");
	status = words_none(ctl, argc > 2 ? argc - 2 : 0, argv + 2);
	if (!status)
		status = burst_counts(ctl, argv[0], &good, &total);
	if (status)
		return status;
	request = daemon_request("burst");
	if (request) {
		json_object_object_add(request, "good",
				       json_object_new_uint64(good));
		json_object_object_add(request, "total",
				       json_object_new_uint64(total));
	}
	if (argc > 1)
		daemon_add_str(request, "source", argv[1]);
	return daemon_act(ctl, request);
}

/* The words as a line of the configuration. */
int cmd_add(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *request;
	char line[2048];
	size_t n = 0;
	int i;

	if (!argc)
		return ctl_usage(ctl, "server, pool or peer is missing");
	if (strcmp(argv[0], "server") && strcmp(argv[0], "pool") &&
	    strcmp(argv[0], "peer"))
		return ctl_usage(ctl, "'%s' is neither server, pool nor peer",
				 argv[0]);
	if (argc < 2)
		return ctl_usage(ctl, "%s: its NAME is missing", argv[0]);
	for (i = 0; i < argc; i++) {
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s",
				      i ? " " : "", argv[i]);
		if (n >= sizeof(line))
			return ctl_usage(ctl, "the line is too long");
	}
	request = daemon_request("add");
	daemon_add_str(request, "line", line);
	return daemon_act(ctl, request);
}
