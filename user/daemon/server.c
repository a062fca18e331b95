// SPDX-License-Identifier: GPL-2.0
#include "server.h"
#include "address.h"
#include "auth.h"
#include "clk.h"
#include "figures.h"
#include "keys.h"
#include "log.h"
#include "loop.h"
#include "ratelimit.h"
#include "reference.h"
#include "report.h"
#include "server_socket.h"
#include "signd.h"

#include <endian.h>
#include <errno.h>
#include <linux/kntp.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/ntptime.h"
#include "core/reply.h"

#define NS_PER_MS	1000000

/* Links come, and go, and come back. */
#define JOIN_INTERVAL	10.0	/* s */

static void join_all(void *arg);

static struct {
	int fd4, fd6;
	const struct access *access;
	bool (*peer_received)(const struct server_packet *p);
	void (*peer_sent)(const struct server_packet *p);
	bool (*controlled)(const struct server_packet *p);
	void (*broadcast)(const struct server_packet *p);
	const struct server_group *group;
	size_t n_group;
	const struct sockaddr_storage *only;
	size_t n_only;
	int join_error[SERVER_GROUPS_MAX];
	struct timer join_timer;
	struct report_serverstats stats;
} server = { .fd4 = -1, .fd6 = -1, .join_timer = { .fn = join_all } };

/* Multicast and broadcast are nobody's address. */
static bool is_unicast(const struct sockaddr_storage *a)
{
	const struct sockaddr_in6 *in6 = (const void *)a;
	const struct sockaddr_in *in = (const void *)a;

	if (a->ss_family == AF_INET6)
		return !IN6_IS_ADDR_MULTICAST(&in6->sin6_addr);
	return !IN_MULTICAST(ntohl(in->sin_addr.s_addr)) &&
	       in->sin_addr.s_addr != htonl(INADDR_BROADCAST) &&
	       in->sin_addr.s_addr != htonl(INADDR_ANY);
}

/*
 * A request to a whole subnet is nobody's; one to a multicast address is for all
 * who have the time and say so there (manycast).
 */
static bool is_to_us(const struct server_packet *p)
{
	size_t i;

	if (p->to.ss_family == AF_UNSPEC || is_unicast(&p->to))
		return true;
	for (i = 0; i < server.n_group; i++)
		if (server.group[i].manycast && reference.synced &&
		    address_same((const void *)&server.group[i].address,
				 (const void *)&p->to))
			return true;
	return false;
}

/* Whether it came to an address that bindaddress names. */
static bool is_bound(const struct server_packet *p)
{
	bool named = false;
	size_t i;

	/* A group's address is joined on purpose. */
	if (p->to.ss_family == AF_UNSPEC || !is_unicast(&p->to))
		return true;
	for (i = 0; i < server.n_only; i++) {
		const struct sockaddr *a = (const void *)&server.only[i];

		named |= a->sa_family == p->to.ss_family;
		if (address_is_any(a) ||
		    address_same(a, (const void *)&p->to))
			return true;
	}
	return !named;
}

/* The key that a request with a MAC names, or NULL. */
static const struct keyfile_key *key_of(const struct server_packet *p)
{
	uint32_t id;

	memcpy(&id, p->data + p->len - ntp_mac_len(p->data, p->len),
	       sizeof(id));
	return keys_find(be32toh(id));
}

/* By what a reply is authenticated: nothing, KEY, or a domain controller. */
struct signer {
	const struct keyfile_key *key;
	bool domain;
};

/*
 * Whether it is to be answered, by the module's order of checks. NTS, and a MAC
 * by nobody who is known here, are not.
 */
static bool is_answered(const struct server_packet *p, struct signer *by)
{
	uint16_t port = address_port((const void *)&p->from);
	enum ntp_class class;
	uint8_t verdict;

	*by = (struct signer){ .key = NULL };
	if (!port || !is_unicast(&p->from) || !is_to_us(p))
		return false;
	class = ntp_classify(p->data, p->len, port);
	if (class == NTP_CLASS_MAC && signd_signs() &&
	    ntp_is_mssntp(p->data, p->len))
		by->domain = true;
	else if (class == NTP_CLASS_MAC)
		by->key = key_of(p);
	if ((class != NTP_CLASS_PLAIN && !by->key && !by->domain) ||
	    !server.access)
		return false;
	verdict = access_check(server.access, (const void *)&p->from);
	return verdict == KNTP_VERDICT_ALLOW ||
	       (verdict == KNTP_VERDICT_AUTH && (by->key || by->domain));
}

/* What is served for a moment, and now. */
static uint64_t served_then(int64_t raw, bool mapped)
{
	return ntp_from_unix(mapped ? figures_time(raw) : clk_real_of_raw(raw));
}

static uint64_t served_now(bool mapped)
{
	return ntp_from_unix(mapped ? figures_time(clk_raw()) : clk_real());
}

/**
 * server_time() - the time that is served
 * @ns: from now
 *
 * Return: an NTP timestamp.
 */
uint64_t server_time(int64_t ns)
{
	return served_then(clk_raw() + ns, figures_mapped());
}

static void count(const struct server_packet *p)
{
	server.stats.tx_daemon++;
	if (p->when.kind == NTP_STAMP_HARDWARE)
		server.stats.rx_hardware++;
	else if (p->when.kind == NTP_STAMP_KERNEL)
		server.stats.rx_kernel++;
	else
		server.stats.rx_daemon++;
}

/*
 * Behind the reply comes the MAC of a request that had one, or 0, a crypto-NAK,
 * for one that was wrong. Returns octets of both.
 */
static size_t sign(struct server_packet *p, const struct keyfile_key *key,
		   bool good)
{
	if (!key)
		return NTP_HEADER_LEN;
	server.stats.authenticated += good;
	if (good)
		return auth_sign(key, p->data, NTP_HEADER_LEN);
	memset(p->data + NTP_HEADER_LEN, 0, NTP_MAC_LEN_NAK);
	return NTP_HEADER_LEN + NTP_MAC_LEN_NAK;
}

static void answer(struct server_packet *p, const struct signer *by)
{
	bool good = by->key && auth_verify(by->key, p->data, p->len);
	struct ntp_header *ntp = (void *)p->data;
	bool mapped = figures_mapped();
	struct ntp_server says;
	struct figures f;
	uint64_t received;

	figures_now(&f, mapped);
	figures_wire(&f, clk_precision(), &says);
	received = served_then(p->when.raw, mapped);
	ntp_reply(ntp, &says, received, served_now(mapped));
	if (by->domain ? signd_sign(p) :
			 !server_send(p, p->data, sign(p, by->key, good)))
		count(p);
}

static void tell(struct server_packet *p)
{
	struct ntp_header *ntp = (void *)p->data;
	int8_t least = ratelimit_interval();

	ntp_kiss(ntp, NTP_KISS_RATE, ntp->poll > least ? ntp->poll : least);
	server_send(p, ntp, sizeof(*ntp));
}

/* The answer, or that there will be none so soon. */
static void respond(struct server_packet *p, const struct signer *by)
{
	enum ratelimit limit = ratelimit_ask((const void *)&p->from,
					     (uint32_t)(loop_now() / NS_PER_MS));

	server.stats.ntp_hits++;
	if (limit == RATELIMIT_ANSWER) {
		answer(p, by);
		return;
	}
	server.stats.ntp_drops++;
	if (limit == RATELIMIT_TELL)
		tell(p);
}

static bool is_symmetric(const struct server_packet *p)
{
	unsigned int mode = p->len ? ntp_mode(p->data[0]) : 0;

	return mode == NTP_MODE_SYMMETRIC_ACTIVE ||
	       mode == NTP_MODE_SYMMETRIC_PASSIVE;
}

static void on_packet(int fd, short revents, void *arg)
{
	static struct server_packet p;
	struct signer by;

	(void)arg;
	if (revents & (POLLERR | POLLPRI) && !server_socket_sent(fd, &p)) {
		if (server.peer_sent)
			server.peer_sent(&p);
		if (!(revents & POLLIN))
			return;
	}
	/* An error that is no stamp goes with the next that is read. */
	if (server_socket_receive(fd, &p) || !is_bound(&p) ||
	    (server.controlled && server.controlled(&p)))
		return;
	if (server.peer_received && is_symmetric(&p) &&
	    server.peer_received(&p))
		return;
	if (server.broadcast && p.len &&
	    ntp_mode(p.data[0]) == NTP_MODE_BROADCAST) {
		server.broadcast(&p);
		return;
	}
	if (is_answered(&p, &by))
		respond(&p, &by);
}

/**
 * server_send() - answer a packet
 * @p: what is answered; the answer leaves from the address that it came to
 * @data: the answer
 * @len: octets
 *
 * Return: 0 or -errno.
 */
int server_send(const struct server_packet *p, const void *data, size_t len)
{
	static const struct sockaddr_storage any;

	/* What was asked of many is answered from an address of one's own. */
	if (p->to.ss_family != AF_UNSPEC && !is_unicast(&p->to))
		return server_socket_send(p->fd, &p->from, &any, 0, data, len,
					  false);
	return server_socket_send(p->fd, &p->from, &p->to, p->ifindex, data,
				  len, false);
}

/* What is joined already stays so. */
static void join_all(void *arg)
{
	const struct server_group *g = server.group;
	char buf[ADDRESS_TEXT];
	size_t i;
	int err, fd;

	(void)arg;
	for (i = 0; i < server.n_group; i++) {
		fd = server_socket(g[i].address.ss_family);
		if (fd < 0)
			continue;
		err = server_socket_join(fd, &g[i]);
		if (err && err != server.join_error[i])
			log_msg(LOG_WARNING, "%s%s%s cannot be joined yet: %s",
				address_format((const void *)&g[i].address, buf),
				g[i].dev[0] ? " on " : "", g[i].dev,
				strerror(-err));
		server.join_error[i] = err;
	}
	if (server.n_group)
		timer_set(&server.join_timer, JOIN_INTERVAL);
}

/* -1 when there is to be none or cannot be one; then ERR says why. */
static int open_one(int family, const struct server_options *o, int *err)
{
	int fd, failed;

	if (family == AF_INET ? o->no4 : o->no6)
		return -1;
	fd = server_socket_open(family, o);
	if (fd < 0) {
		failed = fd;
	} else {
		failed = loop_add_fd(fd, POLLIN | POLLPRI, on_packet, NULL);
		if (failed)
			close(fd);
	}
	if (!failed)
		return fd;
	*err = failed;
	errno = -failed;
	/* A host without IPv6 is nothing to speak of. */
	log_msg(family == AF_INET6 ? LOG_INFO : LOG_WARNING,
		"UDP/%u on IPv%d%s%s cannot be listened on: %m", o->port,
		family == AF_INET ? 4 : 6, o->device ? ", " : "",
		o->device ? o->device : "");
	return -1;
}

/**
 * server_start() - listen
 * @o: on what, and for whom
 *
 * Nothing is opened where nobody would be answered and no peer is expected.
 *
 * Return: 0, or -errno when not one socket of those wanted could be opened.
 */
int server_start(const struct server_options *o)
{
	int err = 0;

	server.access = o->access;
	server.only = o->only;
	server.n_only = o->n_only;
	server.group = o->group;
	server.n_group = o->n_group < SERVER_GROUPS_MAX ? o->n_group :
							  SERVER_GROUPS_MAX;
	memset(server.join_error, 0, sizeof(server.join_error));
	if (!o->port || (!o->peers && !(o->access && access_allows(o->access))))
		return 0;
	server.fd4 = open_one(AF_INET, o, &err);
	server.fd6 = open_one(AF_INET6, o, &err);
	if (server.fd4 < 0 && server.fd6 < 0)
		return err;
	join_all(NULL);
	daemon_status.answers = o->access && access_allows(o->access);
	return 0;
}

static void close_one(int *fd)
{
	if (*fd < 0)
		return;
	loop_del_fd(*fd);
	close(*fd);
	*fd = -1;
}

/**
 * server_stop() - listen no more
 */
void server_stop(void)
{
	signd_forget();
	close_one(&server.fd4);
	close_one(&server.fd6);
	timer_cancel(&server.join_timer);
	server.n_group = 0;
	server.access = NULL;
	daemon_status.answers = false;
}

/**
 * server_set_access() - answer others
 * @access: a built list, kept by the caller; NULL: nobody
 */
void server_set_access(const struct access *access)
{
	server.access = access;
	daemon_status.answers = (server.fd4 >= 0 || server.fd6 >= 0) &&
				access && access_allows(access);
}

/**
 * server_set_peer_handler() - who knows the peers
 * @received: true when a packet was one's; called for both symmetric modes
 * @sent: called with what left, and when
 */
void server_set_peer_handler(bool (*received)(const struct server_packet *p),
			     void (*sent)(const struct server_packet *p))
{
	server.peer_received = received;
	server.peer_sent = sent;
}

/**
 * server_set_broadcast_handler() - who listens to broadcasts
 * @received: called with each; NULL: nobody does
 */
void server_set_broadcast_handler(void (*received)(const struct server_packet *p))
{
	server.broadcast = received;
}

/**
 * server_set_control_handler() - who answers control messages
 * @received: true when a packet was one
 */
void server_set_control_handler(bool (*received)(const struct server_packet *p))
{
	server.controlled = received;
}

/**
 * server_socket() - the socket with the server's port
 * @family: AF_INET or AF_INET6
 *
 * Return: to be sent from, not to be read or closed; -1 when there is none.
 */
int server_socket(int family)
{
	return family == AF_INET ? server.fd4 :
	       family == AF_INET6 ? server.fd6 : -1;
}

/**
 * report_serverstats() - what was answered here
 * @s: where to
 */
void report_serverstats(struct report_serverstats *s)
{
	*s = server.stats;
	signd_count(&s->domain_signed, &s->domain_unsigned);
}
