#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A real driver: two igb cards, joined, which stamp what they send, but on
receipt PTP alone (tests/vm/run --igb). kntpd has the time of the one."""
import os
import socket
import struct
import time

import nettest
from hwlab import Kntpd, devices, nanoseconds

RAW = time.CLOCK_MONOTONIC_RAW


class IgbLab(nettest.Lab):
    def wire(self):
        nettest.run("modprobe", "igb")
        nettest.wait_for(lambda: os.path.exists("/sys/class/net/eth1"))
        if not os.path.exists("/sys/class/net/eth1"):
            raise nettest.Skip("no two igb cards")
        for ns, old, name, mac in (
                (self.srv, "eth0", "s0", nettest.SRV_MAC),
                (self.cli, "eth1", "c0", nettest.CLI_MAC)):
            nettest.run("ip", "link", "set", old, "netns", ns.name, "name",
                        name, "address", mac)

    def open(self):
        super().open()
        for ns, name in ((self.srv, "s0"), (self.cli, "c0")):
            nettest.wait_for(lambda ns=ns, name=name: "LOWER_UP" in ns.run(
                "ip", "link", "show", "dev", name))

    def close(self):
        super().close()
        nettest.wait_for(lambda: os.path.exists("/sys/class/net/s0") and
                         os.path.exists("/sys/class/net/c0"))
        nettest.run("rmmod", "igb")

    def of(self, name):
        return sum(n for (_, what), n in self.kntp.stats().items()
                   if what == "of_" + name)

    def served(self):
        """(RAW, the time the module serves then)"""
        clock = self.kntp.clock()
        return clock["raw_time"], clock["time"]


class Asker:
    """Interleaved mode, by this program's own stamps."""

    def __init__(self, lab):
        self.lab = lab
        with lab.cli:
            self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect((nettest.SRV4, 123))
        self.sock.settimeout(5 * nettest.SCALE)
        self.receive, self.before = bytes(8), None
        self.interleaved = 0
        self.wrong = []
        self.gained = []	# ns between what the reply said and what is true

    def ask(self):
        mine, transmit = os.urandom(8), os.urandom(8)
        sent = time.clock_gettime_ns(RAW)
        self.sock.send(struct.pack("!BBBb", 0x23, 0, 6, 0) + bytes(20) +
                       self.receive + mine + transmit)
        data = self.sock.recv(2048)
        arrived = time.clock_gettime_ns(RAW)
        raw, served = self.lab.served()
        origin, receive, third = data[24:32], data[32:40], data[40:48]
        t2, t3 = (nanoseconds(int.from_bytes(it, "big")) - served + raw
                  for it in (receive, third))
        if origin == mine:
            self.interleaved += 1
            # Of the reply before, which was written, sent, and had arrived.
            if not self.before[0] <= t3 <= self.before[1]:
                self.wrong.append((self.before, t3))
            self.gained.append(t3 - self.before[0])
            t3 = t2
        if not sent - 1000 <= t2 <= t3 <= arrived + 1000:
            self.wrong.append((sent, t2, t3, arrived))
        self.receive, self.before = receive, (t2, arrived)


def test_igb(lab):
    """Replies say when the card sent them, by its clock, which kntpd keeps the
    time by."""
    lab.listen()
    daemon = Kntpd(lab.srv, """refclock PHC s0 poll 0 dpoll -2 refid IGB
hwtimestamp s0 minpoll -2 txrate 1000000
listen hook local
allow all""")
    lab.ktap.ok(nettest.wait_for(lambda: devices(lab), 30) and
                nettest.wait_for(lambda: lab.kntp.clock()["leap"] == 0, 30),
                "kntpd has the card's time, and the module its stamps",
                daemon.said())
    nettest.wait_for(lambda: lab.kntp.listeners(), 20)
    asker = Asker(lab)
    nettest.wait_for(lambda: asker.ask() or lab.of("tx_device") > 2, 20)
    device, asker.interleaved = lab.of("tx_device"), 0
    for _ in range(50):
        asker.ask()
    device = lab.of("tx_device") - device
    asker.gained.sort()
    lab.ktap.note(f"{asker.interleaved} of 50 interleaved, {device} by the "
                  f"card; sent {asker.gained[len(asker.gained) // 2]} ns after "
                  f"the request came, in the median; {devices(lab)}")
    lab.ktap.ok(asker.interleaved >= 25 and device >= 25,
                "replies are stamped by the card", asker.interleaved)
    lab.ktap.ok(not asker.wrong, "each time is between those around it",
                asker.wrong[:3])
    lab.ktap.equal(daemon.close(), 0, "kntpd ends")


def test_requests(lab):
    """What kntpd asks leaves by the other card, and is stamped by it."""
    lab.kntp.clock_set(lease="forever")
    lab.listen("local")
    daemon = Kntpd(lab.cli, f"""server {nettest.SRV4} minpoll -2 maxpoll -2 \
noselect
hwtimestamp c0 minpoll -2
port 0""")
    found = daemon.found("hardware", "kernel")
    lab.ktap.ok(found.get("tx_timestamping") == "hardware" and
                abs(found.get("theta_ns", 10 ** 9)) < 10 ** 7,
                "requests are stamped by the card", str(found) + daemon.said())
    daemon.close()


if __name__ == "__main__":
    nettest.main(test_requests, test_igb, lab=IgbLab)
