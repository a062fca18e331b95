#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Requests with a MAC, and their replies: each type of key, wrong ones, ones
that are not here; keys that come and go while they are asked for."""
import dataclasses
import errno
import os
import struct

import mac
import nettest
import ntpnet
from kntpnl import C, NLM_F_DUMP, attr, attrs, u8, u32

BOTH = ("local", "ingress")
NAK = bytes(4)


def set_key(lab, number, kind, secret):
    lab.kntp.cmd("KEY_SET", attr(C["KNTP_A_KEY_ID"], u32(number)) +
                 attr(C["KNTP_A_KEY_TYPE"], u8(C["KNTP_KEY_" + kind] if
                                               isinstance(kind, str) else kind)) +
                 attr(C["KNTP_A_KEY_SECRET"], secret))


def flush(lab):
    lab.kntp.cmd("KEY_DEL")


def keys(lab):
    """{identifier: type}, and all that was said of them."""
    said = lab.kntp.cmd("KEY_GET", flags=NLM_F_DUMP)
    found = {}
    for answer in said:
        got = dict(attrs(answer))
        found[struct.unpack("=I", got[C["KNTP_A_KEY_ID"]])[0]] = \
            got[C["KNTP_A_KEY_TYPE"]][0]
    return found, b"".join(said)


def secret_of(kind, size=20):
    return os.urandom({"AES128": 16, "AES256": 32}.get(kind, size))


def faults(lab, frame, wanted_mac, hook):
    """What is wrong with the answer to a request, as words."""
    got = lab.answers([frame])
    if len(got) != 1:
        return [f"{len(got)} answers"]
    asked = ntpnet.parse(frame)
    header = dataclasses.replace(got[0], data=got[0].data[:48])
    wrong = ntpnet.reply_faults(
        asked, header, nettest.SRV_MAC if hook == "ingress" else None)
    if got[0].data[48:] != wanted_mac(got[0].data[:48]):
        wrong.append(f"MAC {got[0].data[48:].hex()}, not "
                     f"{wanted_mac(got[0].data[:48]).hex()}")
    if len(got[0].data) > len(asked.data):
        wrong.append("longer than what was asked")
    return wrong


def test_vectors(lab):
    """What this test reckons with is what was published."""
    for name, got, wanted in mac.vectors():
        lab.ktap.equal(got, wanted, name)


def test_types(lab):
    secrets = {number: (kind, secret_of(kind, size)) for number, (kind, size) in
               enumerate([(kind, size) for kind in mac.TYPES
                          for size in (20, 1, 256)], 1)}
    flush(lab)
    for number, (kind, secret) in secrets.items():
        set_key(lab, number, kind, secret)
    for hook in BOTH:
        lab.listen(hook)
        before = lab.kntp.stats()
        for family in (4, 6):
            for version in (3, 4):
                wrong = []
                for number, (kind, secret) in secrets.items():
                    head = ntpnet.ntp(version=version)
                    ext = ntpnet.extension(0x4321, os.urandom(24)) \
                        if version == 4 and number % 2 else b""
                    sent = head + ext
                    frame = lab.frame(family, sent + mac.mac(
                        number, kind, secret, sent, version))
                    bad = faults(lab, frame, lambda data: mac.mac(	# pylint: disable=cell-var-from-loop
                        number, kind, secret, data, version), hook)	# pylint: disable=cell-var-from-loop
                    if bad:
                        wrong.append((kind, len(secret), len(ext), bad))
                lab.ktap.ok(not wrong, f"{hook}: IPv{family}: version {version}: "
                            "each key's own", wrong[:2])
        after = lab.kntp.stats()
        lab.ktap.equal(after.get((hook, "of_keyed"), 0) -
                       before.get((hook, "of_keyed"), 0), 4 * len(secrets),
                       f"{hook}: they are counted")


def test_wrong(lab):
    flush(lab)
    secrets = {number: (kind, secret_of(kind))
               for number, kind in enumerate(mac.TYPES, 1)}
    for number, (kind, secret) in secrets.items():
        set_key(lab, number, kind, secret)
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            before = lab.kntp.stats()
            wrong, count = [], 0
            for number, (kind, secret) in secrets.items():
                head = ntpnet.ntp()
                right = mac.mac(number, kind, secret, head)
                bit = lab.ktap.random.randrange(8 * (len(right) - 4))
                flipped = bytearray(right)
                flipped[4 + bit // 8] ^= 1 << bit % 8
                other = 20 + 24 - len(right)
                for trailer in (
                        bytes(flipped), right[:4] + b"\1" + bytes(len(right) - 5),
                        mac.mac(number, kind, secret, head[::-1]),
                        (right + bytes(4))[:other] if other > len(right)
                        else right[:other]):
                    count += 1
                    bad = faults(lab, lab.frame(family, head + trailer),
                                 lambda data: NAK, hook)
                    if bad:
                        wrong.append((kind, trailer.hex(), bad))
            lab.ktap.ok(not wrong, f"{hook}: IPv{family}: a wrong one: crypto-NAK",
                        wrong[:2])
            gone = lab.counted(before)
            lab.ktap.equal(
                [gone.get((hook, name), 0) for name in
                 ("drop_mac", "of_kiss", "of_keyed")], [count, count, 0],
                f"{hook}: IPv{family}: and they are counted")
            before = lab.kntp.stats()
            asked = ntpnet.ntp()
            windows = ntpnet.ntp(version=3) + struct.pack("!I", 1)
            got = [lab.ask(family, data=data) for data in (
                asked + mac.mac(99, "MD5", b"x", asked), asked + bytes(20),
                asked + os.urandom(24), windows + bytes(16), windows + bytes(68))]
            gone = lab.counted(before)
            lab.ktap.equal((got, gone.get((hook, "pass_mac"), 0)), ([None] * 5, 5),
                           f"{hook}: IPv{family}: one that is not here, and what "
                           "a domain controller is to sign: passed on")


def test_refused(lab):
    flush(lab)
    for number, kind, secret, error in (
            (1, "AES128", bytes(15), errno.EINVAL),
            (1, "AES256", bytes(16), errno.EINVAL),
            (1, 7, bytes(16), errno.ERANGE), (1, 0, bytes(16), errno.ERANGE),
            (0, "MD5", bytes(16), errno.ERANGE),
            (1, "MD5", b"", errno.ERANGE), (1, "MD5", bytes(257), errno.ERANGE)):
        try:
            set_key(lab, number, kind, secret)
            got = 0
        except OSError as err:
            got = err.errno
        lab.ktap.equal(got, error, f"refused: {number} {kind}, {len(secret)} octets")
    lab.ktap.equal(keys(lab)[0], {}, "and there is none of them")
    secret = os.urandom(30)
    set_key(lab, 0xffffffff, "SHA1", secret)
    set_key(lab, 7, "AES256", bytes(32))
    found, said = keys(lab)
    lab.ktap.equal(found, {7: C["KNTP_KEY_AES256"],
                           0xffffffff: C["KNTP_KEY_SHA1"]}, "those that are there")
    lab.ktap.ok(secret[:4] not in said, "no secret is told")
    lab.kntp.cmd("KEY_DEL", attr(C["KNTP_A_KEY_ID"], u32(7)))
    try:
        lab.kntp.cmd("KEY_DEL", attr(C["KNTP_A_KEY_ID"], u32(7)))
        got = 0
    except OSError as err:
        got = err.errno
    lab.ktap.equal((got, list(keys(lab)[0])), (errno.ENOENT, [0xffffffff]),
                   "deleted, and not twice")


def test_change(lab):
    """A key is replaced, and gone, for the next request."""
    flush(lab)
    lab.listen("ingress")
    answers = []
    for secret in (b"one", b"other", None):
        if secret:
            set_key(lab, 5, "SHA256", secret)
        else:
            flush(lab)
        for used in (b"one", b"other"):
            head = ntpnet.ntp()
            got = lab.ask(data=head + mac.mac(5, "SHA256", used, head))
            answers.append(len(got.data) if got else 0)
    lab.ktap.equal(answers, [72, 52, 52, 72, 0, 0], "replaced, and gone")


def test_demanded(lab):
    """Of whom authentication is demanded is answered with it alone."""
    flush(lab)
    secret = os.urandom(16)
    set_key(lab, 9, "AES128", secret)
    everyone = "0.0.0.0/0", "::/0"
    lab.kntp.acl("auth", *everyone)
    for sentinel in nettest.SENTINEL.values():
        lab.kntp.acl("allow", sentinel)
    for hook in BOTH:
        lab.listen(hook)
        for family in (4, 6):
            before = lab.kntp.stats()
            head = ntpnet.ntp()
            right = mac.mac(9, "AES128", secret, head)
            got = [lab.ask(family, data=head + trailer) for trailer in (
                right, b"", right[:-1] + bytes([right[-1] ^ 1]),
                ntpnet.extension(0x4321, os.urandom(24)),
                mac.mac(10, "AES128", secret, head),
                ntpnet.extension(0x0104, os.urandom(32)))]
            gone = lab.counted(before)
            lab.ktap.equal(
                ([got[0] and got[0].data[48:] == mac.mac(
                    9, "AES128", secret, got[0].data[:48]), got[1],
                  got[2] and got[2].data[48:], *got[3:]],
                 [gone.get((hook, name), 0) for name in
                  ("of_keyed", "drop_auth", "drop_mac")]),
                ([True, None, NAK, None, None, None], [1, 4, 1]),
                f"{hook}: IPv{family}: answered with the key alone")
    lab.kntp.acl("allow", *everyone)


def test_limited(lab):
    """A limit is before the key; what it says is not signed."""
    flush(lab)
    secret = os.urandom(16)
    set_key(lab, 9, "AES128", secret)
    one = b"".join(attr(C["KNTP_A_LIMIT_ONE_" + name], u8(value & 0xff))
                   for name, value in (("INTERVAL", 12), ("BURST", 4),
                                       ("LEAK", 4), ("KOD", 1)))
    for hook in BOTH:
        lab.listen(hook)
        lab.kntp.cmd("LIMIT_SET", attr(C["KNTP_A_LIMIT_CLIENT"] | 0x8000, one))
        lab.kntp.cmd("CLIENT_FLUSH")
        frames = []
        for _ in range(200):
            head = ntpnet.ntp()
            frames.append(lab.frame(data=head + mac.mac(9, "AES128", secret, head)))
        got = lab.answers(frames)
        good = [a for a in got if a.data[48:] ==
                mac.mac(9, "AES128", secret, a.data[:48])]
        kissed = [a for a in got if a.data[1] == 0 and len(a.data) == 48]
        lab.ktap.ok(4 <= len(good) < 40 and len(kissed) > 50 and
                    len(good) + len(kissed) == len(got),
                    f"{hook}: so many are answered, the others told",
                    (len(got), len(good), len(kissed)))
        lab.kntp.cmd("LIMIT_DEL")


def test_while_asked(lab):
    """Keys come and go while they are asked for."""
    lab.listen("local", "ingress")
    flush(lab)
    secrets = {number: (kind, secret_of(kind))
               for number, kind in enumerate(mac.TYPES, 1)}
    frames = []
    for number, (kind, secret) in secrets.items():
        for family in (4, 6):
            head = ntpnet.ntp()
            frames.append(lab.frame(family, head + mac.mac(number, kind, secret, head)))
    sender = nettest.flood(lab.cli, "c0", frames, 0,
                           lab.ktap.random.randrange(1 << 31), "plain",
                           everywhere=True)

    def keyed():
        return lab.kntp.stats().get(("ingress", "of_keyed"), 0)

    for _ in range(20):
        for number, (kind, secret) in secrets.items():
            set_key(lab, number, kind, secret)
        seen = keyed()
        nettest.wait_for(lambda: keyed() > seen + 20)	# pylint: disable=cell-var-from-loop
        for number in secrets:
            set_key(lab, number, *secrets[lab.ktap.random.randrange(6) + 1])
        if lab.ktap.random.randrange(2):
            flush(lab)
    sender.kill()
    sender.wait()
    lab.ktap.ok(keyed() > 400, "they are answered meanwhile", lab.kntp.stats())
    flush(lab)


if __name__ == "__main__":
    nettest.main(test_vectors, test_types, test_wrong, test_refused, test_change,
                 test_demanded, test_limited, test_while_asked)
