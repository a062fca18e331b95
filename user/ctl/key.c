// SPDX-License-Identifier: GPL-2.0
/* Symmetric keys: what goes in is never shown. */
#include "ctl.h"
#include "keyload.h"
#include "names.h"
#include "print.h"
#include "units.h"

#include <errno.h>
#include <linux/kntp.h>
#include <stdio.h>
#include <string.h>

static int parse_id(const struct ctl *ctl, const char *word, uint32_t *id)
{
	char buf[UNITS_WHY];
	uint64_t number = 0;
	const char *why = uint_parse(word, 1, UINT32_MAX, &number, buf);

	*id = (uint32_t)number;
	return why ? ctl_usage(ctl, "'%s' %s", word, why) : 0;
}

/* The first line of a file, "-" of standard input. */
static int read_secret(const struct ctl *ctl, const char *path,
		       struct keyfile_key *key)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char line[2 * KNTP_KEY_SECRET_MAX + 16] = "", why[KEYFILE_WHY];
	int status = 0;

	if (!file)
		return ctl_failed(ctl, "%s: %s", path, strerror(errno));
	if (file != stdin)
		setvbuf(file, NULL, _IONBF, 0);
	if (!fgets(line, sizeof(line), file) && ferror(file))
		status = ctl_failed(ctl, "%s: %s", path, strerror(errno));
	if (file != stdin)
		fclose(file);
	line[strcspn(line, "\r\n")] = '\0';
	if (!status && keyfile_secret(line, key, why))
		status = ctl_failed(ctl, "%s: %s", path, why);
	explicit_bzero(line, sizeof(line));
	return status;
}

int cmd_key_add(struct ctl *ctl, int argc, char **argv)
{
	struct keyfile_key key = { .id = 0 };
	int status;

	if (argc != 4 || strcmp(argv[2], "file"))
		return ctl_usage(ctl, "ID TYPE file FILE are wanted: a secret is not for a command line");
	status = parse_id(ctl, argv[0], &key.id);
	if (status)
		return status;
	key.type = keyfile_type(argv[1]);
	if (!key.type)
		return ctl_usage(ctl, "'%s' is none of MD5, SHA1, SHA256, SHA512, AES128 and AES256",
				 argv[1]);
	status = read_secret(ctl, argv[3], &key);
	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = ctl_result(ctl, keyload_set(&ctl->nl, &key), argv[0]);
	explicit_bzero(&key, sizeof(key));
	return status;
}

int cmd_key_del(struct ctl *ctl, int argc, char **argv)
{
	struct nlmsghdr *nlh;
	uint32_t id = 0;
	int status = 0;

	if (argc != 1)
		return ctl_usage(ctl, "which one? ID, or all");
	if (strcmp(argv[0], "all"))
		status = parse_id(ctl, argv[0], &id);
	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nlh = nl_begin(&ctl->nl, KNTP_CMD_KEY_DEL, key_attrs);
	if (id)
		mnl_attr_put_u32(nlh, KNTP_A_KEY_ID, id);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), argv[0]);
}

int cmd_key_load(struct ctl *ctl, int argc, char **argv)
{
	char why[KEYFILE_WHY], on[24];
	struct keyfile keys;
	uint32_t at = 0;
	int status, err;

	if (argc != 1)
		return ctl_usage(ctl, "one FILE is wanted");
	if (keyfile_read(argv[0], &keys, why))
		return ctl_failed(ctl, "%s", why);
	status = ctl_open(ctl);
	if (!status) {
		err = keyload(&ctl->nl, &keys, &at);
		snprintf(on, sizeof(on), "key %u", at);
		status = ctl_result(ctl, err, at ? on : NULL);
	}
	keyfile_free(&keys);
	return status;
}

int cmd_key_show(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);
	struct keyfile held = { NULL, 0 };
	size_t i;

	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = ctl_result(ctl, keyload_fetch(&ctl->nl, &held), NULL);
	if (status)
		return status;
	pr_begin();
	pr_list("keys", NULL);
	for (i = 0; i < held.n; i++) {
		pr_row();
		pr_u64("id", "", held.at[i].id);
		pr_str("type", "", keyfile_type_name(held.at[i].type));
		pr_row_end();
	}
	pr_list_end();
	pr_end();
	keyfile_free(&held);
	return 0;
}
