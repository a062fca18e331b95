// SPDX-License-Identifier: GPL-2.0
#include "print.h"
#include "units.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX	8
#define LABEL_WIDTH	24

enum kind { OBJECT, LIST, ROW };

/* All is written as it comes, so that a million rows never stand in memory. */
struct level {
	enum kind kind;
	bool empty;
	bool heading;
};

static struct {
	enum pr_format format;
	bool pretty;
	int depth;
	int error;
	struct level level[DEPTH_MAX];
} pr;

/*
 * What is written is gathered here: there is one thread, and of a million rows
 * of ten words stdio's own way takes half the time.
 */
static struct {
	char text[64 * 1024];
	size_t n;
} out;

static char buffer[64 * 1024];

void pr_init(enum pr_format format, bool pretty)
{
	memset(&pr, 0, sizeof(pr));
	pr.format = format;
	pr.pretty = pretty;
	/* An error is one of pr_flush(), which knows what it was. */
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
}

enum pr_format pr_format(void)
{
	return pr.format;
}

void pr_compact(void)
{
	pr.pretty = false;
}

static void out_flush(void)
{
	errno = 0;
	if (fwrite(out.text, 1, out.n, stdout) != out.n && !pr.error)
		pr.error = errno ? -errno : -EIO;
	out.n = 0;
}

/* Where to write N characters; fewer than there is room for in all. */
static char *room(size_t n)
{
	char *at;

	if (n > sizeof(out.text) - out.n)
		out_flush();
	at = out.text + out.n;
	out.n += n;
	return at;
}

static void put_char(char c)
{
	*room(1) = c;
}

static void put_octets(const char *text, size_t n)
{
	for (; n > sizeof(out.text); n -= sizeof(out.text)) {
		memcpy(room(sizeof(out.text)), text, sizeof(out.text));
		text += sizeof(out.text);
	}
	memcpy(room(n), text, n);
}

static void put(const char *text)
{
	put_octets(text, strlen(text));
}

static void put_spaces(int n)
{
	for (; n > 0; n--)
		put_char(' ');
}

static struct level *top(void)
{
	return &pr.level[pr.depth - 1];
}

static void newline(int depth)
{
	if (!pr.pretty)
		return;
	put_char('\n');
	put_spaces(depth * 2);
}

/* Most are an octet long, which a call takes longer for. */
static void copy_value(char *to, const char *value, size_t n)
{
	if (n == 1)
		*to = *value;
	else
		memcpy(to, value, n);
}

/* A member of an object, or an element of a list; VALUE: what it begins with. */
static void member(const char *key, const char *value, size_t n_value)
{
	struct level *l = top();
	bool comma = !l->empty;
	size_t n;
	char *to;

	l->empty = false;
	if (pr.pretty || !key || l->kind == LIST) {
		if (comma)
			put_char(',');
		comma = false;
		newline(pr.depth);
	}
	if (!key || l->kind == LIST) {
		put_octets(value, n_value);
		return;
	}
	/* At once, since most of what is written goes this way. */
	n = strlen(key);
	to = room(n + 3 + comma + pr.pretty + n_value);
	if (comma)
		*to++ = ',';
	*to++ = '"';
	to = mempcpy(to, key, n);
	*to++ = '"';
	*to++ = ':';
	if (pr.pretty)
		*to++ = ' ';
	copy_value(to, value, n_value);
}

/* How many octets it has, if none of them must be escaped. */
static bool is_plain(const char *s, size_t *n)
{
	const char *p = s;

	while (*p >= ' ' && *p <= '~' && *p != '"' && *p != '\\')
		p++;
	*n = (size_t)(p - s);
	return !*p;
}

/* As json-c has it, which knows what must be escaped. */
static void json_string(const char *key, const char *value)
{
	struct json_object *string;
	size_t n;
	bool plain = is_plain(value, &n);

	member(key, "\"", plain);
	if (plain) {
		put_octets(value, n);
		put_char('"');
		return;
	}
	string = json_object_new_string(value);
	if (!string) {
		pr.error = -ENOMEM;
		return;
	}
	put(json_object_to_json_string_ext(string,
					   JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(string);
}

static void json_word(const char *key, const char *word)
{
	if (key)
		member(key, word, strlen(word));
}

static void push(enum kind kind, const char *key)
{
	struct level *l = &pr.level[pr.depth];

	if (pr.format == PR_JSON) {
		if (pr.depth)
			member(key, "", 0);
		put_char(kind == LIST ? '[' : '{');
	}
	*l = (struct level){ .kind = kind, .empty = true };
	pr.depth++;
}

static void pop(void)
{
	struct level *l = top();

	pr.depth--;
	if (pr.format != PR_JSON)
		return;
	if (!l->empty)
		newline(pr.depth);
	put_char(l->kind == LIST ? ']' : '}');
}

void pr_begin(void)
{
	push(OBJECT, NULL);
}

void pr_end(void)
{
	bool line = pr.format == PR_JSON ||
		    (pr.format == PR_CSV && !top()->empty);

	pop();
	if (line)
		put_char('\n');
}

/* Spaces before a line of text: two for each heading it stands under. */
static int indent(void)
{
	int i, n = 0;

	for (i = 0; i < pr.depth; i++)
		n += pr.level[i].heading ? 2 : 0;
	return n;
}

static void headed(enum kind kind, const char *key, const char *heading)
{
	if (pr.format == PR_TEXT && heading && *heading) {
		put_spaces(indent());
		put(heading);
		put_char('\n');
	}
	push(kind, key);
	top()->heading = heading;
}

void pr_object(const char *key, const char *heading)
{
	headed(OBJECT, key, heading);
}

void pr_object_end(void)
{
	pop();
}

void pr_list(const char *key, const char *heading)
{
	headed(LIST, key, heading);
}

void pr_list_end(void)
{
	pop();
}

void pr_row(void)
{
	push(ROW, NULL);
}

void pr_row_end(void)
{
	bool line = pr.format != PR_JSON || pr.depth == 1;

	pop();
	if (line)
		put_char('\n');
}

static void csv_next(void)
{
	struct level *l = top();

	if (!l->empty)
		put_char(',');
	l->empty = false;
}

static void csv(const char *value)
{
	const char *p;

	csv_next();
	for (p = value; *p && *p != ',' && *p != '"' && *p != '\n'; p++)
		;
	if (!*p) {
		put(value);
		return;
	}
	put_char('"');
	for (p = value; *p; p++) {
		if (*p == '"')
			put_char('"');
		put_char(*p);
	}
	put_char('"');
}

static void text_label_alone(const char *label)
{
	int n = indent();

	put_spaces(n);
	put(label);
	put_spaces(LABEL_WIDTH - n - (int)strlen(label));
	put_char(' ');
}

static void text_word(const char *label, const char *value, size_t n_value)
{
	struct level *l = top();
	size_t n = strlen(label);
	char *to;

	if (l->empty)
		put_spaces(indent());
	to = room(n + !l->empty + !!n + n_value);
	if (!l->empty)
		*to++ = ' ';
	to = mempcpy(to, label, n);
	if (n)
		*to++ = ' ';
	copy_value(to, value, n_value);
	l->empty = false;
}

static void text(const char *label, const char *value)
{
	if (!label)
		return;
	if (pr.format == PR_CSV) {
		csv(value);
	} else if (top()->kind == ROW) {
		text_word(label, "", 0);
		put(value);
	} else {
		text_label_alone(label);
		put(value);
		put_char('\n');
	}
}

/* Nothing of it needs quotes; END is behind it. */
static void number(const char *key, const char *label, const char *word,
		   const char *end)
{
	size_t n = (size_t)(end - word);

	if (pr.format == PR_JSON ? !key : !label)
		return;
	if (pr.format == PR_JSON) {
		member(key, word, n);
	} else if (pr.format == PR_CSV) {
		csv_next();
		put_octets(word, n);
	} else if (top()->kind == ROW) {
		text_word(label, word, n);
	} else {
		text_label_alone(label);
		put_octets(word, n);
		put_char('\n');
	}
}

void pr_u64(const char *key, const char *label, uint64_t value)
{
	char buf[24];

	number(key, label, buf, decimal_append(buf, value, 1));
}

void pr_i64(const char *key, const char *label, int64_t value)
{
	char buf[24] = "-", *end;

	end = decimal_append(buf + (value < 0),
			     value < 0 ? -(uint64_t)value : (uint64_t)value, 1);
	number(key, label, buf, end);
}

void pr_bool(const char *key, const char *label, bool value)
{
	if (pr.format != PR_JSON)
		text(label, value ? "yes" : "no");
	else
		json_word(key, value ? "true" : "false");
}

void pr_text(const char *key, const char *value, const char *label,
	     const char *words)
{
	if (pr.format != PR_JSON)
		text(label, pr.format == PR_CSV && value ? value : words);
	else if (key && value)
		json_string(key, value);
	else
		json_word(key, "null");
}

void pr_str(const char *key, const char *label, const char *value)
{
	pr_text(key, value, label, value);
}

void pr_word(const char *key, const char *label, const char *word)
{
	char quoted[PR_WORD + 2] = "\"", *end;

	if (pr.format != PR_JSON) {
		number(key, label, word, word + strlen(word));
		return;
	}
	end = memccpy(quoted + 1, word, '\0', PR_WORD);
	*(end - 1) = '"';
	member(key, quoted, (size_t)(end - quoted));
}

void pr_ns(const char *key, const char *label, uint64_t ns)
{
	char buf[DURATION_TEXT + 2];

	if (pr.format == PR_JSON) {
		pr_u64(key, NULL, ns);
		return;
	}
	duration_format(ns, buf);
	if (pr.format == PR_TEXT)
		strcat(buf, " s");
	number(key, label, buf, buf + strlen(buf));
}

void pr_ms(const char *key, const char *label, uint32_t ms)
{
	char buf[32], *to;

	to = decimal_append(buf, pr.format == PR_JSON ? ms : ms / 1000, 1);
	if (pr.format != PR_JSON) {
		*to++ = '.';
		to = decimal_append(to, ms % 1000, 3);
	}
	if (pr.format == PR_TEXT)
		to = mempcpy(to, " s", 2);
	else if (ms || pr.format == PR_CSV)
		to = mempcpy(to, "000000", 6);
	number(key, label, buf, to);
}

void pr_time(const char *key, const char *label, int64_t ns)
{
	char buf[TIME_TEXT];

	if (pr.format == PR_JSON)
		pr_i64(key, NULL, ns);
	else
		text(label, time_format(ns, buf));
}

void pr_note(const char *sentence)
{
	if (pr.format != PR_TEXT)
		return;
	put_spaces(indent() + 4);
	put(sentence);
	put_char('\n');
}

int pr_flush(void)
{
	out_flush();
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && !pr.error)
		pr.error = errno ? -errno : -EIO;
	return pr.error;
}
