#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A kernel that has IPv6 but was booted with ipv6.disable=1, so that no table
of it was ever made: IPv6 frames are passed up, IPv4 requests are answered."""
import nettest
import ntpnet


def test_off(lab):
    hop = ntpnet.ether(nettest.CLI_MAC, nettest.SRV_MAC, ntpnet.ip6(
        nettest.FAR6, nettest.SRV6, b"\x11\0\1\4\0\0\0\0" + ntpnet.udp(
            nettest.FAR6, nettest.SRV6, ntpnet.ntp()), proto=0))
    cases = [(f"IPv6 to {dst}", lab.frame(6, dst=dst, src=src), stat, None)
             for src, dst, stat in (
        (nettest.FAR6, nettest.SRV6, "pass_not_mine"),
        (nettest.CLI_LL, nettest.SRV_LL, "pass_not_mine"),
        (nettest.FAR6, "::1", "pass_not_mine"),
        (nettest.FAR6, "ff02::101", "pass_multicast"))]
    cases += [
        ("IPv6 from this host's address",
         lab.frame(6, src=nettest.SRV6), "pass_not_mine", None),
        ("IPv6 with hop-by-hop options", hop, "pass_options", None),
        ("IPv4", lab.frame(4), "answered", "answered"),
    ]
    lab.table(cases)


if nettest.HAS_IPV6:
    nettest.skip_all("IPv6 is on: boot with ipv6.disable=1")
nettest.main(test_off)
