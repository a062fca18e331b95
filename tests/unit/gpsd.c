// SPDX-License-Identifier: GPL-2.0
/* What gpsd may say: every JSON type for every member, and nothing else. */
#include "harness.h"

#include "../../user/daemon/refclock_gpsd.c"

static unsigned int times, failed;

void refclock_failed(struct refclock *rc, const char *fmt, ...)
{
	(void)rc, (void)fmt;
	failed++;
}

bool refclock_stamp(int64_t s, int64_t ns, int64_t *at)
{
	*at = 1;
	return s >= 0 && ns >= 0;
}

void refclock_time(struct refclock *rc, int64_t raw, int64_t utc,
		   double dispersion, uint8_t leap)
{
	(void)rc, (void)raw, (void)utc, (void)dispersion, (void)leap;
	times++;
}

void refclock_reopen(struct refclock *rc)
{
	(void)rc;
}

int64_t clk_raw_of_real(int64_t real)
{
	return real;
}

int loop_add_fd(int fd, short events, loop_fd_fn fn, void *arg)
{
	(void)fd, (void)events, (void)fn, (void)arg;
	return 0;
}

void loop_set_events(int fd, short events)
{
	(void)fd, (void)events;
}

void loop_del_fd(int fd)
{
	(void)fd;
}

static struct refclock_conf conf;
static struct gpsd gpsd;
static struct refclock rc = { .conf = &conf, .data = &gpsd };

static void good(void)
{
	times = 0;
	take_line(&rc, "{\"class\":\"TPV\",\"mode\":3}");
	take_line(&rc, "{\"class\":\"TOFF\",\"device\":\"/dev/x\",\"real_sec\":1,"
		       "\"real_nsec\":0,\"clock_sec\":1,\"clock_nsec\":2}");
	CHECK(times == 1, "%u times", times);
	take_line(&rc, "{\"class\":\"TPV\",\"mode\":1}");
	take_line(&rc, "{\"class\":\"TOFF\",\"real_sec\":1,\"real_nsec\":0,"
		       "\"clock_sec\":1,\"clock_nsec\":2}");
	CHECK(times == 1, "time without a fix");
}

/* "class": null ended the daemon with SIGSEGV. */
static void any_type(void)
{
	static const char *const value[] = {
		"null", "true", "1e400", "-1", "[]", "{}", "[null]",
		"\"\"", "\"x\"", "9223372036854775808", "{\"class\":null}",
	};
	static const char *const member[] = {
		"class", "device", "message", "mode", "real_sec", "real_nsec",
		"clock_sec", "clock_nsec", "precision",
	};
	static const char *const class[] = { "TPV", "TOFF", "PPS", "ERROR" };
	char line[256];
	size_t c, m, v;

	for (c = 0; c < 4; c++) {
		for (m = 0; m < sizeof(member) / sizeof(member[0]); m++) {
			for (v = 0; v < sizeof(value) / sizeof(value[0]); v++) {
				snprintf(line, sizeof(line),
					 "{\"class\":\"%s\",\"%s\":%s}",
					 class[c], member[m], value[v]);
				take_line(&rc, line);
				take_line(&rc, value[v]);
			}
		}
	}
	CHECK(failed, "nothing was refused");
}

static const struct test_case cases[] = {
	{ "time, and no fix", good },
	{ "any type for any member", any_type },
};

TEST_MAIN(cases)
