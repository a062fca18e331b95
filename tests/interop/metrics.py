#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What kntpd tells Prometheus: by promtool's rules, the numbers that the command
line has, of names that the manual has; and visitors who do not behave."""
import json
import os
import re
import socket
import subprocess

import lab
import peers
from kntpd import Lan, local
from victim import Victim

PORT = 9975
TOP = os.environ["KNTP_TOP"]
SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)+)\})? (\S+)$')


def visit(ns, data, host="127.0.0.1", wait=5, half=False):
    """All that is answered to some octets."""
    with lab.inside(ns):
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.settimeout(wait * lab.SCALE)
    said = b""
    try:
        sock.connect((host, PORT))
        for at in range(0, len(data), 1 if half else len(data) or 1):
            sock.sendall(data[at:at + (1 if half else len(data))])
        while block := sock.recv(65536):
            said += block
    except (TimeoutError, ConnectionError) as error:
        said += type(error).__name__.encode()
    sock.close()
    return said


def get(ns, path="/metrics", method="GET", **more):
    """Status, headers and body."""
    said = visit(ns, f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), **more)
    head, _, body = said.partition(b"\r\n\r\n")
    return head.split(b"\r\n")[0].decode(), head.decode().lower(), body.decode()


def samples(text):
    """{(name, labels): value}, and what is wrong with the form."""
    found, wrong, typed = {}, [], {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name in typed:
                wrong.append(f"{name} is typed twice")
            typed[name] = kind
            continue
        if line.startswith("# HELP "):
            continue
        match = SAMPLE.match(line)
        kind = typed.get(match[1] if match else None) or typed.get(
            re.sub("_(bucket|sum|count)$", "", match[1] if match else ""))
        if not kind:
            wrong.append(line)
            continue
        if (kind == "counter") != match[1].endswith("_total"):
            wrong.append(f"{match[1]} is a {kind}")
        if (match[1], match[2]) in found:
            wrong.append(f"twice: {line}")
        found[match[1], match[2]] = float(match[3])
    return found, wrong


def agree(test, daemon):
    """The same numbers as by the command line."""
    status, head, body = get("kntpd")
    test.equal("GET /metrics", status, "HTTP/1.1 200 OK")
    test.result("content-type: text/plain; version=0.0.4" in head and
                f"content-length: {len(body.encode())}" in head, "its headers", head)
    found, wrong = samples(body)
    test.equal("its form", wrong, [])
    checked = subprocess.run(
        [os.path.join(os.environ["KNTP_PEERS"], "bin/promtool"), "check", "metrics"],
        input=body, text=True, capture_output=True, check=False)
    test.result(not checked.returncode and not checked.stdout + checked.stderr,
                "promtool has nothing to say", checked.stdout + checked.stderr)
    said = json.loads(daemon.kntp("-j", "stats", "show")[1])
    missing = []
    for hook in said["hooks"]:
        name = hook["hook"]
        wanted = {("kntp_datagrams_total", f'hook="{name}"'): hook["in"],
                  ("kntp_requests_total", f'hook="{name}",outcome="answered",reason=""'):
                  hook["answered"]}
        for outcome in ("passed", "dropped"):
            for reason, count in hook[outcome].items():
                wanted["kntp_requests_total", f'hook="{name}",outcome="{outcome}",'
                       f'reason="{reason}"'] = count
        for kind, count in hook["of_answered"].items():
            wanted["kntp_requests_special_total",
                   f'hook="{name}",kind="{kind}"'] = count
        sums = below = 0
        for time in hook["response_time"]["buckets"]:
            below += time["count"]
            sums += time["count"] * 0.75 * 2 ** time["below_log2_s"]
            wanted["kntp_response_time_seconds_bucket", f'hook="{name}",'
                   f'le="{2 ** time["below_log2_s"]:.9g}"'] = below
        wanted["kntp_response_time_seconds_bucket",
               f'hook="{name}",le="+Inf"'] = below
        wanted["kntp_response_time_seconds_count", f'hook="{name}"'] = below
        wanted["kntp_response_time_seconds_sum", f'hook="{name}"'] = \
            float(f"{sums:.9g}")
        missing += [key for key, count in wanted.items() if found.get(key) != count]
    test.equal("each of the module's counters", missing, [])
    tracking = daemon.json("tracking")
    test.equal("the clock", (found["kntp_synchronised", None], found["kntp_stratum", None]),
               (1, tracking["stratum"]))
    test.result(0 < found["kntp_root_dispersion_seconds", None] < 1 and
                abs(found["kntp_frequency_ratio", None] * 1e9 -
                    tracking["frequency_ppb"]) < 500, "in seconds, and ratios",
                (found["kntp_frequency_ratio", None], tracking))
    names = {name for name, labels in found if (labels or "").startswith("source=")}
    test.result(len(names) == 9 and found[
        "kntp_source_reach_ratio", r'source="10.79.0.1",address="10.79.0.1"'] == 1,
                "each source", sorted(names))
    with open(f"{TOP}/user/man/kntp-metrics.7", encoding="utf-8") as file:
        manual = set(re.findall(r"\\fB(kntpd?_[a-z_]+)\\fR", file.read()))
    test.equal("the manual has their names, and no others",
               manual ^ {name for name, _ in found}, set())
    return {name for name, _ in found}


def files(test, names):
    """The rules and the dashboard are of names that there are."""
    for name in ("kntp.rules.yml", "grafana.json"):
        with open(f"{TOP}/user/monitoring/{name}", encoding="utf-8") as file:
            used = set(re.findall(r"\bkntpd?_[a-z_]+", file.read()))
        test.equal(f"{name}: has no other names", used - names, set())
    checked = subprocess.run(
        [os.path.join(os.environ["KNTP_PEERS"], "bin/promtool"), "check", "rules",
         f"{TOP}/user/monitoring/kntp.rules.yml"], text=True, capture_output=True,
        check=False)
    test.result(not checked.returncode and "8 rules found" in checked.stdout,
                "promtool takes the rules", checked.stdout + checked.stderr)


def behave(test, daemon):
    """Who asks for something else, says too much, or nothing at all."""
    test.equal("HEAD", (get("kntpd", method="HEAD")[0], get("kntpd", method="HEAD")[2]),
               ("HTTP/1.1 200 OK", ""))
    test.equal("with a question", get("kntpd", "/metrics?x=1")[0], "HTTP/1.1 200 OK")
    test.equal("another path", get("kntpd", "/")[0], "HTTP/1.1 404 Not Found")
    test.equal("one like it", get("kntpd", "/metricsx")[0], "HTTP/1.1 404 Not Found")
    test.equal("POST", get("kntpd", method="POST")[0], "HTTP/1.1 405 Method Not Allowed")
    test.result(b"200 OK" in visit("kntpd", b"GET /metrics HTTP/1.0\r\n\r\n", half=True),
                "octet by octet")
    test.result(visit("kntpd", b"GET /" + b"x" * 5000 + b"\r\n\r\n") in (
        b"", b"ConnectionResetError", b"BrokenPipeError"), "too long a question")
    test.result(visit("kntpd", b"\1\2\3\r\n\r\n").startswith(b"HTTP/1.1 405"), "noise")
    with lab.inside("kntpd"):
        held = [socket.create_connection(("127.0.0.1", PORT)) for _ in range(8)]
    test.equal("eight who say nothing, and one more: it is hung up on",
               visit("kntpd", b"GET /metrics HTTP/1.1\r\n\r\n", wait=1)[:4] in
               (b"", b"Conn"), True)
    test.result(daemon.json("tracking"), "all else goes on", daemon.why)
    test.result(test.until(lambda: get("kntpd")[0] == "HTTP/1.1 200 OK", 15),
                "they are hung up on, too", daemon.why)
    for sock in held:
        sock.close()
    test.result(b"ConnectionRefused" in visit("client", b"x", host="10.79.0.3"),
                "others than this host are not let in")


def metrics(test):
    lan = Lan(test)
    for host in ("one", "two"):
        local(test, host, 2)
    daemon = Victim(test, "kntpd", [
        *[f"server {lan.address[host]} minpoll 0 maxpoll 0" for host in ("one", "two")],
        "allow 10.79.0.0/24", "listen hook local", "metrics"])
    test.result(test.until(lambda: daemon.synced(3) and [
        source["reach"] for source in daemon.sources().values()] == [255, 255], 40),
                "kntpd is at stratum 3", daemon.why)
    client = peers.Ntpdig(test, "client", lan.address["kntpd"])
    test.result(test.until(lambda: '"stratum":3' in client.said()),
                "somebody asks it", client.why)
    files(test, agree(test, daemon))
    behave(test, daemon)
    with open(daemon.conf, "r+", encoding="ascii") as file:
        text = file.read().replace("\nmetrics\n", "\nmetrics 10.79.0.3 9975\n")
        file.seek(0)
        file.write(text)
    test.equal("reload", daemon.kntp("reload")[0], 0)
    test.equal("at another address", [
        get("client", host="10.79.0.3")[0], visit("kntpd", b"x")],
               ["HTTP/1.1 200 OK", b"ConnectionRefusedError"])


if __name__ == "__main__":
    lab.main(metrics)
