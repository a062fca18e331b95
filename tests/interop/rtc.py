#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The RTC of the guest: as a reference clock, measured into `rtcfile`, set when
it is far off, and what sets the system clock at first (-s). What it says is
read here as well: its seconds begin when it interrupts."""
import fcntl
import os
import struct
import time

import lab
import kntpd
from kntpd import Lan

DEVICE = "/dev/rtc0"
RD_TIME, SET_TIME, UIE_ON, UIE_OFF = 0x80247009, 0x4024700a, 0x7003, 0x7004
NEAR = 0.05	# s: an emulated interrupt is late
EAST = "XXX-2"	# two hours ahead of UTC


class Rtc:
    """It can be open once."""

    def __enter__(self):
        self.fd = os.open(DEVICE, os.O_RDONLY)
        return self

    def __exit__(self, *_):
        os.close(self.fd)

    def read(self):
        words = struct.unpack("=9i", fcntl.ioctl(self.fd, RD_TIME, bytes(36)))
        return int(time.mktime((words[5] + 1900, words[4] + 1, *words[3::-1],
                                0, 0, 0))) - time.timezone

    def fast(self):
        """By how much it is ahead of the system clock, s."""
        fcntl.ioctl(self.fd, UIE_ON)
        os.read(self.fd, 8)
        at = time.time()
        fcntl.ioctl(self.fd, UIE_OFF)
        return self.read() - at

    def put(self, by):
        """Sets it, by the system clock."""
        tm = time.gmtime(time.time() + by)
        fcntl.ioctl(self.fd, SET_TIME, struct.pack(
            "=9i", tm.tm_sec, tm.tm_min, tm.tm_hour, tm.tm_mday, tm.tm_mon - 1,
            tm.tm_year - 1900, 0, 0, 0))


def fast():
    with Rtc() as rtc:
        return rtc.fast()


class Host(kntpd.Kntpd):
    """With options, and the time zone of its environment."""

    def __init__(self, test, options, zone, *lines):
        self.options, self.zone = options, zone
        super().__init__(test, "kntpd", list(lines))

    def begin(self):
        self.process = self.lab.start(
            self.ns, self.log, ["env", f"TZ={self.zone}", "kntpd", "-d",
                                *self.options, "-f", self.conf])

    def ahead(self):
        """Of its own time over the system clock's, s, and its bound."""
        said = self.json("tracking")
        if not said.get("synchronised"):
            return None
        return (said["correction_ns"] / 1e9, said["root_delay_ns"] / 2e9 +
                said["root_dispersion_ns"] / 1e9)


def reference(test):
    """A refclock, in UTC and in local time."""
    for words, zone, hours in ((":utc", EAST, 0), ("", EAST, -2)):
        true = fast() + hours * 3600
        daemon = Host(test, ["-x"], zone,
                      f"refclock RTC {DEVICE}{words} poll 2 refid CMOS "
                      "delay 0.2")
        name = f"refclock RTC{words}"
        test.result(test.until(daemon.ahead, 40), f"{name}: stratum 1",
                    daemon.why)
        ahead = daemon.ahead() or (1e9, 0)
        test.note(f"{name}: {ahead[0]:.4f} s, {true:.4f} s as it is read here")
        test.result(abs(ahead[0] - true) < max(NEAR, 0.1) and
                    abs(ahead[0] - true) < ahead[1],
                    f"{name}: its time, within the bound", daemon.why)
        test.stop(daemon.process)


def lines_of(path):
    try:
        with open(path, encoding="ascii") as file:
            return [line.split() for line in file if line[0].isdigit()]
    except FileNotFoundError:
        return []


def tracked(test, path, log):
    """It is measured, and the file has that for the next run."""
    true = fast()
    daemon = Host(test, [], "UTC", "server 10.79.0.1 iburst minpoll 0 maxpoll 0",
                  f"rtcfile {path}", f"rtcdevice {DEVICE}", "rtconutc",
                  "log rtc", f"logdir {test.tmp}")
    test.result(test.until(lambda: sum(line[3] == "1" for line in lines_of(log))
                           >= 3, 60), "rtcfile: it is measured", daemon.why)
    test.stop(daemon.process)
    rows = lines_of(log)
    test.result(rows and {len(row) for row in rows} == {9},
                "rtc.log: columns", rows[:3])
    with open(path, encoding="ascii") as file:
        said = file.read().split()
    test.note(f"rtcfile: {said}, {true:.4f} s as it is read here")
    test.result(len(said) == 4 and said[0] == "1" and
                abs(float(said[1]) - time.time() - true) < 60 and
                abs(float(said[2]) - true) < NEAR,
                "rtcfile: what is known of it", said)


def trimmed(test, path):
    """Far off, it is set."""
    with Rtc() as rtc:
        rtc.put(-9)
    daemon = Host(test, [], "UTC", "server 10.79.0.1 iburst minpoll 0 maxpoll 0",
                  f"rtcfile {path}", f"rtcdevice {DEVICE}", "rtconutc",
                  "rtcautotrim 3")
    test.result(test.until(lambda: "is set" in daemon.said(), 60),
                "rtcautotrim: it is set", daemon.why)
    test.stop(daemon.process)
    # That of an emulated one begins when it would have all the same.
    test.result(abs(fast()) < 1, "rtcautotrim: to the second", fast)


def at_first(test, path):
    """-s: by the RTC, less what it is known to be wrong by."""
    for known, moved in ((7, 0), (2, 5)):
        with Rtc() as rtc:
            rtc.put(7)
            wrong = rtc.fast()
        with open(path, "w", encoding="ascii") as file:
            file.write(f"1 {int(time.time())} {known + wrong - 7:.6f} 0.0\n")
        before = time.time() - time.monotonic()
        daemon = Host(test, ["-s", "-t", "1"], "UTC",
                      f"rtcfile {path}", f"rtcdevice {DEVICE}", "rtconutc")
        daemon.process.wait()
        gone = time.time() - time.monotonic() - before
        time.clock_settime(time.CLOCK_REALTIME, time.time() - gone)
        test.result(abs(gone - moved) < NEAR, f"-s: an RTC 7 s fast that is "
                    f"known to be {known} s: moved by {moved} s",
                    lambda gone=gone, daemon=daemon: f"{gone}: {daemon.said()}")
    with Rtc() as rtc:
        rtc.put(0)


def rtc_tests(test):
    if not os.path.exists(DEVICE):
        lab.skip_all("no RTC")
    Lan(test)
    kntpd.local(test, "one", 1)
    path, log = (os.path.join(test.tmp, name) for name in ("rtcfile", "rtc.log"))
    reference(test)
    tracked(test, path, log)
    trimmed(test, path)
    at_first(test, path)


if __name__ == "__main__":
    lab.main(rtc_tests)
