// SPDX-License-Identifier: GPL-2.0
#include "answer.h"
#include "kntpd.h"
#include "report.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A request is an object of scalars. */
#define DEPTH_MAX	2
#define BURST_MAX	1000

/* What a command takes beside its name. */
enum {
	TAKES_SOURCE = 1,
	NEEDS_SOURCE = 2,
	NEEDS_COUNTS = 4,
	NEEDS_LINE = 8,
};

struct request {
	const char *source;	/* NULL: all of them */
	const char *line;
	int64_t good, total;	/* -1 when they are not there */
};

/* It has one of REPORT and ACT; ntpdata alone has neither. */
struct command {
	const char *name;
	void (*report)(struct json_object *object);
	int (*act)(const struct request *r, char *why);
	unsigned int takes;
};

static struct json_object *refuse(int err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct json_object *answer_refusal(int err, const char *why)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	json_object_object_add(object, "ok", json_object_new_boolean(false));
	json_object_object_add(object, "errno",
			json_object_new_string(kntpd_errno_name(err)));
	json_object_object_add(object, "error", json_object_new_string(why));
	return object;
}

static struct json_object *refuse(int err, const char *fmt, ...)
{
	char why[KNTPD_WHY];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return answer_refusal(err, why);
}

static int do_makestep(const struct request *r, char *why)
{
	(void)r;
	return act_makestep(why);
}

static int do_burst(const struct request *r, char *why)
{
	if (r->good < 1 || r->total < r->good || r->total > BURST_MAX) {
		snprintf(why, REPORT_WHY,
			 "a burst is of 1 to %d requests, and no fewer than are to be good",
			 BURST_MAX);
		return -EINVAL;
	}
	return act_burst((unsigned int)r->good, (unsigned int)r->total,
			 r->source, why);
}

static int do_online(const struct request *r, char *why)
{
	return act_online(r->source, why);
}

static int do_offline(const struct request *r, char *why)
{
	return act_offline(r->source, why);
}

static int do_add(const struct request *r, char *why)
{
	const char *p;

	/* A line it is, and no more than one. */
	for (p = r->line; *p; p++) {
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f) {
			snprintf(why, REPORT_WHY,
				 "the line holds a control character");
			return -EINVAL;
		}
	}
	return act_add(r->line, why);
}

static int do_delete(const struct request *r, char *why)
{
	return act_delete(r->source, why);
}

static int do_reload(const struct request *r, char *why)
{
	(void)r;
	return act_reload(why);
}

static int do_smooth_reset(const struct request *r, char *why)
{
	(void)r;
	return act_smoothing(true, why);
}

static int do_smooth_activate(const struct request *r, char *why)
{
	(void)r;
	return act_smoothing(false, why);
}

static const struct command commands[] = {
	{ "status", answer_status, NULL, 0 },
	{ "tracking", answer_tracking, NULL, 0 },
	{ "sources", answer_sources, NULL, 0 },
	{ "sourcestats", answer_sourcestats, NULL, 0 },
	{ "selectdata", answer_select, NULL, 0 },
	{ "ntpdata", NULL, NULL, TAKES_SOURCE },
	{ "activity", answer_activity, NULL, 0 },
	{ "serverstats", answer_serverstats, NULL, 0 },
	{ "configuration", answer_configuration, NULL, 0 },
	{ "smoothing", answer_smoothing, NULL, 0 },
	{ "smoothing-reset", NULL, do_smooth_reset, 0 },
	{ "smoothing-activate", NULL, do_smooth_activate, 0 },
	{ "makestep", NULL, do_makestep, 0 },
	{ "burst", NULL, do_burst, NEEDS_COUNTS | TAKES_SOURCE },
	{ "online", NULL, do_online, TAKES_SOURCE },
	{ "offline", NULL, do_offline, TAKES_SOURCE },
	{ "add", NULL, do_add, NEEDS_LINE },
	{ "delete", NULL, do_delete, NEEDS_SOURCE },
	{ "reload", NULL, do_reload, 0 },
};

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* A string without a NUL in it, or NULL. */
static const char *string_of(struct json_object *value)
{
	const char *s;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	s = json_object_get_string(value);
	if (!*s || strlen(s) != (size_t)json_object_get_string_len(value))
		return NULL;
	return s;
}

static bool take_count(struct json_object *value, int64_t *count)
{
	*count = json_object_get_int64(value);
	return json_object_is_type(value, json_type_int) && *count >= 0;
}

/* Fills R from one member; NULL, or the refusal. */
static struct json_object *take(struct request *r, const struct command *c,
				const char *key, struct json_object *value)
{
	bool good = true;

	if (!strcmp(key, "cmd"))
		return NULL;
	if (!strcmp(key, "source") && c->takes & (TAKES_SOURCE | NEEDS_SOURCE))
		good = (r->source = string_of(value));
	else if (!strcmp(key, "line") && c->takes & NEEDS_LINE)
		good = (r->line = string_of(value));
	else if (!strcmp(key, "good") && c->takes & NEEDS_COUNTS)
		good = take_count(value, &r->good);
	else if (!strcmp(key, "total") && c->takes & NEEDS_COUNTS)
		good = take_count(value, &r->total);
	else
		return refuse(EINVAL, "%s takes no such member: '%.32s'",
			      c->name, key);
	if (good)
		return NULL;
	return refuse(EINVAL, "%s: '%s' is not what it should be", c->name, key);
}

static const char *missing(const struct request *r, unsigned int takes)
{
	if (takes & NEEDS_SOURCE && !r->source)
		return "source";
	if (takes & NEEDS_LINE && !r->line)
		return "line";
	if (takes & NEEDS_COUNTS && r->good < 0)
		return "good";
	if (takes & NEEDS_COUNTS && r->total < 0)
		return "total";
	return NULL;
}

static struct json_object *act(const struct command *c,
			       const struct request *r)
{
	char why[REPORT_WHY] = "";
	int err = c->act(r, why);

	if (err)
		return refuse(-err, "%s", *why ? why : strerror(-err));
	return json_object_new_object();
}

static struct json_object *report(const struct command *c,
				  const struct request *r)
{
	struct json_object *object = json_object_new_object();

	if (!object)
		return NULL;
	json_object_object_add(object, "ok", json_object_new_boolean(true));
	if (c->report) {
		c->report(object);
	} else if (!answer_ntpdata(object, r->source)) {
		json_object_put(object);
		return refuse(ENOENT, "'%.64s' is not a server or peer it has",
			      r->source);
	}
	return object;
}

static struct json_object *run(const struct command *c,
			       struct json_object *members, bool may_change)
{
	struct request r = { .good = -1, .total = -1 };
	struct json_object *object;
	const char *key;

	if (c->act && !may_change)
		return refuse(EPERM, "only root and members of the group kntp may");
	json_object_object_foreach(members, name, value) {
		object = take(&r, c, name, value);
		if (object)
			return object;
	}
	key = missing(&r, c->takes);
	if (key)
		return refuse(EINVAL, "%s: '%s' is missing", c->name, key);
	if (!c->act)
		return report(c, &r);
	object = act(c, &r);
	if (object && !json_object_object_length(object))
		json_object_object_add(object, "ok",
				       json_object_new_boolean(true));
	return object;
}

/* The object that LINE is, or NULL: nothing else may be on the line. */
static struct json_object *parse(const char *line, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;

	if (!tok)
		return NULL;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT |
				    JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tok, line, (int)len);
	if (json_tokener_get_error(tok) != json_tokener_success ||
	    json_tokener_get_parse_end(tok) != len ||
	    !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		object = NULL;
	}
	json_tokener_free(tok);
	return object;
}

struct json_object *answer(const char *line, size_t len, bool may_change)
{
	struct json_object *members, *name, *object;
	const struct command *c;
	const char *cmd = NULL;

	while (len && strchr(" \t\r", line[len - 1]))
		len--;
	members = parse(line, len);
	if (!members)
		return refuse(EINVAL, "the request is not one JSON object of scalars");
	if (json_object_object_get_ex(members, "cmd", &name))
		cmd = string_of(name);
	c = cmd ? find(cmd) : NULL;
	if (!cmd)
		object = refuse(EINVAL, "the request has no 'cmd'");
	else if (!c)
		object = refuse(EOPNOTSUPP, "'%.32s' is not a command it knows",
				cmd);
	else
		object = run(c, members, may_change);
	json_object_put(members);
	return object;
}
