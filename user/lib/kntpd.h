/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way to kntpd: a local stream socket, one JSON object a line. A request
 * is {"cmd": "tracking", ...}; its answer holds "ok": true and what was asked
 * for, or "ok": false, "errno": "EPERM" and "error", a sentence.
 */
#ifndef KNTP_USER_KNTPD_H
#define KNTP_USER_KNTPD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#define KNTPD_PATH	"/run/kntp/kntpd.sock"
#define KNTPD_WHY	256	/* longest reason, with its NUL */

/* Where it is: KNTPD_SOCKET of the environment, or KNTPD_PATH. */
const char *kntpd_path(void);

/*
 * A connection, or -errno: -ENOENT and -ECONNREFUSED where no daemon runs.
 * It is closed with close(2).
 */
int kntpd_connect(void);

/*
 * Asks and waits for the answer, 5 s at most. REQUEST is taken over. 0 and
 * *ANSWER, which the caller puts; or -errno with the reason in WHY.
 */
int kntpd_request(int fd, struct json_object *request,
		    struct json_object **answer, char why[KNTPD_WHY]);

/* "EPERM" for EPERM; "EIO" for what has no name here, and the way back. */
const char *kntpd_errno_name(int err);
int kntpd_errno(const char *name);

/* The member of OBJECT: 0, "" or false where there is none. */
int64_t member_i64(struct json_object *object, const char *key);
double member_double(struct json_object *object, const char *key);
bool member_bool(struct json_object *object, const char *key);
const char *member_str(struct json_object *object, const char *key);
/* True where it is there, and is not null. */
bool member_has(struct json_object *object, const char *key);

#endif
