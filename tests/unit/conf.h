/* SPDX-License-Identifier: GPL-2.0 */
/* A configuration that is read from a file "t" in a directory of its own. */
#ifndef _KNTP_TESTS_UNIT_CONF_H
#define _KNTP_TESTS_UNIT_CONF_H

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../user/daemon/conf.h"

static struct config conf;
static struct conf_error why;

static inline void put_bytes(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(name, "w");

	if (!file || fwrite(data, 1, size, file) != size || fclose(file))
		abort();
}

static inline void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

/* Each program has a directory of its own, and all files are in it. */
static inline void enter(void)
{
	static char dir[] = "/tmp/kntp-conf-XXXXXX";

	if (!strstr(dir, "XXXXXX"))
		return;
	if (!mkdtemp(dir) || chdir(dir))
		abort();
}

static inline bool right(const char *text)
{
	int err;

	enter();
	put("t", text);
	err = conf_read(&conf, "t", &why);
	CHECK(!err, "'%.60s': %s", text, why.text);
	return !err;
}

static inline void says(const char *text, int err, const char *message)
{
	static const struct config empty;

	CHECK(err < 0, "'%.60s' is accepted", text);
	CHECK(err >= 0 || !strcmp(why.text, message),
	      "says '%s', not '%s'", why.text, message);
	CHECK(!memcmp(&conf, &empty, sizeof(conf)), "'%.60s' is half applied",
	      text);
	conf_free(&conf);
}

/* Run last: the directory goes. */
static inline void clean_up(void)
{
	char dir[200];

	enter();
	CHECK(getcwd(dir, sizeof(dir)) && strstr(dir, "kntp-conf-") &&
	      !system("rm -rf \"$PWD\""), "the directory stays");
}

#endif /* _KNTP_TESTS_UNIT_CONF_H */
