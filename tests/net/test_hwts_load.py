#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Many clients in interleaved mode at once, from all CPUs but one, IPv4 and
IPv6, while stamps are lost, the hardware clock is stepped and the devices are
unplugged: each time in each reply against what the other end of the wire saw.
KNTP_LONG=1 makes them 100,000."""
import json
import os
import subprocess
import time

import nettest
from hwlab import BOTH, EXACT, HwLab, parameter
from kntpnl import C, attr, u8, u32

CLIENTS = 600 if nettest.USER_MODE else \
    100000 if os.environ.get("KNTP_LONG") else 6000
SECOND = 10 ** 9


class Load:
    """The clients, each CPU's share of them in a process."""

    def __init__(self, lab):
        self.lab = lab
        self.parts = max(os.cpu_count() - 1, 1)
        self.processes = []
        for part in range(self.parts):
            with lab.cli:
                process = subprocess.Popen(	# pylint: disable=R1732
                    [nettest.tool("xload"), "c0", nettest.CLI_MAC,
                     nettest.SRV_MAC, str(CLIENTS // self.parts), str(part),
                     str(self.parts), str(lab.ktap.random.randrange(1 << 31))],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            os.sched_setaffinity(process.pid, {part + 1} if part + 1 <
                                 os.cpu_count() else {0})
            self.processes.append(process)

    def begin(self):
        for process in self.processes:
            process.stdin.write("\n")
            process.stdin.flush()

    def end(self):
        """What came of it, all together; None when one has ended."""
        parts = [process.stdout.readline() for process in self.processes]
        if not all(parts):
            return None
        rows = [json.loads(line) for line in parts]
        return {key: (max if key.endswith("max") else sum)(
            row[key] for row in rows) for key in rows[0]}

    def round(self, during=lambda: None):
        """Each client asks once, while something is done."""
        self.begin()
        during()
        got = self.end()
        self.lab.ktap.note(got)
        if got["lost"]:
            self.lab.ktap.note(self.lab.kntp.stats())
        return got

    def close(self):
        for process in self.processes:
            process.stdin.close()
            process.wait()


def exact(got):
    return got["wrong"] == 0 and max(got["t2_max"], got["t3_max"]) <= EXACT \
        and got["t2"] > 0 and got["t2_old"] <= got["asked"] // 50


def prepare(lab, hook):
    lab.serve_truth()
    lab.know(lifetime=3600 * SECOND)
    lab.kntp.cmd("CLIENT_SET", attr(C["KNTP_A_CLIENT_PREFIX6"], u8(128)) + attr(
        C["KNTP_A_CLIENT_ENTRIES"], u32(4 * CLIENTS)))
    lab.listen(hook)
    return Load(lab)


def test_load(lab):
    """No stamp in any reply is another one's."""
    for hook in BOTH:
        load = prepare(lab, hook)
        load.round()
        load.round()
        got = load.round()
        lab.ktap.ok(exact(got) and not got["lost"] and
                    got["interleaved"] >= got["asked"] * 0.98,
                    f"{hook}: interleaved, all within {EXACT} ns", got)

        parameter("stamp_lost", 30)
        load.round()
        got = load.round()
        parameter("stamp_lost", 0)
        lab.ktap.ok(exact(got) and not got["lost"] and
                    got["asked"] * 0.2 < got["basic"] < got["asked"] * 0.4,
                    f"{hook}: stamps are lost: basic instead", got)

        def step():
            time.sleep(0.1)
            parameter("phc_offset", SECOND)

        got = load.round(step)
        lab.ktap.ok(got["wrong"] == 0 and not got["lost"],
                    f"{hook}: stepped meanwhile", got)
        load.round()
        got = load.round()
        lab.ktap.ok(got["interleaved"] == got["wrong"] == got["lost"] == 0 and
                    abs(got["t2_max"] - SECOND) < SECOND // 10,
                    f"{hook}: by a clock that was stepped: basic", got)
        parameter("phc_offset", 0)
        load.round()
        load.round()
        got = load.round()
        lab.ktap.ok(exact(got) and
                    got["interleaved"] >= got["asked"] * 0.98,
                    f"{hook}: and back: interleaved", got)
        load.close()


def test_unplugged(lab):
    """The devices go while stamps of theirs are awaited."""
    load = prepare(lab, "ingress")
    load.round()
    load.round()
    parameter("stamp_delay", 50)
    load.begin()
    load.begin()
    time.sleep(0.2)
    nettest.run("rmmod", "kntp_testhw")
    load.end()
    got = load.end()
    lab.ktap.note(got)
    lab.ktap.ok(got and got["wrong"] == 0 and got["lost"] > 0,
                "the devices are gone, and nothing else", got)
    load.close()
    lab.ktap.equal(lab.kntp.clock()["state"], 1, "the clock is still served")


if __name__ == "__main__":
    nettest.main(test_load, test_unplugged, lab=HwLab)
