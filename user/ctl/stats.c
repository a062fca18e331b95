// SPDX-License-Identifier: GPL-2.0
#include "stats.h"
#include "names.h"
#include "print.h"

#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

/*
 * X(KNTP_STAT_..., group, name, sentence). The one place that names the
 * counters and says what an operator may do about them.
 */
#define COUNTERS(X) \
X(IN, TOTAL, "in", \
  "Datagrams to UDP port 123 that the hook saw; what ingress passes up is counted by local again.") \
X(ANSWERED, TOTAL, "answered", \
  "Requests that got their reply from the module.") \
X(PASS_FRAGMENT, PASS, "fragment", \
  "IP fragments: left to the stack to put together, after which the local hook sees them.") \
X(PASS_OPTIONS, PASS, "options", \
  "IPv4 options or IPv6 extension headers: left to the stack, which knows them; rare from real clients.") \
X(PASS_VLAN, PASS, "vlan", \
  "VLAN-tagged frames: add an ingress listener for the VLAN device, or let the local hook answer.") \
X(PASS_NOT_MINE, PASS, "not_mine", \
  "Frames to an address that is not this host's, such as traffic that it routes: nothing to do.") \
X(PASS_MULTICAST, PASS, "multicast", \
  "Broadcast or multicast destinations: a daemon on UDP/123 may want them; the module answers none.") \
X(PASS_IPSEC, PASS, "ipsec", \
  "IPsec policies are in force, so ingress leaves the decision to the stack and the local hook.") \
X(PASS_GSO, PASS, "gso", \
  "Several datagrams in one buffer: turn off UDP GRO on the device (ethtool -K DEV rx-udp-gro-forwarding off) if this grows.") \
X(PASS_SHARED, PASS, "shared", \
  "A packet capture or tap holds the same buffer: the local hook answers these while it runs.") \
X(PASS_LONG, PASS, "long", \
  "Longer than any request that is answered here: left to the daemon on UDP/123.") \
X(PASS_VERSION, PASS, "version", \
  "NTP version 0 or 5 to 7: left to the daemon on UDP/123.") \
X(PASS_MODE, PASS, "mode", \
  "Neither client nor symmetric active mode, such as answers to this host's own daemon or ntpq queries.") \
X(PASS_ACL, PASS, "acl", \
  "The source is under `acl pass`: left to the daemon on UDP/123 as told.") \
X(PASS_NTS, PASS, "nts", \
  "Network time security requests: only a daemon that holds the keys can answer them.") \
X(PASS_MAC, PASS, "mac", \
  "Authenticated with a key that the module does not hold: left to the daemon on UDP/123.") \
X(DROP_LENGTH, DROP, "length", \
  "The IP or UDP length is untrue, or too short for NTP: broken or hostile senders.") \
X(DROP_CHECKSUM, DROP, "checksum", \
  "The IP or UDP checksum is wrong, or missing on IPv6: look for a faulty link, device or offload if this grows.") \
X(DROP_SOURCE, DROP, "source", \
  "The source is no unicast address of another host: spoofed, or a routing mistake nearby.") \
X(DROP_PORT, DROP, "port", \
  "Source port 0, to which nothing can be sent.") \
X(DROP_IPSEC, DROP, "ipsec", \
  "An IPsec policy demands protection that the request did not have: check the policy with ip xfrm policy.") \
X(DROP_MALFORMED, DROP, "malformed", \
  "Extension fields that do not add up to the datagram's length: broken or hostile senders.") \
X(DROP_DENIED, DROP, "denied", \
  "The access list says no, or says nothing: see who with acl check, open it with acl allow.") \
X(DROP_AUTH, DROP, "auth", \
  "The access list wants a MAC of this source, and there is none: see why with acl check.") \
X(DROP_MAC, DROP, "mac", \
  "The MAC is wrong, although its key is held here: another secret or type than the client's, or a forgery.") \
X(DROP_RATE, DROP, "rate", \
  "The client asks more often than limit set allows: see who with client show.") \
X(DROP_PREFIX, DROP, "prefix", \
  "All of a prefix together ask more often than its limit set allows: see which with client show.") \
X(DROP_BUDGET, DROP, "budget", \
  "More requests than limit budget has replies for; those who were answered before come first.") \
X(DROP_NO_MEMORY, DROP, "no_memory", \
  "No memory was left to write the reply: the host is short of it.") \
X(DROP_NO_ROUTE, DROP, "no_route", \
  "There is no route back to the source: check ip route get ADDRESS.") \
X(DROP_TRANSMIT, DROP, "transmit", \
  "The firewall, the queue or the device refused the reply: check OUTPUT rules and the device's drops.") \
X(OF_INTERLEAVED, OF, "interleaved", \
  "Replies in interleaved mode, which say when the reply before was really sent.") \
X(OF_TX_DEVICE, OF, "tx_device", \
  "Of these, with the device's own transmit stamp; the others have its driver's.") \
X(OF_RX_DEVICE, OF, "rx_device", \
  "Requests whose arrival the device itself stamped.") \
X(OF_RX_UNKNOWN, OF, "rx_unknown", \
  "Requests that the device stamped by a clock that is not known, or not well enough: see phc show.") \
X(OF_KISS, OF, "kiss", \
  "Of those that were denied, wrongly signed or asked too often: told so, by a kiss code or crypto-NAK.") \
X(OF_KEYED, OF, "keyed", \
  "Requests that were authenticated by a key, and so their replies.")

/* OF counts some of the others again. */
enum group { TOTAL, PASS, DROP, OF };

#define COUNTER(stat, group, name, sentence) \
	[KNTP_STAT_##stat] = { group, name, sentence },
#define ONE(stat, group, name, sentence) + 1

static const struct counter {
	enum group group;
	const char *name;
	const char *sentence;
} counters[] = { COUNTERS(COUNTER) };

/* Each is there once: a second initialiser is an error with -Wextra. */
static_assert(0 COUNTERS(ONE) == KNTP_STAT_MAX, "a counter has no name");

#define FOR_EACH_COUNTER(i, g) \
	for (i = 1; i <= KNTP_STAT_MAX; i++) \
		if (counters[i].group == (g))

static int hook_parse_stats(const struct nlattr *nest, struct hook_stats *h)
{
	const struct nlattr *tb[KNTP_A_STATS_HOOK_MAX + 1], *attr;
	uint16_t type;

	nl_parse_nested(nest, tb, KNTP_A_STATS_HOOK_MAX);
	if (!tb[KNTP_A_STATS_HOOK_HOOK] || !tb[KNTP_A_STATS_HOOK_COUNTERS])
		return -EBADMSG;
	memset(h, 0, sizeof(*h));
	h->hook = nl_u32(tb[KNTP_A_STATS_HOOK_HOOK]);
	mnl_attr_for_each_nested(attr, tb[KNTP_A_STATS_HOOK_COUNTERS]) {
		type = mnl_attr_get_type(attr);
		if (type < 1 || type > KNTP_STAT_MAX)
			continue;
		h->count[type] = nl_u64(attr);
		if (counters[type].group == PASS)
			h->passed += h->count[type];
		else if (counters[type].group == DROP)
			h->dropped += h->count[type];
	}
	return 0;
}

static int collect(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	struct stats *s = data;
	int err;

	mnl_attr_for_each(attr, nlh, GENL_HDRLEN) {
		if (mnl_attr_get_type(attr) != KNTP_A_STATS_HOOK)
			continue;
		if (s->n == KNTP_HOOK_MAX)
			return -E2BIG;
		err = hook_parse_stats(attr, &s->hook[s->n++]);
		if (err)
			return err;
	}
	return 0;
}

int stats_fetch(struct ctl *ctl, struct stats *s)
{
	s->n = 0;
	nl_begin(&ctl->nl, KNTP_CMD_STATS_GET, NULL);
	return ctl_result(ctl, nl_do(&ctl->nl, collect, s), NULL);
}

static void print_counter(const struct hook_stats *h, int i, bool zeroes,
			  bool explain)
{
	bool text = zeroes || explain || h->count[i] ||
		    counters[i].group == TOTAL;

	pr_u64(counters[i].name, text ? counters[i].name : NULL, h->count[i]);
	if (explain)
		pr_note(counters[i].sentence);
}

static void print_group(const struct hook_stats *h, enum group group,
			const char *name, uint64_t sum, bool zeroes,
			bool explain)
{
	char total[32];
	int i;

	snprintf(total, sizeof(total), "%s_total", name);
	pr_u64(total, name, sum);
	pr_object(name, "");
	FOR_EACH_COUNTER(i, group)
		print_counter(h, i, zeroes, explain);
	pr_object_end();
}

static void print_hook(const struct hook_stats *h, bool zeroes, bool explain)
{
	int i;

	pr_object(NULL, hook_name(h->hook));
	pr_str("hook", NULL, hook_name(h->hook));
	FOR_EACH_COUNTER(i, TOTAL)
		print_counter(h, i, true, explain);
	print_group(h, PASS, "passed", h->passed, zeroes, explain);
	print_group(h, DROP, "dropped", h->dropped, zeroes, explain);
	pr_object("of_answered", "of these");
	FOR_EACH_COUNTER(i, OF)
		print_counter(h, i, zeroes, explain);
	pr_object_end();
	pr_object_end();
}

/* HOOK,COUNTER,COUNT: every counter, for scripts. */
static void print_csv(const struct stats *s)
{
	static const char *const prefix[] = { "", "pass_", "drop_", "of_" };
	char name[32];
	size_t n;
	int i;

	for (n = 0; n < s->n; n++) {
		for (i = 1; i <= KNTP_STAT_MAX; i++) {
			snprintf(name, sizeof(name), "%s%s",
				 prefix[counters[i].group], counters[i].name);
			pr_row();
			pr_str(NULL, "", hook_name(s->hook[n].hook));
			pr_str(NULL, "", name);
			pr_u64(NULL, "", s->hook[n].count[i]);
			pr_row_end();
		}
	}
}

static void print_sentences(void)
{
	static const char *const groups[] = {
		NULL, "passed", "dropped", "of_answered"
	};
	int i, g;

	pr_object("explain", NULL);
	for (g = TOTAL; g <= OF; g++) {
		if (groups[g])
			pr_object(groups[g], NULL);
		FOR_EACH_COUNTER(i, (enum group)g)
			pr_str(counters[i].name, NULL, counters[i].sentence);
		if (groups[g])
			pr_object_end();
	}
	pr_object_end();
}

int cmd_stats_show(struct ctl *ctl, int argc, char **argv)
{
	bool explain = argc && !strcmp(argv[0], "--explain");
	struct stats s;
	size_t i;
	int status;

	status = words_none(ctl, argc - explain, argv + explain);
	if (!status)
		status = ctl_open(ctl);
	if (!status)
		status = stats_fetch(ctl, &s);
	if (status)
		return status;

	pr_begin();
	if (pr_format() == PR_CSV) {
		print_csv(&s);
	} else {
		pr_list("hooks", NULL);
		for (i = 0; i < s.n; i++)
			print_hook(&s.hook[i], ctl->verbose, explain);
		pr_list_end();
		if (explain && pr_format() == PR_JSON)
			print_sentences();
	}
	pr_end();
	return 0;
}

int cmd_stats_reset(struct ctl *ctl, int argc, char **argv)
{
	int status = words_none(ctl, argc, argv);

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	nl_begin(&ctl->nl, KNTP_CMD_STATS_RESET, NULL);
	return ctl_result(ctl, nl_do(&ctl->nl, NULL, NULL), NULL);
}
