#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Another program sets the system clock beside kntpd: a step, and a frequency
again and again. The server is asked each 256 s, so that what corrects the clock
in between is what kntpd knows already."""
import ctypes
import time

import lab
import liar
from kntpd import Kntpd, Lan, said_to

STEP = 0.05		# s
PPM = 100
ADJ_FREQUENCY = 2
BURST = 4
UNSYNC = 3


class Truth(liar.Truth):
    def off(self):
        """The least of some readings: a busy guest is interrupted in others."""
        return min((super(Truth, self).off() for _ in range(5)), key=abs)


def set_frequency(ppm):
    """struct timex: modes, offset and freq, in units of 2^-16 ppm."""
    timex = (ctypes.c_long * 26)()
    ctypes.memset(timex, 0, ctypes.sizeof(timex))
    ctypes.cast(timex, ctypes.POINTER(ctypes.c_uint))[0] = ADJ_FREQUENCY
    timex[2] = round(ppm * 65536)
    if ctypes.CDLL(None, use_errno=True).adjtimex(timex) < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")


def steps(test, truth, daemon):
    """The module says LI = 3 until the step is corrected, which is at once."""
    asked = truth.asked
    time.clock_settime(time.CLOCK_REALTIME, time.time() - STEP)
    begun = time.monotonic()
    test.result(test.until(lambda: abs(truth.off()) < STEP / 20, 20),
                "a step by another program is corrected",
                lambda: f"off by {truth.off()} s\n{daemon.why()}")
    test.result(test.until(lambda: test.clock()["state"] == "sync", 20),
                "and then the module is vouched for", daemon.why)
    test.note(f"{time.monotonic() - begun:.1f} s")
    test.equal("before the server was asked again", truth.asked, asked)
    test.result("another program moved the system clock" in daemon.said(),
                "it is logged", daemon.why)


def frequencies(test, truth, lan, daemon):
    worst, last = 0, time.monotonic() + 20
    while time.monotonic() < last:
        set_frequency(PPM)
        time.sleep(2)
        clock = test.clock()
        if said_to("client", lan.address["kntpd"])[:1] == (UNSYNC,):
            continue
        bound = clock["root_delay_ns"] / 2e9 + clock["root_dispersion_ns"] / 1e9
        worst = max(worst, abs(truth.off()) / bound)
    test.note(f"error over bound: {worst:.2f}")
    test.result(worst <= 1, "the claim holds beside another program's frequency",
                lambda: f"{worst}\n{daemon.why()}")
    test.result(clock["growth_ppb"] >= 0.9 * PPM * 1000,
                "which is in the growth of the dispersion", clock)
    test.equal("it is logged once", daemon.said().count(
        "another program sets the frequency"), 1)
    test.result(test.until(lambda: abs(truth.off()) < 2e-3, 20),
                "and it is undone", lambda: f"off by {truth.off()} s")


def foreign(test):
    lan = Lan(test)
    truth = Truth("one").start()
    try:
        daemon = Kntpd(test, "kntpd", [
            f"server {lan.address['one']} iburst minpoll 8 maxpoll 8",
            "listen hook local", "allow all"])
        test.result(test.until(lambda: daemon.synced(2) and
                               test.clock()["state"] == "sync", 30),
                    "kntpd is synchronised", daemon.why)
        # The burst ends, and what is left of the first offset is worked off.
        test.until(lambda: truth.asked >= BURST and
                   daemon.json("sources")["sources"][0]["reach"] == 2 ** BURST - 1,
                   30)
        test.until(lambda: abs(truth.off()) < 1e-3, 20)
        steps(test, truth, daemon)
        frequencies(test, truth, lan, daemon)
    finally:
        truth.stop()
        set_frequency(0)


if __name__ == "__main__":
    lab.main(foreign)
