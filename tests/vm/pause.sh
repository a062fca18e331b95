#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A guest that is paused for 10 s by QEMU's monitor, with kntpd in it.
set -u

here=$(dirname "$(realpath "$0")")
exec timeout 600 "$here/../interop/paused.py"
