#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Stamps of a device whose hardware clock keeps true time (tests/testhw): what
is served of them against what the other end of the wire stamped."""
import errno
import json
import os
import struct
import time

import nettest
from hwlab import BOTH, EXACT, MINUTE, Client, HwLab, exact, parameter
from kntpnl import C, attr, s64, u8, u32, u64


def interleaves(client, asked):
    """From the third on; a machine that is kept busy may be told of a stamp too
    late now and then, or not believe one that is old by then."""
    n = client.modes["interleaved"]
    return asked - 2 - asked // 8 <= n <= asked - 2 and not client.wrong


def test_stamps(lab):
    """All that is said is what the wire saw."""
    lab.serve_truth()
    lab.know()
    lab.kntp.cmd("CLIENT_SET", attr(C["KNTP_A_CLIENT_PREFIX6"], u8(128)))
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            for late in "NY":
                parameter("stamp_late", late)
                name = f"{hook}: IPv{family}" + ": late" * (late == "Y")
                rx, tx = lab.of(hook, "rx_device"), lab.of(hook, "tx_device")
                client = Client(lab, family)
                client.asks(100)
                lab.ktap.note(f"{name}: {client}")
                lab.ktap.ok(exact(client), f"{name}: within {EXACT} ns",
                            client)
                lab.ktap.ok(interleaves(client, 100), f"{name}: interleaved",
                            client)
                rx = lab.of(hook, "rx_device") - rx
                tx = lab.of(hook, "tx_device") - tx
                lab.ktap.ok(88 <= rx <= 100 and
                            tx == client.modes["interleaved"],
                            f"{name}: all by the device", (rx, tx))
    parameter("stamp_late", "N")


def test_without(lab):
    """A clock that is not known, or not any more: the kernel's own stamps."""
    lab.serve_truth()
    lab.listen("local")
    lab.forget()
    client = Client(lab).asks(100)
    lab.ktap.note(f"not known: {client}")
    lab.ktap.ok(interleaves(client, 100) and
                EXACT < max(client.errors.values()) < 10 ** 9,
                "not known: the kernel's own stamps", client)
    lab.ktap.equal((lab.of("local", "rx_unknown") >= 100), True,
                   "which is counted")
    lab.know(lifetime=10 ** 8)
    nettest.wait_for(lambda: not json.loads(lab.srv.run(
        "kntp", "-j", "phc", "show"))["devices"][0]["lifetime_left_ns"])
    device = lab.of("local", "rx_device")
    client = Client(lab).asks(100)
    lab.ktap.ok(lab.of("local", "rx_device") == device and not client.wrong,
                "not known any more", client)
    lab.know()
    lab.ktap.ok(exact(Client(lab).asks(100)), "known again: exact")
    shown = json.loads(lab.srv.run("kntp", "-j", "phc", "show"))["devices"]
    lab.ktap.ok(len(shown) == 1 and shown[0]["dev"] == "s0" and
                shown[0]["phc"] == "ptp" + parameter("phc") and
                0 < shown[0]["lifetime_left_ns"] <= MINUTE, "phc show", shown)


def test_comp(lab):
    """What the device is known to be wrong by, and a frame that takes its
    time: 94 octets of an IPv4 request, 114 of an IPv6 one, with all headers."""
    lab.serve_truth()
    lab.know(OCTET=u32(80000), RX_COMP=s64(300), TX_COMP=s64(-500))
    for hook in BOTH:
        lab.listen(hook)
        for family, octets in ((4, 94), (6, 114)):
            client = Client(lab, family).asks(20)
            lab.ktap.note(f"{hook}: IPv{family}: {client}")
            lab.ktap.ok(abs(client.errors["receive"] -
                            (octets * 80 - 300)) <= EXACT and
                        abs(client.errors["transmit"] - 500) <= EXACT,
                        f"{hook}: IPv{family}: corrected", client)
    lab.know()


def root_dispersion(reply):
    return int.from_bytes(reply[8:12], "big") / 65536


def test_error(lab):
    """The error of the hardware clock is in the root dispersion of each reply
    that has a stamp by it, as receive time or, interleaved, as transmit time
    (RFC 5905 section 11.1: root distance bounds the error), once; a clock that
    is more than 8.4 ms off stamps nothing."""
    unit = 1 / 65536
    lab.serve_truth()
    for hook in BOTH:
        lab.listen(hook)
        lab.know(ERROR=u64(0))
        client = Client(lab)
        least = max(root_dispersion(client.ask()) for _ in range(4))
        lab.ktap.ok(least <= 2 * unit, f"{hook}: no error: no dispersion", least)
        for error in (0.000030, 0.003):
            lab.know(ERROR=u64(round(error * 1e9)))
            modes = dict(client.modes)
            got = [root_dispersion(client.ask()) for _ in range(6)]
            lab.ktap.ok(client.modes["interleaved"] >= modes["interleaved"] + 4,
                        f"{hook}: {error} s: interleaved", client)
            # the error of the transmit stamp is rounded up to a power of two
            lab.ktap.ok(all(error <= d <= 2 * error + 3 * unit for d in got[1:]),
                        f"{hook}: {error} s: in the root dispersion", got)
        lab.know(ERROR=u64(9 * 10 ** 6))
        device = lab.of(hook, "rx_device")
        client.asks(3)
        sent = lab.of(hook, "tx_device")
        client.asks(5)
        lab.ktap.equal((lab.of(hook, "rx_device") - device,
                        lab.of(hook, "tx_device") - sent), (0, 0),
                       f"{hook}: 9 ms: its stamps are not used")
    lab.know()


def test_rate(lab):
    """A device is not asked for more stamps than it may be."""
    lab.serve_truth()
    lab.listen("local")
    lab.know(TX_RATE=u32(10))
    device = lab.of("local", "tx_device")
    began = time.monotonic()
    client = Client(lab).asks(200)
    most = 10 * (time.monotonic() - began) + 2
    device = lab.of("local", "tx_device") - device
    lab.ktap.note(f"{device} of {client}")
    lab.ktap.ok(0 < device <= most and interleaves(client, 200),
                "some of 200 by the device", client)
    lab.know(TX_RATE=u32(0))
    client.asks(3)	# the first is told what was stamped before
    device = lab.of("local", "tx_device")
    client.asks(20)
    lab.ktap.equal((lab.of("local", "tx_device") - device,
                    client.modes["interleaved"]), (0, 20), "none, if it must not")
    lab.know()


def test_times(lab):
    """How long replies took is counted as they say themselves."""
    lab.serve_truth()
    lab.know()
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            for entries in (0, 4096):
                lab.kntp.cmd("CLIENT_SET", attr(C["KNTP_A_CLIENT_ENTRIES"],
                                                u32(entries)))
                client = Client(lab, family)
                before, wanted = lab.kntp.times(), {}
                for _ in range(50):
                    said = client.ask()
                    took = (int.from_bytes(said[40:48], "big") -
                            int.from_bytes(said[32:40], "big"))
                    if 1 < took < 1 << 32:
                        bucket = hook, max(took.bit_length(), 8) - 7
                        wanted[bucket] = wanted.get(bucket, 0) + 1
                got = {key: count - before.get(key, 0)
                       for key, count in lab.kntp.times().items()
                       if count != before.get(key, 0)}
                basic = client.modes["basic"]
                name = f"{hook}: IPv{family}, {entries} clients"
                lab.ktap.ok(got == wanted and sum(wanted.values()) == basic > 1,
                            f"{name}: times that replies took",
                            (got, wanted, client.modes))
    shown = json.loads(lab.srv.run("kntp", "-j", "stats", "show"))
    lab.ktap.equal({(hook["hook"], number): it["count"]
                    for hook in shown["hooks"] for number, it in
                    enumerate(hook["response_time"]["buckets"], 1)
                    if it["count"]}, lab.kntp.times(), "stats show has them")
    lab.ktap.note(lab.srv.run("kntp", "stats", "show"))
    lab.kntp.cmd("STATS_RESET")
    lab.ktap.equal(lab.kntp.times(), {}, "from zero again")


def test_step(lab):
    """A hardware clock that is elsewhere is not believed."""
    lab.serve_truth()
    lab.know()
    for hook in BOTH:
        lab.listen(hook)
        client = Client(lab)
        client.asks(10)
        for by in (10 ** 9, -10 ** 9, 3600 * 10 ** 9, 10 ** 8 + 10 ** 7):
            parameter("phc_offset", by)
            client.asks(2)	# the first is told what was sent before
            client.asks(20)
            # The checker's own stamps are by the same clock.
            off = max(abs(abs(e) - abs(by)) for e in client.errors.values()
                      if e)
            lab.ktap.ok(off < 10 ** 8 and client.modes["interleaved"] == 0 and
                        not client.wrong,
                        f"{hook}: stepped by {by} ns: basic, by the kernel",
                        client)
        parameter("phc_offset", 0)
        lab.ktap.ok(exact(client.asks(20)),
                    f"{hook}: and back: exact", client)


def test_lost(lab):
    """A reply whose transmit stamp is lost is followed by a basic one."""
    lab.serve_truth()
    lab.know()
    for hook in BOTH:
        lab.listen(hook)
        client = Client(lab)
        client.asks(3)
        parameter("stamp_lost", 50)
        # The client's own are lost as well.
        got = spread(lab, 400)
        parameter("stamp_lost", 0)
        lab.ktap.note(f"{hook}: {got}")
        lab.ktap.ok(not got.wrong and got.errors["transmit"] <= EXACT,
                    f"{hook}: no stamp is wrong", got)
        lab.ktap.ok(min(got.modes.values()) > 100,
                    f"{hook}: some interleaved, some basic", got)


BURST = 900	# the device has room for 1000


def burst(lab, receive):
    """All clients ask in one round of the device: {client: receive time}, and how
    many were answered in interleaved mode."""
    asked, got, modes = {}, {}, 0
    lab.port.drain()
    parameter("hold", "Y")
    for i in range(BURST):
        src = f"10.7.{i // 250}.{i % 250 + 1}"
        asked[src] = os.urandom(8), os.urandom(8)
        lab.port.send(lab.frame(src=src, data=struct.pack(
            "!BBBb", 0x23, 0, 6, 0) + bytes(20) + receive.get(src, bytes(8)) +
            asked[src][0] + asked[src][1]))
    parameter("hold", "N")

    def took(datagram):
        nonlocal modes
        if datagram.dst in asked:
            got[datagram.dst] = datagram.data[32:40]
            modes += datagram.origin == asked[datagram.dst][0]
        return len(got) == BURST

    lab.port.until(took, 10)
    return got, modes


def test_burst(lab):
    """Every stamp of a burst comes, however many replies one round of the device
    sends; and where a device gives none the counter says so."""
    lab.serve_truth()
    lab.know()
    lab.kntp.cmd("CLIENT_SET", attr(C["KNTP_A_CLIENT_ENTRIES"], u32(8192)))
    lab.listen("ingress")
    sysctl = "/proc/sys/net/core/netdev_budget"
    names = {sysctl: 4 * BURST, sysctl + "_usecs": 10 ** 6}
    before = {name: nettest.read(name) for name in names}
    for name, value in names.items():
        nettest.write(name, value)
    receive, said, lost = {}, [], []
    for percent in (0, 0, 0, 0, 100, 0, 0):
        parameter("stamp_lost", percent)
        counted = lab.of("ingress", "tx_lost")
        receive, modes = burst(lab, receive)
        said.append((len(receive), modes))
        lost.append(lab.of("ingress", "tx_lost") - counted)
    for name, value in before.items():
        nettest.write(name, value)
    # Basic, and again until the module knows that they use the mode; the round
    # behind the one whose stamps were lost is basic once more.
    # A machine that is kept busy may be told of some when they are too old.
    lab.ktap.ok(all(got == BURST and (BURST * 0.95 <= modes <= BURST if all_come
                                      else not modes)
                    for (got, modes), all_come in
                    zip(said, (0, 0, 1, 1, 1, 0, 1))),
                "burst: no stamp is missing", said)
    lab.ktap.equal(lost, [0] * 5 + [BURST, 0], "burst: those that never came "
                   "are counted")


class Deaf(Client):
    """Does not wait for stamps of its own."""

    def wait(self, flags=0):
        return (b"", None) if flags else super().wait()

    def note(self, name, said, true):
        if name == "transmit":
            super().note(name, said, true)


def spread(lab, times, pause=0.0):
    return Deaf(lab).asks(times, pause)


def test_delayed(lab):
    """A stamp that comes too late for the next request is not used at all."""
    lab.serve_truth()
    lab.know()
    parameter("stamp_delay", 60)
    for hook in BOTH:
        lab.listen(hook)
        got = spread(lab, 40)
        lab.ktap.note(f"{hook}: {got}")
        lab.ktap.ok(not got.wrong and got.errors["transmit"] <= EXACT and
                    got.modes["basic"] > 20, f"{hook}: asked sooner: basic",
                    got)
        got = spread(lab, 10, 0.4)
        lab.ktap.ok(not got.wrong and got.errors["transmit"] <= EXACT and
                    got.modes["interleaved"] >= 6,
                    f"{hook}: asked later: interleaved", got)
    # Pending ones meet neither table nor listener any more.
    spread(lab, 10)
    lab.kntp.cmd("CLIENT_SET", attr(C["KNTP_A_CLIENT_ENTRIES"], u32(1024)))
    spread(lab, 10)
    parameter("stamp_delay", 0)
    lab.ktap.ok(exact(Client(lab).asks(20)), "then at once: exact")


# Of devices that are on top of the wire's.
ABOVE_SRV, ABOVE_CLI = "192.0.6.1", "192.0.6.2"


def add(ns, kind, address, peer):
    """A device, and where on the wire the other end of it is."""
    words = kind.split()
    device = words[words.index("name") + 1]
    try:
        ns.ip(f"link add {kind}")
    except RuntimeError as why:
        raise nettest.Skip(f"no {kind}: {why}") from None
    ns.ip(f"""link set {device} up
        addr add {address}/24 dev {device}
        neigh add {peer[0]} lladdr {peer[1]} dev {device} nud permanent""")


def on_top(lab, kind, mac=nettest.SRV_MAC):
    add(lab.srv, kind, ABOVE_SRV, (ABOVE_CLI, nettest.CLI_MAC))
    lab.cli.ip(f"neigh replace {ABOVE_SRV} lladdr {mac} dev c9 nud permanent")


def above(lab, name, by_device):
    """A client of a device that sends by another, whose stamps are known."""
    for hook in BOTH:
        lab.listen(hook, devices=("s9",))
        rx, tx = lab.of(hook, "rx_device"), lab.of(hook, "tx_device")
        client = Client(lab, server=ABOVE_SRV).asks(20)
        lab.ktap.note(f"{hook}: {name}: {client}")
        lab.ktap.ok(interleaves(client, 20) and (exact(client) or not by_device),
                    f"{hook}: {name}: right", client)
        rx, tx = lab.of(hook, "rx_device") - rx, lab.of(hook, "tx_device") - tx
        # Which one of a bond received it may be known all the same.
        lab.ktap.ok(17 <= rx <= 20 and tx == client.modes["interleaved"]
                    if by_device else tx == 0,
                    f"{hook}: {name}: by " + ("the device" if by_device else
                                              "the kernel"), (rx, tx))


def test_vlan(lab):
    """VLANs and macvlans have the stamps of the device below."""
    lab.serve_truth()
    lab.know()
    lab.cli.ip("link add link c0 name c9 type vlan id 5\nlink set c9 up\n"
               f"addr add {ABOVE_CLI}/24 dev c9")
    on_top(lab, "link s0 name s9 type vlan id 5")
    for late in "NY":
        parameter("stamp_late", late)
        above(lab, "VLAN" + ": late" * (late == "Y"), True)
    parameter("stamp_late", "N")
    lab.forget()
    above(lab, "VLAN, not known", False)
    lab.know()
    lab.listen()
    # Not renamed while it is up, by older kernels.
    lab.srv.ip("""addr flush dev s9
        link set s9 down
        link set s9 name s8
        link set s8 up""")
    mac = "02:00:5e:00:53:09"
    on_top(lab, f"link s8 name s9 address {mac} type macvlan mode bridge", mac)
    above(lab, "macvlan on it", True)
    lab.srv.ip("link del s9\nlink del s8")
    lab.cli.ip("link del c9")


def test_bond(lab):
    """A bond has the stamps of the one that is active, or of those who share
    a clock; not where another may have sent it."""
    lab.serve_truth()
    lab.cli.ip("link add link c0 name c9 type macvlan mode passthru\n"
               f"link set c9 up\naddr add {ABOVE_CLI}/24 dev c9")
    for mode, more, by_device in (("active-backup", True, True),
                                  ("balance-xor", False, True),
                                  ("broadcast", True, False)):
        on_top(lab, f"name s9 address {nettest.SRV_MAC} type bond mode {mode}")
        lab.srv.ip("link set s0 down\nlink set s0 master s9")
        lab.know()
        if more:
            lab.srv.ip("link add s7 type dummy\nlink set s7 master s9")
        if mode == "active-backup":
            lab.srv.ip("link set s9 type bond active_slave s0")
        above(lab, f"bond, {mode}" + ", and another" * more, by_device)
        lab.listen()
        lab.srv.ip("link del s9" + "\nlink del s7" * more)
    lab.cli.ip("link del c9")


def test_refused(lab):
    """What makes no sense is refused, by name."""
    a = "KNTP_A_PHC_"
    s0 = lab.srv.ifindex("s0")

    def refusal(**more):
        words = {"IFINDEX": u32(s0), "INDEX": u32(0), "MAP_PHC": s64(10 ** 18),
                 "MAP_RAW": s64(1), "LIFETIME": u64(1), **more}
        try:
            lab.kntp.cmd("PHC_SET", b"".join(
                attr(C[a + k], v) for k, v in words.items() if v is not None))
        except OSError as err:
            return err.errno
        return 0

    for name, more, wanted in (
            ("as it should be", {}, 0),
            ("no device", {"IFINDEX": None}, errno.EINVAL),
            ("another device", {"IFINDEX": u32(30000)}, errno.ENODEV),
            ("no line", {"MAP_RAW": None}, errno.EINVAL),
            ("no lifetime", {"LIFETIME": None}, errno.EINVAL),
            ("a time before 1970", {"MAP_PHC": s64(-1)}, errno.ERANGE),
            ("a moment to come", {"MAP_RAW": s64(1 << 61)}, errno.EINVAL),
            ("a rate", {"MAP_RATE": s64(1 << 60)}, errno.ERANGE),
            ("a correction", {"RX_COMP": s64(10 ** 9 + 1)}, errno.ERANGE),
            ("a slow wire", {"OCTET": u32(8000001)}, errno.ERANGE),
            ("many stamps", {"TX_RATE": u32(10 ** 9 + 1)}, errno.ERANGE)):
        lab.ktap.equal(refusal(**more), wanted, f"refused or not: {name}")
    lab.forget()
    try:
        lab.forget()
        got = 0
    except OSError as err:
        got = err.errno
    lab.ktap.equal(got, errno.ENOENT, "nothing is known of it")


if __name__ == "__main__":
    nettest.main(test_stamps, test_without, test_comp, test_error, test_rate, test_times,
                 test_step, test_lost, test_burst, test_delayed, test_vlan, test_bond, test_refused,
                 lab=HwLab)
