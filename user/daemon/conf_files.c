// SPDX-License-Identifier: GPL-2.0
/* Which files are read, and their lines. */
#include "conf_parse.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* More in a directory, or of a pattern, is no configuration. */
enum { FILES_MAX = 1024 };

/**
 * conf_strings_free() - forget a list of strings
 * @list: is empty then
 */
void conf_strings_free(struct conf_strings *list)
{
	while (list->n)
		free(list->at[--list->n]);
	free(list->at);
	memset(list, 0, sizeof(*list));
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool has(const struct conf_strings *files, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(base_of(files->at[i]), name))
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(base_of(*(char *const *)a), base_of(*(char *const *)b));
}

static int read_dir(struct conf_line *l, const char *dir, const char *suffix,
		    struct conf_strings *files)
{
	size_t before = files->n, len, tail = strlen(suffix);
	char path[CONF_LINE + CONF_FILE];
	struct dirent *entry;
	int err = 0;
	DIR *d = opendir(dir);

	/* As in chrony: what is not there holds nothing. */
	if (!d && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!d) {
		err = -errno;
		conf_fail(l, "%s: %s", dir, strerror(-err));
		return conf_tolerate(l, err, "its files are not read");
	}
	while (!err && (entry = readdir(d))) {
		len = strlen(entry->d_name);
		if (*entry->d_name == '.' || len <= tail ||
		    strcmp(entry->d_name + len - tail, suffix) ||
		    has(files, entry->d_name, before))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		err = conf_keep_string(l, files, path, FILES_MAX);
	}
	closedir(d);
	return err;
}

/**
 * conf_files_dirs() - the files of some directories
 * @l: line that names them
 * @dirs: of files with the same name, that of the first directory counts
 * @n: how many
 * @suffix: that they have to have
 * @files: by name
 *
 * Return: 0 or -errno.
 */
int conf_files_dirs(struct conf_line *l, char *const *dirs, size_t n,
		    const char *suffix, struct conf_strings *files)
{
	size_t i;
	int err;

	for (i = 0; i < n; i++) {
		err = read_dir(l, dirs[i], suffix, files);
		if (err)
			return err;
	}
	if (files->n)
		qsort(files->at, files->n, sizeof(*files->at), by_name);
	return 0;
}

/**
 * conf_files_glob() - the files of a pattern
 * @l: line that names it
 * @pattern: without wildcards: the name of a file
 * @files: is appended to; nothing, with a warning, where no file matches
 *
 * Return: 0 or -errno.
 */
int conf_files_glob(struct conf_line *l, const char *pattern,
		    struct conf_strings *files)
{
	glob_t found;
	size_t i;
	int err;

	/* A simulated machine has files, but no directories to search. */
	if (!pattern[strcspn(pattern, "*?[\\")])
		return conf_keep_string(l, files, pattern, FILES_MAX);
	/* As in chronyd: a directory of fragments may be empty, or missing. */
	err = glob(pattern, GLOB_ERR, NULL, &found);
	if (err == GLOB_NOSPACE)
		return conf_no_memory(l);
	if (err)
		return conf_warn(l, "%s: %s", pattern, err == GLOB_NOMATCH ?
				 "no file matches" :
				 "its directory cannot be read");
	for (i = 0; !err && i < found.gl_pathc; i++)
		err = conf_keep_string(l, files, found.gl_pathv[i], FILES_MAX);
	globfree(&found);
	return err;
}

/* Into words; 0, or -EINVAL when there are too many. */
static int split(struct conf_line *l, char *text)
{
	static const char blank[] = " \t\r\n\v\f";
	char *save = NULL, *word;

	l->n = 0;
	/* A UTF-8 byte-order mark, which some editors write. */
	if (l->number == 1 && !strncmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	text += strspn(text, blank);
	if (*text && strchr("!;#%", *text))
		return 0;
	for (word = strtok_r(text, blank, &save); word;
	     word = strtok_r(NULL, blank, &save)) {
		if (l->n == CONF_WORDS)
			return conf_fail(l, "more than %d words are in the line",
					 CONF_WORDS);
		l->word[l->n++] = word;
	}
	return 0;
}

FILE *conf_echo;

static void echo(const struct conf_line *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		fprintf(conf_echo, "%s%s", i ? " " : "", l->word[i]);
	fputc('\n', conf_echo);
}

/**
 * conf_text() - one line
 * @l: its place
 * @text: is taken apart
 *
 * Return: 0 or -errno.
 */
int conf_text(struct conf_line *l, char *text)
{
	int err = split(l, text);

	if (!err && l->n && conf_echo)
		echo(l);
	if (!err && l->n)
		err = conf_directive_line(l);
	l->n = 0;
	return err;
}

/*
 * A line into TEXT, without its newline. fgets(3) does not say how long it
 * was, so that a NUL would hide what is behind it: octets are taken one by one.
 */
static int get_line(struct conf_line *l, FILE *file, char *text, bool *ended)
{
	size_t len = 0;
	int octet;

	l->number++;
	while ((octet = getc(file)) != EOF && octet != '\n') {
		if (!octet)
			return conf_fail(l, "a NUL byte: this is no text");
		if (len == CONF_LINE - 2)
			return conf_fail(l, "the line is longer than %d characters",
					 CONF_LINE - 2);
		text[len++] = (char)octet;
	}
	text[len] = '\0';
	*ended = octet == EOF;
	return 0;
}

static int read_lines(struct conf_line *l, FILE *file)
{
	char text[CONF_LINE];
	bool ended = false;
	int err = 0;

	while (!err && !ended) {
		err = get_line(l, file, text, &ended);
		/* What writes a file of sourcedir may not be done yet. */
		if (err || (ended && l->only_sources))
			break;
		err = conf_text(l, text);
		if (l->only_sources)
			err = conf_tolerate(l, err, "the line is not used");
	}
	if (!err && ferror(file)) {
		err = -EIO;
		l->number = 0;
		conf_fail(l, "it cannot be read: %s", strerror(EIO));
	}
	return err;
}

/**
 * conf_file() - read a file
 * @l: line that names it; its words are of no use afterwards
 * @name: of it
 *
 * Return: 0 or -errno.
 */
int conf_file(struct conf_line *l, const char *name)
{
	struct conf_line in = {
		.c = l->c, .sources = l->sources, .err = l->err, .file = name,
		.depth = l->depth + 1, .only_sources = l->only_sources,
	};
	struct stat st;
	FILE *file;
	int err;

	if (l->depth == CONF_DEPTH)
		return conf_fail(l, "%s: files are included more than %d deep",
				 name, CONF_DEPTH);
	file = fopen(name, "r");
	err = file ? 0 : -errno;
	if (file && !fstat(fileno(file), &st) && S_ISDIR(st.st_mode)) {
		fclose(file);
		err = -EISDIR;
	}
	if (err) {
		conf_fail(l, "%s: %s", name,
			  strerror(-err));
		return l->only_sources ?
		       conf_tolerate(l, err, "the file is not used") : err;
	}
	err = read_lines(&in, file);
	fclose(file);
	if (in.only_sources)
		err = conf_tolerate(l, err, "the rest of the file is not used");
	return err;
}
