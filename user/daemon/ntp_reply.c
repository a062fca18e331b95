// SPDX-License-Identifier: GPL-2.0
/* Which packet is the reply to a request, and when that request left. */
#include "ntp.h"

#include <string.h>

/*
 * A device may tell when a request left only after its reply has come, which is
 * worth a moment's wait where that came by one that stamps.
 */
static bool awaits_stamp(const struct ntp_source *src,
			 const struct ntp_when *when)
{
	return when->kind == NTP_STAMP_HARDWARE && !src->ahead &&
	       src->sent.kind != NTP_STAMP_HARDWARE &&
	       ntp_network.stamp_wait > 0;
}

/* The reply to the last request. */
static void take(struct ntp_source *src, const struct ntp_answer *a,
		 unsigned int tests, const struct ntp_when *when)
{
	ntp_stop_waiting(src);
	if (src->ahead)
		return;
	src->report.answer = *a;
	src->report.tests = tests;
	if (a->kiss) {
		ntp_kissed(src, a->kiss);
		return;
	}
	if (src->last_receive && a->receive == src->last_receive &&
	    a->transmit == src->last_transmit)
		tests &= ~(unsigned int)NTP_TEST_DUPLICATE;
	ntp_accept(src, a, tests, when);
}

/**
 * ntp_take_held() - the reply that is held is waited with no longer
 * @arg: whose
 */
void ntp_take_held(void *arg)
{
	struct ntp_source *src = arg;

	take(src, &src->held.answer, src->held.tests, &src->held.when);
}

/**
 * ntp_receive() - a datagram has come from a source's address and port
 * @src: the source
 * @data: UDP payload
 * @len: its length, octets
 * @when: it arrived
 *
 * One reply is taken for each request: what else comes, be it made up or the
 * same once more, changes nothing but the count.
 */
void ntp_receive(struct ntp_source *src, const void *data, size_t len,
		 const struct ntp_when *when)
{
	struct ntp_answer a;
	unsigned int tests;

	if (!src->waiting || src->hold_timer.armed ||
	    !ntp_packet_parse(data, len, &a))
		return;
	tests = ntp_packet_check(&src->request, &a);
	if (!(tests & NTP_TEST_ORIGIN) || !ntp_is_authentic(src, data, len))
		return;
	if (!awaits_stamp(src, when)) {
		take(src, &a, tests, when);
		return;
	}
	src->held.answer = a;
	src->held.tests = tests;
	src->held.when = *when;
	timer_set(&src->hold_timer, ntp_network.stamp_wait);
}

/**
 * ntp_transmitted() - a request has left
 * @src: of whom
 * @data: the end of the packet, as long as it was given to be sent
 * @len: its length, octets
 * @when: it left
 *
 * Told by the kernel and by the device, in any order; the device knows best.
 */
void ntp_transmitted(struct ntp_source *src, const void *data, size_t len,
		     const struct ntp_when *when)
{
	struct ntp_header h;

	if (len < sizeof(h))
		return;
	memcpy(&h, data, sizeof(h));
	if (be64_to_cpu(h.transmit) != src->request.transmit)
		return;
	src->report.kernel_sent += when->kind == NTP_STAMP_KERNEL;
	src->report.hw_sent += when->kind == NTP_STAMP_HARDWARE;
	if (src->sent.kind == NTP_STAMP_HARDWARE)
		return;
	src->sent = *when;
	if (src->hold_timer.armed && when->kind == NTP_STAMP_HARDWARE)
		timer_set(&src->hold_timer, 0);
}
