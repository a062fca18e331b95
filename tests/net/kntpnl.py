# SPDX-License-Identifier: GPL-2.0
"""The module's generic netlink family, spoken directly: starting a program
costs more than a thousand packets where the CPU is emulated. What the messages
are called comes from the contract itself, include/uapi/linux/kntp.h."""
import ipaddress
import os
import re
import socket
import struct

NETLINK_GENERIC, GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 16, 3
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP = 1, 4, 0x300
NLA_F_NESTED = 0x8000
SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NETLINK_GET_STRICT_CHK = 270, 1, 12
TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))


def read_contract():
    """Every enumerator of the header, and its value."""
    with open(os.path.join(TOP, "include/uapi/linux/kntp.h"),
              encoding="utf-8") as header:
        text = re.sub(r"/\*.*?\*/", "", header.read(), flags=re.S)
    names = {}
    for body in re.findall(r"enum \w+ \{(.*?)\};", text, re.S):
        value = -1
        for item in body.split(","):
            name, _, given = item.strip().partition(" = ")
            if not name or name.startswith("__") or " - 1" in given:
                continue
            value = int(given) if given else value + 1
            names[name] = value
    return names


C = read_contract()
STATS = {value: name[len("KNTP_STAT_"):].lower() for name, value in C.items()
         if name.startswith("KNTP_STAT_") and not name.endswith("_MAX")}
HOOKS = {C["KNTP_HOOK_LOCAL"]: "local", C["KNTP_HOOK_INGRESS"]: "ingress"}
HOOK_OF = {name: value for value, name in HOOKS.items()}


def attr(kind, data):
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + bytes(-size % 4)


def attrs(data):
    """(type, payload) of each attribute."""
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if size < 4:
            return
        yield kind & 0x3fff, data[at + 4:at + size]
        at += (size + 3) & ~3


def u8(value):
    return struct.pack("=B", value)


def u32(value):
    return struct.pack("=I", value)


def u64(value):
    return struct.pack("=Q", value)


def s64(value):
    return struct.pack("=q", value)


class Genl:
    """A generic netlink socket of the calling thread's network namespace."""

    def __init__(self, name="kntp"):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.settimeout(60)
        self.seq = 0
        self.family = GENL_ID_CTRL
        answer = dict(attrs(self.call(CTRL_CMD_GETFAMILY,
                                      attr(2, name.encode() + b"\0"))[0]))
        self.family = struct.unpack("=H", answer[1])[0]
        self.groups = {}
        for _, group in attrs(answer.get(7, b"")):
            group = dict(attrs(group))
            self.groups[group[1].rstrip(b"\0").decode()] = \
                struct.unpack("=I", group[2])[0]

    def fileno(self):
        return self.sock.fileno()

    def close(self):
        self.sock.close()

    def call(self, cmd, data=b"", flags=NLM_F_ACK, reserved=0):
        """The attributes of each answer; OSError if it was refused."""
        self.seq += 1
        body = struct.pack("=BBH", cmd, 1, reserved) + data
        self.sock.send(struct.pack("=IHHII", 16 + len(body), self.family,
                                   NLM_F_REQUEST | flags, self.seq, 0) + body)
        answers = []
        while True:
            data = self.sock.recv(1 << 18)
            while data:
                size, kind, _, seq = struct.unpack_from("=IHHI", data)
                if seq == self.seq and kind in (NLMSG_ERROR, NLMSG_DONE):
                    error = -struct.unpack_from("=i", data, 16)[0]
                    if error:
                        raise OSError(error, os.strerror(error))
                    return answers
                if seq == self.seq:
                    answers.append(data[20:size])
                data = data[(size + 3) & ~3:]

    def join(self, group="events"):
        self.sock.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
                             self.groups[group])


def acl_entry(prefix, verdict=None):
    net = ipaddress.ip_network(prefix)
    data = attr(C["KNTP_A_ACL_ENTRY_ADDR"], net.network_address.packed) + \
        attr(C["KNTP_A_ACL_ENTRY_LEN"], u8(net.prefixlen))
    if verdict:
        data += attr(C["KNTP_A_ACL_ENTRY_VERDICT"],
                     u8(C["KNTP_VERDICT_" + verdict.upper()]))
    return attr(C["KNTP_A_ACL_ENTRY"] | NLA_F_NESTED, data)


class Kntp(Genl):
    """What `kntp` does, for the network namespace it was opened in."""

    def cmd(self, name, data=b"", flags=NLM_F_ACK, reserved=0):
        return self.call(C["KNTP_CMD_" + name], data, flags, reserved)

    def _listen(self, verb, hook, ifindex):
        data = attr(C["KNTP_A_LISTEN_HOOK"], u32(HOOK_OF[hook]))
        if ifindex:
            data += attr(C["KNTP_A_LISTEN_IFINDEX"], u32(ifindex))
        self.cmd("LISTEN_" + verb, data)

    def listen(self, hook, ifindex=0):
        self._listen("ADD", hook, ifindex)

    def unlisten(self, hook, ifindex=0):
        self._listen("DEL", hook, ifindex)

    def listeners(self):
        """(hook, ifindex) of each."""
        found = []
        for answer in self.cmd("LISTEN_GET", flags=NLM_F_DUMP):
            got = dict(attrs(answer))
            ifindex = got.get(C["KNTP_A_LISTEN_IFINDEX"], bytes(4))
            hook = got[C["KNTP_A_LISTEN_HOOK"]]
            found.append((HOOKS[struct.unpack("=I", hook)[0]],
                          struct.unpack("=I", ifindex)[0]))
        return sorted(found)

    def acl(self, verdict, *prefixes):
        self.cmd("ACL_ADD", b"".join(acl_entry(p, verdict) for p in prefixes))

    def acl_del(self, *prefixes):
        self.cmd("ACL_DEL", b"".join(acl_entry(p) for p in prefixes))

    def allow_all(self):
        self.acl("allow", "0.0.0.0/0", "::/0")

    def clock(self):
        """{name: payload} as CLOCK_GET has it, names in lower case."""
        names = {C[n]: n[len("KNTP_A_CLOCK_"):].lower() for n in C
                 if n.startswith("KNTP_A_CLOCK_")}
        return {names[kind]: int.from_bytes(data, "little")
                for kind, data in attrs(self.cmd("CLOCK_GET")[0])
                if kind in names}

    def clock_set(self, stratum=1, refid=b"GPS\0", lease=None, leap=0,
                  dispersion=0, growth=None, delay=0):
        """Times in seconds; lease "forever"."""
        a = "KNTP_A_CLOCK_"
        data = attr(C[a + "STRATUM"], u8(stratum)) + \
            attr(C[a + "REFID"], refid) + attr(C[a + "LEAP"], u8(leap)) + \
            attr(C[a + "ROOT_DISPERSION"], u64(round(dispersion * 1e9))) + \
            attr(C[a + "ROOT_DELAY"], u64(round(delay * 1e9)))
        if growth is not None:
            data += attr(C[a + "GROWTH"], u32(growth))
        if lease is not None:
            data += attr(C[a + "LEASE"], u64(
                (1 << 64) - 1 if lease == "forever" else round(lease * 1e9)))
        self.cmd("CLOCK_SET", data)

    def clock_map(self, raw, utc, dispersion=0):
        """Serves UTC, ns, as it was at RAW, by a line of rate 0."""
        a = "KNTP_A_CLOCK_"
        self.cmd("CLOCK_SET", attr(C[a + "STRATUM"], u8(1)) + attr(
            C[a + "BASE"], u32(C["KNTP_BASE_MAP"])) + attr(
            C[a + "MAP_RAW"], s64(raw)) + attr(C[a + "MAP_UTC"], s64(utc)) +
            attr(C[a + "MAP_RATE"], s64(0)) +
            attr(C[a + "ROOT_DISPERSION"], u64(dispersion)))

    def stats(self):
        """{(hook, counter): count} of all that are not zero."""
        return self.named(self.cmd("STATS_GET")[0])

    def cpu_stats(self):
        """{cpu: what stats() has of it}, of those that anything came to."""
        return {struct.unpack("=I", dict(attrs(answer))[C["KNTP_A_STATS_CPU"]])[0]:
                self.named(answer)
                for answer in self.cmd("STATS_GET", flags=NLM_F_DUMP)}

    def times(self):
        """{(hook, bucket): count} of the times that replies took."""
        return self.counts(self.cmd("STATS_GET")[0], "TIMES")

    def named(self, answer):
        return {(hook, STATS[stat]): count
                for (hook, stat), count in self.counts(answer, "COUNTERS").items()}

    @staticmethod
    def counts(answer, name):
        """{(hook, number): count} of a nest, of all that are not zero."""
        counts = {}
        for kind, nest in attrs(answer):
            if kind != C["KNTP_A_STATS_HOOK"]:
                continue
            got = dict(attrs(nest))
            hook = HOOKS[struct.unpack("=I", got[C["KNTP_A_STATS_HOOK_HOOK"]])[0]]
            for number, count in attrs(got[C["KNTP_A_STATS_HOOK_" + name]]):
                count = struct.unpack("=Q", count)[0] if len(count) == 8 else 0
                if count:
                    counts[hook, number] = count
        return counts


def unbalanced(counts):
    """What is wrong with in = answered + passed + dropped, as words."""
    wrong = []
    for hook in HOOK_OF:
        came = counts.get((hook, "in"), 0)
        went = sum(n for (h, name), n in counts.items()
                   if h == hook and name != "in" and name[:3] != "of_")
        if came != went:
            wrong.append(f"{hook}: in {came}, accounted for {went}")
    return wrong
