// SPDX-License-Identifier: GPL-2.0
/* Numbers, durations, times and reference ids. Input: the word. */
#include "../../user/lib/units.h"
#include "words.h"

static void check_uint(const char *word)
{
	char why[UNITS_WHY] = "";
	uint64_t value = 0;

	if (uint_parse(word, 3, 1ULL << 40, &value, why))
		MUST(strlen(why) && strlen(why) < UNITS_WHY);
	else
		MUST(value >= 3 && value <= 1ULL << 40);
}

/* What is printed is read as what was printed. */
static void check_duration(const char *word)
{
	char text[DURATION_TEXT];
	uint64_t ns, again;

	if (duration_parse(word, &ns))
		return;
	MUST(duration_format(ns, text) == text);
	MUST(!duration_parse(text, &again));
	MUST(again == ns);
}

static void check_time(const char *word)
{
	char text[TIME_TEXT];
	int64_t ns, again;

	if (time_parse(word, 42, &ns))
		return;
	MUST(ns >= 0);
	MUST(time_format(ns, text) == text);
	MUST(!time_parse(text, 42, &again));
	MUST(again == ns);
}

static void check_refid(const char *word)
{
	char text[REFID_TEXT];
	uint32_t refid, again;

	if (refid_parse(word, &refid))
		return;
	MUST(strlen(refid_ascii(refid, text)) <= 4);
	MUST(!refid_parse(refid_dotted(refid, text), &again));
	MUST(again == refid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *word = word_of(data, size);
	uint32_t ppb;

	check_uint(word);
	check_duration(word);
	check_time(word);
	check_refid(word);
	milli_parse(word, &ppb);
	free(word);
	return 0;
}
