// SPDX-License-Identifier: GPL-2.0
/*
 * acl load: the file is read whole and checked before the kernel hears of it,
 * so that a slow writer holds no transaction open and a mistake costs nothing.
 */
#include "acl.h"
#include "names.h"

#include <errno.h>
#include <linux/kntp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for this much in a message: the kernel copies it in one piece. */
#define MESSAGE_BYTES	(32 * 1024)

static const char *const blank = " \t\r\n";

/* The next word of *LINE, or NULL; *LINE moves behind it. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, blank);
	char *end = word + strcspn(word, blank);

	if (word == end)
		return NULL;
	*line = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static uint8_t verdict_parse(const char *word)
{
	uint8_t v;

	for (v = KNTP_VERDICT_ALLOW; v <= KNTP_VERDICT_MAX; v++)
		if (!strcmp(word, verdict_name(v)))
			return v;
	return KNTP_VERDICT_NONE;
}

/* One line; 0, or -1 with the reason in WHY. */
static int line_parse(struct acl_entries *list, char *line, uint32_t number,
		      char *why)
{
	char *verdict, *prefix, *more;
	uint8_t v;

	line[strcspn(line, "#")] = '\0';
	verdict = next_word(&line);
	if (!verdict)
		return 0;
	v = verdict_parse(verdict);
	if (v == KNTP_VERDICT_NONE) {
		snprintf(why, ADDR_WHY,
			 "'%.60s': is neither allow, auth, deny nor pass", verdict);
		return -1;
	}
	prefix = next_word(&line);
	if (!prefix) {
		snprintf(why, ADDR_WHY, "%s: a PREFIX is missing, or all",
			 verdict);
		return -1;
	}
	more = next_word(&line);
	if (more) {
		snprintf(why, ADDR_WHY, "'%.60s': is one word too many", more);
		return -1;
	}
	return acl_word(list, prefix, v, number, why);
}

static int file_parse(struct acl_entries *list, FILE *file, const char *name)
{
	char *line = NULL, why[ADDR_WHY];
	uint32_t number = 0;
	size_t room = 0;
	int status = 0;
	ssize_t n;

	while (!status && (n = getline(&line, &room, file)) >= 0) {
		number++;
		if (strlen(line) != (size_t)n)
			snprintf(why, sizeof(why), "a NUL byte: this is no text");
		else if (!line_parse(list, line, number, why)) {
			if (list->n <= KNTP_ACL_MAX)
				continue;
			snprintf(why, sizeof(why), "too long: more than %u prefixes",
				 KNTP_ACL_MAX);
		}
		fprintf(stderr, "kntp: %s:%u: %s\n", name, number, why);
		status = EXIT_REFUSED;
	}
	if (!status && ferror(file)) {
		fprintf(stderr, "kntp: %s: %s\n", name, strerror(errno));
		status = EXIT_REFUSED;
	}
	free(line);
	return status;
}

static int simple(struct ctl *ctl, uint8_t cmd)
{
	nl_begin(&ctl->nl, cmd, acl_attrs);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

/* Names the line of the entry that the kernel pointed at, or of the first. */
static int refused(struct ctl *ctl, int err, const struct acl_entry *first,
		   const char *name)
{
	int index = nl_error_index(&ctl->nl, KNTP_A_ACL_ENTRY);
	const struct acl_entry *e = first + (index < 0 ? 0 : index);
	char on[PREFIX_TEXT];

	fprintf(stderr, "kntp: %s:%u: %s: %s\n", name, e->line,
		prefix_format(&e->prefix, on),
		*ctl->nl.error.text ? ctl->nl.error.text : strerror(-err));
	return exit_of(err);
}

/* Closing the socket without a commit throws the new list away. */
static int transaction(struct ctl *ctl, const struct acl_entries *list,
		       const char *name)
{
	int status = simple(ctl, KNTP_CMD_ACL_BEGIN);
	struct nlmsghdr *nlh;
	size_t first, i = 0;
	int err;

	while (!status && i < list->n) {
		first = i;
		nlh = nl_begin(&ctl->nl, KNTP_CMD_ACL_ADD, acl_attrs);
		while (i < list->n &&
		       nlh->nlmsg_len + ACL_ENTRY_BYTES <= MESSAGE_BYTES)
			acl_put(nlh, &list->at[i++], true);
		err = nl_do(&ctl->nl, NULL, NULL);
		if (err)
			status = refused(ctl, err, &list->at[first], name);
	}
	return status ? status : simple(ctl, KNTP_CMD_ACL_COMMIT);
}

int cmd_acl_load(struct ctl *ctl, int argc, char **argv)
{
	struct acl_entries list = { 0 };
	const char *name;
	FILE *file = stdin;
	int status;

	if (!argc)
		return ctl_usage(ctl, "a FILE is missing, or - for standard input");
	status = words_none(ctl, argc - 1, argv + 1);
	if (status)
		return status;
	name = argv[0];
	if (!strcmp(name, "-"))
		name = "<stdin>";
	else
		file = fopen(name, "re");
	if (!file)
		return ctl_failed(ctl, "%s: %s", name, strerror(errno));

	status = file_parse(&list, file, name);
	if (file != stdin)
		fclose(file);
	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = transaction(ctl, &list, name);
	if (!status && ctl->verbose)
		fprintf(stderr, "kntp: acl load: %zu prefixes\n", list.n);
	acl_free(&list);
	return status;
}
