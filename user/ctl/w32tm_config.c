// SPDX-License-Identifier: GPL-2.0
/*
 * w32tm /config and /debug: what was said so far is kept in a file of kntpd's
 * configuration, which is written anew each time.
 */
#include "daemon.h"
#include "w32tm.h"
#include "whole.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FILE_NAME	"/etc/kntp/conf.d/w32tm.conf"
#define HEAD \
	"# Written by w32tm /config and /debug, which read the lines with two signs.\n"

/* What an entry of a list of peers may say of it. */
enum { FIXED_POLL = 1, FALLBACK = 2, SYMMETRIC = 4, FLAGS_MAX = 15 };

enum { VALUE = 1024 };

enum setting {
	PEERS, FROM, RELIABLE, DISPERSION, LARGE, LOG_FILE, LOG_SIZE, LOG_ENTRIES,
	SETTINGS
};

static const char *const names[SETTINGS] = {
	"manualpeerlist", "syncfromflags", "reliable", "localclockdispersion",
	"largephaseoffset", "file", "size", "entries",
};

struct settings {
	char value[SETTINGS][VALUE];	/* empty: was never said */
};

static const char *file_name(void)
{
	return getenv("W32TM_CONF") ?: FILE_NAME;
}

/* All of the file, or NULL where there is none; the caller frees it. */
static char *read_file(void)
{
	FILE *f = fopen(file_name(), "r");
	char *text = NULL;
	size_t room = 0;

	if (!f)
		return NULL;
	if (getdelim(&text, &room, '\0', f) < 0) {
		free(text);
		text = NULL;
	}
	fclose(f);
	return text;
}

static void take_setting(struct settings *s, const char *line, size_t len)
{
	size_t name, i;

	for (i = 0; i < SETTINGS; i++) {
		name = strlen(names[i]);
		if (len > name + 4 && len < name + VALUE &&
		    !strncmp(line + 3, names[i], name) &&
		    line[3 + name] == ' ')
			snprintf(s->value[i], VALUE, "%.*s",
				 (int)(len - name - 4), line + name + 4);
	}
}

static void read_settings(struct settings *s, const char *text)
{
	size_t len;

	memset(s, 0, sizeof(*s));
	for (; text && *text; text += len + (text[len] == '\n')) {
		len = strcspn(text, "\n");
		if (!strncmp(text, "## ", 3))
			take_setting(s, text, len);
	}
}

/* The next entry of a list, of *LIST: 1; 0 behind the last, -1 if it is none. */
static int next_peer(const char **list, char name[VALUE], unsigned long *flags)
{
	size_t len, i;
	char *end;

	*list += strspn(*list, " \t");
	if (!**list)
		return 0;
	len = strcspn(*list, ", \t");
	snprintf(name, VALUE, "%.*s", (int)len, *list);
	for (i = 0; name[i]; i++)
		if (!isalnum((unsigned char)name[i]) && !strchr(".:-_%", name[i]))
			return -1;
	*list += len;
	*flags = 0;
	if (**list == ',') {
		*flags = strtoul(*list + 1, &end, 0);
		if (end == *list + 1 || *flags > FLAGS_MAX)
			return -1;
		*list = end;
	}
	return len && (!**list || strchr(" \t", **list)) ? 1 : -1;
}

static void put_sources(FILE *to, const struct settings *s)
{
	unsigned long flags, all = 0;
	const char *list = s->value[PEERS];
	char name[VALUE];

	while (next_peer(&list, name, &flags) > 0)
		all |= flags;
	for (list = s->value[PEERS]; next_peer(&list, name, &flags) > 0;)
		fprintf(to, "%s %s%s%s%s\n", flags & SYMMETRIC ? "peer" : "server",
			name, flags & SYMMETRIC ? "" : " iburst",
			flags & FIXED_POLL ? " minpoll 10 maxpoll 10" : "",
			/* The others come before those that are to fall back to. */
			all & FALLBACK && !(flags & FALLBACK) ? " prefer" : "");
}

static void put_settings(FILE *to, const struct settings *s)
{
	const char *from = s->value[FROM];
	bool none = !strcasecmp(from, "NO");
	size_t i;

	fputs(HEAD, to);
	for (i = 0; i < SETTINGS; i++)
		if (*s->value[i])
			fprintf(to, "## %s %s\n", names[i], s->value[i]);
	if (none || (*s->value[PEERS] && strcasecmp(from, "ALL")))
		fputs("sourcesonly\n", to);
	if (!none)
		put_sources(to, s);
	/* Without sources the time of former ones is not held on to. */
	if (!strcasecmp(s->value[RELIABLE], "YES"))
		fprintf(to, "local stratum 10 dispersion %s%s\n",
			*s->value[DISPERSION] ? s->value[DISPERSION] : "10",
			none ? " distance 0" : "");
	if (*s->value[LARGE])
		fprintf(to, "spike %.9g\n", atof(s->value[LARGE]) * 1e-3);
	if (*s->value[LOG_FILE])
		fprintf(to, "logfile %s %s\n", s->value[LOG_FILE],
			s->value[LOG_SIZE]);
}

/* TEXT in the file's place; without one the file goes. */
static int replace(struct w32 *w, const char *text)
{
	int err = 0;

	if (text)
		err = whole_write(file_name(), text, strlen(text), 0644);
	else if (unlink(file_name()) && errno != ENOENT)
		err = -errno;
	if (!err)
		return 0;
	ctl_failed(w->ctl, "%s: %s", file_name(), strerror(-err));
	return exit_of(err);
}

/* Whether the daemon has each source of the list from the file. */
static bool is_read(const struct settings *s)
{
	struct json_object *o = daemon_peek("configuration"), *list, *source;
	const char *peers = strcasecmp(s->value[FROM], "NO") ?
			    s->value[PEERS] : "";
	unsigned long flags;
	char name[VALUE];
	bool found = o && json_object_object_get_ex(o, "sources", &list);
	size_t i, n = found ? json_object_array_length(list) : 0;

	while (found && next_peer(&peers, name, &flags) > 0) {
		found = false;
		for (i = 0; i < n && !found; i++) {
			source = json_object_array_get_idx(list, i);
			found = !strcmp(member_str(source, "name"), name) &&
				!strcmp(member_str(source, "file"), file_name());
		}
	}
	json_object_put(o);
	return found;
}

static int update(struct w32 *w, const struct settings *s)
{
	struct json_object *answer = w32_ask("status");
	int status = answer ? 0 : EXIT_NOT_RUNNING;

	json_object_put(answer);
	if (!status)
		status = daemon_act(w->ctl, daemon_request("reload"));
	if (!status && !is_read(s))
		status = ctl_failed(w->ctl, "kntpd does not read %s: its configuration wants a line 'confdir' with that directory",
				    file_name());
	return status;
}

/* Writes it, and has it read; what is not taken was never written. */
static int save(struct w32 *w, const struct settings *s, const char *old,
		bool now)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	int status;

	if (!f)
		return ctl_failed(w->ctl, "%s", strerror(ENOMEM));
	put_settings(f, s);
	if (fclose(f)) {
		free(text);
		return ctl_failed(w->ctl, "%s", strerror(ENOMEM));
	}
	status = replace(w, text);
	free(text);
	if (status || !now)
		return status;
	status = update(w, s);
	if (status && status != EXIT_NOT_RUNNING && !replace(w, old))
		json_object_put(daemon_peek("reload"));
	return status;
}

/* A number from 0 to MAX, or the switch at fault is named. */
static int check_number(struct w32 *w, const char *name, const char *value,
			double max)
{
	char *end;
	double n = strtod(value, &end);

	if (end == value || *end || !(n >= 0 && n <= max) ||
	    value[strspn(value, "0123456789.")])
		return ctl_usage(w->ctl, "/%s: '%s' is not a number from 0 to %.9g",
				 name, value, max);
	return 0;
}

static int check_peers(struct w32 *w, const char *list)
{
	unsigned long flags;
	char name[VALUE];
	int got;

	while ((got = next_peer(&list, name, &flags)) > 0)
		;
	if (got < 0)
		return ctl_usage(w->ctl, "/manualpeerlist: '%s' is not NAME[,FLAGS], with flags of 0x1, 0x2, 0x4 and 0x8",
				 name);
	return 0;
}

static int check_word(struct w32 *w, enum setting i, const char *value,
		      const char *const *words, const char *wanted)
{
	for (; *words; words++)
		if (!strcasecmp(value, *words))
			return 0;
	return ctl_usage(w->ctl, "/%s: '%s' is not %s", names[i], value, wanted);
}

static int check(struct w32 *w, enum setting i, const char *value)
{
	static const char *const froms[] = { "MANUAL", "ALL", "NO", NULL };
	static const char *const answers[] = { "YES", "NO", NULL };

	switch (i) {
	case PEERS:
		return check_peers(w, value);
	case FROM:
		return check_word(w, i, value, froms,
				  "MANUAL, ALL or NO (there is no domain hierarchy here)");
	case RELIABLE:
		return check_word(w, i, value, answers, "YES or NO");
	case DISPERSION:
		return check_number(w, names[i], value, 15);
	case LARGE:
		return check_number(w, names[i], value, 1e9);
	case LOG_SIZE:
		return check_number(w, names[i], value, 1e12);
	default:
		break;
	}
	if (i == LOG_FILE && *value != '/')
		return ctl_usage(w->ctl, "/file: '%s' does not begin with a slash",
				 value);
	/* It is one word of a line of the configuration. */
	if (!*value || value[strcspn(value, " \t\r\n#%!;\"'")])
		return ctl_usage(w->ctl, "/%s: '%s' is not one word", names[i],
				 value);
	return 0;
}

/* Takes over what the switches from FIRST to LAST say. */
static int take_switches(struct w32 *w, struct settings *s, enum setting first,
			 enum setting last, bool needed)
{
	const char *value;
	unsigned int i;
	int bad;

	for (i = first; i <= last; i++) {
		value = NULL;
		if (!w32_has(w, names[i], &value) && !needed)
			continue;
		if (!value)
			return ctl_usage(w->ctl, "/%s: a value is missing",
					 names[i]);
		if (strlen(value) >= VALUE || strpbrk(value, "\r\n"))
			return ctl_usage(w->ctl, "/%s: is too long, or more than a line",
					 names[i]);
		bad = check(w, i, value);
		if (bad)
			return bad;
		snprintf(s->value[i], VALUE, "%s", value);
	}
	return 0;
}

int w32_config(struct w32 *w)
{
	bool now = w32_has(w, "update", NULL);
	char *old = read_file();
	struct settings s;
	int status;

	read_settings(&s, old);
	status = w32_local(w) ?: take_switches(w, &s, PEERS, LARGE, false) ?:
		 w32_rest(w);
	if (!status && w->n == 1)
		status = ctl_usage(w->ctl, "/config: nothing is said to configure");
	if (!status)
		status = save(w, &s, old, now);
	if (!status)
		puts(W32_DONE);
	free(old);
	return status;
}

int w32_debug(struct w32 *w)
{
	bool enable = w32_has(w, "enable", NULL);
	bool disable = w32_has(w, "disable", NULL);
	bool empty = w32_has(w, "truncate", NULL);
	char *old = read_file();
	struct settings s;
	int status = 0;

	read_settings(&s, old);
	if (enable == disable)
		status = ctl_usage(w->ctl, "/debug: /enable or /disable is wanted");
	else if (enable)
		status = take_switches(w, &s, LOG_FILE, LOG_ENTRIES, true);
	else
		*s.value[LOG_FILE] = *s.value[LOG_SIZE] =
			*s.value[LOG_ENTRIES] = '\0';
	status = status ?: w32_rest(w);
	if (!status && enable && empty && truncate(s.value[LOG_FILE], 0) &&
	    errno != ENOENT)
		status = ctl_failed(w->ctl, "%s: %s", s.value[LOG_FILE],
				    strerror(errno));
	if (!status)
		status = save(w, &s, old, true);
	if (!status)
		puts(W32_DONE);
	free(old);
	return status;
}

const char *w32_entries(char *buf, size_t len)
{
	char *text = read_file();
	struct settings s;

	read_settings(&s, text);
	free(text);
	snprintf(buf, len, "%s", s.value[LOG_ENTRIES]);
	return buf;
}
