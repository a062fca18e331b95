/* SPDX-License-Identifier: GPL-2.0 */
/* Between the files of the parser; nobody else includes it. */
#ifndef KNTPD_CONF_PARSE_H
#define KNTPD_CONF_PARSE_H

#include "conf.h"

enum {
	CONF_LINE = 2048,	/* longest line, with its newline and NUL */
	CONF_WORDS = 256,	/* of a line */
	CONF_DEPTH = 10,	/* of include and confdir */
};

/**
 * struct conf_line - a line that is being read
 * @c: where it goes
 * @sources: where sources go
 * @err: what is wrong
 * @file: it is in; NULL for a line without a place
 * @number: of it, from 1
 * @depth: of the file
 * @only_sources: nothing else may stand there
 * @word: the directive and its words
 * @n: how many
 */
struct conf_line {
	struct config *c;
	struct conf_sources *sources;
	struct conf_error *err;
	const char *file;
	unsigned int number;
	unsigned int depth;
	bool only_sources;
	char *word[CONF_WORDS];
	size_t n;
};

enum conf_kind {
	CONF_FLAG,	/* bool, no value */
	CONF_INT,	/* int */
	CONF_U32,	/* uint32_t */
	CONF_U16,	/* uint16_t */
	CONF_U64,	/* uint64_t */
	CONF_NUMBER,	/* double */
	CONF_NEAR_INT,	/* int; beyond its range the nearest, with a warning */
	CONF_NEAR_NUMBER,	/* double; likewise */
	CONF_TEXT,	/* char * */
	CONF_WORD,	/* char[CONF_WORD_MAX] */
	CONF_LINK,	/* char[IF_NAMESIZE] */
	CONF_REFID,	/* uint32_t, of 1 to 4 characters */
	CONF_HEX,	/* extension field, of struct source_conf */
	CONF_OCTAL,	/* int */
	CONF_CHOICE,	/* int, index of a word of CHOICES */
};

/**
 * struct conf_option - a word with or without a value
 * @name: of it
 * @kind: of the value
 * @offset: of the value in its struct
 * @min: the least
 * @max: the most
 * @choices: of CONF_CHOICE, NULL behind the last
 */
struct conf_option {
	const char *name;
	enum conf_kind kind;
	size_t offset;
	double min, max;
	const char *const *choices;
};

/*
 * Rows of a table of options. The file that has the table defines AT(MEMBER) as
 * the offset of a member of its struct; the member has the name of the option.
 */
#define OPT_FLAG(word)	{ #word, CONF_FLAG, AT(word), 0, 0, NULL }
#define OPT_INT(word, min, max)	{ #word, CONF_INT, AT(word), min, max, NULL }
#define OPT_NUMBER(word, min, max) \
	{ #word, CONF_NUMBER, AT(word), min, max, NULL }
#define OPT_NEAR_INT(word, min, max) \
	{ #word, CONF_NEAR_INT, AT(word), min, max, NULL }
#define OPT_NEAR_NUMBER(word, min, max) \
	{ #word, CONF_NEAR_NUMBER, AT(word), min, max, NULL }
#define OPT_LINK(word)	{ #word, CONF_LINK, AT(word), 0, 0, NULL }
#define OPT_WORD(word)	{ #word, CONF_WORD, AT(word), 0, 0, NULL }
#define OPT_END		{ NULL, CONF_FLAG, 0, 0, 0, NULL }

/* All return 0 or -errno, and have said why. */
int conf_fail(struct conf_line *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
int conf_no_memory(struct conf_line *l);
int conf_warn(struct conf_line *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

int conf_tolerate(struct conf_line *l, int err, const char *effect);

/* The value of O in WORD, into the struct at BASE. WHAT is before a reason. */
int conf_value(struct conf_line *l, const char *what,
	       const struct conf_option *o, void *base, const char *word);
/* The words from FIRST on are options of TABLE, whose last has no name. */
int conf_options(struct conf_line *l, size_t first,
		 const struct conf_option *table, void *base);
/* MIN to MAX words behind the directive. WANTS says which. */
int conf_count(struct conf_line *l, size_t min, size_t max, const char *wants);
int conf_string(struct conf_line *l, char **to, const char *word);
/* A zeroed one more at the end of an array, or NULL. */
void *conf_more(struct conf_line *l, void *array, size_t *n, size_t *room,
		size_t size, size_t limit);
int conf_keep_string(struct conf_line *l, struct conf_strings *list,
		     const char *word, size_t limit);
bool conf_is_number(const char *word, double *value);

/* conf_table.c */
int conf_directive_line(struct conf_line *l);
void conf_defaults(struct config *c);

/* conf_source.c, conf_refclock.c, conf_access.c, conf_group.c, conf_special.c */
int conf_source_line(struct conf_line *l, struct source_conf *s);
int conf_do_source(struct conf_line *l);
int conf_do_refclock(struct conf_line *l);
int conf_do_allow(struct conf_line *l);
int conf_do_bind(struct conf_line *l);
int conf_do_metrics(struct conf_line *l);
int conf_do_broadcast(struct conf_line *l);
int conf_do_broadcastclient(struct conf_line *l);
int conf_do_manycastserver(struct conf_line *l);
int conf_check_manycast(struct conf_line *l, const struct source_conf *s);
int conf_do_listen(struct conf_line *l);
int conf_do_follow(struct conf_line *l);
int conf_do_local(struct conf_line *l);
int conf_do_ratelimit(struct conf_line *l);
int conf_do_hwtimestamp(struct conf_line *l);
int conf_do_initstepslew(struct conf_line *l);
int conf_do_makestep(struct conf_line *l);
int conf_do_maxchange(struct conf_line *l);
int conf_do_spike(struct conf_line *l);
int conf_do_logfile(struct conf_line *l);
int conf_do_sourcesonly(struct conf_line *l);
int conf_do_driftfile(struct conf_line *l);
int conf_do_smoothtime(struct conf_line *l);
int conf_do_fallbackdrift(struct conf_line *l);
int conf_do_tempcomp(struct conf_line *l);
int conf_do_mailonchange(struct conf_line *l);
int conf_do_log(struct conf_line *l);

/* conf_check.c: what only the whole can tell. */
int conf_check(struct conf_line *l);

/* conf.c */
int conf_do_include(struct conf_line *l);
int conf_do_confdir(struct conf_line *l);
int conf_do_sourcedir(struct conf_line *l);

/* conf_files.c */
int conf_files_dirs(struct conf_line *l, char *const *dirs, size_t n,
		    const char *suffix, struct conf_strings *files);
int conf_files_glob(struct conf_line *l, const char *pattern,
		    struct conf_strings *files);
void conf_strings_free(struct conf_strings *list);
int conf_file(struct conf_line *l, const char *name);
int conf_text(struct conf_line *l, char *text);

#endif
