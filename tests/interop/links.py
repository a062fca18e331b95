#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The network comes and goes under kntpd: a server that was out of reach is
asked when there is a way to it, listeners follow their devices, and a router's
many changes cost nothing."""
import os

import lab
from kntpd import Kntpd, Lan, local

STORM = 20000	# routes that come, and go again


def cpu(process):
    """Seconds of CPU time that it has used."""
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answers(daemon):
    return sum(source["total_valid_rx"]
               for source in daemon.json("ntpdata").get("sources", []))


def a_way(test, lan):
    """Polls are 64 s apart: an answer before that is one to being asked anew."""
    test.ip("kntpd", "link set eth0 down")
    daemon = Kntpd(test, "kntpd", [
        f"server {lan.address['one']} minpoll 6 maxpoll 6",
        "listen hook ingress dev extra0", "listen hook local", "allow all",
        "clientloglimit 139264", "ratelimit interval -2 burst 100 leak 3"])
    limit = {"of": "client", "interval": -2, "burst": 100, "leak": 3, "kod": 0}
    test.result(test.until(lambda: daemon.json("limit", "show").get(
        "limits") == [limit]), "the limits are those that were given",
        lambda: daemon.kntp("limit", "show"))
    test.result(test.until(lambda: daemon.json("client", "show").get(
        "entries") == 2048), "the client table has the room that was given",
        daemon.why)
    test.result(test.until(lambda: "cannot send" in daemon.why()),
                "without a way to its server", daemon.why)
    test.equal("nothing was answered", answers(daemon), 0)
    test.ip("kntpd", "link set eth0 up",
            f"addr replace {lan.address['kntpd']}/24 dev eth0")
    test.result(test.until(lambda: answers(daemon), 12),
                "it is asked as soon as there is a way", daemon.why)
    return daemon


def devices(test, daemon):
    def listens():
        return "extra0" in daemon.kntp("listen", "show")[1]

    test.result(not listens(), "no device, no listener")
    for name in ("comes", "comes again"):
        test.ip("kntpd", "link add extra0 type dummy")
        test.result(test.until(listens, 5), f"a device {name}", daemon.why)
        test.ip("kntpd", "link del extra0")
        test.result(test.until(lambda: not listens(), 5), "it goes")
    test.ip("kntpd", "link add extra0 type dummy")
    test.until(listens, 5)
    test.ip("kntpd", "link set extra0 name extra1",
            "link add extra0 type dummy")
    test.result(test.until(lambda: listens() and "extra1" not in
                           daemon.kntp("listen", "show")[1], 5),
                "the name counts, whoever bears it", daemon.why)


def storm(test, lan, daemon):
    test.ip("kntpd", "link set extra0 up", "addr add 10.80.0.1/16 dev extra0")
    before = cpu(daemon.process)
    test.ip("kntpd", *(f"route {verb} 10.{81 + n // 65536}.{n // 256 % 256}."
                       f"{n % 256}/32 via 10.80.0.2"
                       for verb in ("add", "del") for n in range(STORM)))
    used = cpu(daemon.process) - before
    test.note(f"{2 * STORM} changes: {used:.2f} s of kntpd's CPU time")
    test.result(used < 0.25 * lab.SCALE, "a router's changes cost nothing",
                used)
    before = answers(daemon)
    test.ip("kntpd", "link set eth0 down")
    test.equal("a request cannot be sent",
               daemon.kntp("burst", "1/1", lan.address["one"])[0], 0)
    test.result(test.until(lambda: any(
        not source["reach"] & 1 for source in
        daemon.json("sources").get("sources", []))), "and is missed",
        daemon.why)
    test.ip("kntpd", "link set eth0 up")
    test.result(test.until(lambda: answers(daemon) > before, 12),
                "what comes after them is noticed", daemon.why)


def links(test):
    lan = Lan(test)
    server = local(test, "one", 1)
    daemon = a_way(test, lan)
    devices(test, daemon)
    storm(test, lan, daemon)
    test.stop(daemon.process, server.process)


if __name__ == "__main__":
    lab.main(links)
