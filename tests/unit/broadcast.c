// SPDX-License-Identifier: GPL-2.0
/* Broadcasts that anybody may have sent: the real broadcast_client.c. */
#include "ntpworld.h"
#include "../../user/daemon/broadcast.h"

static void (*handler)(const struct server_packet *p);
static struct group_conf line = { .what = CONF_BROADCAST_CLIENT };

void server_set_broadcast_handler(void (*received)(const struct server_packet *p))
{
	handler = received;
}

bool conf_is_multicast(const struct sockaddr_storage *a)
{
	(void)a;
	return false;
}

/* FROM broadcasts; nobody has asked it. */
static void broadcast(const char *from, int8_t poll, int8_t precision)
{
	struct ntp_header h = {
		.li_vn_mode = 0x25, .stratum = 1, .poll = poll,
		.precision = precision,
		.transmit = cpu_to_be64(ntp_from_unix(BOOT + now)),
	};
	struct server_packet p = {
		.len = sizeof(h), .when = { now, NTP_STAMP_KERNEL },
	};

	memcpy(p.data, &h, sizeof(h));
	address_parse(from, &p.from);
	address_set_port((void *)&p.from, NTP_PORT);
	address_parse("192.0.2.255", &p.to);
	handler(&p);
}

static unsigned int known(void)
{
	const struct ntp_source *s;
	unsigned int n = 0;

	for (s = ntp_sources; s; s = s->next)
		n++;
	return n;
}

static void start(void)
{
	static struct config c;

	now = 1000 * NS_PER_S;
	sent = samples = 0;
	line.unauthenticated = true;
	c.group = &line;
	c.n_group = 1;
	broadcast_listen_set(&c);
}

static void stop(void)
{
	struct config c = { .n_group = 0 };

	broadcast_listen_set(&c);
	CHECK(!ntp_sources && !timers, "all is given back");
}

/*
 * Eight forged packets with poll 17 filled the table for 54 days. Who does not
 * answer requests is forgotten after eight of them, however often it is heard.
 */
static void forged(void)
{
	char from[32];
	unsigned int i;

	start();
	for (i = 0; i < 9; i++) {
		snprintf(from, sizeof(from), "192.0.2.%u", i + 1);
		broadcast(from, 17, -20);
	}
	CHECK(known() == 8, "%u", known());
	for (i = 0; i < 60; i++) {
		advance(1);
		broadcast("192.0.2.1", 17, -20);
	}
	CHECK(known() <= 1, "%u stay", known());
	advance(60);
	CHECK(!known(), "%u stay", known());
	stop();
}

/* One that answers is kept, and what it says of its precision bounded. */
static void true_one(void)
{
	unsigned int i;

	start();
	for (i = 0; i < 80; i++) {
		broadcast("192.0.2.1", 3, 127);
		src = ntp_sources;
		if (!src || src->source.est.n >= 8)
			break;
		if (src->waiting)
			answered();
		advance(1);
	}
	CHECK(known() == 1 && src->report.valid, "it is not asked");
	CHECK(ntp_precision(127) == 1 && ntp_precision(-20) == ldexp(1, -20),
	      "precision %g", ntp_precision(127));
	advance(200);
	CHECK(known() == 1, "it is forgotten early");
	stop();
}

static const struct test_case cases[] = {
	{ "who never answers is forgotten", forged },
	{ "who answers is kept", true_one },
};

TEST_MAIN(cases)
