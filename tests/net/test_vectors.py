#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The vectors of tests/net/vectors, over the wire: each through both hooks, on
IPv4 and IPv6; the reply octet by octet but for what depends on the clock."""
import glob
import os

import nettest
import ntpnet

HERE = os.path.dirname(os.path.realpath(__file__))


def read_vectors():
    """({name: words of `kntp clock set`}, [{key: value} of each vector])."""
    servers, vectors, block = {}, [], {}
    for path in sorted(glob.glob(HERE + "/vectors/*.vec")):
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                if not line or line.startswith("#"):
                    continue
                key, _, value = line.partition(" ")
                if key in ("server", "vector"):
                    block = {"name": value}
                    if key == "server":
                        servers[value] = block
                    else:
                        vectors.append(block)
                block[key] = value
    return {name: s["clock"].split() for name, s in servers.items()}, vectors


def unhex(text):
    return b"" if text == "-" else bytes.fromhex(text)


def differs(vector, got):
    """How the payload of a reply is not what the vector says."""
    wanted, ignore = unhex(vector["reply"]), unhex(vector["ignore"])
    if len(got) != len(wanted):
        return f"{len(got)} octets, not {len(wanted)}"
    for a, b, mask in zip(got, wanted, ignore):
        if (a ^ b) & ~mask:
            return f"got {got.hex()}"
    return None


def replay(lab, vector, family):
    frame = lab.frame(family, unhex(vector["request"]),
                      sport=int(vector["port"]))
    hook = lab.kntp.listeners()[0][0]
    before = lab.kntp.stats()
    answers = lab.answers([frame])
    outcome = vector["outcome"]
    wanted = {(hook, "in"): 1, (hook, outcome): 1}
    counted, wrong = lab.counted(before), []
    if counted != wanted:
        wrong.append(f"counted {counted}, not {wanted}")
    if len(answers) != (outcome == "answered"):
        wrong.append(f"{len(answers)} answers")
    elif answers:
        wrong += ntpnet.reply_faults(ntpnet.parse(frame), answers[0],
                                     nettest.SRV_MAC)
        if differs(vector, answers[0].data):
            wrong.append(differs(vector, answers[0].data))
    return [f"{hook}, IPv{family}: {fault}" for fault in wrong]


def test_vectors(lab):
    servers, vectors = read_vectors()
    wrong = {vector["name"]: [] for vector in vectors}
    assert len(wrong) == len(vectors) > 100
    for hook in ("local", "ingress"):
        lab.listen(hook)
        for state, words in servers.items():
            nettest.run("kntp", "clock", "set", *words)
            for vector in vectors:
                if vector["when"] == state:
                    for family in (4, 6):
                        wrong[vector["name"]] += replay(lab, vector, family)
    for vector in vectors:
        lab.ktap.ok(not wrong[vector["name"]], vector["name"],
                    "\n".join([vector["clause"]] + wrong[vector["name"]]))


nettest.main(test_vectors)
