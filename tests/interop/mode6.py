#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Unmodified ntpq asks kntpd what it knows; strangers are told nothing, and
nobody can change anything."""
import os
import re
import socket
import struct
import subprocess

import lab
import peers
from kntpd import Lan, local
from victim import Victim

HEADER = struct.Struct("!BBHHHHH")


def ntpq(test, ns, host, command, option="-n"):
    """What ntpq says."""
    log = os.path.join(test.tmp, "ntpq")
    process = test.start(ns, log, [*peers.PROGRAMS["ntpq"], option, "-c",
                                   command, host], env=peers.ENVIRONMENT)
    try:
        process.wait(20 * lab.SCALE)
    except subprocess.TimeoutExpired:
        test.stop(process)
    with open(log, encoding="utf-8", errors="replace") as file:
        return file.read()


def says(test, name, said, *patterns):
    test.result(all(re.search(p, said, re.M) for p in patterns), name, said)


def ask(ns, host, packet, wait=2):
    """Answers to a packet from a socket of NS."""
    with lab.inside(ns):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(wait * lab.SCALE)
    sock.sendto(packet, (host, 123))
    try:
        return sock.recv(2000)
    except TimeoutError:
        return b""


def control(opcode, data=b"", association=0, offset=0, count=None):
    return HEADER.pack(0x26, opcode, 7, 0, association, offset,
                       len(data) if count is None else count) + data


def error_of(answer):
    """The error that an answer carries, or None."""
    if len(answer) < HEADER.size:
        return None
    _, kind, _, status, *_ = HEADER.unpack_from(answer)
    return status >> 8 if kind & 0x40 else 0


def own(test, daemon, lan):
    """From the host itself."""
    one, two = lan.address["one"], lan.address["two"]
    said = ntpq(test, "kntpd", "127.0.0.1", "peers")
    says(test, "peers: who is selected, and how it is", said,
         rf"^\*({one}|{two}) +\.?\S+ +2 +u +(\d+|-) +1 +377 +[\d.]+ +-?[\d.]+ +[\d.]+",
         rf"^.{two} ", rf"^.{one} ")
    says(test, "associations: two, reachable",
         ntpq(test, "kntpd", "127.0.0.1", "as"),
         r"^ +1 +1 +9[346]00 +yes +yes +none +(sys.peer|candidate|outlier)",
         r"^ +2 +2 +9[346]00 +yes +yes +none +(sys.peer|candidate|outlier)")
    says(test, "rv: of the daemon", ntpq(test, "kntpd", "127.0.0.1", "rv"),
         r"status=0600 leap_none, sync_ntp", r'version="kntpd', r"stratum=3",
         r"refid=10\.79\.0\.[12]", r"precision=-\d+", r"rootdelay=[\d.]+",
         r"reftime=[0-9a-f]{8}\.[0-9a-f]{8}", r"offset=-?[\d.]+",
         r"frequency=-?[\d.]+")
    says(test, "rv: of a source", ntpq(test, "kntpd", "127.0.0.1", "rv 1"),
         rf"srcadr={one}|srcadr={two}", r"stratum=2", r"reach=377", r"hmode=3",
         r"delay=[\d.]+")
    says(test, "kerninfo", ntpq(test, "kntpd", "127.0.0.1", "kerninfo"),
         r"pll frequency: +-?[\d.]+", r"maximum error: +[\d.]+",
         r"frequency tolerance: +500")
    says(test, "rv: of none", ntpq(test, "kntpd", "127.0.0.1", "rv 99"),
         "[Aa]ssociation|Unknown")


def clients(test, lan):
    """Who asks the module, by mrulist."""
    for host in ("client", "other"):
        for _ in range(3):
            ask(host, lan.address["kntpd"], b"\x23" + bytes(47))
    said = ntpq(test, "kntpd", "127.0.0.1", "mrulist")
    says(test, "mrulist: who asks, how often", said, *[
        rf"^ *\d+ +[\d.]+ +\S+ +\. +3 +4 +3 +\S+ +\d+ +123 +{lan.address[host]}"
        for host in ("client", "other")])


def strangers(test, daemon, lan):
    here = lan.address["kntpd"]
    test.equal("a stranger is told nothing",
               ask("client", here, control(2), 1), b"")
    with open(daemon.conf, "a", encoding="ascii") as file:
        file.write(f"ntpqallow {lan.address['client']}\n")
    test.equal("reload", daemon.kntp("reload")[0], 0)
    test.equal("ntpqallow: who is let in is answered",
               error_of(ask("client", here, control(2))), 0)
    says(test, "ntpqallow: ntpq, too", ntpq(test, "client", here, "peers"),
         rf"^\*({lan.address['one']}|{lan.address['two']}) ")
    test.equal("ntpqallow: and no other", ask("other", here, control(2), 1), b"")


def wrong(test, daemon):
    def here(packet):
        return ask("kntpd", "127.0.0.1", packet)

    for packet, error, name in (
            (control(3, b"offset=1"), 7, "writing"),
            (control(8, b"server 10.0.0.1"), 7, "configuring"),
            (control(5), 7, "setting a clock"), (control(31), 7, "a trap"),
            (control(2, count=9), 2, "more octets than there are"),
            (control(2, offset=4), 2, "a part of a question"),
            (control(2, b"nosuchthing"), 5, "an unknown name"),
            (control(2, association=40), 4, "no such source"),
            (control(10, b"frags=2"), 6, "mrulist without a nonce"),
            (control(10, b"nonce=" + b"0" * 32), 6, "mrulist, a made-up nonce")):
        test.equal(f"{name}: is refused", error_of(here(packet)), error)
    for packet, name in ((control(2)[:11], "half a header"),
                         (control(0x82), "an answer"), (b"\x26", "one octet")):
        test.equal(f"{name}: is not answered", ask("kntpd", "127.0.0.1", packet,
                                                    0.5), b"")
    for _ in range(2000):
        with lab.inside("kntpd"):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        data = os.urandom(struct.unpack("B", os.urandom(1))[0])
        sock.sendto(b"\x26" + data, ("127.0.0.1", 123))
        sock.close()
    test.result(test.until(lambda: error_of(here(control(2))) == 0) and
                daemon.process.poll() is None,
                "2000 datagrams of noise: it is answered after", daemon.why)


def mode6(test):
    lan = Lan(test)
    for host in ("one", "two"):
        local(test, host, 2)
    daemon = Victim(test, "kntpd", [
        *[f"server {lan.address[host]} minpoll 0 maxpoll 0"
          for host in ("one", "two")],
        "allow 10.79.0.0/24", "listen hook local"])
    test.result(test.until(lambda: daemon.synced(3) and [
        source["reach"] for source in daemon.sources().values()] == [255, 255],
        40), "kntpd is at stratum 3", daemon.why)
    own(test, daemon, lan)
    clients(test, lan)
    strangers(test, daemon, lan)
    wrong(test, daemon)


if __name__ == "__main__":
    lab.main(mode6)
