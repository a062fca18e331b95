#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Two hosts without any reference agree on whose clock it is; what they
measure and make of it is in their log files."""
import os

import lab
from kntpd import Lan, is_said
from victim import Victim

STRATUM = 8
# What chronyd's log files have.
COLUMNS = {"measurements": 20, "statistics": 13, "selection": 10,
           "tracking": 14}


class Orphan(Victim):
    """Both have the guest's clock: who corrected it would follow itself.

    Beside a load delays become longer at once and stay so; maxdelaydevratio
    would leave those samples out for as long as the dispersion takes to grow.
    """

    def __init__(self, test, lan, ns, other):
        super().__init__(test, ns, [
            f"server {lan.address[other]} iburst minpoll 0 maxpoll 0 "
            "maxdelaydevratio 1000",
            f"local stratum {STRATUM} orphan waitunsynced 4", "allow all",
            f"log {' '.join(COLUMNS)}", "logbanner 5"])

    def begin(self):
        with open(self.conf, "a", encoding="ascii") as conf:
            conf.write(f"logdir {self.dir}\n")
        super().begin()

    def records(self, name):
        path = os.path.join(self.dir, f"{name}.log")
        if not os.path.exists(path):
            return [], []
        with open(path, encoding="ascii") as file:
            lines = file.read().splitlines()
        head = [line for line in lines if line.startswith(("=", " "))]
        return head, [line.split() for line in lines if line not in head]


def says(test, name, lan, host, stratum, daemon):
    is_said(test, lan, f"{name}, {host}", (0, stratum), daemon, 40, host)


def recorded(test, daemon, name):
    test.result(test.until(lambda: len(daemon.records(name)[1]) > 6, 30),
                f"{name}.log has lines", daemon.why)
    head, lines = daemon.records(name)
    wrong = [line for line in lines if len(line) != COLUMNS[name]]
    test.equal(f"{name}.log: columns", wrong[:2], [])
    # Three lines of it before each five of the others.
    test.equal(f"{name}.log: the banner comes again", len(head),
               3 * ((len(lines) + 4) // 5))
    return lines


def orphan(test):
    lan = Lan(test)
    # Who comes later hears the other one say STRATUM, and still leads.
    second = Orphan(test, lan, "two", "one")
    says(test, "the first to come", lan, "two", STRATUM, second)
    first = Orphan(test, lan, "one", "two")
    says(test, "both", lan, "one", STRATUM, first)
    says(test, "both", lan, "two", STRATUM + 1, second)
    test.equal("the one with the higher address follows", [
        source["address"] for source in second.json("sources")["sources"]
        if source["mark"] == "*"], [lan.address["one"]])
    test.result("O" in [source["mark"] for source in
                        first.json("selectdata")["sources"]],
                "the other one does not", first.why)
    for name in COLUMNS:
        lines = recorded(test, second, name)
        test.equal(f"{name}.log: whose", {line[2] for line in lines},
                   {lan.address["one"]})
    path = os.path.join(second.dir, "tracking.log")
    os.rename(path, path + ".1")
    test.equal("reload", second.kntp("reload")[0], 0)
    test.result(test.until(lambda: os.path.exists(path)),
                "a file that was renamed is begun anew", second.why)

    first.kill()
    test.stop(second.process)
    second.begin()
    says(test, "alone", lan, "two", STRATUM, second)
    first.begin()
    says(test, "together", lan, "one", STRATUM, first)
    says(test, "together", lan, "two", STRATUM + 1, second)
    test.stop(first.process, second.process)


if __name__ == "__main__":
    lab.main(orphan)
