#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The bench without its figures: each hook answers each request, each reply is
verified octet by octet, the counters balance; and the device's verification is
proven to refuse what is no reply."""

import contextlib
import random
import sys

import bench

COUNT, SOURCES = 4096, 1024


def sources(family, seed):
    """Random clients."""
    rng = random.Random(seed)
    size, first = (4, 10) if family == 4 else (16, 0xfd)
    with open(f'{bench.CONTROL}/sources', 'wb', buffering=0) as control:
        control.write(b''.join(
            (bytes([first]) + rng.randbytes(size - 1)).ljust(16, b'\0')
            for _ in range(SOURCES)))


def answers(hook, family, verified, seed, keyed=False):
    """All are answered."""
    bench.keys(keyed)
    bench.run_kntp(hook, 'answer', family, COUNT, n_sources=SOURCES,
                   verified=verified, seed=seed, keyed=keyed)


def refuses(hook, family):
    """A server that says it is not synchronised is no good one here."""
    bench.call('kntp', 'clock', 'set', 'base', 'system', 'stratum', '16')
    try:
        bench.run('answer', family, 64, n_sources=SOURCES)
    except bench.Failed as failure:
        if 'synchronised' in str(failure) and 'bad=64' in str(failure):
            return
        raise
    raise bench.Failed(f'{hook}: bad replies passed for good')


def main():
    seed = random.randrange(1 << 31)
    print(f'TAP version 13\n1..13\n# seed {seed}', flush=True)
    number = failed = 0

    @contextlib.contextmanager
    def test(name):
        nonlocal number, failed
        number += 1
        try:
            yield
            print(f'ok {number} {name}', flush=True)
        except bench.Failed as failure:
            failed = 1
            print(f'# {failure}\nnot ok {number} {name}', flush=True)

    bench.device_up()
    for hook in ('ingress', 'local'):
        for family in (4, 6):
            sources(family, seed)
            bench.serve(hook, 0)
            bench.clients(SOURCES, 128)
            for verified in (True, False):
                what = 'verified by the device' if verified else 'unverified'
                with test(f'{hook} IPv{family}: {COUNT} requests, {what}'):
                    answers(hook, family, verified, seed)
            with test(f'{hook} IPv{family}: {COUNT} requests with a MAC'):
                answers(hook, family, True, seed, True)
            if (hook, family) == ('local', 6):
                with test('replies of an unsynchronised server are refused'):
                    refuses(hook, family)
            bench.unserve()
    bench.device_down()
    return failed


if __name__ == '__main__':
    sys.exit(main())
