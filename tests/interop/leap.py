#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A leap second behind kntpd: announced by its server, whose own time has it;
what the module serves is held against the server's truth all the time."""
import calendar
import os
import struct
import time

import lab
import liar
from kntpd import Kntpd, Lan, said_to
from victim import Victim

LONG = bool(os.environ.get("KNTP_LONG"))
MIDNIGHT = calendar.timegm((2028, 1, 1, 0, 0, 0))
LEAD = 14 + 2 * lab.SCALE	# s to be synchronised in before it
AFTER = 12			# s
SMEAR = 15
UNSYNC = 3


class Truth(liar.Liar):
    """A server by CLOCK_MONOTONIC_RAW: nobody sets its time, and it leaps."""

    def __init__(self, ns, sign):
        super().__init__(ns)
        self.sign = sign
        self.start_raw = time.clock_gettime(time.CLOCK_MONOTONIC_RAW)
        self.start_utc = time.time()
        self.lie = self.answer

    def line(self):
        """UTC as if there were no leap second."""
        return self.start_utc - self.start_raw + \
            time.clock_gettime(time.CLOCK_MONOTONIC_RAW)

    def since(self):
        """Seconds since it happened."""
        return self.line() - (MIDNIGHT - (self.sign < 0))

    def now(self):
        """UTC, and what is announced."""
        line = self.line()
        if line < MIDNIGHT - (self.sign < 0):
            return line, 1 if self.sign > 0 else 2
        return line - self.sign, 0

    def off(self):
        """What the system clock is off by."""
        return abs(time.time() - self.now()[0])

    def answer(self, number, request):
        utc, leap = self.now()
        return [liar.reply(request, leap=leap, now=utc)]


def ask(lan, truth, utc):
    """What is served less UTC() says, the reply's leap, what may be between both
    (the way, and the error that the reply states), and whether the system clock
    had leapt, as truth had, all the time."""
    with lab.inside("other"):
        sock = liar.udp()
    with sock:
        sock.settimeout(lab.SCALE)
        sock.connect((lan.address["kntpd"], 123))
        before = utc()
        right = truth.off() < 0.5
        sock.send(b"\x23" + bytes(39) + os.urandom(8))
        try:
            said = sock.recv(512)
        except OSError:
            return None
        right = right and truth.off() < 0.5
        after = utc()
    # Whoever is asked while it happens may say either.
    if not 0 <= after - before < 0.5:
        return None
    served = struct.unpack("!Q", said[40:48])[0] / 2 ** 32 - liar.ERA
    delay, dispersion = struct.unpack("!II", said[4:12])
    within = after - before + (delay / 2 + dispersion) / 65536
    return served - (before + after) / 2, said[0] >> 6, within, right


def over(test, lan, truth, name, slews, kernel):
    """From before it to after it, all that is served."""
    worst, leaps, wrong, asked = 0, [], [], 0
    while truth.now()[0] < MIDNIGHT + AFTER:
        got = ask(lan, truth, lambda: truth.now()[0])
        if not got:
            continue
        asked += 1
        off, said, within, right = got
        if not leaps or leaps[-1] != said:
            leaps.append(said)
        worst = max(worst, abs(off) - within)
        since = truth.since()
        if said == UNSYNC or (abs(off) > within + 0.01 * lab.SCALE and
                              not slews):
            wrong.append((since, off, said, right))
    # The kernel's clock leaps with a tick, which an emulated CPU gets late, and
    # kntpd's with the turn of its loop.
    during = [w for w in wrong if 0 <= w[0] < 0.1 * lab.SCALE or
              kernel and 0 <= w[0] < 2 * lab.SCALE and not w[3]]
    wrong = [w for w in wrong if w not in during]
    test.note(f"{name}: {asked} replies, {len(during)} of them while it "
              f"happened ({max((w[0] for w in during), default=0):.4f} s), "
              f"off by {worst:.6f} s beyond that at the most, leap {leaps}")
    test.result(asked > 50, f"{name}: there are replies", asked)
    test.result(not wrong, f"{name}: the time is right before and after it",
                wrong[:5])
    announced = 1 if truth.sign > 0 else 2
    test.result(leaps[0] == announced and leaps[-1] == 0 and
                [n for n in leaps if n != UNSYNC] == [announced, 0],
                f"{name}: announced, and over", leaps)
    return leaps


def begin(test, lan, name, sign, kind, leap, what, *lines):
    """Before it, and synchronised: WHAT, which replies with LEAP show."""
    # Nothing of the kntpd before: a map is not moved by setting the clock.
    test.command("kntp", "clock", "set", "base", "system", "stratum", "16")
    time.clock_settime(time.CLOCK_REALTIME, MIDNIGHT - LEAD)
    truth = Truth("one", sign).start()
    daemon = kind(test, "kntpd", [
        f"server {lan.address['one']} iburst minpoll 0 maxpoll 0",
        "listen hook local", "allow all", *lines])
    test.result(test.until(lambda: said_to("other", lan.address["kntpd"]) ==
                           (leap, 2), LEAD / lab.SCALE),
                f"{name}: {what}", daemon.why)
    return truth, daemon


def smeared(test, lan):
    """The kernel leaps, and clients see neither that nor anything announced:
    they have the first half percent of it when this ends."""
    truth, daemon = begin(test, lan, "smeared", 1, Kntpd, 0, "synchronised",
                          "smoothtime 500 1000 leaponly")
    seen, leaps = [], set()
    while truth.since() < SMEAR:
        before = truth.since()
        got = ask(lan, truth, truth.line)
        if not got:
            continue
        off, said, within, _ = got
        leaps.add(said)
        seen.append((before, off, within))
    jumps = [(a, b) for a, b in zip(seen, seen[1:])
             if abs(b[1] - a[1]) > 0.001 * (b[0] - a[0]) + a[2] + b[2]]
    test.note(f"smeared: {len(seen)} replies, from {seen[0][1]:.6f} s to "
              f"{seen[-1][1]:.6f} s, {len(jumps)} jumps")
    test.result(len(seen) > 50, "smeared: there are replies", len(seen))
    test.equal("smeared: nothing is announced", leaps, {0})
    test.equal("smeared: no jump", jumps[:3], [])
    # It takes half a second to be as fast as it may be.
    last, off, within = seen[-1]
    test.result(abs(off + 500e-6 * (last - 0.25)) < within + 0.001,
                "smeared: as much of it as there was time for", seen[-1])
    said = daemon.json("smoothing")
    test.result(abs(said["remaining_ns"] - (2000.5 - last) * 1e9) < 3e9,
                "smeared: the rest is said", said)
    truth.stop()
    test.stop(daemon.process)


def one(test, lan, name, sign, control, *lines):
    truth, daemon = begin(test, lan, name, sign, Kntpd if control else Victim,
                          1 if sign > 0 else 2,
                          "synchronised, and it is announced", *lines)
    leaps = over(test, lan, truth, name, "leapsecmode slew" in lines,
                 control and not lines)
    test.result("leap second was" in daemon.why() and
                "stepped by somebody" not in daemon.why(),
                f"{name}: it is said, and nothing else", daemon.why)
    if control and "leapsecmode slew" not in lines:
        test.equal(f"{name}: never unsynchronised", UNSYNC in leaps, False)
    test.result(test.until(lambda: daemon.synced(2)),
                f"{name}: still synchronised", daemon.why)
    truth.stop()
    test.stop(daemon.process)


def leap(test):
    lan = Lan(test)
    one(test, lan, "the kernel inserts it", 1, True)
    one(test, lan, "-x, deleted", -1, False)
    smeared(test, lan)
    if LONG:
        one(test, lan, "the kernel deletes it", -1, True)
        one(test, lan, "-x, inserted", 1, False)
        one(test, lan, "stepped", 1, True, "leapsecmode step")
        one(test, lan, "slewed", 1, True, "leapsecmode slew",
            "maxslewrate 100000")


if __name__ == "__main__":
    lab.main(leap)
