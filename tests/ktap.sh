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

# The checks of one program, renumbered into the list.
merge() # prefix
{
	local line

	while IFS= read -r line; do
		case $line in
		"ok "*)	    result ok "$1: ${line#ok * }" ;;
		"not ok "*) result "not ok" "$1: ${line#not ok * }" ;;
		KTAP*|1..*) ;;
		*)	    echo "# ${line#\# }" ;;
		esac
	done
}

finish()
{
	echo "1..$checks"
	exit "$failed"
}
