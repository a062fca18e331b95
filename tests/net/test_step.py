#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Who moves the clock: a step by any way and a suspend make the very next reply
say LI = 3, until somebody vouches again; a leap second, a change of TAI - UTC
and a slew do not."""
import calendar
import ctypes
import errno
import os
import socket
import struct
import time

import nettest
import ntpnet
from kntpnl import C, attr, attrs, u8, u32
from nettest import LIBC

ADJ_OFFSET, ADJ_FREQUENCY, ADJ_STATUS, ADJ_TAI = 1, 2, 0x10, 0x80
ADJ_SETOFFSET, ADJ_NANO, ADJ_TICK = 0x100, 0x2000, 0x4000
STA_PLL, STA_INS, STA_DEL, STA_UNSYNC = 1, 0x10, 0x20, 0x40
STEPPED = C["KNTP_CLOCK_STEPPED"]
SYNC = C["KNTP_CLOCK_SYNC"]
BOTH = ("local", "ingress")


class Timex(ctypes.Structure):
    _fields_ = [("modes", ctypes.c_uint), ("offset", ctypes.c_long),
                ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
                ("esterror", ctypes.c_long), ("status", ctypes.c_int),
                ("constant", ctypes.c_long), ("precision", ctypes.c_long),
                ("tolerance", ctypes.c_long), ("sec", ctypes.c_long),
                ("usec", ctypes.c_long), ("tick", ctypes.c_long),
                ("ppsfreq", ctypes.c_long), ("jitter", ctypes.c_long),
                ("shift", ctypes.c_int), ("stabil", ctypes.c_long),
                ("jitcnt", ctypes.c_long), ("calcnt", ctypes.c_long),
                ("errcnt", ctypes.c_long), ("stbcnt", ctypes.c_long),
                ("tai", ctypes.c_int), ("pad", ctypes.c_int * 11)]


def adjtimex(modes=0, **fields):
    timex = Timex(modes=modes, **fields)
    state = LIBC.adjtimex(ctypes.byref(timex))
    if state < 0:
        raise OSError(ctypes.get_errno(), "adjtimex")
    return state, timex


def setoffset(seconds):
    whole = int(seconds // 1)
    adjtimex(ADJ_SETOFFSET | ADJ_NANO, sec=whole,
             usec=round((seconds - whole) * 1e9))


def fields(datagram):
    return datagram.data[0] >> 6, datagram.data[1]


def ask_each(lab):
    """LI and stratum, by hook and family."""
    said = set()
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            said.add(fields(lab.ask(family)))
    return said


def stepped(lab, name, step):
    """The very next reply, asked in the same breath through hooks that listen
    already; and all others until the clock is vouched for again."""
    for hook in BOTH:
        lab.listen(hook)
        lab.kntp.clock_set(lease="forever")
        before = fields(lab.ask())
        steps = lab.kntp.clock()["steps"]
        frame = lab.frame()
        lab.port.drain()
        step()
        lab.port.send(frame)
        nonce = ntpnet.parse(frame).transmit
        got = []
        lab.port.until(lambda d: d.origin == nonce and not got.append(d))
        after = fields(got[0]) if got else None
        lab.ktap.ok((before, after) == ((0, 1), (3, 0)),
                    f"{hook}: {name}: the next reply says LI = 3",
                    f"{before}, then {after}")
        clock = lab.kntp.clock()
        lab.ktap.ok(clock["state"] == STEPPED and clock["steps"] > steps,
                    f"{hook}: {name}: and the state that it was stepped", clock)
    lab.ktap.equal(ask_each(lab), {(3, 0)}, f"{name}: all replies say so")
    lab.kntp.clock_set(lease="forever")
    lab.ktap.equal(ask_each(lab), {(0, 1)}, f"{name}: until it is set again")


def not_stepped(lab, name, change):
    lab.listen("ingress")
    lab.kntp.clock_set(lease="forever")
    lab.ask()
    change()
    got = fields(lab.ask())
    lab.ktap.equal(got, (0, 1), f"{name}: the next reply says nothing of it")
    time.sleep(0.1)
    lab.ktap.equal((ask_each(lab), lab.kntp.clock()["state"]),
                   ({(0, 1)}, SYNC), f"{name}: nor does any other")


def test_steps(lab):
    def settime(by):
        now = time.clock_gettime_ns(time.CLOCK_REALTIME)
        time.clock_settime_ns(time.CLOCK_REALTIME, now + by)

    for name, by in (("an hour on", 3600 * 10 ** 9), ("an hour back",
                     -3600 * 10 ** 9), ("10 ms on", 10 ** 7)):
        stepped(lab, f"clock_settime, {name}", lambda by=by: settime(by))
    for by in (1, -1, 0.001, -0.000001):
        stepped(lab, f"ADJ_SETOFFSET by {by} s", lambda by=by: setoffset(by))
    stepped(lab, "date -s", lambda: nettest.run(
        "date", "-s", f"@{int(time.time()) + 60}"))


def test_no_steps(lab):
    tai = adjtimex()[1].tai
    not_stepped(lab, "TAI - UTC", lambda: adjtimex(ADJ_TAI, constant=37))
    lab.ktap.equal(lab.kntp.clock()["tai_offset"], 37, "TAI - UTC is known")
    not_stepped(lab, "TAI - UTC back", lambda: adjtimex(ADJ_TAI, constant=tai))
    not_stepped(lab, "frequency", lambda: adjtimex(ADJ_FREQUENCY,
                                                   freq=100 << 16))
    not_stepped(lab, "slew", lambda: adjtimex(ADJ_OFFSET | ADJ_NANO | ADJ_STATUS,
                                              offset=10 ** 8, status=STA_PLL))
    not_stepped(lab, "tick", lambda: adjtimex(ADJ_TICK, tick=10100))
    adjtimex(ADJ_TICK | ADJ_FREQUENCY | ADJ_STATUS, tick=10000, status=STA_UNSYNC)


def test_race(lab):
    """STEPS names the clock that was looked at: a step between is not missed."""
    clock = lab.kntp.clock()
    setoffset(0.5)
    try:
        lab.kntp.cmd("CLOCK_SET", attr(C["KNTP_A_CLOCK_STRATUM"], u8(1)) +
                     attr(C["KNTP_A_CLOCK_STEPS"], u32(clock["steps"])))
        refused = False
    except OSError:
        refused = True
    lab.ktap.ok(refused, "set by the steps before this one: refused")


class Queue:
    """Requests that wait for a verdict between their receive stamp and the local
    hook: an inline filter behind NFQUEUE, as intrusion prevention has it."""

    def __init__(self, lab):
        self.lab = lab
        try:
            lab.srv.run("nft", "-f", "-", text="""table ip held { chain in {
                type filter hook input priority 0; policy accept;
                udp dport 123 queue num 7; }; }\n""")
            with lab.srv:
                self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        except (OSError, RuntimeError) as why:
            raise nettest.Skip(f"no NFQUEUE: {why}") from None
        self.sock.settimeout(5 * ntpnet.SCALE)
        # NFQNL_MSG_CONFIG: bind to the queue, copy no payload
        self.send(2, attr(1, struct.pack("!BxH", 1, 0)), 5)
        self.acknowledged()
        self.send(2, attr(2, struct.pack("!IB", 0, 1)), 5)
        self.acknowledged()

    def send(self, kind, data, flags=1):
        body = struct.pack("!BBH", 0, 0, 7) + data
        self.sock.send(struct.pack("=IHHII", 16 + len(body), 3 << 8 | kind, flags,
                                   1, 0) + body)

    def acknowledged(self):
        answer = self.sock.recv(4096)
        error = struct.unpack_from("=i", answer, 16)[0]
        if error:
            self.close()
            raise nettest.Skip(f"no NFQUEUE: {os.strerror(-error)}")

    def waiting(self):
        """The number of the next packet that waits."""
        got = dict(attrs(self.sock.recv(65536)[20:]))
        return struct.unpack_from("!I", got[1])[0]

    def release(self, number):
        self.send(1, attr(2, struct.pack("!II", 1, number)))

    def close(self):
        self.sock.close()
        self.lab.srv.run("nft", "delete", "table", "ip", "held")


def test_held(lab):
    """A request that was stamped before a step and is answered after the next
    publication: its stamp is of a time that is not served any more."""
    lab.listen("local")
    # Whoever wants receive stamps has the kernel take them for all packets.
    with lab.srv:
        stamper = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stamper.setsockopt(socket.SOL_SOCKET, 35, 1)	# SO_TIMESTAMPNS
    queue = Queue(lab)
    # The kernel begins to stamp by and by.
    time.sleep(0.1)
    for by in (0, 0.4, 0.05, -0.4):
        lab.kntp.clock_set(lease="forever")
        frame = lab.frame()
        nonce = ntpnet.parse(frame).transmit
        lab.port.drain()
        before = time.clock_gettime(time.CLOCK_REALTIME)
        lab.port.send(frame)
        number = queue.waiting()
        time.sleep(0.02)
        stepped_to = time.clock_gettime(time.CLOCK_REALTIME)
        if by:
            setoffset(by)
            stepped_to = time.clock_gettime(time.CLOCK_REALTIME)
        lab.kntp.clock_set(lease="forever")
        # The first reply prepares what the next ones say of the clock.
        lab.port.send(lab.sentinel())
        queue.release(queue.waiting())
        released = time.clock_gettime(time.CLOCK_REALTIME)
        queue.release(number)
        got = []
        lab.port.until(lambda d, nonce=nonce: d.origin == nonce and
                       not got.append(d))
        if not lab.ktap.ok(got and fields(got[0]) == (0, 1),
                           f"held over a step by {by} s: answered"):
            continue
        receive, transmit = (ntpnet.seconds(got[0].data[at:at + 8])
                             for at in (32, 40))
        # Without a step the stamp is the packet's arrival, before it waited;
        # else the module does not know that, and says when it saw it.
        # A double has a resolution of a quarter of a microsecond here.
        good = before - 1e-6 <= receive <= stepped_to + 1e-6 if not by else \
            released - 1e-6 <= receive
        lab.ktap.ok(good and receive <= transmit,
                    f"held over a step by {by} s: received "
                    + ("then" if by else "before it waited"),
                    (before, stepped_to, released, receive, transmit))
    queue.close()
    stamper.close()


def midnight():
    """The next end of a June or December that the kernel's clock can reach."""
    return calendar.timegm((2028, 1, 1, 0, 0, 0))


def leap(lab, name, flag, announced, second):
    """Asked all the time around midnight. second: what the leap second does to
    the number of seconds that UTC counts."""
    at = midnight()
    lab.listen("ingress")
    # Without a phase-locked loop any more, no leap second is pending either.
    adjtimex(ADJ_STATUS, status=STA_PLL)
    adjtimex(ADJ_STATUS, status=STA_UNSYNC)
    adjtimex(ADJ_TAI, constant=37)
    time.clock_settime(time.CLOCK_REALTIME, at - 2.5)
    # The announcement is taken by the clock's next second.
    adjtimex(ADJ_STATUS, status=flag)
    lab.kntp.clock_set(lease="forever", leap=announced)
    leaps, wrong, last, said = [], [], None, []
    end = time.monotonic() + 5 + 5 * ntpnet.SCALE
    taken = None
    while time.monotonic() < end and (taken is None or
                                      time.monotonic() < taken + 0.7):
        mono = time.monotonic()
        got = lab.ask()
        tai = adjtimex()[1].tai
        li, stratum = fields(got)
        served = ntpnet.seconds(got.transmit)
        if taken is None and tai != 37:
            taken = time.monotonic()
        said.append((round(served - at, 3), li))
        if li == 3 or stratum != 1:
            wrong.append(("LI", said[-1]))
        # TAI runs on: the time served and TAI - UTC before and after it.
        if last and last[2] == tai and last[3] == li:
            off = (served - last[0]) - (mono - last[1])
            if abs(off) > 0.2 * ntpnet.SCALE:
                wrong.append(("time", said[-1], off))
        last = (served, mono, tai, li)
        leaps.append(li)
    lab.ktap.ok(not wrong, f"{name}: no LI = 3, and time runs on", wrong[:5])
    lab.ktap.ok(leaps[0] == announced and leaps[-1] == 0 and
                leaps == sorted(leaps, reverse=True),
                f"{name}: announced until it is taken", said[::len(said) // 20 + 1])
    lab.ktap.equal(adjtimex()[1].tai, 37 - second,
                   f"{name}: TAI - UTC has changed")
    state = lab.kntp.clock()["state"]
    lab.ktap.equal(state, SYNC, f"{name}: the clock is vouched for still")
    adjtimex(ADJ_STATUS, status=STA_UNSYNC)


def test_leap(lab):
    leap(lab, "leap second inserted", STA_INS, 1, -1)
    leap(lab, "leap second deleted", STA_DEL, 2, 1)


def suspend():
    """To sleep and back at once. Only as far as the freezing of tasks, which
    all that is told of a suspend goes around: deeper, the guest's root file
    system would not wake up again."""
    try:
        nettest.write("/sys/module/suspend/parameters/pm_test_delay", 0)
        nettest.write("/sys/power/pm_test", "freezer")
    except OSError:
        raise nettest.Skip("no /sys/power/pm_test") from None
    try:
        nettest.write("/sys/power/state", "freeze")
    except OSError as why:
        raise nettest.Skip(f"suspend: {why}") from None
    finally:
        nettest.write("/sys/power/pm_test", "none")


def test_suspend(lab):
    stepped(lab, "suspend", suspend)


def test_map(lab):
    """A map lives through a step and ends with a suspend, and so does the right
    to publish one."""
    raw = time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW)
    data = attr(C["KNTP_A_CLOCK_STRATUM"], u8(1)) + \
        attr(C["KNTP_A_CLOCK_BASE"], u32(C["KNTP_BASE_MAP"]))
    for name, value in (("RAW", raw), ("UTC", time.time_ns()), ("RATE", 0)):
        data += attr(C["KNTP_A_CLOCK_MAP_" + name], struct.pack("=q", value))
    steps = attr(C["KNTP_A_CLOCK_STEPS"], u32(lab.kntp.clock()["steps"]))
    setoffset(0.5)
    lab.kntp.cmd("CLOCK_SET", data + steps)
    lab.ktap.equal(ask_each(lab), {(0, 1)}, "map: a step since is none")
    suspend()
    lab.ktap.equal((ask_each(lab), lab.kntp.clock()["state"]),
                   ({(3, 0)}, STEPPED), "map: a suspend ends it")
    try:
        lab.kntp.cmd("CLOCK_SET", data + steps)
        why = 0
    except OSError as error:
        why = error.errno
    lab.ktap.equal(why, errno.ESTALE, "map: a suspend since: refused")
    lab.kntp.cmd("CLOCK_SET", data)
    lab.ktap.equal(ask_each(lab), {(0, 1)}, "map: set again")
    lab.kntp.clock_set(lease="forever")


def test_events(lab):
    with lab.srv:
        events = nettest.Kntp()
    events.join()
    setoffset(1)
    events.sock.settimeout(10 * ntpnet.SCALE)
    got = events.sock.recv(4096)
    lab.ktap.equal(got[20:28], struct.pack(
        "=HHI", 8, C["KNTP_A_EVENT_TYPE"], C["KNTP_EVENT_CLOCK_STEPPED"]),
                   "a step is told of")
    events.close()



nettest.main(test_steps, test_no_steps, test_race, test_held, test_events,
             test_leap, test_suspend, test_map)
