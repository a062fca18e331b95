#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""readme.py [COUNTED]: README's figures of the bench are what the bench counts, in
a hurry, or has counted in that file."""
import json
import os
import re
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "net"))
# pylint: disable-next=wrong-import-position
from nettest import Ktap
# The kernel is the distribution's and changes under us, and so does chronyd's
# scheduling; a dump goes on while clients are answered.
SAME, CHRONYD, DUMP = 0.02, 0.05, 0.08
PREFIXES = (0, 100_000)
INGRESS = {"server": "kntp", "hook": "ingress", "sources": 65_536, "clients": 0}
LOCAL = {"server": "kntp", "hook": "local", "sources": 1, "clients": 0}
TABLE = {"clients": 65_536, "sources": 65_536}
CHRONYD_ROW = {"server": "chronyd", "sources": 65_536, "prefixes": 0}
# What README calls a row, and which it is.
ROWS = {
    "kntp `ingress`, 65,536 sources, no client table": INGRESS,
    "kntp `ingress`, 65,536 clients in the table": {**INGRESS, **TABLE},
    "the same with limits of clients, prefixes and all replies":
        {**INGRESS, **TABLE, "limits": True},
    "the same clients, no limits, AES-128-CMAC both ways":
        {**INGRESS, **TABLE, "keyed": True},
    "kntp `ingress`, 10,000,000 clients (1,000: 1,109)":
        {**INGRESS, "clients": 10_000_000, "sources": 10_000_000},
    "kntp `local`, one source, no client table": LOCAL,
    "kntp `local`, 1,000,000 random sources, no client table":
        {**LOCAL, "sources": 1_000_000},
    "kntp `local`, 65,536 clients in the table": {**LOCAL, **TABLE},
    "chronyd 4.3, 65,536 sources": CHRONYD_ROW,
    "chronyd 4.3, AES-128-CMAC both ways": {**CHRONYD_ROW, "keyed": True},
}


def figure(report, name, said, counted, within):
    off = abs(said / counted - 1)
    report.ok(off <= within, name,
              f"README says {said:,}, the bench {counted:,.0f}: "
              f"{100 * off:.1f} % off, {100 * within:g} % may be")


def number(text):
    return int(text.replace(",", ""))


def speed(readme):
    """The section's text and its table's rows: label, columns."""
    text = readme.split("\n## Speed\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")]
            for line in text.splitlines() if line.startswith("|")]
    return text, {row[0]: row[1:] for row in rows[2:]}


def compare(report, label, cells, results):
    want = {"family": 4, "checksum": "unnecessary", "limits": False,
            "keyed": False, **ROWS[label]}
    within = CHRONYD if want["server"] == "chronyd" else SAME
    for prefixes, cell in zip(PREFIXES, cells):
        spec = {"prefixes": prefixes, **want}
        row = next((row for row in results if all(
            row[key] == value for key, value in spec.items())), None)
        if cell and row:
            figure(report, f"{label}, {prefixes:,} prefixes", number(cell),
                   row["instructions"], within)
        elif cell and want["clients"] < 10_000_000:
            report.ok(False, label, f"the bench has no {prefixes:,} prefixes")


def run_bench(report):
    """The file that it writes. A goal that is missed is not what is asked here."""
    done = subprocess.run([os.path.join(TOP, "tests", "bench", "run"), "--quick"],
                          capture_output=True, text=True, check=False)
    path = os.path.join(TOP, "build", "bench.json")
    if not report.ok("\nmet" in done.stdout and os.path.exists(path),
                     "the bench comes to its end",
                     done.stdout[-2000:] + done.stderr[-2000:]):
        report.end()
    return path


def main():
    report = Ktap()
    path = sys.argv[1] if len(sys.argv) > 1 else run_bench(report)
    with open(path, encoding="ascii") as file:
        data = json.load(file)
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        text, rows = speed(file.read())
    report.ok(set(rows) == set(ROWS), "README has the rows that are known here",
              f"{set(rows) ^ set(ROWS)}")
    for label in rows:
        if label in ROWS:
            compare(report, label, rows[label], data["results"])
    dumps = {dump["format"]: dump["instructions"] for dump in data["dumps"]}
    for said, kind in re.findall(r"([\d,]+) \((CSV|JSON)\)", text):
        figure(report, f"client show, {kind}", number(said), dumps[kind], DUMP)
    report.end()


if __name__ == "__main__":
    main()
