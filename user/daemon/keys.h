/* SPDX-License-Identifier: GPL-2.0 */
/* `keyfile`: the symmetric keys, which the module is to hold, too. */
#ifndef KNTPD_KEYS_H
#define KNTPD_KEYS_H

struct nl;

/*
 * PATH may be NULL: the module's own are left alone then. A file that is not
 * there is said, and none has a key by it; one with a mistake is refused, and all
 * is as it was: 0, or -errno with the reason in WHY (KEYS_WHY bytes).
 */
#define KEYS_WHY	192
int keys_read(const char *path, char *why);
/* The module holds these from now on, and no others. */
void keys_tell(struct nl *nl);
void keys_forget(void);

#endif
