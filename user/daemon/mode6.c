// SPDX-License-Identifier: GPL-2.0
#include "mode6.h"
#include "address.h"
#include "loop.h"
#include "server.h"
#include "source.h"

#include "core/ntptime.h"
#include "core/wire.h"

#include <arpa/inet.h>
#include <linux/kntp.h>
#include <nettle/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

/* Requests that are looked at a second, whoever sends them. */
#define PER_SECOND	200
/* Requests that wait for the module's table. */
#define WAITING_MAX	4
/*
 * Octets a second to other hosts: an answer is up to 50 times its request, so that
 * this, not the requests of a forger, bounds what a victim gets.
 */
#define REMOTE_PER_SECOND	32768
/* A nonce is good for that long, s: the time it takes to ask with it. */
#define NONCE_LIFE	16
#define NONCE_DIGEST	12
#define NONCE_TEXT	(8 + 2 * NONCE_DIGEST + 1)

enum { RESPONSE = 0x80, ERROR = 0x40, MORE = 0x20, OPCODE = 0x1f };

enum opcode {
	READ_STATUS = 1,
	READ_VARIABLES = 2,
	READ_CLOCK = 4,
	READ_MRU = 10,
	REQUEST_NONCE = 12,
};

/* RFC 9327 section 2. */
struct header {
	uint8_t li_vn_mode;
	uint8_t r_e_m_op;
	__be16 sequence;
	__be16 status;
	__be16 association;
	__be16 offset;
	__be16 count;
};

static struct {
	const struct access *access;
	uint8_t secret[16];
	bool has_secret;
	int64_t second;
	unsigned int looked_at;
	size_t sent;	/* octets to others than this host in that second */
} mode6;

void mode6_set_access(const struct access *access)
{
	mode6.access = access;
}

static bool is_wanted(const char *wanted, const char *name)
{
	return !*wanted || mode6_value(wanted, name);
}

const char *mode6_value(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (*text) {
		text += strspn(text, ", \t\r\n");
		if (!strncmp(text, name, len)) {
			if (text[len] == '=')
				return text + len + 1;
			if (!text[len] || strchr(", \t\r\n", text[len]))
				return text + len;
		}
		text += strcspn(text, ",");
	}
	return NULL;
}

void mode6_put(struct mode6_text *t, const char *name, const char *fmt, ...)
{
	char value[320];
	va_list ap;
	int n;

	if (!is_wanted(t->wanted, name))
		return;
	va_start(ap, fmt);
	vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	n = snprintf(t->data + t->len, sizeof(t->data) - t->len, "%s%s=%s",
		     t->len ? ", " : "", name, value);
	/* What has no room is left out whole. */
	if (n > 0 && t->len + (size_t)n < sizeof(t->data))
		t->len += (size_t)n;
}

void mode6_put_time(struct mode6_text *t, const char *name, int64_t ns)
{
	uint64_t stamp = ns ? ntp_from_unix(ns) : 0;

	mode6_put(t, name, "0x%08x.%08x", (unsigned int)(stamp >> 32),
		  (unsigned int)stamp);
}

static bool is_loopback(const struct sockaddr_storage *ss)
{
	const struct sockaddr_in6 *in6 = (const void *)ss;
	const struct sockaddr_in *in = (const void *)ss;

	if (ss->ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool is_allowed(const struct server_packet *p)
{
	int64_t second = loop_now() / 1000000000;

	if (!is_loopback(&p->from) &&
	    (!mode6.access || access_check(mode6.access, (const void *)&p->from) !=
			      KNTP_VERDICT_ALLOW))
		return false;
	if (second != mode6.second) {
		mode6.looked_at = 0;
		mode6.sent = 0;
	}
	mode6.second = second;
	return mode6.looked_at++ < PER_SECOND;
}

static void send_part(const struct server_packet *p, const struct header *asked,
		      uint8_t flags, uint16_t status, const char *data,
		      size_t offset, size_t len)
{
	uint8_t packet[sizeof(struct header) + MODE6_DATA + 3] = { 0 };
	struct header h = {
		.li_vn_mode = (uint8_t)((asked->li_vn_mode & 0x38) |
					NTP_MODE_CONTROL),
		.r_e_m_op = (uint8_t)(RESPONSE | flags |
				      (asked->r_e_m_op & OPCODE)),
		.sequence = asked->sequence,
		.status = htons(status),
		.association = asked->association,
		.offset = htons((uint16_t)offset),
		.count = htons((uint16_t)len),
	};

	/* An address that is let in may be forged by anybody. */
	if (!is_loopback(&p->from)) {
		if (mode6.sent + sizeof(h) + len > REMOTE_PER_SECOND)
			return;
		mode6.sent += sizeof(h) + len;
	}
	memcpy(packet, &h, sizeof(h));
	if (len)
		memcpy(packet + sizeof(h), data + offset, len);
	server_send(p, packet, sizeof(h) + ((len + 3) & ~(size_t)3));
}

static void answer(const struct server_packet *p, const struct header *asked,
		   uint16_t status, const char *data, size_t len)
{
	size_t at = 0, part;

	do {
		part = len - at < MODE6_DATA ? len - at : MODE6_DATA;
		send_part(p, asked, at + part < len ? MORE : 0, status, data,
			  at, part);
		at += part;
	} while (at < len);
}

static void refuse(const struct server_packet *p, const struct header *asked,
		   enum mode6_error error)
{
	send_part(p, asked, ERROR, (uint16_t)(error << 8), NULL, 0, 0);
}

/* By number, from 1; the number is good as long as no source comes or goes. */
static const struct source *source_of(uint16_t association)
{
	const struct source *s = sources;

	while (s && --association)
		s = s->next;
	return s;
}

static void read_status(const struct server_packet *p, const struct header *h)
{
	uint16_t association = ntohs(h->association), number = 0;
	uint16_t list[2 * (MODE6_TEXT / 4)];
	const struct source *s;
	size_t n = 0;

	if (association) {
		s = source_of(association);
		if (s)
			answer(p, h, mode6_source_status(s), NULL, 0);
		else
			refuse(p, h, MODE6_BAD_ASSOCIATION);
		return;
	}
	for (s = sources; s && n < sizeof(list) / sizeof(list[0]); s = s->next) {
		list[n++] = htons(++number);
		list[n++] = htons(mode6_source_status(s));
	}
	answer(p, h, mode6_system_status(), (const char *)list,
	       n * sizeof(list[0]));
}

static void read_variables(const struct server_packet *p,
			   const struct header *h, const char *asked)
{
	static struct mode6_text t;
	uint16_t association = ntohs(h->association);
	const struct source *s = association ? source_of(association) : NULL;

	t.wanted = asked + strspn(asked, ", \t\r\n");
	t.len = 0;
	if (association && !s) {
		refuse(p, h, MODE6_BAD_ASSOCIATION);
		return;
	}
	if (s)
		mode6_source(&t, s);
	else
		mode6_system(&t);
	if (!t.len)
		refuse(p, h, MODE6_UNKNOWN_VARIABLE);
	else
		answer(p, h, s ? mode6_source_status(s) : mode6_system_status(),
		       t.data, t.len);
}

/*
 * Who sends one back has got one, so its address is its own (RFC 9327 section
 * 4): the time, and a secret's digest of that and the address.
 */
static void make_nonce(const struct server_packet *p, uint32_t at,
		       char nonce[NONCE_TEXT])
{
	char address[ADDRESS_TEXT] = "";
	uint8_t digest[NONCE_DIGEST];
	struct hmac_sha256_ctx hmac;
	size_t i;

	if (!mode6.has_secret)
		mode6.has_secret = getrandom(mode6.secret, sizeof(mode6.secret),
					     0) == sizeof(mode6.secret);
	address_format((const void *)&p->from, address);
	hmac_sha256_set_key(&hmac, sizeof(mode6.secret), mode6.secret);
	hmac_sha256_update(&hmac, sizeof(at), (const uint8_t *)&at);
	hmac_sha256_update(&hmac, sizeof(address), (const uint8_t *)address);
	hmac_sha256_digest(&hmac, sizeof(digest), digest);
	snprintf(nonce, 9, "%08x", at);
	for (i = 0; i < sizeof(digest); i++)
		snprintf(nonce + 8 + 2 * i, 3, "%02x", digest[i]);
}

static bool is_nonce(const struct server_packet *p, const char *asked)
{
	uint32_t now = (uint32_t)(loop_now() / 1000000000), at;
	const char *value = mode6_value(asked, "nonce");
	char right[NONCE_TEXT];
	unsigned int time;

	if (!value || sscanf(value, "%8x", &time) != 1)
		return false;
	at = time;
	if (now - at > NONCE_LIFE)
		return false;
	make_nonce(p, at, right);
	return !strncmp(value, right, NONCE_TEXT - 1);
}

static void request_nonce(const struct server_packet *p, const struct header *h)
{
	char text[sizeof("nonce=") + NONCE_TEXT] = "nonce=";

	make_nonce(p, (uint32_t)(loop_now() / 1000000000), text + 6);
	answer(p, h, 0, text, strlen(text));
}

static struct {
	struct server_packet packet[WAITING_MAX];
	unsigned int n;
} waiting;

/**
 * mode6_again() - Answer the requests that wait for the module's client table
 */
void mode6_again(void)
{
	struct server_packet packet[WAITING_MAX];
	unsigned int i, n = waiting.n;

	memcpy(packet, waiting.packet, sizeof(packet));
	waiting.n = 0;
	for (i = 0; i < n; i++)
		mode6_receive(&packet[i]);
}

static void read_mru(const struct server_packet *p, const struct header *h,
		     const char *asked)
{
	static struct mode6_text t;
	int error;

	if (!is_nonce(p, asked)) {
		refuse(p, h, MODE6_BAD_VALUE);
		return;
	}
	t.wanted = "";
	t.len = 0;
	error = mode6_mru(&t, asked);
	if (error == MODE6_LATER) {
		/* Beyond these, ntpq repeats its request by itself. */
		if (waiting.n < WAITING_MAX)
			waiting.packet[waiting.n++] = *p;
		return;
	}
	if (error)
		refuse(p, h, (enum mode6_error)error);
	else
		answer(p, h, mode6_system_status(), t.data, t.len);
}

static void obey(const struct server_packet *p, const struct header *h,
		 const char *asked)
{
	switch (h->r_e_m_op & OPCODE) {
	case READ_STATUS:
		read_status(p, h);
		break;
	case READ_VARIABLES:
	case READ_CLOCK:
		read_variables(p, h, asked);
		break;
	case REQUEST_NONCE:
		request_nonce(p, h);
		break;
	case READ_MRU:
		read_mru(p, h, asked);
		break;
	default:
		/* All others would change something. */
		refuse(p, h, MODE6_PROHIBITED);
	}
}

bool mode6_receive(const struct server_packet *p)
{
	char asked[MODE6_DATA + 1];
	struct header h;
	size_t count;

	if (!p->len || ntp_mode(p->data[0]) != NTP_MODE_CONTROL)
		return false;
	if (p->len < sizeof(h) || !is_allowed(p))
		return true;
	memcpy(&h, p->data, sizeof(h));
	count = ntohs(h.count);
	if (h.r_e_m_op & (RESPONSE | ERROR | MORE))
		return true;
	if (h.offset || count > MODE6_DATA || count > p->len - sizeof(h)) {
		refuse(p, &h, MODE6_BAD_FORMAT);
		return true;
	}
	memcpy(asked, p->data + sizeof(h), count);
	asked[count] = '\0';
	obey(p, &h, asked);
	return true;
}
