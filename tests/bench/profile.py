#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Where the instructions of a reply go.

profile.py [--text] KERNEL HOOK FAMILY PREFIXES SOURCES [CLIENTS [limits]]: follows
some requests through the guest's kernel, instruction by instruction, and prints (as JSON, or
to read) how many instructions each part and each function took, on the average.
Instructions in the module belong to the part that their source file is; those
in the kernel to the place in the module they were called from.
"""

import bisect
import collections
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import gdbstub

TOP = os.path.realpath(os.path.join(os.path.dirname(__file__), '../..'))
FIRST, WARM, FOLLOWED = 'netif_receive_skb', 40, 4

# Kernel functions that are a part of their own, whoever calls them.
CALLS = (
    (re.compile('ktime_get|read_tsc'), 'clock'),
    (re.compile('dev_queue_xmit|ip6?_local_out|ip6?_output'), 'transmit'),
    (re.compile('ip6?_route|ip6_dst_lookup|fib'), 'route'),
    (re.compile('csum'), 'reply'),
)
FILES = (
    (re.compile('core/prefix|/acl'), 'access list'),
    (re.compile('/clock|core/ntptime|/timekeeping'), 'clock'),
    (re.compile('/(tx|sum)\\.|core/reply'), 'reply'),
    (re.compile('/route\\.'), 'route'),
    (re.compile('/(client|limit|stamp)\\.|core/(slots|bucket)'), 'client table'),
    (re.compile('/stats\\.'), 'counters'),
    (re.compile('.'), 'hook and proof'),
)


class Symbols:
    """The guest's functions, and the module's lines."""

    def __init__(self, lines, kver):
        self.table, self.text = [], 0
        for line in lines:
            words = line.split()
            if words[0] == 'text':
                self.text = int(words[1], 16)
            elif words[1] in 'tTwW':
                self.table.append((int(words[0], 16), words[2],
                                   words[3] if len(words) > 3 else ''))
        self.table.sort()
        self.addresses = [entry[0] for entry in self.table]
        self.module = f'{TOP}/build/kmod/{kver}/kmod/kntp.ko'
        self.frames = {}

    def function(self, address):
        """Name and module."""
        entry = self.table[bisect.bisect(self.addresses, address) - 1]
        return entry[1], entry[2]

    def address(self, name):
        return next(a for a, n, _ in self.table if n == name)

    def learn_lines(self, addresses):
        """Which inlined functions, of which files, the module's code is of."""
        addresses = sorted(addresses)
        done = subprocess.run(
            ['addr2line', '-a', '-i', '-f', '-j', '.text', '-e', self.module],
            input='\n'.join(hex(a - self.text) for a in addresses),
            capture_output=True, text=True, check=True)
        frames = None
        names = iter(addresses)
        lines = iter(done.stdout.split('\n'))
        for line in lines:
            if line.startswith('0x'):
                frames = self.frames[next(names)] = []
            elif line:
                frames.append((line, next(lines)))

    def place(self, address):
        """Part and innermost function of the module's own that it is of."""
        top = os.path.dirname(self.module) + '/'
        own = [(name, '/' + file[len(top):]) for name, file
               in self.frames.get(address, ()) if file.startswith(top)]
        name, file = own[0] if own else (self.function(address)[0], '/')
        return next(part for test, part in FILES if test.search(file)), name


def account(traces, symbols):
    """Counts by part and by function."""
    symbols.learn_lines({a for trace in traces for a in trace
                         if symbols.function(a)[1] == '[kntp]'})
    parts, functions = collections.Counter(), collections.Counter()
    for trace in traces:
        for part, name in attribute(trace, symbols):
            parts[part] += 1
            functions[part, name] += 1
    return parts, functions


def attribute(trace, symbols):
    """Part and function of each instruction."""
    in_module = [symbols.function(a)[1] == '[kntp]' for a in trace]
    first = in_module.index(True)
    last = len(trace) - 1 - in_module[::-1].index(True)
    part, called = '', None
    for i, address in enumerate(trace):
        name = symbols.function(address)[0]
        if i < first or i > last:
            part = 'to the hook and back'
        elif in_module[i]:
            part, name = symbols.place(address)
            name, called = f'kntp: {name}', part
        elif called:
            part = next((p for t, p in CALLS if t.search(name)), called)
            called = None
        yield part, name


def kernel_lines(guest):
    """What the guest says of its symbols before it lets itself be followed."""
    lines = []
    for line in guest.stdout:
        lines.append(line)
        if line.startswith('text'):
            return lines
    raise OSError('the guest did not get so far')


def follow(kver, words):
    """Start the guest, and follow some requests of many."""
    with tempfile.TemporaryDirectory() as directory:
        path = f'{directory}/gdb'
        # pylint: disable-next=consider-using-with
        guest = subprocess.Popen(
            [f'{TOP}/tests/vm/run', '--kernel', kver, '--icount', '--no-build',
             '--append', 'nokaslr', '--qemu-arg', '-gdb',
             '--qemu-arg', f'unix:{path},server=on,wait=off', '--',
             'tests/bench/guest_profile.py', *words],
            stdout=subprocess.PIPE, text=True)
        try:
            symbols = Symbols(kernel_lines(guest), kver)
            stub = gdbstub.Stub(path, 120)
            traces = []
            for i in range(WARM + FOLLOWED):
                stub.until(symbols.address(FIRST))
                if i >= WARM:
                    traces.append(stub.follow_call())
            return traces, symbols
        finally:
            guest.send_signal(signal.SIGTERM)
            guest.wait()


def text(found):
    """The same to read."""
    yield f'{found["instructions"]:7.1f} in netif_receive_skb()'
    for part, count in found['parts'].items():
        yield f'{count:7.1f}   {part}'
    for row in found['functions']:
        yield f'{row["instructions"]:7.1f}     {row["part"]:22}{row["function"]}'


def main():
    words = [word for word in sys.argv[1:] if word != '--text']
    kver = subprocess.run([f'{TOP}/tests/vm/kernels', words.pop(0)], text=True,
                          capture_output=True, check=True).stdout.strip()
    traces, symbols = follow(kver, words)
    parts, functions = account(traces, symbols)
    found = {
        'kernel': kver, 'hook': words[0], 'family': int(words[1]),
        'prefixes': int(words[2]), 'sources': int(words[3]),
        'clients': int(words[4]) if len(words) > 4 else 0,
        'limits': words[5:] == ['limits'],
        'instructions': sum(parts.values()) / len(traces),
        'parts': {part: n / len(traces) for part, n in parts.most_common()},
        'functions': [
            {'part': part, 'function': name, 'instructions': n / len(traces)}
            for (part, name), n in functions.most_common()],
    }
    if '--text' in sys.argv:
        print('\n'.join(text(found)))
    else:
        json.dump(found, sys.stdout, indent=1)
        print()
    return 0


if __name__ == '__main__':
    sys.exit(main())
