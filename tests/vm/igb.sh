#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The driver of a card that stamps packets, which the stock QEMU does not have:
# tests/net/test_hwts_igb.py in a guest that has two.
set -u

here=$(dirname "$(realpath "$0")")
exec timeout 300 "$here/run" --no-build --igb --kernel 6.12 -- \
	"$here/../net/test_hwts_igb.py"
