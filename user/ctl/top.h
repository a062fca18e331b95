/* SPDX-License-Identifier: GPL-2.0 */
/* kntp top: what is looked at each time, and the screen of it. */
#ifndef KNTP_CTL_TOP_H
#define KNTP_CTL_TOP_H

#include "clientrow.h"
#include "counters.h"
#include "ctl.h"
#include "daemon.h"

enum { TOP_CPUS = 256, TOP_CLIENTS = 64 };

/**
 * struct top_look - what there is at one moment
 * @at: CLOCK_MONOTONIC, s
 * @module: it is loaded; without it there is nothing of the next ones
 * @stats: of all CPUs
 * @cpu: of each that anything came to
 * @cpus: of these
 * @table: of the clients
 * @client: those who ask most of them who asked of late
 * @clients: of these
 * @tracking: what kntpd says, or NULL; likewise the next
 */
struct top_look {
	double at;
	bool module;
	struct stats stats;
	struct cpu_stats cpu[TOP_CPUS];
	size_t cpus;
	struct client_table table;
	struct client client[TOP_CLIENTS];
	size_t clients;
	struct json_object *tracking, *sources;
};

/* Draws what there is now, and how fast it grew since BEFORE. */
void top_draw(const struct top_look *before, const struct top_look *now,
	      double interval);

#endif
