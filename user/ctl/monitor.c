// SPDX-License-Identifier: GPL-2.0
#include "clientrow.h"
#include "ctl.h"
#include "names.h"
#include "print.h"

#include <errno.h>
#include <linux/kntp.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int event(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *tb[KNTP_A_EVENT_MAX + 1];
	char buf[IF_NAMESIZE];
	struct prefix who;
	uint32_t ifindex;
	int err;

	(void)data;
	nl_parse(nlh, tb, KNTP_A_EVENT_MAX);
	pr_row();
	pr_time("time_ns", "", (int64_t)nl_u64(tb[KNTP_A_EVENT_TIME]));
	pr_str("event", "", event_name(nl_u32(tb[KNTP_A_EVENT_TYPE])));
	if (tb[KNTP_A_EVENT_HOOK])
		pr_str("hook", "hook",
		       hook_name(nl_u32(tb[KNTP_A_EVENT_HOOK])));
	ifindex = nl_u32(tb[KNTP_A_EVENT_IFINDEX]);
	if (ifindex) {
		pr_str("dev", "dev", dev_name(ifindex, buf));
		pr_u64("ifindex", NULL, ifindex);
	}
	if (tb[KNTP_A_EVENT_ADDR]) {
		char text[PREFIX_TEXT];

		err = client_prefix(tb[KNTP_A_EVENT_ADDR],
				    tb[KNTP_A_EVENT_LEN], 128, &who);
		if (err)
			return err;
		pr_str("client", "client", tb[KNTP_A_EVENT_LEN] ?
		       prefix_format(&who, text) : addr_format(&who, text));
	}
	pr_row_end();
	return pr_flush();
}

/* Until the module or the reader goes away. */
static int follow(struct ctl *ctl)
{
	struct pollfd fds[] = {
		{ mnl_socket_get_fd(ctl->nl.sock), POLLIN, 0 },
		{ STDOUT_FILENO, 0, 0 },
	};
	int err;

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return -errno;
		if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
			return -EPIPE;
		if (!fds[0].revents)
			continue;
		err = nl_events(&ctl->nl, event, NULL);
		if (err == -ENOBUFS)
			fprintf(stderr, "kntp: monitor: events were lost\n");
		else if (err)
			return err;
	}
}

int cmd_monitor(struct ctl *ctl, int argc, char **argv)
{
	int err, status = words_none(ctl, argc, argv);

	if (!status)
		status = ctl_open(ctl);
	if (status)
		return status;
	/* One event is one line, whatever -p says. */
	pr_compact();
	err = nl_subscribe(&ctl->nl);
	if (!err)
		err = nl_subscribe_limits(&ctl->nl);
	if (err == -EPERM) {
		fprintf(stderr, "kntp: monitor: without CAP_NET_ADMIN no event of a rate limit is shown: it names a client\n");
		err = 0;
	}
	if (!err)
		err = follow(ctl);
	if (err == -ENOENT) {
		ctl_failed(ctl, "the module was unloaded");
		return EXIT_NO_MODULE;
	}
	if (pr_flush())
		return EXIT_DONE;	/* main() reports it */
	return ctl_result(ctl, err, NULL);
}
