#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The table of chrony's directives and options in kntp.conf(5), against kntpd.

Every name of chrony 4.3 to 4.9 stands in the table, and each row is what the
daemon does: "same" is accepted in silence, and a part of the daemon reads it;
"other" is accepted, with a warning where the table says so; "refused" is an
error with a reason. KNTPD names another binary than build/kntpd."""
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
MANUAL = os.path.join(TOP, "user/man/kntp.conf.5")
DAEMON = os.path.join(TOP, "user/daemon")
KNTPD = os.environ.get("KNTPD") or os.path.join(
    os.environ.get("KNTP_BUILD") or os.path.join(TOP, "build"), "kntpd")

# chrony's own names, each with words that chronyd takes behind it; in an option,
# the words of the line before it. {} is a directory with the files it needs.
DIRECTIVES = """
acquisitionport 1123
allow 192.0.2.0/24
authselectmode require
bindacqaddress 192.0.2.1
bindacqdevice eth0
bindaddress 192.0.2.1
bindcmdaddress /run/chrony/chronyd.sock
bindcmddevice eth0
binddevice eth0
broadcast 60 192.0.2.255
clientloglimit 1048576
clockprecision 1e-9
cmdallow 192.0.2.0/24
cmddeny 192.0.2.0/24
cmdport 257
cmdratelimit interval 2
combinelimit 0
commandkey 1
confdir {}/d
corrtimeratio 10
deny 192.0.2.0/24
driftfile {}/drift interval 60
dscp 46
dumpdir {}
dumponexit
fallbackdrift 16 19
generatecommandkey
hwclockfile /etc/adjtime
hwtimestamp eth0
hwtstimeout 0.005
include {}/d/*.conf
initstepslew 30 ntp1.example.net ntp2.example.net
keyfile {}/keys
leapseclist {}/leap
leapsecmode slew
leapsectz right/UTC
linux_freq_scale 1.0
linux_hz 100
local stratum 8
lock_all
log tracking
logbanner 0
logchange 0.1
logdir {}
mailonchange root@localhost 0.5
makestep 0.1 3
manual
maxchange 1000 1 2
maxclockerror 0.1
maxdistance 1.5
maxdrift 500
maxjitter 0.5
maxntsconnections 64
maxntsretry 17
maxsamples 10
maxslewrate 1000
maxstratum 5
maxtxbuffers 16
maxupdateskew 100
minsamples 10
minsources 2
minstratum 1
nocerttimecheck 1
noclientlog
nosystemcert
ntpsigndsocket /var/lib/samba/ntp_signd
ntsaeads 30 15
ntscachedir {}
ntsdumpdir {}
ntsntpserver ntp1.example.net
ntsport 4460
ntsprocesses 2
ntsratelimit interval 3
ntsrefresh 86400
ntsrotate 86400
ntsservercert {}/cert
ntsserverkey {}/key
ntstrustedcerts {}/cert
opencommands sources tracking
peer ntp1.example.net
pidfile {}/pid
pool pool.ntp.example
port 11123
ptpdomain 123
ptpport 319
ratelimit interval 1 burst 16
refclock SHM 0
refresh 86400
reselectdist 1e-3
rtcautotrim 30
rtcdevice /dev/rtc1
rtcfile {}/rtc
rtconutc
rtcsync
sched_priority 1
server ntp1.example.net
smoothtime 400 0.001 leaponly
sourcedir {}/d
stratumweight 0.1
tempcomp {}/temp 30 26000 0.0 0.000183 0.0
user root
"""

SOURCE = """
asymmetry 0.5
auto_offline
burst
certset 1
copy
extfield F323
filter 5
iburst
ipv4
ipv6
key 1
maxdelay 0.1
maxdelaydevratio 5
maxdelayquant 0.2
maxdelayratio 2
maxpoll 8
maxsamples 10
maxsources 3
maxunreach 10
mindelay 0.001
minpoll 5
minsamples 10
minstratum 2
noselect
nts
ntsport 4460
offline
offset 0.01
polltarget 20
port 1123
prefer
presend 9
require
trust
version 3
xleave
"""

REFCLOCK = """
delay 0.01
dpoll 2
filter 16
local
lock SHM0
maxdispersion 0.1
maxlockage 3
maxsamples 10
maxunreach 10
minsamples 10
noselect
offset 0.1
optional
poll 3
pps
precision 1e-7
prefer
rate 2
refid GPS
require
stratum 2
tai
trust
width 0.2
"""

DRIVER = """
PPS refclock PPS /dev/pps0
SOCK refclock SOCK {}/sock
SHM refclock SHM 1
PHC refclock PHC /dev/ptp0
RTC refclock RTC /dev/rtc0
clear refclock PPS /dev/pps0:clear
perm refclock SHM 1:perm=0644
nocrossts refclock PHC /dev/ptp0:nocrossts
extpps refclock PHC /dev/ptp0:extpps
pin refclock PHC /dev/ptp0:extpps:pin=1
channel refclock PHC /dev/ptp0:extpps:channel=1
utc refclock RTC /dev/rtc0:utc
"""

HWTIMESTAMP = """
maxpoll 2
maxsamples 8
minpoll 1
minsamples 3
nocrossts
precision 50e-9
rxcomp 1e-7
rxfilter ntp
txcomp 1e-7
"""

LOCAL = """
activate 0.1
distance 0.5
orphan
stratum 5
waitsynced 60
waitunsynced 60
"""

RATELIMIT = """
burst 10
interval 2
kod 2
leak 1
"""

LOG = """
measurements
rawmeasurements
refclocks
rtc
selection
statistics
tempcomp
tracking
"""

OTHER = """
all deny all 192.0.2.0/24
interval driftfile {}/drift interval 60
leaponly smoothtime 400 0.001 leaponly
"""

# Of a section of the table: what goes before the words, and the names.
SECTIONS = {
    "Directives": ("{0} {1}", DIRECTIVES),
    "Options of server, pool and peer": ("server a {0} {1}", SOURCE),
    "Options of refclock": ("refclock SHM 1 {0} {1}", REFCLOCK),
    "Drivers of refclock, and their options": ("{1}", DRIVER),
    "Options of hwtimestamp": ("hwtimestamp eth0 {0} {1}", HWTIMESTAMP),
    "Options of local": ("local {0} {1}", LOCAL),
    "Options of ratelimit": ("ratelimit {0} {1}", RATELIMIT),
    "Words of log": ("log {0}", LOG),
    "Options of other directives": ("{1}", OTHER),
}

# What holds a directive or option where it is not called like it. "": no part of
# the daemon but the reader of files is wanted.
FIELDS = {
    "acquisitionport": "acquisitionport", "all": "all", "bindacqaddress": "bindacq4",
    "bindaddress": "bind", "broadcast": "group", "certset": "", "confdir": "", "deny": "access",
    "allow": "access", "driftfile": "driftfile", "fallbackdrift": "fallbackdrift_max",
    "extfield": "", "include": "", "initstepslew": "initstep", "ipv4": "ipv4", "leaponly":
    "smoothtime_leaponly", "mailonchange": "mailonchange", "makestep": "makestep_limit", "measurements":
    "", "peer": "is_peer", "pool": "is_pool", "rawmeasurements": "", "refclocks": "", "rtc": "",
    "selection": "", "server": "sources", "smoothtime": "smoothtime_freq", "sourcedir": "",
    "statistics": "", "tracking": "", "tempcomp": "tempcomp", "PPS": "", "SOCK": "", "SHM": "",
    "PHC": "", "RTC": "", "nts": "", "optional": "", "minsamples": "", "interval": "",
    "orphan": "orphan",
}

number = 0
bad = 0


def result(name, wrong):
    global number, bad
    number += 1
    bad += bool(wrong)
    for line in wrong:
        print(f"# {line}")
    print(f"{'not ok' if wrong else 'ok'} {number} {name}", flush=True)


def read_manual():
    """The rows: {section: {name: (verdict, text)}}."""
    rows, section, last = {}, None, None
    text = open(MANUAL, encoding="ascii").read().split('.SH "CHRONY.CONF"\n')[1]
    for line in text.split("\n.SH ")[0].split("\n"):
        heading = re.match(r'\.SS "?([^"]*)"?$', line)
        row = re.match(r"\\fB(\w+)\\fR +(same|other|refused)\b *(.*)$", line)
        if heading:
            section = rows.setdefault(heading.group(1), {})
        elif row:
            last = row.group(1)
            if last in section:
                raise ValueError(f"{last} stands twice")
            section[last] = (row.group(2), row.group(3))
        elif line.startswith(" ") and last:
            section[last] = (section[last][0], f"{section[last][1]} {line.strip()}")
    return rows


def check(line, directory):
    """What --check says: exit status, warnings, error."""
    path = os.path.join(directory, "kntp.conf")
    with open(path, "w", encoding="ascii") as f:
        f.write(f"refclock SHM 0 refid SHM0\n{line}\n" if "refclock" in line else f"{line}\n")
    done = subprocess.run([KNTPD, "--check", "-f", path], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)
    said = [x for x in (done.stdout + done.stderr).split("\n") if x]
    return done.returncode, said


def judge(name, row, line, directory):
    verdict, text = row
    status, said = check(line, directory)
    if verdict == "refused":
        why = [x for x in said if re.search(r"kntp\.conf:\d+: \S+: .{15,}", x)]
        good = status == 1 and why and len(text) > 5
    elif verdict == "same":
        good = not status and not said and not text
    else:
        warns = "with a warning" in text
        good = not status and bool(said) == warns and len(text) > 5
    return [] if good else [f"{name} ({verdict} {text}): '{line}': status {status}: {said}"]


def readers():
    """Fields that are read outside of the reader of configurations."""
    found = set()
    for path in glob.glob(os.path.join(DAEMON, "*.c")):
        if not os.path.basename(path).startswith("conf"):
            found.update(re.findall(r"(?:->|\.)(\w+)\b(?!\s*=[^=])", open(path).read()))
    return found


def unread(rows, read):
    """Rows that no part of the daemon acts on, although no warning says so."""
    found = []
    for section, names in rows.items():
        for name, (verdict, text) in names.items():
            field = FIELDS.get(name, name)
            if verdict != "refused" and "warning" not in text and field and field not in read:
                found.append(f"{section}: {name}: nothing reads {field}")
    return found


def main():
    print("KTAP version 1")
    rows = read_manual()
    read = readers()
    with tempfile.TemporaryDirectory() as directory:
        os.mkdir(os.path.join(directory, "d"))
        open(os.path.join(directory, "d", "one.conf"), "w", encoding="ascii").close()
        for section, (before, names) in SECTIONS.items():
            words = dict((x + " ").split(" ", 1) for x in names.strip().split("\n"))
            have = rows.get(section, {})
            result(f"{section}: each one stands in the manual",
                   [f"missing: {x}" for x in words if x not in have] +
                   [f"not of chrony: {x}" for x in have if x not in words])
            wrong = []
            for name, behind in words.items():
                line = before.format(name, behind).replace("{}", directory).strip()
                wrong += judge(name, have.get(name, ("other", "")), line, directory)
            result(f"{section}: each row is true", wrong)
    result("no section but those of chrony", sorted(set(rows) - set(SECTIONS)))
    result("each setting is read by a part of the daemon", unread(rows, read))
    print(f"1..{number}")
    return 1 if bad else 0


sys.exit(main())
