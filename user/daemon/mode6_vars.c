// SPDX-License-Identifier: GPL-2.0
/*
 * What ntpq's variables are of what is known here. Their offsets are of the other
 * clock against this one, s where ntpq has ms.
 */
#include "mode6.h"
#include "address.h"
#include "clk.h"
#include "ntp.h"
#include "reference.h"
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <sys/utsname.h>

/* RFC 9327 sections 3.1 and 3.2. */
enum { SOURCE_NONE, SOURCE_RADIO = 4, SOURCE_NTP = 6 };
enum {
	CONFIGURED = 0x80, AUTH_ENABLED = 0x40, AUTHENTIC = 0x20,
	REACHABLE = 0x10,
};
enum { REJECTED, FALSETICKER, EXCESS, OUTLIER, CANDIDATE, BACKUP, SYSTEM_PEER };

static const struct source *selected(void)
{
	const struct source *s;

	for (s = sources; s && report_mark(s) != '*'; s = s->next)
		;
	return s;
}

uint16_t mode6_system_status(void)
{
	const struct source *s = selected();
	struct report_tracking t;

	report_tracking(&t);
	return (uint16_t)(t.leap << 14 |
			  (!s ? SOURCE_NONE : s->type == SOURCE_REFCLOCK ?
			   SOURCE_RADIO : SOURCE_NTP) << 8);
}

static unsigned int selection(const struct source *s)
{
	switch (report_mark(s)) {
	case '*':
		return SYSTEM_PEER;
	case '+':
		return CANDIDATE;
	case 'x':
		return FALSETICKER;
	case '-': case 'D': case 'W': case 'P': case 'U': case 'O':
		return OUTLIER;
	default:
		return REJECTED;
	}
}

uint16_t mode6_source_status(const struct source *s)
{
	unsigned int status = CONFIGURED;

	if (s->authenticated)
		status |= AUTH_ENABLED | (s->reach ? AUTHENTIC : 0);
	if (s->reach)
		status |= REACHABLE;
	return (uint16_t)((status | selection(s)) << 8);
}

static void put_ms(struct mode6_text *t, const char *name, double s)
{
	mode6_put(t, name, "%.6f", s * 1e3);
}

static int log2_of(double s)
{
	return (int)lround(log2(s));
}

/* Four letters, or octets of an address. */
static void put_refid(struct mode6_text *t, uint32_t refid, uint8_t stratum)
{
	char text[5] = { (char)(refid >> 24), (char)(refid >> 16),
			 (char)(refid >> 8), (char)refid, '\0' };

	char *p;

	/* A server's own octets: ',' and '=' would make variables of their own. */
	for (p = text; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr(",=\"", *p))
			*p = '?';
	if (stratum < 2)
		mode6_put(t, "refid", "%s", refid ? text : "INIT");
	else
		mode6_put(t, "refid", "%u.%u.%u.%u", refid >> 24,
			  refid >> 16 & 255, refid >> 8 & 255, refid & 255);
}

static void put_identity(struct mode6_text *t)
{
	struct utsname u;

	mode6_put(t, "version", "\"kntpd %s\"", KNTP_VERSION);
	if (uname(&u))
		return;
	mode6_put(t, "processor", "\"%s\"", u.machine);
	mode6_put(t, "system", "\"%s/%s\"", u.sysname, u.release);
}

static uint16_t number_of(const struct source *which)
{
	const struct source *s;
	uint16_t n = 1;

	for (s = sources; s && s != which; s = s->next)
		n++;
	return s ? n : 0;
}

static void put_kernel(struct mode6_text *t)
{
	struct timex x = { .modes = 0 };
	double unit = 1e-6;

	if (adjtimex(&x) < 0)
		return;
	if (x.status & STA_NANO)
		unit = 1e-9;
	put_ms(t, "koffset", (double)x.offset * unit);
	mode6_put(t, "kfreq", "%.6f", (double)x.freq / 65536);
	put_ms(t, "kmaxerr", (double)x.maxerror * 1e-6);
	put_ms(t, "kesterr", (double)x.esterror * 1e-6);
	mode6_put(t, "kstflags", "0x%x", x.status);
	mode6_put(t, "ktimeconst", "%ld", x.constant);
	put_ms(t, "kprecis", (double)x.precision * 1e-6);
	mode6_put(t, "kfreqtol", "%.3f", (double)x.tolerance / 65536);
	mode6_put(t, "kppsfreq", "%.6f", (double)x.ppsfreq / 65536);
	mode6_put(t, "kppsstab", "%.6f", (double)x.stabil / 65536);
	put_ms(t, "kppsjitter", (double)x.jitter * unit);
	mode6_put(t, "kppscalibdur", "%d", 1 << x.shift);
	mode6_put(t, "kppscalibs", "%ld", x.calcnt);
	mode6_put(t, "kppsjitexc", "%ld", x.jitcnt);
	mode6_put(t, "kppsstbexc", "%ld", x.stbcnt);
	mode6_put(t, "kppscaliberrs", "%ld", x.errcnt);
}

void mode6_system(struct mode6_text *t)
{
	const struct source *s = selected();
	struct report_tracking r;

	report_tracking(&r);
	put_identity(t);
	mode6_put(t, "leap", "%u%u", r.leap >> 1, r.leap & 1);
	mode6_put(t, "stratum", "%u", r.synced ? r.stratum :
					       (unsigned int)NTP_STRATUM_UNSYNC);
	mode6_put(t, "precision", "%d", log2_of(clk_precision()));
	put_ms(t, "rootdelay", r.root_delay);
	put_ms(t, "rootdisp", r.root_dispersion);
	put_refid(t, r.refid, r.stratum);
	mode6_put_time(t, "reftime", r.ref_time);
	mode6_put_time(t, "clock", clk_real());
	mode6_put(t, "peer", "%u", number_of(s));
	mode6_put(t, "tc", "%d", s ? s->poll : 0);
	mode6_put(t, "mintc", "%d", 0);
	put_ms(t, "offset", r.correction);
	mode6_put(t, "frequency", "%.6f", -r.frequency * 1e6);
	put_ms(t, "sys_jitter", r.rms_offset);
	mode6_put(t, "clk_wander", "%.6f", r.skew * 1e6);
	/* These are not told unless they are asked for. */
	if (*t->wanted)
		put_kernel(t);
}

static void put_ntp(struct mode6_text *t, const struct ntp_source *src)
{
	const struct ntp_answer *a = &src->report.answer;
	char text[ADDRESS_TEXT];

	if (src->report.local.ss_family != AF_UNSPEC)
		mode6_put(t, "dstadr", "%s", address_format(
			(const void *)&src->report.local, text));
	mode6_put(t, "dstport", "%d", NTP_PORT);
	mode6_put(t, "precision", "%d", a->precision);
	put_ms(t, "rootdelay", a->root_delay);
	put_ms(t, "rootdisp", a->root_dispersion);
	put_refid(t, a->refid, a->stratum);
	mode6_put_time(t, "reftime", a->reference ?
		 ntp_to_unix(a->reference, clk_real()) : 0);
	mode6_put(t, "hmode", "%d", src->opt.peer ? NTP_MODE_SYMMETRIC_ACTIVE :
						    NTP_MODE_CLIENT);
	mode6_put(t, "pmode", "%u", a->mode);
	mode6_put(t, "ppoll", "%d", a->poll);
	mode6_put(t, "unreach", "%u", src->missed);
	mode6_put(t, "keyid", "%u", src->opt.key);
	mode6_put(t, "flash", "%d", 0);
}

static void put_estimate(struct mode6_text *t, const struct source *s)
{
	static struct report_source rows[REPORT_SOURCES_MAX], *r;
	size_t n = report_sources(rows, REPORT_SOURCES_MAX);
	uint16_t number = number_of(s);
	const struct sample *last;

	if (!number || number > n || !rows[number - 1].sampled)
		return;
	r = &rows[number - 1];
	last = estimate_last(&s->est);
	mode6_put_time(t, "rec", clk_real() - (int64_t)(r->since_sample * 1e9));
	/* Chronyc's sign is of this clock against the other. */
	put_ms(t, "offset", -r->offset);
	put_ms(t, "delay", last->delay);
	put_ms(t, "dispersion", last->dispersion);
	put_ms(t, "jitter", s->est.fit.noise);
}

void mode6_source(struct mode6_text *t, const struct source *s)
{
	char text[ADDRESS_TEXT];

	if (s->type == SOURCE_REFCLOCK) {
		mode6_put(t, "srchost", "\"%s(0)\"", s->name);
		mode6_put(t, "srcadr", "127.127.1.0");
		put_refid(t, s->refid, 1);
	} else {
		mode6_put(t, "srcadr", "%s", address_format(
			(const void *)&s->address, text));
		mode6_put(t, "srcport", "%u", address_port(
			(const void *)&s->address));
		mode6_put(t, "srchost", "\"%s\"", s->name);
		put_ntp(t, (const struct ntp_source *)s);
	}
	mode6_put(t, "leap", "%u%u", s->leap >> 1 & 1, s->leap & 1);
	mode6_put(t, "stratum", "%u", s->stratum ? s->stratum :
			(unsigned int)(s->type == SOURCE_REFCLOCK ?
				       0 : NTP_STRATUM_UNSYNC));
	mode6_put(t, "reach", "%u", s->reach);
	mode6_put(t, "hpoll", "%d", s->poll);
	put_estimate(t, s);
}
