#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Writes what the bench asks from, and the access lists that allow it.

addresses.py DIRECTORY [SEED]: for IPv4 and IPv6 acl4, acl6 (100,000 random
prefixes, all `allow`, for `kntp acl load`) and sources4, sources6 (addresses,
each below a prefix drawn at random from that list; 16 bytes each, IPv4 in the
first four). The same seed makes the same files.
"""

import ipaddress
import os
import random
import sys

PREFIXES = 100_000
# Bits of an address, lengths of the prefixes, how many sources, where.
FAMILIES = {
    4: (32, 9, 32, 1_000_000, ipaddress.ip_network('0.0.0.0/0')),
    6: (128, 16, 128, 65_536, ipaddress.ip_network('2000::/3')),
}
# What no client has: no unicast addresses, and the bench's own networks.
NOBODY = [ipaddress.ip_network(n) for n in (
    '0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '198.51.100.0/24',
    '2001:db8::/32', '2002::/16')]


def ranges(family):
    """First and last of the networks nobody asks from, as numbers."""
    return [(int(n[0]), int(n[-1])) for n in NOBODY if n.version == family]


def make(family, rng):
    """The prefixes as (address, length), and the sources as numbers."""
    bits, shortest, longest, n_sources, within = FAMILIES[family]
    base, free = int(within[0]), bits - within.prefixlen
    nobody = ranges(family)
    prefixes = {}
    while len(prefixes) < PREFIXES:
        length = rng.randint(shortest, longest)
        host = bits - length
        address = (base | rng.getrandbits(free)) >> host << host
        if not any(a <= address <= b for a, b in nobody):
            prefixes[address, length] = None
    prefixes = list(prefixes)
    sources = []
    while len(sources) < n_sources:
        address, length = rng.choice(prefixes)
        if length < bits:
            address |= rng.getrandbits(bits - length)
        if not any(a <= address <= b for a, b in nobody):
            sources.append(address)
    return prefixes, sources


def main():
    directory = sys.argv[1]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    os.makedirs(directory, exist_ok=True)
    for family, (bits, *_) in FAMILIES.items():
        prefixes, sources = make(family, random.Random(seed * 10 + family))
        number = ipaddress.IPv4Address if family == 4 else ipaddress.IPv6Address
        with open(f'{directory}/acl{family}', 'w', encoding='ascii') as file:
            for address, length in prefixes:
                file.write(f'allow {number(address)}/{length}\n')
        with open(f'{directory}/sources{family}', 'wb') as file:
            for address in sources:
                file.write(address.to_bytes(bits // 8, 'big').ljust(16, b'\0'))
    return 0


if __name__ == '__main__':
    sys.exit(main())
