/* SPDX-License-Identifier: GPL-2.0 */
/* Addresses of IPv4 and IPv6 with a port; nothing else comes in here. */
#ifndef KNTPD_ADDRESS_H
#define KNTPD_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

socklen_t address_len(const struct sockaddr *sa);
/* The address; the link of a link-local one too, where both say it; and the port. */
bool address_same(const struct sockaddr *a, const struct sockaddr *b);
bool address_is_any(const struct sockaddr *a);
bool address_equal(const struct sockaddr *a, const struct sockaddr *b);
void address_set_port(struct sockaddr *sa, uint16_t port);
uint16_t address_port(const struct sockaddr *sa);
/* What a host of that address is called as a reference, host order. */
uint32_t address_refid(const struct sockaddr *sa);
/* A literal address, with %LINK where it needs one. */
bool address_parse(const char *text, struct sockaddr_storage *to);
/* The address alone; BUF has ADDRESS_TEXT bytes and is returned. */
enum { ADDRESS_TEXT = 64 };
char *address_format(const struct sockaddr *sa, char *buf);

#endif
