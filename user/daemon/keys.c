// SPDX-License-Identifier: GPL-2.0
#include "keys.h"
#include "keyfile.h"
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

const struct keyfile *keys_held(void)
{
	return keys.are_ours ? &keys.file : NULL;
}

const struct keyfile_key *keys_find(uint32_t id)
{
	size_t i;

	for (i = 0; i < keys.file.n; i++)
		if (keys.file.at[i].id == id)
			return &keys.file.at[i];
	return NULL;
}

void keys_forget(void)
{
	keyfile_free(&keys.file);
	keys.are_ours = false;
}
