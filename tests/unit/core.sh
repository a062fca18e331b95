#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the unit tests of the core with each compiler, under its address and
# undefined-behaviour sanitizers, and runs them as one list of checks.
# KNTP_SEED=N repeats what was random; CC='gcc' takes one compiler.

set -u
cd "$(dirname "$0")" || exit 1

core=../../kmod/core
out=${KNTP_BUILD:-../../build}/tests/unit
sanitizers=(-fsanitize=address -fsanitize=undefined
	    -fno-sanitize-recover=undefined)
flags=(-std=gnu11 -g -O1 -Wall -Wextra -Werror -fno-omit-frame-pointer
       "${sanitizers[@]}")
programs=(parse reply ntptime prefix slots bucket mix vectors)
compilers=${CC:-gcc clang}
export KNTP_SEED=${KNTP_SEED:-$(date +%s)}

# shellcheck source=../ktap.sh
. ../ktap.sh

# A compiler without its sanitizers cannot run these, which is no failure of
# the core's.
usable() # compiler
{
	command -v "$1" >/dev/null || return 1
	echo 'int main(void) { return 0; }' |
		"$1" "${sanitizers[@]}" -x c -o "$out/$1/usable" - \
		     2>/dev/null && "$out/$1/usable"
}

run_one() # compiler, program
{
	local exe=$out/$1/$2 log=$out/$1/$2.log status=0
	local -a args=()

	if ! "$1" "${flags[@]}" -o "$exe" "$2.c" "$core"/*.c -lm >"$log" 2>&1; then
		sed 's/^/# /' "$log"
		result "not ok" "$1 $2: builds"
		return
	fi
	[ "$2" != vectors ] || args=(../net/vectors/*.vec)
	"$exe" ${args[0]:+"${args[@]}"} >"$log" 2>&1 || status=$?
	merge "$1 $2" <"$log"
	# A sanitizer ends the program before it can say what failed.
	if [ $status -gt 1 ] || ! grep -q '^\(not \)\?ok' "$log" ||
	   grep -q 'Sanitizer\|runtime error' "$log"; then
		result "not ok" "$1 $2: runs to its end (status $status)"
	fi
}

echo "KTAP version 1"
for cc in $compilers; do
	mkdir -p "$out/$cc"
	if ! usable "$cc"; then
		checks=$((checks + 1))
		echo "ok $checks $cc # SKIP $cc or its sanitizers are not installed"
		continue
	fi
	for program in "${programs[@]}"; do
		run_one "$cc" "$program"
	done
done
finish
