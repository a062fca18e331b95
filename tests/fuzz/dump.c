// SPDX-License-Identifier: GPL-2.0
/* Samples that were kept. What is taken is written and read the same again. */
#include "must.h"

#include <math.h>
#include <string.h>

#include "../../user/daemon/dump.h"

static void check(const struct dump *d)
{
	const struct sample *s = d->sample;
	unsigned int i;

	MUST(d->clock[0] && strlen(d->clock) < DUMP_CLOCK);
	MUST(d->n <= DUMP_SAMPLES && d->prior_frequency_error > 0);
	for (i = 0; i < d->n; i++, s++) {
		MUST(s->raw > 0 && s->utc > 0 && (!i || s->raw > s[-1].raw));
		MUST(s->delay >= 0 && s->dispersion >= 0);
		MUST(isfinite(s->root_delay) && isfinite(s->root_dispersion));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[DUMP_TEXT], again[DUMP_TEXT];
	static struct dump d;
	char why[DUMP_WHY] = "";
	size_t len;

	if (dump_parse((const char *)data, size, &d, why)) {
		MUST(!strncmp(why, "line ", 5) && strlen(why) < DUMP_WHY);
		return 0;
	}
	check(&d);
	len = dump_format(&d, text);
	MUST(len < DUMP_TEXT);
	MUST(!dump_parse(text, len, &d, why));
	MUST(dump_format(&d, again) == len && !memcmp(text, again, len));
	return 0;
}
