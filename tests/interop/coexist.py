#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A chronyd that owns UDP/123 keeps all that the module passes on to it.

It keeps a symmetric peer, an NTS client and a keyed client while the module
answers plain clients, and gets those too when the module goes, under load.
"""
import os
import time

import lab
import peers
import sender

MODULE = 1	# strata, which say who answered
PEER = 5
DAEMON = PEER + 1
ANSWERS = 500	# to one load, before and after a change


class Site:
    """A server's namespace with chronyd and the module, and their clients."""

    def __init__(self, test, pair, family, certificate, keys):
        self.test = test
        self.pair = pair
        self.where = f"{pair.hook}"
        server = pair.server_addr[family]
        other = pair.server_addr[10 - family]
        peer = pair.add_client(9)[family]
        self.daemon = peers.ChronydPeer(test, pair.server, peer, also=[
            "allow", "local stratum 8", f"keyfile {keys}",
            f"ntsservercert {certificate}.pem",
            f"ntsserverkey {certificate}.key"])
        pair.kntp("acl", "pass", peer)
        pair.listen()
        # It listens to the daemon, but does not follow it.
        self.peer = peers.ChronydPeer(test, pair.client, server, "noselect", [
            f"local stratum {PEER}", f"bindaddress {peer}"])
        self.keyed = peers.Chronyd(test, pair.client, other, "key 1",
                                   also=[f"keyfile {keys}"])
        self.nts = peers.ChronydNts(test, pair.client, server, certificate)
        self.plain = peers.Chronyd(test, pair.client, server)

    def programs(self):
        return self.daemon, self.peer, self.keyed, self.nts, self.plain

    def checks(self, plain):
        """What must be so whoever answers the plain clients."""
        what = [
            ("the daemon selects its symmetric peer (=*)", self.daemon,
             lambda: self.daemon.selected("=", PEER)),
            ("the peer hears the daemon", self.peer,
             lambda: self.heard(self.peer, DAEMON)),
            ("the daemon serves a client with a key (^*)", self.keyed,
             lambda: self.keyed.selected("^", DAEMON)),
            ("the daemon serves a client with NTS (^*)", self.nts,
             lambda: self.nts.selected("^", DAEMON)),
            (f"a plain client is served at stratum {plain} (^*)", self.plain,
             lambda: self.plain.selected("^", plain)),
        ]
        return [(f"{self.where}: {name}", condition, program.why)
                for name, program, condition in what]

    def heard(self, program, stratum):
        # Peers that ask each other at the same moment take turns in hearing.
        _, _, said, reach = program.source()
        return said == stratum and reach

    def served(self):
        """Whether the daemon got all that was passed to it as to a server."""
        before = self.pair.counters()["passed"]
        got = int(self.daemon.chronyc("-c", "serverstats").split(",")[0])
        after = self.pair.counters()["passed"]
        return (before["mac"] + before["nts"] <= got <=
                after["mac"] + after["nts"])

    def unbroken(self):
        """Whether everybody who ever selected a source has kept it."""
        return all(program.process.poll() is None and
                   "Can't synchronise" not in program.said()
                   for program in self.programs())


def credentials(test, pairs):
    certificate = os.path.join(test.tmp, "nts")
    names = ",".join(f"IP:{addr}" for pair in pairs
                     for addr in pair.server_addr.values())
    test.command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                 "/CN=kntp", "-addext", f"subjectAltName={names}",
                 "-keyout", f"{certificate}.key", "-out", f"{certificate}.pem")
    keys = os.path.join(test.tmp, "keys")
    with open(keys, "w", encoding="ascii") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(f"1 SHA256 HEX:{os.urandom(32).hex()}\n")
    return certificate, keys


def who_answers(test, site):
    """The module's counters say the same as the strata."""
    stats = site.pair.counters()
    passed = stats["passed"]
    test.result(stats["answered"] and all(passed[w] for w in ("acl", "mac", "nts"))
                and not stats["dropped_total"],
                f"{site.where}: the counters tell plain clients from the others",
                site.pair.kntp("-v", "stats", "show"))
    test.result(test.until(site.served),
                f"{site.where}: the daemon got every request passed to it",
                site.daemon.chronyc("serverstats") +
                site.pair.kntp("-v", "stats", "show"))


def change_under_load(test, sites, name, change, strata):
    """Under load, change who answers: only what is in flight may be lost.

    Strata are those of who answers before and after.
    """
    loads = [sender.Sender([(site.pair.client, addr) for addr in
                            site.pair.server_addr.values()]) for site in sites]

    def go_on(site, load):
        load.goes_on(test, f"{site.where}: {name}", ANSWERS)

    for site, load in zip(sites, loads):
        go_on(site, load)
    flight = [len(load.pending) for load in loads]
    begin = time.monotonic()
    change()
    end = time.monotonic()
    for site, load in zip(sites, loads):
        go_on(site, load)
    for site, load, count in zip(sites, loads, flight):
        load.stop(test)
        where = f"{site.where}: {name}"
        test.note(f"{where}: {load.answered()} answers, {count} requests in "
                  f"flight, {len(load.pending)} lost")
        judge(test, load, where, begin, end, strata)


def judge(test, load, where, begin, end, strata):
    """What became of the load, given when the change began and ended."""
    recent = begin - 0.1 * lab.SCALE	# no request is under way for longer
    lost = list(load.pending.values())
    test.result(all(recent < sent < end for sent in lost),
                f"{where}: no request is lost but those in flight",
                f"lost, after the change began: {[s - begin for s in lost]}")
    test.equal(f"{where}: who answers before",
               {a.stratum for a in load.answers if a.got < begin}, {strata[0]})
    test.equal(f"{where}: who answers then",
               {a.stratum for a in load.answers if a.sent > end}, {strata[1]})


def coexist(test):
    pairs = test.pairs("local", "ingress")
    certificate, keys = credentials(test, pairs)
    sites = [Site(test, pair, family, certificate, keys)
             for pair, family in zip(pairs, (4, 6))]
    test.settle([check for site in sites for check in site.checks(MODULE)], 20)
    for site in sites:
        who_answers(test, site)
    test.balance(*pairs)

    def back():
        test.load()
        test.vouch()
        for site in sites:
            site.pair.kntp("acl", "pass", site.daemon.server)
            site.pair.listen()

    change_under_load(test, sites, "the module goes", test.unload,
                      (MODULE, DAEMON))
    test.settle([check for site in sites for check in site.checks(DAEMON)])
    change_under_load(test, sites, "the module comes", back, (DAEMON, MODULE))
    test.settle([check for site in sites for check in site.checks(MODULE)])
    test.balance(*pairs)
    for site in sites:
        test.result(site.unbroken(), f"{site.where}: none ever lost its source",
                    "\n".join(program.why() for program in site.programs()))


if __name__ == "__main__":
    lab.main(coexist)
