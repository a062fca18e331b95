#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Everything comes and goes under traffic: listeners, the access list, the
clock, devices, addresses, namespaces, who looks on, and the module itself, each
from a process of its own. What one of them is refused does not matter; what
matters is the kernel's log, and that all is well in the end.

churn.py [SECONDS]"""
import os
import random
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)),
                                "../../net"))
# pylint: disable=wrong-import-position
import mac
import nettest
import ntpnet
from kntpnl import C, Kntp, attr, u8, u32
from nettest import Netns, run

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 60
KO = os.environ.get("KNTP_KO", "")
# Whose secrets stay, so that those who ask may know them.
SECRETS = {number: (kind, bytes(32 if kind == "AES256" else 16))
           for number, kind in enumerate(mac.TYPES, 1)}


def quietly(*words):
    subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   check=False)


def traffic(lab, rng):
    """A burst of requests, most of them sound; every other one from a few
    sources, whose routes are kept."""
    with lab.cli:
        port = ntpnet.Port("c0")
    for _ in range(200):
        family = rng.choice((4, 6))
        data = ntpnet.ntp(mode=rng.choice((3, 3, 3, 1, 4, 6)))
        if rng.random() < 0.2:
            number = rng.choice(tuple(SECRETS))
            data += mac.mac(number, *SECRETS[number], data)
        host = rng.choice((rng.randrange(1, 4), rng.randrange(4, 255)))
        far = (f"198.51.100.{host}" if family == 4
               else f"2001:db8:99::{host:x}")
        frame = bytearray(lab.frame(family, data=data, src=far))
        if rng.random() < 0.1:
            frame[rng.randrange(14, len(frame))] ^= 1 << rng.randrange(8)
        if rng.random() < 0.05:
            del frame[rng.randrange(15, len(frame)):]
        port.send(bytes(frame))
    port.close()


def listeners(lab, rng):
    with lab.srv:
        kntp = Kntp()
    for _ in range(20):
        change = rng.choice((kntp.listen, kntp.unlisten))
        try:
            if rng.random() < 0.5:
                change("local")
            else:
                change("ingress", lab.s0)
        except OSError:
            pass
        kntp.listeners()
    kntp.close()


def access_list(lab, rng):
    """Whole transactions, abandoned ones, single changes, dumps."""
    with lab.srv:
        kntp = Kntp()
    what = rng.choice(("commit", "close", "abort", "add", "flush"))
    prefixes = [f"10.{rng.randrange(256)}.{rng.randrange(256)}.0/24"
                for _ in range(300)]
    if what in ("commit", "close", "abort"):
        kntp.cmd("ACL_BEGIN")
        for at in range(0, len(prefixes), 50):
            kntp.acl("allow", "0.0.0.0/0", "::/0", *prefixes[at:at + 50])
        if what != "close":
            kntp.cmd("ACL_" + what.upper())
    elif what == "add":
        kntp.acl(rng.choice(("allow", "auth", "deny", "pass")), *prefixes)
        kntp.acl_del(prefixes[0])
    else:
        kntp.cmd("ACL_FLUSH")
    kntp.cmd("ACL_GET", flags=0x300)
    kntp.close()


def policy(lab, rng):
    """Limits, keys, and the table of those who ask."""
    with lab.srv:
        kntp = Kntp()
    what = rng.choice(("limit", "limit", "key", "key", "keys", "clients"))
    if what == "limit":
        kntp.cmd("LIMIT_DEL")
        one = b"".join(attr(C["KNTP_A_LIMIT_ONE_" + name], u8(value & 0xff))
                       for name, value in (("INTERVAL", rng.randrange(-19, 4)),
                                           ("BURST", 1 + rng.randrange(20)),
                                           ("KOD", rng.randrange(4))))
        kntp.cmd("LIMIT_SET", attr(C["KNTP_A_LIMIT_CLIENT"] | 0x8000, one) + attr(
            C["KNTP_A_LIMIT_PREFIX"] | 0x8000, one + attr(
                C["KNTP_A_LIMIT_ONE_PREFIX4"], u8(24)) + attr(
                C["KNTP_A_LIMIT_ONE_PREFIX6"], u8(48))) + attr(
            C["KNTP_A_LIMIT_REPLIES"], u32(rng.choice((0, 1000, 100_000)))) + attr(
            C["KNTP_A_LIMIT_DENY"], u8(rng.randrange(5))))
    elif what == "key":
        number = rng.choice(tuple(SECRETS))
        kind, secret = SECRETS[number]
        kntp.cmd("KEY_SET", attr(C["KNTP_A_KEY_ID"], u32(number)) + attr(
            C["KNTP_A_KEY_TYPE"], u8(C["KNTP_KEY_" + kind])) + attr(
            C["KNTP_A_KEY_SECRET"], secret))
    elif what == "keys":
        kntp.cmd("KEY_GET", flags=0x300)
        if rng.random() < 0.2:
            kntp.cmd("KEY_DEL")
    else:
        kntp.cmd("CLIENT_GET", flags=0x300)
        kntp.cmd(*rng.choice((("CLIENT_FLUSH",), ("CLIENT_SET", attr(
            C["KNTP_A_CLIENT_ENTRIES"], u32(rng.choice((0, 1024, 4096))))))))
    kntp.close()


def clock(lab, rng):
    with lab.srv:
        kntp = Kntp()
        kntp.join()
    kntp.clock_set(lease=rng.choice(("forever", 0.01, 5)))
    kntp.clock()
    if rng.random() < 0.3:
        now = time.clock_gettime(time.CLOCK_REALTIME)
        time.clock_settime(time.CLOCK_REALTIME, now + rng.choice((2, -2)))
    kntp.stats()
    if rng.random() < 0.3:
        kntp.cmd("STATS_RESET")
    kntp.close()


def devices(lab, rng):
    """A device with a listener is renamed, taken down, moved, and goes."""
    name = f"d{rng.randrange(1 << 20):x}"
    lab.srv.ip(f"""link add {name} type veth peer name {name}p
        link set {name} up
        link set {name}p up
        addr add 203.0.113.{rng.randrange(1, 250)}/24 dev {name}""")
    try:
        with lab.srv:
            kntp = Kntp()
        kntp.listen("ingress", lab.srv.ifindex(name))
        kntp.close()
        with lab.srv:
            port = ntpnet.Port(name + "p")
            for _ in range(20):
                port.send(lab.frame())
            port.close()
    except OSError:
        pass
    what = rng.choice(("rename", "down", "move", "address", "delete"))
    if what == "rename":
        lab.srv.ip(f"link set {name} name x{name}\nlink del x{name}")
        return
    if what == "move":
        lab.srv.ip(f"link set {name} netns {lab.cli.name}")
        lab.cli.ip(f"link del {name}")
        return
    if what == "down":
        lab.srv.ip(f"link set {name} down")
    elif what == "address":
        lab.srv.ip(f"addr flush dev {name}")
    lab.srv.ip(f"link del {name}")


def namespaces(lab, rng):
    """A whole server goes at once, asked until the end, with routes kept."""
    ns = Netns("gone")
    name = f"g{rng.randrange(1 << 20):x}"
    run("ip", "netns", "add", ns.name)
    ns.open()
    try:
        lab.cli.ip(f"""link add {name} type veth peer name e0 netns {ns.name} \
address {nettest.SRV_MAC}
            link set {name} up""")
        ns.ip(f"""link set lo up
            link set e0 up
            addr add {nettest.SRV4}/24 dev e0
            addr add {nettest.SRV6}/64 dev e0 nodad
            route add default via {nettest.CLI4}
            route add default via {nettest.CLI6} dev e0
            neigh add {nettest.CLI4} lladdr {nettest.CLI_MAC} dev e0
            neigh add {nettest.CLI6} lladdr {nettest.CLI_MAC} dev e0""")
        with ns:
            kntp = Kntp()
        kntp.allow_all()
        kntp.listen("local")
        if rng.random() < 0.5:
            kntp.listen("ingress", ns.ifindex("e0"))
        with lab.cli:
            port = ntpnet.Port(name)
        for _ in range(20):
            port.send(lab.frame(4))
            port.send(lab.frame(6))
        if rng.random() < 0.5:
            kntp.cmd("ACL_BEGIN")
        kntp.close()
    except OSError:
        port = None
    ns.delete()
    if port:
        for _ in range(20):
            try:
                port.send(lab.frame(rng.choice((4, 6))))
            except OSError:
                break
        port.close()
    quietly("ip", "-n", lab.cli.name, "link", "del", name)


def rules(lab, rng):
    """What replies must obey: conntrack, IPsec policies, routes."""
    what = rng.choice(("conntrack", "ipsec", "route", "rule"))
    if what == "conntrack":
        with lab.srv:
            run("nft", "-f", "-", text="""table inet t {
                chain o {
                    type filter hook output priority 0; policy drop;
                    ct state established,related accept
                }
            }
            """)
            time.sleep(rng.uniform(0, 0.2))
            run("nft", "delete table inet t")
    elif what == "ipsec":
        lab.srv.ip("xfrm policy add dir out src 10.9.0.0/16 dst 10.8.0.0/16")
        time.sleep(rng.uniform(0, 0.1))
        lab.srv.ip("xfrm policy flush")
    elif what == "route":
        lab.srv.ip("".join(f"""route del default via {client} dev s0
            route add default via {client} dev s0
            """ for client in nettest.CLI.values()))
    else:
        lab.srv.ip("rule add pref 99 to 10.9.0.0/16 lookup main")
        lab.srv.ip("rule del pref 99")


def onlookers(lab, rng):
    """Sockets that share every packet, one that owns the port, tracepoints."""
    with lab.srv:
        tap = ntpnet.Port("s0")
        owner = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    owner.bind(("::", 123))
    switch = "/sys/kernel/tracing/events/kntp/enable"
    on = str(int(rng.random() < 0.5))
    try:
        nettest.write(switch, on)
    except OSError:
        pass
    time.sleep(0.1)
    tap.close()
    owner.close()


def module(_, rng):
    time.sleep(rng.uniform(0.2, 4))
    quietly("rmmod", "kntp")
    time.sleep(rng.uniform(0, 0.5))
    quietly("insmod", KO)


WORK = (traffic, traffic, listeners, access_list, policy, clock, devices, namespaces,
        rules, onlookers, module)


def worker(lab, work, seed, end):
    """Does the work until the end; how often, to a file of its own."""
    rng = random.Random(seed)
    done = refused = 0
    said = ""
    while time.monotonic() < end:
        try:
            work(lab, rng)
            done += 1
        except (OSError, RuntimeError, KeyError, IndexError) as why:
            refused += 1
            said = f", last: {why!r:.200}"
    print(f"# {work.__name__}: {done} done, {refused} refused{said}",
          flush=True)


def churn(lab):
    end = time.monotonic() + SECONDS
    children = []
    for work in WORK:
        seed = lab.ktap.random.random()
        child = os.fork()
        if not child:
            try:
                worker(lab, work, seed, end)
            except BaseException as why:	# pylint: disable=broad-except
                print(f"# {work.__name__}: {why!r}", flush=True)
                os._exit(1)
            os._exit(0)
        children.append((work, child))
    for work, child in children:
        status = os.waitpid(child, 0)[1]
        lab.ktap.equal(status, 0, f"{work.__name__} ran to the end")
    aftermath(lab)


def aftermath(lab):
    """A fresh module answers as if nothing had been."""
    try:
        nettest.write("/sys/kernel/tracing/events/kntp/enable", "0")
    except OSError:
        pass
    nettest.load()
    lab.open()
    for hooks in (("local",), ("ingress",), ("local", "ingress")):
        lab.listen(*hooks)
        for family in (4, 6):
            answer = lab.ask(family)
            lab.ktap.ok(answer is not None,
                        f"{' and '.join(hooks)}: IPv{family} is answered after")


if __name__ == "__main__":
    nettest.main(churn)
