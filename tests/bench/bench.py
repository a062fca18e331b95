# SPDX-License-Identifier: GPL-2.0
"""What the parts of the bench that run in the guest share: the device, the
servers, and one measurement."""

import json
import os
import resource
import subprocess
import sys
import time

CONTROL = '/sys/kernel/debug/kntp_bench'
SERVER4, GATEWAY4 = '198.51.100.1', '198.51.100.254'
SERVER6, GATEWAY6 = '2001:db8::1', '2001:db8::fe'
GATEWAY_MAC = '02:00:00:00:00:fe'
SCALE = int(os.environ.get('KNTP_TIMEOUT_SCALE', '1'))
INPUT = os.environ['KNTP_TOP'] + '/build/bench'

# What becomes of the requests: the counter that must have them all.
KEY = (1, 'AES128', '2b7e151628aed2a6abf7158809cf4f3c')

FATES = {'answered': 'answered', 'denied': 'drop_denied', 'mode': 'pass_mode'}


# A run with packets of the kernel's own in it is measured again, so often.
RUNS_MAX = 5


class Failed(Exception):
    """A measurement that cannot be trusted."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def call(*words):
    """Run a command that must succeed; its output."""
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f'{" ".join(words)}: {done.stderr.strip()}')
    return done.stdout


def device_up():
    """The device, with addresses, and a neighbour that need not be asked."""
    modules = os.environ['KNTP_TESTS_KMOD']
    # As udev does on every machine whose processor has it; chronyd uses it, too.
    # Here a wait for the disk is over at once by the guest's clock, and so would
    # be the minute that the kernel gives a cipher whose module it has to fetch.
    for cipher in ('aesni_intel', 'cmac'):
        subprocess.run(['modprobe', '-q', cipher], check=False)
    call('insmod', f'{modules}/bench/kntp_bench.ko')
    for words in (
            'link set bench0 addrgenmode none',
            'link set bench0 up',
            f'addr add {SERVER4}/24 dev bench0',
            f'addr add {SERVER6}/64 dev bench0 nodad',
            f'neigh add {GATEWAY4} lladdr {GATEWAY_MAC} nud permanent dev bench0',
            f'neigh add {GATEWAY6} lladdr {GATEWAY_MAC} nud permanent dev bench0',
            f'route add default via {GATEWAY4}',
            f'-6 route add default via {GATEWAY6}'):
        call('ip', *words.split())


def device_down():
    """Leave nothing behind."""
    call('rmmod', 'kntp_bench')


def sources(family):
    """Tell the device who may ask."""
    with open(f'{INPUT}/sources{family}', 'rb') as file, \
            open(f'{CONTROL}/sources', 'wb', buffering=0) as control:
        while block := file.read(1 << 20):
            if control.write(block) != len(block):
                raise Failed('the device does not take the sources')


def loaded():
    """Whether kntp is there."""
    with open('/proc/modules', encoding='ascii') as file:
        return any(line.startswith('kntp ') for line in file)


def serve(hook, prefixes, verdict='allow'):
    """Let kntp answer through one hook, from so many prefixes."""
    if loaded():
        unserve()
    call('insmod', os.environ['KNTP_KO'])
    call('kntp', 'clock', 'set', 'base', 'system', 'stratum', '1', 'refid',
         'GPS', 'root-dispersion', '0.000001', 'lease', '1000000')
    call('kntp', 'listen', 'add', 'hook', hook,
         *(['dev', 'bench0'] if hook == 'ingress' else []))
    clients(0, 64)
    access(prefixes, verdict)


def clients(entries, prefix6):
    """The client table, empty; with room, for places are by chance."""
    call('kntp', 'client', 'set', 'entries', str(2 * entries), 'prefix6',
         str(prefix6))


def limits(on):
    """Limits of clients and prefixes that nobody here reaches, or none."""
    call('kntp', 'limit', 'off')
    if on:
        call('kntp', 'limit', 'set', 'interval', '-19', 'burst', '255')
        call('kntp', 'limit', 'set', 'interval', '-19', 'burst', '255',
             'prefix4', '24', 'prefix6', '48')
        call('kntp', 'limit', 'budget', '1000000000')


def client_memory(entries):
    """What a table of so many takes, octets."""
    call('kntp', 'client', 'set', 'entries', str(entries))
    return json.loads(call('kntp', '-j', 'client', 'show'))['memory_bytes']


def spent(*words):
    """Lines that a command says, and its instructions, process and kernel: the
    processor time of the process, which leaves waiting out."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open('/run/bench-output', 'w+b') as output:
        subprocess.run(words, stdout=output, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        output.seek(0)
        lines = sum(block.count(b'"address"' if '-j' in words else b'\n')
                    for block in iter(lambda: output.read(1 << 24), b''))
    return lines, round(1e9 * (after.ru_utime + after.ru_stime -
                               before.ru_utime - before.ru_stime))


def access(prefixes, verdict='allow'):
    """0 prefixes is `all`; none is nobody; else a list's name."""
    call('kntp', 'acl', 'flush')
    if prefixes == 0:
        call('kntp', 'acl', verdict, 'all')
    elif prefixes is not None:
        call('kntp', 'acl', 'load', f'{INPUT}/{prefixes}')


def unserve():
    call('rmmod', 'kntp')


def counters(hook):
    """The counters of a hook that are not zero, without how long replies took."""
    rows = (line.split(',') for line in call('kntp', '-c', 'stats', 'show').split())
    return {name: int(count) for at, name, count in rows
            if at == hook and int(count) and not name.startswith('time_')}


def run(kind, family, count, *, n_sources=65536, verified=True, port=123,
        mode=3, seed=1, probe=False, keyed=False, in_turn=False):
    """One measurement, as the device reports it."""
    order = (kind, family, count, n_sources, int(verified), port, mode, seed,
             int(keyed), int(in_turn))
    for _ in range(RUNS_MAX):
        result = run_once(order)
        if probe or not result['stray']:
            break
    else:
        raise Failed(f'{order}: {result}: other packets in each of {RUNS_MAX} runs')
    result['total'] = result['instructions'] + result['free']
    return result


def run_once(order):
    """What the device reports of one run, which a multicast report of the
    kernel's own (IGMP, MLD) may have disturbed."""
    try:
        with open(f'{CONTROL}/run', 'w', encoding='ascii') as control:
            control.write(' '.join(map(str, order)))
    except OSError as error:
        raise Failed(f'{order}: {error}') from error
    with open(f'{CONTROL}/run', encoding='ascii') as control:
        words, _, complaint = control.read().strip().partition(' complaint=')
    result = {k: int(v) for k, v in (w.split('=') for w in words.split())}
    if result['bad']:
        raise Failed(f'{order}: {words}: {complaint}')
    return result


def answered(result, count):
    """Every request must have its reply."""
    if result['replies'] != count or result['lost']:
        raise Failed(f'{result["replies"]} of {count} requests answered')


def keys(on):
    """kntp has the device's key, or none."""
    call('kntp', 'key', 'del', 'all')
    if on:
        with open('/run/bench-key', 'w', encoding='ascii') as file:
            file.write(f'HEX:{KEY[2]}\n')
        call('kntp', 'key', 'add', str(KEY[0]), KEY[1], 'file', '/run/bench-key')


def run_kntp(hook, kind, family, count, *, fate='answered', **more):
    """The same with kntp serving: its counters must balance."""
    call('kntp', 'stats', 'reset')
    result = run(kind, family, count, **more)
    if fate == 'answered':
        answered(result, count)
    seen = counters(hook)
    wanted = {'in': count, FATES.get(fate): count}
    if more.get('keyed'):
        wanted['of_keyed'] = count
    if fate and seen != wanted:
        raise Failed(f'{hook}: counters {seen}, not {count} {fate}')
    return result


def chronyd_start():
    """Debian's chronyd as it comes, but for who may ask and its files."""
    config = '/run/bench-chrony.conf'
    with open(config, 'w', encoding='ascii') as file:
        file.write('allow\nlocal stratum 8\ncmdport 0\nbindcmdaddress /\n'
                   'pidfile /run/bench-chrony.pid\n'
                   'keyfile /run/bench-chrony.keys\n')
    with open('/run/bench-chrony.keys', 'w', encoding='ascii') as file:
        file.write(f'{KEY[0]} {KEY[1]} HEX:{KEY[2]}\n')
    # pylint: disable-next=consider-using-with
    daemon = subprocess.Popen(
        [os.environ['KNTP_PEERS'] + '/bin/chronyd', '-d', '-x', '-u', 'root',
         '-f', config], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 20 * SCALE
    while time.monotonic() < deadline and daemon.poll() is None:
        if run('process', 4, 1, probe=True)['replies'] == 1:
            return daemon
        time.sleep(0.2)
    daemon.kill()
    raise Failed(f'chronyd does not answer: {daemon.stderr.read()!r}')
