#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# kntpd keeps time no worse than chronyd does in the public simulator that
# CLKNETSIM_PATH names: the short comparison, whose ratios are all to be at
# most one; and README's figures are those of one scenario.

set -uo pipefail
cd "$(dirname "$0")" || exit 1

# shellcheck source=../ktap.sh
. ../ktap.sh

skip() # why
{
	checks=$((checks + 1))
	echo "ok $checks compare # SKIP $1"
	finish
}

echo "KTAP version 1"
[ -n "${CLKNETSIM_PATH:-}" ] || skip "no simulator: CLKNETSIM_PATH"
if ! [ -x "$CLKNETSIM_PATH/clknetsim" ] ||
   ! [ -e "$CLKNETSIM_PATH/clknetsim.so" ]; then
	skip "no simulator: CLKNETSIM_PATH"
fi
if ! [ -x ../../build/kntpd ] && ! make -s -C ../../user >&2; then
	result "not ok" "kntpd builds"
	finish
fi
compare() # arguments
{
	./compare "$@" 2>&1 | sed 's/^# //; s/^/# /'
}
check "compare --short: no ratio is above 1" compare --short
check "compare --scenario lan: README says what comes out" \
      compare --scenario lan --readme
finish
