#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""How often who may ask: each client, a prefix, all together; who is told so
(kiss-o'-death), and that the polite are answered while others flood."""
import errno
import json
import math
import os
import subprocess
import tempfile
import time

import nettest
import ntpnet
from kntpnl import C, attr, u8, u32

BOTH = ("local", "ingress")
# Of the polite, at least, where none of their requests is lost on the way.
SERVED = 0.99
# Where a flood makes the host lose some: strangers are let in some in a hundred.
LET_IN = 0.8


def s8(value):
    return u8(value & 0xff)


def one(**words):
    return b"".join(attr(C["KNTP_A_LIMIT_ONE_" + key.upper()],
                         s8(value) if key == "interval" else u8(value))
                    for key, value in words.items())


def limit(lab, **words):
    """client={…}, prefix={…}, replies=N, deny=N; all else off, and all who
    asked forgotten."""
    lab.kntp.cmd("LIMIT_DEL")
    lab.kntp.cmd("CLIENT_FLUSH")
    a = "KNTP_A_LIMIT_"
    data = b"".join(
        attr(C[a + key.upper()] | 0x8000, one(**value))
        if isinstance(value, dict) else
        attr(C[a + key.upper()], u32(value) if key == "replies" else u8(value))
        for key, value in words.items())
    if data:
        lab.kntp.cmd("LIMIT_SET", data)


def between(count, n, p):
    """Whether so many of N are likely where each is so by P."""
    return abs(count - n * p) <= 5 * math.sqrt(n * p * (1 - p)) + 1


def exchange(lab, frames):
    """What is answered to these frames, which need not be the last one."""
    hooks = {hook for hook, _ in lab.kntp.listeners()}
    first = "ingress" if "ingress" in hooks else "local"

    def came():
        return lab.kntp.stats().get((first, "in"), 0)

    before = came()
    lab.port.drain()
    for frame in frames:
        lab.port.send(frame)
    if not nettest.wait_for(lambda: came() - before >= len(frames)):
        raise RuntimeError(f"{came() - before} of {len(frames)} came")
    return lab.port.until(lambda d: False, 0.05)[0]


def is_kiss(answer, code, asked):
    data = answer.data
    return (data[0] >> 6 == 3 and data[1] == 0 and data[12:16] == code and
            data[24:32] == asked and len(data) == 48)


def test_client(lab):
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            name = f"{hook}: IPv{family}"
            limit(lab, client={"interval": 12, "burst": 8, "leak": 2})
            before = lab.kntp.stats()
            got = exchange(lab, [lab.frame(family) for _ in range(400)])
            after = lab.kntp.stats()
            dropped = after.get((hook, "drop_rate"), 0) - \
                before.get((hook, "drop_rate"), 0)
            lab.ktap.ok(len(got) > 8 and between(len(got) - 8, 392, 1 / 4),
                        f"{name}: 8 at once, then one in four", len(got))
            lab.ktap.ok(dropped == 400 - len(got) and all(
                answer.data[1] == 1 for answer in got),
                f"{name}: the others are counted, and not told", dropped)
            other = exchange(lab, [lab.frame(family, src=nettest.CLI[family])
                                   for _ in range(8)])
            lab.ktap.equal(len(other), 8, f"{name}: another client is not it")
            shown = json.loads(lab.srv.run("kntp", "-j", "client", "show"))
            mine = [c for c in shown["clients"] if c["refused"]]
            lab.ktap.ok(len(mine) == 1 and mine[0]["refused"] == dropped and
                        mine[0]["requests"] == len(got),
                        f"{name}: client show says so", shown)


def test_kiss(lab):
    limits = {"interval": 12, "burst": 1, "leak": 4, "kod": 1}
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            name = f"{hook}: IPv{family}"
            limit(lab, client=limits)
            before = lab.kntp.stats()
            asked = [os.urandom(8) for _ in range(400)]
            frames = [lab.frame(family, ntpnet.ntp(transmit=it))
                      for it in asked]
            got = exchange(lab, frames)
            after = lab.kntp.stats()
            kissed = [a for a in got if a.data[1] == 0]
            lab.ktap.ok(between(len(kissed), 400 * 15 / 16, 1 / 2),
                        f"{name}: half of those refused are told so",
                        len(kissed))
            lab.ktap.ok(all(is_kiss(a, b"RATE", a.origin) and
                            a.origin in asked and a.data[2] == 12
                            for a in kissed),
                        f"{name}: RATE, and how often to ask", kissed[:1])
            lab.ktap.ok(after.get((hook, "of_kiss"), 0) -
                        before.get((hook, "of_kiss"), 0) == len(kissed) and
                        after[hook, "drop_rate"] -
                        before.get((hook, "drop_rate"), 0) ==
                        400 - len(got) + len(kissed),
                        f"{name}: counted as what they are", after)


def test_deny(lab):
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            name = f"{hook}: IPv{family}"
            lab.kntp.acl("deny", "198.51.100.7/32", "2001:db8:99::7/128")
            limit(lab)
            lab.ktap.equal(len(exchange(lab, [lab.frame(family)] * 100)), 0,
                           f"{name}: the denied are not told, unless asked for")
            limit(lab, deny=2)
            got = exchange(lab, [lab.frame(family) for _ in range(400)])
            lab.ktap.ok(between(len(got), 400, 1 / 4) and
                        all(is_kiss(a, b"DENY", a.origin) for a in got),
                        f"{name}: one in four is told so", len(got))
    lab.kntp.acl("allow", "198.51.100.7/32", "2001:db8:99::7/128")


def test_refill(lab):
    """Tokens come back, and no more of them than there is room for."""
    lab.listen("ingress")
    limit(lab, client={"interval": -1, "burst": 2, "leak": 4})
    exchange(lab, [lab.frame() for _ in range(40)])
    time.sleep(3)
    got = exchange(lab, [lab.frame() for _ in range(2)])
    lab.ktap.equal(len(got), 2, "after some seconds it may ask again")
    got = exchange(lab, [lab.frame() for _ in range(100)])
    lab.ktap.ok(len(got) <= 2 + 100 / 16 + 15, "but not more than at first",
                len(got))
    limit(lab)
    got = exchange(lab, [lab.frame() for _ in range(100)])
    lab.ktap.equal(len(got), 100, "and without a limit as it likes")


def sources(family, n, net):
    """So many addresses of one prefix."""
    return [f"203.0.{net}.{i}" if family == 4 else
            f"2001:db8:{net}:{i:x}::5" for i in range(1, n + 1)]


def test_prefix(lab):
    limits = {"interval": 12, "burst": 16, "leak": 4, "prefix4": 24,
              "prefix6": 48}
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            name = f"{hook}: IPv{family}"
            limit(lab, prefix=limits)
            before = lab.kntp.stats()
            got = exchange(lab, [lab.frame(family, src=src)
                                 for src in sources(family, 250, 113)])
            dropped = lab.kntp.stats()[hook, "drop_prefix"] - \
                before.get((hook, "drop_prefix"), 0)
            lab.ktap.ok(16 <= len(got) and
                        between(len(got) - 16, 234, 1 / 16) and
                        len(got) + dropped == 250,
                        f"{name}: 250 of one prefix are as one", len(got))
            got = exchange(lab, [lab.frame(family, src=src)
                                 for src in sources(family, 16, 114)])
            lab.ktap.equal(len(got), 16, f"{name}: others are not it")
            shown = json.loads(lab.srv.run("kntp", "-j", "client", "show"))
            wanted = "203.0.113.0/24" if family == 4 else "2001:db8:113::/48"
            mine = [c["refused"] for c in shown["clients"]
                    if c["address"] == wanted]
            lab.ktap.equal(mine, [dropped], f"{name}: client show has it")
            lab.ktap.ok(all(c[key] is None for c in shown["clients"]
                            if c["address"] == wanted
                            for key in ("version", "mode", "poll")),
                        f"{name}: it has neither version, mode nor poll", shown)
            shown = json.loads(lab.srv.run("kntp", "-j", "client", "show",
                                           "mode", "3", "version", "4"))
            lab.ktap.ok(shown["clients"] and wanted not in
                        [c["address"] for c in shown["clients"]],
                        f"{name}: no mode and version are its", shown)


def kisses(lab, frames, how):
    """What a flood of these is told: kiss codes, the time that it took at most,
    and how many requests came."""
    def count(name):
        return lab.kntp.stats().get(("ingress", name), 0)

    nettest.tool("flood")
    begun = time.monotonic()
    came, told = count("in"), count("of_kiss")
    sender = nettest.flood(lab.cli, "c0", frames, 0,
                           lab.ktap.random.randrange(1 << 30), how,
                           everywhere=True)
    nettest.wait_for(lambda: time.monotonic() - begun > 2, 10)
    sender.kill()
    sender.communicate()
    came, told = count("in") - came, count("of_kiss") - told
    return told, time.monotonic() - begun, came


def test_kisses(lab):
    """Kiss codes spend from the budget; those of the denied have a limit of
    their own. Without it half of a flood is reflected to where it says it is
    from."""
    lab.listen("ingress")
    # A window of the budget is 64 ms at most.
    window = 1000 * 0.064
    sender = nettest.FAR4
    halves = ("0.0.0.0/1", "128.0.0.0/1")
    for name, frames, how, most, words in (
            ("DENY", [lab.frame()], "spoof",
             lambda s: 1024 * s + 50, {"deny": 1}),
            ("DENY, budget 1000", [lab.frame()], "spoof",
             lambda s: 1000 * s + window, {"deny": 1, "replies": 1000}),
            ("RATE, budget 1000", [lab.frame()], "plain",
             lambda s: 1000 * s + window,
             {"client": {"interval": 12, "burst": 1, "leak": 4, "kod": 1},
              "replies": 1000})):
        lab.kntp.acl("deny" if "deny" in words else "allow", *halves)
        limit(lab, **words)
        told, seconds, came = kisses(lab, frames, how)
        if came < 3 * most(seconds):
            lab.ktap.skip(name, f"{came} requests in {seconds:.1f} s are no flood")
            continue
        lab.ktap.ok(20 < told <= most(seconds), f"{name}: no more than that",
                    f"{told} kiss codes in {seconds:.1f} s to {came} requests")
        lab.ktap.note(f"{name}: {told} kiss codes in {seconds:.1f} s to {came} "
                      "requests")
    lab.kntp.acl_del(*halves)
    limit(lab)


def known_to(lab):
    """Clients that were answered twice, while nobody else asked."""
    limit(lab)
    known = [f"192.0.2.{i}" for i in range(100, 150)]
    for _ in range(2):
        exchange(lab, [lab.frame(src=src) for src in known])
    lab.kntp.cmd("LIMIT_SET", attr(C["KNTP_A_LIMIT_REPLIES"], u32(1000)))
    return known


def let_in(lab):
    """How many requests of these the module has let in."""
    shown = json.loads(lab.srv.run("kntp", "-j", "client", "show", "prefix",
                                   "192.0.2.0/24"))
    return sum(client["requests"] for client in shown["clients"])


def are_answered(lab, known, name):
    """By the budget each is; what a busy machine loses on the way is no fault
    of it."""
    served = asked = 0
    before = let_in(lab)
    end = time.monotonic() + 3
    while time.monotonic() < end or asked < 200:
        for src in known:
            served += polite(lab, lab.frame(src=src))
            asked += 1
    told = let_in(lab) - before
    lab.ktap.ok(asked * LET_IN <= told <= asked and served >= 0.95 * told, name,
                f"asked {asked}, let in {told}, answers {served}")


def test_budget(lab):
    """Those who were answered before have what there is of replies, strangers
    the rest."""
    lab.listen("ingress")
    known = known_to(lab)
    before = lab.kntp.stats()

    def gone():
        after = lab.kntp.stats()
        return [after.get(("ingress", name), 0) - before.get(("ingress", name), 0)
                for name in ("in", "answered", "drop_budget")]

    sender = nettest.flood(lab.cli, "c0", [lab.frame()], 0,
                           lab.ktap.random.randrange(1 << 30), "spoof",
                           everywhere=True)
    are_answered(lab, known, "budget: the known are answered")
    sender.kill()
    sender.communicate()
    # While they come some are counted as seen, and not yet as what they became.
    lab.ktap.ok(nettest.wait_for(lambda: gone()[0] == sum(gone()[1:]), 2),
                "budget: the others are counted", gone())
    lab.ktap.note(f"in, answered, over the budget: {gone()}")
    limit(lab)


def test_strangers(lab):
    """Who asks again and again and is not answered is a stranger still."""
    lab.listen("ingress")
    room = C["KNTP_A_CLIENT_ENTRIES"]
    lab.kntp.cmd("CLIENT_SET", attr(room, u32(1 << 18)))
    known = known_to(lab)
    sender = nettest.flood(lab.cli, "c0", [lab.frame()], 0,
                           lab.ktap.random.randrange(1 << 30), "spoof65536",
                           everywhere=True)

    def dropped():
        return lab.kntp.stats().get(("ingress", "drop_budget"), 0)

    # Each has asked twice, and hardly any was answered so.
    before = dropped()
    nettest.wait_for(lambda: dropped() - before > 130000, 30)
    are_answered(lab, known, "budget: those who were answered before come first")
    sender.kill()
    sender.communicate()
    lab.kntp.cmd("CLIENT_SET", attr(room, u32(1 << 16)))
    limit(lab)


def polite(lab, frame):
    """Whether one request is answered."""
    nonce = ntpnet.parse(frame).transmit
    lab.port.drain()
    lab.port.send(frame)
    end = time.monotonic() + 0.5 * nettest.SCALE
    # Answers to others come all the time.
    for answer, tags in lab.port.frames(end):
        datagram = ntpnet.parse(answer, tags)
        if datagram and datagram.origin == nonce:
            return True
        if time.monotonic() > end:
            break
    return False


def test_flood(lab):
    """One at full rate, all of a prefix, and many in others' names, while
    others ask now and then."""
    lab.listen("ingress", "local")
    zero, cpus = lab.kntp.stats(), lab.kntp.cpu_stats()
    one_each = {"interval": 0, "burst": 8, "leak": 4, "kod": 4}
    together = {"interval": -6, "burst": 255, "leak": 4, "prefix4": 24,
                "prefix6": 48}
    for name, frames, how in (
            ("one client", [lab.frame(), lab.frame(6)], "plain"),
            ("one /24", [lab.frame(src=src) for src in
                         sources(4, 250, 113)], "plain"),
            ("one /48", [lab.frame(6, src=src) for src in
                         sources(6, 250, 113)], "plain"),
            ("65536 sources", [lab.frame()], "spoof")):
        limit(lab, client=one_each, prefix=together)
        before = lab.kntp.stats()
        sender = nettest.flood(lab.cli, "c0", frames, 0,
                               lab.ktap.random.randrange(1 << 30), how,
                               everywhere=True)
        served = asked = 0
        end = time.monotonic() + 2
        while time.monotonic() < end or asked < 200:
            # Each now and then: no faster than one a second on the whole.
            src = f"192.0.{asked // 200 % 50 + 3}.{asked % 200 + 1}"
            served += polite(lab, lab.frame(src=src))
            asked += 1
        sender.kill()
        sender.communicate()
        after = lab.kntp.stats()
        counts = {key[1]: n for key, n in after.items() if
                  key[0] == "ingress" and n != before.get(key, 0)}
        lab.ktap.note(f"{name}: {served} of {asked}; {counts}")
        lab.ktap.ok(served >= asked * SERVED,
                    f"flood by {name}: the polite are answered",
                    f"{served} of {asked}")
    limit(lab)
    now = lab.kntp.cpu_stats()
    summed = {key: sum(stats.get(key, 0) for stats in now.values()) -
              sum(stats.get(key, 0) for stats in cpus.values())
              for key in lab.kntp.stats()}
    lab.ktap.ok(len(now) > 1 or os.cpu_count() == 1, "each CPU has its counters",
                now)
    lab.ktap.equal({key: n for key, n in summed.items() if n},
                   {key: n - zero.get(key, 0) for key, n in lab.kntp.stats().items()
                    if n != zero.get(key, 0)}, "which add up")


def test_event(lab):
    """Whoever crosses a limit is told of once."""
    lab.listen("ingress")
    limit(lab, client={"interval": 12, "burst": 2, "leak": 4})
    with tempfile.TemporaryFile("w+") as out, lab.srv, subprocess.Popen(
            ["kntp", "-j", "monitor"], stdout=out) as monitor:

        def told(event):
            out.seek(0)
            return [line.get("client") for line in map(json.loads, out)
                    if line["event"] == event]

        def heard():
            lab.kntp.clock_set(lease="forever")
            return told("clock_set")

        nettest.wait_for(heard, step=0.1)
        exchange(lab, [lab.frame() for _ in range(50)])
        exchange(lab, [lab.frame(6) for _ in range(50)])
        nettest.wait_for(lambda: len(told("limit")) >= 2)
        lab.ktap.equal(told("limit"), [nettest.FAR4, "2001:db8:99::"],
                       "events name who crosses a limit, once")
        monitor.kill()
    limit(lab)


def test_refused(lab):
    a = "KNTP_A_LIMIT_"

    def said(data):
        try:
            lab.kntp.cmd("LIMIT_SET", data)
        except OSError as err:
            return err.errno
        return 0

    def nest(what, **words):
        return attr(C[a + what] | 0x8000, one(**words))

    for name, data, wanted in (
            ("as it should be", nest("CLIENT", interval=3, burst=8), 0),
            ("no interval", nest("CLIENT", burst=8), errno.EINVAL),
            ("no burst", nest("CLIENT", interval=8), errno.EINVAL),
            ("burst 0", nest("CLIENT", interval=8, burst=0), errno.ERANGE),
            ("interval 13", nest("CLIENT", interval=13, burst=1), errno.ERANGE),
            ("interval -20", nest("CLIENT", interval=-20, burst=1),
             errno.ERANGE),
            ("leak 5", nest("CLIENT", interval=1, burst=1, leak=5),
             errno.ERANGE),
            ("kod 5", nest("CLIENT", interval=1, burst=1, kod=5), errno.ERANGE),
            ("a client's prefix", nest("CLIENT", interval=1, burst=1,
                                       prefix4=24), errno.EINVAL),
            ("no prefix", nest("PREFIX", interval=1, burst=1), errno.EINVAL),
            ("prefix4 32", nest("PREFIX", interval=1, burst=1, prefix4=32),
             errno.ERANGE),
            ("prefix6 64", nest("PREFIX", interval=1, burst=1, prefix6=64),
             errno.ERANGE),
            ("budget 999", attr(C[a + "REPLIES"], u32(999)), errno.ERANGE),
            ("deny 5", attr(C[a + "DENY"], u8(5)), errno.ERANGE)):
        lab.ktap.equal(said(data), wanted, f"refused or not: {name}")
    limit(lab)


def table(lab, **words):
    """The error of CLIENT_SET, or 0."""
    try:
        lab.kntp.cmd("CLIENT_SET", b"".join(
            attr(C["KNTP_A_CLIENT_" + key.upper()],
                 (u8 if key == "prefix6" else u32)(value))
            for key, value in words.items()))
    except OSError as err:
        return err.errno
    return 0


def test_table(lab):
    """A limit that the client table cannot keep is refused, and so is a table
    that cannot keep the limits that are set: no limit is silently off or of
    other prefixes than it says."""
    client = {"client": {"interval": 1, "burst": 8}}
    prefix = {"prefix": {"interval": 1, "burst": 8, "prefix6": 48}}

    def refusal(**words):
        try:
            limit(lab, **words)
        except OSError as err:
            return err.errno
        return 0

    lab.ktap.equal(table(lab, entries=0), 0, "no client table")
    for name, words in (("clients", client), ("prefixes", prefix)):
        lab.ktap.equal(refusal(**words), errno.EINVAL,
                       f"no client table: a limit of {name} is refused")
    lab.ktap.equal(refusal(replies=1000), 0,
                   "no client table: the budget needs none")
    lab.ktap.equal(table(lab, entries=1024, prefix6=32), 0, "prefix6 32")
    lab.ktap.equal(refusal(**prefix), errno.EINVAL,
                   "a limit's prefix6 longer than the table's is refused")
    lab.ktap.equal(table(lab, prefix6=48), 0, "prefix6 48")
    lab.ktap.equal(refusal(**prefix), 0, "as long as the table's")
    lab.ktap.equal(table(lab, prefix6=47), errno.EBUSY,
                   "a table with a shorter prefix6 than the limit's is refused")
    for words in (prefix, client):
        refusal(**words)
        lab.ktap.equal(table(lab, entries=0), errno.EBUSY,
                       f"no table while there is a limit: refused: {words}")
    limit(lab)
    lab.ktap.equal(table(lab, entries=0), 0, "without limits it is not")
    table(lab, entries=65536, prefix6=64)


if __name__ == "__main__":
    nettest.main(test_client, test_kiss, test_deny, test_refill, test_prefix,
                 test_kisses, test_budget, test_strangers, test_flood,
                 test_event, test_refused, test_table)
