#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A kntpd follows another: what that has set in the module is its own then, and
taken back where the configuration has it no more; what an operator has set is
not. Clients notice nothing."""
import json
import signal

import lab
import sender
from kntpd import ANSWERS, Kntpd, Lan

LOCAL, ETH0 = "hook local", "hook ingress dev eth0"
OPERATOR = "hook ingress dev extra0"


def listeners(daemon):
    return daemon.kntp("listen", "show")[1].splitlines()


def config(daemon, *listen):
    return ["local stratum 5", "allow all", f"dumpdir {daemon.dir}",
            *(f"listen {one}" for one in listen)]


def are(test, daemon, name, *wanted):
    test.result(test.until(lambda: set(listeners(daemon)) == set(wanted)),
                f"{name}: {', '.join(wanted)}",
                lambda: f"{listeners(daemon)}\n{daemon.why()}")


def leave(test, daemon):
    daemon.process.send_signal(signal.SIGQUIT)
    test.result(test.until(lambda: daemon.process.poll() is not None),
                "SIGQUIT: it ends", daemon.why)
    test.equal("its status", daemon.process.wait(), 0)


def follows(test, lan):
    test.ip("kntpd", "link add extra0 type dummy")
    test.command("kntp", "-n", "kntpd", "listen", "add", *OPERATOR.split())
    daemon = Kntpd(test, "kntpd", ["local stratum 5", "allow all",
                                   f"listen {LOCAL}", f"listen {OPERATOR}"])
    are(test, daemon, "the first", LOCAL, OPERATOR)
    test.result(test.until(lambda: daemon.synced(5)), "it has the time",
                daemon.why)
    load = sender.Sender([("other", lan.address["kntpd"])])

    def goes_on(name):
        load.goes_on(test, name, ANSWERS, 20)

    goes_on("by the first")
    leave(test, daemon)
    are(test, daemon, "what it leaves", LOCAL, OPERATOR)
    goes_on("between the two")
    daemon.configure(config(daemon, LOCAL, ETH0, OPERATOR))
    daemon.begin()
    are(test, daemon, "the second, which adds", LOCAL, ETH0, OPERATOR)
    goes_on("by the second")
    leave(test, daemon)
    daemon.configure(config(daemon, ETH0))
    daemon.begin()
    are(test, daemon, "the third drops what it is to have no more", ETH0,
        OPERATOR)
    goes_on("by the third")
    daemon.kill()
    goes_on("by a kntpd that was killed")
    daemon.configure(config(daemon, LOCAL, ETH0))
    daemon.begin()
    are(test, daemon, "the fourth", ETH0, LOCAL, OPERATOR)
    goes_on("by the fourth")
    load.stop(test)
    test.equal("requests that were not answered", len(load.pending), 0)
    test.equal("strata that were told", {a.stratum for a in load.answers}, {5})
    test.stop(daemon.process)
    are(test, daemon, "SIGTERM takes all but the operator's", OPERATOR)
    return daemon


def forgets(test, daemon):
    """What was kept is of a module that is there no more."""
    daemon.begin()
    are(test, daemon, "the fifth", ETH0, LOCAL, OPERATOR)
    leave(test, daemon)
    test.unload()
    test.load()
    daemon.begin()
    are(test, daemon, "with a new module", ETH0, LOCAL)
    leave(test, daemon)
    daemon.configure(["local stratum 5", "allow all", f"listen {LOCAL}"])
    daemon.begin()
    are(test, daemon, "nowhere to read it: the others are somebody's", ETH0,
        LOCAL)
    test.stop(daemon.process)
    are(test, daemon, "and stay", ETH0, LOCAL)
    test.command("kntp", "-n", "kntpd", "listen", "del", *LOCAL.split())
    daemon.begin()
    are(test, daemon, "with nowhere to keep it", ETH0, LOCAL)
    leave(test, daemon)
    are(test, daemon, "SIGQUIT takes it as well", ETH0)


def rules(test, daemon):
    """Access list, clients' room, limits and keys that the module has."""
    kntp = ["kntp", "-n", "kntpd"]
    access = test.command(*kntp, "-c", "acl", "show").split()
    limits = json.loads(test.command(*kntp, "-j", "limit", "show"))["limits"]
    keys = json.loads(test.command(*kntp, "-j", "key", "show"))["keys"]
    room = json.loads(test.command(*kntp, "-j", "client", "show"))["entries"]
    return access, room, [(l["of"], l["burst"]) for l in limits], \
        [k["id"] for k in keys]


def takes_back(test):
    """Rules that are in the configuration no more, by a reload and a restart."""
    test.unload()
    test.load()
    daemon = Kntpd(test, "kntpd", ["local stratum 5"])
    keys = daemon.write("keys", "7 SHA256 HEX:" + 32 * "a5" + "\n", 0o644)
    some = ["local stratum 5", "allow 10.79.0.0/24", f"keyfile {keys}",
            "ratelimit interval 1 burst 16", "clientloglimit 139264",
            f"dumpdir {daemon.dir}"]
    none = ["local stratum 5", f"dumpdir {daemon.dir}"]

    def has(name, wanted):
        test.result(test.until(lambda: rules(test, daemon) == wanted),
                    f"{name}: {wanted}",
                    lambda: f"{rules(test, daemon)}\n{daemon.why()}")

    def reload(lines):
        daemon.configure(lines)
        test.equal("reload", daemon.kntp("reload")[0], 0)

    def again(lines, end):
        daemon.configure(lines)
        end()
        daemon.begin()

    ours = (["allow,10.79.0.0/24"], 2048, [("client", 16)], [7])
    nobodys = ([], 65536, [], [])
    has("without rules", nobodys)
    reload(some)
    has("with rules", ours)
    reload(none)
    has("reloaded without", nobodys)
    reload(some)
    has("with rules again", ours)
    for name, end in (("stopped", lambda: test.stop(daemon.process)),
                      ("killed", daemon.kill),
                      ("succeeded", lambda: leave(test, daemon))):
        again(none, end)
        has(f"{name}, and begun without", nobodys)
        again(some, end)
        has(f"{name}, and begun with them", ours)
    reload(none)
    has("at last", nobodys)
    kntp = ["kntp", "-n", "kntpd"]
    test.command(*kntp, "acl", "allow", "10.0.0.0/8")
    test.command(*kntp, "limit", "set", "interval", "1", "burst", "9")
    test.command(*kntp, "limit", "set", "interval", "1", "burst", "8",
                 "prefix4", "24")
    test.command(*kntp, "client", "set", "entries", "4096")
    operators = (["allow,10.0.0.0/8"], 4096, [("client", 9), ("prefix", 8)], [])
    has("an operator's", operators)
    again(none, daemon.kill)
    test.result(test.until(lambda: daemon.synced(5)), "another has begun",
                daemon.why)
    has("and they stay", operators)
    reload(some)
    reload(none)
    has("a prefix' limit is nobody's but theirs",
        ([], 65536, [("prefix", 8)], []))
    test.stop(daemon.process)


def successor(test):
    lan = Lan(test)
    forgets(test, follows(test, lan))
    takes_back(test)


if __name__ == "__main__":
    lab.main(successor)
