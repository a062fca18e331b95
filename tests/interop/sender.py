# SPDX-License-Identifier: GPL-2.0
"""Plain clients that ask as fast as they are answered, and remember all of it."""
import collections
import os
import selectors
import socket
import struct
import threading
import time

import lab

WINDOW = 4
PAUSE = 0.01	# leaves some of the processor to the servers
REQUEST = struct.Struct("!B39xQ")
REPLY = struct.Struct("!BB22xQ16x")

Answer = collections.namedtuple("Answer", "sent got stratum")


class Sender:
    """WINDOW requests of each client are under way at any time.

    A client is (namespace, server). What is lost is missing from its window
    for good, so it stays in pending and can be counted.
    """

    def __init__(self, clients):
        # The origin tells which request an answer is for: never used twice.
        self.next = int.from_bytes(os.urandom(4), "big") << 32
        self.pending = {}
        self.answers = []
        self.sending = True
        self.ended = False
        self.selector = selectors.DefaultSelector()
        for ns, server in clients:
            kind = socket.AF_INET6 if ":" in server else socket.AF_INET
            with lab.inside(ns):
                sock = socket.socket(kind, socket.SOCK_DGRAM)
            sock.connect((server, 123))
            self.selector.register(sock, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def ask(self, sock):
        self.next += 1
        self.pending[self.next] = time.monotonic()
        sock.send(REQUEST.pack(0x23, self.next))

    def listen(self, sock):
        while True:
            try:
                data = sock.recv(512, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            _, stratum, origin = REPLY.unpack(data)
            # One that was answered twice is missing here, and ends the thread.
            sent = self.pending.pop(origin)
            self.answers.append(Answer(sent, time.monotonic(), stratum))
            if self.sending:
                self.ask(sock)

    def run(self):
        for key in self.selector.get_map().values():
            for _ in range(WINDOW):
                self.ask(key.fileobj)
        while not self.ended:
            for key, _ in self.selector.select(0.1):
                self.listen(key.fileobj)
            time.sleep(PAUSE)

    def answered(self):
        return len(self.answers)

    def goes_on(self, test, name, count, seconds=10):
        """As many more are answered, in time."""
        had = self.answered()
        test.result(test.until(lambda: self.answered() >= had + count, seconds),
                    f"{name}: there is load", lambda: self.answered() - had)

    def stop(self, test):
        """No more requests. What is still pending then is lost."""
        self.sending = False
        test.until(lambda: not self.pending, 2)
        self.ended = True
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
