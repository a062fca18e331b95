/* SPDX-License-Identifier: GPL-2.0 */
/* `local`: the host's own clock as the reference where there is no other. */
#ifndef KNTPD_LOCAL_H
#define KNTPD_LOCAL_H

#include <stdbool.h>

struct config;

/* TELL: calls those who are to know of a change of the reference. */
void local_init(const struct config *c, void (*tell)(void));
/* Sources, if there are any, have begun: from now on their time is missed. */
void local_begin(void);
/* A source has updated the reference, or nobody can be believed any more. */
void local_updated(void);
/* What is said of it is another; LOST ends a reference that is none now. */
void local_reload(void (*lost)(void));
/* There is no other reference now. */
bool local_active(void);
void local_stop(void);

#endif
