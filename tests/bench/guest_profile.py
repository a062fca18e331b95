#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""guest_profile.py HOOK FAMILY PREFIXES SOURCES [CLIENTS [limits]]: in the guest,
lets requests be answered again and again while the host follows one of them."""

import sys

import bench


def main():
    hook, family, prefixes, n_sources = sys.argv[1], *map(int, sys.argv[2:5])
    clients = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    bench.device_up()
    bench.sources(family)
    bench.serve(hook, f'acl{family}' if prefixes else 0)
    if clients:
        bench.clients(max(clients, 1024), 128)
    bench.limits(sys.argv[6:] == ['limits'])
    bench.run_kntp(hook, 'answer', family, max(1024, 4 * clients),
                   n_sources=n_sources)
    with open('/proc/kallsyms', encoding='ascii') as file:
        sys.stdout.write(file.read())
    with open('/sys/module/kntp/sections/.text', encoding='ascii') as file:
        print('text', file.read().strip(), flush=True)
    for seed in range(100_000):
        bench.run('answer', family, 64, n_sources=n_sources, seed=seed)
    return 0


if __name__ == '__main__':
    sys.exit(main())
