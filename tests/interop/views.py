#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What is there to be looked at: drawings and the page, of the logs of a kntpd and a
chronyd that ran and of what no log should be; and the screen, in a terminal."""
import base64
import os
import re
import subprocess
import xml.etree.ElementTree as xml

import lab
import peers
from kntpd import Lan, local
from victim import Victim

SVG = "{http://www.w3.org/2000/svg}"
LOG = "log measurements statistics tracking requests"
# What each has to say: the axis, and in which unit.
AXES = {
    "offset": r"source ahead of this clock, (ns|µs|ms|s)",
    "frequency": r"slow by, with its skew, ppm", "delay": r"delay, (ns|µs|ms|s)",
    "dispersion": r"dispersion, (ns|µs|ms|s)", "requests": r"requests, 1/s",
}


def texts(svg):
    """All that is written in a drawing, title and labels."""
    return ["".join(it.itertext()).strip() for it in xml.fromstring(svg).iter(SVG + "text")]


def draws(test, daemon, name, directory, what, wanted, *words):
    """Well-formed, and labelled with what it is and in which unit."""
    path = os.path.join(test.tmp, f"{name}-{what}.svg")
    status, said = daemon.kntp("plot", what, path, "log", directory, *words)
    if status:
        test.result(False, f"{name}: plot {what}", said)
        return
    with open(path, encoding="utf-8") as file:
        written = texts(file.read())
    missing = [word for word in [*wanted, "UTC"] if word not in written]
    test.result(not missing and any(re.fullmatch(AXES[what], text) for text in written)
                and any(re.match(r"\d\d:\d\d", text) for text in written),
                f"{name}: plot {what}", (missing, written))


def rows(directory, name):
    with open(os.path.join(directory, f"{name}.log"), encoding="ascii") as file:
        return sum(line[:1].isdigit() for line in file)


def refuses(test, daemon, directory):
    for name, words, status, why in (
            ("no such plot", ["speed", "a.svg"], 2, "'speed' is not offset"),
            ("no form", ["offset", "a.gif"], 2, "neither in .svg nor in .png"),
            ("no file", ["offset"], 2, "WHAT and FILE"),
            ("no time", ["offset", "a.svg", "last", "soon"], 2, "last: 'soon'"),
            ("no log", ["offset", "a.svg", "log", "/nowhere"], 1,
             "/nowhere/measurements.log: there is no such file"),
            ("nobody of that name", ["offset", "a.svg", "log", directory, "source",
                                     "10.79.0.99"], 1, "nothing of that is in it"),
            ("nowhere to write", ["offset", "/nowhere/a.svg", "log", directory], 1,
             "/nowhere/a.svg: No such file")):
        got, said = daemon.kntp("plot", *words)
        test.result(got == status and why in said, f"refused: {name}", (got, said))
    got = subprocess.run(["kntp", "plot", "offset", "-", "log", directory],
                         capture_output=True, text=True, check=False,
                         env={**os.environ, "PATH": os.path.dirname(
                             subprocess.check_output(["which", "kntp"], text=True))})
    if os.path.dirname(subprocess.check_output(["which", "gnuplot"], text=True)) not in \
            os.path.dirname(subprocess.check_output(["which", "kntp"], text=True)):
        test.result(got.returncode == 1 and "gnuplot is not installed" in got.stderr,
                    "refused: no gnuplot", got)


def hostile(test, daemon, directory):
    """Lines that no log has, and a name that would be a command."""
    name = "'; system 'touch /tmp/kntp-was-here' #"
    line = ("2026-01-31 12:00:0{} {} N  1 111 111 1111  1  1 0.10 {} 1e-3 1e-6 0 0 "
            "0A4F0001 4B K K\n")
    with open(os.path.join(directory, "measurements.log"), "w", encoding="utf-8") as file:
        file.write("=" * 100000 + "\n\0\0\0\n2026-01-31\n2026-99-31 12:00:00 x\n")
        for i, offset in enumerate(("1e-3", "nan", "inf", "1e-3x", "-2e-3", "0x")):
            file.write(line.format(i, name.replace(" ", "\u00a0"), offset))
        file.write(line.format(9, "cut", "1e-3")[:40])
    svg = os.path.join(test.tmp, "hostile.svg")
    status, said = daemon.kntp("plot", "offset", svg, "log", directory)
    if test.result(not status, "what is not whole is passed over", said):
        with open(svg, encoding="utf-8") as file:
            written = texts(file.read())
        shown = re.sub("[';#]", "?", name.replace(" ", "\u00a0"))
        test.result(shown in written and "cut" not in written and
                    not os.path.exists("/tmp/kntp-was-here"),
                    "a name is a name, and no command", written)


def page(test, daemon, directory):
    path = os.path.join(test.tmp, "report.html")
    status, said = daemon.kntp("report", path, "log", directory)
    test.equal("kntp report", (status, said), (0, ""))
    with open(path, encoding="utf-8") as file:
        text = file.read()
    checked = subprocess.run(["tidy", "-q", "-e", "-utf8", path], capture_output=True,
                             text=True, check=False)
    test.result(not checked.returncode, "tidy finds nothing", checked.stderr)
    images = [base64.b64decode(image).decode() for image in
              re.findall(r'src="data:image/svg\+xml;base64,([^"]*)"', text)]
    titles = [texts(image)[-1:] for image in images]
    test.result(len(images) == 5 and all(xml.fromstring(image).tag == SVG + "svg"
                                         for image in images),
                "with five drawings", titles)
    test.result(not re.search(r'(src|href)="(?!data:)', text) and "url(" not in text,
                "it needs no other file")
    test.result("<td>10.79.0.1</td>" in text and "<h3>ingress</h3>" in text and
                "synchronised" in text and "Response time" in text,
                "clock, sources and requests are in it", text[:6000])


class Screen:
    """kntp top in a terminal of so many columns and rows, by a server of its own: one
    that was ended may take a moment."""

    count = 0

    def __init__(self, test, daemon, size, *words):
        self.test = test
        Screen.count += 1
        self.tmux = ["tmux", "-L", f"kntp-{Screen.count}", "-f", "/dev/null"]
        command = " ".join(["kntp", "-n", daemon.ns, "top", "interval", "1", *words])
        columns, rows_ = size
        subprocess.run(
            [*self.tmux, "new-session", "-d", "-s", "top", "-x", str(columns), "-y",
             str(rows_), f"{command}; echo status $?; exec cat"], check=True,
            env={**os.environ, "KNTPD_SOCKET": daemon.socket, "LC_ALL": "C.UTF-8"})

    def text(self):
        return subprocess.run([*self.tmux, "capture-pane", "-p", "-t", "top"],
                              capture_output=True, text=True, check=False).stdout

    def shows(self, *patterns):
        """All of them at one time."""
        def all_there():
            text = self.text()
            return all(re.search(pattern, text, re.M) for pattern in patterns)
        return self.test.until(all_there, 20)

    def ends(self, key="q"):
        subprocess.run([*self.tmux, "send-keys", "-t", "top", key], check=True)
        ended = self.shows(r"^status 0$")
        self.close()
        return ended

    def close(self):
        subprocess.run([*self.tmux, "kill-server"], check=False,
                       stderr=subprocess.DEVNULL)


def top(test, lan, daemon):
    sources = [rf"[*+-] {re.escape(lan.address[host])} +2 +377 +[+-]\d+.s +\d+.s"
               for host in ("one", "two")]
    sections = [
        r"^kntp top: .* UTC, each 1 s",
        r"^Clock: stratum 3, follows 10\.79\.0\.[12], off by .*, bound ",
        r"^HOOK +REQUESTS/s ANSWERED/s PASSED UP/s DROPPED/s 50% WITHIN 99% WITHIN",
        r"^ingress +[3-5]\.\d +[3-5]\.\d ", r"^CPU +REQUESTS/s ANSWERED/s",
        r"^\d+ +[0-9.]+ +[0-9.]+", r"^RESPONSE TIME BELOW +REPLIES", "NOT ANSWERED",
        r"^nothing so far", *sources]
    screen = Screen(test, daemon, (80, 50))
    client = rf"^{re.escape(lan.address['client'])} +\d+ +0 4 3 +-2 0\.\d+ s"
    test.result(screen.shows(*sections, r"^CLIENTS: \d+ of 65536", client),
                "top: all of it, 80 columns wide", screen.text())
    test.result(screen.ends(), "q ends it", screen.text())
    screen = Screen(test, daemon, (140, 30))
    test.result(screen.shows(
        r"^HOOK .* 99% WITHIN", r"^NOT ANSWERED .* SOURCE ",
        r" CLIENTS: \d+ of 65536", *sources,
        rf" {re.escape(lan.address['client'])} +\d+ +0 4 3 "),
        "top: two columns where there is room", screen.text())
    wide = screen.text()
    screen.close()
    screen = Screen(test, daemon, (40, 8), "count", "2")
    test.result(screen.shows(r"^status 0$"), "count ends it, and small it may be",
                screen.text())
    screen.close()
    status, said = daemon.kntp("top")
    test.result(status == 1 and "is no terminal" in said, "top: no terminal", said)
    status, said = daemon.kntp("top", "interval", "0.1")
    test.result(status == 2 and "'0.1' is not from 0.2 s" in said, "top: too fast", said)
    with open(os.path.join(test.tmp, "top.txt"), "w", encoding="utf-8") as file:
        file.write(wide)


def keep(test):
    """For tests/pictures: what was written goes out among the lines."""
    if not os.environ.get("KNTP_PICTURES"):
        return
    names = [name for name in os.listdir(test.tmp)
             if name.endswith((".svg", ".png", ".html", ".txt"))]
    packed = subprocess.run(["tar", "-C", test.tmp, "-c", *names], check=True,
                            capture_output=True).stdout
    for at in range(0, len(packed), 3000):
        print("#=", base64.b64encode(packed[at:at + 3000]).decode())


def views(test):
    lan = Lan(test)
    for host in ("one", "two"):
        local(test, host, 2)
    logs = [os.path.join(test.tmp, name) for name in ("kntpd.d", "chronyd.d", "hostile.d")]
    for directory in logs:
        os.mkdir(directory)
    servers = [f"server {lan.address[host]} minpoll -2 maxpoll -2"
               for host in ("one", "two")]
    daemon = Victim(test, "kntpd", [*servers, "allow all", "listen hook ingress dev eth0",
                                    LOG, f"logdir {logs[0]}"])
    chronyd = peers.Chronyd(test, "other", "", also=[
        *servers, "log measurements statistics tracking", f"logdir {logs[1]}"])
    asking = peers.Chronyd(test, "client", "", also=[
        f"server {lan.address['kntpd']} minpoll -2 maxpoll -2"])
    test.result(test.until(lambda: daemon.synced(3), 40), "kntpd has the time", daemon.why)
    test.result(test.until(lambda: os.path.exists(os.path.join(logs[0], "requests.log"))
                           and rows(logs[0], "requests") > 1, 60),
                "requests are counted each 16 s", daemon.why)
    test.result(test.until(lambda: rows(logs[1], "tracking") > 5, 40),
                "chronyd has the time", chronyd.why)
    names = [lan.address[host] for host in ("one", "two")]
    for name, directory in zip(("kntpd", "chronyd"), logs):
        draws(test, daemon, name, directory, "offset", ["Offset of the sources", *names])
        draws(test, daemon, name, directory, "delay", names)
        draws(test, daemon, name, directory, "dispersion", names)
        draws(test, daemon, name, directory, "frequency",
              ["Frequency of the uncorrected clock"])
    draws(test, daemon, "kntpd", logs[0], "requests", [
        "ingress answered", "ingress passed up", "ingress dropped"])
    draws(test, daemon, "one source, an hour", logs[0], "offset", names[:1],
          "source", names[0], "last", "1h")
    status, said = daemon.kntp("plot", "delay", os.path.join(test.tmp, "delay.png"),
                               "log", logs[0])
    with open(os.path.join(test.tmp, "delay.png"), "rb") as file:
        head = file.read(24)
    test.equal("plot delay.png", (status, said, head[:8], head[16:]),
               (0, "", b"\x89PNG\r\n\x1a\n", (1280).to_bytes(4, "big") +
                (480).to_bytes(4, "big")))
    page(test, daemon, logs[0])
    top(test, lan, daemon)
    refuses(test, daemon, logs[0])
    hostile(test, daemon, logs[2])
    keep(test)
    test.result(asking.process.poll() is None, "all that while it was asked", asking.why)


if __name__ == "__main__":
    lab.main(views)
