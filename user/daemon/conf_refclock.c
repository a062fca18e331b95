// SPDX-License-Identifier: GPL-2.0
/* refclock DRIVER PARAMETER[:OPTION]... [OPTION]... */
#include "conf_parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define AT(member)	offsetof(struct refclock_conf, member)

static const struct conf_option options[] = {
	OPT_NEAR_INT(poll, -31, 31),
	OPT_NEAR_INT(dpoll, -31, 31),
	OPT_NEAR_INT(filter, 1, 65536),
	OPT_NEAR_INT(rate, 1, 1000000),
	OPT_NEAR_INT(maxlockage, 1, 2147483647),
	OPT_NEAR_INT(stratum, 0, 15),
	OPT_NEAR_INT(minsamples, 0, CONF_SAMPLES_MAX),
	OPT_NEAR_INT(maxsamples, 0, CONF_SAMPLES_MAX),
	OPT_NEAR_INT(maxunreach, 0, 2147483647),
	OPT_NEAR_NUMBER(width, 0, 1000),
	OPT_NEAR_NUMBER(offset, -1e12, 1e12),
	OPT_NEAR_NUMBER(delay, 0, 1e6),
	OPT_NEAR_NUMBER(precision, 0, 1e6),
	OPT_NEAR_NUMBER(maxdispersion, 0, 1e6),
	OPT_FLAG(pps),
	OPT_FLAG(tai),
	OPT_FLAG(local),
	OPT_FLAG(optional),
	OPT_FLAG(prefer),
	OPT_FLAG(noselect),
	OPT_FLAG(trust),
	OPT_FLAG(require),
	{ "refid", CONF_REFID, AT(refid), 0, 0, NULL },
	{ "lock", CONF_REFID, AT(lock), 0, 0, NULL },
	OPT_END
};

static const struct conf_option pps[] = { OPT_FLAG(clear), OPT_END };
static const struct conf_option none[] = { OPT_END };
static const struct conf_option shm[] = {
	{ "perm", CONF_OCTAL, AT(perm), 0, 0, NULL }, OPT_END
};
static const struct conf_option phc[] = {
	OPT_FLAG(nocrossts), OPT_FLAG(extpps), OPT_FLAG(clear), OPT_INT(pin, -1, 65535),
	OPT_INT(channel, 0, 65535), OPT_END
};
static const struct conf_option rtc[] = { OPT_FLAG(utc), OPT_END };
#define BAUD	{ "baud", CONF_INT, AT(baud), 300, 230400, NULL }
static const struct conf_option nmea[] = { BAUD, OPT_END };
static const struct conf_option gpsd[] = {
	{ "pps", CONF_FLAG, AT(gpsd_pps), 0, 0, NULL }, OPT_INT(port, 1, 65535),
	OPT_WORD(device), OPT_END
};
static const struct conf_option acts[] = {
	BAUD, OPT_WORD(phone), OPT_WORD(init), OPT_WORD(dial), OPT_END
};

static const struct driver {
	const char *name;
	const struct conf_option *options;
	double delay;	/* unless it is said */
	int poll;
} drivers[] = {
	[CONF_PPS] = { "PPS", pps, 1e-9, 4 },
	[CONF_SOCK] = { "SOCK", none, 1e-9, 4 },
	[CONF_SHM] = { "SHM", shm, 1e-9, 4 },
	[CONF_PHC] = { "PHC", phc, 1e-9, 4 },
	/* How long ago it was set nobody knows. */
	[CONF_RTC] = { "RTC", rtc, 1, 4 },
	/* When in its second a sentence comes nobody knows but the operator. */
	[CONF_NMEA] = { "NMEA", nmea, 1, 4 },
	[CONF_GPSD] = { "GPSD", gpsd, 1, 4 },
	[CONF_ACTS] = { "ACTS", acts, 1e-9, 12 },
};

static int driver_option(struct conf_line *l, const struct driver *d,
			 struct refclock_conf *r, char *word)
{
	char *value = strchr(word, '=');
	const struct conf_option *o;
	struct conf_option at;
	char what[48];

	if (value)
		*value++ = '\0';
	for (o = d->options; o->name; o++)
		if (!strcasecmp(word, o->name))
			break;
	if (!o->name)
		return conf_fail(l, "'%.60s' is not an option of driver %s",
				 word, d->name);
	snprintf(what, sizeof(what), "%s: ", o->name);
	if (o->kind == CONF_FLAG && value)
		return conf_fail(l, "%sit has no value", what);
	if (o->kind != CONF_FLAG && !value)
		return conf_fail(l, "%sits value is missing, after =", what);
	at = *o;
	/* One that may stand there several times. */
	if (o->offset == AT(phone) && r->n_phones == CONF_PHONES)
		return conf_fail(l, "%sthere are more than %d of them", what,
				 CONF_PHONES);
	if (o->offset == AT(phone))
		at.offset += r->n_phones++ * CONF_WORD_MAX;
	return conf_value(l, what, &at, r, value);
}

static int parameter(struct conf_line *l, struct refclock_conf *r)
{
	const struct driver *d = &drivers[r->driver];
	char *word = l->word[2], *next;
	const char *end;
	double unit;
	int err;

	next = strchr(word, ':');
	if (next)
		*next++ = '\0';
	if (!*word || strlen(word) >= sizeof(r->parameter))
		return conf_fail(l, "its parameter is missing, or too long");
	memcpy(r->parameter, word, strlen(word));
	end = word + strspn(word, "0123456789");
	if (r->driver == CONF_SHM &&
	    (*end || !conf_is_number(word, &unit) || unit > 255))
		return conf_fail(l, "'%.60s' is not a unit from 0 to 255",
				 word);
	while (next) {
		word = next;
		next = strchr(word, ':');
		if (next)
			*next++ = '\0';
		err = driver_option(l, d, r, word);
		if (err)
			return err;
	}
	return 0;
}

/* The first letters of the driver, and which refclock it is. */
static uint32_t refid_of(const struct refclock_conf *r, size_t index)
{
	const char *name = drivers[r->driver].name;
	const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return (uint32_t)name[0] << 24 | (uint32_t)name[1] << 16 |
	       (uint32_t)name[2] << 8 | (uint32_t)digits[index];
}

static int find_driver(struct conf_line *l, struct refclock_conf *r)
{
	size_t i;

	if (l->n < 3)
		return conf_fail(l, "DRIVER PARAMETER: a word is missing");
	for (i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++) {
		if (!strcasecmp(l->word[1], drivers[i].name)) {
			r->driver = (enum conf_driver)i;
			r->poll = drivers[i].poll;
			return 0;
		}
	}
	return conf_fail(l, "'%.60s' is not a driver: PPS, SOCK, SHM, PHC, RTC, NMEA, GPSD and ACTS are",
			 l->word[1]);
}

/* Each octet of it, so that two of them can be compared. */
static void set_usual(const struct conf_line *l, struct refclock_conf *r)
{
	memset(r, 0, sizeof(*r));
	r->line = l->number;
	r->perm = 0600;
	r->filter = 64;
	r->rate = 1;
	r->maxlockage = 2;
	r->delay = -1;
	r->minsamples = -1;
	r->maxsamples = -1;
	r->maxunreach = 100000;
	r->baud = 9600;
}

int conf_do_refclock(struct conf_line *l)
{
	struct refclock_conf r;
	struct config *c = l->c;
	struct refclock_conf *at;
	int err;

	set_usual(l, &r);
	err = find_driver(l, &r);
	if (!err)
		err = parameter(l, &r);
	if (!err)
		err = conf_options(l, 3, options, &r);
	if (!err && r.driver == CONF_ACTS && !r.n_phones)
		err = conf_fail(l, "phone: there is no number to dial");
	if (err)
		return err;
	if (r.delay < 0)
		r.delay = r.gpsd_pps ? drivers[CONF_PPS].delay :
				       drivers[r.driver].delay;
	at = conf_more(l, &c->refclock, &c->n_refclock, &c->refclock_room,
		       sizeof(*at), CONF_REFCLOCKS_MAX);
	if (!at)
		return c->n_refclock < CONF_REFCLOCKS_MAX ? -ENOMEM : -EINVAL;
	snprintf(r.file, sizeof(r.file), "%.255s", l->file);
	if (!r.refid)
		r.refid = refid_of(&r, c->n_refclock - 1);
	*at = r;
	return 0;
}
