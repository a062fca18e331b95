/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which of the module's listeners are kntpd's: kept for the next one (`dumpdir`),
 * whose they are then, whatever became of this one.
 */
#ifndef KNTPD_LISTENERS_H
#define KNTPD_LISTENERS_H

#include "apply.h"

/**
 * struct listener - one that was added
 * @listen: as the configuration has it
 * @ifindex: the device's; 0 without one
 */
struct listener {
	struct apply_listen listen;
	unsigned int ifindex;
};

/* Up to N are read to TO; returns how many there were. */
size_t listeners_load(const char *dir, struct listener *to, size_t n);
/* In the place of what was kept before; 0 or -errno. */
int listeners_keep(const char *dir, const struct listener *l, size_t n);

#endif
