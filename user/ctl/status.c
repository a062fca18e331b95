// SPDX-License-Identifier: GPL-2.0
#include "clock.h"
#include "daemon.h"
#include "names.h"
#include "print.h"
#include "stats.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The version of the module that is loaded, not of this program. */
static void module_version(char *buf, size_t size)
{
	FILE *file = fopen("/sys/module/kntp/version", "re");

	if (!file || !fgets(buf, (int)size, file))
		snprintf(buf, size, "unknown");
	buf[strcspn(buf, "\n")] = '\0';
	if (file)
		fclose(file);
}

static void print_clock(const struct clock_info *c)
{
	pr_object("clock", NULL);
	clock_print_state(c);
	if (c->was_published) {
		pr_str("base", "base", base_name(c->base));
		clock_print_source(c);
		pr_ns("root_distance_ns", "root distance",
		      clock_root_distance(c));
		clock_print_lease_left(c);
	}
	pr_object_end();
}

static void print_totals(const struct hook_stats *h)
{
	char words[128];

	pr_object(NULL, NULL);
	pr_str("hook", NULL, hook_name(h->hook));
	pr_u64("in", NULL, h->count[KNTP_STAT_IN]);
	pr_u64("answered", NULL, h->count[KNTP_STAT_ANSWERED]);
	pr_u64("passed_total", NULL, h->passed);
	pr_u64("dropped_total", NULL, h->dropped);
	snprintf(words, sizeof(words),
		 "in %" PRIu64 ", answered %" PRIu64 ", passed %" PRIu64
		 ", dropped %" PRIu64,
		 h->count[KNTP_STAT_IN], h->count[KNTP_STAT_ANSWERED],
		 h->passed, h->dropped);
	pr_text(NULL, NULL, hook_name(h->hook), words);
	pr_object_end();
}

static void daemon_words(struct json_object *d, char *words, size_t size)
{
	const char *follow = member_str(d, "follow");
	const char *source = member_str(d, "source");
	bool other = strcmp(follow, "sources");

	if (!member_bool(d, "synchronised"))
		snprintf(words, size, "running, not synchronised%s%s",
			 other ? ": follows " : "", other ? follow : "");
	else
		snprintf(words, size, "follows %s%s%s, stratum %" PRId64 "%s",
			 other ? follow : *source ? source : "its own clock",
			 other && *source ? ": " : "",
			 other ? source : "", member_i64(d, "stratum"),
			 member_bool(d, "controls_clock") ? "" :
			 ", does not set the clock");
}

static const char *answered_by(struct json_object *d, bool listens)
{
	bool itself = member_bool(d, "answers");

	if (!member_bool(d, "module"))
		return itself ? "kntpd itself, without the module" : "nobody";
	/* Loaded is not asked: without a listener the module answers nobody. */
	if (!listens)
		return itself ?
		       "kntpd itself: the module has no listener ('listen hook local' in kntp.conf)" :
		       "nobody: the module has no listener ('listen hook local' in kntp.conf)";
	return itself ? "the module, and kntpd what that leaves to it" :
			"the module alone";
}

/* D is what the daemon said of itself, NULL when there is none. */
static void print_daemon(struct json_object *d, bool listens)
{
	char words[640] = "not running";

	if (d)
		daemon_words(d, words, sizeof(words));
	pr_object("kntpd", NULL);
	pr_bool("running", NULL, d);
	pr_text(NULL, NULL, "kntpd", words);
	if (d) {
		pr_str("follow", NULL, member_str(d, "follow"));
		pr_bool("synchronised", NULL, member_bool(d, "synchronised"));
		pr_str("source", NULL, member_str(d, "source"));
		pr_i64("stratum", NULL, member_i64(d, "stratum"));
		pr_bool("controls_clock", NULL,
			member_bool(d, "controls_clock"));
		pr_bool("module", NULL, member_bool(d, "module"));
		pr_bool("answers", NULL, member_bool(d, "answers"));
		pr_text(NULL, NULL, "answered by", answered_by(d, listens));
	}
	pr_object_end();
}

/* Without the module, kntpd is all there is to tell of. */
static int print_alone(struct json_object *d)
{
	pr_begin();
	pr_text("module_version", NULL, "module", "not loaded");
	print_daemon(d, false);
	pr_end();
	return 0;
}

static int print_both(struct ctl *ctl, struct json_object *d)
{
	struct clock_info c;
	uint64_t prefixes;
	struct stats s;
	char version[64];
	bool listens;
	int status;
	size_t i;

	status = clock_fetch(ctl, &c);
	if (!status)
		status = acl_count(ctl, &prefixes);
	if (!status)
		status = stats_fetch(ctl, &s);
	if (!status)
		status = listen_fetch(ctl);
	if (status)
		return status;

	listens = listen_count();
	module_version(version, sizeof(version));
	pr_begin();
	pr_str("module_version", "module", version);
	print_clock(&c);
	listen_print("listeners");
	pr_u64("acl_prefixes", "prefixes", prefixes);
	pr_list("hooks", NULL);
	for (i = 0; i < s.n; i++)
		print_totals(&s.hook[i]);
	pr_list_end();
	print_daemon(d, listens);
	pr_end();
	return 0;
}

int cmd_status(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);
	struct json_object *d;

	if (status)
		return status;
	d = daemon_peek("status");
	if (d && nl_open(&ctl->nl) == -ENOENT) {
		status = print_alone(d);
	} else {
		nl_close(&ctl->nl);
		status = ctl_open(ctl);
		if (!status)
			status = print_both(ctl, d);
	}
	json_object_put(d);
	return status;
}
