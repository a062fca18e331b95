// SPDX-License-Identifier: GPL-2.0
#include "access_names.h"
#include "conf.h"
#include "log.h"
#include "loop.h"
#include "resolve.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>

/* Interval between look-ups of a name without an address, s. */
#define AGAIN	60.0

struct host {
	struct host *next;
	char *name;
	struct lookup lookup;
	struct timer timer;
	struct sockaddr_storage addr[RESOLVE_MAX];
	unsigned int n;
	bool told;
};

static struct host *hosts;
static void (*tell)(void);

static void again(void *arg)
{
	struct host *h = arg;

	lookup_start(&h->lookup);
}

static void found(struct lookup *l, int err, const struct sockaddr_storage *addr,
		  unsigned int n)
{
	struct host *h = l->arg;

	if (!n) {
		if (!h->told)
			log_msg(LOG_WARNING, "%s: a rule of the access list is not in force: %s",
				h->name, err ? gai_strerror(err) : "no address");
		h->told = true;
		timer_set(&h->timer, AGAIN);
		return;
	}
	if (h->told)
		log_msg(LOG_INFO, "%s: the rule of the access list is in force",
			h->name);
	memcpy(h->addr, addr, n * sizeof(*addr));
	h->n = n;
	tell();
}

static struct host *find(const char *name)
{
	struct host *h;

	for (h = hosts; h && strcmp(h->name, name); h = h->next)
		;
	return h;
}

static void forget(struct host *h)
{
	lookup_cancel(&h->lookup);
	timer_cancel(&h->timer);
	free(h->name);
	free(h);
}

/* NULL without memory; the rule is then like that of a host without an address. */
static struct host *make(const char *name)
{
	struct host *h = calloc(1, sizeof(*h));

	if (h)
		h->name = strdup(name);
	if (!h || !h->name) {
		free(h);
		return NULL;
	}
	h->lookup = (struct lookup){
		.name = h->name, .family = AF_UNSPEC, .fn = found, .arg = h,
	};
	h->timer = (struct timer){ .fn = again, .arg = h };
	return h;
}

/**
 * access_names_set() - Replace the hosts whose addresses are looked up
 * @names: of the hosts; each is looked up, and keeps its known addresses meanwhile
 * @changed: called when the addresses of a host become known or change
 *
 * As with chronyd a host that is known is not looked up again before a reload.
 */
void access_names_set(const struct conf_strings *names, void (*changed)(void))
{
	struct host *old = hosts, *h, **p;
	size_t i;

	tell = changed;
	hosts = NULL;
	for (i = 0; i < names->n; i++) {
		if (find(names->at[i]))
			continue;
		for (p = &old; *p && strcmp((*p)->name, names->at[i]);
		     p = &(*p)->next)
			;
		h = *p;
		if (h)
			*p = h->next;
		else
			h = make(names->at[i]);
		if (!h)
			continue;
		h->next = hosts;
		hosts = h;
		timer_cancel(&h->timer);
		lookup_start(&h->lookup);
	}
	while (old) {
		h = old;
		old = h->next;
		forget(h);
	}
}

/**
 * access_names_find() - Find the addresses of a host
 * @name: of the host
 * @n: result: the number of addresses; 0 when none is known
 *
 * Return: the addresses, valid until the next call of the loop.
 */
const struct sockaddr_storage *access_names_find(const char *name,
						 unsigned int *n)
{
	const struct host *h = find(name);

	*n = h ? h->n : 0;
	return h ? h->addr : NULL;
}
