// SPDX-License-Identifier: GPL-2.0
/* Samples kept in files, and had from them again. */
#include "harness.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/dump.h"
#include "../../user/daemon/source.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

struct source *sources;

static void check_u64(const char *what, u64 wanted, u64 got)
{
	CHECK(got == wanted, "%s: %llu, not %llu", what,
	      (unsigned long long)got, (unsigned long long)wanted);
}

enum { KEPT = 20 };

#define S	1000000000LL

static char dir[64], file[128];

static void init(struct source *s)
{
	struct sockaddr_in *in = (void *)&s->address;

	memset(s, 0, sizeof(*s));
	strcpy(s->name, "test");
	in->sin_family = AF_INET;
	in->sin_port = htons(123);
	in->sin_addr.s_addr = htonl(0xc0000201);
	estimate_init(&s->est, 0);
}

/* Samples up to now; by them true time is OFF s ahead of the system clock. */
static void fill(struct source *s, double off)
{
	struct sample x = { .delay = 1e-3, .dispersion = 1e-6,
			    .root_delay = 0.25, .root_dispersion = 0.125 };
	int64_t raw, real;
	int i;

	init(s);
	clk_pair(&raw, &real);
	for (i = 0; i < KEPT; i++) {
		x.raw = raw - (KEPT - i) * S / 100;
		x.utc = real + llround(off * 1e9) + x.raw - raw;
		estimate_add(&s->est, &x);
	}
}

static void keep(struct source *s)
{
	dump_start(dir);
	sources = s;
	dump_stop();
	sources = NULL;
}

static unsigned int loaded(struct source *s)
{
	init(s);
	dump_start(dir);
	dump_load(s);
	dump_stop();
	return s->updates;
}

static void test_kept(void)
{
	static struct source a, b;

	fill(&a, 0.1);
	keep(&a);
	check_u64("the file is nobody else's", 1, !access(file, R_OK));
	check_u64("all samples", KEPT, loaded(&b));
	check_u64("are in the estimate", KEPT, b.est.n);
	check_u64("which is valid", 1, b.est.valid);
	check_u64("the newest is the newest", (u64)estimate_last(&a.est)->raw,
		  (u64)estimate_last(&b.est)->raw);
	check_u64("to the ns", (u64)a.est.fit.utc / 1000,
		  (u64)b.est.fit.utc / 1000);
	check_u64("with its root delay", 1,
		  estimate_last(&b.est)->root_delay == 0.25);
}

static void test_not_used(void)
{
	static struct source a, b;

	fill(&a, 5);
	keep(&a);
	check_u64("another time than the system clock's", 0, loaded(&b));
	check_u64("leaves nothing", 0, b.est.n || b.est.valid);
	fill(&a, 0);
	a.est.n = 2;
	unlink(file);
	keep(&a);
	check_u64("two samples are not worth it", 0, !access(file, R_OK));
}

/* The file with FROM in it replaced by TO. */
static void change(const char *from, const char *to)
{
	static char text[DUMP_TEXT];
	FILE *f = fopen(file, "r");
	size_t len = fread(text, 1, sizeof(text) - 1, f);
	char *at;

	fclose(f);
	text[len] = '\0';
	at = strstr(text, from);
	f = fopen(file, "w");
	if (at)
		fprintf(f, "%.*s%s%s", (int)(at - text), text, to,
			at + strlen(from));
	fclose(f);
}

static void test_other_clock(void)
{
	static struct source a, b;

	fill(&a, 0);
	keep(&a);
	change("clock ", "clock x");
	check_u64("of another boot: not used", 0, loaded(&b));
	check_u64("and removed", 0, !access(file, R_OK));
}

static void refused(const char *name, const char *text, const char *wanted)
{
	static struct dump d;
	char why[DUMP_WHY] = "";

	check_u64(name, 1, dump_parse(text, strlen(text), &d, why) != 0);
	CHECK(!strcmp(why, wanted), "%s: says '%s', not '%s'", name, why,
	      wanted);
}

#define HEAD	"kntpd-samples 1\nclock a\nprior 0 1e-4\n"
#define FIRST	"sample 1 1 0 0 0 0\n"

static void test_refused(void)
{
	refused("empty", "", "line 1: it ends before its end");
	refused("foreign", "SRC0\n", "line 1: not samples of kntpd");
	refused("no end of line", "kntpd-samples 1",
		"line 1: not a line of text");
	refused("cut", HEAD FIRST, "line 5: it ends before its end");
	refused("short of one", HEAD FIRST "end 2\n",
		"line 5: not all samples are here");
	refused("not a number", HEAD "sample 1 1 nan 0 0 0\n",
		"line 4: not delay, dispersion, root delay and root dispersion");
	refused("a time before 1970", HEAD "sample 1 -1 0 0 0 0\n",
		"line 4: not two times");
	refused("out of order", HEAD FIRST FIRST,
		"line 5: a sample that is not later than the one before");
	refused("no clock", "kntpd-samples 1\nprior 0 1\n",
		"line 2: no clock is named");
	refused("more", HEAD "end 0\n\n", "line 5: more after the end");
}

static void test_malformed_file(void)
{
	static struct source a, b;

	fill(&a, 0);
	keep(&a);
	change("end 20", "end 21");
	check_u64("a malformed file is not used", 0, loaded(&b));
	check_u64("and leaves nothing", 0, b.est.n);
}

static int prepare(void)
{
	strcpy(dir, "/tmp/kntp-dump.XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(file, sizeof(file), "%s/192.0.2.1-123.samples", dir);
	return 0;
}

static void test_cleanup(void)
{
	unlink(file);
	check_u64("nothing else was written", 0, (u64)rmdir(dir));
}

static void test_prepare(void)
{
	check_u64("a directory", 0, (u64)prepare());
	check_u64("a clock", 0, (u64)clk_init(false));
}

static const struct test_case cases[] = {
	{ "dump: a place", test_prepare },
	{ "dump: kept and had again", test_kept },
	{ "dump: what is not used", test_not_used },
	{ "dump: of another boot", test_other_clock },
	{ "dump: text that is refused", test_refused },
	{ "dump: a malformed file", test_malformed_file },
	{ "dump: nothing is left", test_cleanup },
};

TEST_MAIN(cases)
