#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What is proven before anything is believed: checksums, lengths, fragments,
IPv4 options, IPv6 extension headers, ports. Where the IP layer refuses a packet
before the local hook, that hook's outcome is None: it never sees it."""
import struct

import nettest
import ntpnet
from nettest import FAR, SRV

FRAGMENT, HOP, ROUTING, DESTINATION, NONE_NEXT = 44, 0, 43, 60, 59
MF, DF, EVIL = 0x2000, 0x4000, 0x8000


def whole_sum(family):
    """A request whose checksum comes out as zero, and is sent as ffff."""
    data = ntpnet.ntp()[:46]
    rest = ntpnet.udp(FAR[family], SRV[family], data + b"\0\0")[6:8]
    return data + rest


def checksums(lab, family):
    v4 = family == 4
    zero = "answered" if v4 else "drop_checksum"
    ones = lab.frame(family, whole_sum(family))
    assert ntpnet.parse(ones).faults == [] and b"\xff\xff" in ones
    cases = [
        ("right", lab.frame(family), "answered", "answered"),
        ("wrong", lab.frame(family, check="bad"),
         "drop_checksum", "drop_checksum"),
        ("none", lab.frame(family, check=0), zero, zero),
        ("all ones", ones, "answered", "answered"),
    ]
    if v4:
        cases.append(("of the IP header: wrong",
                      lab.frame(ip={"check": "bad"}), "drop_checksum", None))
    return [(f"IPv{family}: checksum: {name}", *rest) for name, *rest in cases]


def lengths(lab, family):
    drop = "drop_length"
    good = lab.frame(family)
    head = 20 if family == 4 else 40
    long = 1280 - 48
    # Its checksum is that of its own length: the rest belongs to nobody.
    inner = ntpnet.ether(nettest.CLI_MAC, nettest.SRV_MAC, ntpnet.ip(
        FAR[family], SRV[family], ntpnet.udp(FAR[family], SRV[family],
                                             ntpnet.ntp()) + b"\xa5" * 12))
    return [(f"IPv{family}: length: {name}", *rest) for name, *rest in (
        ("UDP: 0", lab.frame(family, length=0), drop, drop),
        ("UDP: less than its header", lab.frame(family, length=7), drop, drop),
        ("UDP: no payload", lab.frame(family, b""), drop, drop),
        ("UDP: less than NTP's", lab.frame(family, ntpnet.ntp()[:47]),
         drop, drop),
        ("UDP: more than there is", lab.frame(family, length=57), drop, drop),
        ("UDP: more than can be", lab.frame(family, length=0xffff), drop, drop),
        ("UDP: less than there is", inner, "answered", "answered"),
        ("Ethernet padding", good + b"\xa5" * 30, "answered", "answered", good),
        ("Ethernet padding of one octet", good + b"\xa5", "answered",
         "answered", good),
        ("longest", lab.frame(family, ntpnet.ntp(
            trailer=ntpnet.extension(0x2005, bytes(long - 4)))),
         "answered", "answered"),
        ("too long", lab.frame(family, ntpnet.ntp(
            trailer=ntpnet.extension(0x2005, bytes(long)))),
         "pass_long", "pass_long"),
        ("truncated in the UDP header", good[:14 + head + 7], None, None),
        ("truncated in the IP header", good[:14 + head - 1], None, None),
        ("no IP header at all", good[:14], None, None),
        ("truncated before the payload", good[:14 + head + 8], drop, None),
        ("truncated in the payload", good[:-1], drop, None),
    )]


def ip_lengths(lab, family):
    if family == 4:
        key, size, drop = "tot_len", 76, (
            ("UDP header", 28, "drop_length"), ("UDP header less one", 27, None),
            ("IP header", 20, None), ("IP header less one", 19, None),
            ("nothing", 0, None))
    else:
        key, size, drop = "payload_len", 56, (
            ("UDP header", 8, "drop_length"), ("UDP header less one", 7, None),
            ("nothing", 0, None))
    cases = [
        ("one too many", lab.frame(family, ip={key: size + 1}),
         "drop_length", None),
        ("far too many", lab.frame(family, ip={key: 0xffff}),
         "drop_length", None),
        ("one too few", lab.frame(family, ip={key: size - 1}),
         "drop_length", "drop_length"),
    ]
    for name, value, local in drop:
        cases.append((name, lab.frame(family, ip={key: value}), "drop_length",
                      local))
    return [(f"IPv{family}: {key}: {name}", *rest) for name, *rest in cases]


def headers(lab, family):
    """What is no plain IP header, and what no NTP."""
    cases = [
        ("hop limit 1", lab.frame(family, ip={"ttl" if family == 4 else "hops":
                                              1}), "answered", "answered"),
        ("source port 0", lab.frame(family, sport=0), "drop_port", "drop_port"),
        ("source port 65535", lab.frame(family, sport=65535),
         "answered", "answered"),
        ("another port", lab.frame(family, dport=124), None, None),
        ("from port 123 to another", lab.frame(family, sport=123, dport=40000),
         None, None),
        ("UDP-Lite", lab.frame(family, ip={"proto": 136}), None, None),
        ("TCP", lab.frame(family, ip={"proto": 6}), None, None),
        ("version of the other", lab.frame(family, ip={
            "version": 10 - family}), None, None),
    ]
    if family == 4:
        cases += [
            ("header of 16 octets", lab.frame(ip={"ihl": 4}), None, None),
            ("header longer than the packet",
             lab.frame(data=b"", ip={"ihl": 15}), None, None),
            ("type of service", lab.frame(ip={"tos": 0xff}),
             "answered", "answered"),
            ("don't fragment", lab.frame(ip={"frag": DF}),
             "answered", "answered"),
            ("reserved flag", lab.frame(ip={"frag": EVIL}),
             "answered", "answered"),
            ("options: no operation", lab.frame(ip={"options": b"\x01" * 4}),
             "pass_options", "pass_options"),
            ("options: router alert",
             lab.frame(ip={"options": b"\x94\x04\0\0"}),
             "pass_options", "pass_options"),
            ("options: source route", lab.frame(
                ip={"options": b"\x83\x07\x04" + ntpnet.address(SRV[4]) +
                    b"\0"}), "pass_options", None),
        ]
    else:
        cases.append(("flow label and class", lab.frame(6, ip={
            "flow": 0xabcdef1}), "answered", "answered"))
    return [(f"IPv{family}: {name}", *rest) for name, *rest in cases]


def pieces4(lab, order):
    """A request in three fragments, in that order; and whole."""
    whole = lab.frame()
    datagram, ident = whole[34:], lab.ktap.random.randrange(1, 0x10000)
    parts = []
    for at, end in ((0, 24), (24, 40), (40, 56)):
        more = MF if end < 56 else 0
        parts.append(ntpnet.ether(nettest.CLI_MAC, nettest.SRV_MAC, ntpnet.ip4(
            FAR[4], SRV[4], datagram[at:end], ident=ident,
            frag=at // 8 | more)))
    return [parts[i] for i in order], whole


def fragments4(lab):
    cases = []
    for name, order, ingress, local in (
            ("all", (0, 1, 2), "pass_fragment", "answered"),
            ("all, the last first", (2, 1, 0), "pass_fragment", "answered"),
            ("only the first", (0,), "pass_fragment", None),
            ("only one from the middle", (1,), None, None),
            ("only the last", (2,), None, None)):
        parts, whole = pieces4(lab, order)
        cases.append((f"IPv4: fragments: {name}", parts, ingress, local, whole))
    return cases


def extended(first, *headers_, data):
    """An IPv6 request behind headers; (next, octets) builds each."""
    chain = b"".join(headers_) + data
    return ntpnet.ether(nettest.CLI_MAC, nettest.SRV_MAC, ntpnet.ip6(
        FAR[6], SRV[6], chain, proto=first))


def pad(following):
    return struct.pack("!BBBB4x", following, 0, 1, 4)


def fragment(following, at, more, ident):
    return struct.pack("!BBHI", following, 0, at | more, ident)


def extensions6(lab):
    datagram = ntpnet.udp(FAR[6], SRV[6], ntpnet.ntp())
    ident = lab.ktap.random.randrange(1 << 32)
    udp = ntpnet.UDP
    first = extended(FRAGMENT, fragment(udp, 0, 1, ident), data=datagram[:24])
    middle = extended(FRAGMENT, fragment(udp, 24, 1, ident),
                      data=datagram[24:40])
    last = extended(FRAGMENT, fragment(udp, 40, 0, ident), data=datagram[40:])
    lone = extended(FRAGMENT, fragment(udp, 24, 1, ident ^ 1),
                    data=datagram[24:40])
    option = "pass_options"
    return [(f"IPv6: {name}", *rest) for name, *rest in (
        ("hop-by-hop options", extended(HOP, pad(udp), data=datagram),
         option, option),
        ("destination options", extended(DESTINATION, pad(udp), data=datagram),
         option, option),
        ("both", extended(HOP, pad(DESTINATION), pad(udp), data=datagram),
         option, option),
        ("routing header", extended(ROUTING, struct.pack("!BBBB4x", udp, 0, 3,
                                                         0), data=datagram),
         option, option),
        ("a fragment that is all", extended(
            FRAGMENT, fragment(udp, 0, 0, ident ^ 2), data=datagram),
         option, option),
        ("no next header", extended(NONE_NEXT, data=datagram), None, None),
        ("hop-by-hop options that are cut off",
         extended(HOP, pad(udp)[:4], data=b""), None, None),
        ("hop-by-hop options, then another port", extended(
            HOP, pad(udp), data=ntpnet.udp(FAR[6], SRV[6], b"", dport=9)),
         None, None),
        # LOCAL_IN sees the pieces unless connections are tracked
        # (test_firewall.py): they are left to the stack.
        ("fragments: all", [first, middle, last],
         "pass_fragment", "pass_fragment"),
        ("fragments: only one from the middle", [lone], None, None),
    )]


def test_proof4(lab):
    lab.table(checksums(lab, 4) + lengths(lab, 4) + ip_lengths(lab, 4) +
              headers(lab, 4) + fragments4(lab))


def test_proof6(lab):
    lab.table(checksums(lab, 6) + lengths(lab, 6) + ip_lengths(lab, 6) +
              headers(lab, 6) + extensions6(lab))


nettest.main(test_proof4, test_proof6)
