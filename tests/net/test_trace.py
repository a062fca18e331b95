#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The tracepoint kntp:kntp_datagram fires for each datagram with the reason it
is counted under; and costs nothing that counts when it is off."""
import os
import re

import nettest
import ntpnet
from kntpnl import C

TRACING = "/sys/kernel/tracing"
LINE = re.compile(r"kntp_datagram: skbaddr=\S+ ifindex=(\d+) len=(\d+) "
                  r"hook=(\w+) what=(\w+)")


class Trace:
    """An instance of its own, so that nobody else's events are in it."""

    def __init__(self):
        if not os.path.exists(TRACING + "/instances"):
            raise nettest.Skip("no tracefs")
        self.dir = f"{TRACING}/instances/kntp-{os.getpid()}"
        os.mkdir(self.dir)
        nettest.write(self.dir + "/events/kntp/kntp_datagram/enable", 1)
        self.pipe = os.open(self.dir + "/trace_pipe",
                            os.O_RDONLY | os.O_NONBLOCK)

    def read(self):
        """[(ifindex, hook, what)] since it was read last."""
        text = b""
        try:
            while True:
                part = os.read(self.pipe, 65536)
                if not part:
                    break
                text += part
        except BlockingIOError:
            pass
        return [(int(ifindex), hook, what) for ifindex, _, hook, what in
                LINE.findall(text.decode())]

    def close(self):
        nettest.write(self.dir + "/events/kntp/kntp_datagram/enable", 0)
        os.close(self.pipe)
        os.rmdir(self.dir)


def cases(lab, family):
    """(frame, what is counted, the same or what local says behind ingress)."""
    return [
        (lab.frame(family), "ANSWERED"),
        (lab.frame(family, check="bad"), "DROP_CHECKSUM"),
        (lab.frame(family, length=7), "DROP_LENGTH"),
        (lab.frame(family, sport=0), "DROP_PORT"),
        (lab.frame(family, ntpnet.ntp(6)), "PASS_MODE"),
        (lab.frame(family, ntpnet.ntp(version=5)), "PASS_VERSION"),
        (lab.frame(family, ntpnet.ntp(trailer=bytes(20))), "PASS_MAC"),
        (lab.frame(family, ntpnet.ntp(trailer=ntpnet.extension(
            0x0204, bytes(60)))), "PASS_NTS"),
        (lab.frame(family, ntpnet.ntp(trailer=b"1234")), "DROP_MALFORMED"),
        (lab.frame(family, ntpnet.ntp() + bytes(1300)), "PASS_LONG"),
        (lab.frame(family, src={4: "203.0.113.9", 6: "2001:db8:66::9"}[family]),
         "DROP_DENIED"),
        (lab.frame(family, src={4: "203.0.113.8", 6: "2001:db8:66::8"}[family]),
         "PASS_ACL"),
    ]


def test_names(lab):
    """No reason is told as a number: each of enum kntp_stat has its name."""
    if not os.path.exists(TRACING + "/events/kntp"):
        raise nettest.Skip("no tracefs")
    text = nettest.read(TRACING + "/events/kntp/kntp_datagram/format")
    named = set(re.findall(r'{ \d+, "([A-Z_0-9]+)" }', text))
    wanted = {key.removeprefix("KNTP_STAT_") for key in C
              if key.startswith("KNTP_STAT_")} - {"MAX", "PAD"}
    lab.ktap.equal(sorted(C["KNTP_STAT_" + name] for name in wanted),
                   list(range(1, len(wanted) + 1)), "the header's reasons are known")
    lab.ktap.equal(sorted(wanted - named), [], "each reason has a name")


def test_trace(lab):
    trace = Trace()
    lab.kntp.acl("deny", "203.0.113.9/32", "2001:db8:66::9/128")
    lab.kntp.acl("pass", "203.0.113.8/32", "2001:db8:66::8/128")
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            wrong = []
            for frame, what in cases(lab, family):
                trace.read()
                lab.answers([frame])
                # The sentinel's own comes last.
                got, wanted = trace.read(), [(lab.s0, hook, what),
                                             (lab.s0, hook, "ANSWERED")]
                # A reply that is routed has its route's device: the same.
                if got != wanted:
                    wrong.append(f"{got}, not {wanted}")
            lab.ktap.ok(not wrong, f"IPv{family}: {hook}: each datagram with "
                        "its reason", wrong)
    lab.listen("local", "ingress")
    trace.read()
    lab.answers([lab.frame(4, ntpnet.ntp(6))])
    lab.ktap.equal(trace.read()[:2], [(lab.s0, "ingress", "PASS_MODE"),
                                      (lab.s0, "local", "PASS_MODE")],
                   "passed up: seen by both hooks")
    trace.close()
    lab.ktap.ok(lab.ask(), "switched off again")


nettest.main(test_names, test_trace)
