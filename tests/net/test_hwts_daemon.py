#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Daemons with devices that stamp packets (tests/testhw): chronyd as a client
of the module, kntpd that switches stamping on, and what kntpd itself asks."""
import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import tempfile

import nettest
from hwlab import (NOISE, SIOCSHWTSTAMP, Client, HwLab, Kntpd, devices,
                   parameter, stamping)
from kntpnl import u32

COUNT = 40	# of what chronyd measured
SHORT = 2000	# ns: the noise, or the precision of the clock
CHRONYD = os.environ.get("KNTP_PEERS", "") + "/usr/sbin/chronyd"


def offsets(lab, words):
    """What a chronyd that leaves the clock alone measures, ns. On a slow machine
    the stamps of its own device come later than it waits for them; what it then
    measures is its own, not the server's, and is left out."""
    kind = ["4I" if words else "4B", "H", "H"]
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
                return [row for row in map(str.split, lines.splitlines())
                        if row[17:20] == kind]

            # Not before it knows its hardware clock.
            nettest.wait_for(lambda: len(rows()) > 2 * COUNT, 60)
            daemon.kill()
            return [float(row[11]) * 1e9 for row in rows()[-COUNT:]]


def test_chronyd(lab):
    """A real client on the same machine, whose every offset should be nought."""
    if not os.path.exists(CHRONYD):
        raise nettest.Skip("no chronyd among the peers")
    # Its figures are a matter of microseconds, and of what chronyd is told of
    # the device that stamped; the debug kernel has neither.
    if nettest.USER_MODE:
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
        errors = sorted(map(abs, offsets(lab, words)))
        if not lab.ktap.equal(len(errors), COUNT, f"chronyd: {name}: it measures"):
            continue
        medians[name] = errors[len(errors) // 2]
        lab.ktap.note(f"chronyd: {name}: offsets: median {medians[name]:.0f} ns,"
                      f" 90 %: {errors[len(errors) * 9 // 10]:.0f} ns")
    stamping(lab.srv, "s0")
    best = medians.get("interleaved, device", float("inf"))
    # Four stamps, and its own readings of the hardware clock.
    lab.ktap.ok(best <= 4 * NOISE and best == min(medians.values()),
                "chronyd: with all stamps from devices it is their noise",
                medians)
    lab.forget()


def stamps_now(ns, device):
    """What the device is told to stamp: transmitted, received."""
    config = (ctypes.c_int * 3)(0, 0, 0)
    request = struct.pack("16sP16x", device.encode(), ctypes.addressof(config))
    with ns, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, SIOCSHWTSTAMP + 1, request)
    return tuple(config[1:])


def asking(lab, words, more=""):
    """It asks the module over the wire, with stamps by its own device. There is
    one module for both ends, so it must not tell that what it measures."""
    return Kntpd(lab.cli, f"""server {nettest.SRV4} minpoll -4 maxpoll -4 noselect {words}
hwtimestamp * minpoll -2
{more}
port 0""")


def test_kntpd(lab):
    """kntpd turns stamping on, and tells the module how the clock runs: a
    primary server by one device's clock, to a client by another's stamps."""
    stamping(lab.srv, "s0", False, False)
    lab.listen()
    daemon = Kntpd(lab.srv, f"""refclock PHC /dev/ptp{parameter("phc")} poll 0 \
dpoll -2 refid PHC
hwtimestamp * minpoll -2 txrate 1000000
listen hook ingress dev s0
allow all""")
    said = daemon.said
    lab.ktap.ok(nettest.wait_for(lambda: devices(lab), 20),
                "kntpd: the module knows the clock", said())
    lab.ktap.equal(stamps_now(lab.srv, "s0"), (1, 1),
                   "kntpd: the device stamps")
    lab.ktap.ok(nettest.wait_for(lambda: lab.kntp.clock()["state"] == 1 and
                                 lab.kntp.clock()["leap"] == 0, 30),
                "kntpd: the clock is kept", said())
    nettest.wait_for(lambda: "ingress" in lab.srv.run(
        "kntp", "listen", "show"), 20)
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
    lab.ktap.equal(daemon.close(), 0, "kntpd: ends")
    lab.ktap.equal((devices(lab), stamps_now(lab.srv, "s9")), ([], (0, 0)),
                   "kntpd: all is as it was found, by another name")
    lab.srv.ip("link set s9 down\nlink set s9 name s0\nlink set s0 up")


def test_below(lab):
    """The name of a VLAN or a bond means what it sends by, and that is what
    the module is told of, once."""
    stamping(lab.srv, "s0", False, False)
    lab.listen()
    for name, kind in (("VLAN", "link s0 name s9 type vlan id 5"),
                       ("VLAN, all", "link s0 name s9 type vlan id 5"),
                       ("bond", "name s9 type bond mode active-backup")):
        try:
            lab.srv.ip(f"link add {kind}")
        except RuntimeError as why:
            raise nettest.Skip(f"no {name}: {why}") from None
        daemon = Kntpd(lab.srv, "hwtimestamp " +
                       ("*" if "all" in name else "s9") + " minpoll -2")
        if name == "bond":
            nettest.wait_for(lambda: daemon.asks("activity") is not None)
            lab.srv.ip("link set s0 down\nlink set s0 master s9\nlink set s9 up")
        nettest.wait_for(lambda: devices(lab), 30)
        lab.ktap.ok([it["dev"] for it in devices(lab)] == ["s0"] and
                    stamps_now(lab.srv, "s0") == (1, 1),
                    f"below: {name}: the device stamps",
                    str(devices(lab)) + daemon.said())
        lab.ktap.equal(daemon.close(), 0, f"below: {name}: ends")
        lab.ktap.equal((devices(lab), stamps_now(lab.srv, "s0")), ([], (0, 0)),
                       f"below: {name}: all is as it was found")
        lab.srv.ip("link del s9\nlink set s0 up")


def test_requests(lab):
    """kntpd's own requests are stamped by the device, and what it measures is
    that device's noise."""
    stamping(lab.srv, "s0")
    lab.listen("ingress")
    for speed, words in ((0, ""), (0, "xleave"), (100, "xleave")):
        name = f"{words or 'basic'}, {speed or 'no'} Mbit/s"
        parameter("speed", speed)
        octet = 8000 // speed if speed else 0
        lab.serve_truth()
        lab.know(OCTET=u32(octet * 1000))
        daemon = asking(lab, words)
        last = daemon.found("hardware", "hardware")
        lab.ktap.ok((last.get("tx_timestamping"), last.get(
            "rx_timestamping")) == ("hardware", "hardware"),
            f"requests: {name}: stamps by the device", daemon.said())
        # No delay is said to be shorter than the clock's precision, which is
        # 20 us there.
        if words and not nettest.USER_MODE:
            # Both frames take as long as 94 octets do. Where the kernel stamps
            # it is 100 us more.
            wanted = 2 * 94 * octet

            def good(wanted=wanted, daemon=daemon):
                return abs(daemon.asks("ntpdata")["delay_ns"] - wanted) < \
                    SHORT

            lab.ktap.ok(nettest.wait_for(good, 20),
                        f"requests: {name}: the delay is the wire's",
                        daemon.asks("ntpdata"))
        lab.ktap.note(f"requests: {name}: {daemon.asks('sourcestats')}")
        lab.ktap.ok(daemon.asks("ntpdata")["total_hardware_tx"] > 0 and
                    daemon.asks("ntpdata")["total_hardware_rx"] > 0,
                    f"requests: {name}: counted")
        daemon.close()
    parameter("speed", 0)
    lab.know()
    parameter("stamp_delay", 40)
    for wait, kind in ((0.0001, "kernel"), (0.5, "hardware")):
        daemon = asking(lab, "", f"hwtstimeout {wait}")
        last = daemon.found(kind, "hardware")
        lab.ktap.ok(last.get("tx_timestamping") == kind,
                    f"requests: late stamps, {wait} s: by the {kind}",
                    daemon.said())
        daemon.close()
    parameter("stamp_delay", 0)


if __name__ == "__main__":
    nettest.main(test_chronyd, test_kntpd, test_below, test_requests, lab=HwLab)
