#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""w32tm where it changes something, or looks at other computers: what it writes
for kntpd, what is refused, and what it then says is in force."""
import os
import re
import signal
import struct
import subprocess
import time

import lab
from kntpd import Lan, local
from liar import Liar, Thread, reply, udp
from victim import Victim

DONE = "The command completed successfully.\n"
LINE = re.compile(r"([A-Za-z]+): (.*) \((Local|Undefined or NotUsed)\)")
CONFIG = """EventLogFlags AnnounceFlags TimeJumpAuditOffset MinPollInterval
MaxPollInterval MaxNegPhaseCorrection MaxPosPhaseCorrection MaxAllowedPhaseOffset
FrequencyCorrectRate PollAdjustFactor LargePhaseOffset SpikeWatchPeriod
LocalClockDispersion HoldPeriod PhaseCorrectRate UpdateInterval""".split()
LOG = "FileLogName FileLogEntries FileLogSize FileLogFlags".split()
CLIENT = """DllName Enabled InputProvider AllowNonstandardModeCombinations
ResolvePeerBackoffMinutes ResolvePeerBackoffMaxTimes CompatibilityFlags EventLogFlags
LargeSampleSkew SpecialPollInterval Type NtpServer""".split()
SERVER = "DllName Enabled InputProvider AllowNonstandardModeCombinations".split()
VMIC = "DllName Enabled InputProvider".split()


class W32tm:
    """The command beside a daemon, and the file that it writes."""

    def __init__(self, test, directory):
        self.test = test
        self.file = os.path.join(directory, "w32tm.conf")
        os.environ["W32TM_CONF"] = self.file
        self.daemon = None

    def __call__(self, *words):
        return self.daemon.kntp("w32tm", *words)

    def text(self):
        try:
            with open(self.file, encoding="ascii") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def lines(self):
        return [line for line in (self.text() or "").splitlines()
                if not line.startswith("#")]

    def does(self, name, *words):
        status, said = self(*words)
        self.test.result((status, said) == (0, DONE), name, (status, said))

    def refused(self, name, why, *words, status=1):
        """With a reason, and nothing has changed."""
        before = self.text(), sorted(self.daemon.sources())
        got, said = self(*words)
        self.test.result(got == status and why in said and before == (
            self.text(), sorted(self.daemon.sources())), name,
            (got, said, before, self.text()))


def parts(said):
    """{heading: {name: (value, where from)}}, and the order of the names."""
    found, order, wrong, part = {}, [], [], None
    for line in filter(None, said.splitlines()):
        match = LINE.fullmatch(line)
        if line in ("[Configuration]", "[TimeProviders]"):
            part = line
        elif line.endswith(" (Local)") and ":" not in line:
            part = line
        elif match:
            found.setdefault(part, {})[match[1]] = match[2], match[3]
            order.append(match[1])
        else:
            wrong.append(line)
    return found, order, wrong


def configuration(test, w32tm):
    """Each name of the reference, in its order, and what is in force."""
    said = w32tm("/query", "/configuration")[1]
    found, order, wrong = parts(said)
    test.equal("/query /configuration: each name in its order",
               (order, wrong), (CONFIG + CLIENT + SERVER + VMIC, []))
    conf, client = found["[Configuration]"], found["NtpClient (Local)"]
    test.equal("what is in force", (
        conf["AnnounceFlags"], conf["LargePhaseOffset"], conf["SpikeWatchPeriod"],
        conf["LocalClockDispersion"], conf["MaxPosPhaseCorrection"],
        conf["MaxAllowedPhaseOffset"], client["Type"], client["NtpServer"],
        client["SpecialPollInterval"], found["VMICTimeProvider (Local)"]["Enabled"]),
        (("5", "Local"), ("2500000", "Local"), ("900", "Local"), ("3", "Local"),
         ("4294967295", "Local"), ("1", "Local"), ("NTP", "Local"),
         ("10.79.0.1,0x8 10.79.0.2,0xb", "Local"), ("1024", "Local"), ("0", "Local")))
    order = parts(w32tm("/query", "/configuration", "/verbose")[1])[1]
    test.equal("/verbose: those of the log", order,
               CONFIG + LOG + CLIENT + SERVER + VMIC)
    said = w32tm("/dumpreg")[1].splitlines()
    test.equal("/dumpreg", [line.split(None, 2) for line in said if "REG_" in line], [
        ["Type", "REG_SZ", "NTP"],
        ["NtpServer", "REG_SZ", "10.79.0.1,0x8 10.79.0.2,0xb"]])
    said = w32tm("-dumpreg", "/subkey:timeproviders\\ntpserver")[1]
    test.result(re.search(r"\nEnabled +REG_DWORD +[01]\n", said) and
                "NtpServer" not in said, "/dumpreg /subkey", said)
    w32tm.refused("/dumpreg: no such key", "'Elsewhere' is not", "/dumpreg",
                  "/subkey:Elsewhere", status=2)


def configures(test, w32tm):
    test.equal("before: the file's own source",
               sorted(w32tm.daemon.sources()), ["10.79.0.77"])
    w32tm.does("/config /manualpeerlist", "/config",
               "/manualpeerlist:10.79.0.1,0x8 10.79.0.2,0xb", "/syncfromflags:MANUAL")
    test.equal("nothing is changed before /update",
               sorted(w32tm.daemon.sources()), ["10.79.0.77"])
    w32tm.does("/config /update", "/config", "/update")
    test.equal("from now on these, and no others", sorted(w32tm.daemon.sources()),
               ["10.79.0.1", "10.79.0.2"])
    w32tm.does("what was said before stays", "/CONFIG", "-reliable:yes",
               "/LocalClockDispersion:3", "/largephaseoffset", "250", "/update")
    test.equal("its lines", w32tm.lines(), [
        "sourcesonly", "server 10.79.0.1 iburst prefer",
        "server 10.79.0.2 iburst minpoll 10 maxpoll 10",
        "local stratum 10 dispersion 3", "spike 0.25"])
    configuration(test, w32tm)
    w32tm.does("a symmetric one, beside those of other files", "/config",
               "/manualpeerlist:10.79.0.1,0x4", "/syncfromflags:ALL", "/update")
    test.equal("those of all files", {
        address: source["mode"] for address, source in w32tm.daemon.sources().items()},
        {"10.79.0.1": "peer", "10.79.0.77": "server"})
    test.stop(w32tm.daemon.process)
    w32tm.daemon.begin()
    test.result(test.until(lambda: len(w32tm.daemon.sources()) == 2),
                "after a restart, too", w32tm.daemon.why)


def alone(test, w32tm):
    """From nobody: the reliable one has its own time, and says how good, also
    when a source has just given it better time."""
    test.result(test.until(lambda: w32tm.daemon.synced(3), 60), "by a source: stratum 3",
                w32tm.daemon.why)
    w32tm.does("/syncfromflags:NO", "/config", "/syncfromflags:NO", "/update")
    test.equal("it has no source", w32tm.daemon.sources(), {})
    test.result(test.until(lambda: w32tm.daemon.synced(10)), "but stratum 10",
                w32tm.daemon.why)
    said = w32tm("/query", "/status")[1]
    test.result("Root Dispersion: 3.0000000s\n" in said and
                "ReferenceId: 0x7F7F0101" in said, "and an error of 3 s", said)
    w32tm.does("/reliable:NO", "/config", "/reliable:NO", "/update")
    test.equal("from now on it has no time",
               w32tm("/query", "/source"), (0, "Local CMOS Clock\n"))


def refuses(test, w32tm):
    for name, why, *words in (
            ("a server with an option", "is not NAME[,FLAGS]",
             "/manualpeerlist:10.79.0.1;iburst"),
            ("a second line", "more than a line", "/manualpeerlist:a\nallow"),
            ("flags beyond 0xf", "is not NAME[,FLAGS]", "/manualpeerlist:a,0x10"),
            ("no value", "/manualpeerlist: a value is missing", "/manualpeerlist"),
            ("a domain hierarchy", "there is no domain hierarchy",
             "/syncfromflags:DOMHIER"),
            ("neither YES nor NO", "is not YES or NO", "/reliable:perhaps"),
            ("a negative offset", "not a number from 0", "/largephaseoffset:-5"),
            ("an infinite one", "not a number from 0", "/largephaseoffset:inf"),
            ("a switch of another command", "/samples: is not a switch", "/samples:3"),
            ("another computer", "only this computer", "/computer:other", "/update"),
            ("nothing", "nothing is said")):
        w32tm.refused(f"/config: {name}", why, "/config", *words, status=2)
    with open(w32tm.daemon.conf, "a", encoding="ascii") as file:
        file.write("nonsense\n")
    w32tm.refused("what kntpd does not take was never written", "nonsense", "/config",
                  "/manualpeerlist:10.79.0.2", "/syncfromflags:MANUAL", "/update")
    with open(w32tm.daemon.conf, "r+", encoding="ascii") as file:
        text = file.read().replace("nonsense\n", "")
        file.seek(0)
        file.truncate()
        file.write(re.sub(r"^confdir.*$", "", text, flags=re.M))
    test.equal("reload", w32tm.daemon.kntp("reload")[0], 0)
    w32tm.refused("nor what it does not read", "wants a line 'confdir'", "/config",
                  "/manualpeerlist:10.79.0.2", "/syncfromflags:MANUAL", "/update")
    with open(w32tm.daemon.conf, "w", encoding="ascii") as file:
        file.write(text)
    test.equal("reload", w32tm.daemon.kntp("reload")[0], 0)


def debugs(test, w32tm, directory):
    log = os.path.join(directory, "w32time.log")
    with open(log, "w", encoding="ascii") as file:
        file.write("old\n")
    words = [f"/file:{log}", "/size:2000", "/entries:0-300"]
    w32tm.does("/debug /enable", "/debug", "/enable", *words, "/truncate")

    def text():
        with open(log, encoding="ascii") as file:
            return file.read()

    def reads():
        size = os.path.getsize(log)
        os.kill(w32tm.daemon.process.pid, signal.SIGHUP)
        return test.until(lambda: os.path.getsize(log) != size)

    sizes = [os.path.getsize(log) for _ in range(40) if reads()]
    test.result(len(sizes) == 40 and max(sizes) < 2200 and "old" not in text() and
                "was read again\n" in text(), "its messages, and no more than that",
                (sizes, text()))
    conf = parts(w32tm("/query", "/configuration")[1])[0]["[Configuration]"]
    test.equal("/query /configuration has it",
               [conf.get(name, ("", ""))[0] for name in LOG[:3]],
               [log, "0-300", "2000"])
    w32tm.refused("/debug: no file", "/file: a value", "/debug", "/enable",
                  *words[1:], status=2)
    w32tm.refused("/debug: two words", "is not one word", "/debug", "/enable",
                  "/file:/a b", *words[1:], status=2)
    w32tm.does("/debug /disable", "/debug", "/disable")
    size = os.path.getsize(log)
    w32tm.daemon.kntp("reload")
    test.equal("nothing any more", (os.path.getsize(log), w32tm.lines()),
               (size, ["sourcesonly", "spike 0.25"]))


class Dns(Thread):
    """Knows the domain controllers of one domain, by SRV records."""

    NAMES = {b"pdc": [b"one"], b"dc": [b"one", b"two"]}

    def __init__(self, ns):
        super().__init__()
        with lab.inside(ns):
            self.sock = udp()
        self.sock.bind(("127.0.0.1", 53))
        self.sock.settimeout(0.2)

    @staticmethod
    def name(words):
        return b"".join(bytes([len(word)]) + word for word in words) + b"\0"

    def answer(self, query):
        words, at = [], 12
        while query[at]:
            words.append(query[at + 1:at + 1 + query[at]])
            at += 1 + query[at]
        kind = struct.unpack_from("!H", query, at + 1)[0]
        question = query[12:at + 5]
        data, records = [], 0
        if kind == 33 and words[1:2] == [b"_tcp"]:
            for host in self.NAMES.get(words[2], []):
                rdata = struct.pack("!HHH", 0, 0, 389) + self.name(
                    [host, b"kntp", b"example"])
                data.append(b"\xc0\x0c" + struct.pack("!HHIH", 33, 1, 60, len(rdata)) +
                            rdata)
        elif kind == 1 and words[1:] == [b"kntp", b"example"]:
            host = {b"one": 1, b"two": 2}.get(words[0])
            if host:
                data.append(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) +
                            bytes([10, 79, 0, host]))
        records = len(data)
        return query[:2] + struct.pack("!HHHHH", 0x8580 | (0 if records else 3), 1,
                                       records, 0, 0) + question + b"".join(data)

    def run(self):
        while not self.over:
            try:
                query, asker = self.sock.recvfrom(512)
            except TimeoutError:
                continue
            self.sock.sendto(self.answer(query), asker)
        self.sock.close()


HOST = (r"{name}( \*\*\* PDC \*\*\*)?\[10\.79\.0\.{n}:123\]:\n"
        r"    ICMP: \d+ms delay\n    NTP: [+-]\d\.\d{{7}}s offset from {base}\n"
        r"        RefID: [^\n]+ \[[^]]+\]\n        Stratum: 2\n")


def monitors(test, w32tm):
    said = w32tm("/monitor", "/computers:10.79.0.1,10.79.0.2")[1]
    test.result(re.match("".join(HOST.format(name=rf"10\.79\.0\.{n}", n=n,
                                             base="local clock")
                                 for n in (1, 2)) + "\nWarning:\n", said),
                "/monitor /computers", said)
    dead = ",".join(f"10.79.0.{n}" for n in range(100, 120))
    began = time.monotonic()
    said = w32tm("/monitor", f"/computers:*10.79.0.2,{dead}", "/threads:20",
                 "/computers:nobody.invalid")[1]
    took = time.monotonic() - began
    test.result(said.startswith("10.79.0.2 *** PDC ***[10.79.0.2:123]:\n") and
                "NTP: +0.0000000s offset from PDC" in said and
                said.count("ICMP: error: no answer") == 20 and
                said.count("NTP: error: 0x800705B4") == 20 and
                "\nnobody.invalid: error: " in said,
                "/monitor: the dead, and who has no address", said)
    # One after the other they take 40 s.
    test.result(took < 20 * lab.SCALE, f"/monitor /threads: {took:.1f} s")
    w32tm.refused("/monitor: threads", "from 1 to 50", "/monitor", "/threads:51",
                  "/computers:a", status=2)
    w32tm.refused("/monitor: nobody", "is wanted", "/monitor", status=2)
    dns = Dns("kntpd").start()
    os.makedirs("/etc/netns/kntpd", exist_ok=True)
    with open("/etc/netns/kntpd/resolv.conf", "w", encoding="ascii") as file:
        file.write("nameserver 127.0.0.1\n")
    said = subprocess.run(
        ["ip", "netns", "exec", "kntpd", "kntp", "w32tm", "/monitor",
         "/domain:kntp.example"], capture_output=True, text=True, check=False)
    dns.stop()
    os.unlink("/etc/netns/kntpd/resolv.conf")
    test.result(re.match("".join(HOST.format(name=name, n=n, base="PDC") for n, name in
                                 ((1, r"one\.kntp\.example"),
                                  (2, r"two\.kntp\.example"))), said.stdout) and
                said.stdout.count("*** PDC ***") == 1, "/monitor /domain", said)
    said = w32tm("/stripchart", "/computer:10.79.0.1", "/samples:2", "/rdtsc",
                 "/period:1")[1].splitlines()
    test.result(said[3:4] == ["RdtscStart, RdtscEnd, FileTime, RoundtripDelay, NtpOffset"]
                and all(re.fullmatch(r"\d+, \d+, 1\d{17}, [+-]\d+, [+-]\d+", line)
                        for line in said[4:]) and len(said) == 6,
                "/stripchart /rdtsc", said)


def spikes(test, w32tm):
    """A large offset is believed once it has been there for a while."""
    liar, off = Liar("other").start(), [0.0]
    liar.lie = lambda number, request: [reply(request, off=off[0])]
    daemon = Victim(test, "client", ["server 10.79.0.5 minpoll 0 maxpoll 0 maxsamples 4",
                                     "spike 0.5 6"])
    w32tm.daemon = daemon
    test.result(test.until(lambda: daemon.synced(2)), "a source of stratum 1", daemon.why)
    off[0] = 3.0

    def log():
        with open(daemon.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def moved():
        return abs(daemon.json("tracking").get("correction_ns", 0)) > 2 * 10 ** 9

    test.result(test.until(lambda: "is a spike, unless it is there for 6 s" in log()),
                "3 s are a spike", daemon.why)
    began = time.monotonic()
    test.equal("and not believed at once", moved(), False)
    test.result(test.until(moved, 30), "but after a while", daemon.why)
    test.result(time.monotonic() - began > 4, "which was 6 s",
                time.monotonic() - began)
    liar.stop()


def w32tm_config(test):
    Lan(test)
    for host in ("one", "two"):
        local(test, host, 2)
    directory = os.path.join(test.tmp, "conf.d")
    os.mkdir(directory)
    w32tm = W32tm(test, directory)
    w32tm.daemon = Victim(test, "kntpd", ["server 10.79.0.77", "makestep 1 3",
                                          f"confdir {directory}"])
    test.result(test.until(lambda: w32tm.daemon.json("activity")), "it runs",
                w32tm.daemon.why)
    configures(test, w32tm)
    refuses(test, w32tm)
    alone(test, w32tm)
    debugs(test, w32tm, directory)
    monitors(test, w32tm)
    spikes(test, w32tm)
    test.stop(w32tm.daemon.process)
    test.equal("no kntpd: /query /configuration", w32tm("/query", "/configuration"), (
        4, "The following error occurred: The service has not been started. "
        "(0x80070426)\n"))
    w32tm.does("it can be written for later", "/config", "/manualpeerlist:10.79.0.1")


if __name__ == "__main__":
    lab.main(w32tm_config)
