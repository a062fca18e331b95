// SPDX-License-Identifier: GPL-2.0
#include "phc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/ptp_clock.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_S	1000000000LL

enum { READINGS = 10 };

static int64_t ns_of(const struct ptp_clock_time *t)
{
	return t->sec * NS_PER_S + t->nsec;
}

/* The number of an interface's clock, or -errno. */
static int index_of(const char *device)
{
	struct ethtool_ts_info info = { .cmd = ETHTOOL_GET_TS_INFO };
	struct ifreq ifr = { .ifr_data = (void *)&info };
	int fd, err = 0;

	if (strlen(device) >= sizeof(ifr.ifr_name))
		return -ENODEV;
	memcpy(ifr.ifr_name, device, strlen(device));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCETHTOOL, &ifr))
		err = -errno;
	close(fd);
	if (err)
		return err;
	return info.phc_index < 0 ? -EOPNOTSUPP : info.phc_index;
}

/**
 * phc_open() - open a hardware clock
 * @name: a path, or an interface's name
 *
 * Return: a descriptor, or -errno; -EOPNOTSUPP for an interface without one.
 */
int phc_open(const char *name)
{
	char path[32];
	int fd, n;

	if (!strchr(name, '/')) {
		n = index_of(name);
		if (n < 0)
			return n;
		snprintf(path, sizeof(path), "/dev/ptp%d", n);
		name = path;
	}
	fd = open(name, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Device and machine latch at once. */
static int read_cross(int fd, struct phc_reading *r)
{
	struct ptp_sys_offset_precise both = { .rsv = { 0 } };

	if (ioctl(fd, PTP_SYS_OFFSET_PRECISE, &both))
		return -errno;
	r->raw = ns_of(&both.sys_monoraw);
	r->real = ns_of(&both.sys_realtime);
	r->phc = ns_of(&both.device);
	r->dispersion = 0;
	return 0;
}

static void better(struct phc_reading *best, int64_t before, int64_t phc,
		   int64_t after)
{
	double width = (double)(after - before) * 1e-9;

	if (width < 0 || (best->real && width / 2 >= best->dispersion))
		return;
	best->real = before + (after - before) / 2;
	best->phc = phc;
	best->dispersion = width / 2;
}

/* The driver reads the system clock around its own register. */
static int read_extended(int fd, struct phc_reading *r)
{
	struct ptp_sys_offset_extended all = { .n_samples = READINGS };
	unsigned int i;

	if (ioctl(fd, PTP_SYS_OFFSET_EXTENDED, &all))
		return -errno;
	for (i = 0; i < all.n_samples && i < PTP_MAX_SAMPLES; i++)
		better(r, ns_of(&all.ts[i][0]), ns_of(&all.ts[i][1]),
		       ns_of(&all.ts[i][2]));
	return r->real ? 0 : -ERANGE;
}

/* The kernel reads the system clock around the driver. */
static int read_basic(int fd, struct phc_reading *r)
{
	struct ptp_sys_offset all = { .n_samples = READINGS };
	unsigned int i;

	if (ioctl(fd, PTP_SYS_OFFSET, &all))
		return -errno;
	for (i = 0; i < READINGS; i++)
		better(r, ns_of(&all.ts[2 * i]), ns_of(&all.ts[2 * i + 1]),
		       ns_of(&all.ts[2 * i + 2]));
	return r->real ? 0 : -ERANGE;
}

/**
 * phc_read() - read a hardware clock beside the machine's
 * @fd: of phc_open()
 * @cross: cross time stamps are wanted; cleared where there are none
 * @r: where to
 *
 * Of several readings the one that took least counts. Return: 0 or -errno.
 */
int phc_read(int fd, bool *cross, struct phc_reading *r)
{
	int err;

	*r = (struct phc_reading){ 0 };
	if (*cross) {
		err = read_cross(fd, r);
		if (err != -EOPNOTSUPP && err != -ENOTTY && err != -EINVAL)
			return err;
		*cross = false;
	}
	err = read_extended(fd, r);
	if (err == -EOPNOTSUPP || err == -ENOTTY || err == -EINVAL)
		err = read_basic(fd, r);
	return err;
}

/**
 * phc_pulses() - stamp the pulses at a pin, or no more
 * @fd: of phc_open()
 * @pin: that becomes the channel's; -1: which one it is cannot be set
 * @channel: of the clock
 * @falling: edge, else the rising one
 * @on: or off
 *
 * Return: 0 or -errno.
 */
int phc_pulses(int fd, int pin, unsigned int channel, bool falling, bool on)
{
	struct ptp_extts_request want = {
		.index = channel,
		.flags = on ? PTP_ENABLE_FEATURE |
			      (falling ? PTP_FALLING_EDGE : PTP_RISING_EDGE) : 0,
	};
	struct ptp_pin_desc desc = {
		.index = (unsigned int)pin, .func = PTP_PF_EXTTS,
		.chan = channel,
	};

	if (on && pin >= 0 && ioctl(fd, PTP_PIN_SETFUNC, &desc))
		return -errno;
	return ioctl(fd, PTP_EXTTS_REQUEST, &want) ? -errno : 0;
}

/**
 * phc_pulse() - take a stamp of a pulse
 * @fd: of phc_open(), was ready to be read
 * @channel: is set to the pulse's
 * @at: by the hardware clock, ns
 *
 * Before Linux 6.7 all descriptors of a clock share one queue, and reading an
 * empty one waits whatever O_NONBLOCK says: another reader may have been first.
 * Return: 0; -EAGAIN when nothing is there any more; or -errno.
 */
int phc_pulse(int fd, unsigned int *channel, int64_t *at)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct ptp_extts_event event;
	ssize_t len;

	if (poll(&ready, 1, 0) != 1)
		return -EAGAIN;
	len = read(fd, &event, sizeof(event));
	if (len < 0)
		return -errno;
	if (len != sizeof(event))
		return -EAGAIN;
	*channel = event.index;
	*at = ns_of(&event.t);
	return 0;
}
