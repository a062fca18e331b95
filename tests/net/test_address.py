#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whose requests are answered, and to whom: sources that are no other host's,
destinations that are not this host's, broadcast and multicast. None: the IP
layer refuses the packet before the local hook."""
import os
import socket

import nettest
import ntpnet
from nettest import CLI_LL, CLI_MAC, SRV, SRV_LL, SRV_MAC

OTHER4, OTHER6 = "203.0.113.1", "2001:db8:2::1"
BROADCAST, STRANGER = "ff:ff:ff:ff:ff:ff", "02:00:5e:00:53:77"
# An address by a route alone, unknown to the ingress hook.
ROUTE4, ROUTE6 = "203.0.113.129", "2001:db8:3::9"


def add_device(lab):
    """Another device of the server, on another network."""
    lab.srv.ip(f"""link add d0 type dummy
        link set d0 up
        addr add {OTHER4}/25 broadcast 203.0.113.127 dev d0
        addr add {OTHER6}/64 dev d0 nodad""")


def test_sources4(lab):
    add_device(lab)
    drop = "drop_source"
    lab.table([(f"source {name}", lab.frame(src=src), ingress, local)
               for name, src, ingress, local in (
        ("0.0.0.0", "0.0.0.0", drop, None),
        ("127.0.0.1", "127.0.0.1", drop, None),
        ("127.255.0.9", "127.255.0.9", drop, None),
        ("multicast", "224.0.1.1", drop, None),
        ("the last multicast", "239.255.255.255", drop, None),
        ("limited broadcast", "255.255.255.255", drop, None),
        ("subnet broadcast", "192.0.2.255", drop, drop),
        ("subnet broadcast of another device", "203.0.113.127", drop, drop),
        ("this host", SRV[4], drop, None),
        ("this host's other address", OTHER4, drop, None),
        ("neighbour", nettest.CLI4, "answered", "answered"),
        ("private", "10.1.2.3", "answered", "answered"),
        ("last address", "223.255.255.254", "answered", "answered"),
    )])
    # The kernel takes a network's own address for a host's since 5.14.
    lab.table([("source: the network's address", lab.frame(src="192.0.2.0"),
                drop, None)], modes=("ingress",))


def test_sources6(lab):
    drop = "drop_source"
    lab.table([(f"source {src}", lab.frame(6, src=src), ingress, local)
               for src, ingress, local in (
        ("::", drop, drop),
        ("::1", drop, None),
        ("ff02::1", drop, None),
        ("ff0e::101", drop, None),
        ("::ffff:198.51.100.7", drop, drop),
        (SRV[6], drop, drop),
        (OTHER6, drop, drop),
        (SRV_LL, drop, drop),
        (nettest.CLI6, "answered", "answered"),
        ("fd00::1", "answered", "answered"),
    )])


def test_stations(lab):
    for family in (4, 6):
        good = lab.frame(family)
        cases = []
        # The local hook asks its neighbour table, not the frame.
        for name, src in (("multicast", "03:00:5e:00:53:02"),
                          ("zero", "00:00:00:00:00:00")):
            frame = lab.frame(family, src_mac=src)
            payload = ntpnet.parse(frame).data
            cases.append((f"IPv{family}: from a station that is {name}", frame,
                          "drop_source", "answered",
                          lab.frame(family, payload)))
        cases += [
            (f"IPv{family}: to another station",
             lab.frame(family, dst_mac=STRANGER), "pass_not_mine", None),
            (f"IPv{family}: to all stations",
             lab.frame(family, dst_mac=BROADCAST), "pass_multicast",
             "answered"),
            (f"IPv{family}: to this one", good, "answered", "answered"),
        ]
        lab.table(cases)


def test_destinations4(lab):
    many, other = "pass_multicast", "pass_not_mine"
    lab.srv.ip("""route add local 203.0.113.128/25 dev lo
        route add local 2001:db8:3::/64 dev lo""")
    lab.table([(f"to {dst}{' at ' + station if station != SRV_MAC else ''}",
                lab.frame(dst=dst, dst_mac=station), ingress, local)
               for dst, station, ingress, local in (
        ("192.0.2.255", BROADCAST, many, many),
        ("192.0.2.255", SRV_MAC, other, many),
        ("255.255.255.255", BROADCAST, many, many),
        ("255.255.255.255", SRV_MAC, other, many),
        ("224.0.0.1", "01:00:5e:00:00:01", many, many),
        ("224.0.0.1", SRV_MAC, other, many),
        ("224.0.1.1", "01:00:5e:00:01:01", many, None),
        ("192.0.2.77", SRV_MAC, other, None),
        ("198.51.100.9", SRV_MAC, other, None),
        ("0.0.0.0", SRV_MAC, other, None),
        ("127.0.0.1", SRV_MAC, other, None),
        (OTHER4, SRV_MAC, "answered", "answered"),
        (ROUTE4, SRV_MAC, other, "answered"),
    )])


def link_local(lab, device):
    with lab.srv, open("/proc/net/if_inet6", encoding="ascii") as table:
        for line in table:
            if line.startswith("fe80") and line.split()[5] == device:
                return ntpnet.address_text(bytes.fromhex(line[:32]))
    raise nettest.Skip(f"{device} has no link-local address")


def test_destinations6(lab):
    many, other = "pass_multicast", "pass_not_mine"
    other_ll = link_local(lab, "d0")
    lab.table([(f"to {name}{' at ' + station if station != SRV_MAC else ''}",
                lab.frame(6, src=src, dst=dst, dst_mac=station), ingress, local)
               for name, src, dst, station, ingress, local in (
        ("ff02::1", None, "ff02::1", "33:33:00:00:00:01", many, many),
        ("ff02::1", None, "ff02::1", SRV_MAC, many, many),
        ("ff02::101", None, "ff02::101", "33:33:00:00:01:01", many, None),
        ("2001:db8:1::77", None, "2001:db8:1::77", SRV_MAC, other, None),
        ("::1", None, "::1", SRV_MAC, other, None),
        (OTHER6, None, OTHER6, SRV_MAC, "answered", "answered"),
        (ROUTE6, None, ROUTE6, SRV_MAC, other, "answered"),
        ("the link-local address", CLI_LL, SRV_LL, SRV_MAC,
         "answered", "answered"),
        ("another link's address", CLI_LL, other_ll, SRV_MAC, other, None),
    )])


def test_joined(lab):
    """A daemon that listens to a group hears it; the module answers none."""
    with lab.srv:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("", 123))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                    socket.inet_aton("224.0.1.1") + socket.inet_aton(SRV[4]))
    frame = lab.frame(dst="224.0.1.1", dst_mac="01:00:5e:00:01:01")
    lab.table([("a group that was joined", frame, "pass_multicast",
                "pass_multicast")])
    sock.settimeout(5 * ntpnet.SCALE)
    got = [sock.recv(100) for _ in range(3)]
    lab.ktap.ok(got == [ntpnet.parse(frame).data] * 3,
                "a group that was joined: its member gets the requests", got)
    sock.close()


def test_own(lab):
    """A host asks itself through the loopback device: local answers."""
    lab.listen("local", "ingress")
    for dst in ("127.0.0.1", "127.8.8.8", "::1", SRV[4], SRV[6], OTHER4):
        before = lab.kntp.stats().get(("local", "answered"), 0)
        with lab.srv:
            sock = socket.socket(socket.AF_INET6 if ":" in dst else
                                 socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(5 * ntpnet.SCALE)
        sock.connect((dst, 123))
        request = ntpnet.ntp()
        sock.send(request)
        try:
            got = sock.recv(100)
        except OSError as error:
            got = str(error).encode()
        sock.close()
        lab.ktap.ok(got[24:32] == request[40:48] and
                    lab.kntp.stats()["local", "answered"] == before + 1,
                    f"asked by itself at {dst}", got)


def test_ipv6_disabled(lab):
    """net.ipv6.conf.s0.disable_ipv6: ip6_rcv() drops what comes by s0, to the
    address of another device, too; so ingress answers none of it."""
    lab.srv.sysctl("net.ipv6.conf.s0.disable_ipv6", 1)
    lab.table([(f"IPv6 is disabled: to {dst}", lab.frame(6, dst=dst),
                "pass_not_mine", None) for dst in (SRV[6], OTHER6)] +
              [("IPv6 is disabled: IPv4", lab.frame(4), "answered",
                "answered")])
    lab.srv.sysctl("net.ipv6.conf.s0.disable_ipv6", 0)
    lab.srv.ip(f"""addr add {SRV[6]}/64 dev s0 nodad
        neigh replace {nettest.CLI6} lladdr {CLI_MAC} dev s0 nud permanent
        route replace default via {nettest.CLI6} dev s0""")
    lab.table([("IPv6 is enabled again", lab.frame(6), "answered",
                "answered")])


def test_many(lab):
    """As many addresses as the machine may have: each is answered as soon as it
    is there, and no more once it is gone. From 32,768 on the set was too large
    for kzalloc(), which warned, and nobody was answered."""
    count = 40000 if os.environ.get("KNTP_LONG") else 1500
    lab.listen("ingress")
    wanted = [f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"
              for i in range(256, 256 + count)]
    wrong, done = [], 0
    chosen = sorted(lab.ktap.random.sample(range(count), 8)) + [count - 1]
    for i in chosen:
        lab.srv.ip("\n".join(f"addr add {a}/32 dev d0"
                             for a in wanted[done:i + 1]))
        done = max(done, i + 1)
        wrong += lab.faults(lab.frame(dst=wanted[i]), {"ingress": "answered"})
        if done < count:
            wrong += lab.faults(lab.frame(dst=wanted[done]),
                                {"ingress": "pass_not_mine"})
    lab.ktap.ok(not wrong, f"{count} addresses come: each is answered at once",
                wrong)
    wrong = []
    for i in chosen[:4]:
        lab.srv.ip(f"addr del {wanted[i]}/32 dev d0")
        wrong += lab.faults(lab.frame(dst=wanted[i]),
                            {"ingress": "pass_not_mine"})
    for i in chosen[4:]:
        wrong += lab.faults(lab.frame(dst=wanted[i]), {"ingress": "answered"})
    lab.ktap.ok(not wrong, "and those that go are not", wrong)
    lab.srv.ip("link set d0 down")
    wrong = lab.faults(lab.frame(dst=wanted[chosen[-1]]),
                       {"ingress": "pass_not_mine"})
    lab.srv.ip("link del d0")
    lab.ktap.ok(not wrong, "nor those of a device that is down", wrong)


def test_lo_down(lab):
    """A namespace without its loopback device answers as one with it."""
    lab.srv.ip("link set lo down")
    lab.table([(f"IPv{family}: lo is down", lab.frame(family), "answered",
                "answered") for family in (4, 6)])
    lab.srv.ip("link set lo up")


nettest.main(test_sources4, test_sources6, test_stations, test_destinations4,
             test_destinations6, test_joined, test_own, test_ipv6_disabled,
             test_lo_down, test_many)
