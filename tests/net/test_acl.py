#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The access list as packets meet it: closed until opened, the longest prefix
wins, each network namespace has its own, and a change takes hold between two
packets."""
import errno
import ipaddress
import threading

import nettest
from kntpnl import NLM_F_DUMP, Kntp
from nettest import FAR

ALLOW, AUTH, DENY, PASS, NONE = "allow", "auth", "deny", "pass", None
STAT = {ALLOW: "answered", AUTH: "drop_auth", DENY: "drop_denied",
        PASS: "pass_acl", NONE: "drop_denied"}
# Nested as deep as it goes; the address that is asked from, and who decides.
LIST = {
    4: {"198.51.0.0/16": ALLOW, "198.51.100.0/24": DENY,
        "198.51.100.128/25": PASS, "198.51.100.192/32": ALLOW,
        "198.51.100.193/32": DENY, "203.0.113.0/24": PASS,
        "203.0.113.64/26": ALLOW, "100.64.0.0/10": ALLOW,
        "100.127.255.0/24": AUTH},
    6: {"2001:db8::/32": ALLOW, "2001:db8:99::/48": DENY,
        "2001:db8:99:1::/64": PASS, "2001:db8:99:1::5/128": ALLOW,
        "2001:db8:99:1::6/128": DENY, "2001:db8:8000::/33": ALLOW,
        "3fff::/20": PASS, "2a00::/16": AUTH},
}
SOURCES = {
    4: ("198.51.7.7", "198.51.100.1", "198.51.100.127", "198.51.100.128",
        "198.51.100.191", "198.51.100.192", "198.51.100.193", "198.51.100.194",
        "203.0.113.63", "203.0.113.64", "203.0.113.127", "203.0.113.128",
        "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0",
        "9.9.9.9"),
    6: ("2001:db8:7::99", "2001:db8:99::1", "2001:db8:99:1::1",
        "2001:db8:99:1::5", "2001:db8:99:1::6", "2001:db8:99:1::7",
        "2001:db8:99:2::1", "2001:db8:ffff::1", "2001:db7:ffff::1",
        "3fff:fff:ffff::1", "3fff:1000::1", "2a00::1"),
}


def verdict(prefixes, source):
    """Said again, slowly."""
    best = None
    for prefix, what in prefixes.items():
        net = ipaddress.ip_network(prefix)
        if ipaddress.ip_address(source) in net and (
                best is None or net.prefixlen > best[0]):
            best = net.prefixlen, what
    return best[1] if best else NONE


def flush(lab):
    """Nobody is allowed but the sentinels."""
    lab.kntp.cmd("ACL_FLUSH")
    for sentinel in nettest.SENTINEL.values():
        lab.kntp.acl("allow", sentinel)


def test_closed(lab):
    """A list without an entry for anybody, and no list at all."""
    flush(lab)
    lab.table([(f"IPv{family}: nobody is allowed", lab.frame(family),
                "drop_denied", "drop_denied") for family in (4, 6)])
    lab.kntp.cmd("ACL_FLUSH")
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            before = lab.kntp.stats()
            lab.port.send(lab.frame(family))
            name = (hook, "drop_denied")
            lab.ktap.ok(nettest.wait_for(lambda: lab.kntp.stats().get(name, 0) ==
                                         before.get(name, 0) + 1, 2),
                        f"IPv{family}: {hook}: an empty list denies all")
    flush(lab)


def test_longest(lab):
    for family in (4, 6):
        flush(lab)
        order = list(LIST[family].items())
        lab.ktap.random.shuffle(order)
        for prefix, what in order:
            lab.kntp.acl(what, prefix)
        cases = []
        for source in SOURCES[family]:
            what = verdict(LIST[family], source)
            cases.append((f"from {source}: {what}",
                          lab.frame(family, src=source), STAT[what], STAT[what]))
        lab.table(cases)
        said = nettest.run("kntp", "-n", lab.srv.name, "acl", "check",
                           SOURCES[family][0])
        lab.ktap.ok(ALLOW in said, f"IPv{family}: `acl check` says so too", said)


def test_change(lab):
    """Verdicts change, prefixes come and go, and the next packet knows."""
    flush(lab)
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for family in (4, 6):
            host = f"{FAR[family]}/{32 if family == 4 else 128}"
            net = f"{FAR[family]}/{24 if family == 4 else 64}"
            net = str(ipaddress.ip_network(net, strict=False))
            now, wrong = {}, []
            for prefix, what in ((net, ALLOW), (host, DENY), (host, PASS),
                                 (host, AUTH), (host, NONE), (net, DENY), (host, ALLOW),
                                 (net, NONE), (host, NONE)):
                if what:
                    lab.kntp.acl(what, prefix)
                    now[prefix] = what
                else:
                    lab.kntp.acl_del(prefix)
                    del now[prefix]
                wrong += lab.faults(lab.frame(family), {
                    hook: STAT[verdict(now, FAR[family])]})
            lab.ktap.ok(not wrong, f"IPv{family}: {hook}: each change of the "
                        "list holds for the next packet", wrong)


def test_refused(lab):
    """A change that is refused changes nothing."""
    flush(lab)
    lab.kntp.acl("allow", f"{FAR[4]}/32")
    lab.listen("ingress")
    try:
        lab.kntp.acl_del(f"{FAR[4]}/32", "192.0.2.99/32")
        error = 0
    except OSError as refused:
        error = refused.errno
    lab.ktap.equal(error, errno.ENOENT, "a prefix that is not there")
    lab.ktap.ok(lab.ask(), "none was deleted: still answered")


def test_namespaces(lab):
    """What one namespace allows, listens to and counts is its own."""
    other = lab.netns("other")
    flush(lab)
    lab.kntp.acl("allow", "0.0.0.0/0", "::/0")
    lab.listen("local", "ingress")
    with other:
        there = Kntp()
    lab.ktap.equal((there.listeners(), there.stats(),
                    there.cmd("ACL_GET", flags=NLM_F_DUMP)),
                   ([], {}, []), "another namespace has none of it")
    there.acl("deny", "0.0.0.0/0")
    there.listen("local")
    lab.ktap.ok(lab.ask(), "and what it denies is answered here")
    there.cmd("ACL_FLUSH")
    there.cmd("STATS_RESET")
    lab.ktap.ok(lab.ask() and lab.kntp.stats(), "nor does it flush or reset it")
    lab.ktap.equal(there.stats(), {}, "it has counted nothing")
    there.close()


def test_traffic(lab):
    """A list that is replaced as a whole, again and again under traffic, never
    shows a state that is neither."""
    flush(lab)
    lab.kntp.acl("allow", "0.0.0.0/0")
    lab.listen("ingress")
    stop = threading.Event()
    commits = []

    def replace():
        with lab.srv:
            kntp = Kntp()
        while not stop.is_set():
            kntp.cmd("ACL_BEGIN")
            kntp.acl(ALLOW, f"{FAR[4]}/32")
            kntp.acl(ALLOW, "198.51.100.250/32")
            for i in range(32):
                kntp.acl(DENY, *(f"10.{i}.{j}.0/24" for j in range(32)))
            kntp.cmd("ACL_COMMIT")
            commits.append(1)
        kntp.close()

    thread = threading.Thread(target=replace)
    thread.start()
    asked = answered = 0
    try:
        while len(commits) < 8 and asked < 20000:
            asked += 1
            answered += bool(lab.ask())
    finally:
        stop.set()
        thread.join()
    lab.ktap.equal(answered, asked, "replaced under traffic: all are answered")
    lab.ktap.note(f"{len(commits)} commits during {asked} requests")


nettest.main(test_closed, test_longest, test_change, test_refused,
             test_namespaces, test_traffic)
