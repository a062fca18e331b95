/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands share that talk to kntpd. */
#ifndef KNTP_CTL_DAEMON_H
#define KNTP_CTL_DAEMON_H

#include "ctl.h"
#include "kntpd.h"

/* {"cmd": CMD}; NULL when there is no memory, which daemon_ask() reports. */
struct json_object *daemon_request(const char *cmd);
void daemon_add_str(struct json_object *request, const char *key,
		    const char *value);

/* Takes over REQUEST. 0 and *ANSWER, or an exit status, its reason printed. */
int daemon_ask(const struct ctl *ctl, struct json_object *request,
	       struct json_object **answer);

/* The answer to CMD without a word where there is none: then NULL. */
struct json_object *daemon_peek(const char *cmd);

/* Takes over REQUEST, which changes something: 0, or an exit status. */
int daemon_act(const struct ctl *ctl, struct json_object *request);

/* Prints it as JSON under -j, and says so. */
bool daemon_printed(const struct ctl *ctl, struct json_object *answer);

/* Options after the verb: -v explains the columns, -n shows addresses. */
struct daemon_flags {
	bool explain, numeric;
};

/* Takes the options of ALLOWED off the words; 0 or EXIT_USAGE. */
int daemon_options(const struct ctl *ctl, const char *allowed,
		   struct daemon_flags *flags, int *argc, char ***argv);

/* The source's name; its address if it is asked for and there is one. */
const char *daemon_name(struct json_object *source,
			const struct daemon_flags *flags);

#endif
