// SPDX-License-Identifier: GPL-2.0
/* Every directive: what becomes of it, and what it is when it is not said. */
#include "conf_parse.h"

#include <string.h>
#include <strings.h>

enum what {
	DO,		/* a function reads it */
	SET,		/* a value, or none: a flag */
	IGNORE,		/* with a warning */
	REFUSE,
};

/**
 * struct directive - a row
 * @name: of it
 * @what: becomes of it
 * @fn: DO
 * @value: SET: kind, place and range
 * @why: it is ignored or refused
 * @source: may stand in a directory of sourcedir
 */
struct directive {
	const char *name;
	enum what what;
	int (*fn)(struct conf_line *l);
	struct conf_option value;
	const char *why;
	bool source;
};

static const char *const authselect[] = {
	"mix", "require", "prefer", "ignore", NULL
};
static const char *const leapsecmodes[] = {
	"system", "step", "slew", "ignore", NULL
};

#define VALUE(kind, field, min, max) \
	{ NULL, kind, offsetof(struct config, field), min, max, NULL }
#define CHOICE(word, choices) \
	{ #word, SET, NULL, { NULL, CONF_CHOICE, \
	  offsetof(struct config, word), 0, 0, choices }, NULL, false }
#define FLAG(word) \
	{ #word, SET, NULL, VALUE(CONF_FLAG, word, 0, 0), NULL, false }
#define INT(word, min, max) \
	{ #word, SET, NULL, VALUE(CONF_INT, word, min, max), NULL, false }
#define NUMBER(word, min, max) \
	{ #word, SET, NULL, VALUE(CONF_NUMBER, word, min, max), NULL, false }
#define NEAR_INT(word, min, max) \
	{ #word, SET, NULL, VALUE(CONF_NEAR_INT, word, min, max), NULL, false }
#define NEAR_NUMBER(word, min, max) \
	{ #word, SET, NULL, VALUE(CONF_NEAR_NUMBER, word, min, max), NULL, \
	  false }
#define TEXT(word) \
	{ #word, SET, NULL, VALUE(CONF_TEXT, word, 0, 0), NULL, false }
#define LINK(word) \
	{ #word, SET, NULL, VALUE(CONF_LINK, word, 0, 0), NULL, false }
#define NOTHING	{ NULL, CONF_FLAG, 0, 0, 0, NULL }
#define FUNCTION(word, fn)	{ #word, DO, fn, NOTHING, NULL, false }
#define SOURCE(word)	{ #word, DO, conf_do_source, NOTHING, NULL, true }
#define IGNORED(word, why)	{ #word, IGNORE, NULL, NOTHING, why, false }
#define REFUSED(word, why)	{ #word, REFUSE, NULL, NOTHING, why, false }

#define NO_NTS		"has no effect: NTS is not spoken by kntpd"
#define NO_COMMANDS \
	"has no effect: kntpd has a local control socket only (controlsocket)"
#define NOT_IN_CHRONY	"has no effect: not in chronyd either, since long"

static const struct directive directives[] = {
	SOURCE(server),
	SOURCE(pool),
	SOURCE(peer),
	SOURCE(manycastclient),
	FUNCTION(broadcast, conf_do_broadcast),
	FUNCTION(broadcastclient, conf_do_broadcastclient),
	FUNCTION(multicastclient, conf_do_broadcastclient),
	FUNCTION(manycastserver, conf_do_manycastserver),
	FUNCTION(refclock, conf_do_refclock),
	FUNCTION(local, conf_do_local),
	FUNCTION(allow, conf_do_allow),
	FUNCTION(deny, conf_do_allow),
	FUNCTION(ntpqallow, conf_do_allow),
	FUNCTION(ntpqdeny, conf_do_allow),
	FUNCTION(listen, conf_do_listen),
	FUNCTION(follow, conf_do_follow),
	FUNCTION(include, conf_do_include),
	FUNCTION(confdir, conf_do_confdir),
	FUNCTION(sourcedir, conf_do_sourcedir),
	FUNCTION(sourcesonly, conf_do_sourcesonly),

	/* the network */
	INT(port, 0, 65535),
	INT(acquisitionport, 0, 65535),
	FUNCTION(bindaddress, conf_do_bind),
	FUNCTION(bindacqaddress, conf_do_bind),
	FUNCTION(metrics, conf_do_metrics),
	LINK(binddevice),
	LINK(bindacqdevice),
	INT(dscp, 0, 63),
	FUNCTION(hwtimestamp, conf_do_hwtimestamp),
	NEAR_NUMBER(hwtstimeout, 0, 100),
	NEAR_NUMBER(refresh, 0, 2147483647.0),
	FUNCTION(ratelimit, conf_do_ratelimit),
	{ "clientloglimit", SET, NULL,
	  VALUE(CONF_U64, clientloglimit, 0, 9007199254740992.0), NULL, false },
	FLAG(noclientlog),
	TEXT(ntpsigndsocket),

	/* selection */
	CHOICE(authselectmode, authselect),
	NEAR_NUMBER(combinelimit, 0, 1e12),
	NEAR_NUMBER(maxdistance, 0, 1e12),
	NEAR_NUMBER(maxjitter, 0, 1e12),
	NEAR_NUMBER(reselectdist, 0, 1e12),
	NEAR_NUMBER(stratumweight, 0, 1e12),
	NEAR_INT(minsources, 1, 2147483647.0),
	NEAR_INT(minsamples, 0, CONF_SAMPLES_MAX),
	NEAR_INT(maxsamples, 0, CONF_SAMPLES_MAX),
	NEAR_INT(minstratum, 0, 15),
	NEAR_INT(maxstratum, 0, 15),

	/* the clock */
	FUNCTION(initstepslew, conf_do_initstepslew),
	FUNCTION(makestep, conf_do_makestep),
	FUNCTION(maxchange, conf_do_maxchange),
	FUNCTION(spike, conf_do_spike),
	NEAR_NUMBER(maxslewrate, 0, 100000),
	NEAR_NUMBER(maxclockerror, 0, 1e12),
	NEAR_NUMBER(maxdrift, 0, 1e12),
	NEAR_NUMBER(maxupdateskew, 0, 1e12),
	NEAR_NUMBER(corrtimeratio, 0, 1e12),
	NEAR_NUMBER(clockprecision, 0, 1),
	FUNCTION(fallbackdrift, conf_do_fallbackdrift),
	FUNCTION(tempcomp, conf_do_tempcomp),
	FUNCTION(driftfile, conf_do_driftfile),
	CHOICE(leapsecmode, leapsecmodes),
	TEXT(leapsectz),
	TEXT(leapseclist),
	FUNCTION(smoothtime, conf_do_smoothtime),

	/* the RTC */
	FLAG(rtcsync),
	FLAG(rtconutc),
	TEXT(rtcfile),
	TEXT(rtcdevice),
	TEXT(hwclockfile),
	NEAR_NUMBER(rtcautotrim, 0, 1e9),

	/* the log */
	FUNCTION(log, conf_do_log),
	TEXT(logdir),
	FUNCTION(logfile, conf_do_logfile),
	NEAR_INT(logbanner, -1, 2147483647.0),
	NEAR_NUMBER(logchange, 0, 1e9),
	FUNCTION(mailonchange, conf_do_mailonchange),

	/* the process */
	TEXT(dumpdir),
	TEXT(keyfile),
	TEXT(user),
	TEXT(pidfile),
	TEXT(controlsocket),
	FLAG(lock_all),
	NEAR_INT(sched_priority, 0, 100),

	IGNORED(cmdallow, "has no effect: kntpd has a local control socket only; for ntpq there is ntpqallow"),
	IGNORED(cmddeny, NO_COMMANDS),
	IGNORED(cmdport, NO_COMMANDS),
	IGNORED(bindcmdaddress, NO_COMMANDS),
	IGNORED(bindcmddevice, NO_COMMANDS),
	IGNORED(cmdratelimit, NO_COMMANDS),
	IGNORED(opencommands, NO_COMMANDS),
	IGNORED(manual, "has no effect: time is not set by hand in kntpd"),
	IGNORED(ntsdumpdir, NO_NTS),
	IGNORED(ntscachedir, NO_NTS),
	IGNORED(ntsaeads, NO_NTS),
	IGNORED(ntsrefresh, NO_NTS),
	IGNORED(maxntsretry, NO_NTS),
	IGNORED(ntstrustedcerts, NO_NTS),
	IGNORED(nosystemcert, NO_NTS),
	IGNORED(nocerttimecheck, NO_NTS),
	IGNORED(ntsport, NO_NTS),
	IGNORED(ntsprocesses, NO_NTS),
	IGNORED(maxntsconnections, NO_NTS),
	IGNORED(ntsntpserver, NO_NTS),
	IGNORED(ntsrotate, NO_NTS),
	IGNORED(ntsratelimit, NO_NTS),
	IGNORED(maxtxbuffers, "has no effect: stamps are matched without it"),
	IGNORED(ptpdomain, "has no effect: NTP over PTP is not spoken by kntpd"),
	IGNORED(dumponexit, NOT_IN_CHRONY),
	IGNORED(commandkey, NOT_IN_CHRONY),
	IGNORED(generatecommandkey, NOT_IN_CHRONY),
	IGNORED(linux_hz, NOT_IN_CHRONY),
	IGNORED(linux_freq_scale, NOT_IN_CHRONY),
	REFUSED(ntsservercert, "NTS is not spoken by kntpd: its clients would get no answer"),
	REFUSED(ntsserverkey, "NTS is not spoken by kntpd: its clients would get no answer"),
	REFUSED(ptpport, "NTP over PTP is not spoken by kntpd"),
};

#define N	(sizeof(directives) / sizeof(directives[0]))

const char *conf_directive(size_t i)
{
	return i < N ? directives[i].name : NULL;
}

static int set(struct conf_line *l, const struct directive *d)
{
	bool flag = d->value.kind == CONF_FLAG;
	int err = conf_count(l, !flag, !flag, "its value");

	return err ? err : conf_value(l, "", &d->value, l->c, l->word[1]);
}

/**
 * conf_directive_line() - do what a line says
 * @l: it; has a word at least
 *
 * Return: 0 or -errno.
 */
int conf_directive_line(struct conf_line *l)
{
	const struct directive *d = directives;

	while (d < directives + N && strcasecmp(l->word[0], d->name))
		d++;
	if (d == directives + N)
		return conf_fail(l, "there is no such directive");
	if (l->only_sources && !d->source)
		return conf_fail(l, "only server, pool and peer may stand in a file of sourcedir");
	switch (d->what) {
	case DO:
		return d->fn(l);
	case SET:
		return set(l, d);
	case IGNORE:
		return conf_warn(l, "%s", d->why);
	case REFUSE:
		break;
	}
	return conf_fail(l, "%s", d->why);
}

/**
 * conf_defaults() - what is when nothing is said
 * @c: zeroed
 */
void conf_defaults(struct config *c)
{
	c->port = 123;
	c->acquisitionport = -1;
	c->hwtstimeout = 0.001;
	c->refresh = 1209600;
	c->ratelimit = (struct ratelimit_conf){
		.interval = 3, .burst = 8, .leak = 2,
	};
	c->local = (struct local_conf){ .stratum = 10, .distance = 1 };
	c->combinelimit = 3;
	c->maxdistance = 3;
	c->maxjitter = 1;
	c->reselectdist = 1e-4;
	c->stratumweight = 1e-3;
	c->minsources = 1;
	c->minsamples = 6;
	c->maxstratum = 15;
	c->maxslewrate = 83333.333;
	c->maxclockerror = 1;
	c->maxdrift = 100000;
	c->maxupdateskew = 1000;
	c->corrtimeratio = 3;
	c->driftfile_interval = 3600;
	c->logbanner = 32;
	c->logchange = 1;
}
