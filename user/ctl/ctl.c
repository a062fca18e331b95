// SPDX-License-Identifier: GPL-2.0
/* What the objects share: messages, exit status, the connection, KEY VALUE. */
#include "ctl.h"

#include <errno.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void complain(const struct ctl *ctl, const char *fmt, va_list ap)
{
	fprintf(stderr, "kntp: %s%s", ctl->what, *ctl->what ? ": " : "");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int ctl_usage(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(ctl, fmt, ap);
	va_end(ap);
	return EXIT_USAGE;
}

int ctl_failed(const struct ctl *ctl, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(ctl, fmt, ap);
	va_end(ap);
	return EXIT_REFUSED;
}

int exit_of(int err)
{
	switch (err) {
	case 0:
		return EXIT_DONE;
	case -EPERM:
	case -EACCES:
		return EXIT_NOT_PERMITTED;
	default:
		return EXIT_REFUSED;
	}
}

int ctl_open(struct ctl *ctl)
{
	int err = nl_open(&ctl->nl);

	if (err == -ENOENT) {
		ctl_failed(ctl, "the module is not loaded: load it with: modprobe kntp");
		return EXIT_NO_MODULE;
	}
	if (err)
		ctl_failed(ctl, "generic netlink: %s", strerror(-err));
	return exit_of(err);
}

int ctl_result(const struct ctl *ctl, int err, const char *on)
{
	const struct nl_error *e = &ctl->nl.error;
	const char *why = e->text;

	if (!err)
		return EXIT_DONE;
	if (err == -EPERM && !*why) {
		/* Whatever it is about. */
		why = "not permitted without CAP_NET_ADMIN";
		on = NULL;
	} else if (err == -EINTR) {
		why = "it kept changing while it was read";
	} else if (!*why) {
		why = strerror(-err);
	}
	ctl_failed(ctl, "%s%s%s%s%s", on ? on : "", on ? ": " : "",
		   e->attr ? e->attr : "", e->attr ? ": " : "", why);
	return exit_of(err);
}

static struct word *find(struct word *words, size_t n, const char *key)
{
	for (; n; n--, words++)
		if (!strcmp(words->key, key))
			return words;
	return NULL;
}

int words_parse(const struct ctl *ctl, struct word *words, size_t n, int argc,
		char **argv)
{
	struct word *w;
	int i;

	for (i = 0; i < argc; i += 2) {
		w = find(words, n, argv[i]);
		if (!w)
			return ctl_usage(ctl, "'%s' is not a word it knows",
					 argv[i]);
		if (w->value)
			return ctl_usage(ctl, "%s: given twice", w->key);
		if (i + 1 == argc)
			return ctl_usage(ctl, "%s: its value is missing",
					 w->key);
		w->value = argv[i + 1];
	}
	for (w = words; w < words + n; w++)
		if (w->required && !w->value)
			return ctl_usage(ctl, "%s: is missing", w->key);
	return 0;
}

int words_none(const struct ctl *ctl, int argc, char **argv)
{
	if (!argc)
		return 0;
	return ctl_usage(ctl, "'%s' is one word too many", argv[0]);
}

const char *dev_name(uint32_t ifindex, char *buf)
{
	if (!if_indextoname(ifindex, buf))
		snprintf(buf, IF_NAMESIZE, "if%u", ifindex);
	return buf;
}
