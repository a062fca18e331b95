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

/* As chronyd: one bad line, or a type that is not known, is no other's loss. */
static void skipped(const char *why)
{
	log_msg(LOG_WARNING, "keyfile: %s: the line is not used", why);
}

/* Say how kntpd gets to read what belongs to root or to chronyd. */
static const char *hint(const char *path)
{
	return access(path, R_OK) && errno == EACCES ?
	       ": let kntpd's user read it (chgrp kntp, chmod 640)" : "";
}

int keys_prepare(const char *path, struct keyfile *to, char *why)
{
	struct keyfile file = { NULL, 0 };
	char reason[KEYFILE_WHY];

	/* Debian's own configuration names one that need not be there. */
	if (path && access(path, F_OK) && errno == ENOENT) {
		log_msg(LOG_WARNING, "%s: there is no such key file", path);
	} else if (path && keyfile_read_good(path, &file, skipped, reason)) {
		snprintf(why, KEYS_WHY, "keyfile: %s%s", reason, hint(path));
		return -EINVAL;
	}
	*to = file;
	return 0;
}

void keys_take(const char *path, struct keyfile *from)
{
	keyfile_free(&keys.file);
	keys.file = *from;
	keys.are_ours = path;
	*from = (struct keyfile){ NULL, 0 };
}

int keys_read(const char *path, char *why)
{
	struct keyfile file;
	int err = keys_prepare(path, &file, why);

	if (!err)
		keys_take(path, &file);
	return err;
}

const struct keyfile *keys_held(void)
{
	return keys.are_ours ? &keys.file : NULL;
}

const struct keyfile_key *keys_find(uint32_t id)
{
	return keyfile_find(&keys.file, id);
}

void keys_forget(void)
{
	keyfile_free(&keys.file);
	keys.are_ours = false;
}
