#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A pulse as the reference, numbered by a poor hardware clock: pulses that are
missing, doubled, noisy or 100 ms early. What is served is within the bound that
is stated, all the time."""
import os
import time

from hw import Hardware, Host, holds, lab, watch

LONG = 10 if os.environ.get("KNTP_LONG") else 1
COARSE = 5 * 10 ** 6	# ns of noise of what numbers the pulses
USUAL = {"jitter": 1000, "missing": 0, "doubled": 0, "astray": 0}
WHAT = {
    "a tenth is missing, a third doubled": {"missing": 10, "doubled": 33},
    "one in six is 100 ms early": {"astray": 16},
    "100 us of noise": {"jitter": 100000},
}


def stamped(test, host):
    """The same pulse, by the stamps of a clock that is 5 ms to either side."""
    external = [source for source in host.json("sources")["sources"]
                if source["name"] == "EXT"]
    test.note(external)
    test.result(external[0]["reach"],
                "the hardware clock stamps it, too", external)
    test.result(abs(external[0]["offset_ns"]) < 3 * COARSE,
                "as well as it can", external)


def pps(test):
    hw = Hardware(test)
    hw["noise"] = COARSE
    hw["truth"] = time.time_ns() + 250 * 10 ** 6
    for name, value in USUAL.items():
        hw[name] = value
    host = Host(test, f"refclock PHC {hw.phc}:nocrossts poll 0 dpoll -2 "
                "refid NUM noselect delay 0.02",
                f"refclock PPS {hw.pps} lock NUM refid PPS poll 2 dpoll 0 "
                "delay 1e-5",
                f"refclock PHC {hw.phc}:extpps:pin=-1 lock NUM refid EXT "
                "poll 2 dpoll -1 noselect")
    test.result(test.until(lambda: host.synced(1), 40), "stratum 1", host.why)
    watch(hw, host, 14)
    seen = holds(test, "as it should be", watch(hw, host, 5 * LONG))
    test.result(seen.error < 20000, "microseconds", seen)
    stamped(test, host)
    for name, settings in WHAT.items():
        for key, value in {**USUAL, **settings}.items():
            hw[key] = value
        seen = holds(test, name, watch(hw, host, 13 * LONG))
        test.equal(f"{name}: synchronised all the time", seen.unsynced, 0)
    for key, value in {**USUAL, "astray": 100}.items():
        hw[key] = value
    holds(test, "all are 100 ms early, for a while", watch(hw, host, 13))
    test.result("more than it did" in host.said(), "it is said", host.why)
    hw["astray"] = 0
    holds(test, "and no more", watch(hw, host, 9))
    hw["missing"] = 100
    holds(test, "there are none", watch(hw, host, 6 * LONG))
    test.stop(host.process)
    hw.close()


if __name__ == "__main__":
    lab.main(pps)
