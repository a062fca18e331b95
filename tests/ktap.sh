# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Numbered results for scripts that make many small checks: source it, say
# each result, and finish.

checks=0
failed=0

result() # ok|not ok, name
{
	checks=$((checks + 1))
	echo "$1 $checks $2"
	[ "$1" = ok ] || failed=1
}

check() # name, command...
{
	local name=$1
	shift
	if "$@"; then
		result ok "$name"
	else
		result "not ok" "$name"
	fi
}

finish()
{
	echo "1..$checks"
	exit "$failed"
}
