#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""guest.py COUNT RUNS MANY: measures, in the guest, and prints what it found as
JSON. Each figure is guest instructions a packet, the least of RUNS runs. MANY: how
many clients there are at the most beyond those of the list of sources, or 0."""

import json
import os
import shutil
import signal
import sys

import bench
from bench import call, run, run_kntp, say

LISTS = {0: lambda family: 0, 100_000: 'acl{}'.format}


class Measure:
    """Collects the rows."""

    def __init__(self, count, runs, many):
        self.count, self.runs, self.many = count, runs, many
        self.injection, self.results, self.parts, self.dumps = {}, [], [], []
        self.memory = 0
        self.free = 0.0

    def best(self, name, one):
        """The least of the runs, and how far they differ."""
        found = [one(seed) for seed in range(1, self.runs + 1)]
        totals = [result['total'] / self.count for result in found]
        self.free = found[0]['free'] / self.count
        spread = (max(totals) - min(totals)) / min(totals)
        say(f'{name}: {min(totals):.1f} (runs differ by {100 * spread:.2f} %)')
        return min(totals), spread

    def base(self):
        """The device alone: injecting and dropping, and what of it is freeing."""
        for family in (4, 6):
            bench.sources(family)
            run('refuse', family, 1024)
            for verified in (True, False):
                self.injection[family, verified, False], _ = self.best(
                    f'injection IPv{family}', lambda seed: run(
                        'refuse', family, self.count, verified=verified, seed=seed))
            self.injection[family, True, True], _ = self.best(
                f'injection IPv{family} keyed', lambda seed: run(
                    'refuse', family, self.count, keyed=True, seed=seed))

    def part(self, name, family, one, less=0.0):
        """A figure beside the table, often injection taken off."""
        value, spread = self.best(f'{name} IPv{family}', one)
        self.parts.append({'part': name, 'family': family,
                           'instructions': round(value - less, 1),
                           'spread_percent': round(100 * spread, 3)})

    def row(self, server, hook, family, prefixes, n_sources, verified, one,
            clients=0, limits=False, keyed=False):
        """One row of the table, injection taken off."""
        name = (f'{server} {hook} IPv{family} {prefixes} {n_sources}'
                f'{" kept" if clients else ""}{" limited" if limits else ""}'
                f'{" keyed" if keyed else ""}')
        value, spread = self.best(name, one)
        value -= self.injection[family, verified, keyed]
        self.results.append({
            'server': server, 'hook': hook, 'family': family,
            'prefixes': prefixes, 'sources': n_sources, 'clients': clients,
            'limits': limits, 'keyed': keyed, 'checksum': 'unnecessary' if verified else 'none',
            'instructions': round(value, 1), 'freeing': round(self.free, 1),
            'spread_percent': round(100 * spread, 3)})

    def kntp(self, hook, family):
        """All rows of one hook and family."""
        counts = [65_536]
        if hook == 'local':
            counts = [1, 65_536] + ([1_000_000] if family == 4 else [])
        bench.sources(family)
        bench.serve(hook, 0)
        for prefixes, acl in LISTS.items():
            bench.access(acl(family))
            for n_sources in counts:
                for verified in (True, False):
                    if not verified and (n_sources != 65_536 or not prefixes):
                        continue
                    self.row('kntp', hook, family, prefixes, n_sources, verified,
                             lambda seed: run_kntp(
                                 hook, 'answer', family, self.count, seed=seed,
                                 n_sources=n_sources, verified=verified))
        self.clients(hook, family)
        if hook == 'ingress' and family == 4:
            self.queues()
        self.refused(hook, family)
        bench.unserve()

    def clients(self, hook, family):
        """The same with the client table, which knows all who ask; and with
        limits that let them."""
        first = (hook, family) == ('ingress', 4)
        counts = [1_000, 65_536] + ([1_000_000] if first and self.runs > 1 else [])
        for clients in counts:
            bench.clients(max(clients, 1024), 128)
            # Of so many chosen at random hardly any is left out.
            run_kntp(hook, 'answer', family, (9 if clients < 10 ** 6 else 4) *
                     clients, n_sources=clients, seed=99)
            for limits in (False, True):
                bench.limits(limits)
                self.row('kntp', hook, family, max(LISTS), clients, True,
                         lambda seed: run_kntp(
                             hook, 'answer', family, self.count, seed=seed,
                             n_sources=clients), clients, limits)
            bench.limits(False)
            if clients == 65_536:
                self.keyed(hook, family)
            if first and clients == counts[-1]:
                self.dump(hook, family, clients)
        if first and self.many:
            self.beyond(hook, family)
        bench.clients(0, 64)

    def keyed(self, hook, family):
        """The same with a MAC, verified and made."""
        bench.keys(True)
        self.row('kntp', hook, family, max(LISTS), 65_536, True,
                 lambda seed: run_kntp(hook, 'answer', family, self.count,
                                       seed=seed, keyed=True), 65_536, keyed=True)
        bench.keys(False)

    def beyond(self, hook, family):
        """More clients than there are sources in the list, beside few of them; each
        has asked once, so that the table's own way has put it there."""
        bench.access(0)
        for clients in (1_000, self.many):
            bench.clients(max(clients, 1024), 64)
            run_kntp(hook, 'answer', family, clients, n_sources=clients,
                     in_turn=True)
            for limits in (False, True):
                bench.limits(limits)
                self.row('kntp', hook, family, 0, clients, True,
                         lambda seed: run_kntp(
                             hook, 'answer', family, self.count, seed=seed,
                             n_sources=clients), clients, limits)
            bench.limits(False)
        bench.access(f'acl{family}')

    def dump(self, hook, family, clients):
        """What reading the table costs, process and kernel, while its clients
        are answered."""
        sender = os.fork()
        if not sender:
            while True:
                run_kntp(hook, 'answer', family, self.count, fate=None,
                         n_sources=clients)
        for name, option in (('text', '-v'), ('CSV', '-c'), ('JSON', '-j')):
            rows, spent = bench.spent('kntp', option, 'client', 'show')
            say(f'client show, {name}: {spent / rows:.0f} each of {rows}')
            self.dumps.append({'format': name, 'clients': rows,
                               'instructions': round(spent / rows, 1)})
        os.kill(sender, signal.SIGKILL)
        os.waitpid(sender, 0)
        self.memory = bench.client_memory(1_000_000)

    def queues(self):
        """What a queueing discipline on the device adds."""
        for name in ('pfifo_fast', 'fq'):
            call('tc', 'qdisc', 'add', 'dev', 'bench0', 'root', name)
            self.part(f'ingress: answered, {name} on the device', 4,
                      lambda seed: run_kntp('ingress', 'answer', 4, self.count,
                                            seed=seed), self.injection[4, True, False])
            call('tc', 'qdisc', 'del', 'dev', 'bench0', 'root')

    def refused(self, hook, family):
        """What kntp costs those whom it does not answer."""
        less = self.injection[family, True, False]
        drop = 'refuse' if hook == 'ingress' else 'local-in'
        bench.access(0)
        self.part(f'{hook}: a packet to another port', family, lambda seed: run_kntp(
            hook, drop, family, self.count, fate=None, port=124, seed=seed), less)
        self.part(f'{hook}: a request in mode 6, passed on', family,
                  lambda seed: run_kntp(hook, drop, family, self.count,
                                        fate='mode', mode=6, seed=seed), less)
        bench.access(0, 'deny')
        self.part(f'{hook}: a request that is denied', family,
                  lambda seed: run_kntp(hook, 'silent', family, self.count,
                                        fate='denied', seed=seed), less)

    def places(self, family):
        """The kernel's own way to the hooks and from them."""
        bench.sources(family)
        less = self.injection[family, True, False]
        self.part('the kernel: to a netdev ingress hook', family, lambda seed: run(
            'netdev', family, self.count, seed=seed), less)
        self.part('the kernel: to a LOCAL_IN hook', family, lambda seed: run(
            'local-in', family, self.count, seed=seed), less)
        self.part('the kernel: dev_queue_xmit() and freeing', family,
                  lambda seed: run('send', family, self.count, seed=seed))

    def chronyd(self):
        """Debian's chronyd, the only other thing that wants the processor."""
        daemon = bench.chronyd_start()
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

        def one(family, seed, keyed=False):
            result = run('process', family, self.count, seed=seed, keyed=keyed)
            bench.answered(result, self.count)
            return result

        for family in (4, 6):
            bench.sources(family)
            run('process', family, 8192)
            self.row('chronyd', 'socket', family, 0, 65_536, True,
                     lambda seed: one(family, seed))
            self.row('chronyd', 'socket', family, 0, 65_536, True,
                     lambda seed: one(family, seed, True), keyed=True)
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        daemon.terminate()
        daemon.wait()


def acl_load():
    """Instructions of `kntp acl load` of 100,000 prefixes, process and kernel:
    the processor time of the process, which leaves waiting out."""
    shutil.copy(f'{bench.INPUT}/acl4', '/run/bench-acl')
    call('insmod', os.environ['KNTP_KO'])
    call('kntp', 'acl', 'load', '/run/bench-acl')
    used = [bench.spent('kntp', 'acl', 'load', '/run/bench-acl')[1]
            for _ in range(2)]
    bench.unserve()
    return min(used)


def main():
    measure = Measure(*map(int, sys.argv[1:4]))
    try:
        bench.device_up()
        measure.base()
        for hook in ('ingress', 'local'):
            for family in (4, 6):
                measure.kntp(hook, family)
        for family in (4, 6):
            measure.places(family)
        measure.chronyd()
        load = acl_load()
    except bench.Failed as failure:
        say(f'bench: {failure}')
        return 1
    json.dump({
        'kernel': os.uname().release,
        'requests': measure.count, 'runs': measure.runs,
        'injection': round(measure.injection[4, True, False], 1),
        'injections': [{'family': f, 'checksum': 'unnecessary' if v else 'none',
                        'keyed': k, 'instructions': round(n, 1)}
                       for (f, v, k), n in measure.injection.items()],
        'results': measure.results, 'parts': measure.parts,
        'acl_load_100000_instructions': load,
        'dumps': measure.dumps,
        'clients_1000000_memory_bytes': measure.memory,
    }, sys.stdout, indent=1)
    print()
    return 0


if __name__ == '__main__':
    sys.exit(main())
