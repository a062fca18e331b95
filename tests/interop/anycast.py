#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Three servers of one address and a router, by BIRD: who loses its time is not
asked any more, and a client that asks all the while gets no bad answer."""
import os
import re
import socket
import struct
import subprocess
import time

import lab
import peers
from liar import ERA, Liar, Thread, reply
from victim import Victim

ANYCAST = "10.99.0.1"
SERVERS = (1, 2, 3)
TOP = os.environ["KNTP_TOP"]
BIRD = f"{peers.PEERS}/usr/sbin/bird"
BIRDC = f"{peers.PEERS}/usr/sbin/birdc"
WITHIN = 3	# s, from the loss of its source's time to the route's end
FAIR = 0.02	# s, that an answer may be off, by what kntpd measures of the others
COMMON = """log stderr all;
router id {address};
protocol device {{ scan time 1; }}
"""
SERVER = COMMON + """protocol static anycast {{
    disabled;
    ipv4;
    route 10.99.0.1/32 blackhole;
}}
protocol bgp upstream {{
    local {address} as 6500{number};
    neighbor 10.98.{number}.1 as 65000;
    connect delay time 1;
    connect retry time 1;
    ipv4 {{ import none; export where proto = "anycast"; next hop self; }};
}}
"""
ROUTER = COMMON + """protocol kernel {{ ipv4 {{ export where source = RTS_BGP; }}; }}
"""
NEIGHBOR = """protocol bgp s{number} {{
    local 10.98.{number}.1 as 65000;
    neighbor 10.98.{number}.2 as 6500{number};
    connect delay time 1;
    connect retry time 1;
    ipv4 {{ import all; export none; }};
}}
"""


class Bird:
    """In a namespace, with a control socket of its own."""

    def __init__(self, test, ns, text):
        self.test, self.ns = test, ns
        base = os.path.join(test.tmp, f"bird-{ns}")
        self.socket, self.log = base + ".ctl", base + ".log"
        with open(base + ".conf", "w", encoding="ascii") as file:
            file.write(text)
        self.process = test.start(ns, self.log, [
            BIRD, "-f", "-c", base + ".conf", "-s", self.socket], env=peers.ENVIRONMENT)

    def command(self, words):
        """As a shell has it."""
        return (f"LD_LIBRARY_PATH={peers.ENVIRONMENT['LD_LIBRARY_PATH']} "
                f"{BIRDC} -s {self.socket} {words}")

    def why(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-3000:] + subprocess.run(
                self.command("show protocols all"), shell=True, text=True,
                capture_output=True, check=False).stdout


class Server:
    """Its upstream, its kntpd, its BIRD and what looks after it."""

    def __init__(self, test, number):
        self.test, self.number = test, number
        self.ns, up = f"s{number}", f"up{number}"
        for name in (self.ns, up):
            test.ip(None, f"netns add {name}")
            test.namespaces.append(name)
            test.ip(name, "link set lo up")
        test.ip("r", f"link add s{number} type veth peer name eth0 netns {self.ns}",
                f"addr add 10.98.{number}.1/30 dev s{number}", f"link set s{number} up")
        test.ip(self.ns, f"addr add 10.98.{number}.2/30 dev eth0", "link set eth0 up",
                f"addr add {ANYCAST}/32 dev lo",
                f"route add default via 10.98.{number}.1",
                f"link add eth1 type veth peer name eth0 netns {up}",
                f"addr add 10.97.{number}.1/30 dev eth1", "link set eth1 up")
        test.ip(up, f"addr add 10.97.{number}.2/30 dev eth0", "link set eth0 up")
        self.upstream = Liar(up).start()
        self.daemon = Victim(test, self.ns, [
            f"server 10.97.{number}.2 minpoll -2 maxpoll -2", "allow"])
        self.bird = Bird(test, self.ns, SERVER.format(
            address=f"10.98.{number}.2", number=number))
        self.log = os.path.join(test.tmp, f"anycast-{number}.log")
        self.check = test.start(self.ns, self.log, [
            f"{TOP}/user/anycast/kntp-anycast", self.bird.command("enable anycast"),
            self.bird.command("disable anycast"), "0.1", "0.5"],
            env={"KNTPD_SOCKET": self.daemon.socket})

    def refid(self):
        return struct.unpack("!I", socket.inet_aton(f"10.97.{self.number}.2"))[0]

    def loses(self):
        """Its upstream says that it has no time itself."""
        self.upstream.lie = lambda number, request: [reply(request, leap=3, stratum=0)]

    def finds(self):
        self.upstream.lie = lambda number, request: [reply(request)]

    def why(self):
        with open(self.log, encoding="utf-8") as file:
            return self.daemon.why() + self.bird.why() + file.read()


class Asking(Thread):
    """Of the anycast address, 20 times a second: when, who, and what is wrong."""

    def __init__(self, ns):
        super().__init__()
        with lab.inside(ns):
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.settimeout(0.2 * lab.SCALE)
        self.answers, self.bad, self.lost = [], [], 0

    def run(self):
        while not self.over:
            cookie, sent = os.urandom(8), time.time()
            try:
                self.sock.sendto(b"\x23" + bytes(39) + cookie, (ANYCAST, 123))
                while True:
                    data = self.sock.recv(512)
                    if data[24:32] == cookie:
                        break
            except OSError:
                self.lost += 1
                time.sleep(0.02)
                continue
            now, refid = time.time(), struct.unpack_from("!I", data, 12)[0]
            # There is one clock: a good answer is of while it was waited for.
            left = struct.unpack_from("!Q", data, 40)[0] / 2 ** 32 - ERA
            off = max(sent - left, left - now)
            self.answers.append((time.monotonic(), refid))
            if data[0] >> 6 == 3 or not 1 <= data[1] < 16 or off > FAIR:
                self.bad.append((data[:16].hex(), off))
            time.sleep(0.05)

    def now(self):
        return self.answers[-1][1] if self.answers else None


def via(test):
    """The server that the router leads to, or 0."""
    said = test.command("ip", "-n", "r", "route", "show", ANYCAST)
    found = re.search(r"via 10\.98\.(\d)\.2", said)
    return int(found[1]) if found else 0


def routes(test, router):
    """Of which servers the router has a route."""
    said = subprocess.run(router.command(f"show route for {ANYCAST}/32 all"), shell=True,
                          text=True, capture_output=True, check=False).stdout
    return {int(number) for number in re.findall(r"via 10\.98\.(\d)\.2", said)}


def moved(test, asking, was):
    """It is answered, and not by that one any more."""
    n = len(asking.answers)
    return test.until(lambda: len(asking.answers) > n + 5 and all(
        refid != was for _, refid in asking.answers[-5:]))


def loss_of_time(test, router, asking, servers):
    """Before its replies would say so its route is gone."""
    victim = servers[via(test)]
    lost, began = asking.lost, time.monotonic()
    victim.loses()
    gone = test.until(lambda: victim.number not in routes(test, router), 20)
    took = time.monotonic() - began
    still = victim.daemon.json("tracking").get("synchronised")
    test.result(gone and took < WITHIN * lab.SCALE,
                f"its source has no time: withdrawn within {WITHIN} s: {took:.1f} s",
                victim.why)
    test.result(still, "before kntpd would say that it has none", victim.why)
    test.result(moved(test, asking, victim.refid()), "clients are led to another",
                victim.why)
    test.note(f"{asking.lost - lost} requests were lost")
    victim.finds()
    test.result(test.until(lambda: victim.number in routes(test, router), 60),
                "time again: it is announced again", victim.why)


def death(test, router, asking, servers):
    victim = servers[via(test)]
    lost, began = asking.lost, time.monotonic()
    victim.daemon.kill()
    gone = test.until(lambda: victim.number not in routes(test, router), 20)
    took = time.monotonic() - began
    test.result(gone and took < WITHIN * lab.SCALE,
                f"kntpd is killed: withdrawn within {WITHIN} s: {took:.1f} s", victim.why)
    test.result(moved(test, asking, victim.refid()), "clients are led to another",
                victim.why)
    test.note(f"{asking.lost - lost} requests were lost")
    lost = asking.lost
    victim = servers[via(test)]
    test.stop(victim.check)
    test.result(test.until(lambda: victim.number not in routes(test, router)),
                "who ends the check withdraws", victim.why)
    test.result(moved(test, asking, victim.refid()), "clients are led to the last one",
                victim.why)
    test.equal("and nothing was lost", asking.lost - lost, 0)


def anycast(test):
    # There is one module, of one time; these are to have three.
    test.unload()
    for name in ("r", "c"):
        test.ip(None, f"netns add {name}")
        test.namespaces.append(name)
        test.ip(name, "link set lo up")
    test.ip("r", "link add c type veth peer name eth0 netns c",
            "addr add 10.96.0.1/24 dev c", "link set c up")
    test.ip("c", "addr add 10.96.0.2/24 dev eth0", "link set eth0 up",
            "route add default via 10.96.0.1")
    test.command("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward", ns="r")
    servers = {number: Server(test, number) for number in SERVERS}
    router = Bird(test, "r", ROUTER.format(address="10.96.0.1") + "".join(
        NEIGHBOR.format(number=number) for number in SERVERS))
    test.result(test.until(lambda: routes(test, router) == set(SERVERS), 60),
                "three servers are announced", lambda: "".join(
                    server.why() for server in servers.values()) + router.why())
    test.result(test.until(lambda: via(test)), "the router leads to one", router.why)
    asking = Asking("c").start()
    test.result(test.until(lambda: len(asking.answers) > 20), "which answers", router.why)
    loss_of_time(test, router, asking, servers)
    death(test, router, asking, servers)
    asking.stop()
    test.note(f"{len(asking.answers)} answers, {asking.lost} requests lost")
    test.equal("no answer was bad", asking.bad, [])
    for server in servers.values():
        server.upstream.stop()


if __name__ == "__main__":
    lab.main(anycast)
