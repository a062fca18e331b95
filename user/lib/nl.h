/* SPDX-License-Identifier: GPL-2.0 */
/* Generic netlink to the module, with what the kernel says of a refusal. */
#ifndef KNTP_USER_NL_H
#define KNTP_USER_NL_H

#include <stdbool.h>
#include <stdint.h>
#include <libmnl/libmnl.h>

/* A message is never longer: it must fit in a socket's default send buffer. */
#define NL_REQUEST_MAX	(128 * 1024)

/* Names for the attributes of a request; TYPE 0 ends the table. */
struct nl_attr_name {
	uint16_t type;
	const char *name;
	const struct nl_attr_name *nest;
};

/* What the kernel said of the last request. */
struct nl_error {
	char text[256];		/* extended ack, or empty */
	const char *attr;	/* name of the attribute it points at, or NULL */
	uint32_t offset;	/* of that attribute in the request, or 0 */
};

struct nl {
	struct mnl_socket *sock;
	uint32_t portid;
	uint32_t seq;
	uint16_t family;
	uint32_t events;	/* multicast group, 0 when there is none */
	uint32_t limits;	/* the same, of events that name a client */
	struct nl_error error;
	const struct nl_attr_name *names;
	char *request, *response;
};

/*
 * Called for each message of an answer; 0 to go on, or a negative errno that
 * becomes the result once the rest of the answer is read.
 */
typedef int (*nl_fn)(const struct nlmsghdr *nlh, void *data);

/* 0, or a negative errno: -ENOENT when the family is not registered. */
int nl_open(struct nl *nl);
void nl_close(struct nl *nl);

/* Starts a request in nl->request; NAMES are for its attributes. */
struct nlmsghdr *nl_begin(struct nl *nl, uint8_t cmd,
			  const struct nl_attr_name *names);

/* Sends the request and reads until it is acknowledged. */
int nl_do(struct nl *nl, nl_fn fn, void *data);

/*
 * The same for a dump. When the kernel says that what it dumped has changed
 * meanwhile, RESTART (may be NULL) forgets what FN saw and it is asked again.
 */
int nl_dump(struct nl *nl, nl_fn fn, void (*restart)(void *data), void *data);

/* Joins the event group, and the one that tells of the module's end. */
int nl_subscribe(struct nl *nl);
/* The events that name a client as well: -EPERM without CAP_NET_ADMIN. */
int nl_subscribe_limits(struct nl *nl);

/*
 * A socket, not for waiting, that becomes readable when families come and go,
 * and whether what is there to be read says that the module's has come.
 */
int nl_watch(struct mnl_socket **sock);
bool nl_came(struct mnl_socket *sock);

/*
 * Reads what is there and calls FN for each event. -ENOENT when the module
 * was unloaded, -ENOBUFS when events were lost.
 */
int nl_events(struct nl *nl, nl_fn fn, void *data);

/* Fills TB[0..MAX] with the attributes of a message, or of a nest. */
void nl_parse(const struct nlmsghdr *nlh, const struct nlattr **tb,
	      uint16_t max);
void nl_parse_nested(const struct nlattr *nest, const struct nlattr **tb,
		     uint16_t max);

/* The value, or 0 when the attribute is missing or not of this size. */
uint8_t nl_u8(const struct nlattr *attr);
uint32_t nl_u32(const struct nlattr *attr);
uint64_t nl_u64(const struct nlattr *attr);

/* Which one of the request's attributes TYPE holds the error's offset; -1. */
int nl_error_index(const struct nl *nl, uint16_t type);

#endif
