// SPDX-License-Identifier: GPL-2.0
#include "listeners.h"
#include "clk.h"
#include "whole.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME	"listeners"
#define PATH	4096

/* A line: hook, index and name of the device, which has no spaces. */
#define LINE	64
#define PLACE	(CLK_BOOT + 64)

/* The module lives as long as the boot, its listeners in a network namespace. */
static bool name_place(char *place)
{
	char boot[CLK_BOOT], ns[48];
	ssize_t len = readlink("/proc/self/ns/net", ns, sizeof(ns) - 1);

	if (len <= 0 || !clk_boot(boot))
		return false;
	ns[len] = '\0';
	snprintf(place, PLACE, "%s/%s", boot, ns);
	return true;
}

static int name_file(const char *dir, char *name)
{
	if (snprintf(name, PATH, "%s/" NAME, dir) >= PATH)
		return -ENAMETOOLONG;
	return 0;
}

static size_t read_lines(FILE *f, struct listener *to, size_t n)
{
	char text[LINE], dev[IF_NAMESIZE];
	size_t i = 0;

	while (i < n && fgets(text, sizeof(text), f)) {
		memset(&to[i], 0, sizeof(to[i]));
		if (sscanf(text, "%u %u %15s", &to[i].listen.hook,
			   &to[i].ifindex, dev) != 3)
			break;
		if (to[i].ifindex)
			memcpy(to[i].listen.dev, dev, sizeof(dev));
		i++;
	}
	return i;
}

/**
 * listeners_load() - what the last kntpd has left in the module
 * @dir: where it was kept; NULL for nowhere
 * @to: it
 * @n: how many at the most
 *
 * Of another boot or network namespace nothing is left there. Return: how many.
 */
size_t listeners_load(const char *dir, struct listener *to, size_t n)
{
	char name[PATH], place[PLACE], said[PLACE + 2];
	size_t found = 0;
	FILE *f;

	if (!dir || !name_place(place) || name_file(dir, name))
		return 0;
	f = fopen(name, "re");
	if (!f)
		return 0;
	if (fgets(said, sizeof(said), f)) {
		said[strcspn(said, "\n")] = '\0';
		if (!strcmp(said, place))
			found = read_lines(f, to, n);
	}
	fclose(f);
	return found;
}

/**
 * listeners_keep() - for the next kntpd
 * @dir: where; NULL for nowhere
 * @l: those that are there now
 * @n: how many, APPLY_LISTEN_MAX at the most
 *
 * Return: 0 or -errno, and then the next one takes them for somebody else's.
 */
int listeners_keep(const char *dir, const struct listener *l, size_t n)
{
	char name[PATH], text[PLACE + APPLY_LISTEN_MAX * LINE];
	int len, err;

	if (!dir)
		return -ENOTDIR;
	err = name_file(dir, name);
	if (err)
		return err;
	if (!n)
		return unlink(name) && errno != ENOENT ? -errno : 0;
	if (!name_place(text))
		return -ENOENT;
	len = (int)strlen(text);
	text[len++] = '\n';
	for (; n--; l++)
		len += snprintf(text + len, LINE, "%u %u %s\n", l->listen.hook,
				l->ifindex, *l->listen.dev ? l->listen.dev : "-");
	return whole_write(name, text, (size_t)len, 0640);
}
