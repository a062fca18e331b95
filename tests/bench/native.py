#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""native.py [CLIENTS [REQUESTS [RUNS]]]: what instructions do not show: how much
longer a reply takes when there are millions of clients, whose entries are in no
cache, than with a thousand. Under User-Mode Linux, at the speed of the machine:

	tests/vm/debug-check --plain --mem 4G -- tests/bench/native.py

Prints, as JSON, the ticks of the TSC that a reply takes with either, and their
ratio; the least of RUNS runs."""

import json
import sys

import bench
from bench import run, run_kntp, say

FEW = 1_000


def fill(clients):
    """Each asks once."""
    bench.clients(max(clients, 1024), 64)
    run_kntp('ingress', 'answer', 4, clients, n_sources=clients, in_turn=True)


def main():
    many, count, runs = (int(word) for word in
                         (sys.argv[1:] + ['10000000', '65536', '5'][len(sys.argv) - 1:]))
    bench.device_up()
    bench.sources(4)
    found = {FEW: [], many: []}
    bench.serve('ingress', 0)
    # Turn by turn would fill the big table each time, which takes longest.
    for clients, ticks in found.items():
        fill(clients)
        for seed in range(1, runs + 1):
            ticks.append(run_kntp(
                'ingress', 'answer', 4, count, n_sources=clients,
                seed=seed)['instructions'] / count)
        say(f'{clients:,} clients: ' + ' '.join(f'{t:.0f}' for t in ticks))
    bench.unserve()
    injection = min(run('refuse', 4, count, n_sources=FEW, seed=s + 1)['instructions']
                    for s in range(runs)) / count
    few, much = min(found[FEW]), min(found[many])
    json.dump({'clients': [FEW, many], 'ticks': [round(few, 1), round(much, 1)],
               'injection': round(injection, 1), 'ratio': round(much / few, 3)},
              sys.stdout)
    print()
    return 0


if __name__ == '__main__':
    sys.exit(main())
