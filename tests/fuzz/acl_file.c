// SPDX-License-Identifier: GPL-2.0
/* The file of `kntp acl load`. Input: the file. */
#include "must.h"
#include "../../user/ctl/acl_load.c"

static void check_entry(const struct acl_entry *e)
{
	const struct prefix *p = &e->prefix;
	unsigned int i;

	MUST(e->verdict >= KNTP_VERDICT_ALLOW &&
	     e->verdict <= KNTP_VERDICT_MAX);
	MUST(e->line >= 1);
	MUST(p->size == 4 || p->size == 16);
	MUST(p->len <= 8 * p->size);
	for (i = p->len; i < 8 * sizeof(p->addr); i++)
		MUST(!(p->addr[i / 8] >> (7 - i % 8) & 1));
}

static int parse(struct acl_entries *list, const void *data, size_t size)
{
	FILE *file = fmemopen((void *)data, size, "r");
	int status;

	MUST(file);
	status = file_parse(list, file, "input");
	fclose(file);
	return status;
}

/* The list written out again is the same list. */
static void check_same(const struct acl_entries *list)
{
	struct acl_entries again = { 0 };
	char on[PREFIX_TEXT];
	char *text = NULL;
	size_t size, i;
	FILE *file;

	file = open_memstream(&text, &size);
	MUST(file);
	for (i = 0; i < list->n; i++)
		fprintf(file, "%s %s\n", verdict_name(list->at[i].verdict),
			prefix_format(&list->at[i].prefix, on));
	fclose(file);
	MUST(!size || parse(&again, text, size) == 0);
	MUST(again.n == list->n);
	for (i = 0; i < list->n; i++) {
		MUST(!memcmp(&again.at[i].prefix, &list->at[i].prefix,
			     sizeof(struct prefix)));
		MUST(again.at[i].verdict == list->at[i].verdict);
	}
	acl_free(&again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acl_entries list = { 0 };
	size_t i;

	if (!size)
		return 0;
	if (parse(&list, data, size) == 0) {
		for (i = 0; i < list.n; i++)
			check_entry(&list.at[i]);
		check_same(&list);
	}
	acl_free(&list);
	return 0;
}
