// SPDX-License-Identifier: GPL-2.0
#include "dump.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC	"kntpd-samples 1"

/* No delay or dispersion is longer, s. */
#define SPAN_MAX	1000.0

/**
 * dump_format() - samples as text
 * @d: them
 * @text: where to, DUMP_TEXT bytes
 *
 * Return: its length.
 */
size_t dump_format(const struct dump *d, char *text)
{
	const struct sample *s = d->sample;
	int len;

	len = snprintf(text, DUMP_TEXT, MAGIC "\nclock %s\nprior %.12e %.12e\n",
		       d->clock, d->prior_frequency, d->prior_frequency_error);
	for (; s < d->sample + d->n; s++)
		len += snprintf(text + len, (size_t)(DUMP_TEXT - len),
				"sample %" PRId64 " %" PRId64
				" %.9e %.9e %.9e %.9e\n", s->raw, s->utc,
				s->delay, s->dispersion, s->root_delay,
				s->root_dispersion);
	len += snprintf(text + len, (size_t)(DUMP_TEXT - len), "end %u\n", d->n);
	return (size_t)len;
}

static bool is_span(double s)
{
	return s >= 0 && s <= SPAN_MAX;
}

/* Numbers to the end of the line, and nothing else; strtod() takes too much. */
static bool numbers(const char *text, double *to, unsigned int n)
{
	char *end;

	while (n--) {
		*to = strtod(text, &end);
		if (end == text || !isfinite(*to++))
			return false;
		text = end;
	}
	return !*text;
}

static bool time_of(const char **text, int64_t *to)
{
	char *end;

	errno = 0;
	*to = strtoll(*text, &end, 10);
	if (errno || end == *text || *end != ' ' || *to <= 0)
		return false;
	*text = end;
	return true;
}

static const char *take_sample(const char *text, struct dump *d)
{
	struct sample *s = &d->sample[d->n];
	double v[4];

	if (d->n == DUMP_SAMPLES)
		return "more samples than there can be";
	if (!time_of(&text, &s->raw) || !time_of(&text, &s->utc))
		return "not two times";
	if (!numbers(text, v, 4) || !is_span(v[0]) || !is_span(v[1]) ||
	    !is_span(v[2]) || !is_span(v[3]))
		return "not delay, dispersion, root delay and root dispersion";
	if (d->n && s->raw <= s[-1].raw)
		return "a sample that is not later than the one before";
	s->delay = v[0];
	s->dispersion = v[1];
	s->root_delay = v[2];
	s->root_dispersion = v[3];
	d->n++;
	return NULL;
}

static const char *take_prior(const char *text, struct dump *d)
{
	double v[2];

	if (!numbers(text, v, 2) || fabs(v[0]) > 0.1 || !(v[1] > 0 && v[1] <= 0.1))
		return "not a frequency and its error";
	d->prior_frequency = v[0];
	d->prior_frequency_error = v[1];
	return NULL;
}

static const char *take_clock(const char *text, struct dump *d)
{
	size_t len = strlen(text);

	if (!len || len >= sizeof(d->clock) || strchr(text, ' '))
		return "not the name of a clock";
	memcpy(d->clock, text, len + 1);
	return NULL;
}

static const char *take_end(const char *text, const struct dump *d)
{
	char wanted[16];

	snprintf(wanted, sizeof(wanted), "%u", d->n);
	return strcmp(text, wanted) ? "not all samples are here" : NULL;
}

static bool begins(const char **text, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(*text, word, len))
		return false;
	*text += len;
	return true;
}

/* NULL, or what is wrong. The first three lines are in their order. */
static const char *take(unsigned int number, const char *line, struct dump *d)
{
	if (number == 1)
		return strcmp(line, MAGIC) ? "not samples of kntpd" : NULL;
	if (number == 2)
		return begins(&line, "clock ") ? take_clock(line, d) :
						 "no clock is named";
	if (number == 3)
		return begins(&line, "prior ") ? take_prior(line, d) :
						 "no frequency";
	if (begins(&line, "sample "))
		return take_sample(line, d);
	return begins(&line, "end ") ? take_end(line, d) :
				       "neither a sample nor the end";
}

static int refuse(char *why, unsigned int line, const char *what)
{
	snprintf(why, DUMP_WHY, "line %u: %s", line, what);
	return -EINVAL;
}

/**
 * dump_parse() - samples from text
 * @text: it, need not end with a zero
 * @len: its length
 * @d: where to; undefined when it is refused
 * @why: what is wrong then, DUMP_WHY bytes
 *
 * A text that is not whole is refused. Return: 0 or -EINVAL.
 */
int dump_parse(const char *text, size_t len, struct dump *d, char *why)
{
	const char *end = text + len, *eol, *wrong;
	unsigned int number = 1;
	char line[256];

	memset(d, 0, sizeof(*d));
	for (; text < end; text = eol + 1, number++) {
		eol = memchr(text, '\n', (size_t)(end - text));
		if (!eol || eol - text >= (ptrdiff_t)sizeof(line) ||
		    memchr(text, '\0', (size_t)(eol - text)))
			return refuse(why, number, "not a line of text");
		memcpy(line, text, (size_t)(eol - text));
		line[eol - text] = '\0';
		wrong = take(number, line, d);
		if (wrong)
			return refuse(why, number, wrong);
		if (number > 3 && line[0] == 'e')
			return eol + 1 == end ? 0 :
			       refuse(why, number + 1, "more after the end");
	}
	return refuse(why, number, "it ends before its end");
}
