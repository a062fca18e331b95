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
        self.conf = self.write("kntp.conf", "\n".join(
            [*lines, f"controlsocket {self.socket}",
             f"pidfile {self.dir}/pid", f"dumpdir {self.dir}",
             f"driftfile {self.dir}/drift"]) + "\n", 0o644)
        self.begin()

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
    return peers.Chronyd(test, ns, "", also=["allow", f"local stratum {stratum}"])


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
                f"kntpd is at stratum {stratum}", daemon.why())
    test.result(test.until(lambda: agrees(test, daemon, stratum), 20),
                "the module serves its figures, delay and dispersion added",
                daemon.why())
    client = Client(test, "client", lan.address["kntpd"])
    test.result(test.until(lambda: client.selected("^", stratum), 20),
                "a client selects it (^*)", client.why())
    test.result(int(json.loads(daemon.kntp("-j", "stats", "show")[1])
                    ["hooks"][0]["answered"]) > 0,
                "it was the module that answered", daemon.why())
    test.result(test.until(lambda: client.tracking()[2] == str(stratum + 1)),
                f"which is at stratum {stratum + 1} itself", client.why())
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
    test.result(daemon.process.poll() is None, "kntpd lives", daemon.why())


def module_answers(test, lan):
    servers = [local(test, "one", 1), local(test, "two", 1)]
    daemon = Kntpd(test, "kntpd", [
        *(f"server {lan.address[host]} {SOURCE}" for host in ("one", "two")),
        "listen hook local", "allow all"])
    client = synchronises(test, lan, daemon, 2)
    verbs(test, lan, daemon)
    return servers, daemon, client


def kntpd(test):
    lan = Lan(test)
    servers, daemon, client = module_answers(test, lan)
    test.stop(client.process, daemon.process, *(s.process for s in servers))


if __name__ == "__main__":
    lab.main(kntpd)
