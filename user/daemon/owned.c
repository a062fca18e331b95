// SPDX-License-Identifier: GPL-2.0
#include "owned.h"
#include "clk.h"
#include "whole.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME	"module"
#define PATH	4096

/* A line: a word, hook, index and name of the device, which has no spaces. */
#define LINE	64
#define PLACE	(CLK_BOOT + 64)

#define TEXT	(PLACE + (APPLY_LISTEN_MAX + OWNED_MAX) * LINE)

static const char *const words[OWNED_MAX] = {
	[OWNED_ACCESS] = "access\n",
	[OWNED_CLIENTS] = "clients\n",
	[OWNED_LIMIT] = "limit\n",
	[OWNED_KEYS] = "keys\n",
};

/* All this is of one module, in one network namespace of one boot. */
static bool name_place(char *place, uint16_t module)
{
	char boot[CLK_BOOT], ns[32];
	ssize_t len = readlink("/proc/self/ns/net", ns, sizeof(ns) - 1);

	if (len <= 0 || !clk_boot(boot))
		return false;
	ns[len] = '\0';
	snprintf(place, PLACE, "%s/%s/%u\n", boot, ns, module);
	return true;
}

static int name_file(const char *dir, char *name)
{
	if (snprintf(name, PATH, "%s/" NAME, dir) >= PATH)
		return -ENAMETOOLONG;
	return 0;
}

static void read_line(const char *line, struct owned *o)
{
	struct owned_listener *l = &o->listener[o->n];
	char dev[IF_NAMESIZE];
	int i;

	for (i = 0; i < OWNED_MAX; i++)
		o->set[i] |= !strcmp(line, words[i]);
	if (o->n >= APPLY_LISTEN_MAX ||
	    sscanf(line, "listen %u %u %15s", &l->listen.hook, &l->ifindex,
		   dev) != 3)
		return;
	if (l->ifindex)
		memcpy(l->listen.dev, dev, sizeof(dev));
	o->n++;
}

/**
 * owned_load() - what a kntpd before has set in the module
 * @dir: where it was kept; NULL for nowhere
 * @module: its family's id
 * @o: it; nothing where it was another module, network namespace or boot
 */
void owned_load(const char *dir, uint16_t module, struct owned *o)
{
	char name[PATH], place[PLACE], line[PLACE];
	FILE *f;

	memset(o, 0, sizeof(*o));
	if (!dir || !name_place(place, module) || name_file(dir, name))
		return;
	f = fopen(name, "re");
	if (!f)
		return;
	if (fgets(line, sizeof(line), f) && !strcmp(line, place))
		while (fgets(line, sizeof(line), f))
			read_line(line, o);
	fclose(f);
}

/**
 * owned_keep() - for the next kntpd
 * @dir: where; NULL for nowhere
 * @module: its family's id
 * @o: what is set in it now
 *
 * Return: 0 or -errno, and then the next one takes it for an operator's.
 */
int owned_keep(const char *dir, uint16_t module, const struct owned *o)
{
	const struct owned_listener *l = o->listener;
	char name[PATH], text[TEXT], *at = text;
	int i, err;

	if (!dir)
		return -ENOTDIR;
	err = name_file(dir, name);
	if (err)
		return err;
	if (!name_place(text, module))
		return -ENOENT;
	at += strlen(at);
	for (i = 0; i < OWNED_MAX; i++)
		if (o->set[i])
			at = stpcpy(at, words[i]);
	for (; l < o->listener + o->n; l++)
		at += snprintf(at, LINE, "listen %u %u %s\n", l->listen.hook,
			       l->ifindex, *l->listen.dev ? l->listen.dev : "-");
	return whole_write(name, text, (size_t)(at - text), 0644);
}
