// SPDX-License-Identifier: GPL-2.0
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	bool syslog;
	int level;
	FILE *file, *copy;
	const char *path;	/* of FILE */
	double copy_size;
} sink = { .level = LOG_INFO };

/**
 * log_init() - where messages go
 * @to_syslog: to syslog(3) instead of standard error
 * @level: the least that is said, one of syslog(3)'s levels
 */
void log_init(bool to_syslog, int level)
{
	sink.syslog = to_syslog;
	sink.level = level;
	if (to_syslog)
		openlog("kntpd", LOG_PID, LOG_DAEMON);
}

/**
 * log_to_file() - messages go to a file
 * @path: appended to, kept by the caller; where it cannot be opened nothing changes
 */
void log_to_file(const char *path)
{
	FILE *f = fopen(path, "a");

	if (!f) {
		log_msg(LOG_ERR, "%s: cannot be written to: %m", path);
		return;
	}
	if (sink.file)
		fclose(sink.file);
	sink.file = f;
	sink.path = path;
	setvbuf(f, NULL, _IOLBF, 0);
}

/**
 * log_reopen() - the file of log_to_file() may have been renamed
 */
void log_reopen(void)
{
	if (sink.path)
		log_to_file(sink.path);
}

/**
 * log_copy() - messages go to another file as well
 * @path: appended to; NULL for none any more
 * @size: octets after which it is begun anew; 0 for never
 */
void log_copy(const char *path, double size)
{
	FILE *f = path ? fopen(path, "a") : NULL;

	if (sink.copy)
		fclose(sink.copy);
	sink.copy = NULL;
	if (path && !f)
		log_msg(LOG_ERR, "logfile: %s: cannot be written to: %m", path);
	sink.copy = f;
	sink.copy_size = size;
	if (f)
		setvbuf(f, NULL, _IOLBF, 0);
}

static void stamp(FILE *f)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	if (gmtime_r(&now, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ ", &tm))
		fputs(text, f);
}

/*
 * Messages quote what others sent: a server's or gpsd's text, a file's name. An
 * escape sequence would act on the terminal of whoever reads the log, and a
 * newline would make a line of its own. UTF-8 stays as it is.
 */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void put_line(FILE *f, const char *text)
{
	stamp(f);
	fputs(text, f);
	fputc('\n', f);
}

static void put_copy(const char *text)
{
	if (sink.copy_size > 0 && (double)ftell(sink.copy) >= sink.copy_size &&
	    ftruncate(fileno(sink.copy), 0))
		clearerr(sink.copy);
	put_line(sink.copy, text);
}

/**
 * log_msg() - say something
 * @priority: one of syslog(3)'s levels
 * @fmt: as for printf(3); one line, without its end
 */
void log_msg(int priority, const char *fmt, ...)
{
	char text[2048];
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	make_printable(text);
	if (sink.copy)
		put_copy(text);
	if (priority <= sink.level && sink.syslog && !sink.file)
		syslog(priority, "%s", text);
	else if (priority <= sink.level)
		put_line(sink.file ? sink.file : stderr, text);
	errno = saved;
}
