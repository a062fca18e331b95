#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Reference clocks: what each of them says is served at stratum 1, within the
bound that is stated; and what is wrong with one is named.

The system clock is left alone (-x) and off by a known part of a second: what is
estimated is that.
"""
import os
import time

import lab
from devices import (OFF, Modem, NetworkReceiver, Receiver, SharedMemory,
                     Socket)
from kntpd import Lan, said_to
from peers import ENVIRONMENT, PEERS
from victim import Victim

PORT = 4001
# Numbers that a modem dials, in this order, and what comes of them.
NUMBERS = {
    "101": "BUSY", "102": "NO CARRIER", "103": "garbage", "104": "dropped",
    "105": "wrong", "106": "european", "107": "nist",
}
CALLS = {
    "is busy": "101", "no carrier": "102", "no time code": "103",
    "the call was dropped": "104", "is not day": "105",
}


class Host(Victim):
    def __init__(self, test, ns, *lines):
        super().__init__(test, ns, [*lines, "listen hook local", "allow all"])

    def problem(self, name):
        for source in self.json("sources").get("sources", []):
            if source["name"] == name:
                return source.get("problem", "")
        return ""

    def is_wrong(self, name, with_what):
        """Named by `sources -v`, and in the log."""
        return with_what in self.problem(name) and \
            with_what in self.kntp("sources", "-v")[1] and \
            with_what in self.said()

    def error(self):
        """Of the time by its own bound, s; or nothing while it has none."""
        said = self.json("tracking")
        if not said.get("synchronised"):
            return None
        bound = said["root_delay_ns"] / 2 + said["root_dispersion_ns"]
        return abs(said["correction_ns"] - OFF * 1e9) / bound


def finds(test, daemon, name, seconds=30):
    """The module has one clock: what it serves is of the last to tell it. When
    the whole guest stood still as a mark came nobody in it can know, and what
    comes next mends it."""
    test.result(test.until(lambda: daemon.synced(1), seconds),
                f"{name}: stratum 1", daemon.why)
    errors = []

    def good():
        errors.append(daemon.error())
        return errors[-1] is not None and errors[-1] < 1

    test.result(test.until(good, 40), f"{name}: within its own bound",
                lambda: (errors[0], errors[-1], daemon.why()))
    if errors[1:]:
        test.note(f"{name}: {errors[0]} of its bound at first")


def fails(test, daemon, device, clock, mood, what):
    device.mood = mood
    yield
    test.result(test.until(lambda: daemon.is_wrong(clock, what), 20),
                f"{clock}, {mood}: '{what}' is said", daemon.why)
    device.mood = "good"
    yield
    test.result(test.until(lambda: not daemon.problem(clock), 30),
                f"{clock}: and that it is over", daemon.why)


def memory(test, device):
    daemon = Host(test, "one", "refclock SHM 7 poll 0 refid SHM7 delay 0.001")
    yield
    finds(test, daemon, "SHM")
    yield from fails(test, daemon, device, "SHM7", "nonsense", "is no time")
    yield from fails(test, daemon, device, "SHM7", "silent", "it says nothing")
    test.stop(daemon.process)


def sockets(test, path):
    daemon = Host(test, "two",
                  f"refclock SOCK {path} poll 0 refid TIME delay 0.01 noselect",
                  f"refclock SOCK {path}.pps poll 0 refid PPS lock TIME "
                  "delay 0.001")
    device = Socket(path).start()
    pulses = Socket(path + ".pps", pulse=True).start()
    yield
    finds(test, daemon, "SOCK, pulses that another one numbers")
    yield from fails(test, daemon, device, "TIME", "short", "a datagram of 20 octets")
    yield from fails(test, daemon, device, "TIME", "nonsense", "is no time")
    device.mood = "silent"
    yield
    test.result(test.until(lambda: daemon.is_wrong(
        "PPS", "TIME does not say which second it is"), 20),
        "PPS: nobody numbers them", daemon.why)
    device.stop()
    pulses.stop()
    test.stop(daemon.process)


def logged(test, device):
    """refclocks.log has chronyd's columns: readings, and samples of them."""
    with open(os.path.join(test.tmp, "refclocks.log"), encoding="ascii") as log:
        lines = [line.split() for line in log if line[0].isdigit()]
    test.result(len(lines) > 20 and
                not [line for line in lines if len(line) != 9],
                "refclocks.log: columns", lines[:3])
    late = {time.strftime("%H:%M:%S", time.gmtime(second))
            for second in device.overslept}
    raw = [line for line in lines if line[3] != "-" and
           line[1].split(".")[0] not in late]
    test.result(raw and not [line for line in raw
                             if abs(float(line[6]) - OFF) > 0.2],
                "refclocks.log: what it said of the system clock", raw[:3])
    test.result([line for line in lines if line[3] == line[5] == "-"],
                "refclocks.log: samples", lines[:3])


def receiver(test, lan, path, alone):
    device = Receiver(path).start()
    daemon = Host(test, "kntpd", f"refclock NMEA {path} poll 0 refid GPS "
                  f"delay 0.2 offset {Receiver.late}", "log refclocks",
                  f"logdir {test.tmp}")
    yield
    finds(test, daemon, "NMEA")
    yield from fails(test, daemon, device, "GPS", "void", "does not know the time")
    yield from fails(test, daemon, device, "GPS", "garbled", "what comes is garbled")
    device.unplug()
    yield
    test.result(test.until(lambda: daemon.is_wrong(
        "GPS", "the line is dead") or daemon.is_wrong(
        "GPS", "No such file or directory"), 20),
        "GPS, unplugged: it is said", daemon.why)
    device.plug()
    yield
    test.result(test.until(lambda: not daemon.problem("GPS"), 40),
                "GPS, plugged in again: it works", daemon.why)
    while not alone():
        yield
    test.result(test.until(lambda: said_to("other", lan.address["kntpd"]) ==
                           (0, 1)), "NMEA: stratum 1 is served", daemon.why)
    finds(test, daemon, "NMEA, later")
    logged(test, device)
    device.stop()


def gpsd(test):
    """Debian's gpsd, by its socket and by its shared memory, which it writes
    only what does not come from a pty into."""
    device = NetworkReceiver("client", PORT).start()
    test.start("client", os.path.join(test.tmp, "gpsd.log"),
               [f"{PEERS}/usr/sbin/gpsd", "-N", "-n", f"tcp://127.0.0.1:{PORT}"],
               None, ENVIRONMENT)
    options = f"poll 0 delay 0.4 offset {Receiver.late}"
    daemon = Host(test, "client", f"refclock GPSD localhost refid GPSD {options}",
                  f"refclock SHM 0 refid NTP0 noselect {options}")
    yield
    finds(test, daemon, "gpsd", 40)
    test.result(test.until(lambda: [
        s for s in daemon.json("sources").get("sources", [])
        if s["name"] == "NTP0" and s["reach"] and
        abs(s["offset_ns"]) < s["error_ns"]], 30),
        "gpsd: its shared memory has the time, too", daemon.why)
    # Without a fix gpsd has no time to tell.
    yield from fails(test, daemon, device, "GPSD", "void", "it says nothing")
    device.stop()
    test.stop(daemon.process)


def telephone(test, path):
    modem = Modem(path, NUMBERS).start()
    phones = ":".join(f"phone={number}" for number in NUMBERS)
    daemon = Host(test, "other", f"refclock ACTS {path}:{phones} poll 2 "
                  "refid ACTS")
    yield
    for what, number in CALLS.items():
        test.result(test.until(lambda what=what: what in daemon.said() and
                               (what in daemon.kntp("sources", "-v")[1] or
                                len(modem.dialled) > 1), 40),
                    f"telephone, {number}: '{what}' is said", daemon.why)
        yield
    finds(test, daemon, "telephone", 60)
    test.equal("telephone: one number after the other",
               modem.dialled[:6], list(NUMBERS)[:6])
    test.result(test.until(lambda: modem.echoed, 20),
                "telephone: the marker is echoed", daemon.why)
    modem.stop()
    test.stop(daemon.process)


def refclock(test):
    lan = Lan(test)
    device = SharedMemory(7).start()
    at = test.tmp
    parts = [memory(test, device), sockets(test, f"{at}/sock"), gpsd(test),
             telephone(test, f"{at}/modem"),
             receiver(test, lan, f"{at}/gps", lambda: len(parts) == 1)]
    # Each goes on to where it has to wait for what happens, and so all wait
    # beside each other.
    while parts:
        for part in list(parts):
            if next(part, "over") == "over":
                parts.remove(part)
    device.stop()


if __name__ == "__main__":
    lab.main(refclock)
