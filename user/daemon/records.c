// SPDX-License-Identifier: GPL-2.0
/*
 * The columns and signs are those of chronyd's log files, so that what reads
 * those reads these. Each line is on its way when it is written: what follows a
 * file sees it.
 */
#include "records.h"
#include "clk.h"
#include "conf.h"
#include "log.h"
#include "ntp.h"
#include "reference.h"
#include "report.h"

#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum record {
	MEASUREMENTS, STATISTICS, SELECTION, TRACKING, REFCLOCKS, RTC, REQUESTS,
	TEMPCOMP,
	RECORDS,
};

static const struct {
	const char *name;
	const char *banner;
} kinds[RECORDS] = {
	[MEASUREMENTS] = { "measurements",
		"   Date (UTC) Time     IP Address   L St 123 567 ABCD  LP RP Score    Offset  Peer del. Peer disp.  Root del. Root disp. Refid     MTxRx" },
	[STATISTICS] = { "statistics",
		"   Date (UTC) Time     IP Address    Std dev'n Est offset  Offset sd  Diff freq   Est skew  Stress  Ns  Bs  Nr  Asym" },
	[SELECTION] = { "selection",
		"   Date (UTC) Time     IP Address    S EOpts Reach Score Last sample   Low end   High end" },
	[REFCLOCKS] = { "refclocks",
		"   Date (UTC) Time         Refid  DP L P  Raw offset   Cooked offset      Disp." },
	[RTC] = { "rtc",
		"   Date (UTC) Time   RTC fast (s) Val   Est fast (s)   Slope (ppm)  Ns  Nr Meas" },
	[REQUESTS] = { "requests",
		"   Date (UTC) Time   Hook     Interval (s)  Requests/s  Answered/s  Passed up/s  Dropped/s" },
	[TEMPCOMP] = { "tempcomp",
		"   Date (UTC) Time        Temp.       Comp." },
	[TRACKING] = { "tracking",
		"   Date (UTC) Time     IP Address   St   Freq ppm   Skew ppm     Offset L Co  Offset sd Rem. corr. Root delay Root disp. Max. error" },
};

static struct {
	const struct config *conf;
	struct file {
		FILE *f;
		int lines;	/* since the banner */
		bool failed;
	} file[RECORDS];
} records;

static bool wanted(int option)
{
	return records.conf && records.conf->logdir &&
	       records.conf->log & option;
}

static FILE *open_file(enum record r)
{
	char path[4096];
	FILE *f = NULL;
	int fd;

	snprintf(path, sizeof(path), "%s/%s.log", records.conf->logdir,
		 kinds[r].name);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd >= 0)
		f = fdopen(fd, "a");
	if (f)
		setvbuf(f, NULL, _IOLBF, 0);
	else
		log_msg(LOG_WARNING, "%s: cannot be written to: %m", path);
	return f;
}

static void rule(FILE *f, size_t len)
{
	while (len--)
		fputc('=', f);
	fputc('\n', f);
}

static void banner(struct file *file, enum record r)
{
	int every = records.conf->logbanner;

	/* As chronyd: a negative number is once, where a file begins. */
	bool due = every < 0 ? !file->lines : every && !(file->lines % every);

	file->lines++;
	if (due) {
		rule(file->f, strlen(kinds[r].banner));
		fprintf(file->f, "%s\n", kinds[r].banner);
		rule(file->f, strlen(kinds[r].banner));
	}
}

/*
 * A line of a moment of time, ns since 1970; what is read many times in a second
 * has a fraction of it.
 */
static void __attribute__((format(printf, 3, 4)))
put(enum record r, int64_t utc, const char *fmt, ...)
{
	struct file *file = &records.file[r];
	time_t s = utc / NS_PER_S;
	char date[32] = "";
	struct tm tm;
	va_list ap;

	if (!file->f && !file->failed)
		file->f = open_file(r);
	file->failed = !file->f;
	if (file->failed)
		return;
	banner(file, r);
	if (gmtime_r(&s, &tm))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &tm);
	fputs(date, file->f);
	if (r == REFCLOCKS)
		fprintf(file->f, ".%06u", (unsigned int)(utc % NS_PER_S / 1000));
	fputc(' ', file->f);
	va_start(ap, fmt);
	vfprintf(file->f, fmt, ap);
	va_end(ap);
	fputc('\n', file->f);
}

/**
 * records_init() - begin
 * @c: what is to be written, and where to; stays
 *
 * Files are opened with their first line, with the rights that are kept.
 */
void records_init(const struct config *c)
{
	records.conf = c;
	if (c->log && !c->logdir)
		log_msg(LOG_WARNING, "log: without logdir nothing is written");
}

/**
 * records_reopen() - whoever renamed the files wants new ones
 */
void records_reopen(void)
{
	int i;

	for (i = 0; i < RECORDS; i++) {
		if (records.file[i].f)
			fclose(records.file[i].f);
		records.file[i] = (struct file){ .f = NULL };
	}
}

static char leap_mark(unsigned int leap)
{
	return "N+-?"[leap & 3];
}

static const char *address_of(const struct source *s, char *buf)
{
	report_address(&s->address, buf);
	return *buf ? buf : s->name;
}

/* TESTS as report_ntpdata has them, so many from bit FIRST down. */
static const char *bits(char *to, unsigned int tests, int first, int n)
{
	int i;

	for (i = 0; i < n; i++)
		to[i] = tests & 1U << (first - i) ? '1' : '0';
	to[n] = '\0';
	return to;
}

/**
 * record_measurement() - a server or peer has answered
 * @src: it
 * @synced: RFC 5905's tests were passed
 */
void record_measurement(const struct ntp_source *src, bool synced)
{
	char address[REPORT_ADDRESS], a[4], b[4], c[5];
	struct report_ntpdata n;

	if (!wanted(CONF_LOG_RAWMEASUREMENTS) &&
	    !(synced && wanted(CONF_LOG_MEASUREMENTS)))
		return;
	report_ntpdata_of(src, &n);
	put(MEASUREMENTS, clk_real(),
	    "%-15s %c %2d %s %s %s %3d %2d %3.1f %10.3e %10.3e %10.3e %10.3e %10.3e %08X %d%c %c %c",
	    address_of(&src->source, address), leap_mark(n.leap), n.stratum,
	    bits(a, n.tests, 9, 3), bits(b, n.tests, 6, 3),
	    bits(c, n.tests, 3, 4), src->source.poll, n.poll,
	    (double)src->steady, n.offset, n.delay, n.dispersion,
	    n.root_delay, n.root_dispersion, n.refid, n.mode,
	    n.interleaved ? 'I' : 'B', n.tx_stamp, n.rx_stamp);
}

/**
 * record_statistics() - a source's samples were fitted anew
 * @src: it
 * @before: the fit before, or NULL
 */
void record_statistics(const struct source *src, const struct fit *before)
{
	const struct estimate *e = &src->est;
	char address[REPORT_ADDRESS];
	struct fit now;
	double stress = 0;

	if (!wanted(CONF_LOG_STATISTICS) || !e->valid)
		return;
	now = fit_at(&e->fit, clk_raw());
	if (before && before->frequency_error > 0)
		stress = fabs(now.frequency - before->frequency) /
			 (2 * before->frequency_error);
	put(STATISTICS, clk_real(),
	    "%-15s %10.3e %10.3e %10.3e %10.3e %10.3e %7.1e %3u %3u %3u %5.2f",
	    address_of(src, address), now.noise,
	    (double)(reference_time(now.raw) - now.utc) * 1e-9,
	    now.time_error, reference.frequency - now.frequency, e->skew,
	    stress, e->n, 0, report_runs(e), 0.0);
}

static const char *options(const struct source *s, char *to)
{
	to[0] = s->noselect ? 'N' : '-';
	to[1] = s->prefer ? 'P' : '-';
	to[2] = s->trust ? 'T' : '-';
	to[3] = s->require ? 'R' : '-';
	to[4] = '-';
	to[5] = '\0';
	return to;
}

/**
 * record_selection() - sources were selected from
 */
void record_selection(void)
{
	char address[REPORT_ADDRESS], opts[6];
	const struct source *s;
	int64_t raw, real;

	if (!wanted(CONF_LOG_SELECTION))
		return;
	clk_pair(&raw, &real);
	for (s = sources; s; s = s->next)
		put(SELECTION, real,
		    "%-15s %c %s %4o %5.2f %10.3e %10.3e %10.3e",
		    address_of(s, address), report_mark(s), options(s, opts),
		    s->reach, s->score,
		    s->est.n ? (double)(raw - estimate_last(&s->est)->raw) *
			       1e-9 : 0.0, -s->error_hi, -s->error_lo);
}

/**
 * record_reading() - a reference clock has said something
 * @r: what
 */
void record_reading(const struct record_reading *r)
{
	double left = (double)(r->utc - reference_time(r->raw)) * 1e-9;
	char leap = leap_mark(r->source->leap);
	int64_t raw, real;

	if (!wanted(CONF_LOG_REFCLOCKS))
		return;
	if (!r->number) {
		put(REFCLOCKS, r->utc, "%-6s   - %c -       -       %13.6e %10.3e",
		    r->source->name, leap, left, r->dispersion);
		return;
	}
	/* The system clock at that moment, which was a while ago. */
	clk_pair(&raw, &real);
	real -= llround((double)(raw - r->raw) * (1 + clk_frequency()));
	put(REFCLOCKS, r->utc, "%-6s %3u %c %d %13.6e %13.6e %10.3e",
	    r->source->name, r->number, leap, r->pulse,
	    (double)(r->utc - real) * 1e-9, left, r->dispersion);
}

static unsigned int combined(void)
{
	const struct source *s;
	unsigned int n = 0;

	for (s = sources; s; s = s->next)
		n += s->status >= SOURCE_COMBINED;
	return n;
}

/**
 * record_update() - the clock is to be corrected
 * @u: how
 */
void record_update(const struct record_update *u)
{
	const struct reference *r = &reference;
	char address[REPORT_ADDRESS];

	if (!wanted(CONF_LOG_TRACKING))
		return;
	put(TRACKING, r->ref_time,
	    "%-15s %2d %10.3f %10.3f %10.3e %c %2u %10.3e %10.3e %10.3e %10.3e %10.3e",
	    address_of(u->source, address), r->stratum, -r->frequency * 1e6, r->skew * 1e6,
	    u->offset, leap_mark(r->leap), combined(), u->deviation, u->left,
	    r->root_delay, r->root_dispersion, u->max_error);
}

/**
 * record_rtc() - the RTC was measured
 * @r: and what came of it
 */
void record_rtc(const struct record_rtc *r)
{
	if (wanted(CONF_LOG_RTC))
		put(RTC, clk_real(), "%14.6f %d  %14.6f  %12.3f  %2u  %2u %4.0f",
		    r->fast, r->known, r->estimated, r->gains * 1e6,
		    r->estimate->n, report_runs(r->estimate), r->interval);
}

/**
 * record_requests() - requests of an interval
 * @r: how many, and what became of them
 */
void record_requests(const struct record_requests *r)
{
	if (wanted(CONF_LOG_REQUESTS))
		put(REQUESTS, clk_real(), "%-8s %10.3f %12.3f %11.3f %12.3f %11.3f",
		    r->hook, r->interval, r->in, r->answered, r->passed,
		    r->dropped);
}

/**
 * record_tempcomp() - the temperature was measured
 * @temperature: in the sensor's units
 * @compensation: of the frequency that follows from it, ppm
 */
void record_tempcomp(double temperature, double compensation)
{
	if (wanted(CONF_LOG_TEMPCOMP))
		put(TEMPCOMP, clk_real(), "%11.4e %11.4e", temperature,
		    compensation);
}
