// SPDX-License-Identifier: GPL-2.0
#include "addr.h"
#include "units.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool address(const char *text, struct prefix *p)
{
	memset(p, 0, sizeof(*p));
	if (strchr(text, ':')) {
		p->size = 16;
		return inet_pton(AF_INET6, text, p->addr) == 1;
	}
	p->size = 4;
	return inet_pton(AF_INET, text, p->addr) == 1;
}

static int not_address(const char *word, char *why)
{
	snprintf(why, ADDR_WHY, "'%.60s' is not an IPv4 or IPv6 address", word);
	return -1;
}

int addr_parse(const char *word, struct prefix *p, char *why)
{
	if (!address(word, p))
		return not_address(word, why);
	p->len = p->size * 8;
	return 0;
}

/* The digits after the slash: no sign, no spaces, no leading zero. */
static int length(const char *digits, unsigned int max)
{
	unsigned int len = 0;

	if (!*digits || (digits[0] == '0' && digits[1]))
		return -1;
	for (; *digits; digits++) {
		if (*digits < '0' || *digits > '9')
			return -1;
		len = len * 10 + (unsigned int)(*digits - '0');
		if (len > max)
			return -1;
	}
	return (int)len;
}

/* Clears the host bits; true if any was set. */
static bool mask(struct prefix *p)
{
	unsigned int i = p->len / 8;
	bool was_set = false;
	uint8_t keep = (uint8_t)(0xff00 >> (p->len % 8));

	for (; i < p->size; i++, keep = 0) {
		was_set |= p->addr[i] & (uint8_t)~keep;
		p->addr[i] &= keep;
	}
	return was_set;
}

int prefix_parse(const char *word, struct prefix *p, char *why)
{
	const char *slash = strchr(word, '/');
	char text[INET6_ADDRSTRLEN], better[PREFIX_TEXT];
	size_t n;
	int len;

	if (!slash)
		return addr_parse(word, p, why);

	n = (size_t)(slash - word);
	if (n >= sizeof(text))
		return not_address(word, why);
	memcpy(text, word, n);
	text[n] = '\0';
	if (!address(text, p))
		return not_address(word, why);

	len = length(slash + 1, p->size * 8);
	if (len < 0) {
		snprintf(why, ADDR_WHY,
			 "'%.60s': the length after '/' is not a number from 0 to %u",
			 word, p->size * 8u);
		return -1;
	}
	p->len = (uint8_t)len;
	if (mask(p)) {
		snprintf(why, ADDR_WHY,
			 "'%.60s' has host bits set: the prefix is %s", word,
			 prefix_format(p, better));
		return -1;
	}
	return 0;
}

char *addr_format(const struct prefix *p, char *buf)
{
	char *to = buf;
	size_t i;

	if (p->size != 4) {
		if (!inet_ntop(AF_INET6, p->addr, buf, PREFIX_TEXT))
			strcpy(buf, "?");
		return buf;
	}
	for (i = 0; i < 4; i++) {
		if (i)
			*to++ = '.';
		to = decimal_append(to, p->addr[i], 1);
	}
	return buf;
}

char *prefix_format(const struct prefix *p, char *buf)
{
	char *to = addr_format(p, buf);

	to += strlen(to);
	*to++ = '/';
	decimal_append(to, p->len, 1);
	return buf;
}
