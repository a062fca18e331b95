#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Opens an access list transaction, puts 203.0.113.0/24 in it and keeps it
open: prints "open", then does what each line of standard input says (add,
commit, abort, begin, flush) and prints the errno. Ends, and so closes the
socket, with its input."""
import os
import socket
import struct
import sys

NETLINK_GENERIC, GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 16, 3
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR = 1, 4, 2
CMDS = {"add": 5, "del": 6, "flush": 7, "begin": 8, "commit": 9, "abort": 10}


def attr(kind, data):
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + bytes(-size % 4)


def entry(verdict=True):
    data = attr(1, socket.inet_aton("203.0.113.0")) + attr(2, b"\x18")
    if verdict:
        data += attr(3, b"\x01")
    return attr(1 | 0x8000, data)


class Genl:
    def __init__(self):
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                  NETLINK_GENERIC)
        self.sock.bind((0, 0))
        self.sock.settimeout(30)
        self.seq = 0

    def request(self, family, cmd, attrs=b""):
        """The errno of the acknowledgement, and what came before it."""
        self.seq += 1
        body = struct.pack("=BBH", cmd, 1, 0) + attrs
        self.sock.send(struct.pack("=IHHII", 16 + len(body), family,
                                   NLM_F_REQUEST | NLM_F_ACK, self.seq, 0) +
                       body)
        answer = b""
        while True:
            data = self.sock.recv(65536)
            while data:
                size, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_ERROR:
                    return -struct.unpack_from("=i", data, 16)[0], answer
                answer += data[20:size]
                data = data[(size + 3) & ~3:]

    def family(self, name):
        error, data = self.request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY,
                                   attr(2, name.encode() + b"\0"))
        if error:
            sys.exit("no family: " + os.strerror(error))
        while data:
            size, kind = struct.unpack_from("=HH", data)
            if kind == 1:
                return struct.unpack_from("=H", data, 4)[0]
            data = data[(size + 3) & ~3:]
        sys.exit("no family id")


def main():
    genl = Genl()
    family = genl.family("kntp")
    for word in ("begin", "add"):
        error, _ = genl.request(family, CMDS[word],
                                entry() if word == "add" else b"")
        if error:
            sys.exit(word + ": " + os.strerror(error))
    print("open", flush=True)
    for line in sys.stdin:
        word = line.strip()
        attrs = {"add": entry(), "del": entry(False)}.get(word, b"")
        error, _ = genl.request(family, CMDS[word], attrs)
        print(word, os.strerror(error) if error else "ok", flush=True)


main()
