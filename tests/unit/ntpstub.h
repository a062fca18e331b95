/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What associations call of the rest of the daemon: selection that counts,
 * estimates that fit nothing, a server that only sends.
 * Included once by a program.
 */
#ifndef _KNTP_TESTS_UNIT_NTPSTUB_H
#define _KNTP_TESTS_UNIT_NTPSTUB_H

#include "harness.h"
#include "nohwts.h"
#include "../../user/daemon/figures.h"
#include "../../user/daemon/ntp.h"
#include "../../user/daemon/reference.h"
#include "../../user/daemon/server.h"
#include "../../user/daemon/server_socket.h"
#include "../../kmod/core/reply.h"

#include <math.h>

static struct ntp_header out;		/* what was sent last */
static int out_error;
static unsigned int sent, samples, changes;
static struct sample sample;

struct source *sources;
struct reference reference;

/* The server's part that peers stand on. */
int server_socket(int family)
{
	(void)family;
	return out_error ? -1 : 1;
}

int server_socket_send(int fd, const struct sockaddr_storage *to,
		       const struct sockaddr_storage *from,
		       unsigned int ifindex, const void *data, size_t len,
		       bool stamp)
{
	(void)fd, (void)to, (void)from, (void)ifindex, (void)stamp;
	memcpy(&out, data, len);
	sent++;
	return 0;
}

bool figures_mapped(void)
{
	return false;
}

void reference_figures(struct figures *f, bool mapped)
{
	(void)mapped;
	*f = (struct figures){ .stratum = 3 };
}

void figures_wire(const struct figures *f, double precision,
		  struct ntp_server *server)
{
	(void)precision;
	*server = (struct ntp_server){
		.stratum = f->stratum, .precision = -23,
	};
}

void source_add(struct source *s)
{
	(void)s;
}

void source_del(struct source *s)
{
	(void)s;
}

void source_sample(struct source *s, const struct sample *x)
{
	struct estimate *e = &s->est;

	e->sample[e->n++ % ESTIMATE_SAMPLES] = *x;
	s->updates++;
	sample = *x;
	samples++;
}

void record_measurement(const struct ntp_source *src, bool synced)
{
	(void)src, (void)synced;
}

void source_changed(struct source *s)
{
	(void)s;
	changes++;
}

/* The least of an estimate: nothing is fitted here, tests set it. */
void estimate_init(struct estimate *e, unsigned int max_samples)
{
	memset(e, 0, sizeof(*e));
	e->max = max_samples;
}

const struct sample *estimate_last(const struct estimate *e)
{
	return &e->sample[(e->n - 1) % ESTIMATE_SAMPLES];
}

double estimate_min_delay(const struct estimate *e)
{
	double least = INFINITY;
	unsigned int i;

	for (i = 0; i < e->n && i < ESTIMATE_SAMPLES; i++)
		least = fmin(least, e->sample[i].delay);
	return least;
}

struct fit fit_at(const struct fit *f, int64_t raw)
{
	struct fit at = *f;

	at.utc += raw - f->raw;
	at.raw = raw;
	return at;
}

#endif /* _KNTP_TESTS_UNIT_NTPSTUB_H */
