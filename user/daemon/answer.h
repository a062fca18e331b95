/* SPDX-License-Identifier: GPL-2.0 */
/* Requests of the control socket, and what is answered: JSON to JSON. */
#ifndef KNTPD_ANSWER_H
#define KNTPD_ANSWER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The answer to one line, hostile or not. MAY_CHANGE: who asks is permitted
 * what changes anything. NULL when there is no memory.
 */
struct json_object *answer(const char *line, size_t len, bool may_change);

/* The answer that nothing is done; WHY is for people. */
struct json_object *answer_refusal(int err, const char *why);

/* answer_json.c: what the reports hold, as members of OBJECT. */
void answer_status(struct json_object *object);
void answer_tracking(struct json_object *object);
void answer_sources(struct json_object *object);
void answer_sourcestats(struct json_object *object);
void answer_select(struct json_object *object);
/* Only those that WHICH names (NULL: all); false when it names none. */
bool answer_ntpdata(struct json_object *object, const char *which);
void answer_activity(struct json_object *object);
void answer_smoothing(struct json_object *object);
void answer_serverstats(struct json_object *object);
void answer_configuration(struct json_object *object);

#endif
