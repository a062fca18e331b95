#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""VLAN tags, in the frame and offloaded; bridges, bonds and macvlan: the device
that is listened to is the one whose frames are answered."""
import errno
import subprocess

import nettest
import ntpnet
from nettest import CLI4, CLI6, CLI_MAC, SRV, SRV_MAC
from ntpnet import ETH_QINQ, ETH_VLAN

STRANGER = "02:00:5e:00:53:77"
# What the server is on its VLAN, bridge, ...
THERE = {4: "192.0.6.1", 6: "2001:db8:6::1"}
FROM = {4: "192.0.6.2", 6: "2001:db8:6::2"}


def add(lab, device, kind, mac=SRV_MAC):
    """A device of the server's on a network of its own."""
    try:
        lab.srv.ip(f"link add {kind}")
    except RuntimeError as why:
        raise nettest.Skip(f"no {device}: {why}") from None
    lab.srv.ip(f"""link set {device} address {mac}
        link set {device} up
        addr add {THERE[4]}/24 dev {device}
        addr add {THERE[6]}/64 dev {device} nodad
        neigh add {FROM[4]} lladdr {CLI_MAC} dev {device} nud permanent
        neigh add {FROM[6]} lladdr {CLI_MAC} dev {device} nud permanent""")


def there(lab, family, data=None, **more):
    return lab.frame(family, data, src=FROM[family], dst=THERE[family], **more)


def test_unknown(lab):
    """Tags that no device of this host takes."""
    for family in (4, 6):
        lab.table([(f"IPv{family}: {name}", lab.frame(family, tags=tags),
                    ingress, None) for name, tags, ingress in (
            ("VLAN 5, which is not here", [(ETH_VLAN, 5)], "pass_vlan"),
            ("VLAN 5, priority 7", [(ETH_VLAN, 7 << 13 | 5)], "pass_vlan"),
            ("VLAN 4095", [(ETH_VLAN, 4095)], "pass_vlan"),
            ("service VLAN 5", [(ETH_QINQ, 5)], "pass_vlan"),
            ("two tags", [(ETH_QINQ, 5), (ETH_VLAN, 6)], None),
            ("two tags of one kind", [(ETH_VLAN, 5), (ETH_VLAN, 6)], None),
        )])


def test_priority(lab):
    """A tag of VLAN 0 says priority alone: the frame is as one without."""
    for family in (4, 6):
        data = ntpnet.ntp()
        frame = lab.frame(family, data, tags=[(ETH_VLAN, 6 << 13)])
        lab.table([(f"IPv{family}: priority tag", frame, "answered",
                    "answered", lab.frame(family, data))], modes=("ingress",))
        lab.table([(f"IPv{family}: priority tag: local hook", frame, "answered",
                    "answered", lab.frame(family, data))], modes=("local",))


def one(lab, port, frame, outcomes):
    """What is wrong with the answer to a frame, and with what was counted. The
    sentinel would come in by another device: the answer itself is waited for."""
    before = lab.kntp.stats()
    port.drain()
    port.send(frame)
    asked = ntpnet.parse(frame)
    _, seen = port.until(lambda d: d.origin == asked.transmit and
                         not ntpnet.reply_faults(asked, d, None))
    counted = {key: n - before.get(key, 0) for key, n in
               lab.kntp.stats().items() if n != before.get(key, 0)}
    wanted = {}
    for hook, name in outcomes.items():
        wanted[hook, "in"] = wanted[hook, name] = 1
    return ([] if seen else ["no right answer"]) + (
        [] if counted == wanted else [f"counted {counted}, not {wanted}"])


def check(lab, name, port, frame, **outcomes):
    faults = one(lab, port, frame, outcomes)
    lab.ktap.ok(not faults, name, faults)


def test_vlan(lab):
    """A tag in the frame is taken off before the hook, and kept beside it, as
    is one that the client's own VLAN device left to the device below."""
    add(lab, "s0.5", "link s0 name s0.5 type vlan id 5")
    lab.cli.ip("""link add link c0 name c0.5 type vlan id 5
        link set c0.5 up""")
    with lab.cli:
        above = ntpnet.Port("c0.5")
    tag = [(ETH_VLAN, 5)]
    for devices, outcomes in (
            ((), {"local": "answered"}),
            (("s0",), {"ingress": "pass_vlan", "local": "answered"}),
            (("s0.5",), {"ingress": "answered"})):
        lab.listen("local", "ingress", devices=devices)
        for family in (4, 6):
            name = f"IPv{family}: VLAN device, {devices or 'local'} listened to"
            check(lab, name + ": tag in the frame", lab.port,
                  there(lab, family, tags=tag), **outcomes)
            check(lab, name + ": tag offloaded", above, there(lab, family),
                  **outcomes)
    lab.listen("ingress", devices=("s0.5", "s0"))
    before = lab.kntp.stats()
    answers = lab.answers([there(lab, 4, tags=tag)])
    lab.ktap.ok(len(answers) == 1 and lab.counted(before) ==
                {("ingress", "in"): 2, ("ingress", "pass_vlan"): 1,
                 ("ingress", "answered"): 1},
                "listened to above and below: answered once", answers)
    above.close()
    lab.listen("local")
    lab.srv.ip("link del s0.5")


def move_to(lab, device):
    """The server's addresses, from s0."""
    lab.srv.ip(f"""addr flush dev s0
        addr add {SRV[4]}/24 broadcast 192.0.2.255 dev {device}
        addr add {SRV[6]}/64 dev {device} nodad
        neigh replace {CLI4} lladdr {CLI_MAC} dev {device} nud permanent
        neigh replace {CLI6} lladdr {CLI_MAC} dev {device} nud permanent
        route replace default via {CLI4}
        route replace default via {CLI6} dev {device}""")


def upper(lab, name, device):
    """Frames to the station of the device above s0, which takes them all: it
    may be that s0 is a backup link, or blocked, so s0 itself answers nobody."""
    lab.listen("local", "ingress", devices=(device,))
    for family in (4, 6):
        check(lab, f"IPv{family}: {name}: {device} listened to", lab.port,
              lab.frame(family), ingress="answered")
    try:
        lab.kntp.listen("ingress", lab.s0)
        error = 0
    except OSError as why:
        error = why.errno
    lab.ktap.equal(error, errno.EBUSY, f"{name}: its port is refused")
    said = subprocess.run(["kntp", "-n", lab.srv.name, "listen", "add", "hook",
                           "ingress", "dev", "s0"], capture_output=True,
                          text=True, check=False).stderr
    lab.ktap.ok(f"s0 is a port of {device}: listen on {device}" in said or
                "is a port of another: listen on that one" in said,
                f"{name}: and why is said", said)


def enslave(lab, device, *before):
    """Makes s0 a port of a device. A listener that s0 has goes with that."""
    lab.listen("ingress")
    lab.srv.ip("\n".join((*before, f"link set s0 master {device}")))
    lab.ktap.equal(lab.kntp.listeners(), [],
                   f"s0 becomes a port of {device}: its listener goes")


def test_bridge(lab):
    try:
        lab.srv.ip("link add br0 type bridge forward_delay 0 stp_state 0")
    except RuntimeError as why:
        raise nettest.Skip(f"no bridge: {why}") from None
    lab.srv.ip(f"""link set s0 address {STRANGER}
        link set br0 address {SRV_MAC}""")
    enslave(lab, "br0")
    lab.srv.ip("link set br0 up")
    move_to(lab, "br0")
    upper(lab, "bridge", "br0")
    lab.listen("local")
    lab.srv.ip(f"""link del br0
        link set s0 address {SRV_MAC}""")
    move_to(lab, "s0")


def test_bond(lab):
    try:
        lab.srv.ip("link add bond0 type bond mode active-backup miimon 100")
    except RuntimeError as why:
        raise nettest.Skip(f"no bond: {why}") from None
    enslave(lab, "bond0", "link set s0 down")
    lab.srv.ip("link set bond0 up")
    move_to(lab, "bond0")
    nettest.wait_for(lambda: "LOWER_UP" in lab.srv.run(
        "ip", "-o", "link", "show", "bond0"))
    upper(lab, "bond", "bond0")
    lab.listen("local")
    lab.srv.ip("link del bond0\nlink set s0 up")
    move_to(lab, "s0")


def test_team(lab):
    """A team without its daemon has no mode, so it is not asked."""
    try:
        lab.srv.ip("link add team0 type team")
    except RuntimeError as why:
        raise nettest.Skip(f"no team: {why}") from None
    enslave(lab, "team0", "link set s0 down")
    lab.listen()
    lab.srv.ip("""link del team0
        link set s0 up""")
    move_to(lab, "s0")


def test_macvlan(lab):
    add(lab, "mv0", "link s0 name mv0 type macvlan mode bridge", STRANGER)
    for family in (4, 6):
        for listened, outcomes in (
                (("mv0",), {"ingress": "answered"}),
                (("s0",), {"ingress": "pass_not_mine", "local": "answered"})):
            lab.listen("local", "ingress", devices=listened)
            check(lab, f"IPv{family}: macvlan: {listened[0]} listened to",
                  lab.port, there(lab, family, dst_mac=STRANGER), **outcomes)
    lab.listen("local")
    lab.srv.ip("link del mv0")


nettest.main(test_unknown, test_priority, test_vlan, test_macvlan, test_bridge,
             test_bond, test_team)
