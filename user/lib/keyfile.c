// SPDX-License-Identifier: GPL-2.0
#include "keyfile.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	uint16_t len;	/* of a secret; 0: any */
} types[KNTP_KEY_TYPE_MAX + 1] = {
	[KNTP_KEY_MD5] = { "MD5", 0 },
	[KNTP_KEY_SHA1] = { "SHA1", 0 },
	[KNTP_KEY_SHA256] = { "SHA256", 0 },
	[KNTP_KEY_SHA512] = { "SHA512", 0 },
	[KNTP_KEY_AES128] = { "AES128", 16 },
	[KNTP_KEY_AES256] = { "AES256", 32 },
};

uint8_t keyfile_type(const char *word)
{
	uint8_t type;

	for (type = 1; type <= KNTP_KEY_TYPE_MAX; type++)
		if (!strcasecmp(word, types[type].name))
			return type;
	return 0;
}

const char *keyfile_type_name(uint8_t type)
{
	return type && type <= KNTP_KEY_TYPE_MAX ? types[type].name : "?";
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int take_hex(const char *hex, struct keyfile_key *key, char *why)
{
	size_t i, n = strlen(hex);

	if (n % 2 || n > 2 * sizeof(key->secret)) {
		snprintf(why, KEYFILE_WHY,
			 "the secret is not up to %zu pairs of hexadecimal digits",
			 sizeof(key->secret));
		return -1;
	}
	for (i = 0; i < n; i += 2) {
		int high = hex_digit(hex[i]), low = hex_digit(hex[i + 1]);

		if (high < 0 || low < 0) {
			snprintf(why, KEYFILE_WHY,
				 "character %zu of the secret is not a hexadecimal digit",
				 high < 0 ? i + 1 : i + 2);
			return -1;
		}
		key->secret[i / 2] = (uint8_t)(high << 4 | low);
	}
	key->len = (uint16_t)(n / 2);
	return 0;
}

int keyfile_secret(const char *word, struct keyfile_key *key, char *why)
{
	size_t len;

	if (!strncmp(word, "HEX:", 4)) {
		if (take_hex(word + 4, key, why))
			return -1;
	} else {
		if (!strncmp(word, "ASCII:", 6))
			word += 6;
		len = strlen(word);
		if (len > sizeof(key->secret)) {
			snprintf(why, KEYFILE_WHY,
				 "the secret is longer than %zu octets",
				 sizeof(key->secret));
			return -1;
		}
		memcpy(key->secret, word, len);
		key->len = (uint16_t)len;
	}
	if (!key->len) {
		snprintf(why, KEYFILE_WHY, "the secret is empty");
		return -1;
	}
	if (types[key->type].len && key->len != types[key->type].len) {
		snprintf(why, KEYFILE_WHY,
			 "the secret has %u octets, a key of %s has %u", key->len,
			 types[key->type].name, types[key->type].len);
		return -1;
	}
	return 0;
}

/* 1: a key; 0: nothing; -1. "ID KEY" is of MD5. */
static int take_line(char *line, struct keyfile_key *key, char *why)
{
	static const char blank[] = " \t\r\n";
	char *save, *id, *type, *secret;
	char buf[UNITS_WHY];
	uint64_t number;
	const char *bad;

	id = strtok_r(line, blank, &save);
	if (!id || strchr("#;!%", *id))
		return 0;
	bad = uint_parse(id, 1, UINT32_MAX, &number, buf);
	if (bad) {
		snprintf(why, KEYFILE_WHY, "'%.20s' %s", id, bad);
		return -1;
	}
	key->id = (uint32_t)number;
	type = strtok_r(NULL, blank, &save);
	if (!type) {
		snprintf(why, KEYFILE_WHY, "key %u has no secret", key->id);
		return -1;
	}
	secret = strtok_r(NULL, blank, &save);
	key->type = secret ? keyfile_type(type) : KNTP_KEY_MD5;
	if (!key->type) {
		snprintf(why, KEYFILE_WHY,
			 "'%.20s' is none of MD5, SHA1, SHA256, SHA512, AES128 and AES256",
			 type);
		return -1;
	}
	if (secret && strtok_r(NULL, blank, &save)) {
		snprintf(why, KEYFILE_WHY, "key %u: more words than identifier, type and secret",
			 key->id);
		return -1;
	}
	return keyfile_secret(secret ? secret : type, key, why) ? -1 : 1;
}

/* Keys of a file that is being read, which are not sorted yet. */
struct reading {
	struct keyfile_key *at;
	size_t n, room;
};

/* What is moved is wiped where it was. */
static int append(struct reading *r, const struct keyfile_key *key)
{
	size_t room = r->room ? 2 * r->room : 16;
	struct keyfile_key *at;

	if (r->n == r->room) {
		at = calloc(room, sizeof(*at));
		if (!at)
			return -1;
		if (r->n)
			memcpy(at, r->at, r->n * sizeof(*at));
		if (r->at)
			explicit_bzero(r->at, r->n * sizeof(*at));
		free(r->at);
		r->at = at;
		r->room = room;
	}
	r->at[r->n++] = *key;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct keyfile_key *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

/*
 * Bottom-up merge sort: stable, so that the later of two keys with one
 * identifier stays behind the other. qsort(3) promises neither that nor that
 * it leaves no copy of the secrets on the heap.
 */
static int merge_sort(struct reading *r)
{
	struct keyfile_key *to, *from = r->at, *spare;
	size_t width, i, a, b, k;

	to = spare = calloc(r->n, sizeof(*to));
	if (!to)
		return -1;
	for (width = 1; width < r->n; width *= 2) {
		for (i = 0, k = 0; i < r->n; i += 2 * width) {
			size_t mid = i + width < r->n ? i + width : r->n;
			size_t end = mid + width < r->n ? mid + width : r->n;

			for (a = i, b = mid; a < mid || b < end; k++)
				to[k] = b == end || (a < mid &&
					from[a].id <= from[b].id) ?
					from[a++] : from[b++];
		}
		spare = from;
		from = to;
		to = spare;
	}
	explicit_bzero(to, r->n * sizeof(*to));
	free(to);
	r->at = from;
	return 0;
}

static int sort(struct reading *r, struct keyfile *keys)
{
	int err = r->n > 1 ? merge_sort(r) : 0;
	size_t i, n = 0;

	for (i = 0; i < r->n; i++)
		if (i + 1 == r->n || r->at[i].id != r->at[i + 1].id)
			r->at[n++] = r->at[i];
	if (n < r->n)
		explicit_bzero(r->at + n, (r->n - n) * sizeof(*r->at));
	keys->at = r->at;
	keys->n = n;
	return err;
}

static int read_lines(FILE *file, const char *path, struct reading *keys,
		      void (*skipped)(const char *why), char *why)
{
	char *line = NULL, reason[KEYFILE_WHY];
	struct keyfile_key key;
	unsigned int number = 0;
	int found = 0, err = 0;
	size_t room = 0;

	while (!err && getline(&line, &room, file) >= 0) {
		number++;
		memset(&key, 0, sizeof(key));
		found = take_line(line, &key, reason);
		if (found < 0) {
			snprintf(why, KEYFILE_WHY, "%.60s:%u: %.80s", path,
				 number, reason);
			if (skipped)
				skipped(why);
			else
				err = -1;
		} else if (found && append(keys, &key)) {
			snprintf(why, KEYFILE_WHY, "%.60s: %s", path,
				 strerror(ENOMEM));
			err = -1;
		}
	}
	if (line)
		explicit_bzero(line, room);
	free(line);
	explicit_bzero(&key, sizeof(key));
	return err;
}

int keyfile_read_good(const char *path, struct keyfile *keys,
		      void (*skipped)(const char *why), char *why)
{
	struct reading r = { NULL, 0, 0 };
	FILE *file = fopen(path, "re");
	int err;

	*keys = (struct keyfile){ NULL, 0 };
	if (!file) {
		snprintf(why, KEYFILE_WHY, "%.60s: %s", path, strerror(errno));
		return -1;
	}
	/* Not in a buffer of which nobody knows when it is used again. */
	setvbuf(file, NULL, _IONBF, 0);
	err = read_lines(file, path, &r, skipped, why);
	if (!err && ferror(file)) {
		snprintf(why, KEYFILE_WHY, "%.60s: cannot be read", path);
		err = -1;
	}
	fclose(file);
	if (sort(&r, keys) && !err) {
		snprintf(why, KEYFILE_WHY, "%.60s: %s", path, strerror(ENOMEM));
		err = -1;
	}
	if (err)
		keyfile_free(keys);
	return err;
}

int keyfile_read(const char *path, struct keyfile *keys, char *why)
{
	return keyfile_read_good(path, keys, NULL, why);
}

const struct keyfile_key *keyfile_find(const struct keyfile *keys, uint32_t id)
{
	const struct keyfile_key key = { .id = id };

	return keys->n ? bsearch(&key, keys->at, keys->n, sizeof(*keys->at),
				 by_id) : NULL;
}

void keyfile_free(struct keyfile *keys)
{
	if (keys->at)
		explicit_bzero(keys->at, keys->n * sizeof(*keys->at));
	free(keys->at);
	*keys = (struct keyfile){ NULL, 0 };
}
