# SPDX-License-Identifier: GPL-2.0
"""A server that lies, and an attacker who sees requests and answers in the
names of others: what attack.py lets loose on kntpd. Threads of the test."""
import contextlib
import os
import random
import socket
import struct
import threading
import time

import lab

HEADER = struct.Struct("!BBbbIIIQ8sQQ")
ERA = 2208988800
ETH_P_ALL = 3
# Answers that are kept to be sent again.
OLD = 64


def ntp(seconds):
    return round((seconds + ERA) * 2 ** 32) & (2 ** 64 - 1)


def reply(request, off=0.0, leap=0, stratum=1, refid=0x4c494152, delay=0.0,
          dispersion=0.0, mode=4, version=4, origin=None, ref_age=1.0,
          now=None):
    """An answer; by default one that is right. Times in s."""
    now = (time.time() if now is None else now) + off
    return HEADER.pack(
        leap << 6 | version << 3 | mode, stratum, 0, -20,
        round(delay * 65536), round(dispersion * 65536), refid,
        ntp(now - ref_age), request[40:48] if origin is None else origin,
        ntp(now), ntp(now))


def udp():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


class Thread:
    def __init__(self):
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def stop(self):
        self.over = True
        self.thread.join()


class Liar(Thread):
    """Answers at UDP/123 of a namespace; lie(number, request) makes replies."""

    def __init__(self, ns):
        super().__init__()
        self.lie = lambda number, request: [reply(request)]
        self.asked = 0
        with lab.inside(ns):
            self.sock = udp()
        self.sock.bind(("0.0.0.0", 123))
        self.sock.settimeout(0.2)

    def run(self):
        while not self.over:
            with contextlib.suppress(TimeoutError):
                request, client = self.sock.recvfrom(512)
                self.asked += 1
                for answer in self.lie(self.asked, request):
                    self.sock.sendto(answer, client)
        self.sock.close()


class Truth(Liar):
    """A server by CLOCK_MONOTONIC_RAW, which no program of the guest sets."""

    def __init__(self, ns):
        super().__init__(ns)
        self.origin = time.time() - time.clock_gettime(time.CLOCK_MONOTONIC_RAW)
        self.lie = lambda number, request: [reply(request, now=self.now())]

    def now(self):
        return self.origin + time.clock_gettime(time.CLOCK_MONOTONIC_RAW)

    def off(self):
        """What the system clock is off by, s."""
        return time.time() - self.now()


def frame(to, server, client, port, payload):
    """In server's name; UDP without a checksum is taken over IPv4."""
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload),
                     random.getrandbits(16), 0, 64, 17, 0,
                     socket.inet_aton(server), socket.inet_aton(client))
    total = sum(struct.unpack("!10H", ip))
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    ip = ip[:10] + struct.pack("!H", ~total & 0xffff) + ip[12:]
    return (to + b"\x02\0\0\0\0\x66" + b"\x08\0" + ip +
            struct.pack("!HHHH", 123, port, 8 + len(payload), 0) + payload)


class Spy(Thread):
    """On the link to a victim: for each request to one of the servers it sends
    what attack(request, old) makes, in that server's name and to the very port."""

    def __init__(self, link, victim, servers):
        super().__init__()
        self.victim, self.servers = victim, servers
        self.attack = lambda request, old: []
        self.old = []
        self.seen = self.sent = 0
        self.last = None	# server, port and address of the last request
        with lab.inside("lan"):
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                      socket.htons(ETH_P_ALL))
            self.sock.bind((link, 0))
        self.sock.settimeout(0.2)

    def send(self, server, port, to, payload):
        self.sock.send(frame(to, server, self.victim, port, payload))
        self.sent += 1

    def run(self):
        while not self.over:
            with contextlib.suppress(TimeoutError, OSError):
                self.look(*self.sock.recvfrom(2048))
        self.sock.close()

    def look(self, data, where):
        if data[12:14] != b"\x08\0" or data[23] != 17 or len(data) < 90:
            return
        source, target = (socket.inet_ntoa(data[n:n + 4]) for n in (26, 30))
        sport, dport = struct.unpack("!HH", data[34:38])
        if target == self.victim and sport == 123 and source in self.servers:
            self.old = [*self.old[1 - OLD:], data[42:]]
        if source != self.victim or dport != 123 or target not in self.servers:
            return
        self.seen += 1
        self.last = target, sport, data[6:12]
        for payload in self.attack(data[42:], self.old):
            self.send(target, sport, data[6:12], payload)


def forged(request, old):
    """All that an attacker can make who cannot know the request's cookie; one
    who sees it, but only the other copies, may send what was answered before."""
    wrong = os.urandom(8)
    answers = [reply(request, off, origin=wrong) for off in (-3600, -1, 0.5, 3600)]
    answers += [reply(request, 1, origin=bytes(8)),
                reply(request, 1, origin=request[24:32]),
                reply(request, 1, mode=3), reply(request, 1, mode=5),
                reply(request, 1, mode=1), reply(request, 1, version=0),
                reply(request, 1, version=7), reply(request, 1)[:47],
                reply(request, 1)[:4], b""]
    answers += [reply(request, stratum=0, leap=3, origin=wrong,
                      refid=int.from_bytes(code, "big"))
                for code in (b"DENY", b"RSTR", b"RATE")]
    answers += [reply(request, 1, origin=wrong) + os.urandom(n)
                for n in (1, 4, 20, 28, 400)]
    return answers + random.sample(old, min(len(old), 4))
