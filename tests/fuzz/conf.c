// SPDX-License-Identifier: GPL-2.0
/* The configuration of kntpd. Input: the file, which includes no other. */
#include <unistd.h>

#include "../../user/daemon/conf.h"
#include "words.h"

static bool in(double v, double min, double max)
{
	return v >= min && v <= max;
}

static void check_source(const struct source_conf *s)
{
	MUST(*s->name && memchr(s->name, '\0', sizeof(s->name)));
	MUST(s->port);
	MUST(in(s->minpoll, -7, 24) && in(s->maxpoll, s->minpoll, 24));
	MUST(in(s->presend, -7, 100) && in(s->filter, 0, 32));
	MUST(in(s->version, 0, 4) && in(s->maxsources, 1, 16));
	MUST(in(s->asymmetry, -0.5, 0.5) && in(s->maxdelay, 0, 1000));
	MUST(s->n_extfield <= CONF_EXTFIELDS);
	MUST(!(s->is_pool && s->is_peer) && !(s->ipv4 && s->ipv6));
	MUST(conf_source_equal(s, s));
	if (s->manycast)
		MUST(s->is_pool && !s->key == s->unauthenticated);
	else
		MUST(!s->ttl && !*s->dev && !s->unauthenticated);
}

/* Nobody is believed without a key who was not to be. */
static void check_group(const struct group_conf *g)
{
	MUST(g->port && in(g->ttl, 1, 255) && in(g->version, 1, 4));
	if (g->what == CONF_BROADCAST)
		MUST(in(g->interval, 1, 131072) && g->address.ss_family);
	if (g->what == CONF_BROADCAST_CLIENT)
		MUST(!g->key == g->unauthenticated);
	if (g->what == CONF_MANYCAST_SERVER)
		MUST(conf_is_multicast(&g->address) && !g->key);
}

static void check_access(const struct config *c, const struct access_conf *a)
{
	unsigned int i;

	MUST(a->name <= c->names.n);
	MUST(!a->name || !a->len);
	MUST(a->family == AF_INET || a->family == AF_INET6);
	MUST(a->len <= (a->family == AF_INET ? 32 : 128));
	for (i = a->len; i < 8 * sizeof(a->addr); i++)
		MUST(!(a->addr[i / 8] >> (7 - i % 8) & 1));
}

static void check(const struct config *c)
{
	size_t i;

	MUST(c->sources.n <= CONF_SOURCES_MAX);
	MUST(c->n_refclock <= CONF_REFCLOCKS_MAX);
	MUST(c->n_listen <= CONF_LISTEN_MAX);
	MUST(c->warnings.n <= CONF_WARNINGS_MAX);
	MUST(c->pidfile && c->controlsocket);
	MUST(in(c->port, 0, 65535) && in(c->dscp, 0, 63));
	MUST(in(c->local.stratum, 1, 15) && in(c->maxdistance, 0, 1e6));
	for (i = 0; i < c->sources.n; i++)
		check_source(&c->sources.at[i]);
	for (i = 0; i < c->access.n; i++)
		check_access(c, &c->access.at[i]);
	for (i = 0; i < c->n_group; i++)
		check_group(&c->group[i]);
	for (i = 0; i < c->n_refclock; i++) {
		MUST(*c->refclock[i].parameter && c->refclock[i].refid);
		MUST(in(c->refclock[i].pin, -1, 65535));
	}
	for (i = 0; i < c->n_listen; i++)
		MUST(!*c->listen[i].dev ==
		     (c->listen[i].hook == CONF_HOOK_LOCAL));
}

/*
 * Of the machine it runs on nothing else is read. What is behind a NUL is not
 * read anyway.
 */
static void stay_inside(char *text)
{
	static const char *const words[] = { "include", "dir" };
	size_t i;
	char *p;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (p = text; (p = strcasestr(p, words[i])); p++)
			*p = 'x';
}

static void check_message(const struct conf_error *err)
{
	size_t len = strlen(err->text), i;

	MUST(len && len < sizeof(err->text));
	for (i = 0; i < len; i++)
		MUST((unsigned char)err->text[i] >= ' ');
}

static char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	MUST(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* Each line by itself, as a command line has them. */
static void as_lines(char *text)
{
	const char *line[64];
	struct conf_error err;
	struct source_conf s;
	struct config c;
	size_t n = 0;

	for (line[n++] = text; n < 64; line[n++] = text) {
		text = strchr(text, '\n');
		if (!text)
			break;
		*text++ = '\0';
	}
	if (!conf_source_parse(&s, line[0], &err))
		check_source(&s);
	else
		check_message(&err);
	if (!conf_parse_lines(&c, line, n, &err)) {
		check(&c);
		conf_free(&c);
	} else {
		check_message(&err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	char *text = text_of(data, size);
	struct conf_error err;
	struct config c;
	FILE *file;

	if (!*path)
		snprintf(path, sizeof(path), "/tmp/kntp-fuzz-conf-%d",
			 (int)getpid());
	stay_inside(text);
	file = fopen(path, "w");
	MUST(file && fwrite(text, 1, size, file) == size && !fclose(file));
	if (!conf_read(&c, path, &err)) {
		check(&c);
		conf_free(&c);
	} else {
		check_message(&err);
	}
	unlink(path);
	as_lines(text);
	free(text);
	return 0;
}
