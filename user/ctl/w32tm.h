/* SPDX-License-Identifier: GPL-2.0 */
/*
 * w32tm, for those who know Windows's: its switches, and what it prints, in
 * English whatever the locale.
 */
#ifndef KNTP_CTL_W32TM_H
#define KNTP_CTL_W32TM_H

#include "daemon.h"

enum { W32_WORDS = 16 };

/**
 * struct w32 - a command line: /NAME or /NAME:VALUE, dashes for slashes
 * @ctl: for messages
 * @name: without the slash
 * @value: NULL where there is none
 * @taken: somebody has asked for it
 * @n: how many
 * @compat: --compat-exit: 0 where Windows has it
 */
struct w32 {
	struct ctl *ctl;
	const char *name[W32_WORDS], *value[W32_WORDS];
	bool taken[W32_WORDS];
	int n;
	bool compat;
};

/* Whether a switch is there, in either case; *VALUE may be NULL. */
bool w32_has(struct w32 *w, const char *name, const char **value);
/* EXIT_USAGE, said, when there are switches that nobody asked for; or 0. */
int w32_rest(struct w32 *w);

#define W32_DONE	"The command completed successfully."

/* EXIT_USAGE, said, when another computer is meant, which is not managed; or 0. */
int w32_local(struct w32 *w);
/* kntpd's answer, or NULL once it is said, as Windows says it, that it does not run. */
struct json_object *w32_ask(const char *what);

/* CLOCK_REALTIME, ns since 1970. */
int64_t w32_now(void);
/* "1/31/2026 3:04:05 PM", local time; BUF has W32_DATE octets. */
#define W32_DATE	40
char *w32_date(int64_t ns, char *buf);

struct sockaddr_storage;

/*
 * Asks the time, from another port each time; s, of THEIRS less this clock. 0, or
 * -1 when nothing comes in time. ANSWER is the packet.
 */
enum { W32_PACKET = 48, W32_TIMEOUT_MS = 1000 };
int w32_exchange(const struct sockaddr_storage *address, double *offset,
		 double *delay, uint8_t answer[W32_PACKET]);

/* The address of a name and UDP port 123; getaddrinfo(3)'s status. */
int w32_look_up(const char *name, struct sockaddr_storage *address);
/* A switch's number into *N, if it is there; 0 or EXIT_USAGE, said. */
int w32_number(struct w32 *w, const char *name, long least, long most, long *n);

/* Which entries /debug was told to log; BUF. */
const char *w32_entries(char *buf, size_t len);

int w32_configuration(bool verbose);
/* One each. Exit statuses. */
int w32_config(struct w32 *w);
int w32_debug(struct w32 *w);
int w32_dumpreg(struct w32 *w);
int w32_monitor(struct w32 *w);
int w32_register(struct w32 *w);
int w32_unregister(struct w32 *w);
int w32_query(struct w32 *w);
int w32_resync(struct w32 *w);
int w32_stripchart(struct w32 *w);

#endif
