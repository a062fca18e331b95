// SPDX-License-Identifier: GPL-2.0
/* Words, values and options of a line, and how a mistake in them is said. */
#include "conf_parse.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* FILE:LINE and the directive, as far as they are known. Returns octets. */
static size_t say_where(const struct conf_line *l, char *to, size_t size)
{
	int len = 0;

	if (l->file && l->number)
		len = snprintf(to, size, "%.255s:%u: ", l->file, l->number);
	else if (l->file)
		len = snprintf(to, size, "%.255s: ", l->file);
	if (l->n)
		len += snprintf(to + len, size - (size_t)len, "%.40s: ",
				l->word[0]);
	return (size_t)len;
}

/* What a file holds may hold anything, but a message is one line of text. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

/**
 * conf_fail() - say what is wrong
 * @l: with this line
 * @fmt: of the reason, after FILE:LINE and the directive
 *
 * Return: -EINVAL.
 */
int conf_fail(struct conf_line *l, const char *fmt, ...)
{
	size_t len = say_where(l, l->err->text, sizeof(l->err->text));
	va_list args;

	va_start(args, fmt);
	vsnprintf(l->err->text + len, sizeof(l->err->text) - len, fmt, args);
	va_end(args);
	make_printable(l->err->text);
	return -EINVAL;
}

/**
 * conf_no_memory() - say that there is none
 * @l: in this line
 *
 * Return: -ENOMEM.
 */
int conf_no_memory(struct conf_line *l)
{
	conf_fail(l, "there is no memory");
	return -ENOMEM;
}

FILE *conf_complaints;

/**
 * conf_warn() - keep something for the log
 * @l: line that is right but does less than it says
 * @fmt: why
 *
 * Return: 0 or -ENOMEM.
 */
int conf_warn(struct conf_line *l, const char *fmt, ...)
{
	char text[CONF_ERROR];
	size_t len = say_where(l, text, sizeof(text));
	va_list args;

	if (!l->c)
		return 0;
	va_start(args, fmt);
	vsnprintf(text + len, sizeof(text) - len, fmt, args);
	va_end(args);
	make_printable(text);
	if (conf_complaints)
		fprintf(conf_complaints, "kntpd: warning: %s\n", text);
	/* The first ones say enough in the log. */
	if (l->c->warnings.n == CONF_WARNINGS_MAX)
		return 0;
	return conf_keep_string(l, &l->c->warnings, text, CONF_WARNINGS_MAX);
}

/**
 * conf_tolerate() - turn a mistake into a warning
 * @l: line or file with the mistake
 * @err: what conf_fail() or another one returned
 * @effect: what becomes of it, such as "the line is not used"
 *
 * For what others than the operator write: packages and DHCP leases.
 * Return: 0, or -ENOMEM which nothing can be done about.
 */
int conf_tolerate(struct conf_line *l, int err, const char *effect)
{
	struct conf_line no_place = { .c = l->c, .err = l->err };
	char text[CONF_ERROR];

	if (!err || err == -ENOMEM)
		return err;
	memcpy(text, l->err->text, sizeof(text));
	l->err->text[0] = '\0';
	return conf_warn(&no_place, "%.700s: %s", text, effect);
}

/**
 * conf_more() - room for one more
 * @l: line that wants it
 * @array: address of the pointer to the first
 * @n: how many there are, counted up
 * @room: for how many there is
 * @size: of one
 * @limit: of their number
 *
 * Return: it, zeroed; NULL when there is no room, and ERR says so.
 */
void *conf_more(struct conf_line *l, void *array, size_t *n, size_t *room,
		size_t size, size_t limit)
{
	size_t want = *room ? *room * 2 : 8;
	void *at;

	memcpy(&at, array, sizeof(at));
	if (*n >= limit) {
		conf_fail(l, "there are more than %zu of them", limit);
		return NULL;
	}
	if (*n == *room) {
		at = reallocarray(at, want, size);
		if (!at) {
			conf_no_memory(l);
			return NULL;
		}
		memcpy(array, &at, sizeof(at));
		*room = want;
	}
	return memset((char *)at + (*n)++ * size, 0, size);
}

/**
 * conf_keep_string() - a copy of a word in a list
 * @l: line that says it
 * @list: it
 * @word: string
 * @limit: of their number
 *
 * Return: 0 or -errno.
 */
int conf_keep_string(struct conf_line *l, struct conf_strings *list,
		     const char *word, size_t limit)
{
	char **at = conf_more(l, &list->at, &list->n, &list->room,
			      sizeof(*at), limit);

	if (!at)
		return list->n < limit ? -ENOMEM : -EINVAL;
	*at = strdup(word);
	return *at ? 0 : conf_no_memory(l);
}

/**
 * conf_string() - a copy of a word in place of the last one
 * @l: line that says it
 * @to: where
 * @word: string
 *
 * Return: 0 or -ENOMEM.
 */
int conf_string(struct conf_line *l, char **to, const char *word)
{
	free(*to);
	*to = strdup(word);
	return *to ? 0 : conf_no_memory(l);
}

/**
 * conf_is_number() - a decimal number, whole and nothing else
 * @word: digits, at the most one point, and an exponent
 * @value: nearest double
 */
bool conf_is_number(const char *word, double *value)
{
	const char *p = word + (*word == '-' || *word == '+');
	size_t whole = strspn(p, "0123456789"), part = 0;

	p += whole;
	if (*p == '.') {
		part = strspn(++p, "0123456789");
		p += part;
	}
	if (!whole && !part)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!isdigit((unsigned char)*p))
			return false;
		p += strspn(p, "0123456789");
	}
	if (*p)
		return false;
	*value = strtod(word, NULL);
	return true;
}

static bool is_integer(const char *word, double min, double max,
		       long long *value)
{
	const char *p = word + (*word == '-' || *word == '+');

	if (!*p || p[strspn(p, "0123456789")])
		return false;
	errno = 0;
	*value = strtoll(word, NULL, 10);
	return !errno && (double)*value >= min && (double)*value <= max;
}

static int set_integer(struct conf_line *l, const char *what,
		       const struct conf_option *o, void *to, const char *word)
{
	long long v;

	if (!is_integer(word, o->min, o->max, &v))
		return conf_fail(l,
			"%s'%.60s' is not a whole number from %.0f to %.0f",
			what, word, o->min, o->max);
	switch (o->kind) {
	case CONF_INT:
		*(int *)to = (int)v;
		break;
	case CONF_U16:
		*(uint16_t *)to = (uint16_t)v;
		break;
	case CONF_U32:
		*(uint32_t *)to = (uint32_t)v;
		break;
	case CONF_U64:
		*(uint64_t *)to = (uint64_t)v;
		break;
	default:
		break;
	}
	return 0;
}

/*
 * As chronyd: a number beyond the range of an option is taken for the end of
 * that range. Also one that has more digits than an integer.
 */
static int set_nearest(struct conf_line *l, const char *what,
		       const struct conf_option *o, void *to, const char *word)
{
	bool whole = o->kind == CONF_NEAR_INT;
	const char *p = word + (*word == '-' || *word == '+');
	double v, near;

	if (!conf_is_number(word, &v) || v != v ||
	    (whole && p[strspn(p, "0123456789")]))
		return conf_fail(l, "%s'%.60s' is not a%s number from %.*g to %.*g",
				 what, word, whole ? " whole" : "",
				 whole ? 10 : 6, o->min, whole ? 10 : 6,
				 o->max);
	near = v < o->min ? o->min : v > o->max ? o->max : v;
	if (whole)
		*(int *)to = (int)near;
	else
		*(double *)to = near;
	if (near == v)
		return 0;
	return conf_warn(l, "%s%.60s is outside %.*g to %.*g: %.*g is used",
			 what, word, whole ? 10 : 6, o->min, whole ? 10 : 6,
			 o->max, whole ? 10 : 6, near);
}

static int set_number(struct conf_line *l, const char *what,
		      const struct conf_option *o, double *to, const char *word)
{
	double v;

	if (!conf_is_number(word, &v) || v < o->min || v > o->max)
		return conf_fail(l, "%s'%.60s' is not a number from %g to %g",
				 what, word, o->min, o->max);
	*to = v;
	return 0;
}

static int set_choice(struct conf_line *l, const char *what,
		      const struct conf_option *o, int *to, const char *word)
{
	char known[160] = "";
	size_t len = 0;
	int i;

	for (i = 0; o->choices[i]; i++) {
		if (!strcasecmp(word, o->choices[i])) {
			*to = i;
			return 0;
		}
		len += (size_t)snprintf(known + len, sizeof(known) - len,
					"%s%s", i ? ", " : "", o->choices[i]);
	}
	return conf_fail(l, "%s'%.60s' is none of %s", what, word, known);
}

static int set_word(struct conf_line *l, const char *what, char *to,
		    const char *word)
{
	size_t len = strlen(word);

	if (!len || len >= CONF_WORD_MAX)
		return conf_fail(l, "%s'%.60s' is not 1 to %d characters", what,
				 word, CONF_WORD_MAX - 1);
	memset(to, 0, CONF_WORD_MAX);
	memcpy(to, word, len);
	return 0;
}

static int set_link(struct conf_line *l, const char *what, char *to,
		    const char *word)
{
	if (strlen(word) >= IF_NAMESIZE || strchr(word, '/') ||
	    !strcmp(word, ".") || !strcmp(word, ".."))
		return conf_fail(l, "%s'%.60s' is not the name of a link", what,
				 word);
	memset(to, 0, IF_NAMESIZE);
	memcpy(to, word, strlen(word));
	return 0;
}

static int set_octal(struct conf_line *l, const char *what, int *to,
		     const char *word)
{
	if (!*word || word[strspn(word, "01234567")] || strlen(word) > 5 ||
	    strtol(word, NULL, 8) > 0777)
		return conf_fail(l, "%s'%.60s' is not a mode from 0 to 0777",
				 what, word);
	*to = (int)strtol(word, NULL, 8);
	return 0;
}

/* A type of extension field; those chronyd knows. */
static int set_extfield(struct conf_line *l, const char *what,
			struct source_conf *s, const char *word)
{
	static const uint16_t known[] = { 0x010a, 0xf323, 0xf324 };
	char *end;
	unsigned long v = strtoul(word, &end, 16);
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (isxdigit((unsigned char)*word) && !*end && v == known[i])
			break;
	if (i == sizeof(known) / sizeof(known[0]))
		return conf_fail(l, "%s'%.60s' is none of 10A, F323, F324",
				 what, word);
	for (i = 0; i < s->n_extfield; i++)
		if (s->extfield[i] == v)
			return 0;
	s->extfield[s->n_extfield++] = (uint16_t)v;
	return 0;
}

static int set_refid(struct conf_line *l, const char *what, uint32_t *to,
		     const char *word)
{
	size_t len = strlen(word), i;
	uint32_t v = 0;

	for (i = 0; i < len; i++)
		if (!isgraph((unsigned char)word[i]))
			break;
	if (!len || len > 4 || i < len)
		return conf_fail(l, "%s'%.60s' is not 1 to 4 characters", what,
				 word);
	for (i = 0; i < 4; i++)
		v = v << 8 | (i < len ? (unsigned char)word[i] : 0);
	*to = v;
	return 0;
}

/**
 * conf_value() - the value of an option or a directive
 * @l: line it stands in
 * @what: goes before a reason: "minpoll: " or nothing
 * @o: what it may be
 * @base: struct it goes into
 * @word: it; not used of CONF_FLAG
 *
 * Return: 0 or -errno.
 */
int conf_value(struct conf_line *l, const char *what,
	       const struct conf_option *o, void *base, const char *word)
{
	void *to = (char *)base + o->offset;

	switch (o->kind) {
	case CONF_FLAG:
		*(bool *)to = true;
		return 0;
	case CONF_INT:
	case CONF_U16:
	case CONF_U32:
	case CONF_U64:
		return set_integer(l, what, o, to, word);
	case CONF_NUMBER:
		return set_number(l, what, o, to, word);
	case CONF_NEAR_INT:
	case CONF_NEAR_NUMBER:
		return set_nearest(l, what, o, to, word);
	case CONF_TEXT:
		return conf_string(l, to, word);
	case CONF_WORD:
		return set_word(l, what, to, word);
	case CONF_LINK:
		return set_link(l, what, to, word);
	case CONF_REFID:
		return set_refid(l, what, to, word);
	case CONF_HEX:
		return set_extfield(l, what, base, word);
	case CONF_OCTAL:
		return set_octal(l, what, to, word);
	case CONF_CHOICE:
		return set_choice(l, what, o, to, word);
	}
	return conf_fail(l, "%sthere is no such kind of value", what);
}

static int unknown_option(struct conf_line *l, const char *word)
{
	if (strchr("#!;%", *word))
		return conf_fail(l,
			"'%.60s' is not an option of it: a comment has a line of its own",
			word);
	return conf_fail(l, "'%.60s' is not an option of it", word);
}

/**
 * conf_options() - the options of a line
 * @l: it
 * @first: the words before are none
 * @table: ends where there is no name
 * @base: struct they go into; what is said twice counts the second time
 *
 * Return: 0 or -errno.
 */
int conf_options(struct conf_line *l, size_t first,
		 const struct conf_option *table, void *base)
{
	const struct conf_option *o;
	char what[48];
	size_t i;
	int err;

	for (i = first; i < l->n; i++) {
		for (o = table; o->name; o++)
			if (!strcasecmp(l->word[i], o->name))
				break;
		if (!o->name)
			return unknown_option(l, l->word[i]);
		snprintf(what, sizeof(what), "%s: ", o->name);
		if (o->kind != CONF_FLAG && ++i == l->n)
			return conf_fail(l, "%sits value is missing", what);
		err = conf_value(l, what, o, base, l->word[i]);
		if (err)
			return err;
	}
	return 0;
}

/**
 * conf_count() - whether there are as many words as there have to be
 * @l: line
 * @min: words besides the directive
 * @max: likewise
 * @wants: what they are, such as "THRESHOLD LIMIT"
 *
 * Return: 0 or -EINVAL.
 */
int conf_count(struct conf_line *l, size_t min, size_t max, const char *wants)
{
	if (l->n - 1 < min)
		return conf_fail(l, "%s: a word is missing", wants);
	if (l->n - 1 > max)
		return conf_fail(l, "'%.60s' is one word too many",
				 l->word[1 + max]);
	return 0;
}
