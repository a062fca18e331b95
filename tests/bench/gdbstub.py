# SPDX-License-Identifier: GPL-2.0
"""Just enough of GDB's remote protocol to follow a guest step by step."""

import socket
import time

RSP, RIP = 7, 16


class Stub:
    """QEMU's stub, at a UNIX socket."""

    def __init__(self, path, deadline):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(deadline)
        end = time.monotonic() + deadline
        while True:
            try:
                self.socket.connect(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.buffer = b''
        self.resume('?')

    def send(self, text):
        """One packet, which the stub acknowledges."""
        self.socket.sendall(f'${text}#{sum(text.encode()) % 256:02x}'.encode())

    def receive(self):
        """The next packet's text."""
        while True:
            start = self.buffer.find(b'$')
            end = self.buffer.find(b'#', start)
            if start >= 0 and 0 <= end <= len(self.buffer) - 3:
                text = self.buffer[start + 1:end].decode()
                self.buffer = self.buffer[end + 3:]
                self.socket.sendall(b'+')
                return text
            block = self.socket.recv(65536)
            if not block:
                raise OSError('the guest is gone')
            self.buffer += block

    def ask(self, text):
        """Send a packet and take the answer, which is not that it stopped."""
        self.send(text)
        while (answer := self.receive())[:1] in ('T', 'S'):
            pass
        if answer[:1] == 'E':
            raise OSError(f'the stub refuses {text}: {answer}')
        return answer

    def resume(self, text):
        """Let the guest go, until it stops."""
        self.send(text)
        while self.receive()[:1] not in ('T', 'S'):
            pass

    def register(self, number):
        """A register of the stopped guest."""
        return int.from_bytes(bytes.fromhex(self.ask('g'))[8 * number:][:8], 'little')

    def word(self, address):
        """A word of memory."""
        return int.from_bytes(bytes.fromhex(self.ask(f'm{address:x},8')), 'little')

    def step(self):
        """One instruction on; where the guest is then."""
        self.resume('s')
        return self.register(RIP)

    def until(self, address):
        """On to an address, at least one instruction."""
        self.step()
        self.ask(f'Z1,{address:x},1')
        self.resume('c')
        self.ask(f'z1,{address:x},1')

    def follow_call(self):
        """From a function's first instruction to its return: all addresses."""
        stack = self.register(RSP)
        back = self.word(stack)
        here = self.register(RIP)
        seen = []
        while True:
            seen.append(here)
            here = self.step()
            if here == back and self.register(RSP) == stack + 8:
                return seen
