#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What the module does not answer belongs to the daemon on UDP/123: it gets
those octets, exactly, and its own answers leave untouched."""
import socket

import nettest
import ntpnet
from nettest import FAR

NTS = ntpnet.extension(0x0104, bytes(range(32))) + \
    ntpnet.extension(0x0204, bytes(100)) + ntpnet.extension(0x0404, bytes(40))
MAC = bytes(range(1, 21))


class Daemon:
    """A socket on UDP/123 of the server's namespace."""

    def __init__(self, lab):
        with lab.srv:
            self.sock = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        self.sock.bind(("::", 123))

    def got(self):
        """All that is there: (source, port, payload)."""
        found = []
        self.sock.setblocking(False)
        try:
            while True:
                data, source = self.sock.recvfrom(65536)
                found.append((source[0].removeprefix("::ffff:"), source[1],
                              data))
        except BlockingIOError:
            return found


def passed():
    """(name, payload, source port, counter)."""
    cases = [(f"mode {mode}", ntpnet.ntp(mode), 40000, "pass_mode")
             for mode in (0, 2, 4, 5, 6, 7)]
    cases += [(f"version {version}", ntpnet.ntp(version=version), 40000,
               "pass_version") for version in (0, 5, 6, 7)]
    cases += [
        ("mode 0, version 1, from port 123", ntpnet.ntp(0, 1), 123, "pass_mode"),
        ("mode 6, 12 octets", bytes.fromhex("160200010000000000000000"), 40000,
         "pass_mode"),
        ("mode 7, 8 octets", bytes.fromhex("1700032a00000000"), 40000,
         "pass_mode"),
        ("mode 7, 1 octet", b"\x17", 40000, "pass_mode"),
        ("mode 5, to all", ntpnet.ntp(5), 123, "pass_mode"),
        ("NTS", ntpnet.ntp(trailer=NTS), 40000, "pass_nts"),
        ("NTS cookie alone", ntpnet.ntp(trailer=NTS[36:140]), 123, "pass_nts"),
        ("MD5 key", ntpnet.ntp(trailer=MAC), 40000, "pass_mac"),
        ("SHA1 key", ntpnet.ntp(trailer=MAC + b"1234"), 123, "pass_mac"),
        ("version 3, key", ntpnet.ntp(version=3, trailer=MAC), 40000,
         "pass_mac"),
        ("symmetric active, key", ntpnet.ntp(1, trailer=MAC), 123, "pass_mac"),
        ("crypto-NAK", ntpnet.ntp(version=3, trailer=bytes(12)), 123,
         "pass_mac"),
        ("longer than any request", ntpnet.ntp() + bytes(1300), 40000,
         "pass_long"),
    ]
    return cases


def handed_on(lab, daemon, family, cases, name, source=None):
    src = source or FAR[family]
    for hooks in (("local",), ("ingress",), ("local", "ingress")):
        lab.listen(*hooks)
        for what, data, port, stat in cases:
            daemon.got()
            faults = lab.faults(lab.frame(family, data, src=src, sport=port),
                                {hook: stat for hook in hooks})
            got = daemon.got()
            if got != [(src, port, data)]:
                faults.append(f"the daemon got {got}")
            yield f"IPv{family}: {name}{what}", hooks, faults


def report(lab, results):
    names = {}
    for name, hooks, faults in results:
        names.setdefault(name, []).extend(f"{hooks}: {f}" for f in faults)
    for name, faults in names.items():
        lab.ktap.ok(not faults, name, "\n".join(faults))


def test_passed(lab):
    daemon = Daemon(lab)
    for family in (4, 6):
        report(lab, handed_on(lab, daemon, family, passed(), ""))
    daemon.sock.close()


def test_surplus(lab):
    """The IP packet goes on behind the UDP datagram (RFC 9868): who gets it
    passed up gets it whole, as without the module, from which UDP takes its
    part. Were it shortened, ip_rcv() would find it too short and drop it."""
    daemon = Daemon(lab)
    source = {4: "198.51.100.98", 6: "2001:db8:99::98"}
    lab.kntp.acl("pass", *source.values())
    for family in (4, 6):
        wrong = []
        for hooks in (("local",), ("ingress",), ("local", "ingress")):
            lab.listen(*hooks)
            for src, data, stat in (
                    (FAR[family], ntpnet.ntp(6), "pass_mode"),
                    (FAR[family], ntpnet.ntp(trailer=NTS), "pass_nts"),
                    (FAR[family], ntpnet.ntp(trailer=MAC), "pass_mac"),
                    (source[family], ntpnet.ntp(), "pass_acl")):
                for extra in (1, 12, 400):
                    daemon.got()
                    frame = ntpnet.ether(
                        nettest.CLI_MAC, nettest.SRV_MAC, ntpnet.ip(
                            src, nettest.SRV[family], ntpnet.udp(
                                src, nettest.SRV[family], data) +
                            b"\xa5" * extra))
                    wrong += lab.faults(frame, {hook: stat for hook in hooks})
                    got = daemon.got()
                    if got != [(src, 40000, data)]:
                        wrong.append(f"{hooks} {stat} {extra}: {got}")
        lab.ktap.ok(not wrong, f"IPv{family}: a surplus behind the datagram",
                    "\n".join(wrong))
    lab.kntp.acl_del(*(p for p in source.values()))
    daemon.sock.close()


def test_acl_pass(lab):
    """A source under `acl pass`: all that it sends that is NTP, requests too."""
    daemon = Daemon(lab)
    source = {4: "198.51.100.99", 6: "2001:db8:99::99"}
    lab.kntp.acl("pass", *source.values())
    requests = [("client", ntpnet.ntp(), 40000, "pass_acl"),
                ("symmetric active", ntpnet.ntp(1), 123, "pass_acl"),
                ("client with a key", ntpnet.ntp(trailer=MAC), 123, "pass_acl"),
                ("client with NTS", ntpnet.ntp(trailer=NTS), 123, "pass_acl"),
                ("mode 6", ntpnet.ntp(6), 123, "pass_mode")]
    for family in (4, 6):
        report(lab, handed_on(lab, daemon, family, requests, "acl pass: ",
                              source[family]))
    daemon.sock.close()


def test_not_passed(lab):
    """What the module answers or drops, the daemon never sees."""
    daemon = Daemon(lab)
    denied = {4: "198.51.100.66", 6: "2001:db8:99::66"}
    lab.kntp.acl("deny", *denied.values())
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            faults = lab.faults(lab.frame(family), {hook: "answered"})
            faults += lab.faults(lab.frame(family, src=denied[family]),
                                 {hook: "drop_denied"})
            faults += lab.faults(lab.frame(family, ntpnet.ntp() + b"\0" * 4),
                                 {hook: "drop_malformed"})
            got = daemon.got()
            lab.ktap.ok(not faults and not got, f"IPv{family}: {hook}: the "
                        "daemon sees nothing of the rest", f"{faults} {got}")
    daemon.sock.close()


def test_daemon_answers(lab):
    """The daemon's own packets to and from port 123 are not taken from it."""
    daemon = Daemon(lab)
    for hooks in (("local",), ("local", "ingress")):
        lab.listen(*hooks)
        for family in (4, 6):
            asked = ntpnet.ntp(trailer=MAC)
            answer = ntpnet.ntp(4, trailer=MAC)
            lab.port.drain()
            lab.port.send(lab.frame(family, asked))
            got = nettest.wait_for(daemon.got)
            mapped = "::ffff:" if family == 4 else ""
            daemon.sock.sendto(answer, (mapped + FAR[family], 40000))
            back, seen = lab.port.until(lambda d: d.data == answer)
            lab.ktap.ok(got == [(FAR[family], 40000, asked)] and seen and
                        not back, f"IPv{family}: {'+'.join(hooks)}: the "
                        "daemon's answer leaves as it is", f"{got} {back}")
    daemon.sock.close()


nettest.main(test_passed, test_surplus, test_acl_pass, test_not_passed, test_daemon_answers)
