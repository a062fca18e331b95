#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a real client makes of a step of the server's system clock."""
import time

import lab
import peers

STEP = 10


def step_clock(seconds):
    now = time.clock_gettime(time.CLOCK_REALTIME)
    time.clock_settime(time.CLOCK_REALTIME, now + seconds)


def unsynchronised(client):
    return (client.data("Leap status") == "Not synchronised" and
            client.source()[:2] == ("^", "?"))


def verdicts(test, what, clients, verdict):
    test.settle([(f"{where}: {what}", lambda client=client: verdict(client),
                  client.why) for where, client in clients])


def step(test):
    pairs = test.pairs("local", "ingress")
    clients = []
    for pair in pairs:
        pair.listen()
        clients += [(f"{pair.hook} IPv{family}",
                     peers.Chronyd(test, pair.client, pair.server_addr[family]))
                    for family in (4, 6)]
    verdicts(test, "chronyd selects it (^*)", clients, peers.Chronyd.accepted)
    steps = test.clock()["steps"]
    step_clock(STEP)
    try:
        test.equal("the module noticed the step",
                   (test.clock()["state"], test.clock()["steps"]),
                   ("stepped", steps + 1))
        verdicts(test, "after a step chronyd finds it not synchronised (^?)",
                 clients, unsynchronised)
        test.vouch()
        verdicts(test, "vouched for again, chronyd selects it (^*)", clients,
                 lambda client: client.selected(stratum=1))
        test.balance(*pairs)
    finally:
        step_clock(-STEP)


if __name__ == "__main__":
    lab.main(step)
