#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Proves that debug-check passes what is sound, hands on a command's output and
# status, and fails for every kind of fault it is there for.
set -u

here=$(dirname "$(realpath "$0")")
top=$(realpath "$here/../../..")
cd "$top" || exit 1

count=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

result()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count $2"
	else
		echo "not ok $count $2"
		sed 's/^/# /' "$log" | tail -n 40
		failed=$((failed + 1))
	fi
}

# expect NAME STATUS WORDS OPTION... -- COMMAND...: the run ends with STATUS and
# says WORDS (a regular expression; empty for nothing).
expect()
{
	local name=$1 want=$2 words=$3 rc=0
	shift 3

	tests/vm/debug-check --no-build --mem 1G "$@" > "$log" 2>&1 || rc=$?
	echo "exit status $rc, expected $want" >> "$log"
	[ "$rc" -eq "$want" ] && grep -qE "$words" "$log"
	result $? "$name"
}

# fault NAME WORDS [OPTION...]: the module committing it makes the run fail.
fault()
{
	local name=$1 words=$2
	shift 2

	# shellcheck disable=SC2016
	expect "$name is caught" 125 "$words" "$@" -- bash -c \
		'insmod "$KNTP_TESTS_KMOD/debug/kntp_fault.ko" "fault=$1" && rmmod kntp_fault' \
		fault "$name"
}

tests/vm/debug-check --build || exit 1
echo "TAP version 13"
echo "1..15"
expect "a clean run passes, with its output" 0 '^fine$' -- echo fine
expect "the exit status is passed on" 7 '' -- sh -c 'exit 7'
# shellcheck disable=SC2016
expect "a faultless module passes" 0 '' -- bash -c \
	'insmod "$KNTP_TESTS_KMOD/debug/kntp_fault.ko"'
fault use-after-free 'KASAN: slab-use-after-free'
fault out-of-bounds 'KASAN: global-out-of-bounds'
fault lock-inversion 'possible circular locking'
fault sleep-in-atomic 'BUG: (sleeping function|scheduling while atomic)'
fault rcu-misuse 'suspicious RCU usage'
fault leak 'unreferenced object'
fault bad-shift 'UBSAN: shift-out-of-bounds'
fault warn 'WARNING: '
fault warn 'WARNING: ' --no-panic
fault panic 'Kernel panic'
fault hang 'no verdict before the deadline' --timeout 60
expect "a missing verdict fails" 125 'no verdict' -- \
	sh -c 'echo o > /proc/sysrq-trigger; sleep 60'
echo "# $((count - failed)) passed, $failed failed"
[ "$failed" -eq 0 ]
