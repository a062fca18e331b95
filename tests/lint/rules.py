#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The rules that are about text: sizes, licences, includes, paths, blanks.

rules.py RULE prints what breaks the rule, a line each, and exits 1 then.
"""

import ast
import os
import re
import subprocess
import sys

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 60

# Not ours to shape: the licence's own text, and inputs that are not text.
FOREIGN = re.compile(r'^(LICENSE|tests/fuzz/(corpus|crashes)/.*/.*)$')

SPDX = re.compile(r'SPDX-License-Identifier: GPL-2\.0( WITH Linux-syscall-note)?\b')

# The brackets keep this file from matching itself.
MACHINE = re.compile(
    r'(^|[\s"\'=(:`])/(wor[k]|hom[e]|roo[t])/'
    r'|/tmp/knt[p]/|deb\.debia[n]\.org|security\.debia[n]|ftp\.\w+\.debia[n]'
    r'|archive\.ubunt[u]|snapshot\.debia[n]')

VERSION = re.compile(r'LINUX_VERSION_COD[E]|KERNEL_VERSIO[N]\s*\(')

UAPI_MAY = {'linux/types.h', 'linux/const.h', 'asm/byteorder.h'}

# What plat.h, the one place that knows whether it is in the kernel, may take.
PLAT_MAY = {
    'linux/bitops.h', 'linux/build_bug.h', 'linux/math64.h', 'linux/string.h',
    'linux/types.h', 'asm/byteorder.h', 'assert.h', 'stdbool.h', 'stddef.h',
    'string.h',
}


def files():
    """Every file of the project, as git sees it or, without git, by name."""
    listed = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
        capture_output=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.decode().split('\0')
    else:
        names = [os.path.relpath(os.path.join(top, name))
                 for top, _, found in os.walk('.') for name in found]
        names = [n for n in names if not n.startswith(('build/', '.git/'))]
    return sorted(n for n in names if n and os.path.isfile(n)
                  and not os.path.islink(n) and not FOREIGN.match(n))


def read(name):
    with open(name, 'rb') as file:
        return file.read().decode('utf-8', errors='replace')


# Their formats have no comments.
BARE = {'debian/changelog', 'debian/copyright', 'debian/source/format'}


def spdx():
    for name in files():
        if name in BARE:
            continue
        first = read(name).split('\n')[:2]
        # what has to be first: an interpreter, or zsh's list of commands
        if not first[0].startswith(('#!', '#compdef ')):
            first = first[:1]
        if not SPDX.search('\n'.join(first)):
            yield f'{name}: the first line does not name the licence'


def file_size():
    for name in files():
        lines = read(name).count('\n')
        if lines > FILE_LINES_MAX:
            yield f'{name}: {lines} lines, more than {FILE_LINES_MAX}'


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def braced_functions(text):
    """C and shell: from the line that names it to the brace in column 0."""
    start, name, body = None, '', False
    for number, line in enumerate(text.split('\n'), 1):
        if body and line.startswith('}'):
            yield name, start, number - start + 1
            start, body = None, False
        elif body:
            continue
        elif line.startswith('{') and start:
            body = True
        elif re.match(r'[A-Za-z_].*\{\s*$', line) and '(' in line and \
                not re.match(r'(if|for|while|case|enum|struct|union)\b', line):
            start, name, body = number, line, True
        elif re.match(r'[A-Za-z_][^;={]*\(', line) and not line.endswith(';'):
            start, name = number, line
        elif not line.strip() or line.startswith('#'):
            start = None


def function_size():
    for name in files():
        text = read(name)
        if name.endswith('.py') or text.startswith('#!/usr/bin/python3'):
            found = python_functions(text)
        elif name.endswith(('.c', '.h', '.sh')) or \
                re.match(r'#!/bin/(ba)?sh', text):
            found = braced_functions(text)
        else:
            continue
        for function, line, size in found:
            if size > FUNCTION_LINES_MAX:
                yield (f'{name}:{line}: {size} lines, more than '
                       f'{FUNCTION_LINES_MAX}: {function.strip()}')


def source_of(name, included):
    """The file of the project that an include means, or None."""
    near = os.path.normpath(os.path.join(os.path.dirname(name), included))
    for path in (near, *(os.path.join(d, included) for d in (
            'include/uapi', 'kmod', 'user/lib', 'user/ctl', 'user/daemon'))):
        if os.path.isfile(path):
            return path
    return None


def layer(name):
    for prefix in ('include/uapi/', 'kmod/core/', 'kmod/compat/', 'kmod/',
                   'user/lib/', 'user/ctl/', 'user/daemon/', 'tests/'):
        if name.startswith(prefix):
            return prefix.rstrip('/')
    return ''


# Who may include whom, of the files of the project.
LAYERS = {
    'include/uapi': set(),
    'kmod/core': {'kmod/core'},
    'kmod/compat': {'kmod/compat'},
    'kmod': {'kmod', 'kmod/core', 'kmod/compat', 'include/uapi'},
    'user/lib': {'user/lib', 'include/uapi'},
    'user/ctl': {'user/ctl', 'user/lib', 'include/uapi'},
    'user/daemon': {'user/daemon', 'user/lib', 'include/uapi', 'kmod/core'},
}


def check_include(name, line, included, system):
    here = layer(name)
    if here in ('tests', ''):
        return
    target = None if system and here == 'kmod/core' else \
        source_of(name, included)
    if target:
        if layer(target) not in LAYERS[here]:
            yield f'{name}:{line}: {here} must not include {target}'
    elif here == 'include/uapi' and included not in UAPI_MAY:
        yield f'{name}:{line}: the contract must not include <{included}>'
    elif here == 'kmod/core' and not (
            name == 'kmod/core/plat.h' and included in PLAT_MAY):
        yield f'{name}:{line}: only plat.h includes <{included}>'


def includes():
    pattern = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')
    for name in files():
        if not name.endswith(('.c', '.h')):
            continue
        text = read(name)
        for number, line in enumerate(text.split('\n'), 1):
            match = pattern.match(line)
            if match:
                yield from check_include(name, number, match[2],
                                         match[1] == '<')
        if name.startswith('kmod/core/') and '__KERNEL__' in text and \
                name != 'kmod/core/plat.h':
            yield f'{name}: only plat.h asks whether it is in the kernel'


def matching(pattern, what, within=('',)):
    for name in files():
        if name.startswith(tuple(within)):
            for number, line in enumerate(read(name).split('\n'), 1):
                if pattern.search(line):
                    yield f'{name}:{number}: {what}: {line.strip()[:80]}'


def kernel_version():
    yield from matching(VERSION, 'asks for a version of the kernel')


def machine_paths():
    yield from matching(MACHINE, 'a path or a name of one machine')


def blanks():
    for name in files():
        text = read(name)
        if text and not text.endswith('\n'):
            yield f'{name}: no newline at the end'
        if text.endswith('\n\n'):
            yield f'{name}: empty lines at the end'
        for number, line in enumerate(text.split('\n'), 1):
            if re.search(r'[ \t\r]$', line):
                yield f'{name}:{number}: blanks at the end of the line'
            if re.match(r'\t* +\t', line):
                yield f'{name}:{number}: a space before a tab'


RULES = {
    'spdx': spdx, 'file-size': file_size, 'function-size': function_size,
    'includes': includes, 'kernel-version': kernel_version,
    'machine-paths': machine_paths, 'blanks': blanks,
}


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in (*RULES, 'files'):
        print(f'usage: rules.py {"|".join(RULES)}|files', file=sys.stderr)
        return 2
    os.chdir(os.path.join(os.path.dirname(os.path.realpath(__file__)), '../..'))
    if sys.argv[1] == 'files':
        print('\n'.join(files()))
        return 0
    found = list(RULES[sys.argv[1]]())
    print('\n'.join(found), end='\n' if found else '')
    return 1 if found else 0


if __name__ == '__main__':
    sys.exit(main())
