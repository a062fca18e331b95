#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Time that is sent to many: kntpd and chronyd send it, kntpd listens, with keys
and without; servers that are found by asking a multicast address; and those who
would be taken for one of them."""
import json
import os
import socket
import struct
import subprocess
import time

import lab
import liar
import peers
from kntpd import Lan
from victim import Victim

GROUP, GROUP6, SITE6 = "224.0.1.1", "ff02::101", "ff05::101"
MANY = "239.255.1.1"
KEY = "7 AES128 HEX:000102030405060708090a0b0c0d0e0f\n8 SHA1 other\n"


def keys(test):
    path = os.path.join(test.tmp, "keys")
    with open(path, "w", encoding="ascii") as file:
        file.write(KEY)
    return f"keyfile {path}"


def ready(test):
    """Hosts behind a bridge, with IPv6, and without the module."""
    lan = Lan(test)
    for number, host in enumerate(lan.address, 1):
        test.ip(host, f"addr add fd00:79::{number}/64 dev eth0 nodad",
                "route add ff05::/16 dev eth0 table local",
                "route add 239.0.0.0/8 dev eth0")
    return lan


def sent(ns, *packets, to, source=None, port=123):
    """Packets leave a namespace in somebody's name."""
    with lab.inside(ns):
        sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"eth0")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    for data in packets:
        udp = struct.pack("!HHHH", port, 123, 8 + len(data), 0)
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 1, 17, 0,
                           socket.inet_aton(source), socket.inet_aton(to))
        sock.sendto(head + udp + data, (to, 0))
    sock.close()


def lie(off, poll=0, precision=0xec):
    """A broadcast that is off by so much, and says so much of its precision."""
    packet = bytearray(liar.reply(bytes(48), off, mode=5, origin=bytes(8)))
    packet[2:4] = poll, precision
    packet[32:40] = bytes(8)
    return bytes(packet)


def heard(daemon, address):
    """Whether it is only listened to any more, and always reached."""
    source = daemon.sources().get(address)
    return (f"{address}: is listened to" in daemon.said() and source and
            source["reach"] == 0o377)


def asked(daemon, address):
    """Packets to it, and packets of it that were used."""
    for source in daemon.json("ntpdata").get("sources", []):
        if source["address"] == address:
            return source["total_tx"], source["total_good_rx"]
    return 0, 0


def doubts(daemon, address):
    """How often a broadcast came so late that the server is asked again."""
    return daemon.said().count(f"{address}: what it broadcasts is off by")


def listens(test, daemon, address, name):
    """It is heard, not asked, and tells the time."""
    for _ in range(5):
        was = doubts(daemon, address)
        listening = test.until(lambda: heard(daemon, address), 60)
        before = asked(daemon, address)
        used = test.until(lambda: asked(daemon, address)[1] >= before[1] + 5)
        after = asked(daemon, address)
        # A busy machine holds a broadcast up, which has the server asked again.
        if doubts(daemon, address) == was:
            break
    test.result(listening, f"{name}: is asked, and then listened to",
                daemon.why)
    test.result(used, f"{name}: its broadcasts are used", daemon.why)
    test.equal(f"{name}: and it is not asked meanwhile", after[0], before[0])
    error = daemon.error()
    test.result(error is not None and error < 1,
                f"{name}: the time is within its bound", (error, daemon.why()))


def server(test, ns, *lines):
    return Victim(test, ns, ["local stratum 4", "allow all", "bindcmdaddress /",
                             *lines])


def unauthenticated(test, lan):
    """By chronyd, to a subnet, and to who has asked for it in words."""
    one, two = lan.address["one"], lan.address["two"]
    peers.Chronyd(test, "one", "", also=[
        "allow", "local stratum 5", "broadcast 1 10.79.0.255"])
    kntpd = server(test, "two", "broadcast 1 10.79.0.255", "makestep 1 1")
    daemon = Victim(test, "client", ["broadcastclient unauthenticated"])
    deaf = Victim(test, "other", [
        f"server {one} noselect minpoll 0 maxpoll 0",
        f"broadcastclient key 7\n{keys(test)}"])
    listens(test, daemon, one, "chronyd broadcasts")
    listens(test, daemon, two, "kntpd broadcasts")
    test.equal("who wants a key hears nobody without", list(deaf.sources()), [one])
    test.stop(deaf.process)

    # Somebody sends in the name of one: what that one says when asked counts.
    before = asked(daemon, one)[0]
    sent("other", *[lie(off, precision=20) for off in (0.5, 0.6)], source=one,
         to="10.79.0.255")
    sent("other", *[lie(off) for off in (0.5, -0.2, 30, 100000)], source=one,
         to="10.79.0.255")
    test.result(test.until(lambda: f"{one}: what it broadcasts is off by"
                           in daemon.said()), "one who lies in its name is found out",
                daemon.why)
    test.result(test.until(lambda: asked(daemon, one)[0] > before), "it is asked",
                daemon.why)
    test.result(abs(daemon.json("tracking")["correction_ns"]) < 50_000_000 and
                daemon.error() < 1, "and nothing is moved", daemon.why)
    sent("other", *[lie(7)] * 20, source="10.79.0.77", to="10.79.0.255")
    test.result(test.until(lambda: "10.79.0.77: broadcasts" in daemon.said()),
                "one that is made up is asked", daemon.why)
    test.result(daemon.error() < 1 and daemon.sources()["10.79.0.77"]["reach"] == 0,
                "and as it does not answer, it is nothing", daemon.why)
    for number in range(100, 140):
        sent("other", lie(7), source=f"10.79.0.{number}", to="10.79.0.255")
    test.result(test.until(lambda: "more than 8 servers" in daemon.said()) and
                len(daemon.sources()) == 8, "there are no more than so many",
                daemon.why)
    test.stop(kntpd.process, daemon.process)


def capture(ns, group, seconds=5):
    """A multicast packet, as anybody hears it."""
    with lab.inside(ns):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((group, 123))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack(
            "=4s4si", socket.inet_aton(group), bytes(4),
            socket.if_nametoindex("eth0")))
    sock.settimeout(seconds * lab.SCALE)
    data = sock.recv(2000)
    sock.close()
    return data


def authenticated(test, lan):
    """Multicast, by a key."""
    two, two6 = lan.address["two"], "fd00:79::2"
    first = server(test, "two", keys(test), f"broadcast 1 {GROUP} key 7 dev eth0",
                   f"broadcast 1 {SITE6} key 7 dev eth0",
                   f"broadcast 2 {GROUP6} key 7 dev eth0")
    client = [f"multicastclient {GROUP} dev eth0 key 7",
              f"multicastclient {SITE6} dev eth0 key 7", keys(test)]
    daemon = Victim(test, "client", client)
    link = Victim(test, "other", [f"multicastclient {GROUP6} dev eth0 key 7",
                                  keys(test)])
    wrong = Victim(test, "kntpd", [f"multicastclient {GROUP} dev eth0 key 8",
                                   keys(test)])
    listens(test, daemon, two, "multicast with a key")
    listens(test, daemon, two6, "multicast, IPv6")
    packet = capture("one", GROUP)
    test.equal("it is signed", (len(packet), packet[0] & 7, packet[48:52]),
               (68, 5, struct.pack("!I", 7)))

    def unchanged():
        return (daemon.error() < 1 and len(daemon.sources()) == 2 and
                abs(daemon.json("tracking")["correction_ns"]) < 50_000_000)

    flipped = packet[:43] + bytes([packet[43] ^ 8]) + packet[44:]
    sent("other", lie(3), lie(-3), flipped, packet[:48], lie(3) + packet[48:],
         source=two, to=GROUP)
    sent("other", lie(3), source="10.79.0.66", to=GROUP)
    sent("other", packet, packet, source=two, to=GROUP)
    used = asked(daemon, two)[1]
    test.result(test.until(lambda: asked(daemon, two)[1] >= used + 3) and
                unchanged() and "is off by" not in daemon.said(),
                "forged, unsigned and old ones move nothing", daemon.why)
    test.result(test.until(lambda: any("is listened to" in line and "fe80::" in line
                                       for line in link.said().splitlines()), 60),
                "multicast to the link, from its address", link.why)
    test.equal("by another key: nobody", wrong.sources(), {})
    test.stop(link.process, wrong.process)

    first.kill()
    test.result(test.until(lambda: daemon.sources()[two]["reach"] & 7 == 0, 30),
                "it is silent, and that is seen", daemon.why)
    first.begin()
    test.result(test.until(lambda: heard(daemon, two), 90), "it is back",
                daemon.why)
    with open(daemon.conf, "r+", encoding="ascii") as file:
        text = file.read().replace(client[0], "")
        file.seek(0)
        file.write(text)
        file.truncate()
    test.equal("reload", daemon.kntp("reload")[0], 0)
    test.result(daemon.process.poll() is None, "it goes on", daemon.why)
    test.stop(first.process, daemon.process)


def manycast(test, lan):
    """Servers are found, and asked as any others."""
    two, three = lan.address["two"], lan.address["kntpd"]
    servers = [server(test, ns, keys(test), f"manycastserver {MANY} dev eth0")
               for ns in ("two", "kntpd")]
    # One without the time says nothing, one that has not joined neither.
    servers += [Victim(test, "other", ["allow all", f"manycastserver {MANY}"]),
                server(test, "one")]
    test.result(test.until(lambda: all(s.json("activity") for s in servers)),
                "servers", servers[0].why)
    daemon = Victim(test, "client", [
        f"manycastclient {MANY} dev eth0 unauthenticated maxsources 3 iburst "
        "minpoll 0 maxpoll 0"])
    keyed = Victim(test, "client", [keys(test), "port 0",
        f"manycastclient {MANY} key 7 ttl 4 maxsources 2 iburst minpoll 0 maxpoll 0"])
    for one, name in ((daemon, "manycast"), (keyed, "manycast with a key")):
        test.result(test.until(lambda: {		# pylint: disable=cell-var-from-loop
            address: source["reach"] for address, source in one.sources().items()	# pylint: disable=cell-var-from-loop
        } == {two: 0o377, three: 0o377}, 60), f"{name}: those that have the time",
            one.why)
        error = one.error()
        test.result(error is not None and error < 1,
                    f"{name}: within its bound", (error, one.why()))
    test.stop(daemon.process, keyed.process)
    wrong = Victim(test, "client", [
        keys(test), f"manycastclient {MANY} key 8 maxsources 2"])
    with open(servers[0].conf, "a", encoding="ascii") as file:
        file.write("deny all\nallow auth all\n")
    test.equal("reload", servers[0].kntp("reload")[0], 0)
    test.result(test.until(lambda: "no server has answered" in wrong.said() or
                           wrong.sources()), "it asks", wrong.why)
    test.stop(*[s.process for s in (*servers, wrong)])


def refused(test):
    """What is not said in words is not taken for said."""
    for line, why in (
            ("broadcastclient", "key N is missing: without one anybody"),
            (f"multicastclient {GROUP}", "key N is missing"),
            (f"multicastclient {GROUP} key 1 unauthenticated", "contradict"),
            ("multicastclient 10.0.0.1 key 1", "is no multicast address"),
            (f"manycastclient {MANY}", "key N is missing"),
            ("manycastclient 10.0.0.1 key 1", "is no multicast address"),
            ("server 10.0.0.1 ttl 3", "are for manycastclient"),
            ("broadcast 0 10.0.0.255", "INTERVAL: "),
            ("broadcast 64 2001:db8::1", "IPv6 has multicast addresses alone"),
            ("broadcast 64", "INTERVAL and ADDRESS are needed"),
            ("manycastserver", "its ADDRESS is missing"),
            (f"manycastserver {MANY} key 1", "key")):
        done = subprocess.run(["kntpd", "--check", line], text=True, check=False,
                              capture_output=True)
        test.result(done.returncode and why in done.stderr, f"'{line}': is refused",
                    done.stderr)


def beside_module(test):
    """The module answers whom it is asked by, and leaves the others alone."""
    test.load()
    test.vouch()
    daemon = Victim(test, "two", [
        "local stratum 4", "allow all", "listen hook local",
        f"manycastserver {MANY} dev eth0"])
    test.result(test.until(lambda: daemon.json("activity") and
                           daemon.json("tracking")["synchronised"]), "kntpd, and the module",
                daemon.why)
    with lab.inside("client"):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(0.3)

    def ask(to):
        request = b"\x23" + os.urandom(47)
        sock.sendto(request, (to, 123))
        try:
            answer, where = sock.recvfrom(2000)
        except TimeoutError:
            return None
        return answer[24:32] == request[40:48] and where

    two = ("10.79.0.2", 123)
    test.result(test.until(lambda: ask(MANY) == two),
                "a multicast request is answered from the server's own address",
                daemon.why)
    test.equal("and others are", ask(two[0]), two)
    said = json.loads(daemon.kntp("-j", "stats", "show")[1])
    local = next(h for h in said["hooks"] if h["hook"] == "local")
    test.result(local["passed"]["multicast"] and local["answered"],
                "by the daemon the one, the others by the module", local)
    sock.close()
    test.stop(daemon.process)


def broadcast(test):
    test.unload()
    lan = ready(test)
    started = time.monotonic()
    for part in (lambda: refused(test), lambda: unauthenticated(test, lan),
                 lambda: authenticated(test, lan), lambda: manycast(test, lan),
                 lambda: beside_module(test)):
        part()
        test.note(f"{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    lab.main(broadcast)
