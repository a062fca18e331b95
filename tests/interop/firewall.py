#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The local hook and nftables: drop in INPUT, state in OUTPUT, DNAT."""
import json
import socket

import lab
import peers

REQUESTS = 5
PORT = 1123
# An address that is nowhere: only the firewall knows where it leads.
ASKED = {4: "10.78.0.1", 6: "fd78::1"}
FAMILY = {4: "ip", 6: "ip6"}

# No sets: under lockdep, 6.12 complains of itself when one is made.
INPUT = """
table inet kntp {
	counter refused { }
	chain input {
		type filter hook input priority filter; policy accept;
		udp dport 123 counter name refused drop
	}
}
"""

OUTPUT = """
table inet kntp {
	counter let { }
	counter stopped { }
	chain output {
		type filter hook output priority filter; policy drop;
		icmpv6 type nd-neighbor-solicit accept
		icmpv6 type nd-neighbor-advert accept
		ct state established,related counter name let accept
		udp sport 123 counter name stopped
	}
}
"""


def nft(test, pair, rules):
    test.command("nft", "-f", "-", ns=pair.server, text=rules)


def counter(test, pair, name):
    said = json.loads(test.command("nft", "-j", "list", "counter", "inet", "kntp",
                                   name, ns=pair.server))
    return next(o["counter"]["packets"] for o in said["nftables"] if "counter" in o)


def ask(pair):
    """Requests of both families from sockets that are returned."""
    socks = []
    for family, kind in ((4, socket.AF_INET), (6, socket.AF_INET6)):
        with lab.inside(pair.client):
            sock = socket.socket(kind, socket.SOCK_DGRAM)
        sock.connect((pair.server_addr[family], 123))
        for _ in range(REQUESTS):
            sock.send(b"\x23" + bytes(47))
        socks.append(sock)
    return socks


def answers(socks):
    count = 0
    for sock in socks:
        try:
            while sock.recv(512, socket.MSG_DONTWAIT):
                count += 1
        except BlockingIOError:
            pass
    return count


def both(pair, options=""):
    """A chronyd for each family."""
    return [peers.Chronyd(pair.lab, pair.client, pair.server_addr[family], options)
            for family in (4, 6)]


def settle(test, what, clients):
    test.settle([(f"{what}: chronyd selects it, IPv{family}", c.accepted, c.why)
                 for family, c in zip((4, 6), clients)])
    for client in clients:
        client.stop()


def drop_in_input(test, pair):
    nft(test, pair, INPUT)
    socks = ask(pair)
    # Softirq answers before the next packet is refused.
    test.result(test.until(lambda: counter(test, pair, "refused") == 2 * REQUESTS),
                "INPUT drops UDP/123: every request got as far as INPUT",
                f"{counter(test, pair, 'refused')} did")
    test.equal("INPUT drops UDP/123: nobody is answered", answers(socks), 0)
    test.equal("INPUT drops UDP/123: the hook saw none", pair.counters()["in"], 0)
    nft(test, pair, "delete table inet kntp")
    socks = ask(pair)
    got = []

    def all_came():
        got.append(answers(socks))
        return sum(got) == 2 * REQUESTS

    test.result(test.until(all_came), "INPUT accepts again: all are answered",
                f"{sum(got)} answers")


def state_in_output(test, pair):
    nft(test, pair, OUTPUT)
    clients = both(pair)
    what = "OUTPUT lets only established out"
    settle(test, what, clients)
    answered = pair.counters()["answered"]
    test.result(counter(test, pair, "let") >= 6, f"{what}: that is what let them",
                test.command("nft", "list", "ruleset", ns=pair.server))
    test.equal(f"{what}: no reply was new", counter(test, pair, "stopped"), 0)
    test.result(answered > 0, f"{what}: the module replied", str(answered))

    # The same firewall without that rule is obeyed as well.
    nft(test, pair, "delete table inet kntp")
    nft(test, pair, OUTPUT.replace("ct state established,related", "ct state new"))
    socks = ask(pair)
    test.result(test.until(lambda: counter(test, pair, "stopped") == 2 * REQUESTS),
                "OUTPUT lets only new out: every reply is stopped",
                f"{counter(test, pair, 'stopped')} were")
    test.equal("OUTPUT lets only new out: nobody gets an answer", answers(socks), 0)
    test.result(pair.counters()["dropped"]["transmit"] >= 2 * REQUESTS,
                "OUTPUT lets only new out: counted as drop transmit",
                pair.kntp("stats", "show"))
    nft(test, pair, "delete table inet kntp")


def translated(test, pair):
    """Address and port are others than those that were asked."""
    for family, word in FAMILY.items():
        via, asked = pair.server_addr[family], ASKED[family]
        test.ip(pair.client, f"route add {asked} via {via}")
        to = f"[{via}]" if family == 6 else via
        nft(test, pair, f"""
table {word} kntpnat {{
	chain prerouting {{
		type nat hook prerouting priority dstnat; policy accept;
		{word} daddr {asked} udp dport 123 dnat to {to}:123
		{word} daddr {asked} udp dport {PORT} dnat to {to}:123
	}}
}}
""")
    clients = [peers.Chronyd(test, pair.client, asked, options)
               for options in ("", f"port {PORT}") for asked in ASKED.values()]
    before = pair.counters()["answered"]
    for what, two in (("DNAT", clients[:2]), ("DNAT of the port too", clients[2:])):
        settle(test, what, two)
    test.result(pair.counters()["answered"] > before, "DNAT: the module replied",
                pair.kntp("stats", "show"))
    for word in FAMILY.values():
        nft(test, pair, f"delete table {word} kntpnat")


def firewall(test):
    pair, = test.pairs("local")
    pair.listen()
    drop_in_input(test, pair)
    state_in_output(test, pair)
    translated(test, pair)
    test.balance(pair)


if __name__ == "__main__":
    lab.main(firewall)
