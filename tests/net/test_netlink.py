#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The netlink family under 100,000 messages, from almost right to random: those
of nobody change nothing; those of root do what they may, and the module goes on
listening, answering and showing its state."""
import errno
import os
import struct
import subprocess

import nettest
from kntpnl import C, NLM_F_ACK, NLM_F_DUMP, Kntp, attr, attrs, u8, u32

NLM_F_REPLACE, NLM_F_EXCL = 0x100, 0x200

COUNT = 100000 if os.environ.get("KNTP_LONG") else 50000


def state(lab):
    """All that can be written, as it is read."""
    clock = lab.kntp.clock()
    for moves in ("time", "raw_time", "dispersion_now", "lease_left"):
        clock.pop(moves, None)
    return (lab.kntp.listeners(), lab.kntp.cmd("ACL_GET", flags=NLM_F_DUMP),
            sorted(clock.items()), lab.kntp.stats())


def fuzz(lab, *who):
    seed = lab.ktap.random.randrange(1 << 30)
    path = nettest.tool("nlfuzz")
    with lab.srv:
        done = subprocess.run([path, str(COUNT), str(seed), *who],
                              capture_output=True, text=True, check=False)
    lab.ktap.note(done.stdout + done.stderr)
    return done.returncode == 0


def test_nobody(lab):
    lab.listen("local", "ingress")
    lab.kntp.clock_set(7, lease=100000, leap=1)
    lab.kntp.acl("deny", "203.0.113.0/24", "2001:db8:66::/48")
    lab.ask()
    before = state(lab)
    lab.ktap.ok(fuzz(lab, "nobody"), f"{COUNT} messages of nobody")
    lab.ktap.equal(state(lab), before, "have changed nothing")
    for words in (("status",), ("acl", "show"), ("listen", "show"),
                  ("clock", "show"), ("stats", "show")):
        done = nettest.run("kntp", "-n", lab.srv.name, "-j", *words)
        lab.ktap.ok(done, f"`kntp {' '.join(words)}` is readable")


def test_root(lab):
    lab.ktap.ok(fuzz(lab), f"{COUNT} messages of root")
    state(lab)
    # A transaction that was open is gone with its socket.
    with lab.srv:
        kntp = Kntp()
    kntp.cmd("ACL_BEGIN")
    kntp.cmd("ACL_ABORT")
    kntp.close()
    lab.kntp.cmd("ACL_FLUSH")
    lab.ktap.equal(lab.kntp.cmd("ACL_GET", flags=NLM_F_DUMP), [],
                   "the list can be emptied")
    lab.kntp.allow_all()
    lab.kntp.clock_set(3, lease="forever")
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            got = lab.ask(family)
            lab.ktap.ok(got and got.data[1] == 3,
                        f"IPv{family}: {hook}: and all is as it is told", got)


def test_ifindex(lab):
    """Interface indexes go up with each device that a namespace ever had."""
    lab.srv.ip("""link add i0 index 70000 type dummy
        link add i1 index 2147483647 type dummy""")
    for ifindex in (70000, (1 << 31) - 1):
        lab.listen()
        lab.kntp.listen("ingress", ifindex)
        lab.ktap.equal(lab.kntp.listeners(), [("ingress", ifindex)],
                       f"ifindex {ifindex} is listened to")
        lab.kntp.unlisten("ingress", ifindex)
    for ifindex in (1 << 31, (1 << 32) - 1):
        try:
            lab.kntp.listen("ingress", ifindex)
            error = 0
        except OSError as why:
            error = why.errno
        lab.ktap.equal(error, errno.ERANGE, f"ifindex {ifindex} cannot be")
    lab.srv.ip("link del i0\nlink del i1")


def refused(kntp, name, data=b"", **how):
    """The error that a message gets, 0 if it was taken."""
    try:
        kntp.cmd(name, data, **how)
    except OSError as error:
        return error.errno
    return 0


def test_header(lab):
    """Flags that no operation has, and a reserved field that is not zero, refuse
    the message: genl_header_check() of the kernel."""
    lab.kntp.cmd("KEY_SET", attr(C["KNTP_A_KEY_ID"], u32(7)) +
                 attr(C["KNTP_A_KEY_TYPE"], u8(C["KNTP_KEY_MD5"])) +
                 attr(C["KNTP_A_KEY_SECRET"], b"secret"))
    one = attr(C["KNTP_A_KEY_ID"], u32(7))
    for flag in (NLM_F_EXCL, NLM_F_REPLACE, 0x400, 0x800, 0x8000):
        lab.ktap.equal(refused(lab.kntp, "KEY_DEL", one, flags=NLM_F_ACK | flag),
                       errno.EINVAL, f"KEY_DEL with flag {flag:#x}")
    lab.ktap.equal(refused(lab.kntp, "KEY_DEL", one, reserved=1), errno.EINVAL,
                   "KEY_DEL with a reserved field of 1")
    keys = [struct.unpack("=I", dict(attrs(said))[C["KNTP_A_KEY_ID"]])[0]
            for said in lab.kntp.cmd("KEY_GET", flags=NLM_F_DUMP)]
    lab.ktap.equal(keys, [7], "the key is still there")
    lab.kntp.cmd("KEY_DEL")


nettest.main(test_header, test_ifindex, test_nobody, test_root)
