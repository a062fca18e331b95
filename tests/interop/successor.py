#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A kntpd follows another: what that has left in the module is its own then,
what an operator has added is not, and clients notice nothing."""
import signal

import lab
import sender
from kntpd import ANSWERS, Kntpd, Lan

LOCAL, ETH0 = "hook local", "hook ingress dev eth0"
OPERATOR = "hook ingress dev extra0"


class Load:
    """Requests without an end, from a namespace of their own."""

    def __init__(self, test, lan):
        self.test = test
        self.sender = sender.Sender([("other", lan.address["kntpd"])])

    def goes_on(self, name):
        had = self.sender.answered()
        self.test.result(self.test.until(
            lambda: self.sender.answered() >= had + ANSWERS, 20),
            f"{name}: clients are answered", self.sender.answered() - had)

    def ends(self):
        self.sender.stop(self.test)
        self.test.equal("requests that were not answered",
                        len(self.sender.pending), 0)
        self.test.equal("strata that were told",
                        {a.stratum for a in self.sender.answers}, {5})


def listeners(daemon):
    return daemon.kntp("listen", "show")[1].splitlines()


def config(daemon, *listen):
    return ["local stratum 5", "allow all", f"dumpdir {daemon.dir}",
            *(f"listen {one}" for one in listen)]


def are(test, daemon, name, *wanted):
    test.result(test.until(lambda: set(listeners(daemon)) == set(wanted)),
                f"{name}: {', '.join(wanted)}",
                lambda: f"{listeners(daemon)}\n{daemon.why()}")


def leave(test, daemon):
    daemon.process.send_signal(signal.SIGQUIT)
    test.result(test.until(lambda: daemon.process.poll() is not None),
                "SIGQUIT: it ends", daemon.why)
    test.equal("its status", daemon.process.wait(), 0)


def follows(test, lan):
    test.ip("kntpd", "link add extra0 type dummy")
    test.command("kntp", "-n", "kntpd", "listen", "add", *OPERATOR.split())
    daemon = Kntpd(test, "kntpd", ["local stratum 5", "allow all",
                                   f"listen {LOCAL}", f"listen {OPERATOR}"])
    are(test, daemon, "the first", LOCAL, OPERATOR)
    test.result(test.until(lambda: daemon.synced(5)), "it has the time",
                daemon.why)
    load = Load(test, lan)
    load.goes_on("by the first")
    leave(test, daemon)
    are(test, daemon, "what it leaves", LOCAL, OPERATOR)
    load.goes_on("between the two")
    daemon.configure(config(daemon, LOCAL, ETH0, OPERATOR))
    daemon.begin()
    are(test, daemon, "the second, which adds", LOCAL, ETH0, OPERATOR)
    load.goes_on("by the second")
    leave(test, daemon)
    daemon.configure(config(daemon, ETH0))
    daemon.begin()
    are(test, daemon, "the third drops what it is to have no more", ETH0,
        OPERATOR)
    load.goes_on("by the third")
    daemon.kill()
    load.goes_on("by a kntpd that was killed")
    daemon.configure(config(daemon, LOCAL, ETH0))
    daemon.begin()
    are(test, daemon, "the fourth", ETH0, LOCAL, OPERATOR)
    load.goes_on("by the fourth")
    load.ends()
    test.stop(daemon.process)
    are(test, daemon, "SIGTERM takes all but the operator's", OPERATOR)
    return daemon


def forgets(test, daemon):
    """What was kept is of a module that is there no more."""
    daemon.begin()
    are(test, daemon, "the fifth", ETH0, LOCAL, OPERATOR)
    leave(test, daemon)
    test.unload()
    test.load()
    daemon.begin()
    are(test, daemon, "with a new module", ETH0, LOCAL)
    leave(test, daemon)
    daemon.configure(["local stratum 5", "allow all", f"listen {LOCAL}"])
    daemon.begin()
    are(test, daemon, "nowhere to read it: the others are somebody's", ETH0,
        LOCAL)
    test.stop(daemon.process)
    are(test, daemon, "and stay", ETH0, LOCAL)
    test.command("kntp", "-n", "kntpd", "listen", "del", *LOCAL.split())
    daemon.begin()
    are(test, daemon, "with nowhere to keep it", ETH0, LOCAL)
    leave(test, daemon)
    are(test, daemon, "SIGQUIT takes it as well", ETH0)


def successor(test):
    lan = Lan(test)
    forgets(test, follows(test, lan))


if __name__ == "__main__":
    lab.main(successor)
