#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The way back: link-local addresses, VRFs, policy and asymmetric routes, no
route at all. The local hook's replies are routed; the ingress hook's go back
to the station that asked."""
import nettest
import ntpnet
from nettest import CLI4, CLI6, CLI_LL, CLI_MAC, SRV, SRV_LL, SRV_MAC

BACK_MAC = "02:00:5e:00:53:04"
BACK = {4: "192.0.8.2", 6: "2001:db8:8::2"}
TABLE = 77


def counted(lab, before):
    return {key: n - before.get(key, 0) for key, n in lab.kntp.stats().items()
            if n != before.get(key, 0)}


def check(lab, name, frame, hook, port=None, station=SRV_MAC,
          outcome="answered"):
    """One frame to s0, whose answer comes to a port, to a station of its own
    or that which asked."""
    port = port or lab.port
    before = lab.kntp.stats()
    port.drain()
    lab.port.send(frame)
    asked = ntpnet.parse(frame)
    answers = []
    if outcome == "answered":
        _, seen = port.until(lambda d: answers.append(d) or True)
    else:
        seen = nettest.wait_for(lambda: counted(lab, before), 2)
    delta = counted(lab, before)
    faults = [] if seen else ["nothing came"]
    for answer in answers:
        if port is not lab.port:
            asked.src_mac, station = BACK_MAC, None
        faults += ntpnet.reply_faults(asked, answer, station)
    if delta != {(hook, "in"): 1, (hook, outcome): 1}:
        faults.append(f"counted {delta}")
    lab.ktap.ok(not faults, f"{hook}: {name}", faults)


def test_link_local(lab):
    """A client on the link, at either kind of address of the server's; fe80::
    of a station that no neighbour table knows is asked for."""
    strange = "fe80::1234:5678:9abc:def0"
    for hook in ("local", "ingress"):
        lab.listen(hook)
        check(lab, "link-local to link-local",
              lab.frame(6, src=CLI_LL, dst=SRV_LL), hook)
        check(lab, "link-local to global", lab.frame(6, src=CLI_LL), hook)
        check(lab, "global to link-local",
              lab.frame(6, src=CLI6, dst=SRV_LL), hook)
    lab.listen("ingress")
    check(lab, "link-local, of an unknown station",
          lab.frame(6, src=strange, dst=SRV_LL,
                    src_mac="02:00:5e:00:53:09"), "ingress")


def add_back(lab):
    """A second link, b0 - b1, by which all routes go back."""
    lab.srv.ip(f"""link add b0 type veth peer name b1 netns {lab.cli.name}
        link set b0 up
        addr add 192.0.8.1/24 dev b0
        addr add 2001:db8:8::1/64 dev b0 nodad
        neigh add {BACK[4]} lladdr {BACK_MAC} dev b0 nud permanent
        neigh add {BACK[6]} lladdr {BACK_MAC} dev b0 nud permanent""")
    lab.cli.ip(f"""link set b1 address {BACK_MAC}
        link set b1 up""")
    with lab.cli:
        return ntpnet.Port("b1")


def test_asymmetric(lab):
    """Replies of the local hook take the route, those of ingress do not; both
    keep the address that was asked."""
    back = add_back(lab)
    nets = {4: "198.51.100.0/24", 6: "2001:db8:99::/48"}
    for family in (4, 6):
        lab.listen("local")
        # Asked before the route changes: what is kept of it must go.
        for _ in range(4):
            lab.ask(family)
        lab.srv.ip(f"route add {nets[family]} via {BACK[family]}")
        check(lab, f"IPv{family}: another way back", lab.frame(family), "local",
              back)
        lab.listen("ingress")
        check(lab, f"IPv{family}: another way back, to the station",
              lab.frame(family), "ingress")
        lab.srv.ip(f"route del {nets[family]}")
        lab.listen("local")
        check(lab, f"IPv{family}: the old way again", lab.frame(family), "local")
    # A link-local address of this host has no meaning on the other link.
    lab.listen("local")
    lab.srv.ip(f"route add {nets[6]} via {BACK[6]} metric 10")
    lab.srv.ip(f"route add {nets[6]} via {CLI6} dev s0 metric 20")
    check(lab, "asked at the link-local address: by the link of the request",
          lab.frame(6, dst=SRV_LL), "local")
    lab.srv.ip(f"route del {nets[6]} metric 10\nroute del {nets[6]} metric 20")
    for family in (4, 6):
        # Policy routing: by the mark of the request, reflected.
        flag = "-4" if family == 4 else "-6"
        lab.srv.run("ip", flag, "rule", "add", "from", SRV[family], "dport",
                    "7777", "table", str(TABLE))
        lab.srv.run("ip", flag, "route", "add", "default", "via", BACK[family],
                    "table", str(TABLE))
        check(lab, f"IPv{family}: a rule for a port", lab.frame(
            family, sport=7777), "local", back)
        check(lab, f"IPv{family}: and not for another", lab.frame(family),
              "local")
        lab.srv.run("ip", flag, "rule", "del", "table", str(TABLE))
    back.close()
    lab.srv.ip("link del b0")


def test_no_route(lab):
    lab.srv.ip("""route add unreachable 198.51.100.0/25
        route add unreachable 2001:db8:99::/112""")
    lab.listen("local")
    for family in (4, 6):
        lab.kntp.allow_all()
        check(lab, f"IPv{family}: no route back", lab.frame(family), "local",
              outcome="drop_no_route")
    lab.listen("ingress")
    for family in (4, 6):
        check(lab, f"IPv{family}: no route is needed", lab.frame(family),
              "ingress")
    lab.srv.ip("""route del unreachable 198.51.100.0/25
        route del unreachable 2001:db8:99::/112""")


def into_vrf(lab):
    try:
        lab.srv.ip(f"link add red type vrf table {TABLE}")
    except RuntimeError as why:
        raise nettest.Skip(f"no VRF: {why}") from None
    lab.srv.ip(f"""link set red up
        link set s0 master red
        addr replace {SRV[6]}/64 dev s0 nodad
        neigh replace {CLI4} lladdr {CLI_MAC} dev s0 nud permanent
        neigh replace {CLI6} lladdr {CLI_MAC} dev s0 nud permanent
        neigh replace {CLI_LL} lladdr {CLI_MAC} dev s0 nud permanent
        route add default via {CLI4} table {TABLE}
        route add default via {CLI6} dev s0 table {TABLE}""")
    nettest.wait_for(lambda: SRV_LL in lab.srv.run(
        "ip", "-6", "addr", "show", "dev", "s0"))


def test_vrf(lab):
    """A device in a VRF: the replies stay in it; so do addresses."""
    into_vrf(lab)
    # The same address outside of the VRF is none of its own.
    lab.srv.ip("""link add d9 type dummy
        link set d9 up
        addr add 203.0.113.1/24 dev d9
        addr add 2001:db8:2::1/64 dev d9 nodad""")
    lab.listen("local")
    for family in (4, 6):
        check(lab, f"IPv{family}: VRF, udp_l3mdev_accept 0", lab.frame(family),
              "local", outcome="pass_not_mine")
    lab.srv.sysctl("net.ipv4.udp_l3mdev_accept", 1)
    for hook in ("local", "ingress"):
        lab.listen(hook)
        check(lab, "VRF: from ::", lab.frame(6, src="::"), hook,
              outcome="drop_source")
        for family in (4, 6):
            for _ in range(3):	# the third by a route that is kept
                check(lab, f"IPv{family}: VRF", lab.frame(family), hook)
        check(lab, "VRF: link-local",
              lab.frame(6, src=CLI_LL, dst=SRV_LL), hook)
        check(lab, "VRF: link-local to global", lab.frame(6, src=CLI_LL), hook)
    lab.listen("ingress")
    for family in (4, 6):
        check(lab, f"IPv{family}: VRF: from this host's own address",
              lab.frame(family, src=SRV[family]), "ingress",
              outcome="drop_source")
    check(lab, "VRF: an address outside of it", lab.frame(dst="203.0.113.1"),
          "ingress", outcome="pass_not_mine")
    lab.listen("local")
    lab.srv.ip(f"""link del d9
        link del red
        addr replace {SRV[6]}/64 dev s0 nodad
        neigh replace {CLI4} lladdr {CLI_MAC} dev s0 nud permanent
        neigh replace {CLI6} lladdr {CLI_MAC} dev s0 nud permanent
        route replace default via {CLI4}
        route replace default via {CLI6} dev s0""")
    lab.srv.sysctl("net.ipv4.udp_l3mdev_accept", 0)
    for family in (4, 6):
        check(lab, f"IPv{family}: out of the VRF again", lab.frame(family),
              "local")


def test_many(lab):
    """Routes are kept of those who ask twice; each answer still goes where it
    should, whoever asked before."""
    rng = lab.ktap.random
    lab.listen("local")
    wrong = []
    sources = [f"10.{rng.randrange(256)}.{rng.randrange(256)}."
               f"{rng.randrange(1, 255)}" for _ in range(150)]
    sources += [f"2001:db8:99::{rng.randrange(1, 65536):x}" for _ in range(150)]
    for source in [rng.choice(sources) for _ in range(600)]:
        family = 6 if ":" in source else 4
        wrong += lab.faults(lab.frame(family, src=source),
                            {"local": "answered"})
    lab.ktap.ok(not wrong, "many sources, again and again", wrong[:5])


nettest.main(test_link_local, test_asymmetric, test_no_route, test_vrf,
             test_many)
