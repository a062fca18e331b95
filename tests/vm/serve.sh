#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make run and make stop, as a user has them, but on a port and in a directory
# of this test's own.
set -u

here=$(dirname "$(realpath "$0")")
top=$(dirname "$(dirname "$here")")
. "$top/tests/lib.sh"

mkdir -p "$top/build"
KNTP_RUN_DIR=$(mktemp -d "$top/build/run-test.XXXXXX") || exit 1
KNTP_PORT=$((20000 + RANDOM % 10000))
export KNTP_RUN_DIR KNTP_PORT
transcript=$KNTP_RUN_DIR/transcript
defer rm -rf "$KNTP_RUN_DIR"
defer "$here/serve" stop

# shellcheck disable=SC2317 # check() calls it
says() { grep -q -e "$1" "$transcript"; }

ktap_begin
check "make run serves" sh -c "'$here/serve' start guest > '$transcript' 2>&1 || { cat '$transcript'; exit 1; }"
check "a stock client takes the time from it" says 'System clock wrong by'
offset=$(sed -n 's/.*System clock wrong by -\?\([0-9.]*\) seconds.*/\1/p' "$transcript")
# One core may be busy with another guest: a tenth of a second shows a mistake.
check "the time is this machine's (${offset:-none} s off)" \
	awk -v o="${offset:-9}" 'BEGIN { exit !(o < 0.1) }'
check "the status is printed" says 'stratum  *10$'
answered=$("$here/serve" kntp -c stats show | awk -F, '$2 == "answered" { n += $3 } END { print n + 0 }')
check "the module answered it" test "$answered" -gt 0
check "make stop ends it" "$here/serve" stop
check_fails "and nothing is left" test -e "$KNTP_RUN_DIR/pid"
check "stopping again is no error" "$here/serve" stop
if [ ! -e /proc/modules ] || grep -qw nomodule /proc/cmdline; then
	"$here/serve" start host > "$transcript" 2>&1
	check "a kernel that takes no modules is said to be one" \
		says 'cannot be loaded into the running kernel: this kernel'
else
	skip "a kernel that takes no modules is said to be one" "this one does"
fi
ktap_end
