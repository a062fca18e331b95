# SPDX-License-Identifier: GPL-2.0
"""Frames that carry NTP, right ones and wrong ones, and a port to send them
from and to see what comes back. Addresses are given as text."""
import dataclasses
import os
import socket
import struct
import time

UDP = 17
NTP_PORT = 123
ETH_IP, ETH_IPV6, ETH_VLAN, ETH_QINQ = 0x0800, 0x86dd, 0x8100, 0x88a8
NTP_EPOCH = 2208988800		# 1970, in seconds since 1900

SOL_PACKET, PACKET_AUXDATA, PACKET_OUTGOING = 263, 8, 4
TP_STATUS_VLAN_VALID = 1 << 4
SCALE = int(os.environ.get("KNTP_TIMEOUT_SCALE", "1"))


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(octets):
    return octets.hex(":")


def address(text):
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text)


def address_text(octets):
    family = socket.AF_INET6 if len(octets) == 16 else socket.AF_INET
    return socket.inet_ntop(family, octets)


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def checksum(data):
    return ones_sum(data) ^ 0xffff


def pseudo_header(src, dst, length, proto=UDP):
    return address(src) + address(dst) + struct.pack("!II", length, proto)


def udp(src, dst, data, sport=40000, dport=NTP_PORT, length=None, check=None):
    """A UDP datagram. length and check take the true ones' place; a sum that is
    to be wrong is given as "bad"."""
    if length is None:
        length = 8 + len(data)
    head = struct.pack("!HHHH", sport, dport, length & 0xffff, 0)
    if check in (None, "bad"):
        true = checksum(pseudo_header(src, dst, length) + head + data) or 0xffff
        check = true if check is None else true ^ 0x0100
    return struct.pack("!HHHH", sport, dport, length & 0xffff, check) + data


def ip4(src, dst, data, proto=UDP, ident=0, frag=0, ttl=64, tos=0, options=b"",
        tot_len=None, check=None, version=4, ihl=None):
    """An IPv4 packet. frag: flags and offset as they are on the wire."""
    size = 20 + len(options)
    if ihl is None:
        ihl = size // 4
    if tot_len is None:
        tot_len = size + len(data)

    def head(total):
        return struct.pack("!BBHHHBBH", version << 4 | ihl, tos, tot_len, ident,
                           frag, ttl, proto, total) + \
            address(src) + address(dst) + options

    if check in (None, "bad"):
        true = checksum(head(0))
        check = true if check is None else true ^ 0x0100
    return head(check) + data


def ip6(src, dst, data, proto=UDP, hops=64, payload_len=None, version=6,
        flow=0):
    if payload_len is None:
        payload_len = len(data)
    return struct.pack("!IHBB", version << 28 | flow, payload_len, proto,
                       hops) + address(src) + address(dst) + data


def ip(src, dst, data, **more):
    return (ip6 if ":" in src else ip4)(src, dst, data, **more)


def ether(src, dst, packet, kind=None, tags=()):
    """tags: (ethertype, VLAN) each, outermost first."""
    if kind is None:
        kind = ETH_IPV6 if packet[:1] and packet[0] >> 4 == 6 else ETH_IP
    head = mac(dst) + mac(src)
    for tpid, vlan in tags:
        head += struct.pack("!HH", tpid, vlan)
    return head + struct.pack("!H", kind) + packet


def ntp(mode=3, version=4, leap=0, poll=6, transmit=None, trailer=b""):
    """A client's request: all but these and its transmit time is zero."""
    if transmit is None:
        transmit = os.urandom(8)
    return struct.pack("!BBBb", leap << 6 | version << 3 | mode, 0, poll,
                       0) + bytes(36) + transmit + trailer


def extension(kind, data, length=None):
    size = 4 + len(data) if length is None else length
    return struct.pack("!HH", kind, size) + data


@dataclasses.dataclass
class Datagram:
    """A frame that carries UDP, taken apart."""
    frame: bytes = dataclasses.field(repr=False)
    tags: list
    src_mac: str
    dst_mac: str
    src: str
    dst: str
    ttl: int
    sport: int
    dport: int
    data: bytes
    faults: list		# what is wrong with its sums and lengths

    @property
    def origin(self):
        return self.data[24:32]

    @property
    def transmit(self):
        return self.data[40:48]


def parse(frame, tags=()):
    """A Datagram, or None for anything else; tags: taken off already."""
    tags, kind, at = list(tags), struct.unpack_from("!H", frame, 12)[0], 14
    while kind in (ETH_VLAN, ETH_QINQ):
        vlan, kind = struct.unpack_from("!HH", frame, at)
        tags.append(vlan)
        at += 4
    packet, faults = frame[at:], []
    if kind == ETH_IP and len(packet) >= 28 and packet[9] == UDP:
        size, head = struct.unpack_from("!H", packet, 2)[0], (packet[0] & 15) * 4
        src, dst, ttl = packet[12:16], packet[16:20], packet[8]
        if ones_sum(packet[:head]) != 0xffff:
            faults.append("IP checksum")
        if struct.unpack_from("!H", packet, 6)[0] & 0x3fff:
            return None
    elif kind == ETH_IPV6 and len(packet) >= 48 and packet[6] == UDP:
        size, head = 40 + struct.unpack_from("!H", packet, 4)[0], 40
        src, dst, ttl = packet[8:24], packet[24:40], packet[7]
    else:
        return None
    if size > len(packet):
        faults.append("IP length")
    sport, dport, length, check = struct.unpack_from("!HHHH", packet, head)
    body = packet[head:head + length]
    if length != size - head:
        faults.append("UDP length")
    src, dst = address_text(src), address_text(dst)
    if check == 0:
        faults.append("no UDP checksum")
    elif ones_sum(pseudo_header(src, dst, length) + body) != 0xffff:
        faults.append("UDP checksum")
    return Datagram(frame, tags, mac_text(frame[6:12]), mac_text(frame[:6]), src,
                    dst, ttl, sport, dport, body[8:], faults)


def seconds(stamp):
    """Of an NTP time stamp of this era, since 1970."""
    whole, part = struct.unpack("!II", stamp)
    return whole - NTP_EPOCH + part / 2 ** 32


def reply_faults(asked, got, station):
    """What is wrong with a reply to a Datagram: a list of words, empty if it is
    as it should be. station: the server's MAC address, or None."""
    faults = list(got.faults)
    if (got.src, got.dst) != (asked.dst, asked.src):
        faults.append(f"from {got.src} to {got.dst}")
    if (got.sport, got.dport) != (asked.dport, asked.sport):
        faults.append(f"port {got.sport} to port {got.dport}")
    if got.dst_mac != asked.src_mac:
        faults.append(f"to station {got.dst_mac}")
    if station and got.src_mac != station:
        faults.append(f"from station {got.src_mac}")
    if got.tags != asked.tags:
        faults.append(f"VLAN {got.tags}")
    if len(got.data) != 48:
        return faults + [f"{len(got.data)} octets long"]
    if len(got.frame) > max(len(asked.frame), 60):
        faults.append("longer than its request")
    if got.origin != asked.transmit:
        faults.append("origin " + got.origin.hex())
    if got.data[0] & 0x38 != asked.data[0] & 0x38:
        faults.append("another version")
    mode = 2 if asked.data[0] & 7 == 1 else 4
    if got.data[0] & 7 != mode:
        faults.append(f"mode {got.data[0] & 7}")
    if got.data[2] != asked.data[2]:
        faults.append("poll")
    if got.data[32:40] > got.data[40:48]:
        faults.append("sent before it was received")
    return faults


class Port:
    """Raw frames of a device of the calling thread's network namespace."""

    def __init__(self, device):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                  socket.htons(3))
        self.sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, 33, 4 << 20)  # SO_RCVBUFFORCE
        self.sock.bind((device, 3))

    def send(self, frame):
        self.sock.send(frame)

    def close(self):
        self.sock.close()

    def frames(self, deadline):
        """(frame, tags) as they come, until nothing came by the deadline
        (monotonic); what this host sends itself is left out."""
        while True:
            left = deadline - time.monotonic()
            self.sock.settimeout(max(left, 0.001))
            try:
                frame, extra, _, source = self.sock.recvmsg(65536, 256)
            except TimeoutError:
                if left <= 0:
                    return
                continue
            if source[2] == PACKET_OUTGOING:
                continue
            tags = []
            for level, kind, data in extra:
                if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
                    status, vlan = struct.unpack_from("=I12xH", data)
                    if status & TP_STATUS_VLAN_VALID:
                        tags.append(vlan)
            yield frame, tags

    def drain(self):
        self.sock.setblocking(False)
        try:
            while True:
                self.sock.recv(1)
        except BlockingIOError:
            pass

    def until(self, wanted, wait=5):
        """The NTP answers that came up to and without the first for which
        wanted(Datagram); and whether that one came in time."""
        answers = []
        for frame, tags in self.frames(time.monotonic() + wait * SCALE):
            datagram = parse(frame, tags)
            if datagram is None or datagram.sport != NTP_PORT:
                continue
            if wanted(datagram):
                return answers, True
            answers.append(datagram)
        return answers, False
