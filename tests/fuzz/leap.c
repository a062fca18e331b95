// SPDX-License-Identifier: GPL-2.0
/* Tables of leap seconds: a list, or a time zone where it begins like one. */
#include "must.h"

#include <string.h>

#include "../../user/daemon/leap.h"

static void check(const struct leap_table *t)
{
	unsigned int i;

	MUST(t->n >= 1 && t->n <= LEAP_TABLE);
	for (i = 0; i < t->n; i++) {
		MUST(t->at[i] % 86400 == 0);
		MUST(!i || t->at[i] > t->at[i - 1]);
		MUST(t->tai[i] >= -200 && t->tai[i] <= 210);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool zone = size >= 4 && !memcmp(data, "TZif", 4);
	static struct leap_table t;
	char why[LEAP_WHY] = "";
	int err;

	err = zone ? leap_parse_tzif(data, size, &t, why) :
		     leap_parse_list((const char *)data, size, &t, why);
	if (err)
		MUST(why[0] && strlen(why) < LEAP_WHY);
	else
		check(&t);
	return 0;
}
