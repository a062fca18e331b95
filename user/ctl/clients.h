/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KNTP_CTL_CLIENTS_H
#define KNTP_CTL_CLIENTS_H

#include "clientrow.h"
#include "nl.h"

/*
 * Those who asked most often, of those seen so many ms ago at most: how many, of
 * ROOM, into AT; and the table. 0 where it cannot be read.
 */
size_t clients_top(struct nl *nl, uint32_t within_ms, struct client *at,
		   size_t room, struct client_table *table);

#endif
