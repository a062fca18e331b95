// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever comes to the port of a request, and what an association makes of it.
 * Input: options (1 octet), then packets: what is done before (1), length (1),
 * the datagram, which is given the request's cookie when that is asked for.
 */
#include "../unit/ntpworld.h"
#include "must.h"

enum {
	OPT_PEER = 1, OPT_INTERLEAVED = 2, OPT_FILTER = 4, OPT_BURST = 8,
	OPT_ASYMMETRY = 16, OPT_PRESEND = 32,

	DO_WAIT = 1,		/* until the next request */
	DO_LATE = 2,		/* some ms pass */
	DO_ORIGIN = 4,		/* it knows the cookie, so it answers */
	DO_INTERLEAVED = 8,	/* it knows the other one */
	DO_NEAR = 16,		/* its times are about right */
	DO_FIT = 32,		/* something is known of the source */
};

static struct ntp_options options_of(u8 which)
{
	struct ntp_options opt = options();

	opt.peer = which & OPT_PEER;
	opt.interleaved = which & OPT_INTERLEAVED;
	opt.filter = which & OPT_FILTER ? 3 : 0;
	opt.iburst = which & OPT_BURST;
	opt.asymmetry = 0.5;
	opt.has_asymmetry = which & OPT_ASYMMETRY;
	opt.presend = which & OPT_PRESEND ? 7 : 100;
	return opt;
}

static void before(u8 what)
{
	struct estimate *e = &src->source.est;

	if (what & DO_FIT && e->n) {
		e->valid = true;
		e->skew = 1e-6;
		e->fit = (struct fit){
			.raw = sample.raw, .utc = sample.utc, .noise = 1e-4,
			.wander = 1e-17, .time_error = 1e-5,
		};
	}
	if (what & DO_WAIT && timers)
		until_request();
	if (what & DO_LATE)
		advance(0.003);
}

static void make_fit(struct ntp_header *h, u8 what)
{
	u64 stamp = ntp_from_unix(BOOT + now);

	if (what & DO_ORIGIN)
		h->origin = cpu_to_be64(src->request.transmit);
	else if (what & DO_INTERLEAVED)
		h->origin = cpu_to_be64(src->request.receive);
	if (what & DO_NEAR) {
		/* To some ms; what is below is left as it came. */
		h->receive = cpu_to_be64((stamp & ~0xffffffULL) |
					 (be64_to_cpu(h->receive) & 0xffffff));
		h->transmit = cpu_to_be64((stamp & ~0xffffffULL) |
					  (be64_to_cpu(h->transmit) &
					   0xffffff));
		h->reference = h->receive;
	}
}

static void check_sample(int64_t last_raw)
{
	const struct ntp_answer *a = &src->report.answer;

	MUST(src->report.tests == NTP_TESTS_GOOD);
	MUST(a->leap != NTP_LEAP_UNSYNC);
	MUST(a->stratum >= 1 && a->stratum <= 15 && !a->kiss);
	MUST(src->opt.peer ? a->mode == 1 || a->mode == 2 : a->mode == 4);
	MUST(sample.raw > last_raw && sample.raw <= now);
	MUST(sample.delay >= 1e-7 && sample.delay <= 3);
	MUST(sample.dispersion > 0 && sample.dispersion <= 3);
	MUST(sample.root_delay / 2 + sample.root_dispersion < 16);
	MUST(src->source.reach & 1);
}

static void check_state(void)
{
	int limit = src->opt.maxpoll > 10 ? src->opt.maxpoll : 10;

	MUST(src->source.poll >= src->opt.minpoll);
	MUST(src->source.poll <= limit);
	MUST(src->state != NTP_ONLINE || src->poll_timer.armed);
	MUST(src->state != NTP_OFFLINE || !timers);
	/* The only timer is that of the next request, long after the denial. */
	MUST(src->state != NTP_DENIED ||
	     (timers == &src->poll_timer && !timers->next));
	MUST(src->waiting || src->opt.peer || src->fd < 0);
	MUST(src->report.good <= src->report.valid);
	MUST(src->n_kept < 3);
}

static void deliver_one(const u8 *data, size_t len)
{
	struct ntp_when when = { now, NTP_STAMP_KERNEL };
	static struct server_packet p;
	u8 *copy;

	if (src->opt.peer) {
		memset(&p, 0, sizeof(p));
		p.len = len;
		p.from = src->source.address;
		p.when = when;
		memcpy(p.data, data, len);
		MUST(ntp_peer_receive(&p));
		return;
	}
	copy = flush_copy(data, len);
	ntp_receive(src, copy, len, &when);
	flush_free(copy, len);
}

/* A packet that does not know the cookie is as if it had never been. */
static bool answers_us(const struct ntp_header *h)
{
	return be64_to_cpu(h->origin) == src->request.transmit ||
	       (src->request.receive &&
		be64_to_cpu(h->origin) == src->request.receive);
}

static void one_packet(u8 what, const u8 *data, size_t len)
{
	int64_t last_raw = samples ? sample.raw : INT64_MIN;
	unsigned int had = samples;
	struct ntp_source was;
	struct ntp_header h;
	u8 packet[256];
	bool ours = false;

	before(what);
	memcpy(packet, data, len);
	if (len >= sizeof(h)) {
		memcpy(&h, packet, sizeof(h));
		make_fit(&h, what);
		memcpy(packet, &h, sizeof(h));
		ours = answers_us(&h) && src->waiting;
	}
	was = *src;
	deliver_one(packet, len);
	if (!ours && !src->opt.peer)
		MUST(!memcmp(&was, src, sizeof(was)));
	if (samples != had) {
		MUST(ours && samples == had + 1);
		if (!src->opt.filter && !src->opt.has_asymmetry)
			check_sample(last_raw);
	}
	check_state();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ntp_options opt;
	size_t len;

	if (!size)
		return 0;
	random_state = size;
	opt = options_of(data[0]);
	begin(&opt);
	for (data++, size--; size >= 2; data += len, size -= len) {
		len = data[1] < size - 2 ? data[1] : size - 2;
		one_packet(data[0], data + 2, len);
		data += 2;
		size -= 2;
	}
	end();
	MUST(!failures);
	return 0;
}
