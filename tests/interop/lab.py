# SPDX-License-Identifier: GPL-2.0
"""What the interoperation tests share: KTAP, waiting, namespaces, the module.

A test is a function that takes a Lab; main() runs it and cleans up after it.
Deadlines are given as for a fast machine and scaled here.
"""
import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

SCALE = int(os.environ.get("KNTP_TIMEOUT_SCALE") or 1)
SKIP = 4
CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
MS_BIND, MS_REC, MS_SLAVE = 0x1000, 0x4000, 0x80000

libc = ctypes.CDLL(None, use_errno=True)


def must(status, what):
    if status:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


@contextlib.contextmanager
def inside(ns):
    """In network namespace ns: what is begun meanwhile stays there."""
    if not ns:
        yield
        return
    back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{ns}", os.O_RDONLY)
    try:
        must(libc.setns(there, CLONE_NEWNET), "setns")
        yield
    finally:
        must(libc.setns(back, CLONE_NEWNET), "setns")
        os.close(there)
        os.close(back)


def mount(source, target, kind, flags):
    must(libc.mount(source.encode(), target.encode(),
                    kind.encode() if kind else None, flags, None),
         f"mount {target}")


def private(files):
    """A mount namespace in which files {path: replacement} are others."""
    must(libc.unshare(CLONE_NEWNS), "unshare")
    mount("none", "/", None, MS_REC | MS_SLAVE)
    for path, replacement in files.items():
        mount(replacement, path, None, MS_BIND)


class Pair:
    """A server's and a client's namespace, and the link between them."""

    def __init__(self, lab, number, hook):
        self.lab = lab
        self.number = number
        self.hook = hook
        self.server, self.client = f"{hook}-server", f"{hook}-client"
        self.server_dev, self.client_dev = f"{hook}0", f"{hook}1"
        lab.ip(None, f"netns add {self.server}", f"netns add {self.client}")
        lab.namespaces += [self.server, self.client]
        lab.ip(self.server, "link set lo up",
               f"link add {self.server_dev} type veth "
               f"peer name {self.client_dev} netns {self.client}",
               f"link set {self.server_dev} up")
        lab.ip(self.client, "link set lo up",
               f"link set {self.client_dev} up")
        self.server_addr = self.add_server(1)
        self.client_addr = self.add_client(2)

    def addresses(self, host):
        return {4: f"10.77.{self.number}.{host}", 6: f"fd77:{self.number}::{host}"}

    def add_server(self, host):
        """One more address of each family for the server."""
        return self.add_addresses(self.server, self.server_dev, host)

    def add_client(self, host):
        return self.add_addresses(self.client, self.client_dev, host)

    def add_addresses(self, ns, dev, host):
        """Those after the first are used only by who asks for them."""
        addr = self.addresses(host)
        use = "" if host < 3 else "preferred_lft 0"
        self.lab.ip(ns, f"addr add {addr[4]}/24 dev {dev}",
                    f"addr add {addr[6]}/64 dev {dev} nodad {use}")
        return addr

    def kntp(self, *words):
        return self.lab.command("kntp", "-n", self.server, *words)

    def listen(self):
        """This pair's hook answers everybody."""
        self.kntp("acl", "allow", "all")
        dev = ["dev", self.server_dev] if self.hook == "ingress" else []
        self.kntp("listen", "add", "hook", self.hook, *dev)

    def counters(self, hook=None):
        stats = json.loads(self.kntp("-j", "stats", "show"))
        return next(h for h in stats["hooks"] if h["hook"] == (hook or self.hook))

    def balanced(self):
        stats = json.loads(self.kntp("-j", "stats", "show"))
        return all(h["in"] == h["answered"] + sum(h["passed"].values()) +
                   sum(h["dropped"].values()) for h in stats["hooks"])


class Lab:
    def __init__(self):
        self.count = self.failed = 0
        self.tmp = tempfile.mkdtemp(prefix="kntp-interop.")
        os.chmod(self.tmp, 0o755)
        self.namespaces = []
        self.processes = []

    # KTAP

    def note(self, text):
        for line in str(text).splitlines():
            print("#", line, flush=True)

    def result(self, passed, name, why=""):
        """WHY, or what tells it when it is wanted."""
        self.count += 1
        if not passed:
            self.failed += 1
            self.note(why() if callable(why) else why)
        print("ok" if passed else "not ok", self.count, name, flush=True)
        return passed

    def equal(self, name, got, wanted):
        return self.result(got == wanted, name, f"got {got!r}, not {wanted!r}")

    # Waiting

    def until(self, condition, seconds=10):
        """Whether condition() comes true in time."""
        deadline = time.monotonic() + seconds * SCALE
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True

    def settle(self, checks, seconds=10):
        """Wait for all of the checks (name, condition, why) together."""
        waiting = list(checks)
        deadline = time.monotonic() + seconds * SCALE
        while waiting and time.monotonic() < deadline:
            time.sleep(0.1)
            waiting = [c for c in waiting if not c[1]()]
        for check in checks:
            late = check in waiting
            self.result(not late, check[0], check[2]() if late else "")
        return not waiting

    # Processes

    def command(self, *words, text=None, ns=None):
        """The output of a command that must succeed."""
        with inside(ns):
            done = subprocess.run(
                words, input=text, text=True, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise RuntimeError(f"{' '.join(words)}: status {done.returncode}: "
                               f"{done.stdout}")
        return done.stdout

    def ip(self, ns, *lines):
        """Several ip commands at once; they begin a line each."""
        self.command("ip", *(["-n", ns] if ns else []), "-batch", "-",
                     text="\n".join(lines))

    def start(self, ns, log, words, files=None, env=None):
        """Start a program in a namespace, what it says going to a file."""
        with inside(ns), open(log, "wb") as out:
            process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True, env={**os.environ, **(env or {})},
                preexec_fn=(lambda: private(files)) if files else None)
        self.processes.append(process)
        return process

    def stop(self, *processes):
        for sign in (signal.SIGTERM, signal.SIGKILL):
            for process in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
            for process in processes:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(3 * SCALE if sign == signal.SIGTERM else None)

    # The module

    def load(self):
        if not os.path.isdir("/sys/module/kntp"):
            self.command("insmod", os.environ["KNTP_KO"])

    def unload(self):
        if os.path.isdir("/sys/module/kntp"):
            self.command("rmmod", "kntp")

    def vouch(self):
        """Stratum 1 is said by the module, and by nobody else here."""
        self.command("kntp", "clock", "set", "base", "system", "stratum", "1",
                     "refid", "KNTP")

    def clock(self):
        return json.loads(self.command("kntp", "-j", "clock", "show"))

    def pairs(self, *hooks):
        """One pair of namespaces for each hook; its hook is not on yet."""
        return [Pair(self, number, hook)
                for number, hook in enumerate(hooks, 1)]

    def balance(self, *pairs):
        for pair in pairs:
            self.result(self.until(pair.balanced),
                        f"the counters balance behind {pair.hook}",
                        pair.kntp("-v", "stats", "show"))

    def close(self):
        self.stop(*self.processes)
        for ns in self.namespaces:
            subprocess.run(["ip", "netns", "del", ns], check=False)
        shutil.rmtree(self.tmp, ignore_errors=True)
        self.unload()


def skip_all(why):
    print(f"1..0 # SKIP {why}", flush=True)
    sys.exit(SKIP)


def main(test):
    print("KTAP version 1", flush=True)
    if os.geteuid():
        skip_all("needs root")
    for name in ("KNTP_KO", "KNTP_PEERS"):
        if not os.path.exists(os.environ.get(name, "")):
            skip_all(f"not in the guest: {name}")
    subprocess.run(["modprobe", "-q", "veth"], check=False)
    lab = Lab()
    try:
        lab.load()
        lab.vouch()
        test(lab)
    except Exception:
        lab.result(False, "comes to its end", traceback.format_exc())
    finally:
        lab.close()
    print(f"1..{lab.count}", flush=True)
    sys.exit(1 if lab.failed else 0)
