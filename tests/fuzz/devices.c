// SPDX-License-Identifier: GPL-2.0
/* What receivers and telephone services say; the first octet says who it is. */
#include "must.h"

#include <string.h>

#include "../../user/daemon/acts.h"
#include "../../user/daemon/nmea.h"

#define NS_PER_S	1000000000LL

static void sentence(const char *line)
{
	int64_t utc = -1;

	enum nmea_kind kind = nmea_parse(line, &utc);

	if (kind == NMEA_TIME || kind == NMEA_CLOCK)
		MUST(utc >= 0 && utc / NS_PER_S < 253402300801LL);
	else
		MUST(utc == -1);
}

static void code(const char *line,
		 enum acts_kind (*parse)(const char *, struct acts_time *,
					 char *))
{
	struct acts_time t = { .leap = 9 };
	char why[ACTS_WHY] = "";

	switch (parse(line, &t, why)) {
	case ACTS_TIME:
		MUST(!(t.utc % NS_PER_S) && t.leap <= 2 && !why[0]);
		break;
	case ACTS_WRONG:
		MUST(why[0] && strlen(why) < ACTS_WHY);
		break;
	case ACTS_OTHER:
		MUST(!why[0]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[512];

	if (!size || size > sizeof(line))
		return 0;
	memcpy(line, data + 1, size - 1);
	line[size - 1] = '\0';
	if (data[0] == 'n')
		code(line, acts_nist);
	else if (data[0] == 'e')
		code(line, acts_european);
	else
		sentence(line);
	return 0;
}
