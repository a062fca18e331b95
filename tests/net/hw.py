# SPDX-License-Identifier: GPL-2.0
"""Hardware that keeps true time (tests/testhw), kntpd with it, and whether what
the module serves is as near to the truth as it says."""
import os
import sys
import time

from kntpnl import Kntp

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "../interop"))
import lab  # noqa: E402
import kntpd  # noqa: E402

PARAMETERS = "/sys/module/kntp_testhw/parameters"
MODULE = os.path.join(os.environ.get("KNTP_TESTS_KMOD", ""),
                      "testhw/kntp_testhw.ko")
STEP = 0.02	# s between looks
# Both lines are rounded: their rates to 1 ppb and less.
SLACK = 5	# ns


class Hardware:
    def __init__(self, test):
        self.test = test
        test.command("insmod", MODULE)
        self.phc = f"/dev/ptp{self['phc']}"
        self.pps = f"/dev/pps{self['pps']}"

    def __getitem__(self, name):
        with open(f"{PARAMETERS}/{name}", encoding="ascii") as file:
            return file.read().strip()

    def __setitem__(self, name, value):
        with open(f"{PARAMETERS}/{name}", "w", encoding="ascii") as file:
            file.write(str(value))

    def truth(self, raw):
        """At a moment of CLOCK_MONOTONIC_RAW, near now."""
        at, _, truth = (int(word) for word in self["truth"].split())
        return truth + raw - at + (raw - at) * int(self["ppb"]) // 10 ** 9

    def close(self):
        self.test.command("rmmod", "kntp_testhw")


class Host(kntpd.Kntpd):
    """kntpd with reference clocks, and what the module has from it."""

    def __init__(self, test, *lines, control=False):
        self.control = control
        if "hw" not in test.namespaces:
            test.ip(None, "netns add hw")
            test.namespaces.append("hw")
        super().__init__(test, "hw", [*lines, "listen hook local",
                                      "allow all"])
        self.kernel = Kntp()

    def begin(self):
        self.process = self.lab.start(
            self.ns, self.log, ["kntpd", "-d", *([] if self.control else ["-x"]),
                                "-f", self.conf])


class Watch:
    """What was seen: its error beyond the bound, and in it, ns."""

    def __init__(self):
        self.looks = self.unsynced = 0
        self.error = self.bound = self.beyond = 0
        self.ratio = 0.0

    def __str__(self):
        return (f"{self.looks} looks, error at most {self.error} ns, bound at "
                f"most {self.bound} ns, {self.ratio:.3f} of it")


def signed(value):
    return value - (1 << 64) if value >> 63 else value


def watch(hw, host, seconds):
    """What is served against the truth, again and again."""
    seen = Watch()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        clock = host.kernel.clock()
        raw, served = signed(clock["raw_time"]), signed(clock["time"])
        truth = hw.truth(raw)
        seen.looks += 1
        if clock["leap"] == 3 or clock["state"] != 1:
            seen.unsynced += 1
        bound = clock["root_delay"] // 2 + clock["dispersion_now"]
        error = abs(served - truth)
        seen.error = max(seen.error, error)
        seen.bound = max(seen.bound, bound)
        seen.ratio = max(seen.ratio, error / max(bound, 1))
        seen.beyond = max(seen.beyond, error - bound)
        time.sleep(STEP)
    return seen


def holds(test, name, seen):
    test.note(f"{name}: {seen}")
    test.result(seen.looks > 10 and seen.beyond <= SLACK,
                f"{name}: the error is within the bound", seen)
    return seen


__all__ = ["Hardware", "Host", "holds", "lab", "watch"]
