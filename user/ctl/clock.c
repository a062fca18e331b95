// SPDX-License-Identifier: GPL-2.0
#include "clock.h"
#include "host.h"
#include "names.h"
#include "print.h"
#include "units.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/kntp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	BASE, STRATUM, REFID, LEAP, ROOT_DELAY, ROOT_DISPERSION, GROWTH, LEASE,
	REF_TIME, STEPS, RAW_TIME, UTC_TIME, RATE, WORDS
};

/* "KEY: 'VALUE' WHY" */
static int bad(const struct ctl *ctl, const struct word *w, const char *why)
{
	return ctl_usage(ctl, "%s: '%s' %s", w->key, w->value, why);
}

static int put_uint(const struct ctl *ctl, struct nlmsghdr *nlh,
		    const struct word *w, uint16_t type, uint64_t min,
		    uint64_t max)
{
	const char *why;
	char buf[UNITS_WHY];
	uint64_t v;

	if (!w->value)
		return 0;
	why = uint_parse(w->value, min, max, &v, buf);
	if (why)
		return bad(ctl, w, why);
	if (max > UINT8_MAX)
		mnl_attr_put_u32(nlh, type, (uint32_t)v);
	else
		mnl_attr_put_u8(nlh, type, (uint8_t)v);
	return 0;
}

static int put_duration(const struct ctl *ctl, struct nlmsghdr *nlh,
			const struct word *w, uint16_t type)
{
	const char *why;
	uint64_t ns;

	if (!w->value)
		return 0;
	if (type == KNTP_A_CLOCK_LEASE && !strcmp(w->value, "forever")) {
		ns = KNTP_LEASE_FOREVER;
	} else {
		why = duration_parse(w->value, &ns);
		if (why)
			return bad(ctl, w, why);
		if (ns == KNTP_LEASE_FOREVER)
			return bad(ctl, w, "is too large");
	}
	mnl_attr_put_u64(nlh, type, ns);
	return 0;
}

static int put_source(const struct ctl *ctl, struct nlmsghdr *nlh,
		      const struct word *w)
{
	const char *why;
	uint32_t v;

	if (strcmp(w[BASE].value, "system") && strcmp(w[BASE].value, "map"))
		return bad(ctl, &w[BASE], "is not a base: system and map are");
	mnl_attr_put_u32(nlh, KNTP_A_CLOCK_BASE, *w[BASE].value == 'm' ?
			 KNTP_BASE_MAP : KNTP_BASE_SYSTEM);
	if (w[REFID].value) {
		why = refid_parse(w[REFID].value, &v);
		if (why)
			return bad(ctl, &w[REFID], why);
		mnl_attr_put_u32(nlh, KNTP_A_CLOCK_REFID, htonl(v));
	}
	if (w[GROWTH].value) {
		why = milli_parse(w[GROWTH].value, &v);
		if (why)
			return bad(ctl, &w[GROWTH], why);
		mnl_attr_put_u32(nlh, KNTP_A_CLOCK_GROWTH, v);
	}
	return 0;
}

static int put_time(const struct ctl *ctl, struct nlmsghdr *nlh,
		    const struct word *w, uint16_t type)
{
	struct timespec now;
	const char *why;
	int64_t ns;

	if (!w->value)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	why = time_parse(w->value, now.tv_sec * INT64_C(1000000000) + now.tv_nsec,
			 &ns);
	if (why)
		return bad(ctl, w, why);
	mnl_attr_put_u64(nlh, type, (uint64_t)ns);
	return 0;
}

static int put_rate(const struct ctl *ctl, struct nlmsghdr *nlh,
		    const struct word *w)
{
	const char *why;
	int64_t rate;

	if (!w->value)
		return 0;
	why = rate_parse(w->value, &rate);
	if (why)
		return bad(ctl, w, why);
	mnl_attr_put_u64(nlh, KNTP_A_CLOCK_MAP_RATE, (uint64_t)rate);
	return 0;
}

/* A map is all of its words, and another base has none of them. */
static int put_map(const struct ctl *ctl, struct nlmsghdr *nlh,
		   const struct word *w)
{
	bool map = !strcmp(w[BASE].value, "map");
	int status, i;

	for (i = RAW_TIME; i <= RATE; i++) {
		if (map && !w[i].value)
			return ctl_usage(ctl, "%s: is missing", w[i].key);
		if (!map && w[i].value)
			return ctl_usage(ctl, "%s: goes with base map only",
					 w[i].key);
	}
	status = put_duration(ctl, nlh, &w[RAW_TIME], KNTP_A_CLOCK_MAP_RAW);
	if (!status)
		status = put_time(ctl, nlh, &w[UTC_TIME], KNTP_A_CLOCK_MAP_UTC);
	return status ? status : put_rate(ctl, nlh, &w[RATE]);
}

/* Stratum 16 says that there is no time: then nothing has to be named. */
static int check_source(const struct ctl *ctl, const struct word *w)
{
	if (w[REFID].value || !strcmp(w[STRATUM].value, "16"))
		return 0;
	return ctl_usage(ctl, "refid: is missing");
}

/* The message with the words' values; 0 or EXIT_USAGE. */
static int put_words(const struct ctl *ctl, struct nlmsghdr *nlh,
		     const struct word *w)
{
	int status = put_source(ctl, nlh, w);

	if (!status)
		status = put_uint(ctl, nlh, &w[STRATUM], KNTP_A_CLOCK_STRATUM,
				  1, 16);
	if (!status)
		status = put_uint(ctl, nlh, &w[LEAP], KNTP_A_CLOCK_LEAP, 0, 3);
	if (!status)
		status = put_uint(ctl, nlh, &w[STEPS], KNTP_A_CLOCK_STEPS, 0,
				  UINT32_MAX);
	if (!status)
		status = put_duration(ctl, nlh, &w[ROOT_DELAY],
				      KNTP_A_CLOCK_ROOT_DELAY);
	if (!status)
		status = put_duration(ctl, nlh, &w[ROOT_DISPERSION],
				      KNTP_A_CLOCK_ROOT_DISPERSION);
	if (!status)
		status = put_duration(ctl, nlh, &w[LEASE], KNTP_A_CLOCK_LEASE);
	if (!status)
		status = put_time(ctl, nlh, &w[REF_TIME],
				  KNTP_A_CLOCK_REF_TIME);
	if (!status)
		status = put_map(ctl, nlh, w);
	return status ? status : check_source(ctl, w);
}

int cmd_clock_set(struct ctl *ctl, int argc, char **argv)
{
	struct word w[WORDS] = {
		[BASE] = { "base", true, NULL },
		[STRATUM] = { "stratum", true, NULL },
		[REFID] = { "refid", false, NULL },
		[LEAP] = { "leap", false, NULL },
		[ROOT_DELAY] = { "root-delay", false, NULL },
		[ROOT_DISPERSION] = { "root-dispersion", false, NULL },
		[GROWTH] = { "growth", false, NULL },
		[LEASE] = { "lease", false, NULL },
		[REF_TIME] = { "reference-time", false, NULL },
		[STEPS] = { "steps", false, NULL },
		[RAW_TIME] = { "raw-time", false, NULL },
		[UTC_TIME] = { "utc-time", false, NULL },
		[RATE] = { "rate", false, NULL },
	};
	_Alignas(struct nlmsghdr) char draft[512] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(draft);
	int status;

	status = words_parse(ctl, w, WORDS, argc, argv);
	/* Once without a socket: a usage error needs no module. */
	if (!status)
		status = put_words(ctl, nlh, w);
	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	put_words(ctl, nl_begin(&ctl->nl, KNTP_CMD_CLOCK_SET, clock_attrs), w);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}

static int parse(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_CLOCK_MAX + 1];
	struct clock_info *c = data;

	nl_parse(nlh, tb, KNTP_A_CLOCK_MAX);
	c->was_published = tb[KNTP_A_CLOCK_PUBLISHED];
	c->base = nl_u32(tb[KNTP_A_CLOCK_BASE]);
	c->state = nl_u32(tb[KNTP_A_CLOCK_STATE]);
	c->refid = ntohl(nl_u32(tb[KNTP_A_CLOCK_REFID]));
	c->growth = nl_u32(tb[KNTP_A_CLOCK_GROWTH]);
	c->steps = nl_u32(tb[KNTP_A_CLOCK_STEPS]);
	c->leap = nl_u8(tb[KNTP_A_CLOCK_LEAP]);
	c->stratum = nl_u8(tb[KNTP_A_CLOCK_STRATUM]);
	c->precision = (int8_t)nl_u8(tb[KNTP_A_CLOCK_PRECISION]);
	c->tai_offset = (int32_t)nl_u32(tb[KNTP_A_CLOCK_TAI_OFFSET]);
	c->time = (int64_t)nl_u64(tb[KNTP_A_CLOCK_TIME]);
	c->raw_time = (int64_t)nl_u64(tb[KNTP_A_CLOCK_RAW_TIME]);
	c->map_raw = (int64_t)nl_u64(tb[KNTP_A_CLOCK_MAP_RAW]);
	c->map_utc = (int64_t)nl_u64(tb[KNTP_A_CLOCK_MAP_UTC]);
	c->map_rate = (int64_t)nl_u64(tb[KNTP_A_CLOCK_MAP_RATE]);
	c->ref_time = (int64_t)nl_u64(tb[KNTP_A_CLOCK_REF_TIME]);
	c->published = (int64_t)nl_u64(tb[KNTP_A_CLOCK_PUBLISHED]);
	c->root_delay = nl_u64(tb[KNTP_A_CLOCK_ROOT_DELAY]);
	c->root_dispersion = nl_u64(tb[KNTP_A_CLOCK_ROOT_DISPERSION]);
	c->dispersion_now = nl_u64(tb[KNTP_A_CLOCK_DISPERSION_NOW]);
	c->lease = nl_u64(tb[KNTP_A_CLOCK_LEASE]);
	c->lease_left = nl_u64(tb[KNTP_A_CLOCK_LEASE_LEFT]);
	return 0;
}

int clock_fetch(struct ctl *ctl, struct clock_info *c)
{
	memset(c, 0, sizeof(*c));
	nl_begin(&ctl->nl, KNTP_CMD_CLOCK_GET, clock_attrs);
	return ctl_result(ctl, nl_do(&ctl->nl, parse, c), NULL);
}

uint64_t clock_root_distance(const struct clock_info *c)
{
	return c->root_delay / 2 + c->dispersion_now;
}

void clock_print_state(const struct clock_info *c)
{
	const char *words = clock_state_text(c->state), *colon;

	pr_text("state", clock_state_name(c->state), "clock", words);
	pr_bool("synchronised", NULL, c->state == KNTP_CLOCK_SYNC);
	colon = strchr(words, ':');
	pr_str("reason", NULL, colon ? colon + 2 : NULL);
}

/* Characters name a primary source, an address the server one stratum up. */
void clock_print_source(const struct clock_info *c)
{
	char hex[16], ascii[REFID_TEXT], dotted[REFID_TEXT], words[64];
	const char *name;

	refid_ascii(c->refid, ascii);
	refid_dotted(c->refid, dotted);
	snprintf(hex, sizeof(hex), "0x%08" PRIx32, c->refid);
	name = c->stratum <= 1 && *ascii ? ascii : dotted;
	if (name == ascii || !*ascii)
		snprintf(words, sizeof(words), "%s (%s)", name, hex);
	else
		snprintf(words, sizeof(words), "%s (%s, \"%s\")", name, hex,
			 ascii);
	pr_u64("stratum", "stratum", c->stratum);
	pr_text("refid_text", name, "refid", words);
	pr_str("refid_hex", NULL, hex);
}

void clock_print_lease_left(const struct clock_info *c)
{
	if (c->lease_left == KNTP_LEASE_FOREVER)
		pr_text("lease_left_ns", NULL, "lease left", "forever");
	else
		pr_ns("lease_left_ns", "lease left", c->lease_left);
	pr_bool("lease_forever", NULL, c->lease_left == KNTP_LEASE_FOREVER);
}

static void print_growth(const struct clock_info *c)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%" PRIu32 ".%03" PRIu32 "%s",
		 c->growth / 1000, c->growth % 1000,
		 pr_format() == PR_CSV ? "" : " ppm");
	if (pr_format() == PR_JSON)
		pr_u64("growth_ppb", NULL, c->growth);
	else
		pr_text(NULL, NULL, "growth", buf);
}

static void print_map(const struct clock_info *c)
{
	char buf[RATE_TEXT];

	if (c->base != KNTP_BASE_MAP)
		return;
	pr_ns("map_raw_ns", "  raw time", (uint64_t)c->map_raw);
	pr_time("map_utc_ns", "  UTC then", c->map_utc);
	if (pr_format() == PR_JSON)
		pr_i64("map_rate_2e_64", NULL, c->map_rate);
	else
		pr_text(NULL, NULL, "  rate (ppm)",
			rate_format(c->map_rate, buf));
}

/* What was published; there is none of it while nobody has. */
static void print_published(const struct clock_info *c)
{
	pr_str("leap", "leap", leap_name(c->leap));
	pr_u64("leap_indicator", NULL, c->leap);
	clock_print_source(c);
	pr_time("reference_time_ns", "reference time", c->ref_time);
	pr_ns("root_delay_ns", "root delay", c->root_delay);
	pr_ns("root_dispersion_ns", "root dispersion", c->dispersion_now);
	pr_ns("root_dispersion_published_ns", "  as published",
	      c->root_dispersion);
	pr_ns("root_distance_ns", "root distance", clock_root_distance(c));
	print_growth(c);
	pr_time("published_ns", "published", c->published);
	if (c->lease == KNTP_LEASE_FOREVER)
		pr_text("lease_ns", NULL, "lease", "forever");
	else
		pr_ns("lease_ns", "lease", c->lease);
	clock_print_lease_left(c);
}

int cmd_clock_show(struct ctl *ctl, int argc, char **argv)
{
	struct clock_info c;
	int status = words_none(ctl, argc, argv);

	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = clock_fetch(ctl, &c);
	if (status)
		return status;
	pr_begin();
	clock_print_state(&c);
	pr_time("time_ns", "time (UTC)", c.time);
	pr_ns("raw_time_ns", "raw time", (uint64_t)c.raw_time);
	pr_i64("tai_offset_s", "TAI offset (s)", c.tai_offset);
	pr_u64("steps", "steps", c.steps);
	pr_i64("precision_log2_s", "precision (log2 s)", c.precision);
	if (c.was_published) {
		pr_str("base", "base", base_name(c.base));
		print_map(&c);
		print_published(&c);
	}
	/* A table of its own has no place among the columns of another. */
	if (pr_format() != PR_CSV)
		host_clocks(c.tai_offset);
	pr_end();
	return 0;
}
