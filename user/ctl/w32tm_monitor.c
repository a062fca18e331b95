// SPDX-License-Identifier: GPL-2.0
/* w32tm /monitor: the time of many computers, asked several at once. */
#include "ping.h"
#include "w32tm.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <inttypes.h>
#include <netdb.h>
#include <pthread.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { HOSTS = 256, THREADS = 3, THREADS_MAX = 50 };

struct host {
	char name[NI_MAXHOST], ip[NI_MAXHOST];
	bool pdc;
	struct sockaddr_storage address;
	int lookup;		/* getaddrinfo(3)'s */
	int ping;		/* ms, or negative */
	bool answers;
	double offset;
	uint8_t packet[W32_PACKET];
	char refid[NI_MAXHOST + 32];
};

static struct {
	struct host host[HOSTS];
	size_t n;
	size_t next;		/* to be asked */
	pthread_mutex_t lock;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Once, whoever names it. */
static int add_host(struct w32 *w, const char *name, size_t len, bool pdc)
{
	size_t i;

	if (!len || len >= NI_MAXHOST)
		return ctl_usage(w->ctl, "/monitor: a name is empty or too long");
	for (i = 0; i < all.n; i++)
		if (strlen(all.host[i].name) == len &&
		    !strncasecmp(all.host[i].name, name, len))
			break;
	if (i == HOSTS)
		return ctl_usage(w->ctl, "/monitor: more than %d computers",
				 HOSTS);
	memcpy(all.host[i].name, name, len);
	all.host[i].name[len] = '\0';
	all.host[i].pdc |= pdc;
	all.n += i == all.n;
	return 0;
}

static int add_computers(struct w32 *w, const char *list)
{
	int status = 0;
	size_t len;

	for (; !status; list += len + 1) {
		bool pdc = *list == '*';

		list += pdc;
		len = strcspn(list, ",");
		status = add_host(w, list, len, pdc);
		if (!list[len])
			break;
	}
	return status;
}

/* Those that a record of the domain names; how many, or a negative status. */
static int add_service(struct w32 *w, const char *what, const char *domain,
		       bool pdc)
{
	unsigned char answer[8192];
	char name[NS_MAXDNAME];
	int len, i, n = 0;
	ns_msg msg;
	ns_rr rr;

	snprintf(name, sizeof(name), "_ldap._tcp.%s._msdcs.%s", what, domain);
	len = res_query(name, ns_c_in, ns_t_srv, answer, sizeof(answer));
	/* res_query(3) says how long the answer was, not how much there was room for. */
	if (len > (int)sizeof(answer))
		len = sizeof(answer);
	if (len < 0 || ns_initparse(answer, len, &msg))
		return 0;
	for (i = 0; i < ns_msg_count(msg, ns_s_an); i++) {
		/* priority, weight and port stand before the name */
		if (ns_parserr(&msg, ns_s_an, i, &rr) ||
		    ns_rr_type(rr) != ns_t_srv || ns_rr_rdlen(rr) < 7 ||
		    ns_name_uncompress(ns_msg_base(msg), ns_msg_end(msg),
				       ns_rr_rdata(rr) + 6, name,
				       sizeof(name)) < 0)
			continue;
		if (add_host(w, name, strlen(name), pdc))
			return -EXIT_USAGE;
		n++;
	}
	return n;
}

static int add_domain(struct w32 *w, const char *domain)
{
	int pdc = add_service(w, "pdc", domain, true);
	int dc = pdc < 0 ? pdc : add_service(w, "dc", domain, false);

	if (dc < 0)
		return -dc;
	if (!pdc && !dc)
		return ctl_failed(w->ctl, "/domain: the DNS has no domain controllers of %s",
				  domain);
	return 0;
}

/* Each of the two switches as often as it is there. */
static int add_all(struct w32 *w)
{
	bool computers;
	int i, status = 0;

	for (i = 1; i < w->n && !status; i++) {
		computers = !strcasecmp(w->name[i], "computers");
		if (!computers && strcasecmp(w->name[i], "domain"))
			continue;
		w->taken[i] = true;
		if (!w->value[i] || !*w->value[i])
			return ctl_usage(w->ctl, "/%s: a name is missing",
					 w->name[i]);
		status = computers ? add_computers(w, w->value[i]) :
				     add_domain(w, w->value[i]);
	}
	return status;
}

static uint32_t refid_of(const uint8_t packet[W32_PACKET])
{
	return (uint32_t)packet[12] << 24 | packet[13] << 16 |
	       packet[14] << 8 | packet[15];
}

/* A server may send escape sequences of the terminal. */
static char letter(unsigned char octet)
{
	return !octet ? ' ' : octet > ' ' && octet < 0x7f ? (char)octet : '?';
}

/* The name behind a reference, where its address has one. */
static void name_refid(struct host *h)
{
	uint32_t id = refid_of(h->packet);
	struct sockaddr_in sin = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(id),
	};
	char name[NI_MAXHOST], ip[INET_ADDRSTRLEN];

	if (h->packet[1] < 2) {
		snprintf(h->refid, sizeof(h->refid), "'%c%c%c%c' [0x%08" PRIX32 "]",
			 letter(h->packet[12]), letter(h->packet[13]),
			 letter(h->packet[14]), letter(h->packet[15]), id);
		return;
	}
	inet_ntop(AF_INET, &sin.sin_addr, ip, sizeof(ip));
	if (getnameinfo((const void *)&sin, sizeof(sin), name, sizeof(name),
			NULL, 0, NI_NAMEREQD))
		strcpy(name, "(unknown)");
	snprintf(h->refid, sizeof(h->refid), "%s [%s]", name, ip);
}

static void ask_host(struct host *h)
{
	double delay;

	h->lookup = w32_look_up(h->name, &h->address);
	if (h->lookup)
		return;
	getnameinfo((const void *)&h->address, sizeof(h->address), h->ip,
		    sizeof(h->ip), NULL, 0, NI_NUMERICHOST);
	h->ping = ping_ms(&h->address, W32_TIMEOUT_MS);
	h->answers = !w32_exchange(&h->address, &h->offset, &delay, h->packet);
	if (h->answers)
		name_refid(h);
}

static void *ask_hosts(void *arg)
{
	size_t i;

	for (;;) {
		pthread_mutex_lock(&all.lock);
		i = all.next++;
		pthread_mutex_unlock(&all.lock);
		if (i >= all.n)
			return arg;
		ask_host(&all.host[i]);
	}
}

/* This thread is one of them. */
static void ask_at_once(long threads)
{
	pthread_t other[THREADS_MAX];
	long i, n = 0;

	for (i = 1; i < threads; i++)
		if (!pthread_create(&other[n], NULL, ask_hosts, NULL))
			n++;
	ask_hosts(NULL);
	while (n)
		pthread_join(other[--n], NULL);
}

static void print_host(const struct host *h, const struct host *pdc)
{
	if (h->lookup) {
		printf("%s%s: error: %s\n", h->name, h->pdc ? " *** PDC ***" : "",
		       gai_strerror(h->lookup));
		return;
	}
	printf("%s%s[%s:123]:\n", h->name, h->pdc ? " *** PDC ***" : "", h->ip);
	if (h->ping < 0)
		printf("    ICMP: error: no answer in %dms\n", W32_TIMEOUT_MS);
	else
		printf("    ICMP: %dms delay\n", h->ping);
	if (!h->answers) {
		printf("    NTP: error: 0x800705B4 - no answer in %dms\n",
		       W32_TIMEOUT_MS);
		return;
	}
	printf("    NTP: %+.7fs offset from %s\n",
	       h->offset - (pdc ? pdc->offset : 0), pdc ? "PDC" : "local clock");
	printf("        RefID: %s\n        Stratum: %u\n", h->refid,
	       h->packet[1]);
}

int w32_monitor(struct w32 *w)
{
	const struct host *pdc = NULL;
	long threads = THREADS;
	size_t i;
	int status;

	status = w32_number(w, "threads", 1, THREADS_MAX, &threads) ?:
		 add_all(w) ?: w32_rest(w);
	if (status)
		return status;
	if (!all.n)
		return ctl_usage(w->ctl, "/monitor: /computers:NAME,... or /domain:NAME is wanted");
	ask_at_once(threads);
	for (i = 0; i < all.n && !pdc; i++)
		if (all.host[i].pdc && all.host[i].answers)
			pdc = &all.host[i];
	for (i = 0; i < all.n; i++)
		print_host(&all.host[i], pdc);
	puts("\nWarning:\n"
	     "The name beside a RefID is the one that the DNS has for it as an address. It\n"
	     "may be nobody's, for not every server puts an address there.");
	return 0;
}
