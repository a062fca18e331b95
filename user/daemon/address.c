// SPDX-License-Identifier: GPL-2.0
#include "address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <nettle/md5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sockaddr_in *v4(const struct sockaddr *sa)
{
	return (const void *)sa;
}

static const struct sockaddr_in6 *v6(const struct sockaddr *sa)
{
	return (const void *)sa;
}

/**
 * address_len() - what the system calls want to know of it
 * @sa: IPv4 or IPv6
 *
 * Return: octets.
 */
socklen_t address_len(const struct sockaddr *sa)
{
	return sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) :
					   sizeof(struct sockaddr_in);
}

/**
 * address_same() - whether both are of one host, whatever the port
 * @a: IPv4, IPv6 or anything else, which equals nothing
 * @b: likewise
 */
bool address_same(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET)
		return v4(a)->sin_addr.s_addr == v4(b)->sin_addr.s_addr;
	if (a->sa_family != AF_INET6)
		return false;
	if (v6(a)->sin6_scope_id && v6(b)->sin6_scope_id &&
	    v6(a)->sin6_scope_id != v6(b)->sin6_scope_id)
		return false;
	return !memcmp(&v6(a)->sin6_addr, &v6(b)->sin6_addr,
		       sizeof(v6(a)->sin6_addr));
}

/**
 * address_is_any() - whether it means all addresses of its family
 * @a: IPv4, IPv6 or anything else, which does not
 */
bool address_is_any(const struct sockaddr *a)
{
	return a->sa_family == AF_INET ?
	       v4(a)->sin_addr.s_addr == htonl(INADDR_ANY) :
	       a->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_UNSPECIFIED(&v6(a)->sin6_addr);
}

/**
 * address_equal() - whether packets of both come from the same place
 * @a: as address_same() takes it
 * @b: likewise
 */
bool address_equal(const struct sockaddr *a, const struct sockaddr *b)
{
	return address_same(a, b) && address_port(a) == address_port(b);
}

/**
 * address_set_port() - change the port
 * @sa: of this
 * @port: host order
 */
void address_set_port(struct sockaddr *sa, uint16_t port)
{
	if (sa->sa_family == AF_INET6)
		((struct sockaddr_in6 *)(void *)sa)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)(void *)sa)->sin_port = htons(port);
}

/**
 * address_port() - its port
 * @sa: of this
 *
 * Return: host order.
 */
uint16_t address_port(const struct sockaddr *sa)
{
	return ntohs(sa->sa_family == AF_INET6 ? v6(sa)->sin6_port :
						 v4(sa)->sin_port);
}

/**
 * address_refid() - reference identifier of a host, RFC 5905 section 7.3
 * @sa: its address
 *
 * Return: the IPv4 address, or the first four octets of the MD5 of the IPv6
 * address; host order.
 */
uint32_t address_refid(const struct sockaddr *sa)
{
	uint8_t digest[MD5_DIGEST_SIZE];
	struct md5_ctx md5;

	if (sa->sa_family == AF_INET)
		return ntohl(v4(sa)->sin_addr.s_addr);
	md5_init(&md5);
	md5_update(&md5, sizeof(v6(sa)->sin6_addr), v6(sa)->sin6_addr.s6_addr);
	md5_digest(&md5, sizeof(digest), digest);
	return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
	       (uint32_t)digest[2] << 8 | digest[3];
}

/**
 * address_parse() - read an address
 * @text: IPv4, or IPv6 which may end in %LINK; never a name to be looked up
 * @to: is filled, its port is 0
 *
 * Return: whether it is one.
 */
bool address_parse(const char *text, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *to6 = (void *)to;
	struct sockaddr_in *to4 = (void *)to;
	char buf[INET6_ADDRSTRLEN + IF_NAMESIZE];
	char *link;

	memset(to, 0, sizeof(*to));
	to->ss_family = AF_INET;
	if (inet_pton(AF_INET, text, &to4->sin_addr) == 1)
		return true;
	if (strlen(text) >= sizeof(buf))
		return false;
	memcpy(buf, text, strlen(text) + 1);
	link = strchr(buf, '%');
	if (link)
		*link++ = '\0';
	memset(to, 0, sizeof(*to));
	to->ss_family = AF_INET6;
	if (inet_pton(AF_INET6, buf, &to6->sin6_addr) != 1)
		return false;
	if (!link)
		return true;
	to6->sin6_scope_id = if_nametoindex(link);
	if (!to6->sin6_scope_id && *link >= '1' && *link <= '9')
		to6->sin6_scope_id = (uint32_t)strtoul(link, NULL, 10);
	return to6->sin6_scope_id;
}

/**
 * address_format() - write an address
 * @sa: IPv4 or IPv6
 * @buf: ADDRESS_TEXT bytes
 *
 * Return: @buf.
 */
char *address_format(const struct sockaddr *sa, char *buf)
{
	const void *addr = sa->sa_family == AF_INET6 ?
			   (const void *)&v6(sa)->sin6_addr :
			   (const void *)&v4(sa)->sin_addr;

	if ((sa->sa_family != AF_INET && sa->sa_family != AF_INET6) ||
	    !inet_ntop(sa->sa_family, addr, buf, ADDRESS_TEXT))
		snprintf(buf, ADDRESS_TEXT, "-");
	return buf;
}
