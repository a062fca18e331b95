#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A hardware clock as the reference: what is served is held against its true
time while it, the system clock and kntpd are meddled with."""
import json
import os
import signal
import time

from kntpnl import C
from hw import Hardware, Host, holds, lab, watch

HOUR = 3600 * 10 ** 9
NOISE = 50	# ns


def step_system(ns):
    now = time.clock_gettime_ns(time.CLOCK_REALTIME)
    time.clock_settime_ns(time.CLOCK_REALTIME, now + ns)


def stopped(test, hw, host):
    os.killpg(host.process.pid, signal.SIGSTOP)
    holds(test, "kntpd is stopped, within its lease", watch(hw, host, 4))
    os.killpg(host.process.pid, signal.SIGCONT)


def stepped_system(test, hw, host):
    step_system(HOUR)
    seen = watch(hw, host, 3)
    step_system(-HOUR)
    holds(test, "the system clock is an hour off", seen)
    test.equal("which is nothing to what is served", seen.unsynced, 0)
    holds(test, "and back", watch(hw, host, 3))


def controlled(test, hw):
    """What is served is right before the system clock is."""
    host = Host(test, f"refclock PHC {hw.phc} poll 0 dpoll -2 refid PHC",
                control=True)
    test.result(test.until(lambda: host.synced(1), 30),
                "the clock is kept: stratum 1", host.why)
    holds(test, "it is slewed meanwhile", watch(hw, host, 3))
    test.result(host.kernel.clock()["base"] == C["KNTP_BASE_MAP"],
                "base map", host.kernel.clock())
    off = host.json("tracking")["correction_ns"]
    test.result(abs(off) > 10 ** 6, "the system clock is still off", off)
    test.stop(host.process)


def clocks(test, host):
    """{name: row} of the other clocks."""
    said = json.loads(host.kntp("-j", "clock", "show")[1])
    return {row["name"]: row for row in said["clocks"]}


def beside_each_other(test, hw, host):
    all_of_them = clocks(test, host)
    name = f"{os.path.basename(hw.phc)} (kntp_testhw)"
    row = all_of_them[name]
    raw, real, truth = (int(word) for word in hw["truth"].split())
    test.note(row)
    # The system clock is not kept meanwhile; the rates of both are near.
    test.result(abs(row["offset_ns"] - (truth - real)) <
                row["error_ns"] + 10 ** 6 and raw,
                "clock show: the hardware clock", (row, truth - real))
    test.equal("clock show: UTC", all_of_them["UTC (system clock)"]
               ["offset_ns"], 0)
    test.result([n for n in all_of_them if n.startswith("local time")],
                "clock show: local time", all_of_them)
    # The guest's local time is UTC.
    for zone in ("local", "utc") if os.path.exists("/dev/rtc0") else ():
        test.equal(f"clock set-rtc {zone}",
                   host.kntp("clock", "set-rtc", zone), (0, ""))
        rtc = [row for name, row in clocks(test, host).items()
               if "RTC" in name]
        # Set to half a second, where the chip does not begin one anew when it
        # is set (some CPUs' do not, nor does QEMU where it shows one of them).
        test.result(rtc and abs(rtc[0]["offset_ns"]) <
                    rtc[0]["error_ns"] + (500 + 100 * lab.SCALE) * 10 ** 6,
                    "clock show: the RTC is right", rtc)


def phc(test):
    hw = Hardware(test)
    hw["noise"] = NOISE
    hw["truth"] = time.time_ns() + 10 ** 10
    controlled(test, hw)
    host = Host(test, f"refclock PHC {hw.phc} poll 0 dpoll -2 refid PHC")
    test.result(test.until(lambda: host.synced(1), 30), "stratum 1", host.why)
    test.result(host.json("tracking").get("reference_name") == "PHC" or
                "PHC" in host.kntp("tracking")[1], "by the PHC", host.why)
    beside_each_other(test, hw, host)
    watch(hw, host, 4)
    seen = holds(test, f"cross time stamps, {NOISE} ns of noise",
                 watch(hw, host, 4))
    test.result(seen.error < 4 * NOISE, "it is averaged, not added to", seen)
    hw["cross"] = "N"
    seen = holds(test, "without cross time stamps", watch(hw, host, 3))
    stopped(test, hw, host)
    stepped_system(test, hw, host)
    # As much as maxclockerror allows for, and not more.
    hw["ppb"] = 800
    holds(test, "its rate is 0.8 ppm more", watch(hw, host, 8))
    hw["phc_offset"] = 500 * 10 ** 6
    seen = holds(test, "it is half a second off", watch(hw, host, 12))
    test.result(seen.bound > 400 * 10 ** 6, "which is doubted", seen)
    hw["phc_offset"] = 0
    test.stop(host.process)
    hw.close()


if __name__ == "__main__":
    lab.main(phc)
