#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Attacks on kntpd as a client. The servers and kntpd's host have one clock,
which kntpd leaves alone (-x): whatever its time is off by is its error, and must
be within the bound that it states itself."""
import os
import random
import time

import lab
import liar
from kntpd import Lan, local
from victim import Victim

LONG = bool(os.environ.get("KNTP_LONG"))
POLLS = 40 if LONG else 5	# that each attack lasts
JUNK = 10e6			# bit/s
JUNK_TIME = 20 if LONG else 4	# s


def victim(test, lan, *lines):
    return Victim(test, "kntpd", [
        *(f"server {lan.address[host]} minpoll 0 maxpoll 0 {more}"
          for host, more in lines),
        "minsources 1", "maxdistance 3"])


def under(test, daemon, name, count, polls=POLLS):
    """While the attack lasts: count() grows by so many polls."""
    start, worst, out = count(), 0, 0

    def enough():
        nonlocal worst, out
        error = daemon.error()
        out += error is None
        worst = max(worst, error or 0)
        return count() >= start + polls

    went_on = test.until(enough, 3 * polls)
    test.note(f"{name}: error at most {worst:.3f} of the bound")
    test.result(went_on, f"{name}: polls go on", daemon.why)
    test.equal(f"{name}: it has the time", out, 0)
    return test.result(worst <= 1, f"{name}: within its bound",
                       lambda: f"{worst}\n{daemon.why()}")


def begun(test, daemon):
    test.result(test.until(lambda: daemon.synced(2), 30),
                "it has the time of its servers", daemon.why)
    test.until(lambda: sum(s["total_good_rx"] for s in
                           daemon.json("ntpdata")["sources"]) > 12, 30)


def bogus(test, lan, daemon):
    """Whoever cannot see the request, or can only send old answers again."""
    spy = liar.Spy("kntpd", lan.address["kntpd"],
                   [lan.address["one"], lan.address["two"]])
    spy.attack = liar.forged
    spy.start()
    under(test, daemon, "forged replies", lambda: spy.seen, 2 * POLLS)
    test.note(f"{spy.sent} forged for {spy.seen} requests")
    test.result(spy.sent > 20 * POLLS, "there were forged ones", spy.sent)
    states = [s["state"] for s in daemon.sources().values()]
    test.result(all(s["reach"] & 7 == 7 for s in daemon.sources().values()),
                "forged kisses stop nobody", lambda: (states, daemon.why()))
    return spy


def busy(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def junk(test, daemon, spy):
    """At the port of the last request and at that of the server."""
    spy.attack = lambda request, old: []
    payload, pause, sent = os.urandom(1200), 1200 * 8 / JUNK, 0
    start, used = time.monotonic(), busy(daemon.process.pid)
    worst, looked = 0, start
    while time.monotonic() < start + JUNK_TIME * lab.SCALE:
        server, port, to = spy.last
        for _ in range(20):
            size = random.choice((48, 68, 1200, 1200))
            spy.send(server, random.choice((port, port, 123)), to,
                     payload[:size])
            sent += size
        if time.monotonic() > looked + lab.SCALE:
            looked = time.monotonic()
            worst = max(worst, daemon.error() or 99)
        ahead = start + sent * 8 / JUNK - time.monotonic()
        time.sleep(max(ahead, pause / 100))
    spent = time.monotonic() - start
    used = busy(daemon.process.pid) - used
    test.note(f"junk: {sent * 8e-6 / spent:.1f} Mbit/s, {used / spent:.0%} of "
              f"a CPU, error at most {worst:.3f} of the bound")
    test.result(sent * 8 / spent > 0.1 * JUNK, "there is junk", sent)
    test.result(worst <= 1, "junk: within its bound", daemon.why)
    test.result(used < 0.5 * spent, "junk: it has time for others", used)


def jumps(test, daemon, server, many):
    """A server that is right, but not always."""
    for name, off in (("1 ms", 1e-3), ("1 s", 1), ("an hour", 3600)):
        server.lie = lambda number, request, off=off: [
            liar.reply(request, off if number // 4 % 2 else 0)]
        under(test, daemon, f"{many}: jumps by {name} and back",
              lambda: server.asked)
    server.lie = lambda number, request: [liar.reply(request)]


def claims(test, daemon, server):
    for name, what in (
            ("50 ms off, and sure of it", {"off": 0.05}),
            ("an hour off, and sure of it", {"off": 3600, "stratum": 1}),
            ("far off, and not sure at all",
             {"off": 100, "dispersion": 1000, "delay": 1000}),
            ("stratum 16", {"off": 1, "stratum": 16}),
            ("no stratum, no kiss", {"off": 1, "stratum": 0, "refid": 0}),
            ("not synchronised", {"off": 1, "leap": 3}),
            ("set in the future", {"off": 1, "ref_age": -3600})):
        server.lie = lambda number, request, what=what: [
            liar.reply(request, **what)]
        under(test, daemon, name, lambda: server.asked, POLLS // 2 + 1)


def kisses(test, lan, daemon, server):
    """Those of the server itself are obeyed, and are its own alone."""
    def kiss(code):
        return lambda number, request: 5 * [liar.reply(
            request, stratum=0, leap=3, refid=int.from_bytes(code, "big"))]

    def its_poll():
        return daemon.sources()[lan.address["client"]]["poll"]

    before = its_poll()
    server.lie = kiss(b"RATE")
    test.result(test.until(lambda: its_poll() > before, 20),
                "RATE: it is asked less", daemon.why)
    server.lie = kiss(b"DENY")
    test.result(test.until(lambda: "it is asked again later" in daemon.why(), 60),
                "DENY: it is not asked for the time being", daemon.why)
    asked = server.asked
    under(test, daemon, "after DENY", lambda: sum(
        s["total_valid_rx"] for s in daemon.json("ntpdata")["sources"]))
    test.equal("it was not asked", server.asked, asked)


def alone(test, lan, server):
    """Nobody else is there to say that it jumps: one wrong answer in eight."""
    daemon = victim(test, lan, ("client", "iburst"))
    server.lie = lambda number, request: [liar.reply(request)]
    begun(test, daemon)
    for name, off in (("1 ms", 1e-3), ("1 s", 1)):
        server.lie = lambda number, request, off=off: [
            liar.reply(request, 0 if number % 8 else off)]
        under(test, daemon, f"alone: one answer in eight is off by {name}",
              lambda: server.asked, 2 * POLLS)
    test.stop(daemon.process)


def attack(test):
    lan = Lan(test)
    honest = [local(test, host, 1) for host in ("one", "two")]
    server = liar.Liar("client").start()
    daemon = victim(test, lan, ("one", "iburst"), ("two", "iburst"),
                    ("client", "iburst"))
    begun(test, daemon)
    spy = bogus(test, lan, daemon)
    junk(test, daemon, spy)
    spy.stop()
    jumps(test, daemon, server, "one of three")
    claims(test, daemon, server)
    kisses(test, lan, daemon, server)
    test.stop(daemon.process)
    alone(test, lan, server)
    server.stop()
    test.stop(*(h.process for h in honest))


if __name__ == "__main__":
    lab.main(attack)
