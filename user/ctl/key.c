// SPDX-License-Identifier: GPL-2.0
/* Symmetric keys: what goes in is never shown. */
#include "ctl.h"
#include "keyfile.h"
#include "names.h"
#include "print.h"
#include "units.h"

#include <errno.h>
#include <linux/kntp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_id(const struct ctl *ctl, const char *word, uint32_t *id)
{
	char buf[UNITS_WHY];
	uint64_t number = 0;
	const char *why = uint_parse(word, 1, UINT32_MAX, &number, buf);

	*id = (uint32_t)number;
	return why ? ctl_usage(ctl, "'%s' %s", word, why) : 0;
}

static int set_key(struct ctl *ctl, const struct keyfile_key *key)
{
	struct nlmsghdr *nlh = nl_begin(&ctl->nl, KNTP_CMD_KEY_SET, key_attrs);
	struct nlattr *secret;
	char on[16];
	int err;

	mnl_attr_put_u32(nlh, KNTP_A_KEY_ID, key->id);
	mnl_attr_put_u8(nlh, KNTP_A_KEY_TYPE, key->type);
	secret = mnl_nlmsg_get_payload_tail(nlh);
	mnl_attr_put(nlh, KNTP_A_KEY_SECRET, key->len, key->secret);
	err = nl_do(&ctl->nl, NULL, NULL);
	explicit_bzero(mnl_attr_get_payload(secret), key->len);
	*decimal_append(on, key->id, 1) = '\0';
	return ctl_result(ctl, err, on);
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
		status = set_key(ctl, &key);
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

/* Those that the module holds: identifiers and types. */
static struct keyfile held;

static int told(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_KEY_MAX + 1];
	struct keyfile_key *at;

	(void)data;
	nl_parse(nlh, tb, KNTP_A_KEY_MAX);
	if (held.n % 64 == 0) {
		at = reallocarray(held.at, held.n + 64, sizeof(*at));
		if (!at)
			return -ENOMEM;
		held.at = at;
	}
	held.at[held.n++] = (struct keyfile_key){
		.id = nl_u32(tb[KNTP_A_KEY_ID]),
		.type = nl_u8(tb[KNTP_A_KEY_TYPE]),
	};
	return 0;
}

static void restart(void *data)
{
	(void)data;
	held.n = 0;
}

static int fetch(struct ctl *ctl)
{
	nl_begin(&ctl->nl, KNTP_CMD_KEY_GET, key_attrs);
	return ctl_result(ctl, nl_dump(&ctl->nl, told, restart, NULL), NULL);
}

static bool has(const struct keyfile *keys, uint32_t id)
{
	size_t i;

	for (i = 0; i < keys->n; i++)
		if (keys->at[i].id == id)
			return true;
	return false;
}

/* The file's keys, and no others: new ones first, so that none is missed. */
int cmd_key_load(struct ctl *ctl, int argc, char **argv)
{
	char why[KEYFILE_WHY];
	struct keyfile keys;
	struct nlmsghdr *nlh;
	int status;
	size_t i;

	if (argc != 1)
		return ctl_usage(ctl, "one FILE is wanted");
	if (keyfile_read(argv[0], &keys, why))
		return ctl_failed(ctl, "%s", why);
	status = ctl_open(ctl);
	if (!status)
		status = fetch(ctl);
	for (i = 0; !status && i < keys.n; i++)
		status = set_key(ctl, &keys.at[i]);
	for (i = 0; !status && i < held.n; i++) {
		if (has(&keys, held.at[i].id))
			continue;
		nlh = nl_begin(&ctl->nl, KNTP_CMD_KEY_DEL, key_attrs);
		mnl_attr_put_u32(nlh, KNTP_A_KEY_ID, held.at[i].id);
		status = ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
	}
	keyfile_free(&keys);
	keyfile_free(&held);
	return status;
}

int cmd_key_show(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);
	size_t i;

	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = fetch(ctl);
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
