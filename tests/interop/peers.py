# SPDX-License-Identifier: GPL-2.0
"""Unmodified NTP clients, run so that none disturbs the one clock there is.

Each has accepted(), whether it believes the server, and why(), what it said.
"""
import csv
import json
import os
import re
import subprocess


PEERS = os.environ.get("KNTP_PEERS", "")
LIBRARIES = f"{PEERS}/usr/lib/x86_64-linux-gnu"

# The programs themselves: their wrappers start five more processes each time,
# which an emulated CPU takes long for.
PROGRAMS = {
    "chronyd": [f"{PEERS}/usr/sbin/chronyd"],
    "chronyc": [f"{PEERS}/usr/bin/chronyc"],
    "ntpdig": ["/usr/bin/python3", f"{PEERS}/usr/bin/ntpdig"],
    "ntpq": ["/usr/bin/python3", f"{PEERS}/usr/bin/ntpq"],
    "busybox": [f"{PEERS}/usr/bin/busybox"],
    "openntpd": [f"{PEERS}/usr/sbin/openntpd"],
    "ntpctl": [f"{PEERS}/usr/sbin/ntpctl"],
    "systemd-timesyncd": [f"{PEERS}/usr/lib/systemd/systemd-timesyncd"],
}
ENVIRONMENT = {
    "LD_LIBRARY_PATH": f"{LIBRARIES}:{LIBRARIES}/systemd",
    "PYTHONPATH": f"{PEERS}/usr/lib/python3/dist-packages",
}


class Client:
    MODE = 0o755
    count = 0

    def __init__(self, lab, ns, server):
        Client.count += 1
        self.lab = lab
        self.ns = ns
        self.server = server
        self.dir = os.path.join(lab.tmp, f"c{Client.count}")
        os.mkdir(self.dir, self.MODE)
        self.log = os.path.join(self.dir, "log")
        self.process = None

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.dir, name)
        with open(path, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        return path

    def start(self, name, *words, files=None, env=None):
        self.process = self.lab.start(
            self.ns, self.log, (*PROGRAMS[name], *words), files,
            {**ENVIRONMENT, **(env or {})})

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def why(self):
        status = self.process.poll()
        said = self.said().splitlines()
        return "\n".join([f"{self.server}: status {status}", *said[-20:], ""])

    def stop(self):
        self.lab.stop(self.process)


class Chronyd(Client):
    """chronyd -x. Its sources are polled four times a second."""

    FAST = "minpoll -2 maxpoll -2"
    MODE = 0o700

    def __init__(self, lab, ns, server, options="", verb="server", also=()):
        super().__init__(lab, ns, server)
        self.socket = os.path.join(self.dir, "socket")
        # Without a port of its own, unless it is to have one.
        own = [] if verb == "peer" or any(a.startswith("allow") for a in also) \
            else ["port 0"]
        source = [f"{verb} {server} {self.FAST} {options}"] if server else []
        lines = [*source, *own, "cmdport 0", f"bindcmdaddress {self.socket}",
                 f"pidfile {self.dir}/pid", *also]
        self.start("chronyd", "-x", "-d", "-u", "root", "-f",
                   self.write("chrony.conf", "\n".join(lines) + "\n"))

    def chronyc(self, *words):
        done = subprocess.run(
            [*PROGRAMS["chronyc"], "-h", self.socket, "-n", *words],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            check=False, env={**os.environ, **ENVIRONMENT})
        return done.stdout

    def source(self, server=None):
        """Mode, state, stratum and reach of a source, as chronyc -c says."""
        for row in csv.reader(self.chronyc("-c", "sources").splitlines()):
            if len(row) > 5 and row[2] == (server or self.server):
                return row[0], row[1], int(row[3]), int(row[5], 8)
        return "", "", 0, 0

    def selected(self, mode="^", stratum=None):
        """Whether the source is the one selected, both outputs agreeing."""
        if not any(line.split()[:2] == [f"{mode}*", self.server]
                   for line in self.chronyc("sources").splitlines()):
            return False
        row = self.source()
        return row[:2] == (mode, "*") and stratum in (None, row[2])

    def accepted(self):
        return self.has_selected() and self.selected(stratum=1)

    def has_selected(self):
        """By its log, which is cheaper to ask than chronyc."""
        return "Selected source" in self.said()

    def data(self, wanted, server=None):
        """A line of chronyc's ntpdata: what the last reply said."""
        for line in self.chronyc("ntpdata", server or self.server).splitlines():
            name, _, value = line.partition(":")
            if name.strip() == wanted:
                return value.strip()
        return ""

    def why(self):
        return super().why() + self.chronyc("sources") + self.chronyc("ntpdata")


class ChronydPeer(Chronyd):
    """A symmetric association, asking in mode 1."""

    def __init__(self, lab, ns, server, options="", also=()):
        super().__init__(lab, ns, server, options, "peer", also)

    def accepted(self):
        return (self.has_selected() and self.selected("=", 1) and
                self.data("Mode") == "Symmetric passive")


class ChronydNts(Chronyd):
    """With NTS. A server gives a client two seconds for the key establishment,
    which a slow guest may need longer for, and the client then waits for a
    quarter of an hour: here it is told to begin anew.
    """

    FAILED = re.compile("Could not .* NTS-KE|NTS-KE .* timed out|TLS handshake .* failed")

    def __init__(self, lab, ns, server, certificate):
        super().__init__(lab, ns, server, "nts", also=[
            f"ntstrustedcerts {certificate}.pem", "nosystemcert"])
        self.failures = 0

    def selected(self, mode="^", stratum=None):
        failures = len(self.FAILED.findall(self.said()))
        if failures > self.failures:
            self.failures = failures
            self.chronyc("delete", self.server)
            self.chronyc("add", "server", self.server, *self.FAST.split(), "nts")
        return super().selected(mode, stratum)


class Ntpdig(Client):
    """ntpsec's one-shot client."""

    def __init__(self, lab, ns, server, *options):
        super().__init__(lab, ns, server)
        self.start("ntpdig", "-j", "-t", "20", *options, server)

    def accepted(self):
        if self.process.poll() != 0:
            return False
        for line in self.said().splitlines():
            if line.startswith("{"):
                answer = json.loads(line)
                return (answer["ip"] == self.server and answer["stratum"] == 1 and
                        answer["leap"] == "no-leap" and abs(answer["offset"]) < 1)
        return False


class ChronydQuery(Client):
    """chronyd -Q: asks like ntpdate, says how wrong the clock is, and ends."""

    def __init__(self, lab, ns, server):
        super().__init__(lab, ns, server)
        self.start("chronyd", "-Q", "-u", "root", "-t", "60", "port 0",
                   "cmdport 0", "bindcmdaddress /", f"pidfile {self.dir}/pid",
                   f"server {server} iburst maxsamples 1")

    def accepted(self):
        return self.process.poll() == 0 and "System clock wrong by" in self.said()


class Busybox(Client):
    """busybox ntpd, which only queries."""

    def __init__(self, lab, ns, server):
        super().__init__(lab, ns, server)
        self.start("busybox", "ntpd", "-d", "-n", "-w", "-p", server)

    def accepted(self):
        # It logs a reply only once it believes it.
        return any(f"reply from {self.server}: offset:" in line and
                   "strat:1 " in line for line in self.said().splitlines())


class Openntpd(Client):
    """OpenNTPD. It asks every 5 s until it has seen enough to be sure: some
    25 s. With -s it would be faster, and step the clock by microseconds.
    """

    def __init__(self, lab, ns, server):
        super().__init__(lab, ns, server)
        for name in ("home", "db", "run"):
            os.mkdir(os.path.join(self.dir, name), 0o755)
        passwd = self.write("passwd", self.passwd(), 0o644)
        self.place = {"/etc/passwd": passwd}
        state = "/var/lib/openntpd"
        for name in ("db", "run"):
            os.makedirs(f"{state}/{name}", exist_ok=True)
            self.place[f"{state}/{name}"] = os.path.join(self.dir, name)
        self.start("openntpd", "-d", "-v", "-f",
                   self.write("ntpd.conf", f"server {server}\n"),
                   files=self.place)

    def passwd(self):
        """Its user, with a home that it can be confined to."""
        with open("/etc/passwd", encoding="utf-8") as file:
            users = [line.split(":") for line in file]
        for user in users:
            if user[0] == "ntpd":
                user[5] = os.path.join(self.dir, "home")
        return "".join(":".join(user) for user in users)

    def ntpctl(self, what):
        log = os.path.join(self.dir, "ntpctl")
        self.lab.start(self.ns, log, (*PROGRAMS["ntpctl"], "-s", what),
                       self.place, ENVIRONMENT).wait()
        with open(log, encoding="utf-8") as file:
            return file.read()

    def accepted(self):
        return ("now valid" in self.said() and
                "1/1 peers valid" in self.ntpctl("status"))

    def why(self):
        return super().why() + self.ntpctl("status") + self.ntpctl("peers")


class Timesyncd(Client):
    """systemd-timesyncd, without a bus."""

    CONF = "/etc/systemd/timesyncd.conf"

    def __init__(self, lab, ns, server):
        super().__init__(lab, ns, server)
        conf = self.write("timesyncd.conf",
                          f"[Time]\nNTP={server}\nFallbackNTP=\n", 0o644)
        run = os.path.join(self.dir, "run")
        os.mkdir(run)
        os.makedirs("/run/systemd/timesync", exist_ok=True)
        os.makedirs("/etc/systemd", exist_ok=True)
        if not os.path.exists(self.CONF):
            with open(self.CONF, "w", encoding="ascii"):
                pass
        self.start("systemd-timesyncd",
                   files={self.CONF: conf, "/run/systemd/timesync": run},
                   env={"SYSTEMD_LOG_LEVEL": "debug",
                        "SYSTEMD_LOG_TARGET": "console"})

    def accepted(self):
        said = self.said()
        return "Contacted time server" in said and "Initial clock sync" in said
