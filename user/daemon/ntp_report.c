// SPDX-License-Identifier: GPL-2.0
/* What chronyc's ntpdata and activity tell of servers and peers. */
#include "address.h"
#include "clk.h"
#include "ntp.h"
#include "pool.h"
#include "report.h"

#include <assert.h>
#include <string.h>

static_assert(sizeof(((struct source *)0)->name) == REPORT_NAME, "names");

/* Test 1 is the highest bit there and the lowest one here. */
static uint16_t as_read(unsigned int tests)
{
	uint16_t out = 0;
	int i;

	for (i = 0; i < 10; i++)
		if (tests & 1U << i)
			out |= (uint16_t)(1U << (9 - i));
	return out;
}

static void tell_answer(const struct ntp_source *src,
			struct report_ntpdata *n)
{
	const struct ntp_answer *a = &src->report.answer;

	n->leap = a->leap;
	n->version = a->version;
	n->mode = a->mode;
	n->stratum = a->stratum;
	n->poll = a->poll;
	n->precision = a->precision;
	n->root_delay = a->root_delay;
	n->root_dispersion = a->root_dispersion;
	n->refid = a->refid;
	n->ref_time = a->reference ? ntp_to_unix(a->reference, clk_real()) : 0;
	n->interleaved = a->interleaved;
	n->authenticated = src->opt.key;
}

static void tell_result(const struct ntp_source *src,
			struct report_ntpdata *n)
{
	const struct ntp_report *r = &src->report;

	n->offset = r->offset;
	n->delay = r->sample.delay;
	n->dispersion = r->sample.dispersion;
	n->response_time = r->response;
	n->asymmetry = src->opt.has_asymmetry ? src->opt.asymmetry : 0;
	n->tests = as_read(r->tests);
	n->tx_stamp = (char)r->transmit;
	n->rx_stamp = (char)r->receive;
}

/**
 * report_ntpdata_of() - a server or peer as its packets tell of it
 * @src: it
 * @n: is filled
 */
void report_ntpdata_of(const struct ntp_source *src, struct report_ntpdata *n)
{
	const struct ntp_report *r = &src->report;
	const struct sockaddr *remote = (const void *)&src->source.address;

	memset(n, 0, sizeof(*n));
	memcpy(n->name, src->source.name, sizeof(n->name));
	n->remote = src->source.address;
	n->local = r->local;
	n->remote_refid = src->source.refid;
	if (r->local.ss_family != AF_UNSPEC)
		n->local_refid = address_refid((const void *)&r->local);
	n->remote_port = address_port(remote);
	n->total_tx = r->sent;
	n->total_rx = r->received;
	n->total_valid_rx = r->valid;
	n->total_good_rx = r->good;
	n->total_kernel_tx = r->kernel_sent;
	n->total_kernel_rx = r->kernel_received;
	n->total_hw_tx = r->hw_sent;
	n->total_hw_rx = r->hw_received;
	if (!r->answer.mode)
		return;
	tell_answer(src, n);
	tell_result(src, n);
}

/**
 * report_ntpdata() - servers and peers as their packets tell of them
 * @n: is filled, in the order of the list of all sources
 * @max: no more than this
 *
 * Return: how many.
 */
size_t report_ntpdata(struct report_ntpdata *n, size_t max)
{
	const struct source *s;
	size_t done = 0;

	for (s = sources; s && done < max; s = s->next)
		if (s->type == SOURCE_SERVER || s->type == SOURCE_PEER)
			report_ntpdata_of((const void *)s, &n[done++]);
	return done;
}

/**
 * report_activity() - how many are asked
 * @a: is filled
 */
void report_activity(struct report_activity *a)
{
	const struct ntp_source *src;
	bool burst;

	*a = (struct report_activity){ .unresolved = pool_unresolved() };
	for (src = ntp_sources; src; src = src->next) {
		burst = src->burst_good && src->burst_left;
		if (src->state == NTP_ONLINE && burst)
			a->burst_online++;
		else if (src->state == NTP_ONLINE)
			a->online++;
		else if (burst)
			a->burst_offline++;
		else
			a->offline++;
	}
}
