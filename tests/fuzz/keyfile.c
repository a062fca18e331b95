// SPDX-License-Identifier: GPL-2.0
/* Key files. Input: the file. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../user/lib/keyfile.h"
#include "words.h"

static void check_keys(const struct keyfile *keys)
{
	const struct keyfile_key *k;
	size_t i, j;

	for (i = 0; i < keys->n; i++) {
		k = &keys->at[i];
		MUST(k->id && k->len && k->len <= KNTP_KEY_SECRET_MAX);
		MUST(k->type && k->type <= KNTP_KEY_TYPE_MAX);
		MUST(k->type != KNTP_KEY_AES128 || k->len == 16);
		MUST(k->type != KNTP_KEY_AES256 || k->len == 32);
		MUST(keyfile_type(keyfile_type_name(k->type)) == k->type);
		for (j = 0; j < i; j++)
			MUST(keys->at[j].id != k->id);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64], why[KEYFILE_WHY] = "";
	struct keyfile keys;
	int fd = memfd_create("keys", 0);

	MUST(fd >= 0);
	MUST(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (keyfile_read(path, &keys, why)) {
		MUST(!keys.n && !keys.at && strlen(why) &&
		     strlen(why) < KEYFILE_WHY);
	} else {
		check_keys(&keys);
	}
	keyfile_free(&keys);
	MUST(!keys.n && !keys.at);
	close(fd);
	return 0;
}
