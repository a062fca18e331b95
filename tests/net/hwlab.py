# SPDX-License-Identifier: GPL-2.0
"""Two hosts joined by devices with a hardware clock (tests/testhw), and a
client that knows from its own device what is true."""
import ctypes
import fcntl
import json
import os
import select
import socket
import struct
import subprocess
import tempfile
import time

import nettest
import ntpnet
from kntpnl import C, attr, s64, u32, u64

PARAMETERS = "/sys/module/kntp_testhw/parameters/"
NOISE = 50	# ns, of each stamp
# Both ends' noise, and what is lost in 2^-32 s and in whole ns.
EXACT = 2 * NOISE + 4
MINUTE = 60 * 10 ** 9
BOTH = ("local", "ingress")
SO_TIMESTAMPING = 37
SIOCSHWTSTAMP = 0x89b0
# hardware stamps of both ways, told raw, without the packet
FLAGS = 1 << 0 | 1 << 2 | 1 << 6 | 1 << 11


def parameter(name, value=None):
    if value is None:
        return nettest.read(PARAMETERS + name)
    return nettest.write(PARAMETERS + name, value)


def stamping(ns, device, transmit=True, receive=True):
    """Has a device stamp packets of these ways."""
    config = (ctypes.c_int * 3)(0, int(transmit), int(receive))
    request = struct.pack("16sP16x", device.encode(), ctypes.addressof(config))
    with ns, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSHWTSTAMP, request)


class HwLab(nettest.Lab):
    def wire(self):
        module = os.path.join(os.environ["KNTP_TESTS_KMOD"],
                              "testhw/kntp_testhw.ko")
        nettest.run("insmod", module, "devices=1",
                    f"seed={self.ktap.random.randrange(1 << 31)}",
                    f"noise={NOISE}")
        for i, (ns, name, mac) in enumerate(
                ((self.srv, "s0", nettest.SRV_MAC),
                 (self.cli, "c0", nettest.CLI_MAC))):
            nettest.run("ip", "link", "set", f"thw{i}", "netns", ns.name,
                        "name", name, "address", mac)

    def open(self):
        super().open()
        stamping(self.srv, "s0")
        stamping(self.cli, "c0")

    def close(self):
        super().close()
        if not os.path.exists(PARAMETERS):
            return
        # The namespaces go by and by, and the devices come back from them.
        nettest.wait_for(lambda: os.path.exists("/sys/class/net/s0") and
                         os.path.exists("/sys/class/net/c0"), 10)
        nettest.run("rmmod", "kntp_testhw")

    def line(self):
        """A moment by RAW, by the system clock, and in truth."""
        return [int(word) for word in parameter("truth").split()]

    def serve_truth(self):
        raw, _, truth = self.line()
        self.kntp.clock_map(raw, truth)

    def know(self, lifetime=MINUTE, device="s0", **more):
        raw, _, truth = self.line()
        words = {"IFINDEX": u32(self.srv.ifindex(device)),
                 "INDEX": u32(int(parameter("phc"))), "MAP_PHC": s64(truth),
                 "MAP_RAW": s64(raw), "LIFETIME": u64(lifetime),
                 "TX_RATE": u32(10 ** 9), **more}
        self.kntp.cmd("PHC_SET", b"".join(attr(C["KNTP_A_PHC_" + k], v)
                                          for k, v in words.items()))

    def forget(self, device="s0"):
        self.kntp.cmd("PHC_DEL", attr(C["KNTP_A_PHC_IFINDEX"],
                                      u32(self.srv.ifindex(device))))

    def of(self, hook, name):
        return self.kntp.stats().get((hook, "of_" + name), 0)


def nanoseconds(stamp):
    return (stamp - (ntpnet.NTP_EPOCH << 32)) * 10 ** 9 >> 32


def told(sock, flags=0):
    """Data, and the hardware stamp that came with it."""
    data, extra, _, _ = sock.recvmsg(2048, 512, flags)
    for level, kind, value in extra:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPING):
            seconds, part = struct.unpack_from("=qq", value, 32)
            return data, seconds * 10 ** 9 + part
    return data, None


class Client:
    """Knows from its own device when its packets were on the wire."""

    def __init__(self, lab, family=4, server=None):
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        with lab.cli:
            self.sock = socket.socket(kind, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, FLAGS)
        self.sock.connect((server or nettest.SRV[family], 123))
        self.sock.setblocking(False)
        self.receive, self.arrived = bytes(8), None
        self.modes = {"basic": 0, "interleaved": 0}
        self.errors = {"receive": 0, "transmit": 0}
        self.wrong = []

    def wait(self, flags=0):
        poll = select.poll()
        poll.register(self.sock, 0 if flags else select.POLLIN)
        end = time.monotonic() + 5 * nettest.SCALE
        while True:
            # A stamp that nobody reads makes it ready at once.
            poll.poll(5000 * nettest.SCALE)
            try:
                return told(self.sock, flags)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise RuntimeError("nothing comes") from None

    def ask(self):
        """One exchange; says how long this host needed for it at most."""
        mine, transmit = os.urandom(8), os.urandom(8)
        self.sock.send(struct.pack("!BBBb", 0x23, 0, 6, 0) + bytes(20) +
                       self.receive + mine + transmit)
        sent = self.wait(socket.MSG_ERRQUEUE)[1]
        data, arrived = self.wait()
        origin, receive, t3 = data[24:32], data[32:40], data[40:48]
        self.note("receive", nanoseconds(int.from_bytes(receive, "big")), sent)
        if origin == mine:
            self.modes["interleaved"] += 1
            self.note("transmit", nanoseconds(int.from_bytes(t3, "big")),
                      self.arrived)
        else:
            self.modes["basic"] += 1
            if origin != transmit:
                self.wrong.append("neither time is the origin")
        self.receive, self.arrived = receive, arrived
        return data

    def note(self, name, said, true):
        self.errors[name] = max(self.errors[name], abs(said - true))

    def asks(self, times, pause=0.0):
        self.modes = dict.fromkeys(self.modes, 0)
        self.errors = dict.fromkeys(self.errors, 0)
        for _ in range(times):
            self.ask()
            time.sleep(pause)
        return self

    def __str__(self):
        return f"{self.modes}, {self.errors}"


def exact(client):
    return max(client.errors.values()) <= EXACT and not client.wrong


def devices(lab):
    return json.loads(lab.srv.run("kntp", "-j", "phc", "show"))["devices"]


class Kntpd:
    """In a namespace, by its own configuration, beside others."""

    def __init__(self, ns, text):
        self.directory = tempfile.mkdtemp()
        conf = os.path.join(self.directory, "conf")
        nettest.write(conf, f"""{text}
controlsocket {self.directory}/socket
pidfile {self.directory}/pid
""")
        with ns, open(f"{self.directory}/log", "wb") as log:
            self.daemon = subprocess.Popen(	# pylint: disable=R1732
                ["kntpd", "-d", "-x", "-f", conf], stdout=log,
                stderr=subprocess.STDOUT)

    def said(self):
        log = nettest.read(f"{self.directory}/log")
        return log if self.daemon.poll() is None else \
            f"ended with {self.daemon.returncode}: {log}"

    def asks(self, *words):
        got = subprocess.run(["kntp", "-j", *words], capture_output=True,
                             text=True, check=False, env=dict(
                                 os.environ,
                                 KNTPD_SOCKET=f"{self.directory}/socket"))
        rows = list(json.loads(got.stdout).values()) if not got.returncode \
            else []
        rows = [row for row in rows if isinstance(row, list)]
        return rows[0][0] if rows and rows[0] else {}

    def found(self, transmit, receive):
        """The last exchange, when it has stamps by these."""
        nettest.wait_for(lambda: [self.asks("ntpdata").get(key) for key in
                                  ("tx_timestamping", "rx_timestamping")] ==
                         [transmit, receive], 30)
        return self.asks("ntpdata")

    def close(self):
        self.daemon.terminate()
        status = self.daemon.wait()
        subprocess.run(["rm", "-r", self.directory], check=True)
        return status
