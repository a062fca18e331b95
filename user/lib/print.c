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

/* What goes before a member of an object, or an element of a list. */
static void member(const char *key)
{
	struct level *l = top();

	if (!l->empty)
		putchar(',');
	l->empty = false;
	newline(pr.depth);
	if (key && l->kind != LIST)
		printf(pr.pretty ? "\"%s\": " : "\"%s\":", key);
}

/* As json-c has it, which knows what must be escaped. */
static void json_string(const char *key, const char *value)
{
	struct json_object *string = json_object_new_string(value);

	if (!string) {
		pr.error = -ENOMEM;
		return;
	}
	member(key);
	fputs(json_object_to_json_string_ext(string,
					     JSON_C_TO_STRING_NOSLASHESCAPE),
	      stdout);
	json_object_put(string);
}

static void json_word(const char *key, const char *word)
{
	if (!key)
		return;
	member(key);
	fputs(word, stdout);
}

static void push(enum kind kind, const char *key)
{
	struct level *l = &pr.level[pr.depth];

	if (pr.format == PR_JSON) {
		if (pr.depth)
			member(key);
		putchar(kind == LIST ? '[' : '{');
	}
	memset(l, 0, sizeof(*l));
	l->kind = kind;
	l->empty = true;
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

	snprintf(buf, sizeof(buf), "%" PRIu64, value);
	if (pr.format == PR_JSON)
		json_word(key, buf);
	else
		text(label, buf);
}

void pr_i64(const char *key, const char *label, int64_t value)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%" PRId64, value);
	if (pr.format == PR_JSON)
		json_word(key, buf);
	else
		text(label, buf);
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
