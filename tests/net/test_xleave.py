#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Interleaved mode (RFC 9769) and the client table it works by: a reply says
when the one before was sent, or is a basic one."""
import errno
import os
import struct
import subprocess
import time

import nettest
from kntpnl import C, attr, attrs, u8, u32
from nettest import settime

BOTH = ("local", "ingress")
SECOND = 1 << 32		# of an NTP timestamp
OF = "of_interleaved"


def stamp(octets):
    return int.from_bytes(octets, "big")


class Reply:
    """The times of a reply, as on the wire."""

    def __init__(self, datagram):
        self.leap = datagram.data[0] >> 6
        self.origin, self.receive, self.transmit = (
            datagram.data[at:at + 8] for at in (24, 32, 40))
        self.took = stamp(self.transmit) - stamp(self.receive)


class Client:
    """Asks from one address; what it is answered is judged against what it
    asked before."""

    def __init__(self, lab, family=4, src=None, sport=40000):
        self.lab, self.family, self.sport = lab, family, sport
        self.src = src or nettest.FAR[family]
        self.last = None

    def frame(self, origin=None, receive=None, mode=3, transmit=None):
        if origin is None:
            origin = self.last.receive if self.last else bytes(8)
        self.asked = (receive if receive is not None else os.urandom(8),
                      transmit or os.urandom(8))
        data = struct.pack("!BBBb", 4 << 3 | mode, 0, 6, 0) + bytes(20) + \
            origin + self.asked[0] + self.asked[1]
        return self.lab.frame(self.family, data, src=self.src,
                              sport=self.sport)

    def ask(self, **more):
        """'basic' or 'interleaved', and else what is wrong."""
        before = self.last
        answers = self.lab.answers([self.frame(**more)])
        if len(answers) != 1:
            return f"{len(answers)} answers"
        self.last = Reply(answers[0])
        return self.judge(before)

    def judge(self, before):
        receive, transmit = self.asked
        got = self.last
        if got.origin == transmit:
            return "basic" if 0 <= got.took < SECOND else f"took {got.took}"
        if got.origin != receive:
            return "neither time of the request is the origin"
        # The one before, sent no earlier than it said it would be.
        late = stamp(got.transmit) - stamp(before.receive)
        if not before.took <= late < SECOND:
            return f"sent {late} after it was asked for, said {before.took}"
        self.late = late
        return "interleaved"

    def begin(self):
        """Until the mode is known to be used."""
        self.last = None
        return [self.ask() for _ in range(3)]


BEGINS = ["basic", "basic", "interleaved"]


def table(lab, entries=None, prefix6=None):
    data = b""
    if entries is not None:
        data += attr(C["KNTP_A_CLIENT_ENTRIES"], u32(entries))
    if prefix6 is not None:
        data += attr(C["KNTP_A_CLIENT_PREFIX6"], u8(prefix6))
    lab.kntp.cmd("CLIENT_SET", data)


def used(lab):
    got = dict(attrs(lab.kntp.cmd("CLIENT_GET")[0]))
    return struct.unpack("=I", got[C["KNTP_A_CLIENT_USED"]])[0]


def clients(lab):
    """{address: {what: value}}"""
    import socket  # pylint: disable=import-outside-toplevel
    names = {C[n]: n[len("KNTP_A_CLIENT_CLIENT_"):].lower() for n in C
             if n.startswith("KNTP_A_CLIENT_CLIENT_")}
    found = {}
    for answer in lab.kntp.cmd("CLIENT_GET", flags=0x300 | 4):
        for kind, nest in attrs(answer):
            if kind != C["KNTP_A_CLIENT_CLIENT"]:
                continue
            got = {names[k]: v for k, v in attrs(nest)}
            family = socket.AF_INET if len(got["addr"]) == 4 else \
                socket.AF_INET6
            address = socket.inet_ntop(family, got.pop("addr"))
            assert address not in found, address
            found[address] = {k: int.from_bytes(v, "little")
                              for k, v in got.items()}
    return found


def test_modes(lab):
    table(lab, prefix6=128)
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            name = f"{hook}: IPv{family}: "
            client = Client(lab, family)
            before = lab.kntp.stats().get((hook, OF), 0)
            lab.ktap.equal(client.begin(), BEGINS,
                           name + "basic, until the mode is known to be used")
            lab.ktap.ok(client.ask(origin=bytes(8)) == "basic" and
                        client.last.took, name + "two times, not one",
                        client.last.took)
            client.begin()
            lab.ktap.equal([client.ask() for _ in range(20)],
                           ["interleaved"] * 20, name + "then interleaved")
            lab.ktap.equal(lab.kntp.stats()[hook, OF] - before, 22,
                           name + "which is counted")
            old = client.last.receive
            lab.ktap.equal([client.ask(), client.ask(origin=old)],
                           ["interleaved", "basic"],
                           name + "a reply that was lost: basic")
            lab.ktap.equal(client.ask(), "interleaved", name + "and goes on")
            same = os.urandom(8)
            lab.ktap.equal(client.ask(receive=same, transmit=same), "basic",
                           name + "without a receive time: basic")
            lab.ktap.equal(client.ask(mode=1), "basic",
                           name + "symmetric: basic")
            lab.ktap.equal(client.ask(origin=bytes(8)), "basic",
                           name + "without an origin: basic")


def test_hooks(lab):
    """Asked by one hook, told by the other."""
    lab.listen("ingress")
    client = Client(lab)
    client.begin()
    said = []
    for hook in ("local", "ingress") * 3:
        lab.listen(hook)
        said.append(client.ask())
    lab.ktap.equal(said, ["interleaved"] * 6, "one table behind both hooks")


def test_shared(lab):
    lab.listen("ingress")
    one, two = Client(lab, sport=40001), Client(lab, sport=40002)
    one.begin()
    lab.ktap.equal([two.ask(origin=os.urandom(8)), one.ask(), one.ask()],
                   ["basic", "basic", "interleaved"],
                   "another behind the same address comes in between")
    table(lab, prefix6=64)
    one = Client(lab, 6, src="2001:db8:7::1")
    two = Client(lab, 6, src="2001:db8:7::2")
    one.begin()
    lab.ktap.equal([two.ask(origin=os.urandom(8)), one.ask()],
                   ["basic", "basic"], "IPv6: so it is within a prefix of 64")
    lab.ktap.ok("2001:db8:7::" in clients(lab), "IPv6: it is one client",
                clients(lab))
    one = Client(lab, 6, src="fe80::a1")
    two = Client(lab, 6, src="fe80::a2")
    one.begin()
    lab.ktap.equal([two.ask(origin=os.urandom(8)), one.ask()],
                   ["basic", "interleaved"],
                   "IPv6: each link-local address is a client of its own")
    shown = lab.srv.run("kntp", "client", "show")
    lab.ktap.ok("fe80::a1%s0" in shown and "fe80::a2%s0" in shown,
                "IPv6: a link-local client is shown with its link", shown)
    one = Client(lab, 6, src="2001:db8:7::1")
    two = Client(lab, 6, src="2001:db8:7::2")
    table(lab, prefix6=128)
    one.begin()
    lab.ktap.equal([two.ask(origin=os.urandom(8)), one.ask()],
                   ["basic", "interleaved"], "IPv6: not with one of 128")


def queue(lab, delay):
    """What the server sends waits so long from now on, ms."""
    with lab.srv:
        done = subprocess.run(
            ["tc", "qdisc", "add", "dev", "s0", "root", "netem", "delay",
             f"{delay}ms"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise nettest.Skip(f"no netem: {done.stderr}")


def test_queue(lab):
    """What waits in the queue is sent when it leaves that."""
    queue(lab, 60)
    for hook in BOTH:
        lab.listen(hook)
        client = Client(lab)
        client.begin()
        # of the reply that began by waiting in the queue
        lab.ktap.equal(client.ask(), "interleaved", f"{hook}: queued 60 ms")
        lab.ktap.ok(client.late > 0.06 * SECOND,
                    f"{hook}: that is in the transmit time",
                    f"{client.late / SECOND} s")
    lab.srv.run("tc", "qdisc", "del", "dev", "s0", "root")


def by_map(lab, utc):
    lab.kntp.clock_map(time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW), utc,
                       10 ** 6)


def test_jumps(lab):
    """No pair of times from both sides of a step."""
    lab.listen("ingress")
    client = Client(lab)
    client.begin()
    for by in (3600 * 10 ** 9, -3600 * 10 ** 9):
        settime(by)
        lab.kntp.clock_set(lease="forever")
        lab.ktap.equal([client.ask(), client.ask()], ["basic", "interleaved"],
                       f"the system clock is stepped by {by // 10 ** 9} s")
    now = time.time_ns()
    by_map(lab, now + 3600 * 10 ** 9)
    lab.ktap.equal([client.ask(), client.ask()], ["basic", "interleaved"],
                   "a map an hour ahead")
    for off, wanted in ((10 ** 8, "basic"), (10 ** 4, "interleaved")):
        got = dict(attrs(lab.kntp.cmd("CLOCK_GET")[0]))
        raw, utc = (struct.unpack("=q", got[C["KNTP_A_CLOCK_" + name]])[0]
                    for name in ("RAW_TIME", "TIME"))
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
        by_map(lab, utc + now - raw + off)
        # What Python needs between two readings is part of the jump.
        lab.ktap.ok(client.ask() == wanted or
                    wanted == "interleaved" and client.ask() == wanted,
                    f"a map that jumps by {off} ns of 1 ms: {wanted}")
    settime(5 * 10 ** 8)
    lab.ktap.equal(client.ask(), "interleaved", "a step is none to a map")
    lab.kntp.clock_set(lease="forever")


def test_table(lab):
    """Who comes back stays; who comes once goes."""
    lab.listen("ingress")
    table(lab, entries=1024)
    client = Client(lab)
    client.begin()
    lab.ktap.equal(clients(lab)[client.src]["requests"], 3,
                   "a client is counted")
    lab.ktap.equal({k: clients(lab)[client.src][k] for k in
                    ("interleaved", "li_vn_mode", "poll")},
                   {"interleaved": 1, "li_vn_mode": 0x23, "poll": 6}, "and how it asks")
    told = []
    for _ in range(8):
        # Hardly any of them twice.
        frames = [lab.frame(src=f"10.{lab.ktap.random.randrange(256)}."
                            f"{lab.ktap.random.randrange(256)}.{i + 1}")
                  for i in range(250) for _ in range(2)]
        lab.answers(frames)
        told.append(client.ask())
    lab.ktap.equal(told, ["interleaved"] * 8, "4000 strangers, 1024 entries")
    lab.ktap.ok(0 < used(lab) <= 1024, "it is bounded", used(lab))
    lab.ktap.equal(len(clients(lab)), used(lab), "all of it is shown")
    table(lab, entries=0)
    lab.ktap.equal([client.ask() for _ in range(3)], ["basic"] * 3,
                   "no table: basic")
    lab.ktap.equal((used(lab), clients(lab)), (0, {}), "and nobody is kept")
    for entries in (1, 1023, (1 << 26) + 1):
        try:
            table(lab, entries=entries)
            got = 0
        except OSError as err:
            got = err.errno
        lab.ktap.equal(got, errno.ERANGE, f"{entries} entries: refused")
    table(lab, entries=4096)
    lab.ktap.equal(client.begin(), BEGINS, "a new table begins anew")
    lab.kntp.cmd("CLIENT_FLUSH")
    lab.ktap.equal(used(lab), 0, "flushed, nobody is there")
    lab.ktap.equal(client.ask(), "basic", "nor known")


def test_under_load(lab):
    """The table is changed and read while it is asked."""
    lab.listen("local", "ingress")

    def answered():
        return lab.kntp.stats().get(("ingress", "answered"), 0)

    before = answered()
    process = nettest.flood(lab.cli, "c0", [lab.frame(), lab.frame(6)], 0,
                            lab.ktap.random.randrange(1 << 31), "spoof")
    for entries in (1024, 0, 1 << 17, 2048):
        seen = answered()
        nettest.wait_for(lambda: answered() > seen + 500)	# pylint: disable=cell-var-from-loop
        table(lab, entries=entries)
        clients(lab)
        lab.kntp.cmd("CLIENT_FLUSH")
    process.kill()
    process.wait()
    lab.ktap.ok(answered() > before + 2000, "four tables under load",
                answered() - before)
    table(lab, entries=65536)
    lab.port.drain()
    lab.ktap.equal(Client(lab).begin(), BEGINS, "and it answers as before")


def test_unload(lab):
    """The module goes while replies whose stamps it awaits are on their way."""
    # Longer than the module takes to go.
    queue(lab, int(700 * nettest.SCALE))
    lab.listen("ingress")
    clock = Client(lab)
    clock.begin()
    for _ in range(200):
        # in its mode, and not waited for
        lab.port.send(clock.frame())
    lab.kntp.close()
    nettest.run("rmmod", "kntp")
    lab.port.drain()
    answers, _ = lab.port.until(lambda d: False, 1)
    lab.ktap.ok(answers, "what was on its way arrives", len(answers))
    lab.srv.run("tc", "qdisc", "del", "dev", "s0", "root")
    nettest.load()
    lab.open()
    lab.listen("ingress")
    lab.ktap.equal(Client(lab).begin(), BEGINS, "and all goes on")


if __name__ == "__main__":
    nettest.main(test_modes, test_hooks, test_shared, test_queue, test_jumps,
                 test_table, test_under_load, test_unload)
