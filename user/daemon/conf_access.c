// SPDX-License-Identifier: GPL-2.0
/* allow and deny, and the addresses that sockets are bound to. */
#include "conf_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { METRICS_PORT = 9975 };

/* A whole number up to MAX, digits only. */
static bool small_number(const char *word, size_t len, unsigned int max,
			 unsigned int *value)
{
	unsigned int v = 0;
	size_t i;

	if (!len || len > 3)
		return false;
	for (i = 0; i < len; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		v = v * 10 + (unsigned int)(word[i] - '0');
	}
	*value = v;
	return v <= max;
}

/* "10", "192.0", "192.0.2": as many octets as there are, and no more. */
static bool short_ipv4(const char *text, struct access_conf *a)
{
	unsigned int octet, n = 0;
	uint8_t octets[3];
	size_t len;

	for (;;) {
		len = strcspn(text, ".");
		if (n == 3 || !small_number(text, len, 255, &octet))
			return false;
		octets[n++] = (uint8_t)octet;
		if (!text[len])
			break;
		text += len + 1;
	}
	memcpy(a->addr, octets, n);
	a->family = AF_INET;
	a->len = (uint8_t)(8 * n);
	return true;
}

static bool address(const char *text, struct access_conf *a)
{
	if (inet_pton(AF_INET, text, a->addr) == 1) {
		a->family = AF_INET;
		a->len = 32;
		return true;
	}
	if (inet_pton(AF_INET6, text, a->addr) == 1) {
		a->family = AF_INET6;
		a->len = 128;
		return true;
	}
	return short_ipv4(text, a);
}

static void cut(struct access_conf *a)
{
	unsigned int i;

	for (i = a->len; i < 8 * sizeof(a->addr); i++)
		a->addr[i / 8] &= (uint8_t)~(0x80 >> i % 8);
}

/* Letters are in it: "10.0.0.256" and "fe80::x" are mistakes, and no names. */
static bool is_name(const char *text)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char others[] = "0123456789-_.";
	size_t len = strlen(text), i;

	for (i = 0; i < len; i++)
		if (!strchr(letters, text[i]) && !strchr(others, text[i]))
			return false;
	return text[strcspn(text, letters)];
}

static int host(struct conf_line *l, const char *name, struct access_conf *a)
{
	a->name = (unsigned int)l->c->names.n + 1;
	return conf_keep_string(l, &l->c->names, name, CONF_ACCESS_NAMES);
}

static int prefix(struct conf_line *l, const char *word, struct access_conf *a)
{
	char text[CONF_NAME];
	size_t len = strcspn(word, "/");
	unsigned int bits, max;

	if (len >= sizeof(text))
		return conf_fail(l, "'%.60s' is not an IPv4 or IPv6 address",
				 word);
	memcpy(text, word, len);
	text[len] = '\0';
	if (!address(text, a))
		return word[len] || !is_name(text) ?
		       conf_fail(l, "'%.60s' is not an IPv4 or IPv6 address, nor the name of a host",
				 text) : host(l, text, a);
	max = a->family == AF_INET ? 32 : 128;
	if (word[len]) {
		if (!small_number(word + len + 1, strlen(word + len + 1), max,
				  &bits))
			return conf_fail(l, "'%.60s': the length after '/' is not a number from 0 to %u",
					 word, max);
		a->len = (uint8_t)bits;
	}
	cut(a);
	return 0;
}

static int add(struct conf_line *l, const struct access_conf *a)
{
	bool control = !strncasecmp(l->word[0], "ntpq", 4);
	struct access_list *list = control ? &l->c->cmdaccess : &l->c->access;
	struct access_conf *at = conf_more(l, &list->at, &list->n, &list->room,
					   sizeof(*at), CONF_ACCESS_MAX);

	if (!at)
		return list->n < CONF_ACCESS_MAX ? -ENOMEM : -EINVAL;
	*at = *a;
	return 0;
}

/* [all] [PREFIX] behind allow, deny, ntpqallow and ntpqdeny; allow auth */
int conf_do_allow(struct conf_line *l)
{
	struct access_conf a = { .family = AF_INET };
	size_t i = 1;
	int err;

	a.allow = !strcasecmp(l->word[0], "allow") ||
		  !strcasecmp(l->word[0], "ntpqallow");
	if (i < l->n && !strcasecmp(l->word[0], "allow") &&
	    !strcasecmp(l->word[i], "auth")) {
		a.auth = true;
		i++;
	}
	if (i < l->n && !strcasecmp(l->word[i], "all")) {
		a.all = true;
		i++;
	}
	err = conf_count(l, i - 1, i, "");
	if (err)
		return err;
	if (i < l->n) {
		err = prefix(l, l->word[i], &a);
		return err ? err : add(l, &a);
	}
	err = add(l, &a);
	a.family = AF_INET6;
	return err ? err : add(l, &a);
}

/* An address of this host, with a link where it needs one. */
static bool host_address(const char *word, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *in6 = (void *)to;
	struct sockaddr_in *in = (void *)to;
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(word, "%");

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, word, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		return true;
	}
	if (len >= sizeof(text))
		return false;
	memcpy(text, word, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1)
		return false;
	in6->sin6_family = AF_INET6;
	if (word[len])
		in6->sin6_scope_id = if_nametoindex(word + len + 1);
	return !word[len] || in6->sin6_scope_id;
}

static int bind_acquisition(struct conf_line *l,
			    const struct sockaddr_storage *a)
{
	struct config *c = l->c;
	struct sockaddr_storage *to = a->ss_family == AF_INET ? &c->bindacq4 :
								&c->bindacq6;
	bool again = to->ss_family;

	*to = *a;
	return again ? conf_warn(l, "%.60s: requests leave from one address of a family: this one, not the one before",
				 l->word[1]) : 0;
}

/* bindaddress, of which all count, and bindacqaddress, one of each family. */
int conf_do_bind(struct conf_line *l)
{
	int err = conf_count(l, 1, 1, "ADDRESS");
	struct config *c = l->c;
	struct sockaddr_storage a;

	if (err)
		return err;
	if (!host_address(l->word[1], &a))
		return conf_fail(l, "'%.60s' is not an IPv4 or IPv6 address",
				 l->word[1]);
	if (!strcasecmp(l->word[0], "bindacqaddress"))
		return bind_acquisition(l, &a);
	if (c->n_bind == CONF_BIND_MAX)
		return conf_fail(l, "there are more than %d of them",
				 CONF_BIND_MAX);
	c->bind[c->n_bind++] = a;
	return 0;
}

/* metrics [ADDRESS] [PORT] */
int conf_do_metrics(struct conf_line *l)
{
	static const struct conf_option option = {
		"PORT", CONF_U16, 0, 1, 65535, NULL
	};
	struct sockaddr_storage *to = &l->c->metrics;
	struct sockaddr_in6 *in6 = (void *)to;
	struct sockaddr_in *in = (void *)to;
	uint16_t port = METRICS_PORT;
	size_t next = 1;
	double number;
	int err = 0;

	memset(to, 0, sizeof(*to));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (l->n > 1 && !conf_is_number(l->word[1], &number)) {
		next++;
		if (inet_pton(AF_INET6, l->word[1], &in6->sin6_addr) == 1)
			in6->sin6_family = AF_INET6;
		else if (inet_pton(AF_INET, l->word[1], &in->sin_addr) != 1)
			return conf_fail(l, "'%.60s' is not an IPv4 or IPv6 address",
					 l->word[1]);
	}
	if (next < l->n)
		err = conf_value(l, "PORT: ", &option, &port, l->word[next++]);
	if (!err && next < l->n)
		return conf_fail(l, "'%.60s' is one word too many",
				 l->word[next]);
	/* Of both families at the same place. */
	in->sin_port = htons(port);
	return err;
}
