// SPDX-License-Identifier: GPL-2.0
/* The configuration as a whole, and the directives that name files of it. */
#include "conf.h"
#include "conf_parse.h"
#include "kntpd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIRS_MAX = 10 };

static int read_all(struct conf_line *l, const struct conf_strings *files)
{
	size_t i;
	int err = 0;

	for (i = 0; !err && i < files->n; i++)
		err = conf_file(l, files->at[i]);
	return err;
}

int conf_do_include(struct conf_line *l)
{
	struct conf_strings files = { 0 };
	int err = conf_count(l, 1, 1, "FILE or PATTERN");

	if (!err)
		err = conf_files_glob(l, l->word[1], &files);
	if (!err)
		err = read_all(l, &files);
	conf_strings_free(&files);
	return err;
}

int conf_do_confdir(struct conf_line *l)
{
	struct conf_strings files = { 0 };
	int err = conf_count(l, 1, DIRS_MAX, "DIRECTORY");

	if (!err)
		err = conf_files_dirs(l, l->word + 1, l->n - 1, ".conf",
				      &files);
	if (!err)
		err = read_all(l, &files);
	conf_strings_free(&files);
	return err;
}

/* Read when all else is, and each time sources are read again. */
int conf_do_sourcedir(struct conf_line *l)
{
	int err = conf_count(l, 1, DIRS_MAX, "DIRECTORY");
	char text[CONF_LINE];
	size_t i, len = 0;

	if (err)
		return err;
	for (i = 1; i < l->n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					i > 1 ? " " : "", l->word[i]);
	return conf_keep_string(l, &l->c->sourcedirs, text,
				CONF_SOURCEDIRS_MAX);
}

static int read_sourcedir(struct conf_line *l, const char *dirs)
{
	struct conf_strings files = { 0 };
	char text[CONF_LINE], *save = NULL, *word;
	char *list[DIRS_MAX];
	size_t n = 0;
	int err;

	snprintf(text, sizeof(text), "%s", dirs);
	for (word = strtok_r(text, " ", &save); word && n < DIRS_MAX;
	     word = strtok_r(NULL, " ", &save))
		list[n++] = word;
	err = conf_files_dirs(l, list, n, ".sources", &files);
	if (!err)
		err = read_all(l, &files);
	conf_strings_free(&files);
	return err;
}

static int read_sourcedirs(const struct config *c, struct conf_line *l)
{
	size_t i;
	int err = 0;

	l->only_sources = true;
	for (i = 0; !err && i < c->sourcedirs.n; i++)
		err = read_sourcedir(l, c->sourcedirs.at[i]);
	return err;
}

/**
 * conf_sources_read() - read the directories of sourcedir again
 * @c: says which; is not changed
 * @list: empty before, and after a failure
 * @err: what is wrong
 *
 * Return: 0 or -errno.
 */
int conf_sources_read(const struct config *c, struct conf_sources *list,
		      struct conf_error *err)
{
	struct conf_line l = { .sources = list, .err = err };
	int ret;

	memset(list, 0, sizeof(*list));
	ret = read_sourcedirs(c, &l);
	if (ret)
		conf_sources_free(list);
	return ret;
}

static int string_default(char **to, const char *text)
{
	if (!*to)
		*to = strdup(text);
	return *to ? 0 : -ENOMEM;
}

/* `sourcesonly`: those of other files, and of directories, are none. */
static void only_sources_of(struct config *c)
{
	struct conf_sources *list = &c->sources;
	size_t i, n = 0;

	if (!*c->sourcesonly)
		return;
	for (i = 0; i < list->n; i++)
		if (!strcmp(list->at[i].file, c->sourcesonly))
			list->at[n++] = list->at[i];
	list->n = n;
	conf_strings_free(&c->sourcedirs);
}

/* What holds for all of it, when all is read. */
static int finish(struct config *c, struct conf_line *l)
{
	int err;

	/* No line is to blame from here on. */
	l->file = NULL;
	l->number = 0;
	l->n = 0;
	only_sources_of(c);
	err = read_sourcedirs(c, l);
	if (!err && (string_default(&c->pidfile, "/run/kntp/kntpd.pid") ||
		     string_default(&c->controlsocket, KNTPD_PATH)))
		err = conf_no_memory(l);
	/* chrony's way to say: none */
	if (!err && !strcmp(c->pidfile, "/"))
		*c->pidfile = '\0';
	return err ? err : conf_check(l);
}

/**
 * conf_read() - read a configuration file
 * @c: is set; empty after a failure
 * @file: name
 * @err: what is wrong
 *
 * Return: 0 or -errno.
 */
int conf_read(struct config *c, const char *file, struct conf_error *err)
{
	struct conf_line l = { .c = c, .err = err };
	int ret;

	memset(c, 0, sizeof(*c));
	conf_defaults(c);
	l.sources = &c->sources;
	ret = conf_file(&l, file);
	if (!ret)
		ret = finish(c, &l);
	if (ret)
		conf_free(c);
	return ret;
}

/**
 * conf_parse_lines() - take lines instead of a file
 * @c: is set; empty after a failure
 * @lines: of the command line, a directive each
 * @n: how many
 * @err: what is wrong
 *
 * Return: 0 or -errno.
 */
int conf_parse_lines(struct config *c, const char *const *lines, size_t n,
		     struct conf_error *err)
{
	struct conf_line l = { .c = c, .err = err, .file = "command line" };
	char text[CONF_LINE];
	int ret = 0;

	memset(c, 0, sizeof(*c));
	conf_defaults(c);
	l.sources = &c->sources;
	while (!ret && l.number < n) {
		const char *line = lines[l.number++];

		if (strlen(line) > CONF_LINE - 2) {
			ret = conf_fail(&l, "the line is longer than %d characters",
					CONF_LINE - 2);
			break;
		}
		memcpy(text, line, strlen(line) + 1);
		ret = conf_text(&l, text);
	}
	if (!ret)
		ret = finish(c, &l);
	if (ret)
		conf_free(c);
	return ret;
}

/**
 * conf_source_parse() - a source that is added while the daemon runs
 * @s: is set when it is right
 * @line: server, pool or peer
 * @err: what is wrong
 *
 * Return: 0 or -errno.
 */
int conf_source_parse(struct source_conf *s, const char *line,
		      struct conf_error *err)
{
	struct conf_sources list = { 0 };
	struct conf_line l = {
		.sources = &list, .err = err, .only_sources = true,
	};
	char text[CONF_LINE];
	int ret;

	if (strlen(line) > CONF_LINE - 2)
		return conf_fail(&l, "the line is longer than %d characters",
				 CONF_LINE - 2);
	memcpy(text, line, strlen(line) + 1);
	ret = conf_text(&l, text);
	if (!ret && !list.n)
		ret = conf_fail(&l, "server, pool or peer is missing");
	if (!ret)
		memcpy(s, list.at, sizeof(*s));
	conf_sources_free(&list);
	return ret;
}

/**
 * conf_free() - forget a configuration
 * @c: is empty then
 */
void conf_free(struct config *c)
{
	char *strings[] = {
		c->driftfile, c->leapsectz, c->leapseclist, c->rtcfile,
		c->rtcdevice, c->hwclockfile, c->logdir, c->mailonchange,
		c->logfile, c->dumpdir, c->keyfile, c->ntpsigndsocket, c->user, c->pidfile,
		c->controlsocket, c->follow.socket, c->tempcomp.file,
		c->tempcomp.points,
	};
	size_t i;

	for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
		free(strings[i]);
	conf_sources_free(&c->sources);
	conf_strings_free(&c->sourcedirs);
	conf_strings_free(&c->warnings);
	conf_strings_free(&c->initstep);
	conf_strings_free(&c->names);
	free(c->refclock);
	free(c->access.at);
	free(c->cmdaccess.at);
	free(c->listen);
	free(c->hwtimestamp);
	free(c->group);
	memset(c, 0, sizeof(*c));
}
