// SPDX-License-Identifier: GPL-2.0
#include "units.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NSEC_PER_SEC	1000000000

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* value = value * 10 + digit; false when it does not fit. */
static bool append(uint64_t *value, unsigned int digit)
{
	return !__builtin_mul_overflow(*value, 10, value) &&
	       !__builtin_add_overflow(*value, digit, value);
}

const char *uint_parse(const char *word, uint64_t min, uint64_t max,
		       uint64_t *value, char *why)
{
	const char *p = word;
	uint64_t v = 0;

	while (is_digit(*p) && append(&v, (unsigned int)(*p - '0')))
		p++;
	if (*p || p == word || v < min || v > max) {
		snprintf(why, UNITS_WHY,
			 "is not a number from %" PRIu64 " to %" PRIu64, min,
			 max);
		return why;
	}
	*value = v;
	return NULL;
}

/*
 * DIGITS[.DIGITS] times 10^SCALE, exactly. *END is what follows. Integers
 * only, so that 0.1 is 100000000 ns and not its nearest double.
 */
static const char *decimal(const char *word, unsigned int scale,
			   uint64_t *value, const char **end)
{
	const char *p = word;
	uint64_t v = 0;
	bool digits = is_digit(*p);

	for (; is_digit(*p); p++)
		if (!append(&v, (unsigned int)(*p - '0')))
			return "is too large";
	if (*p == '.') {
		p++;
		digits |= is_digit(*p);
		for (; is_digit(*p) && scale; p++, scale--)
			if (!append(&v, (unsigned int)(*p - '0')))
				return "is too large";
		for (; is_digit(*p); p++)
			if (*p != '0')
				return "has more decimals than are kept";
	}
	if (!digits)
		return "is not a decimal number";
	for (; scale; scale--)
		if (!append(&v, 0))
			return "is too large";
	*value = v;
	*end = p;
	return NULL;
}

const char *duration_parse(const char *word, uint64_t *ns)
{
	static const struct {
		const char *suffix;
		unsigned int scale;
	} units[] = { { "", 9 }, { "s", 9 }, { "ms", 6 }, { "us", 3 },
		      { "ns", 0 } };
	const char *suffix = word + strspn(word, "0123456789.");
	const char *why, *end;
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(suffix, units[i].suffix))
			continue;
		why = decimal(word, units[i].scale, ns, &end);
		if (!why && end != suffix)
			why = "is not a decimal number";
		return why;
	}
	return "is not seconds: a decimal number, and s, ms, us or ns after it";
}

const char *milli_parse(const char *word, uint32_t *milli)
{
	const char *why, *end;
	uint64_t v;

	why = decimal(word, 3, &v, &end);
	if (why)
		return why;
	if (*end)
		return "is not a decimal number";
	if (v > UINT32_MAX)
		return "is too large";
	*milli = (uint32_t)v;
	return NULL;
}

/* 10^18 of these are one, 10^12 one part per million. */
#define ATTO	1000000000000000000ULL

const char *rate_parse(const char *word, int64_t *rate)
{
	bool negative = *word == '-';
	unsigned __int128 wide;
	const char *why, *end;
	uint64_t v;

	why = decimal(word + negative, 12, &v, &end);
	if (why)
		return why;
	if (*end)
		return "is not a decimal number";
	wide = (((unsigned __int128)v << 64) + ATTO / 2) / ATTO;
	if (wide > INT64_MAX)
		return "is too large";
	*rate = negative ? -(int64_t)wide : (int64_t)wide;
	return NULL;
}

char *rate_format(int64_t rate, char buf[RATE_TEXT])
{
	uint64_t size = rate < 0 ? -(uint64_t)rate : (uint64_t)rate;
	unsigned __int128 wide = (unsigned __int128)size * ATTO;
	uint64_t atto = (uint64_t)((wide + (UINT64_C(1) << 63)) >> 64);

	snprintf(buf, RATE_TEXT, "%s%" PRIu64 ".%012" PRIu64,
		 rate < 0 ? "-" : "", atto / 1000000000000,
		 atto % 1000000000000);
	return buf;
}

#define NOT_A_TIME \
	"is not a time: now, seconds since 1970, or YYYY-MM-DDTHH:MM:SSZ"

/* The fields of a calendar date, checked by converting it back. */
static const char *calendar(const char *word, uint64_t *secs, uint64_t *frac)
{
	struct tm tm = { 0 }, back;
	const char *end, *why;
	int n = 0;
	time_t t;

	if (strspn(word, "0123456789-T:.Z") != strlen(word) ||
	    sscanf(word, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon,
		   &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) != 6 ||
	    n != 19)
		return NOT_A_TIME;
	*frac = 0;
	end = word + n;
	if (*end == '.') {
		why = decimal(end, 9, frac, &end);
		if (why)
			return why;
	}
	if (strcmp(end, "Z"))
		return NOT_A_TIME;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	t = timegm(&back);
	if (t < 0 || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday ||
	    back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min ||
	    back.tm_sec != tm.tm_sec)
		return NOT_A_TIME;
	*secs = (uint64_t)t;
	return NULL;
}

const char *time_parse(const char *word, int64_t now, int64_t *ns)
{
	const char *why, *end;
	uint64_t v, frac;

	if (!strcmp(word, "now")) {
		*ns = now;
		return NULL;
	}
	if (strchr(word, 'T')) {
		why = calendar(word, &v, &frac);
		if (why)
			return why;
		if (__builtin_mul_overflow(v, NSEC_PER_SEC, &v) ||
		    __builtin_add_overflow(v, frac, &v))
			return "is too large";
	} else if (strspn(word, "0123456789.") != strlen(word)) {
		return NOT_A_TIME;
	} else {
		why = decimal(word, 9, &v, &end);
		if (why)
			return why;
		if (*end)
			return NOT_A_TIME;
	}
	if (v > INT64_MAX)
		return "is too large";
	*ns = (int64_t)v;
	return NULL;
}

static const char *refid_hex(const char *digits, uint32_t *refid)
{
	size_t n = strspn(digits, "0123456789abcdefABCDEF");

	if (!n || n > 8 || digits[n] || sscanf(digits, "%" SCNx32, refid) != 1)
		return "is not 0x and 1 to 8 hexadecimal digits";
	return NULL;
}

const char *refid_parse(const char *word, uint32_t *refid)
{
	size_t i, n = strlen(word);
	struct in_addr in;

	if (!strncmp(word, "0x", 2))
		return refid_hex(word + 2, refid);
	if (inet_pton(AF_INET, word, &in) == 1) {
		*refid = ntohl(in.s_addr);
		return NULL;
	}
	if (!n || n > 4)
		return "is not 1 to 4 characters, an IPv4 address or 0x and digits";
	*refid = 0;
	for (i = 0; i < 4; i++) {
		if (i < n && (word[i] < 0x20 || word[i] > 0x7e))
			return "has characters other than printable ASCII";
		*refid = *refid << 8 | (i < n ? (uint8_t)word[i] : 0);
	}
	return NULL;
}

char *time_format(int64_t ns, char buf[TIME_TEXT])
{
	int64_t frac = ns % NSEC_PER_SEC;
	time_t t = ns / NSEC_PER_SEC;
	struct tm tm;
	size_t n;

	if (frac < 0) {
		frac += NSEC_PER_SEC;
		t--;
	}
	gmtime_r(&t, &tm);
	n = strftime(buf, TIME_TEXT, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf + n, TIME_TEXT - n, ".%09dZ", (int)frac);
	return buf;
}

/* 00 to 99: two digits at a time halve the divisions. */
static const char pairs[] =
	"0001020304050607080910111213141516171819"
	"2021222324252627282930313233343536373839"
	"4041424344454647484950515253545556575859"
	"6061626364656667686970717273747576777879"
	"8081828384858687888990919293949596979899";

char *decimal_append(char *to, uint64_t value, unsigned int digits)
{
	char text[22], *end = text + sizeof(text), *p = end;
	unsigned int two;

	/* As most are. */
	if (value < 10 && digits <= 1) {
		*to++ = (char)('0' + value);
		*to = '\0';
		return to;
	}
	do {
		two = value % 100;
		value /= 100;
		p -= 2;
		memcpy(p, &pairs[2 * two], 2);
	} while (value || p > end - digits);
	if (*p == '0' && p < end - digits)
		p++;
	to = mempcpy(to, p, (size_t)(end - p));
	*to = '\0';
	return to;
}

char *duration_format(uint64_t ns, char buf[DURATION_TEXT])
{
	char *to = decimal_append(buf, ns / NSEC_PER_SEC, 1);

	*to++ = '.';
	decimal_append(to, ns % NSEC_PER_SEC, 9);
	return buf;
}

char *refid_ascii(uint32_t refid, char buf[REFID_TEXT])
{
	size_t n = 0;

	memset(buf, 0, REFID_TEXT);
	for (; n < 4 && refid; n++, refid <<= 8) {
		buf[n] = (char)(refid >> 24);
		if (buf[n] < 0x20 || buf[n] > 0x7e) {
			buf[0] = '\0';
			break;
		}
	}
	return buf;
}

char *refid_dotted(uint32_t refid, char buf[REFID_TEXT])
{
	snprintf(buf, REFID_TEXT, "%u.%u.%u.%u", refid >> 24 & 255,
		 refid >> 16 & 255, refid >> 8 & 255, refid & 255);
	return buf;
}
