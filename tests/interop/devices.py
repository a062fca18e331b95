# SPDX-License-Identifier: GPL-2.0
"""What a host has its time from, besides a network: the other end of its
shared memory, sockets and serial lines. All say the same true time, which the
system clock is OFF seconds from."""
import ctypes
import os
import pty
import select
import socket
import struct
import sys
import threading
import time
import tty

import lab

OFF = 0.3
# A busy guest may not let a device speak in time, which is then no fault of
# who listens, s.
HASTE = 0.05
# Threads that speak on time do not wait for each other for long, s.
sys.setswitchinterval(0.0005)
IPC_CREAT = 0o1000
SHM_KEY = 0x4e545030
SHM = struct.Struct("iiqiqiiiiiII8i0q")
SOCK = struct.Struct("qqdiiii")


def utc():
    return time.time() + OFF


class Device:
    """A thread that speaks after each second of true time, LATE after it."""
    late = 0

    def __init__(self):
        self.mood = "good"
        self.ends = False
        self.overslept = set()	# seconds that it was late for by itself
        self.thread = threading.Thread(target=self.run, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def run(self):
        while not self.ends:
            now = utc()
            second = int(now - self.late) + 1
            time.sleep(max(second + self.late - now, 0))
            self.speak(second)
            if utc() - second - self.late > HASTE:
                self.overslept.add(second)

    def stop(self):
        self.ends = True
        self.thread.join()

    def speak(self, second):
        raise NotImplementedError


class SharedMemory(Device):
    """As gpsd and others write it."""

    def __init__(self, unit):
        super().__init__()
        libc = lab.libc
        libc.shmat.restype = ctypes.c_void_p
        number = libc.shmget(SHM_KEY + unit, SHM.size, IPC_CREAT | 0o666)
        lab.must(number < 0, "shmget")
        self.at = libc.shmat(number, None, 0)
        self.count = 0

    def speak(self, _second):
        if self.mood == "silent":
            return
        self.count += 1
        real = time.time_ns()
        true = real + int(OFF * 1e9)
        second, ns = divmod(true, 10 ** 9)
        if self.mood == "nonsense":
            ns = -1000
        here, here_ns = divmod(real, 10 ** 9)
        words = SHM.pack(1, self.count, second, ns // 1000, here,
                         here_ns // 1000, 0, -20, 3, 1, ns % 2 ** 32, here_ns,
                         *[0] * 8)
        ctypes.memmove(self.at, words, SHM.size)


class Socket(Device):
    """As chrony's helpers write to it."""

    def __init__(self, path, pulse=False):
        super().__init__()
        self.path = path
        self.pulse = pulse
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def speak(self, _second):
        real = time.time_ns()
        # Of a pulse nobody knows which second it was.
        off = OFF + (7 if self.pulse else 0)
        magic = 0 if self.mood == "nonsense" else 0x534f434b
        words = SOCK.pack(real // 10 ** 9, real % 10 ** 9 // 1000, off,
                          int(self.pulse), 0, 0, magic)
        if self.mood == "short":
            words = words[:20]
        if self.mood == "silent":
            return
        try:
            self.sock.sendto(words, self.path)
        except OSError:
            pass


class Line(Device):
    """A serial line at PATH: a pty, of which this is the other end."""

    def __init__(self, path):
        super().__init__()
        self.path = path
        self.end = self.other = -1
        self.plug()

    def plug(self):
        self.end, self.other = pty.openpty()
        tty.setraw(self.end)
        tty.setraw(self.other)
        if os.path.lexists(self.path):
            os.unlink(self.path)
        os.symlink(os.ttyname(self.other), self.path)

    def unplug(self):
        os.unlink(self.path)
        os.close(self.other)
        os.close(self.end)
        self.end = -1

    def write(self, text):
        if self.end < 0:
            return
        try:
            os.write(self.end, text.encode("latin-1"))
        except OSError:
            pass


def sentence(body):
    total = 0
    for char in body:
        total ^= ord(char)
    return f"${body}*{total:02X}\r\n"


def navigation(second, fix):
    """What a GPS receiver says of a second."""
    at = time.gmtime(second)
    clock = time.strftime("%H%M%S.00", at)
    date = time.strftime("%d%m%y", at)
    return (sentence(f"GPGGA,{clock},4717.11,N,00833.91,E,{int(fix)},08,1.0,"
                     "499.6,M,48.0,M,,") +
            sentence(f"GPGSA,A,{3 if fix else 1},01,02,03,04,05,06,07,08,,,,,"
                     "1.5,1.0,1.1") +
            sentence(f"GPRMC,{clock},{'A' if fix else 'V'},4717.11,N,00833.91,"
                     f"E,0.0,0.0,{date},,,A"))


class Receiver(Line):
    """A GPS receiver that begins to speak LATE after each second."""
    late = 0.12

    def speak(self, second):
        if self.mood == "silent":
            return
        if self.mood == "garbled":
            self.write("$GPRMC,\x01\x02nonsense*00\r\n")
        else:
            self.write(navigation(second, self.mood != "void"))


class NetworkReceiver(Device):
    """The same by TCP, as terminal servers have it."""
    late = Receiver.late

    def __init__(self, ns, port):
        super().__init__()
        with lab.inside(ns):
            self.sock = socket.create_server(("127.0.0.1", port))
        self.sock.settimeout(0)
        self.clients = []

    def speak(self, second):
        try:
            self.clients.append(self.sock.accept()[0])
        except OSError:
            pass
        text = navigation(second, self.mood != "void").encode("ascii")
        for client in list(self.clients):
            try:
                client.send(text)
            except OSError:
                self.clients.remove(client)


class Modem(Line):
    """A modem, and the services that answer at its numbers: {number: what}.

    NIST's marker is sent ahead as soon as it has heard it echoed; here the way
    takes no time at all, so that only the mark is another one.
    """
    late = 0

    def __init__(self, path, numbers):
        super().__init__(path)
        self.numbers = numbers
        self.dialled = []
        self.command = ""
        self.call = None
        self.codes = 0
        self.echoed = False
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        while not self.ends:
            if not select.select([self.end], [], [], 0.1)[0]:
                continue
            for char in os.read(self.end, 100).decode("latin-1"):
                self.hear(char)

    def hear(self, char):
        if self.call and char in "*#":
            self.echoed = True
        elif char == "+":
            self.command = ""
            self.call = None
        elif char == "\r":
            self.obey(self.command)
            self.command = ""
        else:
            self.command += char

    def obey(self, command):
        if command.startswith("ATDT"):
            number = command[4:]
            self.dialled.append(number)
            self.answer(self.numbers[number])
        elif command.startswith("AT"):
            self.write("\r\nOK\r\n")

    def answer(self, kind):
        if kind in ("BUSY", "NO CARRIER", "NO DIALTONE"):
            self.write(f"\r\n{kind}\r\n")
            return
        self.codes, self.echoed = 0, False
        self.write("\r\nCONNECT 9600\r\n")
        self.call = kind

    def speak(self, second):
        if not self.call:
            return
        self.codes += 1
        if self.call == "garbage":
            self.write("\x00\x7f~~ line noise ~~\xff" * 20 + "\r\n")
        elif self.call == "dropped" and self.codes > 2:
            self.call = None
            self.write("\r\nNO CARRIER\r\n")
        elif self.call == "european":
            self.write(self.european(second) + "\r\n")
        else:
            self.write(self.nist(second) + "\r\n")

    def nist(self, second):
        at = time.gmtime(second)
        day = second // 86400 + 40587 + (self.call == "wrong")
        mark = "#" if self.echoed else "*"
        return (f"{day:05d} {time.strftime('%y-%m-%d %H:%M:%S', at)} 00 0 -.1 "
                f"045.0 UTC(NIST) {mark}")

    def european(self, second):
        at = time.gmtime(second)
        local = time.gmtime(second + 3600)
        code = (time.strftime("%Y-%m-%d %H:%M:%S MEZ  ", local) +
                f"{local.tm_wday + 1}{1:02d}{local.tm_yday:03d}032602" +
                time.strftime("%Y%m%d%H%M", at) +
                f"{second // 86400 + 40587:05d}+40000500")
        return code.ljust(78) + ("#" if self.echoed else "*")
