#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Packets that mean harm: changed, cut, misaligned, with wrong lengths and
checksums, a million of them where KNTP_LONG is set. In between every honest
client is answered, the counters balance, and no answer is longer than what was
asked. (That the kernel has nothing to say about it the guest's verdict sees.)"""
import os
import socket
import struct
import time

import nettest
import ntpnet
from nettest import CLI_LL, FAR, SRV, SRV_LL
from ntpnet import ETH_VLAN, extension

COUNT = 1020000 if os.environ.get("KNTP_LONG") else 60000
MODES = (("local",), ("ingress",), ("local", "ingress"))


def corpus(lab):
    frames = []
    mac = bytes(range(20))
    nts = extension(0x0104, bytes(32)) + extension(0x0204, bytes(96)) + \
        extension(0x0404, bytes(40))
    payloads = [ntpnet.ntp(mode, version) for version in range(8)
                for mode in (1, 3)]
    payloads += [ntpnet.ntp(mode) for mode in (0, 2, 4, 5, 6, 7)]
    payloads += [ntpnet.ntp(trailer=t) for t in (
        mac, mac + b"1234", nts, extension(0x2005, bytes(24)),
        extension(0x2005, bytes(1196)), extension(0x2005, bytes(12)) * 5,
        extension(0x2005, bytes(12)) + mac, b"\0" * 4, b"\xff" * 28)]
    payloads += [b"", b"\x23", ntpnet.ntp()[:47], ntpnet.ntp() + bytes(1300)]
    for family in (4, 6):
        frames += [lab.frame(family, data) for data in payloads]
        frames += [lab.frame(family, check=0), lab.frame(family, sport=123),
                   lab.frame(family, tags=[(ETH_VLAN, 0)]),
                   lab.frame(family, tags=[(ETH_VLAN, 7)])]
    frames += [lab.frame(ip={"options": b"\x01" * 40}),
               lab.frame(ip={"frag": 0x2000, "ident": 7}),
               lab.frame(ip={"frag": 3, "ident": 7}),
               lab.frame(dst="255.255.255.255", dst_mac="ff:ff:ff:ff:ff:ff"),
               lab.frame(6, src=CLI_LL, dst=SRV_LL)]
    datagram = ntpnet.udp(FAR[6], SRV[6], ntpnet.ntp())
    for proto, head in ((0, bytes((17, 0, 1, 4, 0, 0, 0, 0))),
                        (60, bytes((17, 0, 1, 4, 0, 0, 0, 0))),
                        (43, bytes((17, 0, 3, 0, 0, 0, 0, 0))),
                        (44, struct.pack("!BBHI", 17, 0, 1, 9)),
                        (51, bytes((17, 1)) + bytes(10))):
        frames.append(ntpnet.ether(nettest.CLI_MAC, nettest.SRV_MAC, ntpnet.ip6(
            FAR[6], SRV[6], head + datagram, proto=proto)))
    return frames


def test_flood(lab):
    """Sentinels between the pieces; COUNT packets in all."""
    with lab.srv:
        daemon = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    daemon.bind(("::", 123))
    frames = corpus(lab)
    pieces = 20 if COUNT > 100000 else 4
    for hooks in MODES:
        lab.listen(*hooks)
        sent, began, wrong = 0, time.monotonic(), []
        for _ in range(pieces):
            sender = nettest.flood(
                lab.cli, "c0", frames, COUNT // 3 // pieces,
                lab.ktap.random.randrange(1 << 30), "mutate")
            sent += int(sender.communicate()[0])
            for family in (4, 6):
                wrong += lab.faults(lab.frame(family),
                                    {hooks[-1]: "answered"})
        took = time.monotonic() - began
        lab.ktap.ok(not wrong, f"{'+'.join(hooks)}: {COUNT // 3} hostile "
                    "packets: honest ones between are answered", wrong)
        lab.ktap.note(f"{sent} sent in {took:.1f} s; {lab.kntp.stats()}")
    daemon.close()


def test_amplification(lab):
    """Every request that was sent, every answer that came, compared."""
    frames = corpus(lab)
    with lab.cli:
        tap = ntpnet.Port("c0")
    wrong, answered = [], 0
    for hooks in MODES:
        lab.listen(*hooks)
        tap.drain()
        sender = nettest.flood(lab.cli, "c0", frames, 600,
                               lab.ktap.random.randrange(1 << 30), "mutate")
        sender.wait()
        lab.answers([])
        asked, answers = {}, []
        tap.sock.setblocking(False)
        try:
            while True:
                frame, _, _, source = tap.sock.recvmsg(65536, 256)
                # By what a reply has of its request.
                if source[2] == ntpnet.PACKET_OUTGOING:
                    for at in range(14, len(frame) - 7):
                        key = frame[at:at + 8]
                        asked[key] = max(asked.get(key, 0), len(frame))
                else:
                    answers.append(ntpnet.parse(frame))
        except BlockingIOError:
            pass
        for answer in answers:
            if answer is None or answer.sport != 123 or \
                    answer.data[0] & 7 not in (2, 4):
                continue
            answered += 1
            if len(answer.data) != 48 or answer.faults or \
                    len(answer.frame) > asked.get(answer.origin, 0):
                wrong.append(f"{answer} to {asked.get(answer.origin)}")
    lab.ktap.ok(answered > 50 and not wrong,
                "no answer is longer than its request, or wrong",
                f"{answered} answers; {wrong[:3]}")
    lab.ktap.note(f"{answered} answers")
    tap.close()


nettest.main(test_flood, test_amplification)
