#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The buffer a request comes in, when somebody else has a hand on it: captures
on both ends, a fair queue behind that reads its time stamp, several datagrams
in one buffer, a buffer that is shared."""
import socket
import struct
import subprocess
import tempfile
import time

import nettest
import ntpnet
from nettest import FAR, SRV, SRV_MAC

HOOKS = (("local",), ("ingress",), ("local", "ingress"))


def read_pcap(path):
    with open(path, "rb") as file:
        data = file.read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from(order + "I", data, at + 8)[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


class Tap:
    """A packet socket, whose queue keeps the buffers until it is read."""

    def __init__(self, ns, device):
        with ns:
            self.port = ntpnet.Port(device)
        self.port.sock.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS

    def frames(self):
        found = []
        self.port.sock.setblocking(False)
        try:
            while True:
                found.append(self.port.sock.recv(65536))
        except BlockingIOError:
            return found


def captured(frames, sent, answers, name):
    """Whether each request is in a capture as it was sent, and each answer as
    it came."""
    wrong = [f"{name}: changed or missing: {frame.hex()}" for frame in sent
             if frame not in frames]
    return wrong + [f"{name}: no {answer}" for answer in answers
                    if answer.frame not in frames]


def test_taps(lab):
    taps = {"server": Tap(lab.srv, "s0"), "client": Tap(lab.cli, "c0")}
    more = [Tap(lab.srv, "s0") for _ in range(3)]
    for hooks in HOOKS:
        lab.listen(*hooks)
        for family in (4, 6):
            sent = [lab.frame(family) for _ in range(10)]
            sent.append(lab.frame(family, ntpnet.ntp(
                trailer=ntpnet.extension(0x2005, bytes(range(200))))))
            for tap in taps.values():
                tap.frames()
            answers = lab.answers(sent)
            wrong = [] if len(answers) == len(sent) else [f"{len(answers)}"]
            by_origin = {a.origin: a for a in answers}
            for frame in sent:
                asked = ntpnet.parse(frame)
                if asked.transmit in by_origin:
                    wrong += ntpnet.reply_faults(asked, by_origin[asked.transmit],
                                                 SRV_MAC)
            for name, tap in taps.items():
                wrong += captured(tap.frames(), sent, answers, name)
            lab.ktap.ok(not wrong, f"IPv{family}: {'+'.join(hooks)}: requests "
                        "are captured as they were, and answered", wrong[:3])
    for tap in more + list(taps.values()):
        tap.port.close()


def tcpdump(ns, device, path):
    with ns:
        process = subprocess.Popen(
            ["tcpdump", "-i", device, "-n", "-U", "-s", "0", "-w", path, "-Z",
             "root"], stderr=subprocess.PIPE, text=True)
    # It says "listening on" when it does.
    said = ""
    while "listening on" not in said:
        line = process.stderr.readline()
        if not line:
            raise nettest.Skip(f"tcpdump: {said}")
        said += line
    return process


def test_tcpdump(lab):
    try:
        subprocess.run(["tcpdump", "--version"], capture_output=True, check=True)
    except OSError as why:
        raise nettest.Skip(f"no tcpdump: {why}") from None
    with tempfile.TemporaryDirectory() as tmp:
        paths = {"server": tmp + "/s0", "client": tmp + "/c0"}
        dumps = [tcpdump(lab.srv, "s0", paths["server"]),
                 tcpdump(lab.cli, "c0", paths["client"])]
        sent, answers = [], []
        for hooks in HOOKS:
            lab.listen(*hooks)
            for family in (4, 6):
                frames = [lab.frame(family) for _ in range(5)]
                sent += frames
                answers += lab.answers(frames)

        def all_there():
            return not any(captured(list(read_pcap(path)), sent, answers, "")
                           for path in paths.values())

        nettest.wait_for(all_there)
        for dump in dumps:
            dump.terminate()
            dump.communicate()
        wrong = [fault for name, path in paths.items() for fault in
                 captured(list(read_pcap(path)), sent, answers, name)]
        lab.ktap.ok(len(answers) == len(sent) and not wrong,
                    "tcpdump on both ends: requests as they were, answers as "
                    "they came", wrong[:3])


def test_fq(lab):
    """The fair queue takes a buffer's time stamp for the time to send it: one
    left from the request's arrival is beyond its horizon."""
    try:
        lab.srv.run("tc", "qdisc", "add", "dev", "s0", "root", "fq")
    except RuntimeError as why:
        raise nettest.Skip(f"no fq: {why}") from None
    tap = Tap(lab.srv, "s0")	# switches the stamps on
    for hooks in HOOKS:
        lab.listen(*hooks)
        for family in (4, 6):
            sent = [lab.frame(family) for _ in range(20)]
            answers = lab.answers(sent)
            slow = [a for a in answers if not 0 <= ntpnet.seconds(
                a.data[40:48]) - ntpnet.seconds(a.data[32:40]) < 1]
            lab.ktap.ok(len(answers) == 20 and not slow, f"IPv{family}: "
                        f"{'+'.join(hooks)}: fq neither drops nor delays",
                        f"{len(answers)} {slow[:2]}")
    said = lab.srv.run("tc", "-s", "qdisc", "show", "dev", "s0")
    lab.ktap.ok("dropped 0," in said, "fq has dropped none", said)
    tap.port.close()
    lab.srv.run("tc", "qdisc", "del", "dev", "s0", "root")


def heard(daemon):
    """The transmit stamps of the requests it got."""
    stamps = set()
    try:
        while True:
            stamps.add(daemon.recv(2048)[40:48])
    except BlockingIOError:
        return stamps


def test_gro(lab):
    """Datagrams of one flow that come together are put into one buffer where
    the device is told to: left to the socket behind, which gets each."""
    try:
        lab.srv.run("ethtool", "-K", "s0", "gro", "on", "rx-gro-list", "on")
        lab.cli.run("tc", "qdisc", "add", "dev", "c0", "root", "plug")
    except (OSError, RuntimeError) as why:
        raise nettest.Skip(f"no GRO or plug: {why}") from None
    with lab.srv:
        daemon = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    daemon.bind(("::", 123))
    daemon.setblocking(False)
    for hooks in HOOKS:
        lab.listen(*hooks)
        for family in (4, 6):
            before = lab.kntp.stats()
            # Of one flow: IPv4 identifiers must not matter.
            whole = {"frag": 0x4000} if family == 4 else {}
            sent = [lab.frame(family, ip=whole) for _ in range(8)]
            lab.port.drain()
            lab.cli.run("tc", "qdisc", "change", "dev", "c0", "root", "plug",
                        "block")
            for frame in sent:
                lab.port.send(frame)
            lab.cli.run("tc", "qdisc", "change", "dev", "c0", "root", "plug",
                        "release_indefinite")
            wanted = {ntpnet.parse(f).transmit for f in sent}
            got, answered = set(), set()

            def all_there(got=got, answered=answered, wanted=wanted):
                got |= heard(daemon)
                answers, _ = lab.port.until(lambda d: False, 0.002)
                answered |= {answer.origin for answer in answers}
                return got | answered >= wanted

            nettest.wait_for(all_there, 5)
            many = lab.kntp.stats().get((hooks[0], "pass_gso"), 0) - \
                before.get((hooks[0], "pass_gso"), 0)
            name = f"IPv{family}: {'+'.join(hooks)}: several in one buffer"
            if not many:
                lab.ktap.skip(name, "they were not put together")
            else:
                lab.ktap.ok(got | answered >= wanted and not got & answered,
                            f"{name}: each has its answer or its socket",
                            f"{len(got)} + {len(answered)} of {len(wanted)}")
    daemon.close()
    lab.cli.run("tc", "qdisc", "del", "dev", "c0", "root")
    lab.srv.run("ethtool", "-K", "s0", "rx-gro-list", "off")


def pktgen(lab, lines):
    with lab.srv:
        for file, line in lines:
            nettest.write("/proc/net/pktgen/" + file, line + "\n")


def test_shared(lab):
    """pktgen gives the same buffer to the stack again and again, and keeps it:
    it must not be written to."""
    if subprocess.run(["modprobe", "pktgen"], capture_output=True,
                      check=False).returncode:
        raise nettest.Skip("no pktgen")
    lab.listen("local", "ingress")
    before = lab.kntp.stats()
    pktgen(lab, [("kpktgend_0", "rem_device_all"),
                 ("kpktgend_0", "add_device s0")] + [("s0", line) for line in (
                     "count 64", "xmit_mode netif_receive", "burst 8",
                     "pkt_size 90", f"dst {SRV[4]}", f"src_min {FAR[4]}",
                     f"src_max {FAR[4]}", f"dst_mac {SRV_MAC}",
                     "src_mac " + nettest.CLI_MAC, "udp_dst_min 123",
                     "udp_dst_max 123", "udp_src_min 40000",
                     "udp_src_max 40000")])
    pktgen(lab, [("pgctrl", "start")])
    counted = {key: n - before.get(key, 0) for key, n in
               lab.kntp.stats().items() if n != before.get(key, 0)}
    pktgen(lab, [("kpktgend_0", "rem_device_all")])
    subprocess.run(["modprobe", "-r", "pktgen"], check=False)
    lab.ktap.equal(counted.get(("ingress", "pass_shared")), 64,
                   "a shared buffer is left to the local hook")
    # pktgen's payload begins with 0xbe: mode 6.
    lab.ktap.equal(counted.get(("local", "pass_mode")), 64,
                   "which sees each of them")
    lab.ktap.ok(lab.ask(), "and others are answered")


nettest.main(test_taps, test_tcpdump, test_fq, test_gro, test_shared)
