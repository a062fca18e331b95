// SPDX-License-Identifier: GPL-2.0
#include "keys.h"
#include "keyload.h"
#include "log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct {
	struct keyfile file;
	bool are_ours;	/* the module's: there is a file of them */
} keys;

int keys_read(const char *path, char *why)
{
	struct keyfile file = { NULL, 0 };
	char reason[KEYFILE_WHY];

	/* Debian's own configuration names one that need not be there. */
	if (path && access(path, F_OK) && errno == ENOENT) {
		log_msg(LOG_WARNING, "%s: there is no such key file", path);
	} else if (path && keyfile_read(path, &file, reason)) {
		snprintf(why, KEYS_WHY, "keyfile: %s", reason);
		return -EINVAL;
	}
	keyfile_free(&keys.file);
	keys.file = file;
	keys.are_ours = path;
	return 0;
}

void keys_tell(struct nl *nl)
{
	uint32_t at = 0;
	int err;

	if (!keys.are_ours)
		return;
	err = keyload(nl, &keys.file, &at);
	if (!err)
		return;
	errno = -err;
	log_msg(LOG_WARNING, "the kntp module refuses key %u: %m%s%s", at,
		nl->error.text[0] ? ": " : "", nl->error.text);
}

void keys_forget(void)
{
	keyfile_free(&keys.file);
	keys.are_ours = false;
}
