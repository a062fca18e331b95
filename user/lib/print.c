// SPDX-License-Identifier: GPL-2.0
#include "print.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX	8
#define LABEL_WIDTH	24

enum kind { OBJECT, LIST, ROW };

/*
 * The outermost object, and a list directly in it, are written as they come
 * (json NULL), so that a million rows never stand in memory; what lies deeper
 * is collected in a json-c value first.
 */
struct level {
	enum kind kind;
	const char *key;
	struct json_object *json;
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

static char buffer[64 * 1024];

void pr_init(enum pr_format format, bool pretty)
{
	memset(&pr, 0, sizeof(pr));
	pr.format = format;
	pr.pretty = pretty;
	/* A long list leaves in fewer pieces than stdio would make of it. */
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

static struct level *top(void)
{
	return &pr.level[pr.depth - 1];
}

static void newline(int depth)
{
	if (pr.pretty)
		printf("\n%*s", depth * 2, "");
}

/* What goes before a member of a container that is written as it comes. */
static void member(struct level *l, int depth, const char *key)
{
	if (!l->empty)
		putchar(',');
	l->empty = false;
	newline(depth);
	if (key)
		printf(pr.pretty ? "\"%s\": " : "\"%s\":", key);
}

static void json_write(struct json_object *value, int depth)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;
	const char *s;

	if (pr.pretty)
		flags |= JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;
	s = json_object_to_json_string_ext(value, flags);
	if (!pr.pretty) {
		fputs(s, stdout);
		return;
	}
	for (; *s; s++) {
		putchar(*s);
		if (*s == '\n')
			printf("%*s", depth * 2, "");
	}
}

/* Takes over VALUE; NULL is JSON's null. */
static void json_add(const char *key, struct json_object *value)
{
	struct level *l = top();

	if (!l->json) {
		member(l, pr.depth, key);
		json_write(value, pr.depth);
		json_object_put(value);
	} else if (l->kind == LIST) {
		json_object_array_add(l->json, value);
	} else {
		json_object_object_add(l->json, key, value);
	}
}

/* A scalar that json-c has just made. */
static void json_scalar(const char *key, struct json_object *value)
{
	if (!value)
		pr.error = -ENOMEM;
	json_add(key, value);
}

static void push(enum kind kind, const char *key)
{
	bool streamed = pr.depth == 0 || (pr.depth == 1 && kind == LIST);
	struct level *l = &pr.level[pr.depth];

	memset(l, 0, sizeof(*l));
	l->kind = kind;
	l->key = key;
	l->empty = true;
	if (pr.format == PR_JSON && streamed) {
		if (pr.depth)
			member(top(), pr.depth, key);
		putchar(kind == LIST ? '[' : '{');
	} else if (pr.format == PR_JSON) {
		l->json = kind == LIST ? json_object_new_array() :
					 json_object_new_object();
		if (!l->json)
			pr.error = -ENOMEM;
	}
	pr.depth++;
}

static void pop(void)
{
	struct level *l = top();

	pr.depth--;
	if (pr.format != PR_JSON)
		return;
	if (l->json) {
		json_add(l->key, l->json);
		return;
	}
	if (!l->empty)
		newline(pr.depth);
	putchar(l->kind == LIST ? ']' : '}');
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
		putchar('\n');
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
	if (pr.format == PR_TEXT && heading && *heading)
		printf("%*s%s\n", indent(), "", heading);
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
		putchar('\n');
}

static void csv(const char *value)
{
	const char *p;

	if (!top()->empty)
		putchar(',');
	top()->empty = false;
	if (!strpbrk(value, ",\"\n")) {
		fputs(value, stdout);
		return;
	}
	putchar('"');
	for (p = value; *p; p++) {
		if (*p == '"')
			putchar('"');
		putchar(*p);
	}
	putchar('"');
}

static void text(const char *label, const char *value)
{
	int n = indent();

	if (!label)
		return;
	if (pr.format == PR_CSV) {
		csv(value);
	} else if (top()->kind != ROW) {
		printf("%*s%-*s %s\n", n, "", LABEL_WIDTH - n, label, value);
	} else {
		if (top()->empty)
			printf("%*s", n, "");
		else
			putchar(' ');
		printf("%s%s%s", label, *label ? " " : "", value);
		top()->empty = false;
	}
}

void pr_u64(const char *key, const char *label, uint64_t value)
{
	char buf[24];

	if (pr.format == PR_JSON) {
		if (key)
			json_scalar(key, json_object_new_uint64(value));
		return;
	}
	snprintf(buf, sizeof(buf), "%" PRIu64, value);
	text(label, buf);
}

void pr_i64(const char *key, const char *label, int64_t value)
{
	char buf[24];

	if (pr.format == PR_JSON) {
		if (key)
			json_scalar(key, json_object_new_int64(value));
		return;
	}
	snprintf(buf, sizeof(buf), "%" PRId64, value);
	text(label, buf);
}

void pr_bool(const char *key, const char *label, bool value)
{
	if (pr.format != PR_JSON)
		text(label, value ? "yes" : "no");
	else if (key)
		json_scalar(key, json_object_new_boolean(value));
}

void pr_text(const char *key, const char *value, const char *label,
	     const char *words)
{
	if (pr.format != PR_JSON)
		text(label, pr.format == PR_CSV && value ? value : words);
	else if (key && value)
		json_scalar(key, json_object_new_string(value));
	else if (key)
		json_add(key, NULL);
}

void pr_str(const char *key, const char *label, const char *value)
{
	pr_text(key, value, label, value);
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
	text(label, buf);
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
	if (pr.format == PR_TEXT)
		printf("%*s%s\n", indent() + 4, "", sentence);
}

int pr_flush(void)
{
	errno = 0;
	if ((fflush(stdout) || ferror(stdout)) && !pr.error)
		pr.error = errno ? -errno : -EIO;
	return pr.error;
}
