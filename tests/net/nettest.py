# SPDX-License-Identifier: GPL-2.0
"""What the network tests share: KTAP, the module, and a laboratory of two
network namespaces, a server's and a client's, joined by veth.

The client's end is a raw port. That something is not answered is seen by
asking again, as another client, in a way that is: the port, the devices and
the CPU keep the order, so what did not come before that answer will not come."""
import contextlib
import ctypes
import os
import random
import re
import socket
import subprocess
import sys
import time
import traceback

import ntpnet
from kntpnl import TOP, Kntp, unbalanced
from ntpnet import SCALE

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000

SRV_MAC, CLI_MAC = "02:00:5e:00:53:01", "02:00:5e:00:53:02"
SRV4, CLI4, FAR4 = "192.0.2.1", "192.0.2.2", "198.51.100.7"
SRV6, CLI6, FAR6 = "2001:db8:1::1", "2001:db8:1::2", "2001:db8:99::7"
SRV_LL, CLI_LL = "fe80::5eff:fe00:5301", "fe80::5eff:fe00:5302"
SRV = {4: SRV4, 6: SRV6}
CLI = {4: CLI4, 6: CLI6}
FAR = {4: FAR4, 6: FAR6}
SENTINEL = {4: "198.51.100.250", 6: "2001:db8:99::fa"}


class Skip(Exception):
    """This cannot be tested here."""


def run(*words, check=True, text=None, **more):
    """Its standard output; what fails says why."""
    done = subprocess.run(words, input=text, capture_output=True, text=True,
                          check=False, **more)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.returncode}: "
                           f"{done.stdout}{done.stderr}{text or ''}")
    return done.stdout


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(text))


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def wait_for(condition, wait=10, step=0.01):
    """What condition() says once it is true, or last."""
    deadline = time.monotonic() + wait * SCALE
    while True:
        said = condition()
        if said or time.monotonic() > deadline:
            return said
        time.sleep(step)


def settime(by):
    """Steps the system clock, ns."""
    now = time.clock_gettime_ns(time.CLOCK_REALTIME)
    time.clock_settime_ns(time.CLOCK_REALTIME, now + by)


# Booted with ipv6.disable=1 the kernel has none.
HAS_IPV6 = os.path.exists("/proc/sys/net/ipv6")
# The debug kernel: slow, with one CPU.
USER_MODE = "User Mode Linux" in read("/proc/cpuinfo")


def tool(name):
    """A program of this directory, built where it is not yet."""
    here = os.path.dirname(os.path.realpath(__file__))
    path = os.path.join(TOP, "build/tests/net", name)
    if not os.path.exists(path):
        run("make", "-s", "-C", here)
    return path


def flood(ns, device, frames, count, seed, how, everywhere=False):
    """Sends them in the background; see flood.c. Count 0: until it is killed.
    Everywhere: not on the CPU alone that keeps the test's own frames in order."""
    path = tool("flood")
    with ns:
        process = subprocess.Popen(
            [path, device, str(count), str(seed), how], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if everywhere:
        os.sched_setaffinity(process.pid, range(os.cpu_count()))
    # Were it as important as what receives, much would be lost between them.
    os.setpriority(os.PRIO_PROCESS, process.pid, 19)
    for frame in frames:
        process.stdin.write(len(frame).to_bytes(2, sys.byteorder) + frame)
    process.stdin.close()
    process.stdin = None
    return process


class Ktap:
    def __init__(self):
        self.count = self.failed = self.skipped = 0
        seed = int(os.environ.get("KNTP_SEED", random.randrange(1 << 31)))
        self.random = random.Random(seed)
        print(f"KTAP version 1\n# KNTP_SEED={seed}", flush=True)

    def note(self, text):
        for line in str(text).splitlines():
            print("# " + line, flush=True)

    def ok(self, good, name, why=""):
        self.count += 1
        if not good:
            self.failed += 1
            self.note(why)
        print("ok" if good else "not ok", self.count, name, flush=True)
        return good

    def equal(self, got, wanted, name):
        return self.ok(got == wanted, name, f"got {got!r}, not {wanted!r}")

    def skip(self, name, why):
        self.count += 1
        self.skipped += 1
        print(f"ok {self.count} {name} # SKIP {why}", flush=True)

    def end(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 4 if self.count == self.skipped else 0)


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(4)


def loaded():
    return os.path.exists("/sys/module/kntp")


def load():
    """The module, as fresh as from its insmod."""
    if os.geteuid():
        skip_all("needs root")
    if not os.path.exists(os.environ.get("KNTP_KO", "")):
        skip_all("no module for this kernel: KNTP_KO")
    if loaded():
        run("rmmod", "kntp")
    run("insmod", os.environ["KNTP_KO"])


class Netns:
    """A network namespace; `with` runs its body inside."""

    def __init__(self, role):
        self.name = f"kntp-{role}-{os.urandom(3).hex()}"
        self.fd = None
        self.outside = []

    def open(self):
        self.fd = os.open("/run/netns/" + self.name, os.O_RDONLY)

    def __enter__(self):
        self.outside.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        if LIBC.setns(self.fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        return self

    def __exit__(self, *_):
        fd = self.outside.pop()
        LIBC.setns(fd, CLONE_NEWNET)
        os.close(fd)

    def ip(self, text):
        """Lines for ip(8); without IPv6 those of IPv4 and of links alone."""
        lines = "".join(line.strip() + "\n" for line in text.splitlines()
                        if HAS_IPV6 or not re.search("2001:|fe80:", line))
        run("ip", "-n", self.name, "-batch", "-", text=lines)

    def run(self, *words, **more):
        with self:
            return run(*words, **more)

    def sysctl(self, name, value):
        if not HAS_IPV6 and name.startswith("net.ipv6."):
            return
        with self:
            write("/proc/sys/" + name.replace(".", "/"), value)

    def ifindex(self, device):
        with self:
            return socket.if_nametoindex(device)

    def delete(self):
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
        run("ip", "netns", "del", self.name, check=False)


class Lab:
    """A server that is allowed to answer everybody, but does not listen yet,
    and a client. All other addresses are behind the client."""

    def __init__(self, ktap):
        self.ktap = ktap
        self.srv, self.cli = Netns("srv"), Netns("cli")
        self.more = []
        run("ip", "-batch", "-", text=f"""netns add {self.srv.name}
            netns add {self.cli.name}
            """)
        self.wire()
        self.srv.open()
        self.cli.open()
        for ns, device in ((self.srv, "s0"), (self.cli, "c0")):
            for where in ("all", "default", device):
                ns.sysctl(f"net.ipv6.conf.{where}.accept_dad", 0)
                ns.sysctl(f"net.ipv4.conf.{where}.rp_filter", 0)
            ns.sysctl("net.ipv6.conf.default.router_solicitations", 0)
        self.cli.sysctl("net.ipv4.conf.c0.arp_ignore", 0)
        self.srv.ip(f"""link set lo up
            link set s0 up
            addr add {SRV4}/24 broadcast 192.0.2.255 dev s0
            addr add {SRV6}/64 dev s0 nodad
            neigh add {CLI4} lladdr {CLI_MAC} dev s0 nud permanent
            neigh add {CLI6} lladdr {CLI_MAC} dev s0 nud permanent
            neigh add {CLI_LL} lladdr {CLI_MAC} dev s0 nud permanent
            route add default via {CLI4}
            route add default via {CLI6} dev s0""")
        self.cli.ip(f"""link set lo up
            link set c0 up
            addr add {CLI4}/24 dev c0
            addr add {CLI6}/64 dev c0 nodad
            neigh add {SRV4} lladdr {SRV_MAC} dev c0 nud permanent
            neigh add {SRV6} lladdr {SRV_MAC} dev c0 nud permanent
            neigh add {SRV_LL} lladdr {SRV_MAC} dev c0 nud permanent""")
        self.s0 = self.srv.ifindex("s0")
        self.open()

    def wire(self):
        """s0 of the one, c0 of the other."""
        run("ip", "link", "add", "s0", "netns", self.srv.name, "address",
            SRV_MAC, "type", "veth", "peer", "name", "c0", "netns",
            self.cli.name, "address", CLI_MAC)

    def open(self):
        """What is gone with the module is taken up again."""
        with self.srv:
            self.kntp = Kntp()
        with self.cli:
            self.port = ntpnet.Port("c0")
        self.kntp.allow_all()
        self.kntp.clock_set(lease="forever")

    def netns(self, role):
        """One more, to be deleted with the others."""
        ns = Netns(role)
        run("ip", "netns", "add", ns.name)
        ns.open()
        self.more.append(ns)
        return ns

    def close(self):
        for ns in self.more + [self.cli, self.srv]:
            ns.delete()

    def listen(self, *hooks, devices=("s0",)):
        """On these and no others."""
        wanted = []
        for hook in hooks:
            for device in devices if hook == "ingress" else (None,):
                wanted.append((hook, self.srv.ifindex(device) if device else 0))
        now = self.kntp.listeners()
        for listener in now:
            if listener not in wanted:
                self.kntp.unlisten(*listener)
        for listener in wanted:
            if listener not in now:
                self.kntp.listen(*listener)

    # --- frames ---

    def frame(self, family=4, data=None, src=None, dst=None, ip=None, tags=(),
              src_mac=CLI_MAC, dst_mac=SRV_MAC, **udp):
        """A request; ip and all that is left go to the builders."""
        src, dst = src or FAR[family], dst or SRV[family]
        datagram = ntpnet.udp(src, dst, ntpnet.ntp() if data is None else data,
                              **udp)
        packet = ntpnet.ip(src, dst, datagram, **(ip or {}))
        return ntpnet.ether(src_mac, dst_mac, packet, tags=tags)

    def sentinel(self, family=4, **more):
        return self.frame(family, src=SENTINEL[family],
                          sport=1024 + int.from_bytes(os.urandom(2)) % 60000,
                          **more)

    # --- asking ---

    def answers(self, frames, wait=5, sentinel=None):
        """What is answered to these frames; the sentinel must be answered."""
        last = sentinel or self.sentinel()
        self.port.drain()
        for frame in frames:
            self.port.send(frame)
        self.port.send(last)
        nonce = ntpnet.parse(last).transmit
        answers, seen = self.port.until(lambda d: d.origin == nonce, wait)
        if not seen:
            raise RuntimeError("the sentinel is not answered; counters: "
                               f"{self.kntp.stats()}")
        return answers

    def ask(self, family=4, **more):
        """A request's answer, or None; nothing else may come."""
        answers = self.answers([self.frame(family, **more)])
        assert len(answers) <= 1, answers
        return answers[0] if answers else None

    def counted(self, before):
        """What was counted since, but one answered sentinel."""
        now = self.kntp.stats()
        hooks = {hook for hook, _ in self.kntp.listeners()}
        first = "ingress" if "ingress" in hooks else "local"
        delta = {key: n - before.get(key, 0) for key, n in now.items()}
        for name in ("in", "answered"):
            delta[first, name] = delta.get((first, name), 0) - 1
        return {key: n for key, n in delta.items() if n}

    def faults(self, frames, outcomes, asked=None, station=SRV_MAC):
        """Sends frames; outcomes: {hook: counter or None}. What is not as it
        should be with counters and answers, as words."""
        if isinstance(frames, bytes):
            frames = [frames]
        before = self.kntp.stats()
        answers = self.answers(frames)
        wanted = {}
        for hook, name in outcomes.items():
            if name:
                wanted[hook, "in"] = wanted[hook, name] = 1
        counted = self.counted(before)
        wrong = []
        if counted != wanted:
            wrong.append(f"counted {counted}, not {wanted}")
        wrong += unbalanced(self.kntp.stats())
        if "answered" not in outcomes.values():
            return wrong + [f"answered: {a}" for a in answers]
        if len(answers) != 1:
            return wrong + [f"{len(answers)} answers: {answers}"]
        asked = ntpnet.parse(asked or frames[-1])
        return wrong + ntpnet.reply_faults(asked, answers[0], station)

    def table(self, cases, modes=("local", "ingress", "both")):
        """cases: (name, frames, outcome at ingress, outcome at local[, the
        request that is answered]). All of them with only the one hook listened
        to, then with only the other, then with both, where local sees what
        ingress passes up."""
        wrong = {case[0]: [] for case in cases}
        assert len(wrong) == len(cases)
        for mode in modes:
            self.listen(*(("local", "ingress") if mode == "both" else (mode,)))
            for name, frames, ingress, local, *asked in cases:
                outcomes = {"ingress": ingress, "local": local}
                if mode != "both":
                    outcomes = {mode: outcomes[mode]}
                elif ingress and not ingress.startswith("pass"):
                    outcomes["local"] = None
                wrong[name] += [f"{mode}: {fault}" for fault in self.faults(
                    frames, outcomes, *asked)]
        for case in cases:
            self.ktap.ok(not wrong[case[0]], case[0], "\n".join(wrong[case[0]]))


def main(*tests, lab=Lab):
    """Runs test(lab) for each, with the counters' balance checked after it."""
    ktap = Ktap()
    load()
    # One CPU for all that is sent keeps it in order.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with contextlib.ExitStack() as stack:
        it = lab(ktap)
        stack.callback(it.close)
        for test in tests:
            name = test.__name__.removeprefix("test_")
            began = time.monotonic()
            try:
                test(it)
            except Skip as why:
                ktap.skip(name, why)
            except Exception:	# pylint: disable=broad-except
                ktap.ok(False, name, traceback.format_exc())
            else:
                wrong = wait_for(lambda: not unbalanced(it.kntp.stats()), 1)
                ktap.ok(wrong, f"{name}: the counters balance",
                        unbalanced(it.kntp.stats()))
            ktap.note(f"{name}: {time.monotonic() - began:.1f} s")
    ktap.end()
