// SPDX-License-Identifier: GPL-2.0
#include "keyload.h"
#include "names.h"

#include <errno.h>
#include <linux/kntp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int keyload_set(struct nl *nl, const struct keyfile_key *key)
{
	struct nlmsghdr *nlh = nl_begin(nl, KNTP_CMD_KEY_SET, key_attrs);
	struct nlattr *secret;
	int err;

	mnl_attr_put_u32(nlh, KNTP_A_KEY_ID, key->id);
	mnl_attr_put_u8(nlh, KNTP_A_KEY_TYPE, key->type);
	secret = mnl_nlmsg_get_payload_tail(nlh);
	mnl_attr_put(nlh, KNTP_A_KEY_SECRET, key->len, key->secret);
	err = nl_do(nl, NULL, NULL);
	explicit_bzero(mnl_attr_get_payload(secret), key->len);
	return err;
}

static int told(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_KEY_MAX + 1];
	struct keyfile *held = data;
	struct keyfile_key *at;

	nl_parse(nlh, tb, KNTP_A_KEY_MAX);
	if (held->n % 64 == 0) {
		at = reallocarray(held->at, held->n + 64, sizeof(*at));
		if (!at)
			return -ENOMEM;
		held->at = at;
	}
	held->at[held->n++] = (struct keyfile_key){
		.id = nl_u32(tb[KNTP_A_KEY_ID]),
		.type = nl_u8(tb[KNTP_A_KEY_TYPE]),
	};
	return 0;
}

static void restart(void *data)
{
	keyfile_free(data);
}

int keyload_fetch(struct nl *nl, struct keyfile *held)
{
	*held = (struct keyfile){ NULL, 0 };
	nl_begin(nl, KNTP_CMD_KEY_GET, key_attrs);
	return nl_dump(nl, told, restart, held);
}

int keyload(struct nl *nl, const struct keyfile *keys, uint32_t *at)
{
	struct keyfile held;
	int err = keyload_fetch(nl, &held);
	size_t i;

	*at = 0;
	for (i = 0; !err && i < keys->n; i++) {
		*at = keys->at[i].id;
		err = keyload_set(nl, &keys->at[i]);
	}
	for (i = 0; !err && i < held.n; i++) {
		if (keyfile_find(keys, held.at[i].id))
			continue;
		*at = held.at[i].id;
		mnl_attr_put_u32(nl_begin(nl, KNTP_CMD_KEY_DEL, key_attrs),
				 KNTP_A_KEY_ID, *at);
		err = nl_do(nl, NULL, NULL);
	}
	keyfile_free(&held);
	return err;
}
