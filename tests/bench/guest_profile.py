#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""guest_profile.py HOOK FAMILY PREFIXES SOURCES: in the guest, lets requests
be answered again and again while the host follows one of them."""

import sys

import bench


def main():
    hook, family, prefixes, n_sources = sys.argv[1], *map(int, sys.argv[2:])
    bench.device_up()
    bench.sources(family)
    bench.serve(hook, f'acl{family}' if prefixes else 0)
    bench.run_kntp(hook, 'answer', family, 1024, n_sources=n_sources)
    with open('/proc/kallsyms', encoding='ascii') as file:
        sys.stdout.write(file.read())
    with open('/sys/module/kntp/sections/.text', encoding='ascii') as file:
        print('text', file.read().strip(), flush=True)
    for seed in range(100_000):
        bench.run('answer', family, 64, n_sources=n_sources, seed=seed)
    return 0


if __name__ == '__main__':
    sys.exit(main())
