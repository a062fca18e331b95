// SPDX-License-Identifier: GPL-2.0
#include "hwts.h"
#include "clk.h"
#include "conf.h"
#include "estimate.h"
#include "linktable.h"
#include "log.h"
#include "loop.h"
#include "nl.h"
#include "phc.h"
#include "publish.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_ether.h>
#include <linux/kntp.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <math.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Readings that are missing until its stamps are not used any more. */
#define LIFETIME	8.0
/* A reading that far from what was expected: the clock was set, s. */
#define SET		1e-5

/*
 * A link whose stamps are used. The estimate has the hardware clock's time in
 * the place of UTC: all of it is about two clocks of this machine.
 */
struct link {
	struct link *next;
	const struct hwtimestamp_conf *conf;
	char dev[IF_NAMESIZE];
	unsigned int ifindex;
	int index, fd;
	bool cross, told, deaf;
	unsigned int speed;	/* Mbit/s; 0: not known */
	struct hwtstamp_config before;
	struct estimate estimate;
	struct timer timer;
};

static struct {
	const struct config *conf;
	struct link *links;
	int sock;
} hwts = { .sock = -1 };

static const struct nl_attr_name names[] = {
	{ KNTP_A_PHC_IFINDEX, "device", NULL },
	{ KNTP_A_PHC_MAP_PHC, "map phc", NULL },
	{ KNTP_A_PHC_MAP_RAW, "map raw", NULL },
	{ KNTP_A_PHC_MAP_RATE, "map rate", NULL },
	{ 0, NULL, NULL }
};

static int link_ioctl(const char *dev, unsigned long request, void *data)
{
	struct ifreq ifr = { .ifr_data = data };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", dev);
	return ioctl(hwts.sock, request, &ifr) ? -errno : 0;
}

/* How fast it is, Mbit/s; 0 where that is not known. */
static unsigned int speed(const char *dev)
{
	/* Behind it the kernel puts its sets of modes. */
	_Alignas(struct ethtool_link_settings)
	char room[sizeof(struct ethtool_link_settings) + 3 * 4 * INT8_MAX];
	struct ethtool_link_settings *link = (void *)room;

	memset(room, 0, sizeof(room));
	link->cmd = ETHTOOL_GLINKSETTINGS;
	/* It says first how many words they have. */
	if (link_ioctl(dev, SIOCETHTOOL, room) ||
	    link->link_mode_masks_nwords >= 0)
		return 0;
	link->cmd = ETHTOOL_GLINKSETTINGS;
	link->link_mode_masks_nwords = (int8_t)-link->link_mode_masks_nwords;
	if (link_ioctl(dev, SIOCETHTOOL, room) ||
	    link->speed == (uint32_t)SPEED_UNKNOWN)
		return 0;
	return link->speed;
}

/* What an octet takes on the wire, ns; 0 where that is not known. */
static double octet(const struct link *l)
{
	return l->speed ? 8000.0 / l->speed : 0;
}

/* The filter to ask for, by what is configured and what the device has; or -1. */
static int filter(const struct hwtimestamp_conf *conf, uint32_t has)
{
	static const struct {
		enum conf_rxfilter of;
		int filter;
	} ways[] = {
		{ CONF_RX_NONE, HWTSTAMP_FILTER_NONE },
		{ CONF_RX_NTP, HWTSTAMP_FILTER_NTP_ALL },
		{ CONF_RX_ALL, HWTSTAMP_FILTER_ALL },
		{ CONF_RX_PTP, HWTSTAMP_FILTER_PTP_V2_EVENT },
		{ CONF_RX_BEST, HWTSTAMP_FILTER_NTP_ALL },
		{ CONF_RX_BEST, HWTSTAMP_FILTER_ALL },
		{ CONF_RX_NTP, HWTSTAMP_FILTER_ALL },
		{ CONF_RX_BEST, HWTSTAMP_FILTER_NONE },
	};
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].of == conf->rxfilter && has & 1U << ways[i].filter)
			return ways[i].filter;
	return -1;
}

/* Turns it on; 0 or -errno. What it was before is kept. */
static int turn_on(struct link *l)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	struct hwtstamp_config config = { 0 };
	int rx, err;

	err = link_ioctl(l->dev, SIOCETHTOOL, &info);
	if (err)
		return err;
	rx = filter(l->conf, info.rx_filters | 1U << HWTSTAMP_FILTER_NONE);
	if (info.phc_index < 0 || rx < 0 ||
	    !(info.tx_types & 1U << HWTSTAMP_TX_ON))
		return -EOPNOTSUPP;
	l->index = info.phc_index;
	if (link_ioctl(l->dev, SIOCGHWTSTAMP, &l->before))
		l->before = (struct hwtstamp_config){ 0 };
	config.tx_type = HWTSTAMP_TX_ON;
	config.rx_filter = rx;
	return link_ioctl(l->dev, SIOCSHWTSTAMP, &config);
}

/* How long its stamps are used without another reading, s. */
static double lifetime(const struct link *l)
{
	return LIFETIME * ldexp(1, l->conf->maxpoll);
}

/* Once as many readings as may be are kept, more of them tell little. */
static double interval(const struct link *l)
{
	bool full = (int)l->estimate.n >= l->conf->maxsamples;

	return ldexp(1, full ? l->conf->maxpoll : l->conf->minpoll);
}

/* How RAW runs against the hardware clock, less one. */
static double rate(const struct fit *fit)
{
	return -fit->frequency / (1 + fit->frequency);
}

/*
 * The line from the hardware clock to RAW. Its error is that of the estimate,
 * and what a reading can be off by one-sidedly.
 */
static int tell(struct link *l)
{
	const struct sample *last = estimate_last(&l->estimate);
	struct fit fit = fit_at(&l->estimate.fit, last->raw);
	double error = 2 * fit.time_error + last->dispersion;
	struct nl *nl = publish_nl();
	struct nlmsghdr *nlh;

	if (!nl)
		return -ENOENT;
	nlh = nl_begin(nl, KNTP_CMD_PHC_SET, names);
	mnl_attr_put_u32(nlh, KNTP_A_PHC_IFINDEX, l->ifindex);
	mnl_attr_put_u32(nlh, KNTP_A_PHC_INDEX, (uint32_t)l->index);
	mnl_attr_put_u64(nlh, KNTP_A_PHC_MAP_PHC, (uint64_t)fit.utc);
	mnl_attr_put_u64(nlh, KNTP_A_PHC_MAP_RAW, (uint64_t)fit.raw);
	mnl_attr_put_u64(nlh, KNTP_A_PHC_MAP_RATE,
			 (uint64_t)(int64_t)llround(ldexp(rate(&fit), 64)));
	mnl_attr_put_u64(nlh, KNTP_A_PHC_ERROR, (uint64_t)ceil(error * 1e9));
	mnl_attr_put_u64(nlh, KNTP_A_PHC_LIFETIME, (uint64_t)
			 (lifetime(l) * 1e9));
	mnl_attr_put_u64(nlh, KNTP_A_PHC_TX_COMP, (uint64_t)
			 llround(l->conf->txcomp * 1e9));
	mnl_attr_put_u64(nlh, KNTP_A_PHC_RX_COMP, (uint64_t)
			 llround(l->conf->rxcomp * 1e9));
	mnl_attr_put_u32(nlh, KNTP_A_PHC_OCTET, (uint32_t)
			 lround(octet(l) * 1e3));
	mnl_attr_put_u32(nlh, KNTP_A_PHC_TX_RATE, (uint32_t)l->conf->txrate);
	return nl_do(nl, NULL, NULL);
}

static void forget(struct link *l)
{
	struct nl *nl = publish_nl();

	estimate_reset(&l->estimate);
	if (!nl || !l->told)
		return;
	l->told = false;
	mnl_attr_put_u32(nl_begin(nl, KNTP_CMD_PHC_DEL, names),
			 KNTP_A_PHC_IFINDEX, l->ifindex);
	nl_do(nl, NULL, NULL);
}

/* Whether the clock was set since the readings before. */
static bool was_set(const struct link *l, const struct sample *s)
{
	struct fit fit = fit_at(&l->estimate.fit, s->raw);
	double off = (double)(s->utc - fit.utc) * 1e-9;

	return l->estimate.valid &&
	       fabs(off) > SET + s->dispersion + 5 * fit.time_error;
}

static bool is_known(const struct link *l)
{
	return l->estimate.valid && (int)l->estimate.n >= l->conf->minsamples;
}

static void look(void *arg)
{
	struct sample s = { .root_dispersion = 0 };
	struct phc_reading r;
	struct link *l = arg;
	int err;

	timer_set(&l->timer, interval(l));
	err = phc_read(l->fd, &l->cross, &r);
	if (err && !l->deaf)
		log_msg(LOG_WARNING, "hwtimestamp %s: ptp%d cannot be read: %s",
			l->dev, l->index, strerror(-err));
	l->deaf = err;
	if (err) {
		forget(l);
		return;
	}
	s.raw = r.raw ? r.raw : clk_raw_of_real(r.real);
	s.utc = r.phc;
	s.dispersion = fmax(r.dispersion, l->conf->precision);
	if (was_set(l, &s)) {
		log_msg(LOG_INFO, "hwtimestamp %s: ptp%d was set", l->dev,
			l->index);
		forget(l);
	}
	estimate_add(&l->estimate, &s);
	if (!is_known(l))
		return;
	err = tell(l);
	if (!err && !l->told)
		log_msg(LOG_INFO, "hwtimestamp %s: stamps by ptp%d are used",
			l->dev, l->index);
	l->told = !err;
}

static void link_free(struct link *l)
{
	timer_cancel(&l->timer);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

/* MEANT: it is the link that is meant, so that is said which has none. */
static void add(const struct hwtimestamp_conf *conf, const char *dev,
		bool meant)
{
	struct link *l = calloc(1, sizeof(*l));
	int err = l ? 0 : -ENOMEM;
	char path[32];

	if (!err) {
		l->conf = conf;
		l->fd = -1;
		snprintf(l->dev, sizeof(l->dev), "%s", dev);
		l->ifindex = if_nametoindex(dev);
		err = turn_on(l);
	}
	if (!err) {
		snprintf(path, sizeof(path), "/dev/ptp%d", l->index);
		l->fd = phc_open(path);
		err = l->fd < 0 ? l->fd : 0;
		if (err)
			link_ioctl(dev, SIOCSHWTSTAMP, &l->before);
	}
	if (err) {
		if (meant || (err != -EOPNOTSUPP && err != -ENODEV))
			log_msg(LOG_WARNING, "hwtimestamp %s: %s", dev,
				strerror(-err));
		if (l)
			link_free(l);
		return;
	}
	l->cross = !conf->nocrossts;
	l->speed = speed(dev);
	estimate_init(&l->estimate, (unsigned int)conf->maxsamples);
	l->timer = (struct timer){ .fn = look, .arg = l };
	l->next = hwts.links;
	hwts.links = l;
	look(l);
}

static const struct link *find(unsigned int ifindex)
{
	const struct link *l;

	for (l = hwts.links; l && l->ifindex != ifindex; l = l->next)
		;
	return l;
}

/*
 * How a link is to stamp, or NULL. Its own name counts first, then those of what
 * sends by it. MEANT: it is by one of these.
 */
static const struct hwtimestamp_conf *conf_of(const struct link_table *table,
					      const struct link_entry *link,
					      bool *meant)
{
	const struct hwtimestamp_conf *above = NULL, *all = NULL, *c;
	size_t i, j;

	*meant = true;
	for (i = 0; i < hwts.conf->n_hwtimestamp; i++) {
		c = &hwts.conf->hwtimestamp[i];
		if (!strcmp(c->dev, link->dev))
			return c;
		if (!strcmp(c->dev, "*"))
			all = c;
		for (j = 0; j < table->n && !above; j++)
			if (!strcmp(c->dev, table->links[j].dev) &&
			    linktable_sends_by(table, &table->links[j], link))
				above = c;
	}
	*meant = above;
	return above ? above : all;
}

/* What has become of those that are known. */
static void look_again(void)
{
	struct link **at = &hwts.links, *l;

	while ((l = *at)) {
		/* It may have been renamed: it is still that one. */
		if (if_indextoname(l->ifindex, l->dev)) {
			l->speed = speed(l->dev);
			at = &l->next;
			continue;
		}
		log_msg(LOG_INFO, "hwtimestamp %s: is gone", l->dev);
		*at = l->next;
		forget(l);
		link_free(l);
	}
}

/**
 * hwts_look() - links have come, gone or been renamed
 *
 * A VLAN, a macvlan or a bond has the stamps of the links it sends by, which are
 * those that are told to.
 */
void hwts_look(void)
{
	const struct hwtimestamp_conf *conf;
	struct link_table table;
	bool meant;
	size_t i;
	int err;

	if (hwts.sock < 0)
		return;
	look_again();
	err = linktable_read(&table);
	if (err)
		log_msg(LOG_WARNING, "hwtimestamp: the links are not told: %s",
			strerror(-err));
	for (i = 0; i < table.n; i++) {
		if (!linktable_is_real(&table.links[i]) ||
		    find(table.links[i].ifindex))
			continue;
		conf = conf_of(&table, &table.links[i], &meant);
		if (conf)
			add(conf, table.links[i].dev, meant);
	}
	linktable_free(&table);
}

/**
 * hwts_any() - whether links that stamp packets are used, or waited for
 */
bool hwts_any(void)
{
	return hwts.sock >= 0;
}

/**
 * hwts_raw() - a device's stamp by a clock of this machine
 * @ifindex: the device
 * @stamp: by its hardware clock, ns
 * @way: whether it sent the packet or received it
 * @octets: the length of a frame that was received, without its check sequence;
 *	0 where that is not known
 * @raw: where to, CLOCK_MONOTONIC_RAW, ns
 *
 * Devices stamp the begin of a frame. That is when it left, but it has arrived
 * when it has ended, so that both ways take as long where the links are not
 * equally fast.
 *
 * Return: false when the clock is not known, or not known any more.
 */
bool hwts_raw(unsigned int ifindex, int64_t stamp, enum ntp_way way,
	      unsigned int octets, int64_t *raw)
{
	const struct link *l = find(ifindex);
	const struct sample *last;
	struct fit fit;
	double gain;

	if (!l || !is_known(l))
		return false;
	last = estimate_last(&l->estimate);
	if ((double)(clk_raw() - last->raw) > lifetime(l) * 1e9)
		return false;
	fit = fit_at(&l->estimate.fit, last->raw);
	gain = (double)(stamp - fit.utc) * rate(&fit);
	if (way == NTP_SENT)
		gain += l->conf->txcomp * 1e9;
	else
		gain += (octets ? octets + ETH_FCS_LEN : 0) * octet(l) -
			l->conf->rxcomp * 1e9;
	*raw = fit.raw + (stamp - fit.utc) + llround(gain);
	return true;
}

/**
 * hwts_start() - have the links that are configured stamp packets
 * @conf: stays
 *
 * One that cannot is told of in the log, and all goes on. For each that can, the
 * module is told how its clock runs, every 2^minpoll s.
 */
void hwts_start(const struct config *conf)
{
	size_t i;

	if (!conf->n_hwtimestamp)
		return;
	hwts.conf = conf;
	hwts.sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (hwts.sock < 0) {
		log_msg(LOG_WARNING, "hwtimestamp: %m");
		return;
	}
	for (i = 0; i < conf->n_hwtimestamp; i++)
		if (strcmp(conf->hwtimestamp[i].dev, "*") &&
		    !if_nametoindex(conf->hwtimestamp[i].dev))
			log_msg(LOG_WARNING, "hwtimestamp %s: %m; waits for it",
				conf->hwtimestamp[i].dev);
	hwts_look();
}

/**
 * hwts_stop() - leave all links as they were found
 */
void hwts_stop(void)
{
	struct link *l;

	while ((l = hwts.links)) {
		hwts.links = l->next;
		forget(l);
		if (if_indextoname(l->ifindex, l->dev))
			link_ioctl(l->dev, SIOCSHWTSTAMP, &l->before);
		link_free(l);
	}
	if (hwts.sock >= 0)
		close(hwts.sock);
	hwts.sock = -1;
}
