// SPDX-License-Identifier: GPL-2.0
#include "serial.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const struct {
	int baud;
	speed_t speed;
} speeds[] = {
	{ 300, B300 }, { 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 },
	{ 9600, B9600 }, { 19200, B19200 }, { 38400, B38400 },
	{ 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 },
};

static int prepare(int fd, int baud)
{
	struct termios t;
	size_t i;

	for (i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].baud == baud)
			break;
	if (i == sizeof(speeds) / sizeof(speeds[0]))
		return -EINVAL;
	if (tcgetattr(fd, &t))
		return -errno;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	if (cfsetspeed(&t, speeds[i].speed) || tcsetattr(fd, TCSANOW, &t))
		return -errno;
	/* What came before is of no known time. */
	tcflush(fd, TCIOFLUSH);
	return 0;
}

/**
 * serial_open() - open a serial line
 * @path: of it
 * @baud: bits a second
 *
 * Return: a descriptor that does not block; -EINVAL for a speed that lines do
 * not have; -ENOTTY when it is none; or another -errno.
 */
int serial_open(const char *path, int baud)
{
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = prepare(fd, baud);
	if (err) {
		close(fd);
		return err;
	}
	return fd;
}

/**
 * serial_hang_up() - let a modem hang up
 * @fd: of serial_open()
 *
 * By DTR; a line that has none is told otherwise by who speaks to it.
 */
void serial_hang_up(int fd)
{
	int dtr = TIOCM_DTR;

	ioctl(fd, TIOCMBIC, &dtr);
}

/**
 * serial_pick_up() - tell a modem that it is wanted
 * @fd: of serial_open()
 */
void serial_pick_up(int fd)
{
	int dtr = TIOCM_DTR;

	ioctl(fd, TIOCMBIS, &dtr);
}
