#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""kntpd, the module and chronyd, before and behind it, each in a namespace.

The guest has one clock: what kntpd corrects, the servers' time follows, and it
has nothing to correct but the noise of its measurements. So it is not judged
here how well it keeps time, and each state is waited for.
"""
import json
import os
import signal
import socket
import subprocess

import lab
import peers
import sender

HOSTS = ("one", "two", "kntpd", "client", "other")
SOURCE = "iburst minpoll 2 maxpoll 2"
ANSWERS = 200	# to one load, before and after a change
UNSYNC = 3
# Columns of chronyc's CSV.
COLUMNS = {
    "tracking": 14, "sources": 10, "sourcestats": 8, "selectdata": 11,
    "ntpdata": 35, "activity": 5, "serverstats": 5,
}


class Lan:
    """Hosts behind one bridge: namespaces of the same names."""

    def __init__(self, test):
        self.address = {}
        self.place("lan", test)
        test.ip("lan", "link add br0 type bridge", "link set br0 up")
        for number, host in enumerate(HOSTS, 1):
            self.place(host, test)
            self.address[host] = f"10.79.0.{number}"
            test.ip("lan", f"link add {host} type veth peer name eth0 "
                    f"netns {host}", f"link set {host} master br0 up")
            test.ip(host, "link set lo up", "link set eth0 up",
                    f"addr add {self.address[host]}/24 dev eth0")

    def place(self, name, test):
        test.ip(None, f"netns add {name}")
        test.namespaces.append(name)


class Kntpd(peers.Client):
    """kntpd, and the kntp that asks it."""

    def __init__(self, test, ns, lines):
        super().__init__(test, ns, None)
        self.socket = os.path.join(self.dir, "socket")
        self.conf = self.configure([*lines, f"dumpdir {self.dir}"])
        self.begin()

    def configure(self, lines):
        """What it is to read when it begins again."""
        return self.write("kntp.conf", "\n".join(
            [*lines, f"controlsocket {self.socket}", f"pidfile {self.dir}/pid",
             f"driftfile {self.dir}/drift"]) + "\n", 0o644)

    def begin(self):
        self.process = self.lab.start(self.ns, self.log,
                                      ["kntpd", "-d", "-f", self.conf])

    def kntp(self, *words):
        """Status and output."""
        done = subprocess.run(
            ["kntp", "-n", self.ns, *words], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False,
            env={**os.environ, "KNTPD_SOCKET": self.socket})
        return done.returncode, done.stdout

    def json(self, *words):
        status, said = self.kntp("-j", *words)
        return json.loads(said) if not status else {}

    def synced(self, stratum):
        said = self.json("tracking")
        return said.get("synchronised") and said["stratum"] == stratum

    def why(self):
        return super().why() + "\n".join(
            self.kntp(*words)[1] for words in
            (["tracking"], ["sources"], ["selectdata"], ["ntpdata"],
             ["status"], ["clock", "show"]))

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Client(peers.Chronyd):
    def tracking(self):
        return [*self.chronyc("-c", "tracking").strip().split(","), "", "", ""]


def local(test, ns, stratum):
    """A chronyd whose time is that of the clock."""
    return peers.Chronyd(test, ns, "",
                         also=["allow", f"local stratum {stratum}"])


def agrees(test, daemon, stratum):
    """Whether the module serves what kntpd holds, of one of the servers."""
    said, clock = daemon.json("tracking"), test.clock()
    # The servers themselves have no root delay and no dispersion.
    return (said.get("synchronised") and clock["state"] == "sync" and
            said["stratum"] == clock["stratum"] == stratum and
            said["refid_hex"] == clock["refid_hex"] and
            int(clock["refid_hex"], 16) in (0x0a4f0001, 0x0a4f0002) and
            clock["root_delay_ns"] > 0 and clock["root_dispersion_ns"] > 0)


def synchronises(test, lan, daemon, stratum):
    test.result(test.until(lambda: daemon.synced(stratum), 30),
                f"kntpd is at stratum {stratum}", daemon.why)
    test.result(test.until(lambda: agrees(test, daemon, stratum), 20),
                "the module serves its figures, delay and dispersion added",
                daemon.why)
    client = Client(test, "client", lan.address["kntpd"])
    test.result(test.until(lambda: client.selected("^", stratum), 20),
                "a client selects it (^*)", client.why)
    test.result(int(json.loads(daemon.kntp("-j", "stats", "show")[1])
                    ["hooks"][0]["answered"]) > 0,
                "it was the module that answered", daemon.why)
    test.result(test.until(lambda: client.tracking()[2] == str(stratum + 1)),
                f"which is at stratum {stratum + 1} itself", client.why)
    return client


def asked(test, daemon, *words):
    """A verb that tells something, in text, CSV and JSON."""
    for option in ([], ["-c"], ["-j"]):
        status, said = daemon.kntp(*option, *words)
        lines = said.splitlines()
        good = not status and lines
        if good and option == ["-j"]:
            good = is_json(lines)
        elif good and option and words[0] in COLUMNS:
            good = all(line.count(",") + 1 >= COLUMNS[words[0]]
                       for line in lines)
        test.result(good, " ".join(["kntp", *option, *words]),
                    f"status {status}: {said}")


def is_json(lines):
    try:
        return all(isinstance(json.loads(line), dict) for line in lines)
    except ValueError:
        return False


def verbs(test, lan, daemon):
    for words in COLUMNS:
        asked(test, daemon, words)
    asked(test, daemon, "sources", "-v")
    asked(test, daemon, "ntpdata", lan.address["one"])
    asked(test, daemon, "waitsync", "10", "1", "1000", "1")
    for words in ("makestep", "burst 1/2", "offline", "online",
                  f"offline {lan.address['two']}",
                  f"online {lan.address['two']}", "reload"):
        test.equal(f"kntp {words}", daemon.kntp(*words.split()), (0, ""))
    other = lan.address["other"]
    for words in (["add", "server", other, "noselect"], ["delete", other]):
        status, said = daemon.kntp(*words)
        test.equal(f"kntp {words[0]}", (status, said), (0, ""))
        rows = daemon.kntp("-c", "sources", "-n")[1]
        test.equal(f"kntp {words[0]}: the sources", other in rows,
                   words[0] == "add")
    test.equal("what is there no more cannot be forgotten",
               daemon.kntp("delete", other)[0], 1)
    test.result(daemon.process.poll() is None, "kntpd lives", daemon.why)


def module_answers(test, lan):
    servers = [local(test, "one", 1), local(test, "two", 1)]
    daemon = Kntpd(test, "kntpd", [
        *(f"server {lan.address[host]} {SOURCE}" for host in ("one", "two")),
        "listen hook local", "allow all"])
    client = synchronises(test, lan, daemon, 2)
    verbs(test, lan, daemon)
    return servers, daemon, client


def said_to(ns, server):
    """Leap and stratum of a reply, or nothing."""
    with lab.inside(ns):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with sock:
        sock.settimeout(lab.SCALE)
        try:
            sock.connect((server, 123))
            sock.send(b"\x23" + os.urandom(47))
            said = sock.recv(512)
        except OSError:
            return None
    return said[0] >> 6, said[1]


def is_said(test, lan, name, wanted, daemon, seconds=10, host="kntpd"):
    server = lan.address[host]
    test.result(test.until(lambda: said_to("other", server) == wanted, seconds),
                f"{name}: leap {wanted[0]}, stratum {wanted[1]} on the wire",
                lambda: f"{said_to('other', server)}\n{daemon.why()}")


def killed(test, lan, daemon):
    """SIGKILL under load: the module goes on alone."""
    load = sender.Sender([("other", lan.address["kntpd"])])

    def go_on(name):
        load.goes_on(test, name, ANSWERS, 20)

    go_on("before the kill")
    test.until(lambda: test.clock()["state"] == "sync", 20)
    daemon.kill()
    before = test.clock()
    go_on("after the kill")
    test.equal("after the kill: the module is synchronised", before["state"],
               "sync")
    test.result(test.until(lambda: test.clock()["root_dispersion_ns"] >
                           before["root_dispersion_ns"]),
                "its dispersion grows", test.clock())
    # The lease that was given would last for a quarter of an hour.
    test.command("kntp", "clock", "set", "base", "system", "stratum", "2",
                 "refid", "KILL", "lease", "1")
    test.result(test.until(lambda: test.clock()["state"] == "expired"),
                "a lease runs out", test.clock())
    is_said(test, lan, "after the lease", (UNSYNC, 0), daemon)
    daemon.begin()
    test.result(test.until(lambda: agrees(test, daemon, 2), 30),
                "another kntpd is back in sync", daemon.why)
    is_said(test, lan, "after the restart", (0, 2), daemon, 20)
    go_on("after the restart")
    load.stop(test)
    test.equal("requests that were not answered", len(load.pending), 0)


def restarted(test, daemon):
    """Who was killed begins with its samples, and within its lease nobody
    notices."""
    def kept():
        return len([name for name in os.listdir(daemon.dir)
                    if name.endswith(".samples")]) == 2

    test.result(test.until(kept, 40), "samples are kept", daemon.why)
    daemon.kill()
    daemon.begin()
    states = set()

    def synced():
        states.add(test.clock()["state"])
        return daemon.synced(2)

    test.result(test.until(synced, 30), "killed: back in sync", daemon.why)
    heard = max(source["total_valid_rx"]
                for source in daemon.json("ntpdata")["sources"])
    test.result(heard <= 2, "within two polls", heard)
    test.equal("and the module was all the time", states, {"sync"})
    test.result("samples of before the restart" in daemon.why(),
                "by the samples of before", daemon.why)


def no_module(test, lan, daemon, client):
    """kntpd answers itself, and tells a module that comes."""
    def says(what):
        return what in daemon.kntp("status")[1]

    test.unload()
    test.result(test.until(lambda: says("kntpd itself, without the module")),
                "without the module kntp status says so", daemon.why)
    test.stop(daemon.process)
    daemon.begin()
    test.result(test.until(lambda: daemon.synced(2), 30),
                "kntpd begins without the module", daemon.why)
    test.result(says("kntpd itself, without the module"),
                "and kntp status says so", daemon.why)
    is_said(test, lan, "without the module", (0, 2), daemon, 20)
    test.result(test.until(lambda: client.selected("^", 2), 20),
                "without the module a client selects it (^*)", client.why)
    answered = daemon.json("serverstats")
    test.result(answered.get("ntp_received", 0) > 0,
                "serverstats has its requests", answered)
    test.load()
    test.result(test.until(lambda: says("the module, and kntpd"), 20),
                "a module that comes is taken", daemon.why)
    test.result(test.until(lambda: agrees(test, daemon, 2), 20),
                "and told all", daemon.why)
    is_said(test, lan, "with the new module", (0, 2), daemon)


def lease(test):
    """What somebody before said, and will not take back."""
    test.command("kntp", "clock", "set", "base", "system", "stratum", "2",
                 "refid", "LEFT", "lease", "600")
    test.equal("somebody else's lease: synchronised", test.clock()["state"],
               "sync")


def follows(test, lan):
    """What a chronyd here says of its time is what the module serves."""
    chronyd = Client(test, "kntpd", lan.address["one"], "iburst")
    daemon = Kntpd(test, "kntpd", [f"follow chronyd socket {chronyd.socket}",
                                   "listen hook local", "allow all"])

    def mirrored():
        said, clock = chronyd.tracking(), test.clock()
        return (clock["state"] == "sync" and
                said[2] == str(clock["stratum"]) == "2" and
                said[0] == clock["refid_hex"][2:].upper() and
                clock["root_delay_ns"] > 0)

    test.result(test.until(mirrored, 30), "the module says what chronyd says",
                lambda: chronyd.why() + daemon.why())
    is_said(test, lan, "following chronyd", (0, 2), daemon)
    test.result("chronyd" in daemon.kntp("status")[1],
                "kntp status tells whom kntpd follows", daemon.why)
    test.stop(chronyd.process)
    is_said(test, lan, "chronyd is gone", (UNSYNC, 0), daemon, 15)
    test.stop(daemon.process)
    lease(test)
    daemon.begin()
    is_said(test, lan, "chronyd never was", (UNSYNC, 0), daemon, 15)
    test.stop(daemon.process)


def last_stratum(test, lan):
    """There is no stratum 16: who follows a 15 does not say it has the time."""
    server = local(test, "one", 15)
    lease(test)
    daemon = Kntpd(test, "kntpd", [f"server {lan.address['one']} {SOURCE}",
                                   "listen hook local", "allow all"])

    def heard():
        return any(data.get("stratum") == 15 and data["total_valid_rx"] > 2
                   for data in daemon.json("ntpdata").get("sources", []))

    test.result(test.until(heard, 20), "a server at stratum 15 is heard",
                daemon.why)
    is_said(test, lan, "behind stratum 15", (UNSYNC, 0), daemon)
    test.equal("the module is not synchronised", test.clock()["state"],
               "unsync")
    test.stop(daemon.process, server.process)


def symmetric(test, lan):
    """Two daemons that ask each other, by the module's side."""
    daemon = Kntpd(test, "kntpd", [
        f"peer {lan.address['other']} minpoll -2 maxpoll -2",
        "listen hook local", "allow all"])
    peer = peers.ChronydPeer(test, "other", lan.address["kntpd"],
                             also=["local stratum 3"])

    def agreed():
        rows = daemon.json("ntpdata").get("sources", [])
        return rows and rows[0]["mode"] == "symmetric_active" and \
            [rows[0]["tx_timestamping"], rows[0]["rx_timestamping"]] == \
            ["kernel", "kernel"] and daemon.synced(4)

    test.result(test.until(agreed, 30),
                "a peer's time is taken, by stamps of the kernel",
                lambda: daemon.why() + str(daemon.json("ntpdata")))
    test.result(test.until(lambda: peer.source()[0] == "=" and
                           peer.source()[3] & 7 == 7, 20),
                "and it has kntpd's", peer.why)
    test.stop(peer.process, daemon.process)


def kntpd(test):
    lan = Lan(test)
    servers, daemon, client = module_answers(test, lan)
    restarted(test, daemon)
    killed(test, lan, daemon)
    no_module(test, lan, daemon, client)
    test.stop(client.process, daemon.process, servers[1].process)
    follows(test, lan)
    test.stop(servers[0].process)
    last_stratum(test, lan)
    symmetric(test, lan)


if __name__ == "__main__":
    lab.main(kntpd)
