// SPDX-License-Identifier: GPL-2.0
/* The driver of NMEA lines, fed with what comes and when. */
#include "harness.h"

#include "../../user/daemon/refclock_nmea.c"

static int64_t now;
static const char *coming;
static unsigned int times, quiet;
static int64_t stamped;

int64_t clk_raw(void)
{
	return now;
}

void refclock_failed(struct refclock *rc, const char *fmt, ...)
{
	(void)rc;
	quiet += !!strstr(fmt, "never quiet");
}

void refclock_time(struct refclock *rc, int64_t raw, int64_t utc,
		   double dispersion, uint8_t leap)
{
	(void)rc, (void)utc, (void)dispersion, (void)leap;
	times++;
	stamped = raw;
}

size_t refclock_line_read(struct refclock *rc, short revents, char *data,
			  size_t size, struct refclock_arrival *at)
{
	(void)rc, (void)revents, (void)size;
	*at = (struct refclock_arrival){ .raw = now };
	memcpy(data, coming, strlen(coming));
	return strlen(coming);
}

int refclock_line_open(struct refclock *rc, size_t size, loop_fd_fn fn)
{
	(void)rc, (void)size, (void)fn;
	return 0;
}

void refclock_line_close(struct refclock *rc)
{
	(void)rc;
}

static struct refclock_conf conf = { .baud = 9600 };
static struct nmea nmea;
static struct refclock rc = { .conf = &conf, .data = &nmea };

static void begin(void)
{
	memset(&nmea, 0, sizeof(nmea));
	now = 1000 * NS_PER_S;
	times = quiet = 0;
	coming = "\r\n";
	on_ready(0, 0, &rc);
}

/* BODY with its sum, MS after what came before. */
static void say(int ms, const char *body)
{
	static char line[128];
	unsigned int sum = 0;
	const char *p;

	for (p = body; *p; p++)
		sum ^= (unsigned char)*p;
	snprintf(line, sizeof(line), "$%s*%02X\r\n", body, sum);
	now += ms * (NS_PER_S / 1000);
	coming = line;
	on_ready(0, 0, &rc);
}

static void say_at(int ms, const char *form, int s, int hundredths)
{
	char body[128];

	snprintf(body, sizeof(body), form, s, hundredths);
	say(ms, body);
}

#define RMC(status)	"GPRMC,0000%02d.%02d," status ",,,,,,,010128"
#define ZDA		"GPZDA,0000%02d.%02d,01,01,2028,00,00"

/* field.md 5: ZDA runs on while RMC says V, in either order. */
static void no_fix(void)
{
	int i;

	begin();
	for (i = 0; i < 20; i++) {
		say_at(900, i % 2 ? RMC("V") : ZDA, i, 0);
		say_at(20, i % 2 ? ZDA : RMC("V"), i, 0);
	}
	CHECK(!times, "%u times without a fix", times);
	for (i = 20; i < 30; i++) {
		say_at(900, RMC("A"), i, 0);
		say_at(20, ZDA, i, 0);
	}
	CHECK(times == 10, "%u times, not 10", times);
}

/* A receiver that sends nothing but ZDA is believed after a while. */
static void zda_alone(void)
{
	int i;

	begin();
	for (i = 0; i < 10; i++)
		say_at(1000, ZDA, i, 0);
	CHECK(times == 10 - ALONE, "%u times", times);
}

/* field.md 7: sentences each 50 ms: what begins when cannot be known. */
static void never_quiet(void)
{
	int i;

	begin();
	for (i = 0; i < 100; i++) {
		say_at(50, RMC("A"), i / 10, i % 10 * 10);
		say(50, "GPGGA,000000,4916.45,N,12311.12,W,1,08");
	}
	/* The first beginning, if there is one, serves one time. */
	CHECK(times <= 1, "%u times", times);
}

/* One beginning, then 20 sentences that follow without a pause. */
static void one_each(void)
{
	int i;

	begin();
	say_at(1000, RMC("A"), 0, 0);
	CHECK(times == 1 && stamped == now, "%u times", times);
	for (i = 1; i < 20; i++)
		say_at(50, RMC("A"), i, 0);
	CHECK(times == 1 && quiet == 19, "%u times, said %u times", times,
	      quiet);
}

static const struct test_case cases[] = {
	{ "no time without a fix", no_fix },
	{ "ZDA alone", zda_alone },
	{ "a line that is never quiet", never_quiet },
	{ "one beginning serves one time", one_each },
};

TEST_MAIN(cases)
