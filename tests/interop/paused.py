#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A guest that is paused for 10 s (QEMU's monitor: stop, cont), as by a snapshot
or a live migration. Both of its clocks stand still meanwhile. What is served is
wrong until the next poll, for nothing in the guest can know; from then on it is
LI = 3 or right.

Without arguments, on the host: begins a guest, in it this program again, and is
the monitor that pauses it."""
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

import lab
import liar
from kntpd import Kntpd, Lan, said_to

PAUSE = 10		# s
POLL = 4		# log2 s
UNSYNC = 3
PORT = "kntp.pause"
HERE = os.path.dirname(os.path.realpath(__file__))


def hardware():
    """The RTC, which is the host's clock and goes on."""
    with open("/sys/class/rtc/rtc0/since_epoch", encoding="ascii") as file:
        return int(file.read())


def port():
    base = "/sys/class/virtio-ports"
    for name in os.listdir(base) if os.path.isdir(base) else []:
        with open(f"{base}/{name}/name", encoding="ascii") as file:
            if file.read().strip() == PORT:
                return f"/dev/{name}"
    return None


def pause(test, truth):
    """The guest does not see how long it takes."""
    before, raw = hardware(), time.clock_gettime(time.CLOCK_MONOTONIC_RAW)
    with open(port(), "wb", buffering=0) as file:
        file.write(b"pause\n")
    test.until(lambda: hardware() - before - time.clock_gettime(
        time.CLOCK_MONOTONIC_RAW) + raw > PAUSE - 2, 30)
    missed = hardware() - before - time.clock_gettime(
        time.CLOCK_MONOTONIC_RAW) + raw
    truth.origin += PAUSE
    test.result(abs(missed - PAUSE) < 3, "the guest was paused, and its clocks",
                f"for {missed} s")


def paused(test):
    lan = Lan(test)
    truth = liar.Truth("one").start()
    daemon = Kntpd(test, "kntpd", [
        f"server {lan.address['one']} iburst minpoll {POLL} maxpoll {POLL}",
        "makestep 1 -1", "listen hook local", "allow all"])
    test.result(test.until(lambda: daemon.synced(2) and
                           test.clock()["state"] == "sync", 30),
                "kntpd is synchronised", daemon.why)
    # Enough samples to outvote those of after the pause.
    test.until(lambda: truth.asked >= 8, 120)
    pause(test, truth)
    asked, wrong, polled = truth.asked, [], None
    begun = time.monotonic()
    while time.monotonic() < begun + 60:
        off = abs(truth.off())
        said = said_to("client", lan.address["kntpd"])
        if truth.asked > asked and polled is None:
            polled = time.monotonic()
        if said and said[0] != UNSYNC and off > 1 and \
           abs(truth.off()) > 1 and polled and time.monotonic() > polled + 1:
            wrong.append((round(time.monotonic() - begun, 1), said, off))
        if polled and said and said[0] != UNSYNC and abs(truth.off()) < 0.1:
            break
        time.sleep(0.2)
    test.note(f"right {time.monotonic() - begun:.1f} s after the pause, "
              f"polled after {(polled or begun) - begun:.1f} s")
    test.result(polled, "the server was asked", daemon.why)
    test.equal("from that poll on LI is 3, or the time right", wrong, [])
    test.result(abs(truth.off()) < 0.1, "in the end it is right",
                lambda: f"off by {abs(truth.off())} s\n{daemon.why()}")
    test.result("away from what this host claims" in daemon.said(),
                "and the log tells", daemon.why)
    truth.stop()


def command(monitor, name):
    monitor.write(json.dumps({"execute": name}) + "\n")
    monitor.flush()
    while "return" not in monitor.readline():
        pass


def host():
    """The guest's output is this program's."""
    with tempfile.TemporaryDirectory() as tmp:
        qmp, ask = f"{tmp}/qmp", f"{tmp}/ask"
        arguments = ["-qmp", f"unix:{qmp},server=on,wait=off",
                     "-chardev", f"file,id=pause,path={ask}",
                     "-device", f"virtserialport,chardev=pause,name={PORT}"]
        with subprocess.Popen(
                [f"{HERE}/../vm/run", "--no-build", "--kernel", "6.12", *sum(
                    (["--qemu-arg", word] for word in arguments), []),
                 "--", "bash", "-c", f"cd {HERE} && ./paused.py guest"]) as guest:
            while guest.poll() is None and not (
                    os.path.exists(ask) and os.path.getsize(ask)):
                time.sleep(0.1)
            if guest.poll() is None:
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect(qmp)
                    monitor = sock.makefile("rw")
                    monitor.readline()
                    command(monitor, "qmp_capabilities")
                    command(monitor, "stop")
                    time.sleep(PAUSE)
                    command(monitor, "cont")
            return guest.wait()


if __name__ == "__main__":
    if sys.argv[1:] == ["guest"]:
        lab.main(paused)
    sys.exit(host())
