// SPDX-License-Identifier: GPL-2.0
#include "names.h"
#include "nl.h"

#include <assert.h>
#include <linux/kntp.h>
#include <stddef.h>
#include <string.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *const hooks[] = {
	[KNTP_HOOK_LOCAL] = "local",
	[KNTP_HOOK_INGRESS] = "ingress",
};
static_assert(ARRAY_SIZE(hooks) == KNTP_HOOK_MAX + 1, "a hook has no name");

static const char *const verdicts[] = {
	[KNTP_VERDICT_NONE] = "none",
	[KNTP_VERDICT_ALLOW] = "allow",
	[KNTP_VERDICT_AUTH] = "auth",
	[KNTP_VERDICT_PASS] = "pass",
	[KNTP_VERDICT_DENY] = "deny",
};
static_assert(ARRAY_SIZE(verdicts) == KNTP_VERDICT_MAX + 1,
	      "a verdict has no name");

static const char *const bases[] = {
	[KNTP_BASE_SYSTEM] = "system",
	[KNTP_BASE_MAP] = "map",
};
static_assert(ARRAY_SIZE(bases) == KNTP_BASE_MAX + 1, "a base has no name");

static const char *const leaps[] = {
	"none", "insert", "delete", "unsynchronised",
};

static const char *const states[] = {
	[KNTP_CLOCK_UNSET] = "unset",
	[KNTP_CLOCK_SYNC] = "sync",
	[KNTP_CLOCK_UNSYNC] = "unsync",
	[KNTP_CLOCK_EXPIRED] = "expired",
	[KNTP_CLOCK_STEPPED] = "stepped",
	[KNTP_CLOCK_DISPERSED] = "dispersed",
};
static_assert(ARRAY_SIZE(states) == KNTP_CLOCK_STATE_MAX + 1,
	      "a clock state has no name");

static const char *const state_texts[] = {
	[KNTP_CLOCK_UNSET] =
		"unsynchronised: nobody has vouched for the clock yet",
	[KNTP_CLOCK_SYNC] = "synchronised",
	[KNTP_CLOCK_UNSYNC] = "unsynchronised: published so",
	[KNTP_CLOCK_EXPIRED] = "unsynchronised: the lease ran out",
	[KNTP_CLOCK_STEPPED] =
		"unsynchronised: the system clock was stepped or suspended",
	[KNTP_CLOCK_DISPERSED] =
		"unsynchronised: the root distance reached 16 s",
};
static_assert(ARRAY_SIZE(state_texts) == KNTP_CLOCK_STATE_MAX + 1,
	      "a clock state has no text");

static const char *const events[] = {
	[KNTP_EVENT_CLOCK_SET] = "clock_set",
	[KNTP_EVENT_CLOCK_EXPIRED] = "clock_expired",
	[KNTP_EVENT_CLOCK_STEPPED] = "clock_stepped",
	[KNTP_EVENT_CLOCK_LEAP] = "clock_leap",
	[KNTP_EVENT_LISTEN_ADD] = "listen_add",
	[KNTP_EVENT_LISTEN_DEL] = "listen_del",
	[KNTP_EVENT_ACL] = "acl",
	[KNTP_EVENT_CLOCK_DISPERSED] = "clock_dispersed",
	[KNTP_EVENT_LIMIT] = "limit",
};
static_assert(ARRAY_SIZE(events) == KNTP_EVENT_MAX + 1,
	      "an event has no name");

static const char *name(const char *const *names, size_t n, uint32_t value)
{
	return value < n && names[value] ? names[value] : "unknown";
}

const char *hook_name(uint32_t hook)
{
	return name(hooks, ARRAY_SIZE(hooks), hook);
}

const char *verdict_name(uint32_t verdict)
{
	return name(verdicts, ARRAY_SIZE(verdicts), verdict);
}

const char *base_name(uint32_t base)
{
	return name(bases, ARRAY_SIZE(bases), base);
}

const char *leap_name(uint32_t leap)
{
	return name(leaps, ARRAY_SIZE(leaps), leap);
}

const char *clock_state_name(uint32_t state)
{
	return name(states, ARRAY_SIZE(states), state);
}

const char *clock_state_text(uint32_t state)
{
	return name(state_texts, ARRAY_SIZE(state_texts), state);
}

const char *event_name(uint32_t event)
{
	return name(events, ARRAY_SIZE(events), event);
}

uint32_t hook_parse(const char *word)
{
	uint32_t i;

	for (i = 1; i < ARRAY_SIZE(hooks); i++)
		if (!strcmp(word, hooks[i]))
			return i;
	return 0;
}

const struct nl_attr_name client_attrs[] = {
	{ KNTP_A_CLIENT_ENTRIES, "entries", NULL },
	{ KNTP_A_CLIENT_PREFIX6, "prefix6", NULL },
	{ KNTP_A_CLIENT_FILTER, "filter", NULL },
	{ 0, NULL, NULL }
};

static const struct nl_attr_name limit_one_attrs[] = {
	{ KNTP_A_LIMIT_ONE_INTERVAL, "interval", NULL },
	{ KNTP_A_LIMIT_ONE_BURST, "burst", NULL },
	{ KNTP_A_LIMIT_ONE_LEAK, "leak", NULL },
	{ KNTP_A_LIMIT_ONE_KOD, "kod", NULL },
	{ KNTP_A_LIMIT_ONE_PREFIX4, "prefix4", NULL },
	{ KNTP_A_LIMIT_ONE_PREFIX6, "prefix6", NULL },
	{ 0, NULL, NULL }
};

const struct nl_attr_name key_attrs[] = {
	{ KNTP_A_KEY_ID, "id", NULL },
	{ KNTP_A_KEY_TYPE, "type", NULL },
	{ KNTP_A_KEY_SECRET, "secret", NULL },
	{ 0, NULL, NULL }
};

const struct nl_attr_name limit_attrs[] = {
	{ KNTP_A_LIMIT_CLIENT, "client", limit_one_attrs },
	{ KNTP_A_LIMIT_PREFIX, "prefix", limit_one_attrs },
	{ KNTP_A_LIMIT_REPLIES, "budget", NULL },
	{ KNTP_A_LIMIT_DENY, "deny", NULL },
	{ 0, NULL, NULL }
};

const struct nl_attr_name listen_attrs[] = {
	{ KNTP_A_LISTEN_HOOK, "hook", NULL },
	{ KNTP_A_LISTEN_IFINDEX, "dev", NULL },
	{ KNTP_A_LISTEN_IFNAME, "dev", NULL },
	{ 0, NULL, NULL },
};

static const struct nl_attr_name acl_entry_attrs[] = {
	{ KNTP_A_ACL_ENTRY_ADDR, "address", NULL },
	{ KNTP_A_ACL_ENTRY_LEN, "length", NULL },
	{ KNTP_A_ACL_ENTRY_VERDICT, "verdict", NULL },
	{ 0, NULL, NULL },
};

const struct nl_attr_name acl_attrs[] = {
	{ KNTP_A_ACL_ENTRY, "prefix", acl_entry_attrs },
	{ KNTP_A_ACL_VERDICT, "verdict", NULL },
	{ 0, NULL, NULL },
};

const struct nl_attr_name clock_attrs[] = {
	{ KNTP_A_CLOCK_BASE, "base", NULL },
	{ KNTP_A_CLOCK_LEAP, "leap", NULL },
	{ KNTP_A_CLOCK_STRATUM, "stratum", NULL },
	{ KNTP_A_CLOCK_REFID, "refid", NULL },
	{ KNTP_A_CLOCK_REF_TIME, "reference-time", NULL },
	{ KNTP_A_CLOCK_ROOT_DELAY, "root-delay", NULL },
	{ KNTP_A_CLOCK_ROOT_DISPERSION, "root-dispersion", NULL },
	{ KNTP_A_CLOCK_GROWTH, "growth", NULL },
	{ KNTP_A_CLOCK_LEASE, "lease", NULL },
	{ KNTP_A_CLOCK_STEPS, "steps", NULL },
	{ KNTP_A_CLOCK_MAP_RAW, "raw-time", NULL },
	{ KNTP_A_CLOCK_MAP_UTC, "utc-time", NULL },
	{ KNTP_A_CLOCK_MAP_RATE, "rate", NULL },
	{ 0, NULL, NULL },
};
