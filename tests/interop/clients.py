#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Five real clients accept the time, through both hooks, IPv4 and IPv6."""
import lab
import peers

CLIENTS = [
    ("openntpd finds it valid", peers.Openntpd),
    ("chronyd selects it (^*)", peers.Chronyd),
    ("busybox ntpd accepts it", peers.Busybox),
    ("systemd-timesyncd synchronises to it", peers.Timesyncd),
    ("chronyd -Q accepts it", peers.ChronydQuery),
    ("ntpdig accepts it", peers.Ntpdig),
]

# What else chronyd can be told to ask like.
WAYS = ["xleave", "version 1", "version 2", "version 3", "version 4"]


class Variants(peers.Chronyd):
    """One chronyd that asks in every way, each another address of the server.

    It believes them all, whichever it selects.
    """

    def __init__(self, test, pair, family):
        self.sources = {way: pair.add_server(10 * family + n)[family]
                        for n, way in enumerate(WAYS)}
        super().__init__(test, pair.client, None, also=[
            f"server {addr} {self.FAST} {way}"
            for way, addr in self.sources.items()])

    def believes(self, way):
        addr = self.sources[way]
        version = way.removeprefix("version ") if "version" in way else "4"
        return (self.has_selected() and
                self.source(addr)[1:3] in (("*", 1), ("+", 1), ("-", 1)) and
                self.data("Version", addr) == version)


def symmetric(test, pair, family):
    """Mode 1 is answered in mode 2. From port 123, so from its own address."""
    addr = pair.add_client(10 + family)[family]
    return peers.ChronydPeer(test, pair.client, pair.server_addr[family],
                             also=[f"bindaddress {addr}"])


def start(test, pair, family):
    """All clients, as (name, condition, why), and the clients themselves."""
    where = f"{pair.hook} IPv{family}"
    started = [(f"{where}: {name}",
                client(test, pair.client, pair.server_addr[family]))
               for name, client in CLIENTS]
    started.append((f"{where}: a chronyd peer selects it (=*)",
                    symmetric(test, pair, family)))
    checks = [(name, client.accepted, client.why) for name, client in started]
    variants = Variants(test, pair, family)
    checks += [(f"{where}: chronyd with {way} accepts it",
                lambda way=way: variants.believes(way), variants.why)
               for way in WAYS]
    return checks, [client for _, client in started] + [variants]


def clients(test):
    pairs = test.pairs("local", "ingress")
    steps = test.clock()["steps"]
    checks, started = [], []
    for pair in pairs:
        pair.listen()
        for family in 4, 6:
            more, clients_ = start(test, pair, family)
            checks += more
            started += clients_
    test.settle(checks, 30)
    test.stop(*[client.process for client in started])
    for pair in pairs:
        stats = pair.counters()
        test.result(stats["in"] == stats["answered"] > 0,
                    f"{pair.hook}: the module answered every request",
                    pair.kntp("-v", "stats", "show"))
    test.balance(*pairs)
    test.equal("no client stepped the clock", test.clock()["steps"], steps)


if __name__ == "__main__":
    lab.main(clients)
