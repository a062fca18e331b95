#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Every operation of the module with its first allocation failing, then its
second, and so on until none is left to fail. What is refused must change
nothing and succeed when asked for again; the kernel's log tells the rest."""
import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "../../net"))
# pylint: disable=wrong-import-position
import nettest
from kntpnl import Kntp
from nettest import LIBC, wait_for

FAULTS = "/sys/kernel/debug"
SYS_FINIT_MODULE, SYS_DELETE_MODULE = 313, 176
SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP = 0x8916, 0x8914, 1
NLM_F_DUMP = 0x300
MOST = 3000


def switch_on():
    if not os.path.exists("/proc/self/fail-nth"):
        nettest.skip_all("this kernel cannot make allocations fail")
    # All kinds of allocations; quietly, as each would log its stack.
    for name in ("failslab/ignore-gfp-wait", "fail_page_alloc/ignore-gfp-wait",
                 "fail_page_alloc/ignore-gfp-highmem"):
        nettest.write(f"{FAULTS}/{name}", "N")
    for name in ("failslab/verbose", "fail_page_alloc/verbose",
                 "fail_page_alloc/min-order"):
        nettest.write(f"{FAULTS}/{name}", "0")


class Injector:
    """With n: the nth allocation from here on fails, in this thread."""

    def __init__(self):
        self.fd = os.open("/proc/thread-self/fail-nth", os.O_RDWR)
        self.failed = False

    @contextlib.contextmanager
    def nth(self, n):
        self.failed = False
        os.pwrite(self.fd, b"%d" % n, 0)
        try:
            yield
        finally:
            left = int(os.pread(self.fd, 16, 0))
            self.failed = left == 0
            os.pwrite(self.fd, b"0", 0)


def syscall(number, *args):
    if LIBC.syscall(number, *args) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def sweep(lab, name, do, undo=lambda: None, state=lambda: None):
    """do() with one failure more each time; undo() what it did. An answer that
    is lost for want of memory (ENOBUFS) says nothing of what was done."""
    injector = Injector()
    before = state()
    wrong, refused, n = [], 0, 0
    while n < MOST and len(wrong) < 5:
        n += 1
        try:
            with injector.nth(n):
                do()
            said = None
        except (OSError, MemoryError, KeyError, IndexError) as why:
            said = why
            refused += 1
        if said and not injector.failed:
            wrong.append(f"{n}: refused without a failure: {said!r}")
        now = state()
        if said is None or (now != before and
                            getattr(said, "errno", 0) == errno.ENOBUFS):
            undo()
            now = state()
        if now != before:
            wrong.append(f"{n}: {repr(said) if said else 'done'}, "
                         f"and then {now!r:.400}, not {before!r:.400}")
            before = now
        if not injector.failed:
            break
    try:
        do()
        undo()
    except OSError as why:
        wrong.append(f"afterwards: {why!r}")
    lab.ktap.note(f"{name}: {n - 1} allocations, {refused} refusals")
    lab.ktap.ok(not wrong, f"{name} with each allocation failing",
                "\n".join(wrong))


def rules(kntp):
    return kntp.cmd("ACL_GET", flags=NLM_F_DUMP)


def test_listeners(lab):
    kntp = lab.kntp
    lab.listen()
    sweep(lab, "listen local", lambda: kntp.listen("local"),
          lambda: kntp.unlisten("local"), kntp.listeners)
    sweep(lab, "listen ingress", lambda: kntp.listen("ingress", lab.s0),
          lambda: kntp.unlisten("ingress", lab.s0), kntp.listeners)
    lab.listen("local", "ingress")
    sweep(lab, "ask for the listeners", kntp.listeners)


def test_listen_off(lab):
    """What takes away may not need memory that it cannot do without."""
    kntp = lab.kntp
    lab.listen("local", "ingress")
    sweep(lab, "listen local no more", lambda: kntp.unlisten("local"),
          lambda: kntp.listen("local"), kntp.listeners)
    sweep(lab, "listen ingress no more",
          lambda: kntp.unlisten("ingress", lab.s0),
          lambda: kntp.listen("ingress", lab.s0), kntp.listeners)


def test_first(lab):
    """The first listener of a namespace sets up more than the next."""
    spare = lab.netns("spare")
    spare.ip("link add d0 type dummy\nlink set d0 up\n"
             "addr add 192.0.2.77/24 dev d0")
    with spare:
        kntp = Kntp()
    index = spare.ifindex("d0")
    sweep(lab, "the first listener, ingress",
          lambda: kntp.listen("ingress", index),
          lambda: kntp.unlisten("ingress", index), kntp.listeners)
    sweep(lab, "the first listener, local", lambda: kntp.listen("local"),
          lambda: kntp.unlisten("local"), kntp.listeners)
    kntp.close()


def test_acl(lab):
    kntp = lab.kntp
    some = [f"10.{i}.0.0/16" for i in range(12)] + \
        [f"2001:db8:{i:x}::/48" for i in range(12)]
    sweep(lab, "acl add", lambda: kntp.acl("allow", *some),
          lambda: kntp.acl_del(*some), lambda: rules(kntp))
    sweep(lab, "acl change", lambda: kntp.acl("deny", "0.0.0.0/0"),
          lambda: kntp.acl("allow", "0.0.0.0/0"), lambda: rules(kntp))
    kntp.acl("allow", *some)
    sweep(lab, "acl delete", lambda: kntp.acl_del(*some),
          lambda: kntp.acl("allow", *some), lambda: rules(kntp))
    sweep(lab, "acl show", lambda: rules(kntp))

    def flush_back():
        kntp.allow_all()
        kntp.acl("allow", *some)

    sweep(lab, "acl flush", lambda: kntp.cmd("ACL_FLUSH"), flush_back,
          lambda: rules(kntp))
    transaction(lab, kntp, some)


def transaction(lab, kntp, some):
    """With a socket of its own, which ends what was begun on it."""
    @contextlib.contextmanager
    def begun():
        with lab.srv:
            own = Kntp()
        with contextlib.closing(own):
            own.cmd("ACL_BEGIN")
            yield own

    def abandon():
        with begun():
            pass

    def commit():
        with begun() as own:
            own.acl("allow", *some)
            own.cmd("ACL_COMMIT")

    def back():
        kntp.cmd("ACL_FLUSH")
        kntp.allow_all()

    back()
    sweep(lab, "a transaction begun", abandon, state=lambda: rules(kntp))
    sweep(lab, "a transaction", commit, back, lambda: rules(kntp))
    back()


def test_clock(lab):
    kntp = lab.kntp

    def steady():
        clock = kntp.clock()
        return [clock[key] for key in ("stratum", "refid", "leap", "state")]

    sweep(lab, "clock set", lambda: kntp.clock_set(stratum=5, refid=b"TEST"),
          lambda: kntp.clock_set(lease="forever"), steady)
    sweep(lab, "clock show", kntp.clock)
    sweep(lab, "stats show", kntp.stats)
    sweep(lab, "stats reset", lambda: kntp.cmd("STATS_RESET"))


def test_address(lab):
    """Addresses come while ingress keeps a table of them."""
    lab.listen("local", "ingress")
    lab.srv.ip("link add a0 type dummy\nlink set a0 up")
    with lab.srv:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def set_address(last):
        address = struct.pack("=HH4s8x", socket.AF_INET, 0,
                              bytes((203, 0, 113, last)))
        fcntl.ioctl(sock, SIOCSIFADDR, struct.pack("16s16s", b"a0", address))

    sweep(lab, "an address comes", lambda: set_address(9),
          lambda: set_address(0))
    sweep(lab, "a device goes down",
          lambda: fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sH14x", b"a0", 0)),
          lambda: fcntl.ioctl(sock, SIOCSIFFLAGS,
                              struct.pack("16sH14x", b"a0", IFF_UP)))
    sock.close()
    lab.srv.ip("link del a0")
    answer = lab.ask(4)
    lab.ktap.ok(answer is not None, "the server answers on")


def test_answering(lab):
    """No memory for a reply, or for a route, loses that reply only. What the
    port sends is answered in the sender's own context, or nearly always."""
    injector = Injector()
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            for n in range(1, 80):
                frame = lab.frame(family)
                with contextlib.suppress(OSError), injector.nth(n):
                    lab.port.send(frame)
            answer = wait_for(lambda family=family: lab.ask(family))
            lab.ktap.ok(answer is not None,
                        f"{hook}: IPv{family} is answered after failures")


def logged(log):
    """What the kernel logged since it was asked last."""
    said = b""
    with contextlib.suppress(BlockingIOError):
        while True:
            with contextlib.suppress(BrokenPipeError):
                said += os.read(log, 8192)
    return said


def load_failing(injector, module, n):
    """Whether the module was loaded; it is gone again, or should be."""
    os.lseek(module, 0, os.SEEK_SET)
    try:
        with injector.nth(n):
            syscall(SYS_FINIT_MODULE, module, b"", 0)
    except OSError:
        return False
    syscall(SYS_DELETE_MODULE, b"kntp", os.O_NONBLOCK)
    return True


def test_load(lab):
    """The module's own part of being loaded, backwards from the end: what the
    kernel does before has faults of its own. The stack of each failure, logged
    here, says whose part it was in. Last, for it takes the module away."""
    lab.kntp.close()
    nettest.run("rmmod", "kntp")
    injector = Injector()
    module = os.open(os.environ["KNTP_KO"], os.O_RDONLY)
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.pwrite(injector.fd, b"1000000", 0)
    syscall(SYS_FINIT_MODULE, module, b"", 0)
    n = 1000000 - int(os.pread(injector.fd, 16, 0))
    os.pwrite(injector.fd, b"0", 0)
    syscall(SYS_DELETE_MODULE, b"kntp", os.O_NONBLOCK)

    for name in ("failslab", "fail_page_alloc"):
        nettest.write(f"{FAULTS}/{name}/verbose", "2")
    refused = own = others = 0
    while n > 1 and others < 40 and not nettest.loaded():
        logged(log)
        refused += not load_failing(injector, module, n)
        if b"kntp_init" in logged(log):
            own += 1
            others = 0
        elif own:
            others += 1
        n -= 1
    switch_on()
    os.close(log)
    os.close(module)
    lab.ktap.note(f"load: {own} allocations of the module's, {refused} refusals")
    lab.ktap.ok(own and not nettest.loaded(),
                "loading with each allocation failing",
                "the module is there" if nettest.loaded() else "none was")
    nettest.load()
    lab.open()
    lab.listen("local", "ingress")
    lab.ktap.ok(lab.ask(4) is not None, "the module answers after that")


if __name__ == "__main__":
    switch_on()
    nettest.main(test_listeners, test_listen_off, test_first, test_acl,
                 test_clock, test_address, test_answering, test_load)
