// SPDX-License-Identifier: GPL-2.0
/* Look-ups in true children, of a resolver that hangs, dies and exaggerates. */
#include "harness.h"
#include "../../user/daemon/log.h"
#include "../../user/daemon/loop.h"
#include "../../user/daemon/manycast.h"
#include "../../user/daemon/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	EXAGGERATED = 40,	/* addresses, each of them twice */
	NAMES = 12,
};

static unsigned int answers, addresses, failures_told;
static int64_t longest_turn;

/* None of these look-ups is one. */
void manycast_start(struct lookup *l)
{
	(void)l;
	abort();
}

void manycast_cancel(struct lookup *l)
{
	(void)l;
	abort();
}

/* The C library's own is not asked. */
int getaddrinfo(const char *name, const char *service,
		const struct addrinfo *hints, struct addrinfo **list)
{
	static struct sockaddr_in address[EXAGGERATED];
	static struct addrinfo info[EXAGGERATED];
	int i;

	(void)service, (void)hints;
	if (!strcmp(name, "hangs"))
		for (;;)
			pause();
	if (!strcmp(name, "dies"))
		_exit(3);
	if (!strcmp(name, "unknown"))
		return EAI_NONAME;
	for (i = 0; i < EXAGGERATED; i++) {
		address[i].sin_family = AF_INET;
		address[i].sin_addr.s_addr = htonl(0xc0000200U + i / 2);
		info[i].ai_family = AF_INET;
		info[i].ai_addr = (struct sockaddr *)&address[i];
		info[i].ai_addrlen = sizeof(address[i]);
		info[i].ai_next = i ? &info[i - 1] : NULL;
	}
	*list = &info[EXAGGERATED - 1];
	return 0;
}

static void known(struct lookup *l, int err,
		  const struct sockaddr_storage *addr, unsigned int n)
{
	CHECK(!l->pending && n <= RESOLVE_MAX, "%u addresses", n);
	CHECK(strcmp(l->name, "hangs"), "it hangs");
	CHECK(!n == !!err && (!n || addr->ss_family == AF_INET), "%s: %d",
	      l->name, err);
	answers++;
	addresses += n;
	failures_told += !!err;
}

/* Looks each ms whether they are all there, and how late it is itself. */
struct watch {
	struct timer timer;
	unsigned int answers;
	int64_t end;
};

static void look(void *arg)
{
	struct watch *w = arg;
	int64_t now = loop_now();

	if (now - w->timer.when > longest_turn)
		longest_turn = now - w->timer.when;
	if (answers >= w->answers || now > w->end)
		loop_stop();
	else
		timer_set(&w->timer, 0.001);
}

static void run_until(unsigned int n)
{
	struct watch w = { .answers = n };

	w.timer.fn = look;
	w.timer.arg = &w;
	w.end = loop_now() + 20000000000LL;
	timer_set(&w.timer, 0.001);
	loop_run();
}

static void all(void)
{
	static const char *const name[] = { "many", "dies", "unknown" };
	static struct lookup l[NAMES], hung[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		hung[i] = (struct lookup){ .name = "hangs", .fn = known };
		lookup_start(&hung[i]);
	}
	for (i = 0; i < NAMES; i++) {
		l[i] = (struct lookup){ .name = name[i % 3], .fn = known };
		lookup_start(&l[i]);
		lookup_start(&l[i]);
	}
	/* The first has a child by now, the last is still waiting. */
	lookup_cancel(&l[0]);
	lookup_cancel(&l[NAMES - 1]);
	lookup_cancel(&l[NAMES - 1]);
	CHECK(!answers, "not from within the call");
	run_until(NAMES - 2);
	CHECK(answers == NAMES - 2 && failures_told == 7 &&
	      addresses == 3 * RESOLVE_MAX, "%u answers, %u, %u addresses",
	      answers, failures_told, addresses);
	CHECK(longest_turn < 1000000000LL, "it took %lld ns",
	      (long long)longest_turn);
	CHECK(hung[0].pending && hung[1].pending, "these hang");
	lookup_cancel(&hung[0]);
	lookup_cancel(&hung[1]);
	CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD,
	      "a child is left");
}

static const struct test_case cases[] = {
	{ "what hangs and what dies holds up nothing", all },
};

TEST_MAIN(cases)
