/* SPDX-License-Identifier: GPL-2.0 */
/* The process itself: that it is the only one, and how it is scheduled. */
#ifndef KNTPD_PROCESS_H
#define KNTPD_PROCESS_H

#include <stdbool.h>

int process_leave_terminal(void);
void process_started(bool well);
int process_lock(const char *pidfile);
bool process_other(const char *pidfile, int *pid);
void process_unlock(const char *pidfile);
/* WHAT: the directive that names it. USER: whose it is to be. */
void process_make_directory(const char *what, const char *path,
			    const char *user);
bool process_parent(const char *path, char *parent);
void process_check_directory(const char *what, const char *path);
void process_allow_files(void);
void process_lock_memory(void);
void process_set_priority(int priority);

#endif
