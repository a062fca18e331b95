#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Stamps of a device whose hardware clock keeps true time (tests/testhw): what
is served of them against what the other end of the wire stamped."""
import ctypes
import errno
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
from kntpnl import C, attr, s64, u8, u32, u64

PARAMETERS = "/sys/module/kntp_testhw/parameters/"
CHRONYD = os.environ.get("KNTP_PEERS", "") + "/usr/sbin/chronyd"
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

    def know(self, lifetime=MINUTE, device="s0"):
        raw, _, truth = self.line()
        a = "KNTP_A_PHC_"
        self.kntp.cmd("PHC_SET", attr(C[a + "IFINDEX"], u32(
            self.srv.ifindex(device))) + attr(C[a + "INDEX"], u32(
            int(parameter("phc")))) + attr(C[a + "MAP_PHC"], s64(truth)) + attr(
            C[a + "MAP_RAW"], s64(raw)) + attr(
            C[a + "LIFETIME"], u64(lifetime)))

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

    def __init__(self, lab, family=4):
        kind = socket.AF_INET if family == 4 else socket.AF_INET6
        with lab.cli:
            self.sock = socket.socket(kind, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, FLAGS)
        self.sock.connect((nettest.SRV[family], 123))
        self.sock.setblocking(False)
        self.receive, self.arrived = bytes(8), None
        self.modes = {"basic": 0, "interleaved": 0}
        self.errors = {"receive": 0, "transmit": 0}
        self.wrong = []

    def wait(self, flags=0):
        poll = select.poll()
        poll.register(self.sock, 0 if flags else select.POLLIN)
        if not poll.poll(5000 * nettest.SCALE):
            raise RuntimeError("nothing comes")
        return told(self.sock, flags)

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
                lab.ktap.equal(client.modes,
                               {"basic": 2, "interleaved": 98},
                               f"{name}: interleaved")
                lab.ktap.equal((lab.of(hook, "rx_device") - rx,
                                lab.of(hook, "tx_device") - tx), (100, 98),
                               f"{name}: all by the device")
    parameter("stamp_late", "N")


def test_without(lab):
    """A clock that is not known, or not any more: the kernel's own stamps."""
    lab.serve_truth()
    lab.listen("local")
    lab.forget()
    client = Client(lab).asks(100)
    lab.ktap.note(f"not known: {client}")
    lab.ktap.ok(client.modes["interleaved"] == 98 and not client.wrong and
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


def offsets(lab, words, count=40):
    """What a chronyd that leaves the clock alone measures, ns, and how."""
    with tempfile.TemporaryDirectory() as directory:
        conf = os.path.join(directory, "conf")
        nettest.write(conf, f"""server {nettest.SRV4} minpoll -4 maxpoll -4 {words}
hwtimestamp *
cmdport 0
bindcmdaddress {directory}/socket
pidfile {directory}/pid
logdir {directory}
log rawmeasurements
logbanner 0
""")
        with lab.cli, subprocess.Popen(
                [CHRONYD, "-d", "-x", "-u", "root", "-f", conf],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:

            def rows():
                try:
                    lines = nettest.read(f"{directory}/measurements.log")
                except FileNotFoundError:
                    return []
                return [line.split() for line in lines.splitlines()]

            # Not before it knows its hardware clock.
            nettest.wait_for(lambda: len(rows()) > 2 * count, 60)
            daemon.kill()
            return rows()[-count:]


def test_chronyd(lab):
    """A real client on the same machine, whose every offset should be nought."""
    if not os.path.exists(CHRONYD):
        raise nettest.Skip("no chronyd among the peers")
    # Its figures are a matter of microseconds, and of what chronyd is told of
    # the device that stamped; the debug kernel has neither.
    if "User Mode Linux" in nettest.read("/proc/cpuinfo"):
        raise nettest.Skip("not in User-Mode Linux")
    lab.kntp.clock_set(lease="forever")
    lab.listen("ingress")
    lab.know()
    medians = {}
    for name, words, transmit, receive in (
            ("interleaved, device", "xleave", True, True),
            ("interleaved, device on receipt alone", "xleave", False, True),
            ("interleaved, driver", "xleave", False, False),
            ("basic, device on receipt", "", True, True),
            ("basic, driver", "", False, False)):
        stamping(lab.srv, "s0", transmit, receive)
        found = offsets(lab, words)
        mode = "4I" if words else "4B"
        # Its own stamps may come late once, on a slow machine.
        hw = sum(row[17:20] == [mode, "H", "H"] for row in found)
        lab.ktap.ok(hw >= len(found) * 9 // 10 > 0,
                    f"chronyd: {name}: it measures", found[-3:])
        errors = sorted(abs(float(row[11])) * 1e9 for row in found)
        medians[name] = errors[len(errors) // 2]
        lab.ktap.note(f"chronyd: {name}: offsets: median {medians[name]:.0f} ns,"
                      f" 90 %: {errors[len(errors) * 9 // 10]:.0f} ns")
    stamping(lab.srv, "s0")
    best = medians["interleaved, device"]
    # Four stamps, and its own readings of the hardware clock.
    lab.ktap.ok(best <= 4 * NOISE and best <= min(medians.values()),
                "chronyd: with all stamps from devices it is their noise",
                medians)


def stamps_now(ns, device):
    """What the device is told to stamp: transmitted, received."""
    config = (ctypes.c_int * 3)(0, 0, 0)
    request = struct.pack("16sP16x", device.encode(), ctypes.addressof(config))
    with ns, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSHWTSTAMP + 1, request)
    return tuple(config[1:])


def devices(lab):
    return json.loads(lab.srv.run("kntp", "-j", "phc", "show"))["devices"]


def test_kntpd(lab):
    """kntpd turns stamping on, and tells the module how the clock runs: a
    primary server by one device's clock, to a client by another's stamps."""
    stamping(lab.srv, "s0", False, False)
    with tempfile.TemporaryDirectory() as directory:
        conf = os.path.join(directory, "conf")
        nettest.write(conf, f"""refclock PHC /dev/ptp{parameter("phc")} poll 0 \
dpoll -2 refid PHC
hwtimestamp * minpoll -2
listen hook ingress dev s0
allow all
controlsocket {directory}/socket
pidfile {directory}/pid
""")
        lab.listen()
        log = open(f"{directory}/log", "wb")	# pylint: disable=R1732
        with lab.srv, log:
            daemon = subprocess.Popen(	# pylint: disable=R1732
                ["kntpd", "-d", "-x", "-f", conf], stdout=log,
                stderr=subprocess.STDOUT)

        def said():
            return nettest.read(f"{directory}/log") if daemon.poll() is None \
                else f"ended with {daemon.returncode}: " + \
                nettest.read(f"{directory}/log")

        lab.ktap.ok(nettest.wait_for(lambda: devices(lab), 20),
                    "kntpd: the module knows the clock", said())
        lab.ktap.equal(stamps_now(lab.srv, "s0"), (1, 1),
                       "kntpd: the device stamps")
        lab.ktap.ok(nettest.wait_for(lambda: lab.kntp.clock()["state"] == 1 and
                                     lab.kntp.clock()["leap"] == 0, 30),
                    "kntpd: the clock is kept", said())
        # until the line is that of many readings
        client = Client(lab)
        nettest.wait_for(lambda: max(client.asks(20).errors.values()) <
                         4 * NOISE and not client.modes["basic"], 20)
        rx = lab.of("ingress", "rx_device")
        client.asks(100)
        lab.ktap.note(f"kntpd: {client}, {devices(lab)}")
        lab.ktap.ok(max(client.errors.values()) <= 6 * NOISE and
                    not client.wrong, "kntpd: stamps are near the truth",
                    str(client) + said())
        lab.ktap.equal(lab.of("ingress", "rx_device") - rx, 100,
                       "kntpd: all by the device")
        parameter("phc_offset", 10 ** 6)
        lab.ktap.ok(nettest.wait_for(lambda: "was set" in said(), 10),
                    "kntpd: a clock that is set is noticed", said())
        parameter("phc_offset", 0)
        nettest.wait_for(lambda: devices(lab), 10)
        lab.srv.ip("link set s0 down\nlink set s0 name s9\nlink set s9 up")
        daemon.terminate()
        lab.ktap.equal(daemon.wait(), 0, "kntpd: ends")
        lab.ktap.equal((devices(lab), stamps_now(lab.srv, "s9")), ([], (0, 0)),
                       "kntpd: all is as it was found, by another name")
        lab.srv.ip("link set s9 down\nlink set s9 name s0\nlink set s0 up")


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
            ("a rate", {"MAP_RATE": s64(1 << 60)}, errno.ERANGE)):
        lab.ktap.equal(refusal(**more), wanted, f"refused or not: {name}")
    lab.forget()
    try:
        lab.forget()
        got = 0
    except OSError as err:
        got = err.errno
    lab.ktap.equal(got, errno.ENOENT, "nothing is known of it")


if __name__ == "__main__":
    nettest.main(test_stamps, test_without, test_step, test_lost, test_delayed,
                 test_chronyd, test_refused, test_kntpd, lab=HwLab)
