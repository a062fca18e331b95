#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What the replies say of the clock: who vouches for it, how sure it is, and
for how long."""
import socket
import struct
import time

import nettest
import ntpnet
from kntpnl import C

UNSET, SYNC, UNSYNC, EXPIRED, DISPERSED = (
    C["KNTP_CLOCK_" + name] for name in
    ("UNSET", "SYNC", "UNSYNC", "EXPIRED", "DISPERSED"))
MAX_DISPERSION = 16 << 16


def header(datagram):
    """The fields of a reply."""
    first, stratum, poll, precision, delay, dispersion, refid, reference = \
        struct.unpack_from("!BBBbII4s8s", datagram.data)
    return {"leap": first >> 6, "stratum": stratum, "poll": poll,
            "precision": precision, "delay": delay, "dispersion": dispersion,
            "refid": refid, "reference": ntpnet.seconds(reference),
            "receive": ntpnet.seconds(datagram.data[32:40]),
            "transmit": ntpnet.seconds(datagram.data[40:48])}


def is_unsync(got):
    return (got["leap"], got["stratum"], got["refid"], got["dispersion"]) == \
        (3, 0, bytes(4), MAX_DISPERSION)


class Fresh(nettest.Lab):
    """Nobody has vouched for the clock yet."""

    def open(self):
        publish = nettest.Kntp.clock_set
        nettest.Kntp.clock_set = lambda *_, **__: None
        try:
            super().open()
        finally:
            nettest.Kntp.clock_set = publish


def test_unset(lab):
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            got = header(lab.ask(family))
            lab.ktap.ok(is_unsync(got) and lab.kntp.clock()["state"] == UNSET,
                        f"IPv{family}: {hook}: nobody has vouched: LI = 3", got)


def test_said(lab):
    """What is published is what is said."""
    lab.kntp.clock_set(2, bytes((192, 0, 2, 7)), leap=2, dispersion=0.25,
                       delay=0.125, growth=0)
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            got = header(lab.ask(family))
            said = tuple(got[k] for k in ("leap", "stratum", "refid", "delay",
                                          "dispersion"))
            lab.ktap.equal(said, (2, 2, bytes((192, 0, 2, 7)), 1 << 13, 1 << 14),
                           f"IPv{family}: {hook}: as published")
            lab.ktap.ok(-32 <= got["precision"] <= -10,
                        f"IPv{family}: {hook}: a precision", got)
    lab.kntp.clock_set(16)
    got = header(lab.ask())
    lab.ktap.ok(is_unsync(got) and lab.kntp.clock()["state"] == UNSYNC,
                "stratum 16: LI = 3", got)
    lab.kntp.clock_set(1, leap=3)
    got = header(lab.ask())
    lab.ktap.ok(is_unsync(got), "leap 3: LI = 3", got)
    lab.kntp.clock_set(15, lease=60)
    lab.ktap.equal(header(lab.ask())["stratum"], 15, "and set again")


def test_ageing(lab):
    """Dispersion: as published, rounded up, growing with each second since."""
    lab.listen("ingress")
    for published, growth in ((0, 100000000), (0.1, 100000000), (1e-9, 15000),
                              (0.5, 15000)):
        before = time.time()
        lab.kntp.clock_set(1, dispersion=published, growth=growth, lease=500)
        after = time.time()
        wrong = []
        for _ in range(4):
            time.sleep(0.05)
            got = header(lab.ask())
            said = got["dispersion"] / 65536
            # Rounded up by less than two units of 2^-16 s and what a stamp of
            # 2^-32 s and a double leave open.
            low = published + (got["transmit"] - after) * growth / 1e9
            high = published + (got["transmit"] - before) * growth / 1e9 + 2 / 65536
            if not low - 1e-6 <= said <= high:
                wrong.append(f"{said}, not {low} to {high}")
        lab.ktap.ok(not wrong, f"dispersion {published} s, growing by "
                    f"{growth / 1000} ppm", wrong)
    lab.kntp.clock_set(1, dispersion=1e-9, growth=0)
    lab.ktap.equal(header(lab.ask())["dispersion"], 1, "rounded up, never down")
    lab.kntp.clock_set(1, dispersion=15.999, growth=100000000)
    time.sleep(0.05)
    got = header(lab.ask())
    lab.ktap.ok(is_unsync(got) and lab.kntp.clock()["state"] == DISPERSED,
                "16 s is too much: LI = 3", got)


def test_lease(lab):
    with lab.srv:
        events = nettest.Kntp()
    events.join()
    lab.listen("local", "ingress")
    lab.kntp.clock_set(1, lease=1.0)
    set_at = time.time()
    got = header(lab.ask())
    lab.ktap.ok(got["leap"] == 0 or got["transmit"] > set_at + 0.9,
                "within the lease", got)
    late = None
    while time.time() < set_at + 20:
        got = header(lab.ask())
        if got["leap"] == 3:
            late = got["transmit"] - set_at
            break
    lab.ktap.ok(late is not None and -0.2 < late - 1 < 1 * ntpnet.SCALE and
                is_unsync(got), "its end: LI = 3", f"{late} {got}")
    lab.ktap.equal(lab.kntp.clock()["state"], EXPIRED, "and the state says so")
    said = event(events, "CLOCK_EXPIRED")
    lab.ktap.ok(said, "and an event")
    events.close()
    lab.kntp.clock_set(1, lease=60)
    lab.ktap.equal(header(lab.ask())["leap"], 0, "vouched for again")


def event(sock, name, wait=10):
    """Whether that event is told of in time."""
    wanted = struct.pack("=HHI", 8, C["KNTP_A_EVENT_TYPE"],
                         C["KNTP_EVENT_" + name])
    sock.sock.settimeout(wait * ntpnet.SCALE)
    try:
        while True:
            if sock.sock.recv(4096)[20:28] == wanted:
                return True
    except TimeoutError:
        return False


def test_forever(lab):
    """The operator's own word: the reference time is now, and the dispersion
    stays as it was set, whatever the growth."""
    lab.kntp.clock_set(10, b"LOCL", lease="forever", dispersion=0.01,
                       growth=100000000)
    wrong = []
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for _ in range(3):
            time.sleep(0.1)
            got = header(lab.ask())
            if not 0 <= got["transmit"] - got["reference"] < 0.01:
                wrong.append(got)
            if got["dispersion"] != -(-65536 // 100):
                wrong.append(got)
    lab.ktap.ok(not wrong, "lease forever: reference time now, dispersion as "
                "set", wrong)
    lab.kntp.clock_set(1, lease=60)
    was = header(lab.ask())["reference"]
    time.sleep(0.2)
    lab.ktap.equal(header(lab.ask())["reference"], was,
                   "else the reference time stays")


def test_stamps(lab):
    """Received after it was sent, sent before it came back, in that order; the
    time of arrival is the kernel's own stamp, not that of the hook."""
    lab.kntp.clock_set(1, lease="forever")
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            wrong, last = [], 0.0
            for _ in range(20):
                before = time.time()
                got = header(lab.ask(family))
                after = time.time()
                order = (last, before, got["receive"], got["transmit"], after)
                if any(a > b + 1e-6 for a, b in zip(order, order[1:])):
                    wrong.append(order)
                last = got["transmit"]
            lab.ktap.ok(not wrong, f"IPv{family}: {hook}: T1 <= T2 <= T3 <= T4",
                        wrong)


def test_stamp_shared(lab):
    """A capture of the request on the server's device and the reply agree on
    when it arrived."""
    with lab.srv:
        tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    tap.bind(("s0", 3))
    tap.setsockopt(socket.SOL_SOCKET, 35, 1)	# SO_TIMESTAMPNS
    tap.settimeout(1)
    for hook in ("local", "ingress"):
        lab.listen(hook)
        wrong, stamps = [], {}
        frames = [lab.frame() for _ in range(10)]
        answers = lab.answers(frames)
        try:
            while len(stamps) < 10:
                data, extra, _, source = tap.recvmsg(4096, 256)
                asked = ntpnet.parse(data)
                if asked and source[2] != ntpnet.PACKET_OUTGOING and \
                        asked.dport == 123 and data in frames:
                    seconds, ns = struct.unpack_from("=qq", extra[0][2])
                    stamps[asked.transmit] = seconds + ns / 1e9
        except TimeoutError:
            wrong.append(f"captured {len(stamps)}")
        for answer in answers:
            off = header(answer)["receive"] - stamps.get(answer.origin, 0)
            if abs(off) > 2e-6:
                wrong.append(off)
        lab.ktap.ok(len(answers) == 10 and not wrong, f"{hook}: the receive "
                    "stamp is that of the capture", wrong)
    tap.close()


nettest.main(test_unset, test_said, test_ageing, test_lease, test_forever,
             test_stamps, test_stamp_shared, lab=Fresh)
