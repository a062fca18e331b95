#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What zsh offers, in a terminal, behind the words of a line: a word a line.
Arguments: the completion, and the line."""
import os
import pty
import re
import select
import shutil
import sys
import tempfile
import time

PATIENCE = 20 * int(os.environ.get("KNTP_TIMEOUT_SCALE") or 1)
# No prompt, no colours, and all that is offered at the second tab.
SETUP = ("PS1='> '; fpath=({0} $fpath); autoload -Uz compinit; compinit -u -D; "
         "setopt no_auto_menu no_prompt_sp; LISTMAX=1000; zstyle ':completion:*' menu no; "
         "unset zle_bracketed_paste; print re''ady\n")


def until(terminal, pattern):
    """What comes until the pattern is there."""
    said, end = "", time.monotonic() + PATIENCE
    while not re.search(pattern, said) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            said += os.read(terminal, 65536).decode(errors="replace")
    return said


def offered(completion, line):
    directory = tempfile.mkdtemp()
    shutil.copy(completion, os.path.join(directory, "_kntp"))
    child, terminal = pty.fork()
    if not child:
        os.environ["TERM"] = "dumb"
        os.execvp("zsh", ["zsh", "-f", "-i"])
    until(terminal, "[#%>] ")
    os.write(terminal, SETUP.format(directory).encode())
    until(terminal, "\nready")
    until(terminal, "> ")
    os.write(terminal, line.encode() + b" \t\t")
    # The line again, behind what is offered.
    said = until(terminal, re.escape(line) + r" [^>]*\n[^>]*> " + re.escape(line) + " ")
    os.write(terminal, b"\x15exit\n")
    os.close(terminal)
    os.waitpid(child, 0)
    shutil.rmtree(directory)
    return re.sub("[\a\r]", "", said).split(f"{line} ", 1)[-1].split("> ")[0].split()


print("\n".join(offered(*sys.argv[1:])))
