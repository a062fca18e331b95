// SPDX-License-Identifier: GPL-2.0
/*
 * kntpd's half of the module's clock, driven by the test: true time is what the
 * system clock said at the start, so that whoever steps it is somebody else.
 * Reads a word a line, does it and answers with the state. With an argument:
 * the lease in seconds.
 */
#include <fcntl.h>
#include <linux/kntp.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../user/daemon/apply.h"
#include "../../user/daemon/clk.h"
#include "../../user/daemon/log.h"
#include "../../user/daemon/loop.h"
#include "../../user/daemon/ntp.h"
#include "../../user/daemon/publish.h"
#include "../../user/daemon/reference.h"
#include "../../user/daemon/report.h"

struct reference reference;
struct report_status daemon_status;
struct ntp_source *ntp_sources;

static int64_t raw0, utc0;

double reference_dispersion(int64_t raw)
{
	(void)raw;
	return 0.01;
}

int64_t reference_time(int64_t raw)
{
	return utc0 + raw - raw0;
}

int64_t reference_line(int64_t raw)
{
	return reference_time(raw);
}

int64_t reference_off(int64_t raw, int64_t real)
{
	return (int64_t)((uint64_t)reference_time(raw) - (uint64_t)real);
}

double reference_lasts(int64_t raw)
{
	(void)raw;
	return INFINITY;
}

double reference_correction(void)
{
	int64_t raw, real;

	clk_pair(&raw, &real);
	return (double)(reference_time(raw) - real) * 1e-9;
}

static const char *state_name(void)
{
	static const char *const names[] = {
		[PUBLISH_OFF] = "off",
		[PUBLISH_NO_MODULE] = "no-module",
		[PUBLISH_REFUSED] = "refused",
		[PUBLISH_UNSYNCED] = "unsynced",
		[PUBLISH_INHERITED] = "inherited",
		[PUBLISH_STEPPED] = "stepped",
		[PUBLISH_VOUCHED] = "vouched",
	};

	return names[publish_state()];
}

static void add_peer(void)
{
	static struct ntp_source peer;
	struct sockaddr_in *in = (void *)&peer.source.address;

	peer.opt.peer = true;
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(0xc0000209);
	ntp_sources = &peer;
}

static void rules(void)
{
	static const struct apply_listen local = { .hook = KNTP_HOOK_LOCAL };
	static const uint8_t net[16] = { 10 };
	static struct access access;
	struct apply_options o = {
		.listen = &local, .n_listen = 1, .access = &access,
	};

	if (access_add(&access, AF_INET, net, 8, KNTP_VERDICT_ALLOW, false) ||
	    access_add(&access, AF_INET6, net, 0, KNTP_VERDICT_DENY, false) ||
	    access_build(&access))
		abort();
	apply_set(&o);
}

static void sync_to(unsigned int stratum)
{
	reference.synced = stratum < 16;
	reference.stratum = (uint8_t)stratum;
	reference.refid = 0x7f7f0101;
	reference.ref_time = clk_real();
	reference.root_delay = 0.002;
	reference.growth = 1e-6;
	publish_now();
}

static void obey(const char *word)
{
	if (!strncmp(word, "sync ", 5)) {
		sync_to((unsigned int)atoi(word + 5));
	} else if (!strcmp(word, "own")) {
		/* What the clock says now is right: the step was ours. */
		clk_pair(&raw0, &utc0);
		publish_now();
	} else if (!strcmp(word, "peer")) {
		add_peer();
	} else if (!strcmp(word, "rules")) {
		rules();
	} else if (!strcmp(word, "quit")) {
		apply_stop(false);
		publish_stop();
		loop_stop();
	}
	printf("%s\n", state_name());
}

static void on_line(int fd, short revents, void *arg)
{
	static char line[64];
	static size_t len;
	char c;

	(void)revents, (void)arg;
	if (read(fd, &c, 1) != 1) {
		loop_stop();
	} else if (c != '\n') {
		if (len + 1 < sizeof(line))
			line[len++] = c;
	} else {
		line[len] = '\0';
		len = 0;
		obey(line);
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	/* Figures are of the system clock only where it is kept. */
	if (clk_init(true))
		return 1;
	clk_pair(&raw0, &utc0);
	if (loop_add_fd(STDIN_FILENO, POLLIN, on_line, NULL))
		return 1;
	publish_start(argc > 1 ? atof(argv[1]) : PUBLISH_LEASE);
	return loop_run() ? 1 : 0;
}
