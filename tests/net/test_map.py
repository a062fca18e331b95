#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Base map: a line from CLOCK_MONOTONIC_RAW to UTC, whatever the system clock
does."""
import ctypes
import errno
import os
import struct
import threading
import time

import nettest
import ntpnet
from kntpnl import C, attr, attrs, s64, u8, u32, u64
from nettest import settime

SYNC, EXPIRED, DISPERSED, STEPPED = (
    C["KNTP_CLOCK_" + name] for name in
    ("SYNC", "EXPIRED", "DISPERSED", "STEPPED"))
SYSTEM, MAP = C["KNTP_BASE_SYSTEM"], C["KNTP_BASE_MAP"]
SECOND = 10 ** 9
UTC = 1900000000 * SECOND		# far from the guest's own time
RATE_MAX = 2 ** 64 // 1000 + 1
BOTH = ("local", "ingress")
EXT_ACK_MSG, EXT_ACK_OFFS, EXT_ACK_MISS_TYPE = 1, 2, 5
KIND = [0]
CLONE_NEWTIME = 0x80


def raw_now():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)


def utc_of(line, raw):
    """The header's formula, in Python's integers."""
    raw0, utc0, rate = line
    gain = abs((raw - raw0) * rate) >> 64
    return utc0 + raw - raw0 + (gain if (raw - raw0) * rate >= 0 else -gain)


def words(line=None, base=MAP, lease=None, dispersion=None, growth=None):
    data = attr(C["KNTP_A_CLOCK_STRATUM"], u8(1)) + \
        attr(C["KNTP_A_CLOCK_BASE"], u32(base))
    for name, value in zip(("RAW", "UTC", "RATE"), line or ()):
        if value is not None:
            data += attr(C["KNTP_A_CLOCK_MAP_" + name], s64(value))
    for name, value in (("LEASE", lease), ("ROOT_DISPERSION", dispersion)):
        if value is not None:
            data += attr(C["KNTP_A_CLOCK_" + name], u64(value))
    if growth is not None:
        data += attr(C["KNTP_A_CLOCK_GROWTH"], u32(growth))
    return data


def publish(lab, line, **more):
    lab.kntp.cmd("CLOCK_SET", words(line, **more))


def nanoseconds(stamp):
    whole, part = struct.unpack("!II", stamp)
    return (whole - ntpnet.NTP_EPOCH) % 2 ** 32 * SECOND + \
        (part * SECOND >> 32)


def stamps(datagram):
    return nanoseconds(datagram.data[32:40]), nanoseconds(datagram.data[40:48])


def leap_of(datagram):
    return datagram.data[0] >> 6


def off(lab, line, family=4):
    """What is wrong with a reply by this line: a reason, or None."""
    before = raw_now()
    got = lab.ask(family)
    after = raw_now()
    receive, transmit = stamps(got)
    if leap_of(got) == 3:
        return "LI = 3"
    if not utc_of(line, before) - 2000 <= receive <= transmit <= \
            utc_of(line, after) + 2:
        return (f"{utc_of(line, before)} {receive} {transmit} "
                f"{utc_of(line, after)}")
    return None


def test_served(lab):
    """What the line says, to the nanosecond."""
    for rate in (0, RATE_MAX - 1, 1 - RATE_MAX, 1 << 48, -1):
        line = (max(raw_now() - 3600 * SECOND, 0), UTC, rate)
        publish(lab, line)
        wrong = []
        for hook in BOTH:
            lab.listen(hook)
            for family in (4, 6):
                wrong += filter(None, [off(lab, line, family)])
        lab.ktap.ok(not wrong, f"rate {rate}: the time served is the line's",
                    wrong)
        got = dict(attrs(lab.kntp.cmd("CLOCK_GET")[0]))
        said, raw = (struct.unpack("=q", got[C["KNTP_A_CLOCK_" + name]])[0]
                     for name in ("TIME", "RAW_TIME"))
        lab.ktap.equal(said, utc_of(line, raw),
                       f"rate {rate}: CLOCK_GET's TIME is that of RAW_TIME")


def in_time_namespace(offset, function):
    """What FUNCTION returns, an int, in a time namespace whose monotonic clocks
    are OFFSET seconds ahead."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        with open(reader, "rb") as pipe:
            said = pipe.read()
        os.waitpid(child, 0)
        return int(said)
    try:
        if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWTIME):
            raise OSError(ctypes.get_errno(), "unshare")
        with open("/proc/self/timens_offsets", "w", encoding="ascii") as file:
            file.write(f"monotonic {offset} 0")
        if not os.fork():	# a child is in the new namespace
            os.write(writer, b"%d" % function())
        else:
            os.wait()
    finally:
        os._exit(0)


def test_time_namespace(lab):
    """RAW times in messages are those that the process reads from its own clock:
    the host's CLOCK_MONOTONIC_RAW is not shown to a time namespace, and a map
    that a daemon publishes from one is served as it means it."""
    if not os.path.exists("/proc/self/timens_offsets"):
        lab.ktap.skip("time namespaces", "this kernel has none")
        return
    lab.listen("local")
    line = (raw_now(), UTC, 0)
    publish(lab, line)

    def raw_time():
        got = dict(attrs(lab.kntp.cmd("CLOCK_GET")[0]))
        for name, wanted in (("RAW_TIME", raw_now()),
                             ("MAP_RAW", line[0] + 86400 * SECOND)):
            said, = struct.unpack("=q", got[C["KNTP_A_CLOCK_" + name]])
            if not 0 <= wanted - said < 60 * SECOND:
                return said - wanted
        return 0

    lab.ktap.equal(in_time_namespace(86400, raw_time), 0,
                   "CLOCK_GET: by the clock of the time namespace")

    def from_within():
        mine = (raw_now(), UTC, 0)
        publish(lab, mine)
        return mine[0]

    line = (in_time_namespace(86400, from_within) - 86400 * SECOND, UTC, 0)
    lab.ktap.equal(off(lab, line), None,
                   "CLOCK_SET: by the clock of the time namespace")


def test_stepped(lab):
    """A step of the system clock is none of the map's, nor ends its lease."""
    for by in (3600 * SECOND, -3600 * SECOND, SECOND // 2, -SECOND // 2):
        line = (raw_now(), UTC, 1 << 40)
        publish(lab, line, lease=60 * SECOND)
        wrong = []
        for hook in BOTH:
            lab.listen(hook)
            settime(by)
            wrong += filter(None, [off(lab, line)])
        lab.ktap.ok(not wrong and lab.kntp.clock()["state"] == SYNC,
                    f"a step by {by / SECOND} s: nothing is said of it", wrong)
        settime(-2 * by)


def test_lease(lab):
    lab.listen("ingress")
    line = (raw_now(), UTC, 0)
    publish(lab, line, lease=SECOND)
    settime(-3600 * SECOND)
    time.sleep(1.1)
    lab.ktap.ok(leap_of(lab.ask()) == 3 and
                lab.kntp.clock()["state"] == EXPIRED,
                "a step back does not prolong the lease")
    settime(3600 * SECOND)


def event(sock, name, wait=10):
    wanted = struct.pack("=HHI", 8, C["KNTP_A_EVENT_TYPE"],
                         C["KNTP_EVENT_" + name])
    sock.sock.settimeout(wait * ntpnet.SCALE)
    try:
        while True:
            if sock.sock.recv(4096)[20:28] == wanted:
                return True
    except TimeoutError:
        return False


def test_events(lab):
    """For either base: dispersed, then expired; and a lease longer than
    the kernel's timers reach lasts."""
    with lab.srv:
        events = nettest.Kntp()
    events.join()
    for base in (SYSTEM, MAP):
        line = (raw_now(), UTC, 0) if base == MAP else None
        lab.kntp.cmd("CLOCK_SET", words(
            line, base, lease=2 * SECOND, dispersion=16 * SECOND - SECOND // 20,
            growth=100000000))
        lab.ktap.ok(event(events, "CLOCK_DISPERSED") and
                    lab.kntp.clock()["state"] == DISPERSED,
                    f"base {base}: told that it dispersed")
        lab.ktap.ok(event(events, "CLOCK_EXPIRED"),
                    f"base {base}: and that its lease ran out")
    # Further than the kernel's timers reach.
    lab.kntp.cmd("CLOCK_SET", words(base=SYSTEM, lease=30 * 86400 * SECOND))
    lab.ktap.ok(not event(events, "CLOCK_EXPIRED", 0.5) and
                lab.kntp.clock()["state"] == SYNC,
                "a lease of 30 days does not run out at once")
    events.close()


def refused(sock, data):
    """The error and the extended ack's text and missing attribute or offset."""
    body = struct.pack("=BBH", C["KNTP_CMD_CLOCK_SET"], 1, 0) + data
    sock.send(struct.pack("=IHHII", 16 + len(body), KIND[0], 5, 1, 0) + body)
    answer = sock.recv(4096)
    tlvs = dict(attrs(answer[36:]))
    at = tlvs.get(EXT_ACK_OFFS) or tlvs.get(EXT_ACK_MISS_TYPE) or bytes(4)
    return (-struct.unpack_from("=i", answer, 16)[0],
            tlvs.get(EXT_ACK_MSG, b"").rstrip(b"\0").decode(),
            struct.unpack("=I", at)[0])


def offset(data, name):
    """Of an attribute in the request."""
    at, wanted = 0, C["KNTP_A_CLOCK_MAP_" + name]
    while at < len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if kind == wanted:
            return 20 + at
        at += size + 3 & ~3
    return wanted


def test_refused(lab):
    """Each by name and with the reason: an attribute's offset, or its type
    where it is missing."""
    sock = lab.kntp.sock
    sock.setsockopt(270, 11, 1)		# NETLINK_EXT_ACK
    sock.setsockopt(270, 10, 1)		# NETLINK_CAP_ACK
    KIND[0] = lab.kntp.family
    raw = raw_now()
    needs = "base map needs raw time, UTC and rate"
    for what, line, base, name, err, why in (
            ("no raw time", (None, UTC, 0), MAP, "RAW", errno.EINVAL, needs),
            ("no UTC", (raw, None, 0), MAP, "UTC", errno.EINVAL, needs),
            ("no rate", (raw, UTC, None), MAP, "RATE", errno.EINVAL, needs),
            ("raw time to come", (raw + 3600 * SECOND, UTC, 0), MAP, "RAW",
             errno.EINVAL, "is in the future, or before the boot"),
            ("raw time below 0", (-1, UTC, 0), MAP, "RAW", errno.ERANGE,
             "integer out of range"),
            ("UTC before 1970", (raw, -1, 0), MAP, "UTC", errno.ERANGE,
             "not from 1970 to 2116"),
            ("UTC after 2116", (raw, (1 << 62) + 1, 0), MAP, "UTC",
             errno.ERANGE, "not from 1970 to 2116"),
            ("rate too high", (raw, UTC, RATE_MAX + 1), MAP, "RATE",
             errno.ERANGE, "more than 1000 ppm"),
            ("rate the least", (raw, UTC, -1 << 63), MAP, "RATE",
             errno.ERANGE, "more than 1000 ppm"),
            ("a map for base system", (None, UTC, None), SYSTEM, "UTC",
             errno.EINVAL, "goes with base map only")):
        data = words(line, base)
        lab.ktap.equal(refused(sock, data), (err, why, offset(data, name)),
                       f"refused: {what}")


def test_untorn(lab):
    """Lines far apart take turns: each reply is on one of them."""
    lab.listen("ingress")
    raw = raw_now()
    # What is of one line and the rest of another is far from both.
    lines = [(raw - i * SECOND, UTC + i * 10 ** 6 * SECOND, i * 10 ** 15)
             for i in range(4)]
    publish(lab, lines[0])
    with lab.srv:
        other = nettest.Kntp()
    stop, turns = threading.Event(), [0]

    def turn():
        while not stop.is_set():
            other.cmd("CLOCK_SET", words(lines[turns[0] % 4]))
            turns[0] += 1

    thread = threading.Thread(target=turn)
    thread.start()
    wrong, seen = [], set()
    for _ in range(300):
        before = raw_now()
        got = lab.ask()
        after = raw_now()
        receive, transmit = stamps(got)
        on = [i for i, line in enumerate(lines)
              if utc_of(line, before) - 2000 <= receive <= transmit <=
              utc_of(line, after) + 2]
        if len(on) != 1 or leap_of(got):
            wrong.append((before, receive, transmit, after))
        seen.update(on)
    stop.set()
    thread.join()
    other.close()
    lab.ktap.ok(not wrong and len(seen) > 1,
                "maps take turns: each reply is on one of them",
                f"{turns} turns, seen {seen}, {wrong[:3]}")


def test_switch(lab):
    for hook in BOTH:
        lab.listen(hook)
        wrong = []
        for _ in range(5):
            line = (raw_now(), UTC, 0)
            publish(lab, line)
            wrong += filter(None, [off(lab, line)])
            lab.kntp.clock_set(lease="forever")
            transmit = stamps(lab.ask())[1]
            if abs(transmit - time.time_ns()) > SECOND * ntpnet.SCALE:
                wrong.append(transmit)
        lab.ktap.ok(not wrong, f"{hook}: from system to map and back", wrong)


nettest.main(test_served, test_time_namespace, test_stepped, test_lease, test_events, test_refused,
             test_untorn, test_switch)
