#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""w32tm's lines and values, as those who read them expect them, of a kntpd that
has its time of two servers."""
import re

import lab
from kntpd import Lan, local
from victim import Victim

DATE = r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M"
SECONDS = r"-?\d+\.\d{7}s"
POLL = r"\d+ \((\d+s|unspecified|out of valid range)\)"
STRATUM = (r"(0 \(unspecified\)|1 \(primary reference - syncd by radio clock\)|"
           r"\d+ \(secondary reference - syncd by \(S\)NTP\))")
STATUS = (
    ("Leap Indicator", r"0\(no warning\)"), ("Stratum", STRATUM),
    ("Precision", r"-\d+ \(\d+\.\d{3}(ns|ms) per tick\)"),
    ("Root Delay", SECONDS), ("Root Dispersion", SECONDS),
    ("ReferenceId", r"0x0A4F000[12] \(source IP:  10\.79\.0\.[12]\)"),
    ("Last Successful Sync Time", DATE), ("Source", r"10\.79\.0\.[12]"),
    ("Poll Interval", r"0 \(unspecified\)|1 \(2s\)"))
MORE = (
    ("Phase Offset", SECONDS), ("ClockRate", r"0\.0156250s"),
    ("State Machine", r"2 \(Sync\)"), ("Time Source Flags", r"0 \(None\)"),
    ("Server Role", r"0 \(None\)"),
    ("Last Sync Error", r"0 \(The command completed successfully\.\)"),
    ("Time since Last Good Sync Time", SECONDS))
PEER = (
    ("Peer", r"10\.79\.0\.[12]"), ("State", "Active"),
    ("Time Remaining", SECONDS), ("Mode", r"3 \(Client\)"),
    ("Stratum", STRATUM), ("PeerPoll Interval", POLL), ("HostPoll Interval", POLL))
PEER_MORE = (
    ("Last Successful Sync Time", DATE),
    ("LastSyncError", r"0x00000000 \(Succeeded\)"),
    ("LastSyncErrorMsgId", r"0x00000000 \(Succeeded\)"),
    ("AuthTypeMsgId", r"0x0000005A \(NoAuth \)"), ("Resolve Attempts", r"\d+"),
    ("ValidDataCounter", r"[1-8]"), ("Reachability", r"\d{1,3}"))


def fields(lines, wanted):
    """What is wrong with "name: value" lines, as words."""
    wrong = [] if len(lines) == len(wanted) else [f"{len(lines)} lines"]
    for line, (name, value) in zip(lines, wanted):
        if not re.fullmatch(rf"{re.escape(name)}: ({value})", line):
            wrong.append(f"{line!r} is not {name}")
    return wrong


def asks(daemon, *words):
    return daemon.kntp("w32tm", *words)


def told(test, name, daemon, words, *parts):
    """Parts of lines, with an empty one between."""
    status, said = asks(daemon, *words)
    got = [part.splitlines() for part in said.rstrip("\n").split("\n\n")]
    wrong = [] if len(got) == len(parts) else [f"{len(got)} parts"]
    for lines, wanted in zip(got, parts):
        wrong += fields(lines, wanted)
    test.result(not status and not wrong, name, f"{status}: {wrong}\n{said}")


def synchronised(test, daemon, lan):
    status, said = asks(daemon, "/query", "/source")
    test.result(not status and re.fullmatch(r"10\.79\.0\.[12]\n", said),
                "/query /source", said)
    told(test, "/query /status: nine lines", daemon, ["/query", "/status"], STATUS)
    told(test, "/query /status /verbose: seven more", daemon,
         ["/QUERY", "-status", "/Verbose"], STATUS, MORE)
    head = (("#Peers", "2"),)
    told(test, "/query /peers: seven lines each", daemon, ["/query", "/peers"],
         head, PEER, PEER)
    told(test, "/query /peers /verbose: fourteen", daemon,
         ["/query", "/peers", "/verbose"], head, PEER + PEER_MORE, PEER + PEER_MORE)
    status, said = asks(daemon, "/resync")
    test.result(status == 0 and said == "Sending resync command to local computer"
                "\nThe command completed successfully.\n", "/resync", said)
    one = lan.address["one"]
    status, said = asks(daemon, "/stripchart", f"/computer:{one}", "/samples:3",
                        "/period:1")
    lines = said.splitlines()
    test.result(not status and len(lines) == 6 and
                lines[0] == f"Tracking {one} [{one}:123]." and
                lines[1] == "Collecting 3 samples." and
                re.fullmatch(rf"The current time is {DATE}\.", lines[2]) and
                all(re.fullmatch(r"\d\d:\d\d:\d\d, d:\+00\.\d{7}s "
                                 r"o:[+-]00\.\d{7}s  \[[ *|]{29}\]", line)
                    for line in lines[3:]), "/stripchart", said)
    said = asks(daemon, "/stripchart", "/dataonly", "/samples:1",
                f"/computer:{one}")[1]
    test.result(re.search(r"\n\d\d:\d\d:\d\d, [+-]00\.\d{7}s\n$", said),
                "/stripchart /dataonly", said)
    said = asks(daemon, "/stripchart", "/samples:1", "/computer:10.79.0.99")[1]
    test.result(re.search(r"\n\d\d:\d\d:\d\d, error: 0x800705B4\n$", said),
                "/stripchart: nobody answers", said)


def alone(test):
    """Without a source, and without kntpd."""
    daemon = Victim(test, "other", ["server 10.79.0.77 minpoll 0"])
    test.result(test.until(lambda: daemon.json("activity")), "it runs", daemon.why)
    test.equal("no source: /query /source", asks(daemon, "/query", "/source"),
               (0, "Local CMOS Clock\n"))
    said = asks(daemon, "/query", "/status")[1]
    test.result(said.startswith("Leap Indicator: 3(not synchronized)\n"
                                "Stratum: 0 (unspecified)\n") and
                "ReferenceId: 0x00000000 (unspecified)\n"
                "Last Successful Sync Time: unspecified\n"
                "Source: Local CMOS Clock\n" in said,
                "no source: /query /status", said)
    said = asks(daemon, "/query", "/peers", "/verbose")[1]
    test.result("State: Pending\n" in said and
                "Last Successful Sync Time: (null)\n" in said and
                "Reachability: 0\n" in said, "no source: /query /peers", said)
    no_data = ("Sending resync command to local computer\nThe computer did not "
               "resync because no time data was available.\n")
    for words, wanted in ((["/resync"], 1), (["/resync", "--compat-exit"], 0)):
        status, said = asks(daemon, *words)
        test.result(status == wanted and said.startswith(no_data) and
                    "systemctl restart kntpd" in said,
                    f"no source: {' '.join(words)}: {wanted}", said)
    test.stop(daemon.process)
    test.equal("no kntpd", asks(daemon, "/query", "/status"), (
        4, "The following error occurred: The service has not been started. "
        "(0x80070426)\n"))


def w32tm(test):
    lan = Lan(test)
    for host in ("one", "two"):
        local(test, host, 2)
    daemon = Victim(test, "kntpd", [
        f"server {lan.address[host]} minpoll 1 maxpoll 1"
        for host in ("one", "two")])
    test.result(test.until(lambda: daemon.synced(3) and all(
        source["reach"] for source in daemon.sources().values()), 40),
        "kntpd is at stratum 3", daemon.why)
    synchronised(test, daemon, lan)
    alone(test)


if __name__ == "__main__":
    lab.main(w32tm)
