#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Who asks, of the many in the table: what the module leaves out of a dump, and
what `kntp client show` makes of it."""
import errno
import ipaddress
import json
import time

import nettest
import ntpnet
from kntpnl import C, NLM_F_DUMP, attr, attrs, u8, u32

FILTER = "KNTP_A_CLIENT_FILTER"
# Who asks: address, version, mode, how often.
PEOPLE = (
    ("198.51.100.7", 4, 3, 1), ("198.51.100.8", 3, 3, 9),
    ("198.51.7.8", 4, 1, 4), ("10.1.2.3", 3, 1, 30), ("10.1.2.4", 4, 3, 2),
    ("10.200.2.4", 1, 3, 5), ("2001:db8:99::7", 4, 3, 3),
    ("2001:db8:99:1::7", 4, 1, 12), ("2001:db8:77::1", 3, 3, 1),
)
STRANGERS = set(nettest.SENTINEL.values())


def filtered(lab, **words):
    """The addresses that a dump has, as the module was asked for them."""
    data = b""
    for key, value in words.items():
        if key == "prefix":
            net = ipaddress.ip_network(value)
            data += attr(C[FILTER + "_ADDR"], net.network_address.packed)
            data += attr(C[FILTER + "_LEN"], u8(net.prefixlen))
        else:
            data += attr(C[FILTER + "_" + key.upper()],
                         (u8 if key in ("mode", "version") else u32)(value))
    data = attr(C[FILTER] | 0x8000, data)
    found = []
    for answer in lab.kntp.cmd("CLIENT_GET", data, NLM_F_DUMP):
        for kind, nest in attrs(answer):
            if kind == C["KNTP_A_CLIENT_CLIENT"]:
                got = dict(attrs(nest))[C["KNTP_A_CLIENT_CLIENT_ADDR"]]
                found.append(str(ipaddress.ip_address(got)))
    return sorted(found)


def show(lab, *words):
    return json.loads(lab.srv.run("kntp", "-j", "client", "show", *words))["clients"]


def plain(client):
    """Its address as a dump has it, without the length of a prefix."""
    return client["address"].split("/")[0]


def everybody_asks(lab):
    lab.kntp.cmd("CLIENT_SET", attr(C["KNTP_A_CLIENT_PREFIX6"], u8(64)))
    lab.kntp.cmd("CLIENT_FLUSH")
    for address, version, mode, count in PEOPLE:
        family = ipaddress.ip_address(address).version
        lab.answers([lab.frame(family, ntpnet.ntp(mode, version), src=address)
                     for _ in range(count)],
                    sentinel=lab.sentinel(family))


def wanted(clients, words):
    """What the words mean, said once more."""
    def good(c):
        asked = c["requests"] + c["refused"]
        between = (c["first_ago_ns"] - c["last_ago_ns"]) // 10 ** 6
        address = ipaddress.ip_address(plain(c))
        net = ipaddress.ip_network(words.get("prefix", "0.0.0.0/0"))
        return ("prefix" not in words or (
                    net.version == address.version and address in net)) and \
            words.get("mode", c["mode"]) == c["mode"] and \
            words.get("version", c["version"]) == c["version"] and \
            asked >= words.get("asked", 0) and (
                not words.get("rate") or asked > 1 and
                (asked - 1) * 10 ** 6 >= words["rate"] * between)
    return sorted(plain(c) for c in clients if good(c))


def some_words(dice):
    words = {}
    if dice.random() < 0.4:
        words["prefix"] = dice.choice((
            "10.0.0.0/8", "10.1.2.0/24", "198.51.100.7/32", "0.0.0.0/0",
            "10.1.2.4/31", "2001:db8:99::/48", "::/0", "2001:db8:99::/64",
            "2001:db8::/32", "192.0.2.0/24"))
    if dice.random() < 0.3:
        words["mode"] = dice.choice((1, 3))
    if dice.random() < 0.3:
        words["version"] = dice.choice((1, 2, 3, 4))
    if dice.random() < 0.4:
        words["asked"] = dice.randrange(14)
    if dice.random() < 0.4:
        words["rate"] = dice.choice((1, 1000, 10 ** 5, 10 ** 6, 10 ** 7, 2 ** 32 - 1))
    return words


def test_filter(lab):
    lab.listen("ingress")
    everybody_asks(lab)
    everyone = show(lab)
    lab.ktap.equal(len({plain(c) for c in everyone}), len(everyone),
                   "each is told once")
    lab.ktap.ok(len(everyone) >= len(PEOPLE), "all are told", everyone)
    wrong, told = [], 0
    for _ in range(200):
        words = some_words(lab.ktap.random)
        got, expected = filtered(lab, **words), wanted(everyone, words)
        told += 0 < len(got) < len(everyone)
        if got != expected:
            wrong.append((words, got, expected))
    lab.ktap.ok(not wrong, "those who are asked for, and no others", wrong[:3])
    lab.ktap.ok(told > 20, "some, not all of them", told)


def test_seen(lab):
    lab.listen("ingress")
    everybody_asks(lab)
    nettest.wait_for(lambda: all(c["last_ago_ns"] > 3 * 10 ** 9
                                 for c in show(lab)))
    lab.ktap.equal(filtered(lab, seen=2500), [], "nobody came of late")
    lab.port.send(lab.frame(src="10.1.2.4"))
    lab.ktap.ok(nettest.wait_for(lambda: filtered(lab, seen=2500) ==
                                 ["10.1.2.4"]), "but who just did",
                filtered(lab, seen=2500))
    lab.ktap.ok(len(filtered(lab, seen=10 ** 9)) >= len(PEOPLE),
                "and all within days")


def refused(lab, data, flags=NLM_F_DUMP):
    try:
        lab.kntp.cmd("CLIENT_GET", attr(C[FILTER] | 0x8000, data), flags)
    except OSError as err:
        return err.errno
    return 0


def test_refused(lab):
    lab.listen("ingress")
    addr, length = C[FILTER + "_ADDR"], C[FILTER + "_LEN"]
    for data, what in (
            (attr(length, u8(8)), "a length alone"),
            (attr(addr, bytes(4)) + attr(length, u8(33)), "IPv4, 33 bits"),
            (attr(addr, bytes(8)), "an address of 8 octets"),
            (attr(99, u8(1)), "something unknown")):
        lab.ktap.equal(refused(lab, data), errno.EINVAL, what)
    for data, what in (
            (attr(addr, bytes(16)) + attr(length, u8(129)), "IPv6, 129 bits"),
            (attr(C[FILTER + "_MODE"], u8(8)), "mode 8"),
            (attr(C[FILTER + "_VERSION"], u8(0)), "version 0")):
        lab.ktap.equal(refused(lab, data), errno.ERANGE, what)
    lab.ktap.equal(refused(lab, attr(C[FILTER + "_MODE"], u8(3)), 4),
                   errno.EINVAL, "a filter of what is no dump")


def test_show(lab):
    lab.listen("ingress")
    everybody_asks(lab)
    for words, expected in (
            (("prefix", "10.0.0.0/8", "mode", "3"), {"10.1.2.4", "10.200.2.4"}),
            (("version", "3"), {"198.51.100.8", "10.1.2.3", "2001:db8:77::/64"}),
            (("requests", "12", "within", "1000"),
             {"10.1.2.3", "2001:db8:99:1::/64"}),
            (("prefix", "2001:db8:99::/48"),
             {"2001:db8:99::/64", "2001:db8:99:1::/64"}),
            (("rate", "0.001", "version", "4", "mode", "3"),
             {"10.1.2.4", "2001:db8:99::/64"})):
        got = {c["address"] for c in show(lab, *words)} - STRANGERS
        lab.ktap.equal(got, expected, f"client show {' '.join(words)}")
    lab.ktap.equal([(c["address"], c["requests"]) for c in
                    show(lab, "top", "3")],
                   [("10.1.2.3", 30), ("2001:db8:99:1::/64", 12),
                    ("198.51.100.8", 9)], "client show top 3")
    got = show(lab, "top", "5", "by", "seen")
    lab.ktap.equal(len(got), 5, "client show top 5 by seen")
    lab.ktap.ok([c["last_ago_ns"] for c in got] ==
                sorted(c["last_ago_ns"] for c in got), "in this order", got)
    got = show(lab, "top", "100", "by", "rate")
    often = [c["interval_ns"] for c in got if c["interval_ns"] is not None]
    once = [c for c in got[len(often):] if c["requests"] > 1]
    lab.ktap.ok(len(often) > 5 and often == sorted(often) and not once,
                "top by rate: who asked once comes last", got)


def test_many(lab):
    """Of many, the first are those that there are."""
    lab.listen("ingress")
    lab.kntp.cmd("CLIENT_SET", attr(C["KNTP_A_CLIENT_ENTRIES"], u32(1 << 17)))
    lab.kntp.cmd("CLIENT_FLUSH")
    process = nettest.flood(lab.cli, "c0", [lab.frame()], 20000,
                            lab.ktap.random.randrange(1 << 31), "spoof")
    process.wait()
    lab.answers([lab.frame(src="10.1.2.3") for _ in range(50)])
    lab.answers([lab.frame(src="10.1.2.4") for _ in range(30)])
    begun = time.monotonic()
    everyone = show(lab)
    lab.ktap.note(f"{len(everyone)} clients in {time.monotonic() - begun:.1f} s")
    lab.ktap.ok(len(everyone) > 15000, "many asked", len(everyone))
    top = show(lab, "top", "7")
    counts = sorted((c["requests"] for c in everyone), reverse=True)
    lab.ktap.equal([c["requests"] for c in top], counts[:7],
                   "the first of all")
    lab.ktap.equal([c["address"] for c in top[:2]], ["10.1.2.3", "10.1.2.4"],
                   "are those two")
    lab.kntp.cmd("CLIENT_SET", attr(C["KNTP_A_CLIENT_ENTRIES"], u32(1 << 16)))


if __name__ == "__main__":
    nettest.main(test_filter, test_seen, test_refused, test_show, test_many)
