// SPDX-License-Identifier: GPL-2.0
/* Control messages as they come to kntpd. Input: the datagram. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../../user/daemon/access.h"
#include "../../user/daemon/mode6.h"
#include "../../user/daemon/server.h"
#include "../../user/daemon/source.h"
#include "must.h"

static unsigned int answers;
static uint8_t asked_op;

struct source *sources;

int64_t loop_now(void)
{
	static int64_t now;

	/* No second is as the one before, or it would be too often. */
	return now += 1000000000;
}

uint8_t access_check(const struct access *a, const struct sockaddr *from)
{
	(void)a, (void)from;
	return 0;
}

uint16_t mode6_system_status(void)
{
	return 0x0600;
}

uint16_t mode6_source_status(const struct source *s)
{
	(void)s;
	return 0x9600;
}

void mode6_system(struct mode6_text *t)
{
	int i;

	mode6_put(t, "stratum", "%d", 2);
	for (i = 0; i < 200; i++)
		mode6_put(t, "long", "%0250d", i);
	MUST(t->len < sizeof(t->data));
}

void mode6_source(struct mode6_text *t, const struct source *s)
{
	(void)s;
	mode6_put(t, "reach", "%o", 0377);
}

int mode6_mru(struct mode6_text *t, const char *asked)
{
	const char *value = mode6_value(asked, "frags");

	MUST(!value || (value > asked && value <= asked + strlen(asked)));
	mode6_put(t, "now", "%d", 0);
	return 0;
}

int server_send(const struct server_packet *p, const void *data, size_t len)
{
	const uint8_t *h = data;

	(void)p;
	answers++;
	MUST(len >= 12 && len <= 12 + MODE6_DATA && len % 4 == 0);
	MUST((h[0] & 7) == 6 && (h[1] & 0x80) && (h[1] & 0x1f) == asked_op);
	/* As many octets as are said, and no more than pad them. */
	MUST((size_t)(h[10] << 8 | h[11]) + 12 <= len &&
	     (size_t)(h[10] << 8 | h[11]) + 12 > len - 4);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct server_packet p;
	struct sockaddr_in *from = (void *)&p.from;
	bool taken;

	if (size > sizeof(p.data))
		return 0;
	from->sin_family = AF_INET;
	from->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(p.data, data, size);
	p.len = size;
	asked_op = size > 1 ? data[1] & 0x1f : 0;
	answers = 0;
	taken = mode6_receive(&p);
	MUST(taken == (size && (data[0] & 7) == 6));
	MUST(answers <= MODE6_TEXT / MODE6_DATA + 1);
	MUST(taken || !answers);
	/* A stranger is told nothing. */
	from->sin_addr.s_addr = htonl(0xc0000201);
	answers = 0;
	mode6_receive(&p);
	MUST(!answers);
	return 0;
}
