// SPDX-License-Identifier: GPL-2.0
#include "counters.h"
#include "nl.h"

#include <assert.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <math.h>
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
  "Requests that were authenticated by a key, and so their replies.") \
X(OF_TX_LOST, OF, "tx_lost", \
  "Replies in basic mode to interleaved clients, because the transmit stamp of the reply before had not come.")

#define COUNTER(stat, group, name, sentence) \
	[KNTP_STAT_##stat] = { COUNTER_##group, name, sentence },
#define ONE(stat, group, name, sentence) + 1

const struct counter counters[KNTP_STAT_MAX + 1] = { COUNTERS(COUNTER) };

/* Each is there once: a second initialiser is an error with -Wextra. */
static_assert(0 COUNTERS(ONE) == KNTP_STAT_MAX, "a counter has no name");

double time_bucket(int bucket)
{
	return ldexp(1, bucket - KNTP_TIME_MAX);
}

int time_quantile(const struct hook_stats *h, double part)
{
	double left = part * (double)h->timed;
	int i;

	for (i = 1; i <= KNTP_TIME_MAX; i++) {
		left -= (double)h->times[i];
		if (h->times[i] && left <= 0)
			return i;
	}
	return 0;
}

double counter_rate(uint64_t before, uint64_t now, double s)
{
	return s > 0 ? (double)(now >= before ? now - before : now) / s : 0;
}

static void parse_times(const struct nlattr *nest, struct hook_stats *h)
{
	const struct nlattr *attr;
	uint16_t type;

	mnl_attr_for_each_nested(attr, nest) {
		type = mnl_attr_get_type(attr);
		if (type < 1 || type > KNTP_TIME_MAX)
			continue;
		h->times[type] = nl_u64(attr);
		h->timed += h->times[type];
	}
}

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
		if (counters[type].group == COUNTER_PASS)
			h->passed += h->count[type];
		else if (counters[type].group == COUNTER_DROP)
			h->dropped += h->count[type];
	}
	if (tb[KNTP_A_STATS_HOOK_TIMES])
		parse_times(tb[KNTP_A_STATS_HOOK_TIMES], h);
	return 0;
}

int counters_collect(const struct nlmsghdr *nlh, void *data)
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

int counters_collect_cpu(const struct nlmsghdr *nlh, void *data)
{
	struct cpu_stats_list *list = data;
	const struct nlattr *attr;
	struct cpu_stats *c;

	if (list->n == list->room)
		return 0;
	c = &list->at[list->n];
	memset(c, 0, sizeof(*c));
	mnl_attr_for_each(attr, nlh, GENL_HDRLEN)
		if (mnl_attr_get_type(attr) == KNTP_A_STATS_CPU)
			c->cpu = nl_u32(attr);
	list->n++;
	return counters_collect(nlh, &c->stats);
}

void counters_restart_cpu(void *data)
{
	struct cpu_stats_list *list = data;

	list->n = 0;
}
