// SPDX-License-Identifier: GPL-2.0
/* Who asks: all of the client table, those who are asked for, the first of them. */
#include "clients.h"
#include "ctl.h"
#include "names.h"
#include "print.h"
#include "units.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/kntp.h>
#include <math.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* TOP: no more than these are told, the greatest by VALUE; 0: all. */
struct clients {
	struct client *at;
	size_t n, room, top;
	double (*value)(const struct client *c);
	uint8_t prefix6;
};

/* Between two requests, on the average, ms; infinite where there was one. */
static double interval(const struct client *c)
{
	return client_asked(c) > 1 ? (double)(c->first_ms - c->last_ms) /
			      (double)(client_asked(c) - 1) : (double)INFINITY;
}

static double by_requests(const struct client *c)
{
	return (double)client_asked(c);
}

static double by_refused(const struct client *c)
{
	return c->refused;
}

static double by_interleaved(const struct client *c)
{
	return c->interleaved;
}

static double by_rate(const struct client *c)
{
	return -interval(c);
}

static double by_seen(const struct client *c)
{
	return -(double)c->last_ms;
}

static const struct {
	const char *name;
	double (*value)(const struct client *c);
} orders[] = {
	{ "requests", by_requests }, { "refused", by_refused },
	{ "interleaved", by_interleaved }, { "rate", by_rate },
	{ "seen", by_seen },
};

static int compare(const void *a, const void *b, void *data)
{
	const struct clients *list = data;
	double x = list->value(a), y = list->value(b);

	return (x < y) - (x > y);
}

static void cut(struct clients *list)
{
	if (!list->top)
		return;
	qsort_r(list->at, list->n, sizeof(*list->at), compare, list);
	if (list->n > list->top)
		list->n = list->top;
}

/* Of a million of which ten are wanted twenty are kept. */
static int make_room(struct clients *list)
{
	size_t room = list->room ? list->room * 2 : 64;
	struct client *at;

	if (list->top && list->n >= 2 * list->top) {
		cut(list);
		return 0;
	}
	if (list->n < list->room)
		return 0;
	at = reallocarray(list->at, room, sizeof(*at));
	if (!at)
		return -ENOMEM;
	list->at = at;
	list->room = room;
	return 0;
}

static int collect(const struct nlmsghdr *nlh, void *data)
{
	struct clients *list = data;
	const struct nlattr *attr;
	int err = 0;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) != KNTP_A_CLIENT_CLIENT)
			continue;
		err = make_room(list);
		if (!err)
			err = client_parse(attr, &list->at[list->n],
					   list->prefix6);
		if (err)
			break;
		list->n++;
	}
	return err;
}

static void restart(void *data)
{
	struct clients *list = data;

	list->n = 0;
}

static void print_client(const struct client *c)
{
	bool one = c->prefix.len == 8 * c->prefix.size;
	char buf[PREFIX_TEXT + 1 + IF_NAMESIZE];
	size_t len;

	pr_row();
	if (one)
		addr_format(&c->prefix, buf);
	else
		prefix_format(&c->prefix, buf);
	if (c->ifindex) {
		len = strlen(buf);
		buf[len++] = '%';
		dev_name(c->ifindex, buf + len);
	}
	pr_word("address", "", buf);
	pr_u64("requests", "requests", c->requests);
	pr_u64("refused", "refused", c->refused);
	pr_u64("interleaved", "interleaved", c->interleaved);
	if (c->has_mode) {
		pr_u64("version", "version", c->li_vn_mode >> 3 & 7);
		pr_u64("mode", "mode", c->li_vn_mode & 7);
		pr_i64("poll", "poll", c->poll);
	} else {
		pr_text("version", NULL, "version", "-");
		pr_text("mode", NULL, "mode", "-");
		pr_text("poll", NULL, "poll", "-");
	}
	pr_ms("last_ago_ns", "last", c->last_ms);
	pr_ms("first_ago_ns", "first", c->first_ms);
	if (client_asked(c) > 1)
		pr_ms("interval_ns", "interval", (uint32_t)interval(c));
	else
		pr_text("interval_ns", NULL, "interval", "-");
	pr_row_end();
}

static void print_table(const struct client_table *t)
{
	char words[128];

	if (pr_format() == PR_CSV)
		return;
	pr_u64("entries", NULL, t->entries);
	pr_u64("used", NULL, t->used);
	pr_u64("memory_bytes", NULL, t->memory);
	pr_u64("prefix6", NULL, t->prefix6);
	snprintf(words, sizeof(words), "%" PRIu32 " of %" PRIu32
		 ", %" PRIu64 " KiB", t->used, t->entries, t->memory / 1024);
	pr_text(NULL, NULL, "clients", words);
}

static void print_all(const struct client_table *t, const struct clients *list)
{
	size_t i;

	pr_begin();
	print_table(t);
	pr_list("clients", NULL);
	for (i = 0; i < list->n; i++)
		print_client(&list->at[i]);
	pr_list_end();
	pr_end();
}

enum { PREFIX, MODE, VERSION, WITHIN, REQUESTS, RATE, TOP, BY, WORDS };

struct wanted {
	const char *value[WORDS];
	struct prefix prefix;
	uint64_t number[WORDS];
	uint32_t rate;
};

/* What is wrong with a word, or NULL. */
static const char *take_word(struct wanted *w, struct clients *list, int i,
			     char *why)
{
	static const uint64_t most[WORDS] = {
		[MODE] = 7, [VERSION] = 7, [REQUESTS] = UINT32_MAX,
		[TOP] = KNTP_CLIENT_ENTRIES_MAX,
	};
	const char *value = w->value[i], *bad;
	size_t n;

	switch (i) {
	case PREFIX:
		return prefix_parse(value, &w->prefix, why) ? why : NULL;
	case WITHIN:
		bad = duration_parse(value, &w->number[i]);
		w->number[i] /= 1000000;
		if (!bad && (!w->number[i] || w->number[i] > UINT32_MAX))
			bad = "is not from a millisecond to 49 days";
		return bad;
	case RATE:
		return milli_parse(value, &w->rate);
	case BY:
		for (n = 0; n < sizeof(orders) / sizeof(orders[0]); n++)
			if (!strcmp(value, orders[n].name))
				list->value = orders[n].value;
		return list->value ? NULL :
		       "is none of requests, refused, interleaved, rate and seen";
	default:
		return uint_parse(value, i != MODE, most[i], &w->number[i], why);
	}
}

/* 0 or EXIT_USAGE. */
static int take_words(const struct ctl *ctl, struct wanted *w,
		      struct clients *list, int argc, char **argv)
{
	struct word words[WORDS] = {
		[PREFIX] = { .key = "prefix" }, [MODE] = { .key = "mode" },
		[VERSION] = { .key = "version" }, [WITHIN] = { .key = "within" },
		[REQUESTS] = { .key = "requests" }, [RATE] = { .key = "rate" },
		[TOP] = { .key = "top" }, [BY] = { .key = "by" },
	};
	int status = words_parse(ctl, words, WORDS, argc, argv), i;
	char why[ADDR_WHY];
	const char *bad;

	for (i = 0; !status && i < WORDS; i++) {
		w->value[i] = words[i].value;
		bad = w->value[i] ? take_word(w, list, i, why) : NULL;
		if (bad && i == PREFIX)
			return ctl_usage(ctl, "prefix: %s", bad);
		if (bad)
			return ctl_usage(ctl, "%s: '%s' %s", words[i].key,
					 w->value[i], bad);
	}
	if (status)
		return status;
	if (list->value && !w->value[TOP])
		return ctl_usage(ctl, "by: how many? 'top N'");
	list->top = (size_t)w->number[TOP];
	if (!list->value)
		list->value = by_requests;
	return 0;
}

static void put_filter(struct nlmsghdr *nlh, const struct wanted *w)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, KNTP_A_CLIENT_FILTER);

	if (w->value[PREFIX]) {
		mnl_attr_put(nlh, KNTP_A_CLIENT_FILTER_ADDR, w->prefix.size,
			     w->prefix.addr);
		mnl_attr_put_u8(nlh, KNTP_A_CLIENT_FILTER_LEN, w->prefix.len);
	}
	if (w->value[MODE])
		mnl_attr_put_u8(nlh, KNTP_A_CLIENT_FILTER_MODE,
				(uint8_t)w->number[MODE]);
	if (w->value[VERSION])
		mnl_attr_put_u8(nlh, KNTP_A_CLIENT_FILTER_VERSION,
				(uint8_t)w->number[VERSION]);
	if (w->value[WITHIN])
		mnl_attr_put_u32(nlh, KNTP_A_CLIENT_FILTER_SEEN,
				 (uint32_t)w->number[WITHIN]);
	if (w->value[REQUESTS])
		mnl_attr_put_u32(nlh, KNTP_A_CLIENT_FILTER_ASKED,
				 (uint32_t)w->number[REQUESTS]);
	if (w->value[RATE])
		mnl_attr_put_u32(nlh, KNTP_A_CLIENT_FILTER_RATE, w->rate);
	mnl_attr_nest_end(nlh, nest);
}

size_t clients_top(struct nl *nl, uint32_t within_ms, struct client *at,
		   size_t room, struct client_table *table)
{
	struct clients list = { .top = room, .value = by_requests };
	struct wanted w = {
		.value[WITHIN] = "", .number[WITHIN] = within_ms,
	};
	size_t n = 0;

	nl_begin(nl, KNTP_CMD_CLIENT_GET, client_attrs);
	if (nl_do(nl, client_table_told, table))
		return 0;
	list.prefix6 = table->prefix6;
	put_filter(nl_begin(nl, KNTP_CMD_CLIENT_GET, client_attrs), &w);
	if (!nl_dump(nl, collect, restart, &list)) {
		cut(&list);
		n = list.n;
		memcpy(at, list.at, n * sizeof(*at));
	}
	free(list.at);
	return n;
}

int cmd_client_show(struct ctl *ctl, int argc, char **argv)
{
	struct wanted w = { .rate = 0 };
	struct clients list = { 0 };
	struct client_table table = { 0 };
	int status;

	status = take_words(ctl, &w, &list, argc, argv);
	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nl_begin(&ctl->nl, KNTP_CMD_CLIENT_GET, client_attrs);
	status = ctl_result(ctl, nl_do(&ctl->nl, client_table_told, &table), NULL);
	if (status)
		return status;
	list.prefix6 = table.prefix6;
	put_filter(nl_begin(&ctl->nl, KNTP_CMD_CLIENT_GET, client_attrs), &w);
	status = ctl_result(ctl, nl_dump(&ctl->nl, collect, restart, &list),
			    NULL);
	cut(&list);
	if (!status)
		print_all(&table, &list);
	free(list.at);
	return status;
}
