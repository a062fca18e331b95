#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Devices, addresses, namespaces and the module itself come and go, with
packets in flight all the time."""
import os
import socket
import threading
import time

import nettest
import ntpnet
from kntpnl import Kntp
from nettest import CLI_MAC, SRV, SRV_MAC

ROUNDS = 20 if os.environ.get("KNTP_LONG") else 3


class Pair:
    """One more veth pair into the server's namespace, with a sender that does
    not stop of its own accord."""

    def __init__(self, lab, name, srv=None):
        self.lab, self.name, self.srv = lab, name, srv or lab.srv
        self.srv.ip(f"""link add {name}s address {SRV_MAC} type veth peer name \
{name}c netns {lab.cli.name} address {CLI_MAC}
            link set {name}s up
            link set lo up""")
        lab.cli.ip(f"link set {name}c up")
        self.ifindex = self.srv.ifindex(name + "s")
        self.sender = None

    def flood(self):
        self.sender = nettest.flood(
            self.lab.cli, self.name + "c",
            [self.lab.frame(4), self.lab.frame(6)], 0,
            self.lab.ktap.random.randrange(1 << 30), "spoof", everywhere=True)

    def stop(self):
        if self.sender:
            self.sender.kill()
            self.sender.communicate()
            self.sender = None

    def delete(self):
        self.stop()
        self.lab.cli.run("ip", "link", "del", self.name + "c", check=False)


def busy(lab, counter, least=50):
    """Whether that counter goes on counting."""
    was = lab.kntp.stats().get(counter, 0)
    return nettest.wait_for(
        lambda: lab.kntp.stats().get(counter, 0) >= was + least)


def test_removed(lab):
    """A device that is listened to is deleted."""
    for i in range(2):
        pair = Pair(lab, f"r{i}")
        lab.kntp.listen("ingress", pair.ifindex)
        pair.flood()
        ok = busy(lab, ("ingress", "answered"))
        lab.srv.ip(f"link del r{i}s")
        pair.stop()
        lab.ktap.ok(ok and lab.kntp.listeners() == [],
                    "a device is removed under traffic: its listener goes",
                    lab.kntp.listeners())


def test_renamed(lab):
    pair = Pair(lab, "n")
    lab.kntp.listen("ingress", pair.ifindex)
    pair.flood()
    lab.srv.ip("link set ns down\nlink set ns name other0\nlink set other0 up")
    shown = nettest.run("kntp", "-n", lab.srv.name, "listen", "show")
    lab.ktap.ok(busy(lab, ("ingress", "answered")) and "dev other0" in shown,
                "a device is renamed: it is listened to still", shown)
    pair.delete()
    nettest.wait_for(lambda: not lab.kntp.listeners())


def test_moved(lab):
    """A device that moves to another namespace leaves its listener behind, and
    answers nobody there."""
    other = lab.netns("moved")
    pair = Pair(lab, "m")
    lab.kntp.listen("ingress", pair.ifindex)
    pair.flood()
    ok = busy(lab, ("ingress", "answered"))
    lab.srv.ip(f"link set ms netns {other.name}")
    with other:
        there = Kntp()
    other.ip("link set ms up")
    before = lab.kntp.stats()
    time.sleep(0.1)
    lab.ktap.ok(ok and lab.kntp.listeners() == [] == there.listeners() and
                lab.kntp.stats() == before and there.stats() == {},
                "a device moves to another namespace: nobody listens to it",
                f"{lab.kntp.listeners()} {there.listeners()} {there.stats()}")
    there.allow_all()
    there.listen("ingress", other.ifindex("ms"))
    other.ip(f"addr add {SRV[4]}/24 dev ms")
    lab.ktap.ok(nettest.wait_for(lambda: there.stats().get(
        ("ingress", "answered"), 0) > 10), "until it is listened to there")
    there.close()
    other.ip(f"link set ms netns {lab.srv.name}")
    pair.delete()


def test_namespace(lab):
    """A namespace ends while it listens and is asked."""
    for hooks in (("local",), ("local", "ingress")):
        ns = nettest.Netns("ends")
        nettest.run("ip", "netns", "add", ns.name)
        ns.open()
        pair = Pair(lab, "e", ns)
        ns.ip(f"""addr add {SRV[4]}/24 dev es
            addr add {SRV[6]}/64 dev es nodad
            neigh add {nettest.CLI4} lladdr {CLI_MAC} dev es
            neigh add {nettest.CLI6} lladdr {CLI_MAC} dev es
            route add default via {nettest.CLI4}
            route add default via {nettest.CLI6} dev es""")
        with ns:
            kntp = Kntp()
        kntp.allow_all()
        for hook in hooks:
            kntp.listen(hook, pair.ifindex if hook == "ingress" else 0)
        pair.flood()
        ok = nettest.wait_for(lambda: kntp.stats().get(
            (hooks[-1], "answered"), 0) > 50)
        kntp.close()
        ns.delete()
        gone = nettest.wait_for(lambda: not device(lab.cli, "ec"), 20)
        pair.stop()
        lab.ktap.ok(ok and gone, f"{'+'.join(hooks)}: a namespace ends under "
                    "traffic", f"{ok} {gone}")
    lab.listen("ingress")
    lab.ktap.ok(lab.ask(), "and the others go on")


def device(ns, name):
    try:
        return ns.ifindex(name)
    except OSError:
        return 0


def test_link(lab):
    """Down and up; an address goes and comes; the hook knows at once."""
    lab.listen("ingress")
    lab.srv.ip("link set s0 down\nlink set s0 up")
    nettest.wait_for(lambda: lab.srv.run("ip", "-o", "link", "show", "s0",
                                         "up").count("LOWER_UP"))
    lab.srv.ip(f"addr replace {SRV[6]}/64 dev s0 nodad")
    for family in (4, 6):
        lab.ktap.ok(lab.ask(family), f"IPv{family}: link down and up")
    more = {4: "192.0.2.66", 6: "2001:db8:1::66"}
    lab.srv.ip(f"addr add {more[4]}/24 dev s0\naddr add {more[6]}/64 dev s0 nodad")
    for family in (4, 6):
        lab.ktap.ok(lab.ask(family, dst=more[family]),
                    f"IPv{family}: an address comes")
    lab.srv.ip(f"addr del {more[4]}/24 dev s0\naddr del {more[6]}/64 dev s0")
    for family in (4, 6):
        lab.ktap.ok(not lab.faults(lab.frame(family, dst=more[family]),
                                   {"ingress": "pass_not_mine"}),
                    f"IPv{family}: and goes")
    lab.srv.ip(f"""neigh replace {nettest.CLI4} lladdr {CLI_MAC} dev s0 nud permanent
        neigh replace {nettest.CLI6} lladdr {CLI_MAC} dev s0 nud permanent
        route replace default via {nettest.CLI4}
        route replace default via {nettest.CLI6} dev s0""")


def test_listen_loop(lab):
    """Listeners come and go under traffic."""
    lab.listen()
    sender = nettest.flood(lab.cli, "c0", [lab.frame(4), lab.frame(6)], 0,
                           1, "spoof", everywhere=True)
    end, rounds = time.monotonic() + ROUNDS, 0
    while time.monotonic() < end:
        rounds += 1
        for hook, ifindex in (("ingress", lab.s0), ("local", 0)):
            lab.kntp.listen(hook, ifindex)
        for hook, ifindex in (("ingress", lab.s0), ("local", 0)):
            lab.kntp.unlisten(hook, ifindex)
    sender.kill()
    sender.communicate()
    lab.ktap.ok(lab.kntp.listeners() == [] and lab.kntp.stats(),
                "listeners come and go under traffic", lab.kntp.stats())
    lab.ktap.note(f"{rounds} times")


def reopen(lab, *hooks):
    lab.kntp.close()
    lab.port.close()
    lab.open()
    lab.listen(*hooks)


def test_unload(lab):
    """rmmod under load from several sides, and back, again and again."""
    pairs = [Pair(lab, name) for name in ("u",)]
    for pair in pairs:
        pair.flood()
    sender = nettest.flood(lab.cli, "c0", [lab.frame(4), lab.frame(6)], 0,
                           2, "spoof", everywhere=True)
    wrong = []
    for i in range(ROUNDS):
        lab.listen("local", "ingress", devices=("s0", "us"))
        if not busy(lab, ("ingress", "answered")):
            wrong.append(f"{i}: not answered")
        nettest.run("rmmod", "kntp")
        nettest.run("insmod", os.environ["KNTP_KO"])
        reopen(lab)
        if lab.kntp.listeners() or lab.kntp.stats():
            wrong.append(f"{i}: not fresh")
    for sender_ in [sender] + [pair.sender for pair in pairs]:
        sender_.kill()
        sender_.communicate()
    for pair in pairs:
        pair.sender = None
        pair.delete()
    lab.ktap.ok(not wrong, f"unloaded and loaded {ROUNDS} times under load",
                wrong)


def serve(sock):
    """The daemon behind: stratum 9 tells its answers apart."""
    while True:
        try:
            data, source = sock.recvfrom(2048)
            if len(data) >= 48:
                sock.sendto(bytes((0x24, 9)) + data[2:24] + data[40:48] * 3,
                            source)
        except OSError:
            return


def test_hand_back(lab):
    """With the module gone the daemon that owns UDP/123 answers: no request is
    lost but what is in flight."""
    with lab.srv:
        daemon = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    daemon.bind(("::", 123))
    threading.Thread(target=serve, args=(daemon,), daemon=True).start()
    lab.listen("local", "ingress")
    lab.port.drain()	# of the answers to a flood before this
    unload = threading.Event()

    def remove():
        unload.wait()
        nettest.run("rmmod", "kntp")

    thread = threading.Thread(target=remove)
    thread.start()
    lost, strata, after = 0, [], 0
    deadline = time.monotonic() + 30 * ntpnet.SCALE
    while after < 100 and time.monotonic() < deadline:
        frame = lab.frame(4 if len(strata) % 2 else 6)
        lab.port.send(frame)
        nonce = ntpnet.parse(frame).transmit
        got = []
        lab.port.until(lambda d: d.origin == nonce and not got.append(d), 1)
        lost += not got
        strata += [got[0].data[1]] if got else []
        if len(strata) == 100:
            unload.set()
        after += not nettest.loaded()
    thread.join()
    daemon.close()
    lab.ktap.ok(not nettest.loaded() and lost <= 1 and strata[:100] == [1] * 100
                and strata[-90:] == [9] * 90 and strata == sorted(strata),
                "rmmod: the daemon goes on answering, nothing is lost",
                f"lost {lost}, {strata}")
    lab.ktap.note(f"{lost} lost of {len(strata)}")
    nettest.run("insmod", os.environ["KNTP_KO"])
    reopen(lab, "local")
    lab.ktap.ok(lab.ask(), "loaded again: the module answers")


nettest.main(test_removed, test_renamed, test_moved, test_namespace, test_link,
             test_listen_loop, test_hand_back, test_unload)
