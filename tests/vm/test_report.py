#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""tests/run counts right: what crashes, hangs or lies never looks like success."""
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import sys

HERE = os.path.dirname(os.path.realpath(__file__))
sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader("run", os.path.join(HERE, "..", "run"))
SPEC = importlib.util.spec_from_loader("run", LOADER)
RUN = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(RUN)

# name, programs, kernel, what the runner says, its status: passed, failed, skipped
CASES = [
    ("results are counted", "a", None,
     "@begin a|KTAP version 1|ok 1 x|ok 2 - y|ok 3 z # SKIP no|1..3||@end a 0", 0,
     (2, 0, 1)),
    ("a failed result fails once", "a", None,
     "@begin a|ok 1 x|not ok 2 y|1..2|@end a 1", 0, (1, 1, 0)),
    ("a program without results counts by its status", "a b c", None,
     "@begin a|@end a 0|@begin b|@end b 1|@begin c|@end c 4", 0, (1, 1, 1)),
    ("a plan that is not kept fails", "a", None,
     "@begin a|ok 1 x|1..2|@end a 0", 0, (1, 1, 0)),
    ("an exit status that no result explains fails", "a", None,
     "@begin a|ok 1 x|1..1|@end a 1", 0, (1, 1, 0)),
    ("a signal fails", "a", None, "@begin a|ok 1 x|@end a 139", 0, (1, 1, 0)),
    ("a timeout fails", "a", None, "@begin a|ok 1 x|@end a 124", 0, (1, 1, 0)),
    ("a plan of none is a skip", "a", None,
     "@begin a|1..0 # SKIP not here|@end a 4", 0, (0, 0, 1)),
    ("results further in are counted once", "a", None,
     "@begin a|  ok 1 x|  not ok 2 y|  1..2|not ok 1 both|1..1|@end a 1", 0,
     (1, 1, 0)),
    ("a guest that ends well passes too", "a", "6.1",
     "@begin a|ok 1 x|@end a 0", 0, (2, 0, 0)),
    ("a guest that crashes fails all that had not ended", "a b c", "6.1",
     "@begin a|ok 1 x|@end a 0|@begin b|ok 1 x|vm: panicked", 125, (2, 3, 0)),
    ("a guest that fails after its programs fails", "a", "6.1",
     "@begin a|ok 1 x|@end a 0|vm: tainted", 125, (1, 1, 0)),
    ("a runner that says nothing fails", "a", None, "", 0, (0, 1, 0)),
    ("words that look like results are none outside a program", "a", "6.1",
     "ok 1 fine|@begin a|ok 1 x|@end a 0|ok 2 fine", 0, (2, 0, 0)),
]


def counted(programs, kernel, said, status):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        report = RUN.Report()
        job = RUN.Job(report, "case", programs.split(), kernel)
        for line in said.split("|"):
            job.feed(line)
        job.finish(status)
        code = report.close()
    count = report.count
    last = out.getvalue().splitlines()[-1]
    return (count["passed"], count["failed"], count["skipped"]), code, last


def main():
    failed = False
    print("KTAP version 1")
    for number, (name, programs, kernel, said, status, want) in enumerate(CASES, 1):
        got, code, last = counted(programs, kernel, said, status)
        good = (got == want and bool(code) == (want[1] > 0 or want[0] == 0) and
                last == f"{got[0]} passed, {got[1]} failed, {got[2]} skipped")
        if not good:
            print(f"# got {got}, exit {code}, {last!r}; wanted {want}")
        print(f"{'ok' if good else 'not ok'} {number} {name}")
        failed |= not good
    print(f"1..{len(CASES)}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
