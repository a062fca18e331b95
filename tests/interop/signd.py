#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Members of a Windows domain have their replies signed by a domain controller:
by one that speaks Samba's protocol, and is slow, wrong, or not there at all."""
import hashlib
import os
import socket
import struct
import threading
import time

import lab
from kntpd import Kntpd

QUESTION = struct.Struct("!IIIHH4s")
ANSWER = struct.Struct("!IIII")
SIGNED, FAILED = 3, 4
ACCOUNT, STRANGER = b"\x51\x04\0\0", b"\x52\x04\0\x80"
SECRET = b"the NT hash of a machine's password"
QUEUE, DELAYS = 64, 8


def mac(account, packet, size):
    """What is put behind a packet, as long as it is to be."""
    digest = hashlib.sha512(SECRET + packet).digest()
    return account + digest[:size - 4]


class Signd(threading.Thread):
    """Signs as it is told to: how it does is what HOW says."""

    def __init__(self, directory):
        super().__init__(daemon=True)
        os.makedirs(directory, exist_ok=True)
        self.path = os.path.join(directory, "socket")
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.how, self.seen, self.size = "well", [], 20
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.bind(self.path)
        os.chmod(self.path, 0o777)
        self.sock.listen()
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        try:
            while question := connection.recv(QUESTION.size + 48,
                                              socket.MSG_WAITALL):
                self.one(connection, question)
        except OSError:
            pass
        connection.close()

    def one(self, connection, question):
        size, version, operation, number, _, account = QUESTION.unpack_from(question)
        packet = question[QUESTION.size:]
        self.seen.append((size, version, operation, account))
        how = self.how
        if how == "slow":
            time.sleep(3 * lab.SCALE)
        if how == "late":
            time.sleep(0.05)
        if how == "hangs up":
            connection.close()
            return
        if account != ACCOUNT:
            connection.sendall(ANSWER.pack(12, 0, FAILED, number))
            return
        signed = packet + mac(account, packet, self.size)
        if how == "another packet":
            signed = packet[:40] + bytes(8) + mac(account, packet, self.size)
        if how == "another number":
            number += 1
        if how == "too long":
            signed += bytes(4000)
        answer = ANSWER.pack(12 + len(signed), 0, SIGNED, number) + signed
        for at in range(0, len(answer), 7 if how == "in pieces" else len(answer)):
            connection.sendall(answer[at:at + (7 if how == "in pieces" else len(answer))])
            time.sleep(0.001 if how == "in pieces" else 0)

    def close(self):
        self.sock.close()
        os.unlink(self.path)


def request(account, mode=3, size=20):
    """As Windows asks: version 3, an account, and no digest."""
    return (bytes([0x18 | mode, 0, 6, 0xe7]) + os.urandom(44) + account +
            bytes(size - 4))


def ask(pair, packets, wait=1.5, expect=None):
    """The answers to packets, by the address of the server."""
    with lab.inside(pair.client):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.connect((pair.server_addr[4], 123))
    answers = []
    for packet in packets:
        sock.send(packet)
    end = time.monotonic() + wait * lab.SCALE
    while len(answers) < (len(packets) if expect is None else expect):
        sock.settimeout(max(end - time.monotonic(), 0.001))
        try:
            answers.append(sock.recv(2000))
        except TimeoutError:
            break
    sock.close()
    return answers


def faults(asked, answers, mode):
    """What is wrong with the one answer, as Windows would find it."""
    if len(answers) != 1:
        return [f"{len(answers)} answers"]
    answer, size = answers[0], len(asked) - 48
    wrong = []
    if answer[48:] != mac(asked[48:52], answer[:48], size):
        wrong.append("the signature")
    first, stratum, _, precision, delay, dispersion = struct.unpack_from(
        "!BBbbII", answer)
    if first & 0x3f != 0x18 | mode or first >> 6 == 3:
        wrong.append(f"first octet {first:#x}")
    if not 1 <= stratum < 16 or not -32 <= precision <= -6:
        wrong.append(f"stratum {stratum}, precision {precision}")
    if delay >> 16 or dispersion >> 16:
        wrong.append(f"delay {delay:#x}, dispersion {dispersion:#x}")
    if answer[24:32] != asked[40:48]:
        wrong.append("origin")
    return wrong


def counts(daemon):
    said = daemon.json("serverstats")
    return said["domain_signed"], said["domain_unsigned"]


def well(test, pair, daemon, signd):
    for mode, size in ((3, 20), (1, 20), (3, 72), (1, 72)):
        signd.size = size
        asked = request(ACCOUNT, mode, size)
        answers = ask(pair, [asked])
        test.result(not faults(asked, answers, mode + 1),
                    f"mode {mode}, {size} octets: signed, in mode {mode + 1}",
                    f"{faults(asked, answers, mode + 1)} {answers}")
    signd.size = 20
    test.equal("it is asked as Samba is", set(signd.seen), {(64, 0, 0, ACCOUNT)})
    test.equal("and it is counted", counts(daemon), (4, 0))
    test.equal("an account that it does not know: no answer",
               ask(pair, [request(STRANGER)], 0.5), [])
    test.equal("and that is counted", counts(daemon), (4, 1))
    signd.how = "in pieces"
    asked = request(ACCOUNT)
    test.equal("in pieces", faults(asked, ask(pair, [asked]), 4), [])
    asked = request(ACCOUNT)[:48] + ACCOUNT + b"\1" + bytes(15)
    test.equal("a MAC that is not empty is by the key of that number",
               ([a[48:] for a in ask(pair, [asked], 0.5)], counts(daemon)),
               ([bytes(4)], (5, 1)))


def stamped(test, pair, signd):
    """The transmit time is when it leaves: what signing takes is known."""
    signd.how = "late"
    late = []
    for _ in range(2 * DELAYS):
        answers = ask(pair, [request(ACCOUNT)])
        now = time.time()
        seconds, fraction = struct.unpack_from("!II", answers[0], 40)
        late.append(round(now - (seconds - 2208988800 + fraction / 2 ** 32), 4))
    # Signing takes 50 ms here, and of those before that the shortest counts.
    late = late[DELAYS:]
    test.result(min(late) > -0.001, "no reply is from the future", late)
    test.result(sorted(late)[len(late) // 2] < 0.04,
                "nor from when it was given to be signed", late)
    signd.how = "well"


def wrong(test, pair, daemon, signd):
    for how in ("another packet", "another number", "too long", "hangs up",
                "slow"):
        signd.how = how
        _, before = counts(daemon)
        asked = request(ACCOUNT)
        answers = ask(pair, [asked], 0.5)
        plain = b"\x23" + os.urandom(47)
        test.equal(f"{how}: no answer, but all others are answered meanwhile",
                   (answers, [len(a) for a in ask(pair, [plain])]), ([], [48]))
        test.result(test.until(lambda: counts(daemon)[1] == before + 1),	# pylint: disable=cell-var-from-loop
                    f"{how}: it is counted", counts(daemon))
        signd.how = "well"
        test.result(test.until(lambda: ask(pair, [request(ACCOUNT)], 0.3)),
                    f"{how}: and then it signs again", daemon.why)
    test.result("does not answer" in daemon.said() and
                "an answer that is none" in daemon.said(), "it is said",
                daemon.said)


def many(test, pair, daemon, signd):
    """More than there is room for, at once."""
    signd.how = "late"
    done, failed = counts(daemon)
    asked = [request(ACCOUNT) for _ in range(3 * QUEUE)]
    answers = ask(pair, asked, 10)
    signd.how = "well"
    test.result(QUEUE <= len(answers) < 3 * QUEUE,
                "a burst: those that there is room for", len(answers))
    test.result({a[24:32] for a in answers} <= {a[40:48] for a in asked},
                "each is the answer to one that was asked")
    test.result(test.until(lambda: sum(counts(daemon)) ==
                           done + failed + len(asked)), "all are counted",
                (counts(daemon), len(answers)))


def signs(test):
    pair = test.pairs("local")[0]
    directory = os.path.join(test.tmp, "ntp_signd")
    os.chmod(test.tmp, 0o755)
    keys = os.path.join(test.tmp, "keys")
    with open(keys, "w", encoding="ascii") as file:
        file.write(f"{int.from_bytes(ACCOUNT, 'big')} MD5 mine\n")
    daemon = Kntpd(test, pair.server, [
        "local stratum 3", "allow all", "listen hook local", "bindcmdaddress /",
        f"keyfile {keys}", f"ntpsigndsocket {directory}"])
    test.result(test.until(lambda: daemon.json("activity") and
                           ask(pair, [b"\x23" + os.urandom(47)], 0.3)),
                "kntpd serves", daemon.why)
    test.equal("nobody signs: no answer", ask(pair, [request(ACCOUNT)], 0.5), [])
    test.result("No such file" in daemon.said(), "and it is said", daemon.said)
    signd = Signd(directory)
    test.result(test.until(lambda: ask(pair, [request(ACCOUNT)], 0.3)),
                "it comes, and signs", daemon.why)
    test.stop(daemon.process)
    daemon.begin()
    test.result(test.until(lambda: daemon.json("activity")), "kntpd again",
                daemon.why)
    signd.seen.clear()
    well(test, pair, daemon, signd)
    stamped(test, pair, signd)
    wrong(test, pair, daemon, signd)
    many(test, pair, daemon, signd)
    passed = pair.counters("local")
    test.result(passed["passed"]["mac"] > 200 and passed["dropped"]["mac"] == 1,
                "the module has passed them up, although it holds a key of that "
                "number", passed)
    signd.close()
    with open(daemon.conf, "r+", encoding="ascii") as file:
        text = file.read().replace("ntpsigndsocket", "# ")
        file.seek(0)
        file.write(text)
        file.truncate()
    test.equal("reload", daemon.kntp("reload")[0], 0)
    test.equal("no ntpsigndsocket: that key's number, a crypto-NAK",
               [a[48:] for a in ask(pair, [request(ACCOUNT)], 0.5)], [bytes(4)])


if __name__ == "__main__":
    lab.main(signs)
