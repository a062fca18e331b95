/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control messages in mode 6 (RFC 9327), so that ntpq may ask. Nothing can be
 * changed by them. This host is answered, and who `cmdallow` lets in.
 */
#ifndef KNTPD_MODE6_H
#define KNTPD_MODE6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct access;
struct server_packet;

/* Who is answered besides this host; built, and kept by the caller; or NULL. */
void mode6_set_access(const struct access *access);
/* A packet that came to the port: whether it was in this mode. */
bool mode6_receive(const struct server_packet *p);

/* Between its parts. */

enum {
	MODE6_DATA = 468,	/* octets of a fragment */
	MODE6_TEXT = 32 * MODE6_DATA,
};

enum mode6_error {
	MODE6_BAD_FORMAT = 2,
	MODE6_BAD_OPCODE = 3,
	MODE6_BAD_ASSOCIATION = 4,
	MODE6_UNKNOWN_VARIABLE = 5,
	MODE6_BAD_VALUE = 6,
	MODE6_PROHIBITED = 7,
	MODE6_LATER = 256,	/* none of the wire: the answer comes later */
};

/**
 * struct mode6_text - variables, as they are sent
 * @wanted: names that are asked for; empty: all of them
 * @data: "name=value, name=value, ..."
 * @len: octets
 */
struct mode6_text {
	const char *wanted;
	char data[MODE6_TEXT];
	size_t len;
};

void mode6_put(struct mode6_text *t, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* NS since 1970 as an NTP timestamp; 0 as none. */
void mode6_put_time(struct mode6_text *t, const char *name, int64_t ns);
/* The value of NAME in "name=value, ...", or NULL; ended by a comma or NUL. */
const char *mode6_value(const char *text, const char *name);

/* mode6_vars.c: status words, and variables of the daemon and of a source. */
struct source;
uint16_t mode6_system_status(void);
uint16_t mode6_source_status(const struct source *s);
void mode6_system(struct mode6_text *t);
void mode6_source(struct mode6_text *t, const struct source *s);

/* mode6_mru.c: who asks the module. 0 or an enum mode6_error. */
int mode6_mru(struct mode6_text *t, const char *asked);
/* What had to wait for it can be answered. */
void mode6_again(void);

#endif
