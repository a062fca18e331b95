/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Lines of the configuration: a literal address is one source for ever; a name
 * is as many as are wanted of the addresses it has, and bad ones are replaced.
 */
#ifndef KNTPD_POOL_H
#define KNTPD_POOL_H

#include "conf.h"
#include "manycast.h"
#include "ntp.h"
#include "resolve.h"

enum { POOL_DROPPED = 16 };

/**
 * struct ntp_group - one line
 * @next: in ntp_groups
 * @name: as configured
 * @port: host order
 * @wanted: sources it is to have
 * @literal: @name is an address
 * @opt: of its sources
 * @conf: the line, where it comes from one
 * @online: members that it gets are asked (1) or not (0), by the operator; -1: as
 *	the line says
 * @by_hand: it was added while running, and is no configuration's
 * @lookup: of the name
 * @manycast: where it is to look, when that is no name
 * @timer: next look at its members
 * @refresh: after this long a name is looked up again, s
 * @last_lookup: ended then, CLOCK_MONOTONIC, ns; 0 never
 * @failures: look-ups in a row that gave nothing new
 * @spare: addresses not used yet
 * @n_spare: how many
 * @dropped: addresses that were bad lately, a ring
 * @n_dropped: how many there ever were
 */
struct ntp_group {
	struct ntp_group *next;
	char name[CONF_NAME];
	uint16_t port;
	unsigned int wanted;
	bool literal;
	struct ntp_options opt;
	struct source_conf conf;
	int online;
	bool by_hand;
	struct lookup lookup;
	struct manycast manycast;
	struct timer timer;
	double refresh;
	int64_t last_lookup;
	unsigned int failures;
	struct sockaddr_storage spare[RESOLVE_MAX];
	unsigned int n_spare;
	struct sockaddr_storage dropped[POOL_DROPPED];
	unsigned int n_dropped;
};

extern struct ntp_group *ntp_groups;

/* NULL: ERRNO says why. VIA: NAME is where others are asked. */
struct ntp_group *ntp_group_add(const char *name, uint16_t port, int family,
				unsigned int wanted,
				const struct ntp_options *opt,
				const struct manycast *via);
void ntp_group_del(struct ntp_group *g);
/* One source for good: its group wants one less, and goes with the last. */
void ntp_remove(struct ntp_source *src);
/* Delete all lines of a name and their sources. Returns the number of lines. */
unsigned int ntp_groups_del(const char *name);
/* Set the state of sources that lines of a name (NULL: all lines) get later. */
unsigned int ntp_groups_set_online(const char *name, bool online);
/* Looks all names up again, now. */
void ntp_refresh(void);
/* The way to servers may have changed: those that were out of reach, now. */
void ntp_network_changed(void);
/* Sources that are wanted of names but have no address yet. */
unsigned int pool_unresolved(void);

/* ntp_conf.c. WHY has NTP_WHY bytes; it is set when something fails. */
enum { NTP_WHY = 320 };

/* All of C's sources that can be had. 0, or -ENOMEM and WHY. */
int ntp_start(const struct config *c, char *why);
/* Applies the difference: sources that stay keep all they know. As above. */
int ntp_reload(const struct config *c, char *why);
/* One more line, of an operator (BY_HAND); else -EINVAL, -EEXIST, -ENOMEM. */
int ntp_add_line(const struct config *c, const struct source_conf *s,
		 bool by_hand, char *why);
/* All of them, as when the daemon ends. */
void ntp_stop(void);

#endif
