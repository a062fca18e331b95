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

static int append(struct keyfile *keys, const struct keyfile_key *key)
{
	struct keyfile_key *at;
	size_t i;

	for (i = 0; i < keys->n && keys->at[i].id != key->id; i++)
		;
	if (i < keys->n) {
		keys->at[i] = *key;
		return 0;
	}
	/* One by one: what is moved is wiped where it was. */
	at = calloc(keys->n + 1, sizeof(*at));
	if (!at)
		return -1;
	if (keys->n)
		memcpy(at, keys->at, keys->n * sizeof(*at));
	at[keys->n] = *key;
	i = keys->n + 1;
	keyfile_free(keys);
	keys->at = at;
	keys->n = i;
	return 0;
}

static int read_lines(FILE *file, const char *path, struct keyfile *keys,
		      char *why)
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

int keyfile_read(const char *path, struct keyfile *keys, char *why)
{
	FILE *file = fopen(path, "re");
	int err;

	*keys = (struct keyfile){ NULL, 0 };
	if (!file) {
		snprintf(why, KEYFILE_WHY, "%.60s: %s", path, strerror(errno));
		return -1;
	}
	/* Not in a buffer of which nobody knows when it is used again. */
	setvbuf(file, NULL, _IONBF, 0);
	err = read_lines(file, path, keys, why);
	if (!err && ferror(file)) {
		snprintf(why, KEYFILE_WHY, "%.60s: cannot be read", path);
		err = -1;
	}
	fclose(file);
	if (err)
		keyfile_free(keys);
	return err;
}

void keyfile_free(struct keyfile *keys)
{
	if (keys->at)
		explicit_bzero(keys->at, keys->n * sizeof(*keys->at));
	free(keys->at);
	*keys = (struct keyfile){ NULL, 0 };
}
