#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Real clients with keys of each type: they have the time by the right one, and
by no other; the key file is chrony's own."""
import json
import os

import lab
import peers
from kntpd import Kntpd

TYPES = ("MD5", "SHA1", "SHA256", "SHA512", "AES128", "AES256")
SIZES = {"AES128": 16, "AES256": 32}
# What ntpsec calls them, of those that it has.
NTPSEC = {"MD5": "MD5", "SHA1": "SHA1", "AES128": "AES-128"}
WRONG = 99


def key_file(test, secrets, name, names=None):
    path = os.path.join(test.tmp, name)
    with open(path, "w", encoding="ascii") as file:
        for number, (kind, secret) in secrets.items():
            if names is None:
                file.write(f"{number} {kind} HEX:{secret.hex()}\n")
            elif kind in names:
                file.write(f"{number} {names[kind]} {secret.hex()}\n")
    return path


class Keyed(peers.Chronyd):
    """Asks with each key, each another address of the server; and one more with
    a key that the server has otherwise."""

    def __init__(self, test, pair, family, secrets, path, first=0):
        self.sources = {
            number: pair.add_server((first or 20 * family) + n)[family]
            for n, number in enumerate([*secrets, WRONG])}
        super().__init__(test, pair.client, None, also=[f"keyfile {path}"] + [
            f"server {addr} {self.FAST} key {number}" for number, addr in self.sources.items()])

    def believes(self, number):
        addr = self.sources[number]
        return (self.has_selected() and
                self.source(addr)[1:3] in (("*", 1), ("+", 1), ("-", 1)) and
                self.data("Authenticated", addr) == "Yes")

    def asked(self, number):
        """How often it has asked there, and what it believed of the answers."""
        addr = self.sources[number]
        return (int(self.data("Total TX", addr) or 0),
                int(self.data("Total valid RX", addr) or 0))


def start(test, pair, family, secrets, files):
    where = f"{pair.hook} IPv{family}"
    client = Keyed(test, pair, family, secrets, files[0])
    checks = [(f"{where}: chronyd with {kind}",
               lambda number=number: client.believes(number), client.why)
              for number, (kind, _) in secrets.items()]
    # By its address it is told apart from the others, who ask meanwhile.
    alone = pair.add_client(10 + family)[family]
    started = [client, peers.Chronyd(
        test, pair.client, pair.server_addr[family], "key 5 xleave",
        also=[f"keyfile {files[0]}", f"bindacqaddress {alone}"])]
    checks.append((f"{where}: chronyd, interleaved", lambda: started[1].data(
        "Interleaved") == started[1].data("Authenticated") == "Yes",
                   started[1].why))
    for number, (kind, _) in secrets.items():
        if kind not in NTPSEC:
            continue
        one = peers.Ntpdig(test, pair.client, pair.server_addr[family],
                           "-a", str(number), "-k", files[1])
        checks.append((f"{where}: ntpdig with {kind}", one.accepted, one.why))
        started.append(one)
    return client, checks, started


def held(daemon):
    """What the module holds."""
    return {key["id"]: key["type"] for key in
            json.loads(daemon.kntp("-j", "key", "show")[1])["keys"]}


def configured(test, pair, secrets):
    """kntpd has the module hold the keys of its keyfile, and no others."""
    path = key_file(test, secrets, "kntpd.keys")
    pair.kntp("key", "load", key_file(test, {77: ("MD5", b"other")}, "77.keys"))
    daemon = Kntpd(test, pair.server, ["local", "allow all", "port 0",
                                       f"keyfile {path}"])
    wanted = {number: kind for number, (kind, _) in secrets.items()}
    # The module is told before anybody can ask kntpd.
    test.result(test.until(lambda: held(daemon) == wanted and
                           daemon.json("activity")), "kntpd: its keyfile",
                daemon.why)
    fewer = {3: wanted[3], 4: wanted[4]}
    key_file(test, {number: secrets[number] for number in fewer}, "kntpd.keys")
    test.equal("kntpd: reload", daemon.kntp("reload")[0], 0)
    test.equal("kntpd: the file, otherwise", held(daemon), fewer)
    for line, why in (("5 AES128 HEX:00", "the secret has 1 octets"),
                      ("x MD5 y", "'x' is not a number"),
                      ("5 ROT13 y", "'ROT13' is none of")):
        key_file(test, {number: secrets[number] for number in fewer},
                 "kntpd.keys")
        with open(path, encoding="ascii") as file:
            rest = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(f"# a comment\n{line}\n{rest}")
        # As chronyd does: one bad line costs one key, and the log names it.
        status, _ = daemon.kntp("reload")
        test.result(status == 0 and test.until(
            lambda: f"{path}:2: {why}" in daemon.said()),
                    f"kntpd: '{line}' is left out, and the log says why",
                    daemon.said)
    test.equal("kntpd: and the other keys are held", held(daemon), fewer)
    test.stop(daemon.process)


def reach(daemon):
    return {source["address"]: source["reach"]
            for source in daemon.json("sources").get("sources", [])}


def asks(test, pair, secrets, path, here):
    """kntpd asks a chronyd by each key, and believes no other's answer."""
    peers.Chronyd(test, pair.client, "", also=[
        "allow", "local stratum 5", f"keyfile {path}"])
    where = {number: pair.add_client(50 + n)[4]
             for n, number in enumerate(secrets)}
    daemon = Kntpd(test, pair.server, [
        "port 0", f"keyfile {here}", *[
            f"server {addr} key {number} minpoll -2 maxpoll -2 noselect"
            for number, addr in where.items()],
        f"server {pair.client_addr[4]} key 12345 minpoll 0 noselect"])
    for number, (kind, _) in secrets.items():
        test.result(test.until(lambda: reach(daemon).get(where[number], 0) == 0o377,	# pylint: disable=cell-var-from-loop
                               20), f"kntpd asks with {kind}", daemon.why)
    test.result("key 12345 is not in the keyfile" in daemon.said(),
                "kntpd: a key that is not there is said", daemon.said)
    test.result(daemon.json("ntpdata", where[5])["sources"][0]["authenticated"]
                and [s["authenticated"] for s in
                     daemon.json("selectdata")["sources"]] == [True] * 7,
                "kntpd: it is said whose packets are", daemon.why)
    test.stop(daemon.process)
    # The module says so to who has another secret for a key.
    server = pair.server_addr[4]
    daemon = Kntpd(test, pair.client, [
        "port 0", f"keyfile {path}",
        f"server {server} key {WRONG} minpoll -2 maxpoll -2 noselect"])
    test.result(test.until(lambda: "is not authentic by key 99: the server says"
                           in daemon.said()), "kntpd: another secret is said",
                daemon.why)
    test.result(reach(daemon)[server] == 0, "kntpd: and not believed", daemon.why)
    test.stop(daemon.process)


def answers(test, pair, secrets, files, here):
    """Without the module kntpd answers by them itself."""
    daemon = Kntpd(test, pair.server, ["local stratum 1", "allow all",
                                       f"keyfile {here}"])
    client = Keyed(test, pair, 4, secrets, files[0], first=60)
    test.settle([(f"kntpd alone: chronyd with {kind}",
                  lambda number=number: client.believes(number), client.why)
                 for number, (kind, _) in secrets.items()], 30)
    test.result(test.until(lambda: client.asked(WRONG)[0] > 3) and
                client.asked(WRONG)[1] == 0,
                "kntpd alone: another secret has nothing of it", client.why)
    test.result(daemon.json("serverstats")["authenticated"] > 10,
                "kntpd alone: they are counted", lambda: daemon.kntp(
                    "-j", "serverstats"))
    test.stop(client.process, daemon.process)


def keys(test):
    secrets = {n: (kind, os.urandom(SIZES.get(kind, 20)))
               for n, kind in enumerate(TYPES, 1)}
    other = {**secrets, WRONG: ("AES128", os.urandom(16))}
    files = [key_file(test, other, "chrony.keys"),
             key_file(test, secrets, "ntp.keys", NTPSEC)]
    here = key_file(test, {**secrets, WRONG: ("AES128", os.urandom(16))},
                    "server.keys")
    pairs = test.pairs("local", "ingress")
    everybody, checks, started = [], [], []
    for pair in pairs:
        pair.kntp("key", "load", here)
        pair.kntp("client", "set", "prefix6", "128")
        pair.listen()
        for family in 4, 6:
            client, more, clients = start(test, pair, family, secrets, files)
            everybody.append((f"{pair.hook} IPv{family}", client))
            checks += more
            started += clients
    test.settle(checks, 30)
    for where, client in everybody:
        test.result(test.until(lambda: client.asked(WRONG)[0] > 3),	# pylint: disable=cell-var-from-loop
                    f"{where}: chronyd with another secret asks", client.why)
        test.result(client.asked(WRONG)[1] == 0,
                    f"{where}: and believes nothing", client.why)
    test.stop(*[client.process for client in started])
    for pair in pairs:
        stats = pair.counters()
        test.result(stats["of_answered"]["keyed"] == stats["answered"] > 50 and
                    stats["dropped"]["mac"] > 3 and
                    stats["dropped"]["mac"] == stats["of_answered"]["kiss"] and
                    stats["of_answered"]["interleaved"] > 0,
                    f"{pair.hook}: all of it is counted",
                    pair.kntp("-v", "stats", "show"))
    test.balance(*pairs)
    configured(test, pairs[0], secrets)
    asks(test, pairs[1], secrets, files[0], here)
    test.unload()
    answers(test, pairs[0], secrets, files, here)


if __name__ == "__main__":
    lab.main(keys)
