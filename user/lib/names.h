/* SPDX-License-Identifier: GPL-2.0 */
/* The words for the contract's numbers. */
#ifndef KNTP_USER_NAMES_H
#define KNTP_USER_NAMES_H

#include "nl.h"

#include <stdint.h>

/* Never NULL: a number this program does not know is "unknown". */
const char *hook_name(uint32_t hook);
const char *verdict_name(uint32_t verdict);
const char *base_name(uint32_t base);
const char *leap_name(uint32_t leap);
const char *clock_state_name(uint32_t state);
const char *clock_state_text(uint32_t state);
const char *event_name(uint32_t event);

/* 0 when there is no such hook. */
uint32_t hook_parse(const char *word);

/* The attributes of each noun, in the words of the command line. */
extern const struct nl_attr_name listen_attrs[], acl_attrs[], clock_attrs[],
	client_attrs[], key_attrs[], limit_attrs[];

#endif
