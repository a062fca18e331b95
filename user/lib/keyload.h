/* SPDX-License-Identifier: GPL-2.0 */
/* Symmetric keys between a key file and the module. */
#ifndef KNTP_USER_KEYLOAD_H
#define KNTP_USER_KEYLOAD_H

#include "keyfile.h"
#include "nl.h"

/* All three return 0 or what the kernel said, as nl_do() does. */

int keyload_set(struct nl *nl, const struct keyfile_key *key);
/* Identifiers and types of those that the module holds; keyfile_free() them. */
int keyload_fetch(struct nl *nl, struct keyfile *held);
/*
 * These, and no others: new ones first, so that none is missed meanwhile. AT is
 * told whose error it is.
 */
int keyload(struct nl *nl, const struct keyfile *keys, uint32_t *at);

#endif
