#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Netfilter and IPsec around the hooks: the local hook obeys INPUT and OUTPUT
and is a good citizen of connection tracking; the ingress hook comes behind
nftables' own ingress rules and before all others."""
import os
import time

import nettest
import ntpnet
from nettest import FAR, SRV

MARKED = {4: "198.51.100.200", 6: "2001:db8:99::c8"}


def nft(lab, rules):
    """In place of all there was; the line breaks are put where nft wants them."""
    text = " ".join(rules.split()).replace("{", "{\n").replace("}", "\n}\n")
    try:
        lab.srv.run("nft", "-f", "-", text="flush ruleset\n" + text)
    except RuntimeError as why:
        if "not supported" in str(why) or "No such file" in str(why):
            raise nettest.Skip(f"no nftables: {why}") from None
        raise


def chain(hook, rules, policy="accept", priority=0):
    return (f"table inet filter {{ chain {hook} {{ type filter hook {hook} "
            f"priority {priority}; policy {policy}; {rules} }} }}\n")


def test_input(lab):
    nft(lab, chain("input", "udp dport 123 drop;"))
    for family in (4, 6):
        lab.listen("local")
        before = lab.kntp.stats()
        lab.port.drain()
        lab.port.send(lab.frame(family))
        answers, _ = lab.port.until(lambda d: True, 0.2)
        lab.ktap.ok(not answers and lab.kntp.stats() == before,
                    f"IPv{family}: INPUT drops: local answers nobody", answers)
        lab.listen("local", "ingress")
        lab.ktap.ok(lab.ask(family), f"IPv{family}: INPUT drops: ingress does "
                    "not see it, as documented")
    nft(lab, chain("input", f"ip saddr {FAR[4]} udp dport 123 drop; "
                   f"ip6 saddr {FAR[6]} udp dport 123 drop;"))
    lab.listen("local")
    for family in (4, 6):
        lab.ktap.ok(not lab.ask(family) and
                    lab.ask(family, src=MARKED[family]),
                    f"IPv{family}: INPUT drops one source")
    nft(lab, chain("input", "udp dport 123 drop;", priority=52))
    for family in (4, 6):
        lab.ktap.ok(lab.ask(family), f"IPv{family}: rules behind the hook do "
                    "not see what it took")


def test_ingress_rules(lab):
    """The operator's own ingress rules come first."""
    nft(lab, f"""table netdev filter {{ chain in {{
        type filter hook ingress device s0 priority 0;
        ip saddr {FAR[4]} udp dport 123 drop;
        ip6 saddr {FAR[6]} udp dport 123 drop; }} }}
        """)
    lab.listen("ingress")
    for family in (4, 6):
        before = lab.kntp.stats()
        lab.ktap.ok(not lab.ask(family) and not lab.counted(before),
                    f"IPv{family}: a rule at ingress drops one source")
        lab.ktap.ok(lab.ask(family, src=MARKED[family]),
                    f"IPv{family}: and not another")


def test_output(lab):
    """A reply is what it is: a packet of the connection that the request began,
    not a new one."""
    lab.listen("local")
    for name, rules, good in (
            ("established are let out", "ct state established,related accept;",
             True),
            ("only new ones are", "ct state new accept;", False),
            ("only the reply direction is", "ct direction reply accept;", True),
            ("nothing is", "", False)):
        nft(lab, chain("output", rules, "drop"))
        for family in (4, 6):
            before = lab.kntp.stats()
            lab.port.drain()
            lab.port.send(lab.frame(family))
            lab.port.until(lambda d: True, 5 if good else 0.1)
            got = lab.kntp.stats()
            outcome = "answered" if good else "drop_transmit"
            lab.ktap.equal({key: n - before.get(key, 0) for key, n in
                            got.items() if n != before.get(key, 0)},
                           {("local", "in"): 1, ("local", outcome): 1},
                           f"IPv{family}: OUTPUT drops, but {name}")
    nft(lab, chain("output", "", "accept"))


def conntrack_count(lab):
    with lab.srv:
        return int(nettest.read("/proc/sys/net/netfilter/nf_conntrack_count"))


def test_conntrack(lab):
    """Spoofed requests leave no entry, and the table never fills."""
    nft(lab, chain("input", "ct state invalid drop;") +
        chain("output", "ct state established,related accept;"))
    lab.listen("local")
    count = 100000
    lab.ask(4)
    before, was = lab.kntp.stats(), conntrack_count(lab)
    most = was
    sender = nettest.flood(lab.cli, "c0", [lab.frame(4), lab.frame(6)], count,
                           lab.ktap.random.randrange(1 << 30), "spoof",
                           everywhere=True)
    while sender.poll() is None:
        most = max(most, conntrack_count(lab))
        time.sleep(0.02)
    sent = int(sender.communicate()[0])

    def answered():
        return lab.kntp.stats()["local", "answered"] - \
            before["local", "answered"]

    nettest.wait_for(lambda: answered() == count)
    lab.ktap.equal((sent, answered()), (count, count),
                   f"{count} spoofed requests are answered")
    after = conntrack_count(lab)
    # Between: what the request is while it is not yet an answer.
    lab.ktap.ok(after == was and most <= was + 2 * (os.cpu_count() or 1),
                "and leave nf_conntrack_count unchanged",
                f"{was} before, {after} after, at most {most} between")


def test_notrack(lab):
    nft(lab, "table inet raw { chain pre { type filter hook prerouting "
        "priority -300; udp dport 123 notrack; } chain out { type filter hook "
        "output priority -300; udp sport 123 notrack; } }\n" +
        chain("output", "ct state untracked accept;", "drop"))
    lab.listen("local")
    for family in (4, 6):
        lab.ktap.ok(lab.ask(family), f"IPv{family}: untracked both ways")
    nft(lab, "table inet raw { chain pre { type filter hook prerouting "
        "priority -300; udp dport 123 notrack; } }\n")
    for family in (4, 6):
        lab.ktap.ok(lab.ask(family), f"IPv{family}: untracked on its way in")


def test_fragments6(lab):
    """Where connections are tracked, fragments are put together before the
    local hook, and answered."""
    nft(lab, chain("input", "ct state invalid drop;"))
    whole = lab.frame(6)
    data, ident = whole[54:], os.urandom(4)
    parts = [ntpnet.ether(nettest.CLI_MAC, nettest.SRV_MAC, ntpnet.ip6(
        FAR[6], SRV[6], bytes((17, 0)) + (at | more).to_bytes(2, "big") +
        ident + data[at:end], proto=44))
             for at, end, more in ((0, 24, 1), (24, 40, 1), (40, 56, 0))]
    lab.table([("IPv6: fragments, with tracking", parts, "pass_fragment",
                "answered", whole)], modes=("local", "both"))


def test_dnat(lab):
    """Asked at an address that is translated to the server's, by a name that
    is not its own: answered from the address that was asked."""
    alias = {4: "192.0.2.99", 6: "2001:db8:1::99"}
    nft(lab, f"""table ip nat {{ chain pre {{ type nat hook prerouting
        priority -100; ip daddr {alias[4]} udp dport 123 dnat to {SRV[4]};
        ip daddr {SRV[4]} udp dport 1123 dnat to {SRV[4]}:123; }} }}
        table ip6 nat {{ chain pre {{ type nat hook prerouting
        priority -100; ip6 daddr {alias[6]} udp dport 123 dnat to {SRV[6]};
        ip6 daddr {SRV[6]} udp dport 1123 dnat to [{SRV[6]}]:123; }} }}
        """)
    for hooks in (("local",), ("local", "ingress")):
        lab.listen(*hooks)
        for family in (4, 6):
            for name, more in (("address", {"dst": alias[family]}),
                               ("port", {"dport": 1123})):
                frame = lab.frame(family, **more)
                lab.port.drain()
                lab.port.send(frame)
                asked, got = ntpnet.parse(frame), []
                for raw, tags in lab.port.frames(
                        ntpnet.time.monotonic() + 2 * ntpnet.SCALE):
                    got.append(ntpnet.parse(raw, tags))
                    if got[-1] and got[-1].origin == asked.transmit:
                        break
                faults = ntpnet.reply_faults(asked, got[-1], nettest.SRV_MAC) \
                    if got and got[-1] else ["no answer"]
                lab.ktap.ok(not faults, f"IPv{family}: {'+'.join(hooks)}: "
                            f"translated {name}: answered from it", faults)
    nft(lab, "")


def test_ipsec(lab):
    """Policies in force: ingress leaves the decision to the stack, and the
    local hook obeys it."""
    def policy(verb, direction, src, dst, *more):
        try:
            lab.srv.run("ip", "xfrm", "policy", verb, "src", src, "dst", dst,
                        "dir", direction, *more)
        except RuntimeError as why:
            raise nettest.Skip(f"no IPsec policies: {why}") from None

    nft(lab, "")
    for family in (4, 6):
        source = f"{FAR[family]}/{32 if family == 4 else 128}"
        policy("add", "in", source, SRV[family], "action", "block")
        lab.listen("local")
        wrong = lab.faults(lab.frame(family), {"local": "drop_ipsec"})
        wrong += lab.faults(lab.frame(family, src=MARKED[family]),
                            {"local": "answered"})
        lab.ktap.ok(not wrong, f"IPv{family}: a policy blocks one source", wrong)
        lab.listen("local", "ingress")
        before = lab.kntp.stats()
        lab.port.drain()
        frame = lab.frame(family, src=MARKED[family])
        lab.port.send(frame)
        nonce = ntpnet.parse(frame).transmit
        _, seen = lab.port.until(lambda d: d.origin == nonce)
        now = lab.kntp.stats()
        lab.ktap.ok(seen and now.get(("ingress", "pass_ipsec"), 0) ==
                    before.get(("ingress", "pass_ipsec"), 0) + 1,
                    f"IPv{family}: ingress leaves it to local", now)
        policy("delete", "in", source, SRV[family])
        policy("add", "out", SRV[family], source, "action", "block")
        lab.listen("local")
        wrong = lab.faults(lab.frame(family), {"local": "drop_no_route"})
        lab.ktap.ok(not wrong, f"IPv{family}: a policy blocks the way out",
                    wrong)
        policy("delete", "out", SRV[family], source)
        lab.listen("ingress")
        lab.ktap.ok(lab.ask(family), f"IPv{family}: no policy: ingress answers")


nettest.main(test_input, test_ingress_rules, test_output, test_conntrack,
             test_notrack, test_fragments6, test_dnat, test_ipsec)
