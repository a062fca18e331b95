/* SPDX-License-Identifier: GPL-2.0 */
/* `keyfile`: the symmetric keys, which the module is to hold, too. */
#ifndef KNTPD_KEYS_H
#define KNTPD_KEYS_H

#include <stdint.h>

struct keyfile;
struct keyfile_key;

/*
 * PATH may be NULL: the module's own are left alone then. A file that is not
 * there is said, and none has a key by it; one with a mistake is refused, and all
 * is as it was: 0, or -errno with the reason in WHY (KEYS_WHY bytes).
 */
#define KEYS_WHY	256
int keys_read(const char *path, char *why);
/* What the module is to hold; NULL: its own are left alone. */
const struct keyfile *keys_held(void);
void keys_forget(void);
/* NULL: there is none with this identifier. Good until the next keys_read(). */
const struct keyfile_key *keys_find(uint32_t id);

/* The two halves of keys_read(): only the first can fail, as above. */
int keys_prepare(const char *path, struct keyfile *to, char *why);
void keys_take(const char *path, struct keyfile *from);

#endif
